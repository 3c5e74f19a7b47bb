/* oracle.c - see oracle.h for the contract. */
#include "oracle.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

#define REQUIRED "requiredDuringSchedulingIgnoredDuringExecution"
#define PREFERRED "preferredDuringSchedulingIgnoredDuringExecution"

enum { MAX_TERMS = 64, MAX_TEXTS = 4096 };

/* --- texts that are equal when values are ------------------------------ */

/* A list of texts that is sorted, and printed with each once or all. */
struct texts {
    const char *list[MAX_TEXTS];
    size_t count;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *join(struct texts *texts, struct arena *arena)
{
    struct buf out = { .arena = arena };

    qsort(texts->list, texts->count, sizeof(*texts->list), by_text);
    buf_add_string(&out, "{");
    for (size_t i = 0; i < texts->count; i++) {
        if (i == 0 || strcmp(texts->list[i - 1], texts->list[i]) != 0)
            buf_printf(&out, "%s;", texts->list[i]);
    }
    buf_add_string(&out, "}");
    return out.data;
}

static void add_text(struct texts *texts, const char *text)
{
    assert_true(texts->count < MAX_TEXTS);
    texts->list[texts->count++] = text;
}

static bool is_last(const struct json *member)
{
    for (const struct json *m = member->next; m; m = m->next) {
        if (text_equal(m->key, member->key))
            return false;
    }
    return true;
}

/* The members of an object, but for three names. */
static const char *members(struct arena *arena, const struct json *object,
                           const char *but1, const char *but2, const char *but3)
{
    struct texts texts = { .count = 0 };

    for (const struct json *m = object ? object->child : NULL; m; m = m->next) {
        struct buf out = { .arena = arena };

        if (!is_last(m) || text_is(m->key, but1) || text_is(m->key, but2) ||
            text_is(m->key, but3))
            continue;
        json_write_string(&out, m->key);
        buf_printf(&out, ":%s", oracle_canonical(arena, m));
        add_text(&texts, out.data);
    }
    return join(&texts, arena);
}

const char *oracle_canonical(struct arena *arena, const struct json *value)
{
    struct buf out = { .arena = arena };

    if (value->type == JSON_OBJECT)
        return members(arena, value, "\x01", "\x01", "\x01");
    if (value->type == JSON_STRING) {
        json_write_string(&out, value->string);
    } else if (value->type == JSON_ARRAY) {
        buf_add_char(&out, '[');
        for (const struct json *e = value->child; e; e = e->next)
            buf_printf(&out, "%s,", oracle_canonical(arena, e));
        buf_add_char(&out, ']');
    } else {
        json_write(&out, value);
    }
    return out.data;
}

/* --- requirements and terms -------------------------------------------- */

/* A string or, for null, the empty one. */
static const char *string_of(struct arena *arena, const struct json *value)
{
    return arena_string(arena, value ? value->string : (struct text){ 0 });
}

static const char *value_set(struct arena *arena, const struct json *r)
{
    struct texts texts = { .count = 0 };

    for (const struct json *v = json_first(r, "values"); v; v = v->next)
        add_text(&texts, string_of(arena, v));
    return join(&texts, arena);
}

static const char *requirement_text(struct arena *arena, const struct json *r)
{
    struct buf out = { .arena = arena };

    buf_printf(&out, "%s %s %s %s", string_of(arena, json_get(r, "key")),
               string_of(arena, json_get(r, "operator")), value_set(arena, r),
               members(arena, r, "key", "operator", "values"));
    return out.data;
}

static const char *requirements_text(struct arena *arena,
                                     const struct json *term, const char *list)
{
    struct texts texts = { .count = 0 };

    for (const struct json *r = json_first(term, list); r; r = r->next)
        add_text(&texts, requirement_text(arena, r));
    return join(&texts, arena);
}

static const char *term_text(struct arena *arena, const struct json *term)
{
    struct buf out = { .arena = arena };

    buf_printf(&out, "%s / %s / %s",
               requirements_text(arena, term, "matchExpressions"),
               requirements_text(arena, term, "matchFields"),
               members(arena, term, "matchExpressions", "matchFields", ""));
    return out.data;
}

static bool is_empty(const struct json *term)
{
    return !json_first(term, "matchExpressions") &&
           !json_first(term, "matchFields");
}

static bool has_value(struct arena *arena, const struct json *r,
                      const char *value)
{
    for (const struct json *v = json_first(r, "values"); v; v = v->next) {
        if (strcmp(string_of(arena, v), value) == 0)
            return true;
    }
    return false;
}

static bool is_narrower_in(struct arena *arena, const struct json *held,
                           const struct json *wanted)
{
    if (!text_is(json_string(held, "operator"), "In") ||
        !text_is(json_string(wanted, "operator"), "In") ||
        !text_equal(json_string(held, "key"), json_string(wanted, "key")) ||
        !json_first(held, "values") ||
        strcmp(members(arena, held, "key", "operator", "values"), "{}") != 0)
        return false;
    for (const struct json *v = json_first(held, "values"); v; v = v->next) {
        if (!has_value(arena, wanted, string_of(arena, v)))
            return false;
    }
    return true;
}

/* True when `term` has a requirement equal to `wanted`, or implying it. */
static bool holds(struct arena *arena, const struct json *term,
                  const struct json *wanted, bool or_implies)
{
    const char *text = requirement_text(arena, wanted);

    for (const struct json *r = json_first(term, "matchExpressions"); r;
         r = r->next) {
        if (strcmp(requirement_text(arena, r), text) == 0 ||
            (or_implies && is_narrower_in(arena, r, wanted)))
            return true;
    }
    return false;
}

static bool is_satisfied(struct arena *arena, const struct json *terms,
                         const struct json *q)
{
    for (const struct json *p = terms->child; p; p = p->next) {
        const struct json *wanted = json_first(p, "matchExpressions");

        while (wanted && holds(arena, q, wanted, true))
            wanted = wanted->next;
        if (!wanted)
            return true;
    }
    return false;
}

static struct json *conjoin(struct arena *arena, const struct json *q,
                            const struct json *p)
{
    struct json *both = json_edit(arena, q, JSON_OBJECT);
    struct json *list =
        json_edit(arena, json_get(q, "matchExpressions"), JSON_ARRAY);

    assert_true(json_set(both, text_of("matchExpressions"), list));
    for (const struct json *r = json_first(p, "matchExpressions"); r;
         r = r->next) {
        if (!holds(arena, both, r, false))
            assert_true(json_append(list, json_copy(arena, r)));
    }
    return both;
}

/* --- the merge --------------------------------------------------------- */

/* Terms as they are made, and their texts. */
struct result {
    struct json *array;
    const char *texts[MAX_TEXTS];
    size_t count;
};

static void add_term(struct result *result, const struct json *term,
                     struct arena *arena)
{
    const char *text = term_text(arena, term);

