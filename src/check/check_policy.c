/* check_policy.c - the rules about policies; see check_parts.h. */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/platform.h"
#include "spillway/selector.h"
#include "spillway/shape.h"
#include "spillway/words.h"

/* One policy of a set. */
struct subject {
    struct check *check;
    const struct check_policy *source;
    const struct policy *policy;
    const char *name; /* of the policy */
};

/* Where a value of the policy stands; its beginning when that is not known. */
static unsigned line_of(const struct subject *subject, const struct json *node)
{
    return node && node->line ? node->line : subject->policy->line;
}

/* --- selectors --------------------------------------------------------- */

static bool share_namespace(const struct policy *a, const struct policy *b)
{
    for (size_t i = 0; i < b->n_namespaces; i++) {
        if (policy_has_namespace(a, b->namespaces[i]))
            return true;
    }
    return policy_has_namespace(b, text_of("*")) ||
           (b->n_namespaces && text_is(b->namespaces[0], "*"));
}

/* Every namespace of `b` is one of `a`. */
static bool has_all_namespaces(const struct policy *a, const struct policy *b)
{
    for (size_t i = 0; i < b->n_namespaces; i++) {
        if (!policy_has_namespace(a, b->namespaces[i]))
            return false;
    }
    return true;
}

static const struct selector *covering(const struct policy *policy,
                                       const struct selector *selector)
{
    for (size_t i = 0; i < policy->n_selectors; i++) {
        if (&policy->selectors[i] != selector &&
            selector_covers(&policy->selectors[i], selector))
            return &policy->selectors[i];
    }
    return NULL;
}

/* Of two selectors that say the same, the later one is covered. */
static void check_selectors(const struct subject *subject)
{
    const struct policy *policy = subject->policy;

    for (size_t i = 0; i < policy->n_selectors; i++) {
        const struct selector *selector = &policy->selectors[i];
        const struct selector *by = covering(policy, selector);

        if (!by || (by > selector && selector_covers(selector, by)))
            continue;
        (void)check_tell(
            subject->check, CHECK_SELECTOR_COVERED, subject->source->label,
            selector->line,
            "policy %s: selector %zu (%s) matches nothing that selector %zu "
            "(%s) does not match",
            subject->name, i + 1,
            check_said(subject->check, words_selector, selector),
            (size_t)(by - policy->selectors) + 1,
            check_said(subject->check, words_selector, by));
    }
}

/* Does some policy above take everything that this selector matches? */
static bool is_taken(const struct policy_set *set, size_t index,
                     const struct selector *selector)
{
    const struct policy *policy = policy_set_at(set, index);

    for (size_t i = 0; i < index; i++) {
        const struct policy *above = policy_set_at(set, i);

        if (has_all_namespaces(above, policy) && covering(above, selector))
            return true;
    }
    return false;
}

static bool is_shadowed(const struct policy_set *set, size_t index)
{
    const struct policy *policy = policy_set_at(set, index);

    for (size_t i = 0; i < policy->n_selectors; i++) {
        if (!is_taken(set, index, &policy->selectors[i]))
            return false;
    }
    return true;
}

/* The first selectors of two policies that overlap; false when none do. */
static bool find_overlap(const struct policy *a, const struct policy *b,
                         size_t *i, size_t *j)
{
    if (!share_namespace(a, b))
        return false;
    for (*i = 0; *i < a->n_selectors; ++*i) {
        for (*j = 0; *j < b->n_selectors; ++*j) {
            if (selector_overlaps(&a->selectors[*i], &b->selectors[*j]))
                return true;
        }
    }
    return false;
}

static void check_order(const struct subject *subject,
                        const struct policy_set *set, size_t index)
{
    struct check *check = subject->check;
    size_t i, j;

    if (index > 0 && is_shadowed(set, index)) {
        (void)check_tell(check, CHECK_POLICY_SHADOWED, subject->source->label,
                         subject->policy->line,
                         "policy %s: every pod that it selects is taken by a "
                         "policy above it",
                         subject->name);
        return;
    }
    for (size_t k = 0; k < index; k++) {
        const struct policy *above = policy_set_at(set, k);

        if (!find_overlap(above, subject->policy, &i, &j))
            continue;
        (void)check_tell(check, CHECK_POLICIES_OVERLAP, subject->source->label,
                         subject->policy->selectors[j].line,
                         "policy %s: pods that match its selector %zu and "
                         "selector %zu of %s get the latter",
                         subject->name, j + 1, i + 1,
                         check_shown(check, above->name));
    }
}

/* --- pods that are no gateways ----------------------------------------- */

/* clang-format off */
static const struct {
    const char *name, *pod;
} system_pods[] = {
    { "istiod", "{\"metadata\":{\"labels\":{\"app\":\"istiod\",\"istio\":\"pilot\",\"istio.io/rev\":\"default\"}},"
                "\"spec\":{\"containers\":[{\"name\":\"discovery\"}]}}" },
    { "ztunnel", "{\"metadata\":{\"labels\":{\"app\":\"ztunnel\",\"app.kubernetes.io/name\":\"ztunnel\"}},"
                 "\"spec\":{\"containers\":[{\"name\":\"istio-proxy\"}]}}" },
    { "istio-cni", "{\"metadata\":{\"labels\":{\"k8s-app\":\"istio-cni-node\",\"app\":\"istio-cni-node\"}},"
                   "\"spec\":{\"containers\":[{\"name\":\"install-cni\"}]}}" },
    { "waypoints", "{\"metadata\":{\"labels\":{\"gateway.istio.io/managed\":\"istio.io-mesh-controller\","
                   "\"gateway.networking.k8s.io/gateway-name\":\"waypoint\"}},"
                   "\"spec\":{\"containers\":[{\"name\":\"istio-proxy\"}]}}" },
};
/* clang-format on */

