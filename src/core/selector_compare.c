/*
 * selector_compare.c - does one selector cover another, or overlap with it? See
 * selector.h for the contract.
 *
 * Requirements are compared by what values they let through.  A glob covers
 * one that is the same; that two have something in common is seen by trying
 * examples.
 */
#include "spillway/selector.h"

#include <fnmatch.h>
#include <string.h>

enum { EXAMPLE_MAX = 256 };

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

/* Some label or annotation must be there for both. */
static bool share_key(const struct selector *a, const struct selector *b)
{
    for (size_t i = 0; i < a->n_requirements; i++) {
        for (size_t j = 0; j < b->n_requirements; j++) {
            if (needs_label(&a->requirements[i]) &&
                needs_label(&b->requirements[j]) &&
                same_key(&a->requirements[i], &b->requirements[j]))
                return true;
        }
    }
    return false;
}

/* Does every requirement on the key of `r` hold for that value, or, with an
 * absent one, without the label? */
static bool lets_through(const struct selector *selector,
                         const struct selector_requirement *r,
                         struct text value)
{
    for (size_t i = 0; i < selector->n_requirements; i++) {
        const struct selector_requirement *other = &selector->requirements[i];

        if (same_key(other, r) &&
            !(value.data ? admits(other, value) : !needs_label(other)))
            return false;
    }
    return true;
}

/* How far behind a `[` its `]` stands; 0 when there is none. */
static size_t set_length(struct text glob, size_t start)
{
    for (size_t i = start + 1; i < glob.len; i++) {
        if (glob.data[i] == ']')
            return i - start;
    }
    return 0;
}

/* A value that the glob is likely to match: of each wildcard the least, of
 * each set the first.  Absent when it is too long. */
static struct text example_of(struct text glob, char room[EXAMPLE_MAX])
{
    size_t len = 0;

    if (glob.len >= EXAMPLE_MAX)
        return (struct text){ 0 };
    for (size_t i = 0; i < glob.len; i++) {
        char c = glob.data[i];
        size_t set = c == '[' ? set_length(glob, i) : 0;

        if (c == '*')
            continue;
        if (c == '?')
            c = 'a';
        else if (set)
            c = glob.data[i + 1];
        room[len++] = c;
        i += set;
    }
    room[len] = '\0';
    return (struct text){ room, len };
}

/* Do some values that `r` lets through meet all that both ask of its key? */
static bool offers(const struct selector *a, const struct selector *b,
                   const struct selector_requirement *r)
{
    static const struct text any = TEXT("any"), absent = { 0 };
    struct text value = needs_label(r) ? any : absent;
    char room[EXAMPLE_MAX];

    if (r->op != SELECTOR_IN && r->op != SELECTOR_GLOB)
        return lets_through(a, r, value) && lets_through(b, r, value);
    for (size_t i = 0; i < r->n_values; i++) {
        value = r->op == SELECTOR_GLOB ? example_of(r->values[i], room)
                                       : r->values[i];
        if (value.data && lets_through(a, r, value) &&
            lets_through(b, r, value))
            return true;
    }
    return false;
}

/* Does some requirement of `by` on the key of `r` offer such a value? */
static bool is_offered(const struct selector *by, const struct selector *other,
                       const struct selector_requirement *r)
{
    for (size_t i = 0; i < by->n_requirements; i++) {
        if (same_key(&by->requirements[i], r) &&
            offers(by, other, &by->requirements[i]))
            return true;
    }
    return false;
}

/* Is there for every key of `a` surely a value that meets both? */
static bool can_be_met(const struct selector *a, const struct selector *b)
{
    for (size_t i = 0; i < a->n_requirements; i++) {
        if (!is_offered(a, b, &a->requirements[i]) &&
            !is_offered(b, a, &a->requirements[i]))
            return false;
    }
    return true;
}

bool selector_overlaps(const struct selector *a, const struct selector *b)
{
    return share_key(a, b) && can_be_met(a, b) && can_be_met(b, a);
}
