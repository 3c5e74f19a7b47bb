/*
 * cel_state.h - what a pod says to which a policy was applied, in CEL.
 *
 * kube-apiserver evaluates it in a ValidatingAdmissionPolicy, for pods as it
 * stores them.  The condition of a policy holds exactly when the engine would
 * leave the pod as it is, but for one case: it does not hold for a pod whose
 * affinity the engine leaves alone as too-many-terms (see merge.h).  DaemonSet
 * pods and the guards that look at the pod (see select.h) are left to the
 * matchConditions.  What a pod may lack is asked for as optional (`.?`), since
 * an evaluation error is silence under failurePolicy Ignore.
 *
 * Kubernetes 1.30 takes in new objects what 1.29 could evaluate, which has
 * optional members and `sets`; nothing newer is used.  kube-apiserver has
 * refused a pod with an invalid requirement by then, so In and NotIn have
 * values, Gt and Lt one.
 */
#ifndef SPILLWAY_CEL_STATE_H
#define SPILLWAY_CEL_STATE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/macros.h"

struct policy;
struct policy_set;

/* A variable that the conditions read as `variables.NAME`.  They also read
 * `variables.policy`, which cel_state_add_first() makes. */
struct cel_variable {
    const char *name, *expression;
};

enum { CEL_STATE_VARIABLES = 4 };

extern const struct cel_variable cel_state_variables[CEL_STATE_VARIABLES];

/* Each policy is one level deeper, and cel-go's parser goes down to 250; and
 * kube-controller-manager checks the types of all policies anew for each one,
 * which for 200 took two minutes. */
enum { CEL_STATE_MAX_POLICIES = 100 };

/* True when the policy applies to every pod that it matches: it enforces, and
 * at 100 percent.  The condition of another would say nothing. */
bool cel_state_is_checked(const struct policy *policy);

/*
 * Append the expression for the name of the first policy that matches the pod,
 * "" for none.  Fails with INVALID or TOO_BIG as cel_add_policies() does,
 * TOO_BIG also for more than CEL_STATE_MAX_POLICIES, or SYSTEM.
 */
bool cel_state_add_first(struct buf *out, const struct policy_set *set,
                         struct error *err) must_check;

/*
 * Append the condition of one policy: true for pods of which it is not the
 * first that matches, and for those that are as it wants them.  Fails with
 * TOO_BIG when it is longer than CEL_MAX_LENGTH, or SYSTEM.
 */
bool cel_state_add_policy(struct buf *out, const struct policy *policy,
                          struct error *err) must_check;

#endif
