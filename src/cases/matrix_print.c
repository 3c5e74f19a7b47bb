/* matrix_print.c - two outcomes side by side; see matrix.h for the contract. */
#include "spillway/matrix.h"

#include <stdint.h>

#include "spillway/arena.h"
#include "spillway/diff.h"
#include "spillway/json.h"
#include "spillway/jsonout.h"
#include "spillway/macros.h"
#include "spillway/policy.h"
#include "spillway/shape.h"
#include "spillway/term.h"
#include "spillway/words.h"
#include "spillway/yaml.h"

/* --- one side in words ------------------------------------------------- */

/* What stands between the elements of a list, and how many are left out when
 * it is long; true while the element is to be said. */
static bool begin_element(struct buf *out, size_t i, size_t count,
                          const char *between)
{
    if (i == WORDS_LIST_MAX && count > WORDS_LIST_MAX + 1) {
        buf_printf(out, "%s%zu more", between, count - WORDS_LIST_MAX);
        return false;
    }
    buf_add_string(out, i ? between : "");
    return true;
}

static void add_tolerations(struct buf *out,
                            const struct matrix_outcome *outcome)
{
    const struct json *list = json_get(outcome->result, "tolerations");
    size_t count = json_count(list), i = 0;

    if (!count)
        buf_add_string(out, "nothing");
    for (const struct json *e = count ? list->child : NULL; e; e = e->next) {
        if (!begin_element(out, i++, count, ", "))
            return;
        words_toleration(out, e);
    }
}

static void add_required(struct buf *out, const struct matrix_outcome *outcome)
{
    const struct json *required =
        term_node_affinity(outcome->result, REQUIRED_AFFINITY);
    const struct json *list = json_get(required, "nodeSelectorTerms");
    size_t count = json_count(list), i = 0;

    if (!count)
        buf_add_string(out, required ? "no node" : "any node");
    for (const struct json *e = count ? list->child : NULL; e; e = e->next) {
        if (!begin_element(out, i++, count, ", or "))
            return;
        words_term(out, e);
    }
}

static void add_preferred(struct buf *out, const struct matrix_outcome *outcome)
{
    const struct json *list =
        term_node_affinity(outcome->result, PREFERRED_AFFINITY);
    size_t count = json_count(list), i = 0;

    if (!count)
        buf_add_string(out, "nothing");
    for (const struct json *e = count ? list->child : NULL; e; e = e->next) {
        const struct json *weight = json_get(e, "weight");

        if (!begin_element(out, i++, count, ", "))
            return;
        words_term(out, json_get(e, "preference"));
        buf_add_string(out, " (");
        words_outside(out, weight ? weight->string : text_of("0"));
        buf_add_char(out, ')');
    }
}

static void add_policy(struct buf *out, const struct matrix_outcome *outcome)
{
    if (outcome->admission.policy)
        words_outside(out, outcome->admission.policy->name);
    else
        buf_add_string(out, "none");
}

static void add_warnings(struct buf *out, const struct matrix_outcome *outcome)
{
    if (!outcome->admission.n_warnings)
        buf_add_string(out, "none");
    for (size_t i = 0; i < outcome->admission.n_warnings; i++) {
        buf_add_string(out, i ? "; " : "");
        words_outside(out, text_of(outcome->admission.warnings[i].text));
    }
}

/* --- both -------------------------------------------------------------- */

/* What there is to say about an outcome. */
/* clang-format off */
static const struct aspect {
    const char *name, *key; /* in text, in JSON */
    void (*add)(struct buf *out, const struct matrix_outcome *outcome);
} aspects[] = {
    { "policy",     "policy",    add_policy      },
    { "tolerates",  "tolerates", add_tolerations },
    { "may run on", "mayRunOn",  add_required    },
    { "prefers",    "prefers",   add_preferred   },
    { "warnings",   "warnings",  add_warnings    },
};
/* clang-format on */

/* "  NAME: OLD -> NEW", when they differ. */
static void add_aspect(struct buf *out, const struct aspect *aspect,
                       const struct matrix_case *of)
{
    auto_buf struct buf old = { 0 }, new = { 0 };

    aspect->add(&old, &of->sides[MATRIX_OLD]);
    aspect->add(&new, &of->sides[MATRIX_NEW]);
    out->failed |= old.failed || new.failed;
    if (text_equal(buf_text(&old), buf_text(&new)))
        return;
    buf_printf(out, "  %s: ", aspect->name);
    buf_add_text(out, buf_text(&old));
    buf_add_string(out, " -> ");
    buf_add_text(out, buf_text(&new));
    buf_add_char(out, '\n');
}

