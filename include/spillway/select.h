/*
 * select.h - is this a gateway pod that Spillway may change, or the
 * binding of one to a virtual node?
 */
#ifndef SPILLWAY_SELECT_H
#define SPILLWAY_SELECT_H

#include <stdbool.h>

#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/policy.h"
#include "spillway/review.h"

/* The guards, in their order. */
enum { SELECT_GUARDS = 9 };
extern const enum reason select_guards[SELECT_GUARDS];

struct verdict {
    /* The guard that held; REASON_DAEMONSET lets tolerations be merged, and
     * REASON_APPLIED means that none held. */
    enum reason reason;
    const struct policy *policy; /* the first that matches, or NULL */
};

/*
 * Run the guards, in their order.  A Binding, when
 * some policy has scaleInFirst, is asked for its subresource, operation,
 * namespace and node only.  Fails only with SYSTEM.
 */
bool select_policy(const struct policy_set *set, const struct review *review,
                   struct arena *arena, struct verdict *verdict,
                   struct error *err) must_check;

/*
 * The share of workloads that a pod falls into, 0 to 99: the first four bytes,
 * big-endian, of SHA-256("NAMESPACE/WORKLOAD"), modulo 100.  WORKLOAD is the
 * controller's name without the pod's template hash, so that it stays the same
 * through rollouts; without a controller the pod's name, or its generateName.
 */
bool select_bucket(const struct review *review, struct arena *arena,
                   unsigned *bucket, struct error *err) must_check;

/* The owner that made a pod with that metadata (metav1.GetControllerOf), or
 * NULL. */
const struct json *select_controller(const struct json *metadata);

/* What a pod with that metadata (NULL for none) belongs to, as rollouts tell
 * them apart: its controller's name without the hash of the pod's template;
 * without a controller its own, or its generateName without the last `-`. */
struct text select_workload(const struct json *metadata);

#endif
