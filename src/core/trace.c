/* trace.c - see trace.h for the contract. */
#include "spillway/trace.h"

#include "spillway/arena.h"

static bool ask(const struct policy *policy, const struct review *review,
                struct arena *arena, struct trace_policy *out)
{
    *out = (struct trace_policy){
        .policy = policy,
        .has_namespace = policy_has_namespace(policy, review->name_space),
        .selectors =
            arena_array(arena, policy->n_selectors, sizeof(*out->selectors)),
    };
    if (!out->selectors)
        return false;
    for (size_t i = 0;
         out->has_namespace && i < policy->n_selectors && !out->matches; i++) {
        struct trace_selector *selector = &out->selectors[out->n_selectors++];

        selector->outcome = selector_examine(&policy->selectors[i], review->pod,
                                             arena, &selector->failed);
        out->matches = selector->outcome == SELECTOR_MATCHES;
    }
    return true;
}

bool trace_make(const struct policy_set *set, const struct review *review,
                struct arena *arena, struct trace *trace)
{
    size_t count = policy_set_count(set);

    *trace = (struct trace){
        .policies = arena_array(arena, count, sizeof(*trace->policies)),
    };
    if (!trace->policies)
        return false;
    for (size_t i = 0; review->pod && i < count; i++) {
        struct trace_policy *policy = &trace->policies[trace->count++];

        if (!ask(policy_set_at(set, i), review, arena, policy))
            return false;
        if (policy->matches)
            break;
    }
    return true;
}
