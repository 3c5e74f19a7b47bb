/* coverage.c - see coverage.h for the contract. */
#include "spillway/coverage.h"

#include "spillway/macros.h"
#include "spillway/review.h"
#include "spillway/select.h"
#include "spillway/testcase.h"

static bool init_selector(struct coverage_selector *selector,
                          const struct selector *from, struct arena *arena)
{
    selector->selector = from;
    selector->n_requirements =
        from->n_requirements + (from->has_container.data != NULL);
    selector->requirements = arena_array(arena, selector->n_requirements + 1,
                                         sizeof(*selector->requirements));
    return selector->requirements != NULL;
}

static bool init_policy(struct coverage_policy *policy,
                        const struct policy *from, struct arena *arena)
{
    policy->policy = from;
    policy->n_selectors = from->n_selectors;
    policy->selectors =
        arena_array(arena, from->n_selectors + 1, sizeof(*policy->selectors));
    for (size_t i = 0; policy->selectors && i < from->n_selectors; i++) {
        if (!init_selector(&policy->selectors[i], &from->selectors[i], arena))
            return false;
    }
    return policy->selectors != NULL;
}

bool coverage_init(struct coverage *coverage, const struct policy_set *set,
                   struct error *err)
{
    *coverage = (struct coverage){ .set = set };
    coverage->n_policies = policy_set_count(set);
    coverage->policies = arena_array(&coverage->arena, coverage->n_policies + 1,
                                     sizeof(*coverage->policies));
    if (!coverage->policies)
        return error_no_memory(err);
    for (size_t i = 0; i < coverage->n_policies; i++) {
        if (!init_policy(&coverage->policies[i], policy_set_at(set, i),
                         &coverage->arena))
            return error_no_memory(err);
    }
    return true;
}

static void examine(struct coverage_selector *selector, const struct json *pod,
                    struct arena *arena)
{
    size_t failed;
    enum selector_outcome outcome =
        selector_examine(selector->selector, pod, arena, &failed);

    for (size_t i = 0; i < failed; i++)
        selector->requirements[i].held++;
    if (outcome != SELECTOR_MATCHES) {
        selector->requirements[failed].failed++;
        return;
    }
    selector->matched++;
    if (selector->selector->has_container.data)
        selector->requirements[failed].held++;
}

/* Show the pod to the selectors of all policies up to the one that decided;
 * `last` is its name, absent when there is none. */
static void examine_all(struct coverage *coverage, const struct review *review,
                        struct text last, struct arena *arena)
{
    for (size_t i = 0; i < coverage->n_policies; i++) {
        struct coverage_policy *policy = &coverage->policies[i];

        if (!policy_has_namespace(policy->policy, review->name_space))
            continue;
        for (size_t j = 0; j < policy->n_selectors; j++)
            examine(&policy->selectors[j], review->pod, arena);
        if (text_equal(policy->policy->name, last))
            return;
    }
}

/* True for a request that gets as far as the selectors. */
static bool is_selected(const struct admission *admission)
{
    return !admission->is_binding && admission->reason != REASON_NOT_A_POD &&
           admission->reason != REASON_SUBRESOURCE &&
           admission->reason != REASON_OPERATION;
}

static void count_outcome(struct coverage *coverage,
                          const struct admission *admission)
{
    struct text name =
        admission->policy ? admission->policy->name : (struct text){ 0 };

    coverage->cases++;
    coverage->reasons[admission->reason]++;
    for (size_t i = 0; i < admission->n_warnings; i++)
        coverage->warnings[admission->warnings[i].kind]++;
    for (size_t i = 0; i < coverage->n_policies; i++)
        coverage->policies[i].decided +=
            name.len && text_equal(coverage->policies[i].policy->name, name);
}

bool coverage_add(struct coverage *coverage,
                  const struct testcase_result *result, struct error *err)
{
    const struct admission *admission = &result->admission;
    struct review review;

    if (!result->evaluated)
        return true;
    if (result->own && !text_equal(policy_set_text(result->own),
                                   policy_set_text(coverage->set))) {
        coverage->left_out++;
        return true;
    }
    count_outcome(coverage, admission);
    if (!is_selected(admission))
        return true;
    if (!review_decode(result->document.review, policy_set_shape(coverage->set),
                       result->arena, &review, err))
        return false;
    examine_all(coverage, &review,
                admission->policy ? admission->policy->name
                                  : (struct text){ 0 },
                result->arena);
    return true;
}

struct coverage_sum coverage_sum(const struct coverage *coverage)
{
    struct coverage_sum sum = { .all_guards = SELECT_GUARDS };

    for (size_t i = 0; i < coverage->n_policies; i++) {
        for (size_t j = 0; j < coverage->policies[i].n_selectors; j++) {
            const struct coverage_selector *selector =
                &coverage->policies[i].selectors[j];

            sum.all_requirements += selector->n_requirements;
            for (size_t k = 0; k < selector->n_requirements; k++)
                sum.requirements += selector->requirements[k].held &&
                                    selector->requirements[k].failed;
        }
    }
    for (size_t i = 0; i < SELECT_GUARDS; i++)
        sum.guards += coverage->reasons[select_guards[i]] > 0;
    return sum;
}

void coverage_done(struct coverage *coverage)
{
    arena_done(&coverage->arena);
    *coverage = (struct coverage){ 0 };
}
