/*
 * test_cli_check.c - `spillway check` as a user runs it: files, directories,
 * exit statuses, formats.  Its rules are in the test_check_*.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check_inputs.h"
#include "harness.h"
#include "run.h"
#include "scratch.h"

#include "spillway/check_parts.h"
#include "spillway/macros.h"

static void test_rules_are_listed(void **state)
{
    auto_run struct run text = { 0 }, json = { 0 };

    (void)state;
    run_words(&text, NULL, "check --rules");
    run_words(&json, NULL, "check --rules -o json");
    assert_int_equal(text.status, 0);
    for (size_t rule = 0; rule < CHECK_RULES; rule++) {
        const struct check_rule_info *info =
            check_rule_info((enum check_rule)rule);

        assert_int_equal(strlen(info->id), 6);
        assert_non_null(strstr(text.out, info->id));
        assert_non_null(strstr(json.out, info->id));
        assert_non_null(strstr(text.out, info->explanation));
        for (size_t other = 0; other < rule; other++)
            assert_string_not_equal(
                info->id, check_rule_info((enum check_rule)other)->id);
    }
}

static void test_strict(void **state)
{
    const char *input = NODE("m1", "type: virtual-kublet", "") CLUSTER;
    auto_run struct run lax = { 0 }, strict = { 0 };

    (void)state;
    run_words(&lax, input, "check -");
    run_words(&strict, input, "check --strict -");
    assert_int_equal(lax.status, 0);
    assert_int_equal(strict.status, 1);
    assert_non_null(strstr(lax.out, "\n1 warning in 1 file\n"));
}

static void test_json(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run, GOOD_VIRTUAL, "check -o json -");
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "\"rule\":\t\"SPW401\",\n"
                                    "\t\t\t\"name\":\t\"no-labelled-node\",\n"
                                    "\t\t\t\"severity\":\t\"error\",\n"
                                    "\t\t\t\"file\":\t\"standard input\",\n"));
    assert_non_null(strstr(run.out, "\"errors\":\t1,\n"));
}

/* Lines are those of the file, also where a policy stands among objects. */
static void test_lines(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run,
              "apiVersion: v1\nkind: Node\nmetadata: {name: x}\n---\n" POLICY
              "- name: a\n  colour: red\n---\napiVersion: v1\nkind: Pod\n",
              "check -");
    assert_non_null(
        strstr(run.out, "standard input:9: error SPW101: policies[0].colour"));
    assert_null(strstr(run.out, "'Node'"));
}

static void test_lines_of_terms(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(
        &run,
        POLICY GATEWAYS TOLERATIONS(
            ECI) "  affinity:\n    nodeAffinity:\n"
                 "      preferredDuringSchedulingIgnoredDuringExecution:\n"
                 "      - " PREFER("20", OURS) "\n"
                                               "      - " PREFER("80",
                                                                 VIRTUAL) "\n",
        "check -");
    assert_non_null(strstr(run.out, "standard input:11: warning SPW108: "));
}

/* A line is one of the text that is named: of a ConfigMap's entry here. */
static void test_lines_of_an_entry(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run,
              "apiVersion: v1\nkind: ConfigMap\n"
              "metadata: {name: p, namespace: ns}\ndata:\n  policy.yaml: |\n"
              "    apiVersion: spillway.dev/v1\n    kind: Policy\n"
              "    policies:\n    - name: a\n"
              "      match:\n        namespaces: [x]\n"
              "        selectors:\n"
              "        - matchLabels: {a: b}\n"
              "        - matchLabels: {a: b}\n"
              "      tolerations: [{operator: Exists}]\n",
              "check -");
    assert_non_null(strstr(run.out, "standard input (policy.yaml of ConfigMap "
                                    "ns/p):9: warning SPW102: "));
}

static void test_unknown_objects_are_counted(void **state)
{
    auto_buf struct buf input = { 0 };
    auto_run struct run run = { 0 };

    (void)state;
    for (int i = 0; i < 500; i++)
        buf_printf(&input,
                   "---\napiVersion: v%d\nkind: Thing%d\n"
                   "metadata: {name: t%d}\nspec: {a: [%d]}\n",
                   i, i, i, i);
    buf_add_string(&input, "---\napiVersion: v1\nkind: Secret\n"
                           "metadata: {name: s}\ndata: {password: c2VjcmV0}\n");
    run_words(&run, input.data, "check -");
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, "nothing found in 1 file (501 objects of "
                                    "other kinds skipped)\n"));
}

static double cpu_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

/* CPU time in seconds of a check of a policy in front of so many objects. */
static double seconds_among(int n)
{
    auto_buf struct buf input = { 0 };
    auto_free char *skipped = NULL;
    auto_run struct run run = { 0 };
    struct rusage before, after;

    buf_add_string(&input, POLICY "- name: a\n  colour: red\n");
    for (int i = 0; i < n; i++)
        buf_printf(&input,
                   "---\napiVersion: v1\nkind: Thing\n"
                   "metadata:\n  name: t%d\n",
                   i);
    assert_true(asprintf(&skipped, "(%d objects of other kinds skipped)", n) >
                0);
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &before), 0);
    run_words(&run, input.data, "check -");
    assert_int_equal(getrusage(RUSAGE_CHILDREN, &after), 0);
    assert_non_null(
        strstr(run.out, "standard input:5: error SPW101: policies[0].colour"));
    assert_non_null(strstr(run.out, skipped));
    return cpu_seconds(&after) - cpu_seconds(&before);
}