static void check_system_pod(const struct subject *subject, const char *name,
                             const struct json *pod)
{
    const struct policy *policy = subject->policy;

    for (size_t i = 0; i < policy->n_selectors; i++) {
        if (!selector_matches(&policy->selectors[i], pod,
                              &subject->check->arena))
            continue;
        (void)check_tell(
            subject->check, CHECK_SYSTEM_PODS, subject->source->label,
            policy->selectors[i].line,
            "policy %s: selector %zu (%s) also matches %s", subject->name,
            i + 1,
            check_said(subject->check, words_selector, &policy->selectors[i]),
            name);
    }
}

static void check_system_pods(const struct subject *subject)
{
    if (!policy_has_namespace(subject->policy, text_of("istio-system")))
        return;
    for (size_t i = 0; i < array_len(system_pods); i++) {
        struct json_document document;
        struct error err = { 0 };

        if (json_read(text_of(system_pods[i].pod), &json_any, JSON_MAX_VALUES,
                      &subject->check->arena, &document, &err))
            check_system_pod(subject, system_pods[i].name, document.root);
        else
            subject->check->failed = true;
    }
}

/* --- terms and preferences --------------------------------------------- */

static void check_terms(const struct subject *subject)
{
    const struct policy *policy = subject->policy;
    struct check *check = subject->check;

    for (size_t i = 0; i < policy->n_terms; i++) {
        if (term_contradicts(&policy->terms[i], NULL, NULL, &check->arena))
            (void)check_tell(
                check, CHECK_TERM_CONTRADICTS, subject->source->label,
                line_of(subject, policy->terms[i].node),
                "policy %s: required term %zu (%s) contradicts itself",
                subject->name, i + 1,
                check_said(check, words_term, policy->terms[i].node));
    }
}

/* Can a node match the preference and one of the required terms?  Virtual nodes
 * are taken to be those only that a term asks for as such. */
static bool is_allowed(const struct subject *subject,
                       const struct term *preference)
{
    const struct policy *policy = subject->policy;
    bool is_virtual = platform_is_asked_for(preference);

    for (size_t i = 0; i < policy->n_terms; i++) {
        const struct term *term = &policy->terms[i];

        if ((!is_virtual || platform_is_asked_for(term)) &&
            !term_contradicts(preference, term, NULL, &subject->check->arena))
            return true;
    }
    return policy->n_terms == 0;
}

static void check_preferences(const struct subject *subject)
{
    const struct policy *policy = subject->policy;
    struct check *check = subject->check;

    for (size_t i = 0; i < policy->n_preferences; i++) {
        const struct term *preference = &policy->preferences[i];

        if (!is_allowed(subject, preference))
            (void)check_tell(
                check, CHECK_PREFERENCE_NEVER, subject->source->label,
                line_of(subject, preference->node),
                "policy %s: no required term allows the nodes of preference "
                "%zu (%s)",
                subject->name, i + 1,
                check_said(check, words_term, preference->node));
    }
    if (policy->fill_first && policy->n_preferences == 0)
        (void)check_tell(
            check, CHECK_FILL_FIRST_IDLE, subject->source->label, policy->line,
            "policy %s: fillFirst without preferences", subject->name);
}

/* The heaviest preference for virtual nodes against that for others. */
static void check_weights(const struct subject *subject)
{
    const struct policy *policy = subject->policy;
    long long most_virtual = 0, most_other = 0;
    const struct term *found = NULL, *preference = policy->preferences;

    for (const struct json *e = policy->preferred ? policy->preferred->child
                                                  : NULL;
         e; e = e->next, preference++) {
        long long weight = term_weight(e);

        if (!platform_is_asked_for(preference)) {
            most_other = weight > most_other ? weight : most_other;
        } else if (weight > most_virtual) {
            most_virtual = weight;
            found = preference;
        }
    }
    if (most_other == 0 || most_virtual < most_other)
        return;
    (void)check_tell(subject->check, CHECK_PREFERS_VIRTUAL,
                     subject->source->label, line_of(subject, found->node),
                     "policy %s: virtual nodes have the weight %lld, and the "
                     "others %lld",
                     subject->name, most_virtual, most_other);
}

/* --- all of them ------------------------------------------------------- */

static void check_set(struct check *check, const struct check_policy *source)
{
    for (size_t i = 0; i < policy_set_count(source->set); i++) {
        const struct policy *policy = policy_set_at(source->set, i);
        const struct subject subject = { check, source, policy,
                                         check_shown(check, policy->name) };

        check_selectors(&subject);
        check_order(&subject, source->set, i);
        check_system_pods(&subject);
        check_terms(&subject);
        check_preferences(&subject);
        check_weights(&subject);
        check_tolerations(check, source, policy);
    }
}

void check_policies(struct check *check)
{
    for (const struct check_policy *p = check->policies; p; p = p->next) {
        if (p->set)
            check_set(check, p);
    }
}
