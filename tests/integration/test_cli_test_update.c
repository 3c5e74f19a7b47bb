/* test_cli_test_update.c - `spillway test --update` as a user runs it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cases.h"
#include "harness.h"

#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/macros.h"

/* Files that are there, what is printed, and files as they are afterwards
 * (NULL: as before). */
struct row {
    const char *name;
    struct case_file files[5];
    int status;
    const char *out;
    struct case_file after[3];
};

#define OPERATION(key)                                                         \
    "{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"tolerations\":[{"         \
    "\"key\":\"" key "\",\"operator\":\"Exists\"}]}}"

/* clang-format off */
static struct row rows[] = {
    { "keys that are there are updated, and no other", { { "a/pod.yaml", POD },
      { "a/expect.yaml", "# why\npolicy: q\ndecision: mutated\n" } }, 0,
      "new  a\n     expect.yaml: updated\n       --- expect.yaml\n       +++ expect.yaml\n       @@ -1,3 +1,2 @@\n"
      "       -# why\n       -policy: q\n       +policy: p\n        decision: mutated\n1 case updated\n0 passed, 0 failed\n",
      { { "a/expect.yaml", "policy: p\ndecision: mutated\n" } } },
    { "a part of a warning that came true stays", { { "a/pod.yaml", POD "spec: {nodeSelector: {type: other}}\n" },
      { "a/policy.yaml", "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n- name: p\n"
        "  match: {namespaces: [istio-system], selectors: [{matchLabels: {app: gw}}]}\n"
        "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: "
        "[{matchExpressions: [{key: type, operator: In, values: [x]}]}]}}}\n" },
      { "a/expect.yaml", "warnings: [no node]\nreason: rollout\n" } }, 0, "1 case updated\n",
      { { "a/expect.yaml", "warnings:\n- no node\nreason: applied\n" } } },
    { "a case without expectations gets them all", { { "a/pod.yaml", POD } }, 0,
      "new  a\n     expect.yaml: added\n", { { "a/expect.yaml", MUTATED "warnings: []\n" } } },
    { "no policy is null", { { "a/pod.yaml", "apiVersion: v1\nkind: Pod\n" } }, 0, "1 case updated\n",
      { { "a/expect.yaml", "decision: skipped\nreason: no-match\npolicy: null\nwarnings: []\n" } } },
    { "a patch is updated", { { "a/pod.yaml", POD }, { "a/patch.json", PATCH("z") } }, 0, "     patch.json: updated\n",
      { { "a/patch.json", "[\n  " OPERATION("k") "\n]\n" } } },
    { "operations are taken away", { { "a/pod.yaml", POD "spec: {nodeName: node}\n" }, { "a/patch.json", PATCH("k") } },
      0, "1 case updated\n", { { "a/patch.json", "[]\n" } } },
    { "operations that stay keep their form", { { "a/pod.yaml", POD },
      { "a/patch.json", "[" "{ \"op\" : \"add\",\"path\":\"/spec\",\"value\":{\"tolerations\":[{\"operator\":\"Exists\","
        "\"key\":\"k\"}]}}, {\"op\":\"x\"}]" } }, 0, "1 case updated\n",
      { { "a/patch.json", "[\n  { \"op\" : \"add\",\"path\":\"/spec\",\"value\":{\"tolerations\":[{\"operator\":\"Exists\","
        "\"key\":\"k\"}]}}\n]\n" } } },
    { "an object is updated, and with it a patch", { { "a/pod.yaml", POD }, { "a/patch.json", PATCH("y") },
      { "a/object.yaml", OBJECT("z") }, { "a/expect.yaml", "reason: applied # stays\n" } }, 0, "     object.yaml: updated\n",
      { { "a/object.yaml", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: gw\n  namespace: istio-system\n  labels:\n    app: gw\n"
          "spec:\n  tolerations:\n  - key: k\n    operator: Exists\n" }, { "a/expect.yaml", NULL } } },
    { "NAME.expect.yaml is updated", { { "r.json", REVIEW("") }, { "r.expect.yaml", "policy: q\n" } }, 0, "     r.expect.yaml: updated\n",
      { { "r.expect.yaml", "policy: p\n" } } },
    { "others pass as they are", { { "a/pod.yaml", POD }, { "a/expect.yaml", MUTATED }, { "b/pod.yaml", POD },
      { "b/expect.yaml", "policy: q\n" } }, 0, "ok   a\nnew  b\n", { { "a/expect.yaml", NULL } } },
    { "a stray file is a failure", { { "a/pod.yaml", POD }, { "a/expect.yaml", "policy: q\n" }, { "a/stray", "" } }, 1,
      "FAIL a\n     stray: has no place in a case\n", { { "a/expect.yaml", NULL } } },
    { "an unknown key is a failure", { { "a/pod.yaml", POD }, { "a/expect.yaml", "policy: q\nx: y\n" },
      { "a/patch.json", "[]" } }, 1, "unknown key 'x'", { { "a/expect.yaml", NULL }, { "a/patch.json", NULL } } },
    { "an input that cannot be read is a failure", { { "a/pod.yaml", "[" }, { "a/expect.yaml", "policy: q\n" } }, 1,
      "0 cases updated\n0 passed, 1 failed\n", { { "a/expect.yaml", NULL } } },
    { "an expectation that cannot be read is a failure", { { "a/pod.yaml", POD }, { "a/patch.json", "[" },
      { "a/expect.yaml", "policy: q\n" } }, 1, "patch.json: byte 1", { { "a/patch.json", NULL }, { "a/expect.yaml", NULL } } },
    { "an expectation of nothing is a failure", { { "a/pod.yaml", POD }, { "a/expect.yaml", "{}" } }, 1,
      "expects nothing", { { "a/expect.yaml", NULL } } },
};
/* clang-format on */