/* As YAML, members by their keys, so that order is no difference. */
static bool add_yaml(struct buf *out, const struct json *value,
                     struct arena *arena, struct error *err)
{
    struct buf canonical = { .arena = arena };
    struct json_document document;

    json_write_canonical(&canonical, value, arena);
    return buf_ok(&canonical, err) &&
           json_read(buf_text(&canonical), &json_any, SIZE_MAX, arena,
                     &document, err) &&
           yaml_write(out, document.root, err);
}

/* The members of one side that the other has not the same way. */
static bool add_changed(struct buf *out, const struct json *result,
                        const struct json *other, struct arena *arena,
                        struct error *err)
{
    struct json *changed = json_object(arena);

    if (!changed)
        return error_no_memory(err);
    for (const struct json *m = result->child; m; m = m->next) {
        const struct json *twin = json_get_text(other, m->key);

        if (twin && json_equal(m, twin, arena))
            continue;
        if (!json_set(changed, m->key, json_copy(arena, m)))
            return error_no_memory(err);
    }
    return !changed->child || add_yaml(out, changed, arena, err);
}

static bool add_diff(struct buf *out, const struct matrix_case *of,
                     const char *const names[], const char *margin,
                     struct arena *arena, struct error *err)
{
    const struct json *a = of->sides[MATRIX_OLD].result;
    const struct json *b = of->sides[MATRIX_NEW].result;
    const struct diff_style style = { names[MATRIX_OLD], names[MATRIX_NEW],
                                      false, margin };
    auto_buf struct buf old = { 0 }, new = { 0 };

    return add_changed(&old, a, b, arena, err) &&
           add_changed(&new, b, a, arena, err) &&
           diff_write(out, buf_text(&old), buf_text(&new), &style, err);
}

static void add_outcome(struct buf *out, const struct matrix_outcome *outcome)
{
    buf_printf(out, "%s (%s)", decision_name(outcome->admission.decision),
               reason_name(outcome->admission.reason));
}

bool matrix_write(struct buf *out, const char *name,
                  const struct matrix_case *of, const char *const names[],
                  struct arena *arena, struct error *err)
{
    buf_add_shown(out, text_of(name), SIZE_MAX);
    buf_add_string(out, ": ");
    add_outcome(out, &of->sides[MATRIX_OLD]);
    buf_add_string(out, " -> ");
    add_outcome(out, &of->sides[MATRIX_NEW]);
    buf_add_char(out, '\n');
    for (size_t i = 0; i < array_len(aspects); i++)
        add_aspect(out, &aspects[i], of);
    return add_diff(out, of, names, "  ", arena, err) && buf_ok(out, err);
}

/* --- JSON -------------------------------------------------------------- */

static cJSON *outcome_json(const struct matrix_outcome *outcome)
{
    cJSON *object = cJSON_CreateObject(), *list;
    const struct admission *admission = &outcome->admission;

    jsonout_add(object, "decision",
                text_of(decision_name(admission->decision)));
    jsonout_add(object, "reason", text_of(reason_name(admission->reason)));
    jsonout_add(object, "policy",
                admission->policy ? admission->policy->name
                                  : (struct text){ 0 });
    list = cJSON_AddArrayToObject(object, "warnings");
    for (size_t i = 0; i < admission->n_warnings; i++)
        jsonout_append(list, text_of(admission->warnings[i].text));
    return object;
}

/* The aspects in words; policy and warnings are there already. */
static void add_words(cJSON *object, const struct matrix_outcome *outcome)
{
    for (size_t i = 0; i < array_len(aspects); i++) {
        auto_buf struct buf words = { 0 };

        if (cJSON_HasObjectItem(object, aspects[i].key))
            continue;
        aspects[i].add(&words, outcome);
        jsonout_add(object, aspects[i].key, buf_text(&words));
    }
}

cJSON *matrix_json(const char *name, const struct matrix_case *of,
                   const char *const names[], struct arena *arena,
                   struct error *err)
{
    static const char *const keys[] = { "old", "new" };
    struct buf diff = { .arena = arena };
    cJSON *root;

    if (!add_diff(&diff, of, names, "", arena, err))
        return NULL;
    root = cJSON_CreateObject();
    jsonout_add(root, "name", text_of(name));
    for (size_t i = 0; i < MATRIX_SIDES; i++) {
        cJSON *side = outcome_json(&of->sides[i]);

        add_words(side, &of->sides[i]);
        (void)cJSON_AddItemToObject(root, keys[i], side);
    }
    jsonout_add(root, "diff", diff.len ? buf_text(&diff) : text_of(""));
    return root;
}
