/*
 * oracle.h - the merge and the node matcher once more, written from the rules
 * alone and for nothing but comparison: slow, and by way of texts.
 */
#ifndef SPILLWAY_TESTS_ORACLE_H
#define SPILLWAY_TESTS_ORACLE_H

#include "generate.h"

#include "spillway/arena.h"
#include "spillway/decision.h"
#include "spillway/json.h"
#include "spillway/policy.h"

/* The value with the members of all objects sorted, numbers as written: equal
 * texts are equal values.  Of members of the same name the last counts. */
const char *oracle_canonical(struct arena *arena, const struct json *value);

/*
 * What the pod (read whole, each key once) should be when the policy is merged
 * into it.  *reason becomes APPLIED, NO_FEASIBLE_TERM or TOO_MANY_TERMS.
 */
struct json *oracle_merge(const struct policy *policy, const struct json *pod,
                          bool tolerations_only, struct arena *arena,
                          enum reason *reason);

/* True when a pod with these required terms (an array) may run on the node,
 * by the rules of kube-scheduler.  An empty array, or NULL, matches none. */
bool oracle_matches(const struct json *terms, const struct node *node);

#endif
