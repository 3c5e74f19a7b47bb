/* test_cli_test.c - `spillway test` as a user runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"

#include "spillway/macros.h"

/* The files below a directory, and what `spillway test` says of it. */
struct row {
    const char *name;
    struct case_file files[6];
    int status;
    const char *out, *err; /* contained in the output; NULL: nothing there */
};

/* clang-format off */
static struct row rows[] = {
    { "a case passes", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED } }, 0,
      "ok   a\n1 passed, 0 failed\n", NULL },
    { "all expectations together", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED "warnings: []\n" },
      { "a/patch.json", PATCH("k") }, { "a/object.yaml", OBJECT("k") } }, 0, "1 passed, 0 failed\n", NULL },
    { "a review beside its expectation", { { "x/r.json", REVIEW("") }, { "x/r.expect.yaml", MUTATED } }, 0,
      "ok   x/r\n1 passed, 0 failed\n", NULL },
    { "cases come in byte order", { { "b/pod.yaml", POD }, { "b/expect.yaml", MUTATED },
      { "B/review.json", REVIEW("") }, { "B/expect.yaml", MUTATED } }, 0, "ok   B\nok   b\n2 passed, 0 failed\n", NULL },
    { "a case's own policy wins", { { "a/pod.yaml", POD }, { "a/policy.yaml", POLICY("own") },
      { "a/patch.json", PATCH("own") } }, 0, "1 passed", NULL },
    { "no policy is expected with null", { { "a/pod.yaml", "apiVersion: v1\nkind: Pod\n" },
      { "a/expect.yaml", "decision: skipped\npolicy: null\n" } }, 0, "1 passed", NULL },
    { "another decision fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "decision: skipped\n" } }, 1,
      "FAIL a\n     expect.yaml: the outcome is another\n       --- expected\n       +++ got\n       @@ -1 +1 @@\n"
      "       -decision: skipped\n       +decision: mutated\n0 passed, 1 failed\n", NULL },
    { "another reason fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "reason: rollout\n" } }, 1,
      "       -reason: rollout\n       +reason: applied\n", NULL },
    { "another policy fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "policy: q\n" } }, 1,
      "       -policy: q\n       +policy: p\n", NULL },
    { "a missing warning fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "warnings: [eci]\n" } }, 1,
      "       -warnings:\n       -- eci\n       +warnings: []\n", NULL },
    { "another operation fails", { { "a/pod.yaml", POD }, { "a/patch.json", PATCH("z") } }, 1,
      "patch.json: the patch is another\n       --- expected\n       +++ got\n       @@ -1 +1 @@\n"
      "       -{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"tolerations\":[{\"key\":\"z\",\"operator\":\"Exists\"}]}}\n"
      "       +{\"op\":", NULL },
    { "one operation too many fails", { { "a/pod.yaml", POD }, { "a/patch.json", "[]" } }, 1,
      "       @@ -0,0 +1 @@\n       +{\"op\":\"add\"", NULL },
    { "another object fails with a diff", { { "a/pod.yaml", POD }, { "a/object.yaml", OBJECT("z") } }, 1,
      "       -  - key: z\n       +  - key: k\n", NULL },
    { "an operation too few fails", { { "a/pod.yaml", POD "spec: {nodeName: node}\n" }, { "a/patch.json", PATCH("k") } }, 1,
      "       @@ -1 +0,0 @@\n       -{\"op\":\"add\"", NULL },
    { "an object that is expected of none fails", { { "a/review.json", "{\"apiVersion\":\"admission.k8s.io/v1\","
      "\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"1\",\"kind\":{\"group\":\"\",\"version\":\"v1\",\"kind\":"
      "\"Pod\"},\"operation\":\"DELETE\",\"namespace\":\"n\"}}" }, { "a/object.yaml", POD } }, 1,
      "object.yaml: the review has no object\n", NULL },
    { "control characters stay out", { { "a\033[2Jb/pod.yaml", POD }, { "a\033[2Jb/expect.yaml", "policy: \"\\e[2J\"\n" },
      { "a\033[2Jb/c\033]0;x", "" } }, 1, "FAIL a?[2Jb\n     c?]0;x: has no place in a case\n", NULL },
    { "no expectation fails", { { "a/pod.yaml", POD } }, 1, "     expect.yaml: nothing is expected (add expect.yaml", NULL },
    { "an empty expectation fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "{}" } }, 1, "expects nothing", NULL },
    { "an unknown key fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED "reasons: x\n" } }, 1,
      "expect.yaml:4: unknown key 'reasons'", NULL },
    { "an unknown file fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED }, { "a/expected.yaml", "" } }, 1,
      "     expected.yaml: has no place in a case\n", NULL },
    { "a directory in a case fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED }, { "a/b/pod.yaml", POD } }, 1,
      "     b: has no place in a case\n", NULL },
    { "two inputs fail", { { "a/pod.yaml", POD }, { "a/review.json", REVIEW("") }, { "a/expect.yaml", MUTATED } }, 1,
      "a case has one of them\n", NULL },
    { "an expectation without an input fails", { { "a/expect.yaml", MUTATED } }, 1,
      "neither review.json nor pod.yaml", NULL },
    { "an expectation without its review fails", { { "r.expect.yaml", MUTATED } }, 1,
      "FAIL r\n     r.expect.yaml: there is no r.json beside it\n", NULL },
    { "a review that cannot be decoded fails", { { "a/review.json", REVIEW("\"tolerations\":5") },
      { "a/expect.yaml", MUTATED } }, 1, "review.json: byte ", NULL },
    { "a review that is no JSON fails", { { "a/review.json", POD }, { "a/expect.yaml", MUTATED } }, 1,
      "review.json: expected JSON\n", NULL },
    { "a pod in place of a review fails", { { "a/review.json", "{\"apiVersion\":\"v1\",\"kind\":\"Pod\"}" },
      { "a/expect.yaml", MUTATED } }, 1, "review.json: not an AdmissionReview\n", NULL },
    { "two documents fail", { { "a/pod.yaml", POD "---\n" POD }, { "a/expect.yaml", MUTATED } }, 1,
      "pod.yaml: expected one document, found 2\n", NULL },
    { "a case's policy with a mistake fails", { { "a/pod.yaml", POD }, { "a/policy.yaml", "kind: x\n" },
      { "a/expect.yaml", MUTATED } }, 1, "FAIL a\n", NULL },
    { "a patch that is no JSON fails", { { "a/pod.yaml", POD }, { "a/patch.json", "[" } }, 1, "patch.json: byte 1", NULL },
    { "one failure among others", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED },
      { "b/pod.yaml", POD } }, 1, "1 passed, 1 failed\n", NULL },
    { "no case is status 3", { { "x/other.json", "{}" } }, 3, "0 passed, 0 failed\n", "no case found" },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };

    scratch_init(&scratch);
    cases_put_all(&scratch, row->files, array_len(row->files));
    cases_run(&run, &scratch, "", scratch.path);
    cases_check(&run, row->status, row->out, row->err);
}

