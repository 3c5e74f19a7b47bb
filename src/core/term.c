/* term.c - compiled node selector terms; see term.h for the contract. */
#include "spillway/term.h"

#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"

/* A total order: 0 only for requirements that are set-equal. */
static int compare(const struct requirement *a, const struct requirement *b)
{
    int order = text_compare(a->key, b->key);

    if (order == 0)
        order = text_compare(a->op, b->op);
    if (order == 0)
        order = text_compare(a->unknown, b->unknown);
    for (size_t i = 0; order == 0; i++) {
        if (i == a->n_values || i == b->n_values)
            return (a->n_values > b->n_values) - (a->n_values < b->n_values);
        order = text_compare(a->values[i], b->values[i]);
    }
    return order;
}

static int compare_requirements(const void *a, const void *b)
{
    return compare(a, b);
}

/* Which members of a kind of object we know; the others are only compared. */
struct members {
    const char *const *names;
    size_t count;
};

static bool is_known(const struct members *known, struct text key)
{
    for (size_t i = 0; i < known->count; i++) {
        if (text_is(key, known->names[i]))
            return true;
    }
    return false;
}

/*
 * The members that we do not know, written in one form for all equal ones;
 * absent when there are none.
 */
static bool compile_unknown(const struct json *object,
                            const struct members *known, struct arena *arena,
                            struct text *unknown)
{
    struct buf out = { .arena = arena };
    struct json *rest = NULL, **tail = NULL;

    *unknown = (struct text){ 0 };
    for (const struct json *m = object ? object->child : NULL; m; m = m->next) {
        if (is_known(known, m->key))
            continue;
        if (!rest && (rest = json_object(arena)))
            tail = &rest->child;
        if (!rest || !(*tail = json_copy(arena, m)))
            return false;
        tail = &(*tail)->next;
    }
    if (rest)
        json_write_canonical(&out, rest, arena);
    *unknown = buf_text(&out);
    return !out.failed;
}

static const char *const requirement_names[] = { "key", "operator", "values" };
static const struct members requirement_members = {
    requirement_names, array_len(requirement_names)
};

static bool requirement_compile(const struct json *node, struct arena *arena,
                                struct requirement *out)
{
    const struct json *values = json_get(node, "values");
    size_t count = json_count(values), kept = 0;

    *out = (struct requirement){
        .key = json_string(node, "key"),
        .op = json_string(node, "operator"),
        .values = arena_array(arena, count, sizeof(struct text)),
        .node = node,
    };
    if (!out->values ||
        !compile_unknown(node, &requirement_members, arena, &out->unknown))
        return false;
    for (const struct json *v = values ? values->child : NULL; v; v = v->next)
        out->values[out->n_values++] = v->string;
    if (out->n_values > 1)
        qsort(out->values, out->n_values, sizeof(struct text),
              text_compare_pointers);
    for (size_t i = 0; i < out->n_values; i++) {
        if (kept == 0 || !text_equal(out->values[kept - 1], out->values[i]))
            out->values[kept++] = out->values[i];
    }
    out->n_values = kept;
    return true;
}

/* Compile a list of requirements into canonical order, equal ones once. */
static bool compile_list(const struct json *array, struct arena *arena,
                         struct requirement **list, size_t *count)
{
    size_t total = json_count(array), i = 0, kept = 0;
    struct requirement *out = arena_array(arena, total, sizeof(*out));

    if (!out)
        return false;
    for (const struct json *e = array ? array->child : NULL; e; e = e->next) {
        if (!requirement_compile(e, arena, &out[i++]))
            return false;
    }
    if (total > 1)
        qsort(out, total, sizeof(*out), compare_requirements);
    for (i = 0; i < total; i++) {
        if (kept == 0 || compare(&out[kept - 1], &out[i]) != 0)
            out[kept++] = out[i];
    }
    *list = out;
    *count = kept;
    return true;
}

static const char *const term_names[] = { "matchExpressions", "matchFields" };
static const struct members term_members = { term_names,
                                             array_len(term_names) };

bool term_compile(const struct json *node, struct arena *arena,
                  struct term *term)
{
    *term = (struct term){ .node = node };
    return compile_unknown(node, &term_members, arena, &term->unknown) &&
           compile_list(json_get(node, "matchExpressions"), arena,
                        &term->expressions, &term->n_expressions) &&
           compile_list(json_get(node, "matchFields"), arena, &term->fields,
                        &term->n_fields);
}

bool term_compile_all(const struct json *array, struct arena *arena,
                      struct term **terms, size_t *count)
{
    size_t i = 0;

    *count = json_count(array);
    *terms = arena_array(arena, *count, sizeof(**terms));
    if (!*terms)
        return false;
    for (const struct json *e = array ? array->child : NULL; e; e = e->next) {
        if (!term_compile(e, arena, &(*terms)[i++]))
            return false;
    }
    return true;
}

