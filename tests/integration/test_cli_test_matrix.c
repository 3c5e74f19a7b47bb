/*
 * test_cli_test_matrix.c - `spillway test --matrix` and `--coverage` as a user
 * runs them.
 */
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "cases.h"
#include "harness.h"

#include "spillway/macros.h"

#define POLICY_WITH(name, more, tolerations)                                   \
    "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n- name: " name      \
    "\n  match: {namespaces: [istio-system], selectors: [{matchLabels: {app: " \
    "gw}}]}\n" more "  tolerations: [" tolerations "]\n"
#define REQUIRED(value)                                                        \
    "  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecut"  \
    "ion: {nodeSelectorTerms: [{matchExpressions: [{key: type, operator: In, " \
    "values: [" value "]}]}]}}}\n"
#define EXISTS(key) "{key: " key ", operator: Exists}"

/* A pod of the policy, whose expectation does not matter, and another. */
static const struct case_file cases[] = {
    { "d/a/pod.yaml", POD },
    { "d/a/expect.yaml", "decision: error\n" },
    { "d/a/policy.yaml", "not even a policy\n" },
    { "d/b/pod.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n" },
};

static struct row {
    const char *name, *old, *new;
    int status;
    const char *out;
} rows[] = {
    { "the same", POLICY_WITH("p", "", EXISTS("k")),
      POLICY_WITH("p", "# differs\n", EXISTS("k")), 0,
      "0 of 2 cases differ\n" },
    { "another policy's name", POLICY_WITH("p", "", EXISTS("k")),
      POLICY_WITH("q", "", EXISTS("k")), 1,
      "a: mutated (applied) -> mutated (applied)\n  policy: p -> q\n"
      "1 of 2 cases differ\n" },
    { "another toleration", POLICY_WITH("p", "", EXISTS("k")),
      POLICY_WITH("p", "", EXISTS("k") ", " EXISTS("z")), 1,
      "a: mutated (applied) -> mutated (applied)\n  tolerates: k -> k, z\n" },
    { "the diff is of what changed", POLICY_WITH("p", "", EXISTS("k")),
      POLICY_WITH("p", "", EXISTS("k") ", " EXISTS("z")), 1,
      "@@ -1,3 +1,5 @@\n   tolerations:\n   - key: k\n     operator: Exists\n"
      "  +- key: z\n  +  operator: Exists\n1 of 2" },
    { "the order of members is no difference",
      POLICY_WITH("p", "", "{operator: Exists, key: k}"),
      POLICY_WITH("p", "", EXISTS("k") ", " EXISTS("z")), 1,
      "@@ -1,3 +1,5 @@\n   tolerations:\n   - key: k\n     operator: Exists\n"
      "  +- key: z\n  +  operator: Exists\n1 of 2" },
    { "other nodes", POLICY_WITH("p", REQUIRED("a"), EXISTS("k")),
      POLICY_WITH("p", REQUIRED("b"), EXISTS("k")), 1,
      "(applied)\n  may run on: type=a -> type=b\n  --- " },
    { "any node", POLICY_WITH("p", REQUIRED("a"), EXISTS("k")),
      POLICY_WITH("p", "", EXISTS("k")), 1,
      "may run on: type=a -> any node\n" },
    { "shadow mode is what would be", POLICY_WITH("p", "", EXISTS("k")),
      POLICY_WITH("p", "  mode: shadow\n", EXISTS("k")), 1,
      "a: mutated (applied) -> shadowed (applied)\n1 of 2 cases differ\n" },
    { "the rollout", POLICY_WITH("p", "", EXISTS("k")),
      POLICY_WITH("p", "  percent: 0\n", EXISTS("k")), 1,
      "a: mutated (applied) -> skipped (rollout)\n  tolerates: k -> "
      "nothing\n" },
    { "a policy with a mistake", POLICY_WITH("p", "", EXISTS("k")), "kind: x\n",
      2, "" },
};

