/*
 * testcase_compare.c - expected and actual: the patch and the object; see
 * testcase.h for the contract.
 */
#include "spillway/testcase.h"

#include <stdio.h>
#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/diff.h"
#include "spillway/macros.h"
#include "spillway/yaml.h"

/* --- what differs ------------------------------------------------------ */

bool testcase_differs(struct testcase_result *result, const char *path,
                      const char *what, const struct buf *wanted,
                      const struct buf *got, struct text content,
                      struct error *err)
{
    const struct diff_style style = { "expected", "got", false, "  " };
    const char *copy = arena_string(result->arena, content);

    if (!copy || !buf_ok(wanted, err) || !buf_ok(got, err))
        return error_no_memory(err);
    result->changes[result->n_changes++] =
        (struct testcase_change){ path, { copy, content.len } };
    buf_printf(&result->differences, "%s: %s\n", testcase_file_name(path),
               what);
    return diff_write(&result->differences, buf_text(wanted), buf_text(got),
                      &style, err);
}

/* Read a file of expectations; NULL after the reason became a finding. */
static struct json *read_document(struct testcase_result *result,
                                  const char *path)
{
    struct yaml_documents documents;
    struct text bytes;

    return testcase_read_document(path, result->arena, &bytes, &documents,
                                  &result->findings)
               ? documents.list[0]
               : NULL;
}

/* --- patch.json -------------------------------------------------------- */

/* One operation a line: as it is written to the file when it stays. */
static void add_file_line(struct buf *out, size_t i,
                          const struct json *operation, bool is_kept)
{
    bool is_line = is_kept && operation->raw.len &&
                   !memchr(operation->raw.data, '\n', operation->raw.len);

    buf_add_string(out, i ? ",\n  " : "\n  ");
    if (is_line)
        buf_add_text(out, operation->raw);
    else
        json_write(out, operation);
}

/* For the diff: members by their keys, so that order is no difference. */
static void add_line(struct buf *out, const struct json *operation,
                     struct arena *arena)
{
    json_write_canonical(out, operation, arena);
    buf_add_char(out, '\n');
}

static bool compare_operations(struct testcase_result *result,
                               const struct json *expected, struct error *err)
{
    auto_buf struct buf wanted = { 0 }, got = { 0 }, content = { 0 };
    const struct json *e = expected->child;
    bool all = true;
    size_t i = 0;

    buf_add_char(&content, '[');
    for (const struct json *a = result->patch->child; a; a = a->next, i++) {
        bool same = e && json_equal(e, a, result->arena);

        all = all && same;
        if (e)
            add_line(&wanted, e, result->arena);
        add_line(&got, a, result->arena);
        add_file_line(&content, i, same ? e : a, same);
        e = e ? e->next : NULL;
    }
    all = all && !e;
    for (; e; e = e->next)
        add_line(&wanted, e, result->arena);
    buf_add_string(&content, i ? "\n]\n" : "]\n");
    if (all)
        return true;
    return buf_ok(&content, err) &&
           testcase_differs(result, result->testcase->patch,
                            "the patch is another", &wanted, &got,
                            buf_text(&content), err);
}

static bool compare_patch(struct testcase_result *result, struct error *err)
{
    struct json_document document;
    struct error found = { 0 };
    struct text bytes;

    if (!testcase_read(result->testcase->patch, result->arena, &bytes,
                       &result->findings))
        return true;
    if (!json_read(bytes, &json_any, DOCUMENT_MAX_VALUES, result->arena,
                   &document, &found))
        buf_printf(&result->findings, "patch.json: %s\n", found.text);
    else if (document.root->type != JSON_ARRAY)
        buf_add_string(&result->findings, "patch.json: expected an array of "
                                          "operations, [] for no patch\n");
    else
        return compare_operations(result, document.root, err);
    return true;
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

static bool compare_object(struct testcase_result *result, struct error *err)
{
    const struct json *actual = result->objects.after;
    auto_buf struct buf wanted = { 0 }, got = { 0 }, content = { 0 };
    const struct json *expected =
        read_document(result, result->testcase->object);

    if (!expected)
        return true;
    if (!actual) {
        buf_add_string(&result->findings,
                       "object.yaml: the review has no object\n");
        return true;
    }
    if (json_equal(expected, actual, result->arena))
        return true;
    return add_sorted(result, expected, &wanted, err) &&
           add_sorted(result, actual, &got, err) &&
           yaml_write(&content, actual, err) && buf_ok(&content, err) &&
           testcase_differs(result, result->testcase->object,
                            "the object is another", &wanted, &got,
                            buf_text(&content), err);
}

bool testcase_compare(struct testcase_result *result, struct error *err)
{
    const struct testcase *testcase = result->testcase;
    const struct json *expect = NULL;

    if (testcase->expect)
        expect = read_document(result, testcase->expect);
    if ((expect ||
         (!testcase->expect && !testcase->patch && !testcase->object)) &&
        !testcase_compare_expect(result, expect, err))
        return false;
    return (!testcase->patch || compare_patch(result, err)) &&
           (!testcase->object || compare_object(result, err));
}