bool term_compile_preferences(const struct json *array, struct arena *arena,
                              struct term **terms, size_t *count)
{
    *count = 0;
    *terms = arena_array(arena, json_count(array), sizeof(**terms));
    if (!*terms)
        return false;
    for (const struct json *e = array ? array->child : NULL; e; e = e->next) {
        const struct json *preference = json_get(e, "preference");

        if (preference &&
            !term_compile(preference, arena, &(*terms)[(*count)++]))
            return false;
    }
    return true;
}

bool term_compile_selector(const struct json *node_selector,
                           struct arena *arena, struct term *term)
{
    size_t count = json_count(node_selector), i = 0;
    struct requirement *list = arena_array(arena, count, sizeof(*list));
    struct text *values = arena_array(arena, count, sizeof(*values));

    if (!list || !values)
        return false;
    for (const struct json *m = node_selector ? node_selector->child : NULL; m;
         m = m->next, i++) {
        values[i] = m->string;
        list[i] = (struct requirement){
            .key = m->key, .op = TEXT("In"), .values = &values[i], .n_values = 1
        };
    }
    qsort(list, count, sizeof(*list), compare_requirements);
    *term = (struct term){ .expressions = list, .n_expressions = count };
    return true;
}

bool term_is_empty(const struct term *term)
{
    return term->n_expressions == 0 && term->n_fields == 0;
}

static bool equal_lists(const struct requirement *a, size_t n_a,
                        const struct requirement *b, size_t n_b)
{
    if (n_a != n_b)
        return false;
    for (size_t i = 0; i < n_a; i++) {
        if (compare(&a[i], &b[i]) != 0)
            return false;
    }
    return true;
}

bool term_equal(const struct term *a, const struct term *b)
{
    return text_equal(a->unknown, b->unknown) &&
           equal_lists(a->expressions, a->n_expressions, b->expressions,
                       b->n_expressions) &&
           equal_lists(a->fields, a->n_fields, b->fields, b->n_fields);
}

/* Both value lists are sorted: every value of `small` is in `large`. */
static bool is_subset(const struct requirement *small,
                      const struct requirement *large)
{
    size_t j = 0;

    for (size_t i = 0; i < small->n_values; i++) {
        while (j < large->n_values &&
               text_compare(large->values[j], small->values[i]) < 0)
            j++;
        if (j == large->n_values ||
            !text_equal(large->values[j], small->values[i]))
            return false;
    }
    return true;
}

/* The policy's requirement `wanted` has no unknown members: none are allowed
 * in a policy. */
static bool implies(const struct requirement *held,
                    const struct requirement *wanted)
{
    if (held->unknown.data || !text_equal(held->key, wanted->key) ||
        !text_equal(held->op, wanted->op))
        return false;
    if (text_is(held->op, "In") && held->n_values > 0)
        return is_subset(held, wanted);
    return compare(held, wanted) == 0;
}

bool term_implies(const struct term *q, const struct term *p)
{
    for (size_t i = 0; i < p->n_expressions; i++) {
        size_t j = 0;

        while (j < q->n_expressions &&
               !implies(&q->expressions[j], &p->expressions[i]))
            j++;
        if (j == q->n_expressions)
            return false;
    }
    return p->n_expressions > 0;
}

bool term_holds(const struct term *term, const struct requirement *wanted)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        if (compare(&term->expressions[i], wanted) == 0)
            return true;
    }
    return false;
}

struct toleration toleration_read(const struct json *node)
{
    return (struct toleration){ .key = json_string(node, "key"),
                                .op = json_string(node, "operator"),
                                .value = json_string(node, "value"),
                                .effect = json_string(node, "effect") };
}

bool toleration_covers(const struct toleration *toleration,
                       const struct toleration *wanted)
{
    bool exists = text_is(toleration->op, "Exists");
    bool all_keys = exists && toleration->key.len == 0;

    if (!exists && toleration->op.len != 0 && !text_is(toleration->op, "Equal"))
        return false;
    if (!all_keys && !text_equal(toleration->key, wanted->key))
        return false;
    if (toleration->effect.len != 0 &&
        !text_equal(toleration->effect, wanted->effect))
        return false;
    if (exists)
        return true;
    return !text_is(wanted->op, "Exists") &&
           text_equal(toleration->value, wanted->value);
}

bool toleration_is_covered(const struct toleration *list, size_t count,
                           const struct toleration *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (toleration_covers(&list[i], wanted))
            return true;
    }
    return false;
}

const struct json *toleration_find(const struct json *list,
                                   const struct toleration *wanted)
{
    for (const struct json *t = list ? list->child : NULL; t; t = t->next) {
        struct toleration toleration = toleration_read(t);

        if (toleration_covers(&toleration, wanted))
            return t;
    }
    return NULL;
}

const struct json *term_node_affinity(const struct json *spec, const char *part)
{
    return json_get(json_get(json_get(spec, "affinity"), "nodeAffinity"), part);
}

long long term_weight(const struct json *preference)
{
    const struct json *weight = json_get(preference, "weight");
    long long value;

    return weight && text_parse_integer(weight->string, &value) ? value : 0;
}
