/*
 * trace.h - how the policy for a pod was found: each policy that was asked, and
 * why each of its selectors did not match.
 */
#ifndef SPILLWAY_TRACE_H
#define SPILLWAY_TRACE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/policy.h"
#include "spillway/review.h"
#include "spillway/selector.h"

struct arena;

/* One selector that was asked. */
struct trace_selector {
    enum selector_outcome outcome;
    size_t failed; /* the requirement that did not hold, see
                      selector_examine() */
};

/* One policy that was asked. */
struct trace_policy {
    const struct policy *policy;
    bool has_namespace; /* without it no selector is asked */
    bool matches;       /* the last selector that was asked does */
    struct trace_selector *selectors;
    size_t n_selectors; /* that were asked: up to the first that matches */
};

/* In the arena. */
struct trace {
    struct trace_policy *policies; /* up to the first that matches */
    size_t count;
};

/* Ask the policies, as select_policy() does, for the pod of a review that was
 * decoded with policy_set_shape(); none are asked when there is no pod.  False
 * when memory is short. */
bool trace_make(const struct policy_set *set, const struct review *review,
                struct arena *arena, struct trace *trace) must_check;

#endif