static const struct case_file good[] = { { "d/a/pod.yaml", POD },
                                         { "d/a/expect.yaml", MUTATED },
                                         { "d/r.json", REVIEW("") },
                                         { "d/r.expect.yaml", MUTATED } };

static void put_good(struct scratch *scratch)
{
    scratch_init(scratch);
    cases_put_all(scratch, good, array_len(good));
}

static void test_loop(void **state)
{
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };
    auto_free char *link = NULL;

    (void)state;
    put_good(&scratch);
    link = scratch_path(&scratch, "d/loop");
    assert_int_equal(symlink("..", link), 0);
    cases_run(&run, &scratch, "", scratch.path);
    cases_check(&run, 0, "2 passed, 0 failed\n", NULL);
}

static void test_named_files(void **state)
{
    static const char *const names[] = { "d/a", "d/a/pod.yaml", "d/r.json",
                                         "d/r.expect.yaml" };
    auto_scratch struct scratch scratch;

    (void)state;
    put_good(&scratch);
    for (size_t i = 0; i < array_len(names); i++) {
        auto_run struct run run = { 0 };
        auto_free char *path = scratch_path(&scratch, names[i]);

        cases_run(&run, &scratch, "", path);
        cases_check(&run, 0, "1 passed, 0 failed\n", NULL);
    }
}

static void test_missing(void **state)
{
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 }, bad_policy = { 0 };

    (void)state;
    scratch_init(&scratch);
    cases_run(&run, &scratch, "", "/does/not/exist");
    cases_check(&run, 2, "", "/does/not/exist: No such file or directory\n");
    run_words(&bad_policy, NULL, "test --policy /does/not/exist");
    cases_check(&bad_policy, 2, "", "/does/not/exist");
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 3];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[n++] = (struct CMUnitTest){ "directory loops end", test_loop, NULL,
                                      NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "a file of a case names the case",
                                      test_named_files, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "what cannot be read is status 2",
                                      test_missing, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("test", tests, NULL, NULL);
}
