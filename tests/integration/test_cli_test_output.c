/* test_cli_test_output.c - how `spillway test` prints, and what it leaves out.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "cases.h"
#include "harness.h"

#include "spillway/macros.h"

/* a, c and d fail, b and e pass. */
static const struct case_file files[] = {
    { "a/pod.yaml", POD },          { "a/expect.yaml", "decision: skipped\n" },
    { "b/pod.yaml", POD },          { "b/expect.yaml", MUTATED },
    { "x/c.json", REVIEW("") },     { "x/c.expect.yaml", "policy: null\n" },
    { "x/d/pod.yaml", "kind: \n" }, { "x/d/expect.yaml", MUTATED },
    { "x/e/pod.yaml", POD },        { "x/e/patch.json", PATCH("k") },
};

static void run_all(struct run *run, const char *options)
{
    auto_scratch struct scratch scratch;

    scratch_init(&scratch);
    cases_put_all(&scratch, files, array_len(files));
    cases_run(run, &scratch, options, scratch.path);
}

/* What is printed with some options. */
static struct row {
    const char *options;
    int status;
    const char *out, *err;
} rows[] = {
    { "--filter b", 0, "ok   b\n1 passed, 0 failed\n", NULL },
    { "--filter x/*", 1, "1 passed, 2 failed\n", NULL },
    { "--filter ?", 1, "1 passed, 1 failed\n", NULL },
    { "--filter nothing*", 3, "0 passed, 0 failed\n",
      "no case's name matches 'nothing*' (5 have another name)\n" },
    { "--filter b --filter nothing", 3, "0 passed, 0 failed\n", "'nothing'" },
    { "--fail-fast", 1, "0 passed, 1 failed, 4 not run\n", NULL },
    { "--fail-fast --jobs 5", 1, "0 passed, 1 failed, 4 not run\n", NULL },
    { "--fail-fast --filter [bx]*", 1, "ok   b\nFAIL x/c\n", NULL },
    { "--fail-fast --filter [bx]*", 1, "1 passed, 1 failed, 2 not run\n",
      NULL },
    { "--fail-fast --filter b", 0, "1 passed, 0 failed, 0 not run\n", NULL },
    { "--jobs 1", 1, "2 passed, 3 failed\n", NULL },
    { "--jobs 64", 1, "2 passed, 3 failed\n", NULL },
    { "--jobs 0", 2, "", "--jobs: '0' is not a number from 1 to 256" },
    { "-o xml", 2, "", "--output: 'xml' is not valid" },
    { "-o junit --coverage", 2, "", "JUnit XML has no place for --coverage" },
    { "-o junit --update", 2, "", "JUnit XML has no place for --update" },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_run struct run run = { 0 };

    run_all(&run, row->options);
    cases_check(&run, row->status, row->out, row->err);
}

static void test_order(void **state)
{
    static const char *const jobs[] = { "--jobs 1", "--jobs 2", "--jobs 16" };
    auto_run struct run first = { 0 };

    (void)state;
    run_all(&first, jobs[0]);
    for (size_t i = 1; i < array_len(jobs); i++) {
        auto_run struct run run = { 0 };

        run_all(&run, jobs[i]);
        assert_string_equal(run.out, first.out);
    }
}

/* --- JSON -------------------------------------------------------------- */

static void release_json(cJSON **json)
{
    cJSON_Delete(*json);
}

#define auto_json __attribute__((cleanup(release_json)))

static const char *member(const cJSON *object, const char *key)
{
    const char *string = cJSON_GetStringValue(cJSON_GetObjectItem(object, key));

    return string ? string : "(none)";
}

static double number(const cJSON *object, const char *key)
{
    return cJSON_GetNumberValue(cJSON_GetObjectItem(object, key));
}

static void test_json(void **state)
{
    auto_run struct run run = { 0 };
    auto_json cJSON *root = NULL;
    const cJSON *list, *first, *undecided;

    (void)state;
    run_all(&run, "-o json");
    assert_int_equal(run.status, 1);
    root = cJSON_ParseWithOpts(run.out, NULL, true);
    assert_int_equal((int)number(root, "passed"), 2);
    assert_int_equal((int)number(root, "failed"), 3);
    assert_null(cJSON_GetObjectItem(root, "notRun"));
    list = cJSON_GetObjectItem(root, "cases");
    assert_int_equal(cJSON_GetArraySize(list), 5);
    first = cJSON_GetArrayItem(list, 0);
    assert_string_equal(member(first, "name"), "a");
    assert_true(cJSON_IsFalse(cJSON_GetObjectItem(first, "passed")));
    assert_string_equal(member(first, "decision"), "mutated");
    assert_string_equal(member(first, "reason"), "applied");
    assert_string_equal(member(first, "policy"), "p");
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(first, "findings")),
                     1);
    assert_string_equal(
        cJSON_GetStringValue(
            cJSON_GetArrayItem(cJSON_GetObjectItem(first, "findings"), 0)),
        "expect.yaml: the outcome is another\n  --- expected\n  +++ got\n"
        "  @@ -1 +1 @@\n  -decision: skipped\n  +decision: mutated");
    undecided = cJSON_GetArrayItem(list, 3);
    assert_true(cJSON_IsNull(cJSON_GetObjectItem(undecided, "decision")));
    assert_true(cJSON_IsTrue(
        cJSON_GetObjectItem(cJSON_GetArrayItem(list, 1), "passed")));
}

static void test_json_hostile(void **state)
{
    static const struct case_file hostile[] = {
        { "a\"\x1b\xff/pod.yaml", POD },
        { "a\"\x1b\xff/expect.yaml", MUTATED },
    };
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };
    auto_json cJSON *root = NULL;

    (void)state;
    scratch_init(&scratch);
    cases_put_all(&scratch, hostile, array_len(hostile));
    cases_run(&run, &scratch, "-o json", scratch.path);
    assert_int_equal(run.status, 0);
    root = cJSON_ParseWithOpts(run.out, NULL, true);
    assert_string_equal(
        member(cJSON_GetArrayItem(cJSON_GetObjectItem(root, "cases"), 0),
               "name"),
        "a\"\x1b\xef\xbf\xbd");
}

static void test_json_fail_fast(void **state)
{
    auto_run struct run run = { 0 };
    auto_json cJSON *root = NULL;

    (void)state;
    run_all(&run, "-o json --fail-fast");
    assert_int_equal(run.status, 1);
    root = cJSON_ParseWithOpts(run.out, NULL, true);
    assert_int_equal((int)number(root, "notRun"), 4);
    assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(root, "cases")), 1);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] = (struct CMUnitTest){ rows[i].options, test_row, NULL, NULL,
                                          &rows[i] };
    tests[n++] = (struct CMUnitTest){ "the order does not depend on threads",
                                      test_order, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "JSON is one document", test_json, NULL,
                                      NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "JSON is well-formed whatever the name",
                                      test_json_hostile, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "JSON says how many were not run",
                                      test_json_fail_fast, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("test, printed", tests, NULL, NULL);
}
