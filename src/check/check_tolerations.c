/*
 * check_tolerations.c - do a policy's tolerations and its required terms go
 * together?  See check_parts.h.
 *
 * Where there are nodes they decide; without them what is known of the
 * platforms' virtual nodes does.
 */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/platform.h"
#include "spillway/words.h"

/* A taint as a toleration would have to name it. */
static struct toleration taint_of(const struct platform *platform)
{
    return (struct toleration){
        .key = text_of(platform->taint_key),
        .op = text_of(platform->taint_value ? "Equal" : "Exists"),
        .value = text_of(platform->taint_value),
        .effect = text_of(platform->taint_effect),
    };
}

static bool is_for_taint(const struct toleration *toleration,
                         const struct toleration *taint)
{
    return toleration_covers(toleration, taint) ||
           /* a taint that takes any value */
           (text_is(taint->op, "Exists") &&
            text_equal(toleration->key, taint->key));
}

static bool tolerates(const struct policy *policy,
                      const struct toleration *taint)
{
    for (size_t i = 0; i < policy->n_tolerations; i++) {
        if (is_for_taint(&policy->toleration_list[i], taint))
            return true;
    }
    return false;
}

static bool term_asks_for(const struct term *term,
                          const struct platform *platform)
{
    const struct requirement label = {
        .key = text_of(platform->label_key),
        .op = TEXT("In"),
        .values = (struct text[]){ { platform->label_value,
                                     strlen(platform->label_value) } },
        .n_values = 1,
    };

    return term_holds(term, &label);
}

/* --- without nodes ----------------------------------------------------- */

/* Some platform has that label, and its taint is tolerated. */
static bool is_virtual_term_tolerated(const struct policy *policy,
                                      const struct term *term)
{
    bool any = false;

    for (size_t i = 0; i < platform_count(); i++) {
        const struct platform *platform = platform_at(i);
        struct toleration taint = taint_of(platform);

        if (!term_asks_for(term, platform))
            continue;
        any = true;
        if (tolerates(policy, &taint))
            return true;
    }
    return !any;
}

/* The platform whose taint the toleration names, when no term asks for the
 * label of any platform with that taint; else NULL. */
static const struct platform *
platform_without_term(const struct policy *policy,
                      const struct toleration *toleration)
{
    const struct platform *found = NULL;

    for (size_t i = 0; i < platform_count(); i++) {
        const struct platform *platform = platform_at(i);
        struct toleration taint = taint_of(platform);

        if (!text_equal(toleration->key, taint.key) ||
            !is_for_taint(toleration, &taint))
            continue;
        for (size_t j = 0; j < policy->n_terms; j++) {
            if (term_asks_for(&policy->terms[j], platform))
                return NULL;
        }
        found = found ? found : platform;
    }
    return policy->n_terms ? found : NULL;
}

static void check_by_platform(struct check *check, const char *file,
                              const struct policy *policy)
{
    const char *name = check_shown(check, policy->name);
    const struct json *node =
        policy->tolerations ? policy->tolerations->child : NULL;

    for (size_t i = 0; i < policy->n_terms; i++) {
        if (!is_virtual_term_tolerated(policy, &policy->terms[i]))
            (void)check_tell(
                check, CHECK_TERM_UNTOLERATED, file,
                policy->terms[i].node->line,
                "policy %s: required term %zu (%s) is for virtual nodes, and "
                "no "
                "toleration is for their taint",
                name, i + 1,
                check_said(check, words_term, policy->terms[i].node));
    }
    for (size_t i = 0; node; node = node->next, i++) {
        const struct platform *platform =
            platform_without_term(policy, &policy->toleration_list[i]);

        if (platform)
            (void)check_tell(check, CHECK_TOLERATION_UNUSED, file, node->line,
                             "policy %s: %s is tolerated, and no required term "
                             "asks for %s=%s "
                             "(%s)",
                             name, check_said(check, words_toleration, node),
                             platform->label_key, platform->label_value,
                             platform->name);
    }
}

/* --- given nodes ------------------------------------------------------- */

/* Taints that come and go with the state of a node: cordoned, not ready, short
 * of memory. */
static bool is_passing(struct text key)
{
    return text_has_prefix(key, "node.kubernetes.io/") ||
           text_has_prefix(key, "node.cloudprovider.kubernetes.io/");
}

/* The first lasting taint that the policy does not tolerate, or NULL. */
static const struct json *untolerated(const struct policy *policy,
                                      const struct node *node)
{
    for (const struct json *t = node_first_taint(node); t; t = t->next) {
        struct toleration taint = toleration_read(t);
        bool repels = text_is(taint.effect, "NoSchedule") ||
                      text_is(taint.effect, "NoExecute");

        if (repels && !is_passing(taint.key) &&
            !toleration_is_covered(policy->toleration_list,
                                   policy->n_tolerations, &taint))
            return t;
    }
    return NULL;
}

static void check_unused(struct check *check, const char *file,
                         const struct policy *policy)
{
    const struct json *node =
        policy->tolerations ? policy->tolerations->child : NULL;

    for (size_t i = 0; node; node = node->next, i++) {
        size_t j = 0;

        if (is_passing(policy->toleration_list[i].key))
            continue;
        while (j < check->n_nodes &&
               !(node_matches_any(&check->nodes[j], policy->terms,
                                  policy->n_terms) &&
                 node_taint_for(&check->nodes[j], &policy->toleration_list[i])))
            j++;
        if (j == check->n_nodes)
            (void)check_tell(check, CHECK_TOLERATION_UNUSED, file, node->line,
                             "policy %s: none of the %zu nodes that are given "
                             "is allowed and has a taint for %s",
                             check_shown(check, policy->name), check->n_nodes,
                             check_said(check, words_toleration, node));
    }
}

/* A term all of whose nodes keep the pods away. */
static void check_untolerated(struct check *check, const char *file,
                              const struct policy *policy)
{
    for (size_t i = 0; i < policy->n_terms; i++) {
        const struct node *example = NULL;
        bool reached = false;

        for (size_t j = 0; j < check->n_nodes && !reached; j++) {
            const struct node *node = &check->nodes[j];

            if (!node_matches(node, &policy->terms[i]))
                continue;
            example = node;
            reached = !untolerated(policy, node);
        }
        if (!example || reached)
            continue;
        (void)check_tell(
            check, CHECK_TERM_UNTOLERATED, file, policy->terms[i].node->line,
            "policy %s: required term %zu (%s) allows node %s, whose taint %s "
            "is not tolerated",
            check_shown(check, policy->name), i + 1,
            check_said(check, words_term, policy->terms[i].node),
            check_shown(check, example->name),
            check_said(check, node_write_taint, untolerated(policy, example)));
    }
}

void check_tolerations(struct check *check, const struct check_policy *source,
                       const struct policy *policy)
{
    if (check->n_nodes == 0) {
        check_by_platform(check, source->label, policy);
        return;
    }
    check_unused(check, source->label, policy);
    check_untolerated(check, source->label, policy);
}
