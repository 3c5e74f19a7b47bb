/* testcase_compare.c - expected and actual; see testcase.h for the contract. */
#include "spillway/testcase.h"

#include <stdint.h>
#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/diff.h"
#include "spillway/macros.h"
#include "spillway/policy.h"
#include "spillway/yaml.h"

/* --- expect.yaml ------------------------------------------------------- */

static void compare_word(const struct testcase_result *result,
                         const struct json *expected, struct text actual)
{
    struct text wanted = expected->string; /* absent for null: none */

    if (expected->type != JSON_STRING && expected->type != JSON_NULL)
        buf_printf(result->findings, "%s:%u: %.*s must be a string\n",
                   testcase_file_name(result->testcase->expect), expected->line,
                   TEXT_ARG(expected->key));
    else if (!text_equal(wanted, actual))
        buf_printf(result->findings, "%.*s: expected %.*s, got %.*s\n",
                   TEXT_ARG(expected->key),
                   TEXT_ARG(wanted.len ? wanted : text_of("none")),
                   TEXT_ARG(actual.len ? actual : text_of("none")));
}

static bool contains(const char *text, struct text part)
{
    return part.len == 0 || memmem(text, strlen(text), part.data, part.len);
}

/* Each expected text must be in the warning at its place. */
static void compare_warnings(const struct testcase_result *result,
                             const struct json *expected)
{
    const struct admission *actual = &result->admission;
    /* In shadow mode they are counted, and not sent. */
    size_t count =
        actual->decision == DECISION_SHADOWED ? 0 : actual->n_warnings;
    const struct json *e = expected->child;

    for (size_t i = 0; i < count || e; i++, e = e ? e->next : NULL) {
        if (i >= count)
            buf_printf(result->findings, "warnings: %zu: missing: %.*s\n",
                       i + 1, TEXT_ARG(e->string));
        else if (!e)
            buf_printf(result->findings, "warnings: %zu: not expected: %s\n",
                       i + 1, actual->warnings[i].text);
        else if (!contains(actual->warnings[i].text, e->string))
            buf_printf(result->findings,
                       "warnings: %zu: expected %.*s, got %s\n", i + 1,
                       TEXT_ARG(e->string), actual->warnings[i].text);
    }
}

static bool is_list_of_strings(const struct json *value)
{
    if (value->type != JSON_ARRAY)
        return value->type == JSON_NULL;
    for (const struct json *e = value->child; e; e = e->next) {
        if (e->type != JSON_STRING)
            return false;
    }
    return true;
}

static void compare_member(const struct testcase_result *result,
                           const struct json *expected)
{
    const struct admission *actual = &result->admission;
    const char *file = testcase_file_name(result->testcase->expect);

    if (text_is(expected->key, "decision"))
        compare_word(result, expected,
                     text_of(decision_name(actual->decision)));
    else if (text_is(expected->key, "reason"))
        compare_word(result, expected, text_of(reason_name(actual->reason)));
    else if (text_is(expected->key, "policy"))
        compare_word(result, expected,
                     actual->policy ? actual->policy->name
                                    : (struct text){ 0 });
    else if (!text_is(expected->key, "warnings"))
        buf_printf(result->findings,
                   "%s:%u: unknown key '%.*s' (there are decision, reason, "
                   "policy and warnings)\n",
                   file, expected->line,
                   TEXT_ARG(text_clip(expected->key, 100)));
    else if (!is_list_of_strings(expected))
        buf_printf(result->findings,
                   "%s:%u: warnings must be a list of strings\n", file,
                   expected->line);
    else
        compare_warnings(result, expected);
}

/* Read a file of expectations; NULL after the reason became a finding. */
static struct json *read_document(const struct testcase_result *result,
                                  const char *path)
{
    struct yaml_documents documents;
    struct text bytes;

    return testcase_read_document(path, result->arena, &bytes, &documents,
                                  result->findings)
               ? documents.list[0]
               : NULL;
}

static void compare_expect(const struct testcase_result *result)
{
    const struct json *root = read_document(result, result->testcase->expect);

    if (!root)
        return;
    if (root->type != JSON_OBJECT || !root->child) {
        buf_printf(result->findings,
                   "%s: expects nothing (give decision, "
                   "reason, policy or warnings)\n",
                   testcase_file_name(result->testcase->expect));
        return;
    }
    for (const struct json *m = root->child; m; m = m->next)
        compare_member(result, m);
}