/* What is done for a line must not grow with the number of documents: of eight
 * times as many, the time is eight times as long, not sixty-four times. */
static void test_policy_among_many(void **state)
{
    (void)state;
    assert_true(seconds_among(40000) < 24 * seconds_among(5000));
}

static void test_unreadable(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *text = NULL, *broken = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    text = scratch_write(&scratch, "a.txt", "just words\n", 0600);
    broken = scratch_write(&scratch, "b.yaml", "a: [\n", 0600);
    assert_true(asprintf(&args, "check %s %s /no/such/file", text, broken) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "a.txt: neither Kubernetes objects, nor a "
                                    "policy, nor PEM\n"));
    assert_non_null(strstr(run.err, "b.yaml: line 2: "));
    assert_non_null(strstr(run.err, "/no/such/file: No such file"));
    assert_string_equal(run.out, "nothing found in 0 files\n");
}

/* Of two selectors that say the same, one is told. */
static void test_the_same_twice(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run, POLICY NAMED("a", LABEL("a: b") ", " LABEL("a: b")),
              "check -");
    assert_non_null(strstr(run.out, "\n1 warning in 1 file\n"));
}

/* What the conditions let through is known when they are those of the policy:
 * none of its pods is in the namespace of the webhook. */
static void test_our_conditions(void **state)
{
    static const char narrow[] =
        "operator: In\n      values:\n      - istio-system";
    static const char wide[] =
        "operator: NotIn\n      values:\n      - kube-system";
    auto_run struct run made = { 0 }, run = { 0 };
    auto_buf struct buf input = { 0 };
    const char *at;

    (void)state;
    run_words(&made, NULL, "manifest webhook");
    at = strstr(made.out, narrow);
    assert_non_null(at);
    buf_add(&input, made.out, (size_t)(at - made.out));
    buf_printf(&input, "%s%s", wide, at + strlen(narrow));
    run_words(&run, input.data, "check -");
    assert_null(strstr(run.out, "SPW201"));
    assert_non_null(strstr(run.out, "SPW216"));
}

/* What a node is judged by is the policy that stands nearest. */
static void test_nearest_policy(void **state)
{
    static const char with_policy[] =
        POLICY "- name: a\n" MATCH("x", LABEL("a: b"))
            TOLERATIONS("{key: near, operator: Exists}")
                AFFINITY(REQUIRED(TERM("here", "'1'")))
                    NODE("m1", "here: '1'", "");
    auto_scratch struct scratch scratch;
    auto_free char *near = NULL, *beside = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    near = scratch_write(&scratch, "near.yaml", with_policy, 0600);
    beside = scratch_write(&scratch, "beside.yaml",
                           POLICY NAMED("b", LABEL("a: b")), 0600);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_non_null(strstr(run.out, "has the label here=1, and not the taint "
                                    "near:NoSchedule"));
}

/* A path that was mistyped must not look like an answer of yes. */
static void test_nothing_to_check(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_string_equal(run.out, "");
    assert_non_null(strstr(run.err, "there is no file to check"));
}

/* A directory is read once, whatever links there are in it; what is hidden or
 * ends otherwise is passed by. */
static void test_directory(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *inner = NULL, *loop = NULL, *file = NULL, *args = NULL;
    auto_free char *hidden = NULL, *other = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    inner = scratch_path(&scratch, "inner");
    assert_int_equal(mkdir(inner, 0700), 0);
    loop = scratch_path(&scratch, "inner/loop");
    assert_int_equal(symlink("..", loop), 0);
    file = scratch_write(&scratch, "inner/policy.yaml",
                         POLICY "- name: a\n  colour: red\n", 0600);
    hidden = scratch_write(&scratch, ".hidden.yaml", "a: [", 0600);
    other = scratch_write(&scratch, "notes.txt", "a: [", 0600);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "colour: unknown key"));
    assert_non_null(strstr(run.out, " in 1 file\n"));
    (void)unlink(loop);
}

/* The name of a file is text from outside, like what is in it. */
static void test_file_names(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *good = NULL, *bad = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    good = scratch_write(&scratch, "a\033[2J.yaml",
                         POLICY "- name: a\n  colour: red\n", 0600);
    bad = scratch_write(&scratch, "b\033[2J\n.yaml", "a: [\n", 0600);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_null(strchr(run.out, '\033'));
    assert_null(strchr(run.err, '\033'));
    assert_non_null(strstr(run.out, "/a?[2J.yaml:5: error SPW101: "));
    assert_non_null(strstr(run.err, "/b?[2J?.yaml: line 2: "));
}

/* What is shipped is as it should be. */
static void test_shipped(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run, NULL,
              "check --strict deploy/base deploy/overlays deploy/components");
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, "nothing found in "));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rules_are_listed),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_of_terms),
        cmocka_unit_test(test_lines_of_an_entry),
        cmocka_unit_test(test_unknown_objects_are_counted),
        cmocka_unit_test(test_policy_among_many),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_the_same_twice),
        cmocka_unit_test(test_our_conditions),
        cmocka_unit_test(test_nearest_policy),
        cmocka_unit_test(test_nothing_to_check),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_shipped),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