static void check_file(const struct scratch *scratch,
                       const struct case_file *file, const struct row *row)
{
    auto_free char *path = scratch_path(scratch, file->name);
    auto_buf struct buf content = { 0 };
    const char *expected = file->content;
    struct error err = { 0 };

    for (size_t i = 0; !expected && i < array_len(row->files); i++) {
        if (row->files[i].name && strcmp(row->files[i].name, file->name) == 0)
            expected = row->files[i].content;
    }
    if (!file_read(path, 65536, &content, &err))
        fail_msg("%s", err.text);
    assert_string_equal(content.len ? content.data : "", expected);
}

/* The second run passes, and touches nothing. */
static void check_again(const struct scratch *scratch, const char *file)
{
    auto_free char *path = scratch_path(scratch, file);
    auto_run struct run again = { 0 }, plain = { 0 };
    struct stat before, after;

    assert_int_equal(stat(path, &before), 0);
    cases_run(&again, scratch, "--update", scratch->path);
    cases_check(&again, 0, "0 cases updated\n", NULL);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(before.st_mtim.tv_sec, after.st_mtim.tv_sec);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    cases_run(&plain, scratch, "", scratch->path);
    cases_check(&plain, 0, " 0 failed\n", NULL);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };

    scratch_init(&scratch);
    cases_put_all(&scratch, row->files, array_len(row->files));
    cases_run(&run, &scratch, "--update", scratch.path);
    cases_check(&run, row->status, row->out, NULL);
    for (size_t i = 0; i < array_len(row->after) && row->after[i].name; i++)
        check_file(&scratch, &row->after[i], row);
    if (row->status == 0)
        check_again(&scratch, row->after[0].name);
}

static const struct case_file wrong[] = { { "a/pod.yaml", POD },
                                          { "real.yaml", "policy: q\n" } };

/* The file that a link leads to is updated, and keeps its permissions. */
static void test_link(void **state)
{
    const struct row row = { .files = { wrong[0], wrong[1] } };
    const struct case_file after = { "real.yaml", "policy: p\n" };
    auto_scratch struct scratch scratch;
    auto_free char *link = NULL, *real = NULL;
    auto_run struct run run = { 0 };
    struct stat status;

    (void)state;
    scratch_init(&scratch);
    cases_put_all(&scratch, wrong, array_len(wrong));
    link = scratch_path(&scratch, "a/expect.yaml");
    real = scratch_path(&scratch, "real.yaml");
    assert_int_equal(symlink("../real.yaml", link), 0);
    assert_int_equal(chmod(real, 0640), 0);
    cases_run(&run, &scratch, "--update", scratch.path);
    cases_check(&run, 0, "1 case updated\n", NULL);
    assert_int_equal(lstat(link, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(stat(real, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0640);
    check_file(&scratch, &after, &row);
}

static void test_json(void **state)
{
    static const struct case_file files[] = {
        { "a/pod.yaml", POD }, { "a/expect.yaml", "policy: q\n" }
    };
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    cases_put_all(&scratch, files, array_len(files));
    cases_run(&run, &scratch, "--update -o json", scratch.path);
    cases_check(&run, 0, "\"updated\":\t1,", NULL);
    cases_check(&run, 0, "[\"expect.yaml: updated\\n  --- expect.yaml", NULL);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 2];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[n++] = (struct CMUnitTest){ "links are followed", test_link, NULL,
                                      NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "JSON says what was updated", test_json,
                                      NULL, NULL, NULL };
    return cmocka_run_group_tests_name("test --update", tests, NULL, NULL);
}