/* --- patch.json -------------------------------------------------------- */

static void add_operation(const struct testcase_result *result,
                          const char *what, const struct json *operation)
{
    buf_printf(result->findings, "  %s ", what);
    if (operation)
        json_write(result->findings, operation);
    else
        buf_add_string(result->findings, "none");
    buf_add_char(result->findings, '\n');
}

static void compare_operations(const struct testcase_result *result,
                               const struct json *expected)
{
    const struct json *actual = result->patch->child, *e = expected->child;

    for (size_t i = 1; e || actual; i++) {
        if (!e || !actual || !json_equal(e, actual, result->arena)) {
            buf_printf(result->findings,
                       "patch.json: operation %zu is another\n", i);
            add_operation(result, "expected", e);
            add_operation(result, "got     ", actual);
        }
        e = e ? e->next : NULL;
        actual = actual ? actual->next : NULL;
    }
}

static void compare_patch(const struct testcase_result *result)
{
    struct json_document document;
    struct error err = { 0 };
    struct text bytes;

    if (!testcase_read(result->testcase->patch, result->arena, &bytes,
                       result->findings))
        return;
    if (!json_read(bytes, &json_any, DOCUMENT_MAX_VALUES, result->arena,
                   &document, &err))
        buf_printf(result->findings, "patch.json: %s\n", err.text);
    else if (document.root->type != JSON_ARRAY)
        buf_printf(result->findings, "patch.json: expected an array of "
                                     "operations, [] for no patch\n");
    else
        compare_operations(result, document.root);
}

/* --- object.yaml ------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    const struct json *const *x = a, *const *y = b;

    return text_compare((*x)->key, (*y)->key);
}

/* Bring the members of all objects into the order of their keys, so that a
 * diff shows what differs and not where it stands.  False when memory is
 * short. */
static bool sort_members(struct json *value)
{
    size_t count = json_count(value), i = 0;
    auto_free struct json **members = calloc(count + 1, sizeof(*members));

    if (!members)
        return false;
    for (struct json *m = value->child; m; m = m->next) {
        if (!sort_members(m))
            return false;
        members[i++] = m;
    }
    if (value->type != JSON_OBJECT || count == 0)
        return true;
    qsort(members, count, sizeof(struct json *), compare_keys);
    value->child = members[0];
    for (i = 0; i < count; i++)
        members[i]->next = members[i + 1];
    return true;
}

static bool add_sorted(const struct testcase_result *result,
                       const struct json *value, struct buf *out,
                       struct error *err)
{
    struct json *copy = json_clone(result->arena, value);

    if (!copy || !sort_members(copy))
        return error_no_memory(err);
    return yaml_write(out, copy, err);
}

static bool compare_object(const struct testcase_result *result,
                           struct error *err)
{
    const struct diff_style style = { "object.yaml (expected)",
                                      "the object (got)", result->colour,
                                      "  " };
    const struct json *actual = result->objects.after;
    auto_buf struct buf wanted = { 0 }, got = { 0 };
    const struct json *expected =
        read_document(result, result->testcase->object);

    if (!expected)
        return true;
    if (actual && json_equal(expected, actual, result->arena))
        return true;
    buf_add_string(result->findings, "object.yaml: the object is another\n");
    if (!actual)
        return true;
    return add_sorted(result, expected, &wanted, err) &&
           add_sorted(result, actual, &got, err) &&
           diff_write(result->findings, buf_text(&wanted), buf_text(&got),
                      &style, err);
}

bool testcase_compare(const struct testcase_result *result, struct error *err)
{
    const struct testcase *testcase = result->testcase;

    if (!testcase->expect && !testcase->patch && !testcase->object)
        buf_add_string(result->findings,
                       "nothing is expected (add expect.yaml, patch.json or "
                       "object.yaml)\n");
    if (testcase->expect)
        compare_expect(result);
    if (testcase->patch)
        compare_patch(result);
    return !testcase->object || compare_object(result, err);
}
