/* testcase.c - runs one case; see testcase.h for the contract. */
#include "spillway/testcase.h"

#include <string.h>

#include "spillway/arena.h"
#include "spillway/file.h"
#include "spillway/policy.h"
#include "spillway/yaml.h"

const char *testcase_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool testcase_read(const char *path, struct arena *arena, struct text *bytes,
                   struct buf *findings)
{
    struct buf content = { .arena = arena };
    struct error err = { 0 };

    if (!file_read(path, DOCUMENT_MAX_BYTES, &content, &err)) {
        buf_printf(findings, "%s\n", err.text);
        return false;
    }
    *bytes = buf_text(&content);
    return true;
}

bool testcase_read_document(const char *path, struct arena *arena,
                            struct text *bytes,
                            struct yaml_documents *documents,
                            struct buf *findings)
{
    const char *name = testcase_file_name(path);
    struct error err = { 0 };

    if (!testcase_read(path, arena, bytes, findings))
        return false;
    if (!yaml_read(*bytes, DOCUMENT_MAX_VALUES, arena, documents, &err)) {
        buf_printf(findings, "%s: %s\n", name, err.text);
        return false;
    }
    if (documents->count != 1)
        buf_printf(findings, "%s: expected one document, found %zu\n", name,
                   documents->count);
    return documents->count == 1;
}

/* Read the input of a case.  NULL after the reason became a finding. */
static struct json *read_input(const struct testcase *testcase,
                               struct document_place *place,
                               struct arena *arena, struct buf *findings)
{
    struct yaml_documents documents;

    if (!testcase_read_document(testcase->input, arena, &place->bytes,
                                &documents, findings))
        return NULL;
    place->is_json = documents.is_json[0];
    place->is_only = true;
    if (testcase->is_review && !place->is_json) {
        buf_printf(findings, "%s: expected JSON\n", place->file);
        return NULL;
    }
    if (document_is_list(documents.list[0])) {
        buf_printf(findings, "%s: a case has one object; this is a List\n",
                   place->file);
        return NULL;
    }
    return documents.list[0];
}

bool testcase_open(const struct testcase *testcase, struct arena *arena,
                   struct document_place *place, struct document *document,
                   struct buf *findings)
{
    struct error found = { 0 };
    struct json *root;

    *place = (struct document_place){
        .file = testcase_file_name(testcase->input),
    };
    root = read_input(testcase, place, arena, findings);
    if (!root)
        return false;
    if (document_open(root, place, text_of("default"), arena, document,
                      &found) &&
        (!testcase->is_review || document->kind == DOCUMENT_REVIEW ||
         error_set(&found, ERROR_INVALID, "%s: not an AdmissionReview",
                   place->file)))
        return true;
    buf_printf(findings, "%s\n", found.text);
    return false;
}

/* The case's own policy.  NULL after its mistakes became findings. */
static struct policy_set *own_policy(const char *path, struct buf *findings)
{
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    struct policy_set *set = file_load_policy(path, &mistakes, &err);

    if (!set && err.kind != ERROR_NONE)
        buf_printf(findings, "%s\n", err.text);
    else if (!set)
        buf_add_text(findings, buf_text(&mistakes));
    return set;
}

/* Evaluate, prove, compare. */
static bool evaluate(const struct policy_set *set,
                     const struct document_place *place,
                     struct testcase_result *result, struct error *err)
{
    struct document *document = &result->document;
    struct admission *admission = &result->admission;
    struct error found = { 0 };

    if (!document_admit(document, place, set, result->arena, admission,
                        &found)) {
        buf_printf(&result->findings, "%s\n", found.text);
        return true;
    }
    result->patch = document_patch(document, admission, result->arena, err);
    if (!result->patch || !laws_check(set, document, admission, result->arena,
                                      &result->objects, &result->findings, err))
        return false;
    result->evaluated = true;
    return testcase_compare(result, err);
}

bool testcase_run(const struct testcase *testcase, const struct policy_set *set,
                  struct arena *arena, struct testcase_result *result,
                  struct error *err)
{
    struct document_place place;

    *result = (struct testcase_result){
        .testcase = testcase,
        .arena = arena,
        .findings = { .arena = arena },
        .differences = { .arena = arena },
    };
    if (testcase->policy) {
        result->own = own_policy(testcase->policy, &result->findings);
        if (!result->own)
            return buf_ok(&result->findings, err);
    }
    if (testcase_open(testcase, arena, &place, &result->document,
                      &result->findings) &&
        !evaluate(result->own ? result->own : set, &place, result, err))
        return false;
    return buf_ok(&result->findings, err) && buf_ok(&result->differences, err);
}

void testcase_result_done(struct testcase_result *result)
{
    policy_set_free(result->own);
    result->own = NULL;
}
