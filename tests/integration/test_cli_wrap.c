/* test_cli_wrap.c - `spillway wrap` as a user runs it, and `spillway test` on
 * what it made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "wrapped.h"

#include "spillway/macros.h"

#define DEPLOYMENT                                                             \
    "apiVersion: apps/v1\nkind: Deployment\n"                                  \
    "metadata: {name: edge, namespace: istio-system}\n"                        \
    "spec: {template: {metadata: {" WRAP_LABELS "}, " WRAP_SPEC("x") "}}\n"
#define OWNED(kind, version, owner, owner_version)                             \
    "apiVersion: " version "\nkind: " kind "\nmetadata: {name: o, "            \
    "ownerReferences: [{apiVersion: " owner_version ", kind: " owner           \
    ", name: o, uid: u, controller: true}]}\nspec: {template: {" WRAP_SPEC(    \
        "x") "}}\n"
#define CONFIG_MAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
#define JSON_POD(name, image)                                                  \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name   \
    "\",\"namespace\":\"istio-system\",\"labels\":{\"istio\":"                 \
    "\"ingressgateway\"}},\"spec\":{\"containers\":[{\"name\":"                \
    "\"istio-proxy\",\"image\":\"" image "\"}]}}"
#define REVIEW(kind, object)                                                   \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","    \
    "\"request\":{\"uid\":\"1\",\"kind\":{\"group\":\"\",\"version\":\"v1\","  \
    "\"kind\":\"" kind "\"},\"operation\":\"CREATE\",\"namespace\":"           \
    "\"istio-system\",\"object\":" object "}}"
#define BINDING                                                                \
    WRAP_EVENT(                                                                \
        "b", "Request", "ResponseComplete", "create",                          \
        "\"pods\",\"subresource\":\"binding\"",                                \
        ",\"requestObject\":{\"kind\":\"Binding\",\"apiVersion\":\"v1\","      \
        "\"metadata\":{\"name\":\"edge\"},\"target\":{\"name\":\"n\"}}")

/* A run with standard input, and what must be said of it; NULL for nothing. */
struct row {
    const char *name, *options, *input;
    int status;
    const char *out, *err;
    size_t cases;
};

