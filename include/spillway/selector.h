/*
 * selector.h - what marks a pod as a gateway: labels, annotations, containers.
 *
 * One selector is a list of requirements that must all hold.  Operators are
 * those of Kubernetes label selectors (metav1.LabelSelector), and Glob and
 * NotGlob: fnmatch(3) without flags, in the C locale, on the whole value.
 * NotIn and NotGlob hold when the key is absent.
 */
#ifndef SPILLWAY_SELECTOR_H
#define SPILLWAY_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/text.h"

struct arena;
struct json;

enum selector_operator {
    SELECTOR_IN,
    SELECTOR_NOT_IN,
    SELECTOR_EXISTS,
    SELECTOR_DOES_NOT_EXIST,
    SELECTOR_GLOB,
    SELECTOR_NOT_GLOB,
};

struct selector_requirement {
    struct text key;
    enum selector_operator op;
    bool annotation;     /* looks at annotations, not at labels */
    struct text *values; /* NUL-terminated; none for Exists, DoesNotExist */
    size_t n_values;
};

struct selector {
    struct selector_requirement *requirements; /* ANDed */
    size_t n_requirements;
    struct text has_container; /* a name in spec.containers; absent: any */
    unsigned line;             /* where it begins in its file, from 1 */
};

/* The operator's name as it is written in a policy. */
const char *selector_operator_name(enum selector_operator op);

/* The operator of that name; false when there is none. */
bool selector_operator_find(struct text name, enum selector_operator *op);

enum selector_outcome {
    SELECTOR_MATCHES,
    SELECTOR_LACKS_REQUIREMENT, /* a requirement does not hold */
    SELECTOR_LACKS_CONTAINER,   /* there is no container of that name */
};

/*
 * Look at the requirements in their order, and at the container last, up to
 * the first that does not hold for the pod, a value read with
 * policy_set_shape(); *failed becomes the number of requirements that hold
 * before it.  Globs need their strings terminated: in `arena`.
 */
enum selector_outcome selector_examine(const struct selector *selector,
                                       const struct json *pod,
                                       struct arena *arena, size_t *failed);

/* True when every requirement holds for the pod; likewise. */
bool selector_matches(const struct selector *selector, const struct json *pod,
                      struct arena *arena);

/* True when `a` matches every pod that `b` matches, as far as the texts show;
 * true is certain. */
bool selector_covers(const struct selector *a, const struct selector *b);

/*
 * True when some pod surely matches both: they ask for the same label or
 * annotation, and nothing that the one asks for contradicts the other.
 */
bool selector_overlaps(const struct selector *a, const struct selector *b);

#endif
