/*
 * cel.h - a policy set as one expression for a webhook's matchConditions.
 *
 * kube-apiserver evaluates it (CEL, the Common Expression Language) to decide
 * which pods it sends here, and another one for which bindings of pods to
 * nodes.  The first says exactly what policy_has_namespace() and
 * selector_matches() say: the OR over the policies of their namespaces AND the
 * OR of their selectors.  Guards, rollout and shadow mode are left to the
 * server, which counts what it skips.
 *
 * An evaluation error skips a webhook whose failurePolicy is Ignore, so
 * everything that an object may lack is asked for with `has` or `in` first.
 * metadata and spec are there in every pod that kube-apiserver decodes, and
 * target in every Binding.
 */
#ifndef SPILLWAY_CEL_H
#define SPILLWAY_CEL_H

#include <stdbool.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/text.h"

struct policy;
struct policy_set;

enum {
    CEL_MAX_LENGTH = 100000, /* characters: cel-go's parser takes no more */
};

/* Append a string literal, or a list of them. */
void cel_add_string(struct buf *out, struct text text);
void cel_add_list(struct buf *out, const struct text *values, size_t n_values);

/* Append the condition of one policy; at its end no line break.  Fails with
 * INVALID for a glob that no expression can say (re2.h), or SYSTEM. */
bool cel_add_policy(struct buf *out, const struct policy *policy,
                    struct error *err) must_check;

/* TOO_BIG when the expression is longer than CEL_MAX_LENGTH; `what` begins the
 * message, as in "the selectors make". */
bool cel_check_length(const char *what, struct text expression,
                      struct error *err) must_check;

/*
 * Append the expression for a set, without a final line break; a comment with
 * its name stands before what each policy comes to.  Fails like the two above.
 */
bool cel_add_policies(struct buf *out, const struct policy_set *set,
                      struct error *err) must_check;

/*
 * Append the expression for bindings, likewise: the OR over the policies with
 * scaleInFirst, of which there is one at least, of their namespaces AND the OR
 * of their virtualNodes.  Fails like the others.
 */
bool cel_add_bindings(struct buf *out, const struct policy_set *set,
                      struct error *err) must_check;

#endif