/* clang-format off */
static struct row rows[] = {
    { "a workload is named after itself", "", DEPLOYMENT, 0, "edge-", "1 case written to ", 1 },
    { "the line of a case says what was decided", "", WRAP_POD("gw", "x"), 0, "  mutated (applied)\n", NULL, 1 },
    { "a rendered chart", "", "# Source: a\n" CONFIG_MAP "---\n# Source: b\n---\n" DEPLOYMENT "---\n" WRAP_POD("gw", "y"), 0,
      "gw-", "1 object of other kinds skipped (1 ConfigMap)\n", 2 },
    { "a List in JSON", "", "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[" JSON_POD("a", "x") "," JSON_POD("b", "x")
      "," JSON_POD("c", "z") ",{\"apiVersion\":\"v1\",\"kind\":\"Node\"}]}", 0, "c-",
      "2 cases written to ", 2 },
    { "the same shape is folded", "", WRAP_POD("a", "x") "---\n" WRAP_POD("b", "x") "---\n" WRAP_POD("c", "x"), 0, NULL,
      ", 2 folded (same shape)\n", 1 },
    { "a review", "", REVIEW("Pod", JSON_POD("gw", "x")), 0, "gw-", "1 case written", 1 },
    { "several reviews", "", REVIEW("Pod", JSON_POD("gw", "x")) "\n" REVIEW("Pod", JSON_POD("gw", "y")), 0, "gw-", "2 cases written", 2 },
    { "a pod that runs is named after its workload", "", WRAP_RUNNING, 0, "edge-", NULL, 1 },
    { "and is decided as if it were created again", "", WRAP_RUNNING, 0, "  mutated (applied)\n", NULL, 1 },
    { "a manifest that names its node means it", "", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: istio-system, "
      WRAP_LABELS "}\nspec: {nodeName: node1}\n", 0, "skipped (node-name-set)", NULL, 1 },
    { "a mirror pod stays one", "", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, uid: u, namespace: istio-system, "
      WRAP_LABELS ", annotations: {kubernetes.io/config.mirror: x}}\nspec: {nodeName: node1}\n", 0, "skipped (mirror-pod)", NULL, 1 },
    { "a Deployment stands for its ReplicaSets, a CronJob for its Jobs", "",
      OWNED("ReplicaSet", "apps/v1", "Deployment", "apps/v1") "---\n" OWNED("Job", "batch/v1", "CronJob", "batch/v1") "---\n"
      OWNED("ReplicaSet", "apps/v1", "Rollout", "argoproj.io/v1alpha1"), 0, "o-",
      ", 2 of a Deployment or CronJob left out (that stands for them)\n", 1 },
    { "without -n the namespace is default", "", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, " WRAP_LABELS "}\nspec: {}\n", 0,
      "skipped (no-match)", NULL, 1 },
    { "-n stands in", "-n istio-system", "apiVersion: v1\nkind: Pod\nmetadata: {name: p, " WRAP_LABELS "}\nspec: {}\n", 0,
      "mutated (applied)", NULL, 1 },
    { "a policy of one's own", "--policy tests/golden/shadow/policy.yaml", "apiVersion: v1\nkind: Pod\n"
      "metadata: {name: p, namespace: other}\nspec: {}\n", 0, "skipped (no-match)", NULL, 1 },
    { "only what is selected", "--selected", WRAP_POD("gw", "x") "---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", 0, "gw-",
      ", 1 that no policy selects left out\n", 1 },
    { "nothing is selected", "--selected", "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n", 1, NULL,
      "0 cases written to ", 0 },
    { "nothing could become a case", "", CONFIG_MAP "---\n" WRAP_SECRET, 1, NULL,
      ", 2 objects of other kinds skipped (1 ConfigMap, 1 Secret)\n", 0 },
    { "kinds are printed without control characters", "", "apiVersion: v1\nkind: \"A\\e[31m\"\n", 1, NULL, "(1 A?[31m)\n", 0 },
    /* Audit logs. */
    { "an audit log", "", WRAP_CREATED("1", "x") "\n", 0, "edge-", "1 case written", 1 },
    { "the last line needs no newline, blank ones mean nothing", "", "\n \n" WRAP_CREATED("1", "x") "\n\n" WRAP_CREATED("2", "y"), 0,
      "edge-", "2 cases written", 2 },
    { "the namespace of the reference stands in", "-n nowhere", WRAP_CREATED("1", "x") "\n", 0, "mutated (applied)", NULL, 1 },
    { "a Binding", "", BINDING "\n", 0, "edge-", "1 case written", 1 },
    { "a request is taken once", "", WRAP_EVENT("1", "Request", "RequestReceived", "create", "\"pods\"", WRAP_AUDIT_POD("x")) "\n"
      WRAP_CREATED("1", "y") "\n", 0, "edge-", "standard input: 1 other stages of the same requests\n1 case written", 1 },
    { "the stage that has no object is passed over", "", WRAP_EVENT("1", "Request", "RequestReceived", "create", "\"pods\"", "") "\n"
      WRAP_CREATED("1", "y") "\n", 0, "edge-", "1 other stages of the same requests\n1 case written", 1 },
    { "other events are counted", "", WRAP_EVENT("1", "Metadata", "ResponseComplete", "get", "\"pods\"", "") "\n"
      WRAP_EVENT("2", "RequestResponse", "ResponseComplete", "create", "\"secrets\"", WRAP_AUDIT_POD("x")) "\n"
      WRAP_EVENT("3", "Request", "ResponseComplete", "create", "\"pods\",\"subresource\":\"eviction\"", WRAP_AUDIT_POD("x")) "\n"
      WRAP_EVENT("4", "Request", "ResponseComplete", "create", "\"pods\",\"apiGroup\":\"metrics.k8s.io\"", WRAP_AUDIT_POD("x")) "\n", 1, NULL,
      "spillway: standard input: 4 events of other verbs or resources\n0 cases", 0 },
    { "level Metadata says what to do", "", WRAP_EVENT("1", "Metadata", "ResponseComplete", "create", "\"pods\"", "") "\n", 1, NULL,
      "1 without requestObject (level Metadata: raise the audit policy's level to Request for pods)\n", 0 },
    { "a request without its object", "", WRAP_EVENT("1", "Request", "ResponseComplete", "create", "\"pods\"", "") "\n", 1, NULL,
      "1 without requestObject, whatever their level says\n", 0 },
    { "a line that is no JSON", "", WRAP_CREATED("1", "x") "\nE0101 oops\n{]\n" WRAP_CREATED("2", "y") "\n", 0, "edge-",
      "spillway: standard input: line 2: passed over: no JSON object (byte 0: expected a JSON value); 2 such in all\n2 cases", 2 },
    { "a line that is no event", "", WRAP_CREATED("1", "x") "\n{\"a\":1}\n{}\n", 0, "edge-",
      "line 2: passed over: no event of audit.k8s.io; 2 such in all\n", 1 },
    { "a last line that is cut off", "", WRAP_CREATED("1", "x") "\n{\"kind\":\"Event\",\"api", 0, "edge-",
      "spillway: standard input: line 2: passed over: the last line is cut off (", 1 },
    { "a Secret where a pod should be", "", WRAP_EVENT("1", "Request", "ResponseComplete", "create", "\"pods\"",
      ",\"requestObject\":{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"data\":{\"a\":\"b\"}}") "\n", 1, NULL,
      "line 1: passed over: no case can be made of it (requestObject is not a v1 Pod)\n", 0 },
    { "a pod in a log that cannot be read", "", WRAP_EVENT("1", "Request", "ResponseComplete", "create", "\"pods\"",
      ",\"requestObject\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"spec\":{\"tolerations\":1}}") "\n", 1, NULL,
      "line 1: passed over: no case can be made of it (requestObject: spec.tolerations: expected", 0 },
    { "an EventList on one line", "", "{\"kind\":\"EventList\",\"apiVersion\":\"audit.k8s.io/v1\",\"items\":[" WRAP_CREATED("1", "x") ","
      WRAP_CREATED("2", "y") "]}\n", 0, "edge-", "2 cases written", 2 },
    { "an EventList on many", "", "{\"kind\":\"EventList\",\n\"apiVersion\":\"audit.k8s.io/v1\",\n\"items\":[" WRAP_CREATED("1", "x") ",\n"
      WRAP_CREATED("2", "y") "]}\n", 0, "edge-", "2 cases written", 2 },
    /* What cannot be read. */
    { "an empty input", "", "", 2, NULL, "spillway: standard input: there is no document in it\n0 cases", 0 },
    { "neither YAML nor JSON", "", "a: 1\n b: 2\n", 2, NULL, "spillway: standard input: line 2: ", 0 },
    { "what can be read is read all the same", "", "a: 1\n---\n" WRAP_POD("gw", "x"), 2, "gw-",
      "spillway: standard input:1: apiVersion is missing", 1 },
    { "a workload without a template", "", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {}\n" , 2, NULL,
      "standard input:1: Deployment without a pod template", 0 },
    { "a review of another object than it says", "", REVIEW("Pod", "{\"kind\":\"Secret\",\"data\":{\"a\":\"b\"}}"), 2, NULL,
      "the request is for a Pod, but its object is of kind Secret\n", 0 },
    { "a file that is not there, and one that is", "/does/not/exist -", WRAP_POD("gw", "x"), 2, "gw-",
      "spillway: /does/not/exist: No such file or directory\n1 case", 1 },
    { "a directory", "/", "", 2, NULL, "spillway: /: Is a directory\n", 0 },
    { "a policy that is not there", "--policy /does/not/exist", WRAP_POD("gw", "x"), 2, NULL, "/does/not/exist: No such file", 0 },
    { "help", "--help", "", 0, "Usage: spillway wrap", NULL, 0 },
};
/* clang-format on */

