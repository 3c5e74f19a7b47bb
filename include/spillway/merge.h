/*
 * merge.h - what a gateway pod's tolerations and affinity should say, and what
 * the Binding of one to a virtual node.
 *
 * The pod never gains a node that it had excluded: its own required terms are
 * ANDed with the policy's, term by term, and never widened.  Merging is
 * idempotent, and everything that we do not know is kept.
 */
#ifndef SPILLWAY_MERGE_H
#define SPILLWAY_MERGE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/policy.h"
#include "spillway/term.h"

/* More than this is not made: the pod's affinity is left alone.  An object of
 * that many bytes could not be stored anyway (etcd takes 1.5 MiB). */
enum { MERGE_MAX_TERMS = 64, MERGE_MAX_BYTES = 2 * 1024 * 1024 };

struct merge {
    const struct json *after; /* the spec, with what the policy adds */
    /* REASON_APPLIED, or why the affinity was left alone:
     * REASON_NO_FEASIBLE_TERM or REASON_TOO_MANY_TERMS. */
    enum reason reason;
    /* The resulting required terms; none when there is no requirement. */
    struct term *terms;
    size_t n_terms;
};

/*
 * Merge a policy into `spec` (NULL for none), of which only `tolerations`,
 * `affinity` and, with fillFirst, `topologySpreadConstraints` are looked at.
 * With `tolerations_only` the others are left alone.  Fails only with SYSTEM.
 */
bool merge_policy(const struct policy *policy, const struct json *spec,
                  bool tolerations_only, struct arena *arena,
                  struct merge *result, struct error *err) must_check;

/*
 * Give the pod of a Binding scaleInFirst's deletion cost: *after becomes
 * `metadata` (NULL for none) with that annotation.  kube-apiserver copies the
 * annotations of a Binding onto the pod.  Fails only with SYSTEM.
 */
bool merge_deletion_cost(const struct json *metadata, struct arena *arena,
                         const struct json **after,
                         struct error *err) must_check;

#endif
