/*
 * term_contradict.c - can a node match these requirements at all?
 *
 * What is asked of each key is gathered: must it be there, may it be there,
 * which values are left, between which bounds.  The answer "it contradicts" is
 * certain; "it does not" only says that nothing in the texts forbids it.
 */
#include "spillway/term.h"

#include <limits.h>

#include "spillway/arena.h"

/* What all requirements on one key come to. */
struct demand {
    bool present, absent;
    bool listed; /* `allowed` holds the only values left, sorted */
    struct text *allowed;
    bool *removed; /* by NotIn, one for each of `allowed` */
    size_t n_allowed;
    bool bounded;          /* Gt or Lt: the value is an integer, and */
    long long least, most; /* between these, both included */
};

/* A sorted list of requirements: those on one key stand together. */
struct source {
    const struct requirement *list;
    size_t count;
};

/* Where `value` stands in a sorted list; `count` when it does not. */
static size_t find_value(const struct text *values, size_t count,
                         struct text value)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = text_compare(values[middle], value);

        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return count;
}

/* The requirements on `key` in a source. */
static struct source source_of_key(const struct source *source, struct text key)
{
    size_t low = 0, high = source->count, end;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (text_compare(source->list[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (end = low; end < source->count; end++) {
        if (!text_equal(source->list[end].key, key))
            break;
    }
    if (end == low)
        return (struct source){ 0 };
    return (struct source){ source->list + low, end - low };
}

/* In: keep the values that are listed. */
static bool restrict_to(struct demand *demand, const struct requirement *by,
                        struct arena *arena)
{
    size_t kept = 0;

    demand->present = true;
    if (!demand->listed) {
        demand->listed = true;
        demand->allowed = arena_array(arena, by->n_values, sizeof(struct text));
        demand->removed = arena_array(arena, by->n_values, sizeof(bool));
        if (!demand->allowed || !demand->removed)
            return false;
        for (; kept < by->n_values; kept++)
            demand->allowed[kept] = by->values[kept];
        demand->n_allowed = kept;
        return true;
    }
    for (size_t i = 0; i < demand->n_allowed; i++) {
        if (find_value(by->values, by->n_values, demand->allowed[i]) !=
            by->n_values)
            demand->allowed[kept++] = demand->allowed[i];
    }
    demand->n_allowed = kept;
    return true;
}

/* NotIn: mark what is gone, so that many of them cost no more than they say. */
static void remove_values(struct demand *demand, const struct requirement *by)
{
    for (size_t i = 0; i < by->n_values; i++) {
        size_t at =
            find_value(demand->allowed, demand->n_allowed, by->values[i]);

        if (at != demand->n_allowed)
            demand->removed[at] = true;
    }
}

static void bound(struct demand *demand, const struct requirement *requirement,
                  bool above)
{
    long long value;

    if (requirement->n_values != 1 ||
        !text_parse_integer(requirement->values[0], &value))
        return;
    demand->present = demand->bounded = true;
    if (value == (above ? LLONG_MAX : LLONG_MIN)) {
        demand->least = LLONG_MAX; /* nothing is beyond that */
        demand->most = LLONG_MIN;
    } else if (above && value + 1 > demand->least) {
        demand->least = value + 1;
    } else if (!above && value - 1 < demand->most) {
        demand->most = value - 1;
    }
}

/* The first round gathers what lists values, the second what removes some:
 * NotIn can only be applied to a list that is complete. */
static bool gather(struct demand *demand, const struct requirement *r,
                   bool removing, struct arena *arena)
{
    if (r->unknown.data)
        return true;
    if (removing) {
        if (text_is(r->op, "NotIn") && demand->listed)
            remove_values(demand, r);
        return true;
    }
    if (text_is(r->op, "In"))
        return restrict_to(demand, r, arena);
    if (text_is(r->op, "Exists"))
        demand->present = true;
    else if (text_is(r->op, "DoesNotExist"))
        demand->absent = true;
    else if (text_is(r->op, "Gt"))
        bound(demand, r, true);
    else if (text_is(r->op, "Lt"))
        bound(demand, r, false);
    return true;
}

static bool within(const struct demand *demand, struct text value)
{
    long long number;

    return !demand->bounded ||
           (text_parse_integer(value, &number) && number >= demand->least &&
            number <= demand->most);
}

static bool is_impossible(const struct demand *demand)
{
    if (demand->present && demand->absent)
        return true;
    if (demand->least > demand->most)
        return true;
    if (!demand->listed)
        return false;
    for (size_t i = 0; i < demand->n_allowed; i++) {
        if (!demand->removed[i] && within(demand, demand->allowed[i]))
            return false;
    }
    return true;
}

/* True when what the sources together ask of `key` is impossible. */
static bool key_contradicts(struct text key, const struct source *sources,
                            size_t n_sources, struct arena *arena)
{
    struct demand demand = { .least = LLONG_MIN, .most = LLONG_MAX };

    for (int round = 0; round < 2; round++) {
        for (size_t s = 0; s < n_sources; s++) {
            struct source here = source_of_key(&sources[s], key);

            for (size_t i = 0; i < here.count; i++) {
                if (!gather(&demand, &here.list[i], round > 0, arena))
                    return false;
            }
        }
    }
    return is_impossible(&demand);
}

/* Look at each key of the first `n_asked` sources in the light of all. */
static bool any_contradicts(const struct source *sources, size_t n_sources,
                            size_t n_asked, struct arena *arena)
{
    for (size_t s = 0; s < n_asked; s++) {
        for (size_t i = 0; i < sources[s].count; i++) {
            const struct requirement *r = &sources[s].list[i];

            if (i > 0 && text_equal(r[-1].key, r->key))
                continue;
            if (key_contradicts(r->key, sources, n_sources, arena))
                return true;
        }
    }
    return false;
}

bool term_contradicts(const struct term *term, const struct term *also,
                      const struct term *selector, struct arena *arena)
{
    static const struct term none;
    const struct term *more = also ? also : &none;
    const struct term *chosen = selector ? selector : &none;
    const struct source labels[] = {
        { term->expressions, term->n_expressions },
        { more->expressions, more->n_expressions },
        { chosen->expressions, chosen->n_expressions },
    };
    const struct source fields[] = {
        { term->fields, term->n_fields },
        { more->fields, more->n_fields },
    };

    return term_is_empty(term) || (also && term_is_empty(also)) ||
           any_contradicts(labels, 3, 2, arena) ||
           any_contradicts(fields, 2, 2, arena);
}
