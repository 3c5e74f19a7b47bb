/*
 * cel.h - a policy set as one expression for a webhook's matchConditions.
 *
 * kube-apiserver evaluates it (CEL, the Common Expression Language) to decide
 * which pods it sends here.  It says exactly what policy_has_namespace() and
 * selector_matches() say: the OR over the policies of their namespaces AND the
 * OR of their selectors.  Guards, rollout and shadow mode are left to the
 * server, which counts what it skips.
 *
 * An evaluation error skips a webhook whose failurePolicy is Ignore, so
 * everything that a pod may lack is asked for with `has` or `in` first.
 * metadata and spec are there in every object that kube-apiserver decodes.
 */
#ifndef SPILLWAY_CEL_H
#define SPILLWAY_CEL_H

#include <stdbool.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/macros.h"

struct policy;
struct policy_set;

enum {
    CEL_MAX_LENGTH = 100000, /* characters: cel-go's parser takes no more */
};

/*
 * Append the expression for a set, without a final line break; a comment with
 * its name stands before what each policy comes to.  Fails with INVALID for a
 * glob that no expression can say (re2.h), TOO_BIG when it is longer than
 * CEL_MAX_LENGTH, or SYSTEM.
 */
bool cel_add_policies(struct buf *out, const struct policy_set *set,
                      struct error *err) must_check;

#endif
