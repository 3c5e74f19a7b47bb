/* test_cli_test.c - `spillway test` as a user runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"
#include "scratch.h"

#include "spillway/macros.h"

#define POD                                                                    \
    "apiVersion: v1\nkind: Pod\n"                                              \
    "metadata: {name: gw, namespace: istio-system, labels: {app: gw}}\n"
#define REVIEW(spec)                                                           \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","    \
    "\"request\":{\"uid\":\"1\",\"kind\":{\"group\":\"\",\"version\":\"v1\","  \
    "\"kind\":\"Pod\"},\"operation\":\"CREATE\",\"namespace\":"                \
    "\"istio-system\",\"object\":{\"metadata\":{\"labels\":{\"app\":\"gw\"}}," \
    "\"spec\":{" spec "}}}}"
#define POLICY(key)                                                            \
    "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n- name: p\n"        \
    "  match: {namespaces: [istio-system], selectors: [{matchLabels: {app: "   \
    "gw}}]}\n  tolerations: [{key: " key ", operator: Exists}]\n"
#define MUTATED "decision: mutated\nreason: applied\npolicy: p\n"
#define PATCH(key)                                                             \
    "[{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"tolerations\":[{"        \
    "\"operator\":\"Exists\",\"key\":\"" key "\"}]}}]"
#define OBJECT(key)                                                            \
    POD "spec:\n  tolerations:\n  - {key: " key ", operator: Exists}\n"

struct file {
    const char *name, *content;
};

/* The files below a directory, and what `spillway test` says of it. */
struct row {
    const char *name;
    struct file files[6];
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
      "FAIL a\n     decision: expected skipped, got mutated\n0 passed, 1 failed\n", NULL },
    { "another reason fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "reason: rollout\n" } }, 1,
      "reason: expected rollout, got applied\n", NULL },
    { "another policy fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "policy: q\n" } }, 1,
      "policy: expected q, got p\n", NULL },
    { "a missing warning fails", { { "a/pod.yaml", POD }, { "a/expect.yaml", "warnings: [eci]\n" } }, 1,
      "warnings: 1: missing: eci\n", NULL },
    { "another operation fails", { { "a/pod.yaml", POD }, { "a/patch.json", PATCH("z") } }, 1,
      "patch.json: operation 1 is another\n       expected {\"op\"", NULL },
    { "one operation too many fails", { { "a/pod.yaml", POD }, { "a/patch.json", "[]" } }, 1,
      "       expected none\n       got      {\"op\":\"add\"", NULL },
    { "another object fails with a diff", { { "a/pod.yaml", POD }, { "a/object.yaml", OBJECT("z") } }, 1,
      "       -  - key: z\n       +  - key: k\n", NULL },
    { "no expectation fails", { { "a/pod.yaml", POD } }, 1, "     nothing is expected (add expect.yaml", NULL },
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

/* Write a file, making its directories. */
static void put(const struct scratch *scratch, const struct file *file)
{
    auto_free char *path = scratch_path(scratch, file->name);
    auto_free char *written = NULL;

    for (char *at = path + strlen(scratch->path) + 1; (at = strchr(at, '/'));
         at++) {
        *at = '\0';
        (void)mkdir(path, 0700); /* it may be there */
        *at = '/';
    }
    written = scratch_write(scratch, file->name, file->content, 0600);
}

static void test_below(struct run *run, const struct scratch *scratch,
                       const char *path)
{
    static const struct file policy = { ".policy.yaml", POLICY("k") };
    auto_free char *args = NULL;

    put(scratch, &policy);
    assert_true(asprintf(&args, "test --policy %s/.policy.yaml %s",
                         scratch->path, path) > 0);
    run_words(run, NULL, args);
}

static void check(const struct run *run, int status, const char *out,
                  const char *err)
{
    if (run->status != status || !strstr(run->out, out))
        fail_msg("expected %d: %s\ngot %d: %s%s", status, out, run->status,
                 run->out, run->err);
    if (err ? !strstr(run->err, err) : *run->err)
        fail_msg("on standard error: %s", run->err);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };

    scratch_init(&scratch);
    for (size_t i = 0; i < array_len(row->files) && row->files[i].name; i++)
        put(&scratch, &row->files[i]);
    test_below(&run, &scratch, scratch.path);
    check(&run, row->status, row->out, row->err);
}

static const struct file good[] = { { "d/a/pod.yaml", POD },
                                    { "d/a/expect.yaml", MUTATED },
                                    { "d/r.json", REVIEW("") },
                                    { "d/r.expect.yaml", MUTATED } };

static void put_good(struct scratch *scratch)
{
    scratch_init(scratch);
    for (size_t i = 0; i < array_len(good); i++)
        put(scratch, &good[i]);
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
    test_below(&run, &scratch, scratch.path);
    check(&run, 0, "2 passed, 0 failed\n", NULL);
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

        test_below(&run, &scratch, path);
        check(&run, 0, "1 passed, 0 failed\n", NULL);
    }
}

static void test_missing(void **state)
{
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 }, bad_policy = { 0 };

    (void)state;
    scratch_init(&scratch);
    test_below(&run, &scratch, "/does/not/exist");
    check(&run, 2, "", "/does/not/exist: No such file or directory\n");
    run_words(&bad_policy, NULL, "test --policy /does/not/exist");
    check(&bad_policy, 2, "", "/does/not/exist");
}

static void test_absent_options(void **state)
{
    static const char *const words[] = { "test -o json", "test --update",
                                         "test --filter x", "test --fail-fast",
                                         "test --coverage" };

    (void)state;
    for (size_t i = 0; i < array_len(words); i++) {
        auto_run struct run run = { 0 };

        run_words(&run, NULL, words[i]);
        check(&run, 2, "", "unknown option");
    }
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 4];
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
    tests[n++] = (struct CMUnitTest){ "options of the future are unknown",
                                      test_absent_options, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("test", tests, NULL, NULL);
}
