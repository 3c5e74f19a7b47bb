/*
 * term.h - node selector terms and tolerations, compared as Kubernetes means
 * them and not as they are written.
 *
 * A compiled term (v1.NodeSelectorTerm) is a set of requirements in canonical
 * order.  Two terms are set-equal when they hold the same requirements, each
 * with the same set of values; members that we do not know are part of what is
 * compared.
 */
#ifndef SPILLWAY_TERM_H
#define SPILLWAY_TERM_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/macros.h"
#include "spillway/text.h"

struct arena;
struct json;

/* One v1.NodeSelectorRequirement. */
struct requirement {
    struct text key, op;
    struct text *values; /* sorted, each once */
    size_t n_values;
    struct text unknown;     /* members that we do not know; absent for none */
    const struct json *node; /* as it was read: what a patch repeats */
};

struct term {
    struct requirement *expressions; /* sorted; set-equal ones once */
    size_t n_expressions;
    struct requirement *fields; /* matchFields, likewise */
    size_t n_fields;
    struct text unknown; /* as in a requirement */
    const struct json *node;
};

/* Compile a term; null is the empty term.  False when memory is short. */
bool term_compile(const struct json *node, struct arena *arena,
                  struct term *term) must_check;

/* Compile the elements of an array (NULL: none). */
bool term_compile_all(const struct json *array, struct arena *arena,
                      struct term **terms, size_t *count) must_check;

/*
 * Compile the `preference` of each weighted term (v1.PreferredSchedulingTerm)
 * of an array (NULL: none) that has one.
 */
bool term_compile_preferences(const struct json *array, struct arena *arena,
                              struct term **terms, size_t *count) must_check;

/* No expressions and no fields: matches no node. */
bool term_is_empty(const struct term *term);

bool term_equal(const struct term *a, const struct term *b);

/*
 * True when every node that matches `q` matches `p`, as far as the texts show:
 * q holds each of p's requirements, or one on the same key whose values are a
 * non-empty subset (`In T` implies `In S`).
 */
bool term_implies(const struct term *q, const struct term *p);

/* True when `term` has exactly that requirement (set-equal). */
bool term_holds(const struct term *term, const struct requirement *wanted);

/* A pod's nodeSelector (an object, or NULL) as a term that asks the same. */
bool term_compile_selector(const struct json *node_selector,
                           struct arena *arena, struct term *term) must_check;

/*
 * True when no node can match `term`: it is empty, or its requirements, those
 * of `also` (ANDed; NULL for none) and of `selector` (a compiled nodeSelector,
 * or NULL) contradict one another on some key.  True is certain; false only
 * says that nothing in the texts forbids it, as operators we do not know never
 * contradict.
 */
bool term_contradicts(const struct term *term, const struct term *also,
                      const struct term *selector, struct arena *arena);

/* A v1.Toleration, as far as taints are concerned. */
struct toleration {
    struct text key, op, value, effect;
};

struct toleration toleration_read(const struct json *node);

/*
 * True when `toleration` tolerates every taint that `wanted` does, by the
 * scheduler's rules; tolerationSeconds is not compared, and operators we do
 * not know cover nothing.
 */
bool toleration_covers(const struct toleration *toleration,
                       const struct toleration *wanted);

/* True when some of the tolerations covers the wanted one, or tolerates the
 * taint that it stands for. */
bool toleration_is_covered(const struct toleration *list, size_t count,
                           const struct toleration *wanted);

/* The same for a pod's own (an array, or NULL): the first that does, or NULL.
 */
const struct json *toleration_find(const struct json *list,
                                   const struct toleration *wanted);

/* The part of a PodSpec's nodeAffinity (REQUIRED_AFFINITY, PREFERRED_AFFINITY);
 * NULL when there is none. */
const struct json *term_node_affinity(const struct json *spec,
                                      const char *part);

/* The weight of a v1.PreferredSchedulingTerm, as it stands there; 0 when it is
 * no integer. */
long long term_weight(const struct json *preference);

#endif