/* Run `spillway test --matrix OLD NEW` on the cases. */
static void run_matrix(struct run *run, const struct row *row,
                       const char *options)
{
    const struct case_file policies[] = { { "old.yaml", row->old },
                                          { "new.yaml", row->new } };
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL;

    scratch_init(&scratch);
    cases_put_all(&scratch, cases, array_len(cases));
    cases_put_all(&scratch, policies, array_len(policies));
    assert_true(asprintf(&args, "test --matrix %s/old.yaml %s/new.yaml%s %s/d",
                         scratch.path, scratch.path, options,
                         scratch.path) > 0);
    run_words(run, NULL, args);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_run struct run run = { 0 };

    run_matrix(&run, row, "");
    cases_check(&run, row->status, row->out, row->status == 2 ? "" : NULL);
}

static void test_json(void **state)
{
    auto_run struct run run = { 0 };
    const cJSON *list, *first;
    cJSON *root;

    (void)state;
    run_matrix(&run, &rows[2], " -o json");
    assert_int_equal(run.status, 1);
    root = cJSON_ParseWithOpts(run.out, NULL, true);
    list = cJSON_GetObjectItem(root, "differences");
    assert_int_equal(cJSON_GetArraySize(list), 1);
    first = cJSON_GetArrayItem(list, 0);
    assert_string_equal(cJSON_GetObjectItem(first, "name")->valuestring, "a");
    assert_string_equal(
        cJSON_GetObjectItem(cJSON_GetObjectItem(first, "new"), "tolerates")
            ->valuestring,
        "k, z");
    cJSON_Delete(root);
}

static void test_combinations(void **state)
{
    static const char *const options[] = { " --update", " --fail-fast",
                                           " --coverage", " --policy x",
                                           " -o junit" };

    (void)state;
    for (size_t i = 0; i < array_len(options); i++) {
        auto_run struct run run = { 0 };

        run_matrix(&run, &rows[0], options[i]);
        cases_check(&run, 2, "", "--matrix");
    }
}

/* What cannot be evaluated is told, and the others go on. */
static void test_unreadable(void **state)
{
    static const struct case_file broken[] = { { "a/pod.yaml", "[" },
                                               { "b/pod.yaml", POD },
                                               { "b/stray", "" },
                                               { "c/pod.yaml", POD } };
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };
    auto_free char *args = NULL;

    (void)state;
    scratch_init(&scratch);
    cases_put_all(&scratch, broken, array_len(broken));
    assert_true(asprintf(&args, "test --matrix %s/p %s/p %s", scratch.path,
                         scratch.path, scratch.path) > 0);
    cases_put(&scratch, &(struct case_file){ "p", POLICY("k") });
    run_words(&run, NULL, args);
    cases_check(&run, 2, "0 of 3 cases differ\n", "spillway: a: pod.yaml");
    cases_check(&run, 2, "", "spillway: b: stray: has no place in a case\n");
}

/* --- coverage ---------------------------------------------------------- */

static void test_coverage(void **state)
{
    static const struct case_file files[] = {
        { "a/pod.yaml", POD },
        { "a/expect.yaml", "decision: mutated\n" },
        { "b/pod.yaml", POD "spec: {nodeName: node}\n" },
        { "b/expect.yaml", "decision: skipped\n" },
        { "c/pod.yaml", POD },
        { "c/expect.yaml", "decision: mutated\n" },
        { "c/policy.yaml", POLICY("other") },
        { "d/pod.yaml", "[" },
    };
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    cases_put_all(&scratch, files, array_len(files));
    cases_run(&run, &scratch, "--coverage", scratch.path);
    cases_check(&run, 1,
                "policy p: 2 cases\n"
                "  selector 1: app=gw: matched 2 cases\n"
                "    app=gw: held 2, failed first never\n",
                NULL);
    cases_check(&run, 1, "  node-name-set: 1 case\n  rollout: never\n", NULL);
    cases_check(&run, 1,
                "1 case left out, with a policy of its own\n"
                "coverage: 0 of 1 selectors' requirements, 1 of 9 guards\n"
                "3 passed, 1 failed\n",
                NULL);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[n++] = (struct CMUnitTest){ "JSON", test_json, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "options that contradict it",
                                      test_combinations, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "what cannot be evaluated",
                                      test_unreadable, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "coverage", test_coverage, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("test --matrix", tests, NULL, NULL);
}