/* The cases pass, with the policy that they were made with. */
static void assert_pass(const struct scratch *scratch, const char *options,
                        size_t count)
{
    auto_run struct run run = { 0 };
    auto_free char *words = NULL, *passed = NULL;
    bool has_policy = strncmp(options, "--policy", 8) == 0;

    assert_true(asprintf(&words, "test %s%s%s/out", has_policy ? options : "",
                         has_policy ? " " : "", scratch->path) > 0);
    assert_true(asprintf(&passed, "%zu passed, 0 failed\n", count) > 0);
    run_words(&run, NULL, words);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, passed));
}

static void check_stream(const char *what, const char *text, const char *wanted)
{
    if (wanted && !strstr(text, wanted))
        fail_msg("expected on %s: %s\ngot: %s", what, wanted, text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };
    auto_wrapped struct wrapped cases = { 0 };

    scratch_init(&scratch);
    wrapped_run(&run, &scratch, "out", row->options, row->input);
    check_stream("standard error", run.err, row->err);
    check_stream("standard output", run.out, row->out);
    assert_int_equal(run.status, row->status);
    assert_null(strchr(run.err, '\033'));
    wrapped_read(&cases, &scratch, "out");
    assert_int_equal(cases.count, row->cases);
    if (cases.count)
        assert_pass(&scratch, row->options, cases.count);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("wrap", tests, NULL, NULL);
}
