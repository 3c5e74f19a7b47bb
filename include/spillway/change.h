/*
 * change.h - from an object and a policy to a patch that is proven.
 */
#ifndef SPILLWAY_CHANGE_H
#define SPILLWAY_CHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/merge.h"
#include "spillway/policy.h"
#include "spillway/text.h"

struct change {
    struct text patch;   /* RFC 6902; "[]" when there is nothing to do */
    struct text encoded; /* `patch` in base64, when that is known already */
    size_t n_operations; /* in `patch` */
    /* REASON_APPLIED or REASON_ALREADY_SATISFIED, or why the affinity was left
     * alone (see merge.h). */
    enum reason reason;
    /* The patch, read back and applied, gives what was meant, and merging that
     * again finds nothing to do.  One that is not proven must not be sent: a
     * patch that does not apply rejects the user's pod. */
    bool proven;
    struct merge merge; /* of a Pod */
};

/*
 * The change that a policy makes to a Pod (see merge.h).  `pod` is read with
 * policy_set_shape().  Fails only with SYSTEM.
 */
bool change_pod(const struct policy *policy, const struct json *pod,
                bool tolerations_only, struct arena *arena,
                struct change *change, struct error *err) must_check;

/* The change that scaleInFirst makes to a Binding to a virtual node. */
bool change_binding(const struct json *binding, struct arena *arena,
                    struct change *change, struct error *err) must_check;

/*
 * Make and prove the policy's usual patch, `policy->usual`: that of a pod with
 * some tolerations, none of which covers any of the policy's, and nothing else
 * that is merged.  Such pods are most gateways, and their patches do not differ
 * in a byte, so change_pod() takes it from there.  Without one, or when it is
 * cleared, each patch is made and proven for itself.  False when memory is
 * short.
 */
bool change_prepare(struct policy *policy, struct arena *arena) must_check;

#endif
