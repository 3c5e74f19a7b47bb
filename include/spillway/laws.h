/*
 * laws.h - what must hold for every answer, whatever the policy and the pod.
 *
 *   2. A second pass over the changed object yields no patch.
 *   3. The patch that is sent, applied to the object that was received, gives
 *      exactly the object that was meant.
 *   4. Nothing outside tolerations and nodeAffinity differs; with fillFirst,
 *      topologySpreadConstraints where there were none; of a Binding, the
 *      deletion cost.
 *
 * (The first law, that no pod gains a node, needs nodes: see the property
 * tests.)
 */
#ifndef SPILLWAY_LAWS_H
#define SPILLWAY_LAWS_H

#include <stdbool.h>

#include "spillway/admit.h"
#include "spillway/document.h"
#include "spillway/error.h"

struct arena;
struct buf;
struct policy_set;

/* The object before and after, in trees of their own. */
struct laws_objects {
    struct json *before, *after; /* NULL when there is no object */
};

/*
 * Prove the laws for one evaluated document; appends a line to *findings for
 * each that does not hold.  Applies the patch to the document and leaves the
 * objects in *objects.  Fails only with SYSTEM.
 */
bool laws_check(const struct policy_set *set, struct document *document,
                const struct admission *admission, struct arena *arena,
                struct laws_objects *objects, struct buf *findings,
                struct error *err) must_check;

#endif