    for (size_t i = 0; i < result->count && !is_empty(term); i++) {
        if (strcmp(result->texts[i], text) == 0)
            return;
    }
    assert_true(result->count < MAX_TEXTS);
    result->texts[result->count++] = text;
    assert_true(json_append(result->array, json_copy(arena, term)));
}

/* The terms that should be; NULL when the pod's are to stay as they are. */
static struct json *merge_terms(const struct json *wanted,
                                const struct json *own, struct arena *arena,
                                enum reason *reason)
{
    struct result *result = arena_new(arena, struct result);
    size_t empty = 0, replaced = 0, all = json_count(own);

    result->array = json_array(arena);
    if (all == 0)
        return json_copy(arena, wanted);
    for (const struct json *q = own->child; q; q = q->next) {
        if (is_empty(q) || is_satisfied(arena, wanted, q)) {
            empty += is_empty(q);
            add_term(result, q, arena);
            continue;
        }
        replaced++;
        for (const struct json *p = wanted->child; p; p = p->next)
            add_term(result, conjoin(arena, q, p), arena);
    }
    if (empty == all)
        *reason = REASON_NO_FEASIBLE_TERM;
    else if (replaced && result->count > MAX_TERMS)
        *reason = REASON_TOO_MANY_TERMS;
    return replaced && *reason == REASON_APPLIED ? result->array : NULL;
}

static bool covers(const struct json *t, const struct json *wanted)
{
    struct text op = json_string(t, "operator");
    struct text effect = json_string(t, "effect");
    bool exists = text_is(op, "Exists");
    bool key = text_equal(json_string(t, "key"), json_string(wanted, "key")) ||
               (exists && text_is(json_string(t, "key"), ""));
    bool same_value =
        !text_is(json_string(wanted, "operator"), "Exists") &&
        text_equal(json_string(t, "value"), json_string(wanted, "value"));

    return key &&
           (effect.len == 0 ||
            text_equal(effect, json_string(wanted, "effect"))) &&
           (exists || ((op.len == 0 || text_is(op, "Equal")) && same_value));
}

static struct json *merge_tolerations(const struct json *wanted,
                                      const struct json *own,
                                      struct arena *arena)
{
    struct json *merged = json_edit(arena, own, JSON_ARRAY);

