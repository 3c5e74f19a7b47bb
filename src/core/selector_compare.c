/*
 * selector_compare.c - does one selector cover another, or overlap with it? See
 * selector.h for the contract.
 *
 * Requirements are compared by what values they let through.  Where a glob
 * meets a glob nothing is certain but equality.
 */
#include "spillway/selector.h"

#include <fnmatch.h>

static bool has_value(const struct selector_requirement *r, struct text value)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (text_equal(r->values[i], value))
            return true;
    }
    return false;
}

/* Values and globs are NUL-terminated. */
static bool fits_glob(const struct selector_requirement *r, struct text value)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (fnmatch(r->values[i].data, value.data, 0) == 0)
            return true;
    }
    return false;
}

/* Does the requirement hold for a label that has this value? */
static bool admits(const struct selector_requirement *r, struct text value)
{
    switch (r->op) {
    case SELECTOR_IN:
        return has_value(r, value);
    case SELECTOR_NOT_IN:
        return !has_value(r, value);
    case SELECTOR_EXISTS:
        return true;
    case SELECTOR_DOES_NOT_EXIST:
        return false;
    case SELECTOR_GLOB:
        return fits_glob(r, value);
    case SELECTOR_NOT_GLOB:
        return !fits_glob(r, value);
    }
    return false;
}

/* Can it only be met by a label that is there? */
static bool needs_label(const struct selector_requirement *r)
{
    return r->op == SELECTOR_IN || r->op == SELECTOR_EXISTS ||
           r->op == SELECTOR_GLOB;
}

static bool same_key(const struct selector_requirement *a,
                     const struct selector_requirement *b)
{
    return a->annotation == b->annotation && text_equal(a->key, b->key);
}

/* Every value of `a` is one of `b`. */
static bool values_within(const struct selector_requirement *a,
                          const struct selector_requirement *b)
{
    for (size_t i = 0; i < a->n_values; i++) {
        if (!has_value(b, a->values[i]))
            return false;
    }
    return true;
}

static size_t count_admitted(const struct selector_requirement *list,
                             const struct selector_requirement *by)
{
    size_t count = 0;

    for (size_t i = 0; i < list->n_values; i++)
        count += admits(by, list->values[i]);
    return count;
}

/* Does `held` imply `wanted`, which is on the same key? */
static bool implies(const struct selector_requirement *held,
                    const struct selector_requirement *wanted)
{
    if (held->op == SELECTOR_IN) /* its values are all there can be */
        return count_admitted(held, wanted) == held->n_values;
    switch (wanted->op) {
    case SELECTOR_EXISTS:
        return needs_label(held);
    case SELECTOR_NOT_IN:
    case SELECTOR_NOT_GLOB:
        if (held->op == SELECTOR_DOES_NOT_EXIST)
            return true;
        return held->op == wanted->op && values_within(wanted, held);
    case SELECTOR_GLOB:
        return held->op == SELECTOR_GLOB && values_within(held, wanted);
    case SELECTOR_DOES_NOT_EXIST:
        return held->op == SELECTOR_DOES_NOT_EXIST;
    case SELECTOR_IN:
        return false;
    }
    return false;
}

static bool is_implied(const struct selector_requirement *wanted,
                       const struct selector *by)
{
    for (size_t i = 0; i < by->n_requirements; i++) {
        if (same_key(&by->requirements[i], wanted) &&
            implies(&by->requirements[i], wanted))
            return true;
    }
    return false;
}

bool selector_covers(const struct selector *a, const struct selector *b)
{
    for (size_t i = 0; i < a->n_requirements; i++) {
        if (!is_implied(&a->requirements[i], b))
            return false;
    }
    return !a->has_container.data ||
           (b->has_container.data &&
            text_equal(a->has_container, b->has_container));
}

/* Can a label meet both, which are on the same key? */
static bool excludes(const struct selector_requirement *a,
                     const struct selector_requirement *b)
{
    if (a->op == SELECTOR_IN)
        return count_admitted(a, b) == 0;
    if (b->op == SELECTOR_IN)
        return count_admitted(b, a) == 0;
    return (a->op == SELECTOR_DOES_NOT_EXIST && needs_label(b)) ||
           (b->op == SELECTOR_DOES_NOT_EXIST && needs_label(a)) ||
           (a->op == SELECTOR_GLOB && b->op == SELECTOR_NOT_GLOB &&
            values_within(a, b)) ||
           (b->op == SELECTOR_GLOB && a->op == SELECTOR_NOT_GLOB &&
            values_within(b, a));
}

/* Is there surely a value that meets both? */
static bool meets(const struct selector_requirement *a,
                  const struct selector_requirement *b)
{
    if (a->op == SELECTOR_GLOB && b->op == SELECTOR_GLOB)
        return values_within(a, b) || values_within(b, a);
    return needs_label(a) && needs_label(b) && !excludes(a, b);
}

bool selector_overlaps(const struct selector *a, const struct selector *b)
{
    bool shared = false;

    for (size_t i = 0; i < a->n_requirements; i++) {
        for (size_t j = 0; j < b->n_requirements; j++) {
            const struct selector_requirement *x = &a->requirements[i];
            const struct selector_requirement *y = &b->requirements[j];

            if (!same_key(x, y))
                continue;
            if (excludes(x, y))
                return false;
            shared = shared || meets(x, y);
        }
    }
    return shared;
}