    for (const struct json *w = wanted->child; w; w = w->next) {
        const struct json *t = merged->child;

        while (t && !covers(t, w))
            t = t->next;
        if (!t)
            assert_true(json_append(merged, json_copy(arena, w)));
    }
    return merged;
}

static struct json *merge_preferred(const struct json *wanted,
                                    const struct json *own, struct arena *arena)
{
    struct json *merged = json_edit(arena, own, JSON_ARRAY);

    for (const struct json *w = wanted->child; w; w = w->next) {
        const char *text = term_text(arena, json_get(w, "preference"));
        const struct json *e = own ? own->child : NULL;

        while (e && strcmp(term_text(arena, json_get(e, "preference")), text))
            e = e->next;
        if (!e)
            assert_true(json_append(merged, json_copy(arena, w)));
    }
    return merged;
}

/* Set a member unless the list there is empty and there was nothing. */
static void set(struct json *object, const char *key, struct json *value)
{
    if (value->child || json_get(object, key))
        assert_true(json_set(object, text_of(key), value));
}

struct json *oracle_merge(const struct policy *policy, const struct json *pod,
                          bool tolerations_only, struct arena *arena,
                          enum reason *reason)
{
    struct json *after = json_edit(arena, pod, JSON_OBJECT);
    struct json *spec = json_edit(arena, json_get(pod, "spec"), JSON_OBJECT);
    const struct json *affinity = json_get(spec, "affinity");
    const struct json *node = json_get(affinity, "nodeAffinity");
    struct json *outer = json_edit(arena, affinity, JSON_OBJECT);
    struct json *inner = json_edit(arena, node, JSON_OBJECT);
    struct json *required =
        json_edit(arena, json_get(node, REQUIRED), JSON_OBJECT);
    struct json *terms = NULL;

    *reason = REASON_APPLIED;
    if (policy->tolerations)
        set(spec, "tolerations",
            merge_tolerations(policy->tolerations,
                              json_get(spec, "tolerations"), arena));
    if (policy->required && !tolerations_only)
        terms =
            merge_terms(policy->required,
                        json_get(required, "nodeSelectorTerms"), arena, reason);
    if (terms) {
        set(required, "nodeSelectorTerms", terms);
        set(inner, REQUIRED, required);
    }
    if (policy->preferred && !tolerations_only && *reason == REASON_APPLIED)
        set(inner, PREFERRED,
            merge_preferred(policy->preferred, json_get(node, PREFERRED),
                            arena));
    if (policy->fill_first && !tolerations_only && *reason == REASON_APPLIED &&
        !json_first(spec, "topologySpreadConstraints"))
        set(spec, "topologySpreadConstraints",
            pods_json(arena, "[{'maxSkew':2147483647,'topologyKey':"
                             "'kubernetes.io/hostname',"
                             "'whenUnsatisfiable':'DoNotSchedule'}]"));
    set(outer, "nodeAffinity", inner);
    set(spec, "affinity", outer);
    set(after, "spec", spec);
    return after;
}
