/* test_cli_mutate.c - `spillway mutate` as a user runs it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"
#include "scratch.h"

#include "spillway/macros.h"

#define GOLDEN "tests/golden/"
#define LABELS "labels: {istio: ingressgateway}"
#define CONTAINERS "containers: [{name: istio-proxy, image: x}]"
#define POD                                                                    \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: gw, " LABELS "}\n"            \
    "spec: {" CONTAINERS "}\n"
#define JSON_POD                                                               \
    "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"gw\","   \
    "\"labels\":{\"istio\":\"ingressgateway\"}},\"spec\":{\"x\":1.50}}"
#define DEPLOYMENT                                                             \
    "apiVersion: apps/v1\nkind: Deployment\n"                                  \
    "metadata: {name: gw, namespace: istio-system}\n"                          \
    "spec:\n  template:\n    metadata: {" LABELS "}\n"                         \
    "    spec: {" CONTAINERS "}\n"
#define CONFIG_MAP "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"

/* A run, and what must be in its output; NULL asks for nothing to be there. */
struct row {
    const char *name, *args, *input;
    int status;
    const char *out, *err;
};

/* clang-format off */
static struct row rows[] = {
    { "a pod on standard input is explained in one line",
      "mutate -n istio-system", POD, 0,
      "Pod istio-system/gw: mutated by asm-gateway: tolerates "
      "virtual-kubelet.io/provider=alibabacloud:NoSchedule and "
      "mykey=myvalue:NoSchedule; may run on nodes with mykey4pod=asmgateway, or "
      "with type=virtual-kubelet; prefers mykey4pod=asmgateway (80) over "
      "type=virtual-kubelet (20)\n--- Pod istio-system/gw, received\n"
      "+++ Pod istio-system/gw, mutated\n@@ -8,3 +8,41 @@ spec:\n", NULL },
    { "- is standard input", "mutate -n istio-system -", POD, 0, "mutated by asm-gateway", NULL },
    { "without -n the namespace is default", "mutate", POD, 0,
      "Pod default/gw: skipped (no-match): no policy selects it\n", NULL },
    { "an object's own namespace beats -n", "mutate -n shop", DEPLOYMENT, 0,
      "Deployment istio-system/gw: mutated", NULL },
    { "a policy of one's own", "mutate --policy " GOLDEN "shadow/policy.yaml " GOLDEN "shadow/pod.yaml",
      NULL, 0, "would be mutated by gateways, which is in shadow mode\n", NULL },
    { "warnings stand below the summary", "mutate " GOLDEN "unschedulable/pod.yaml", NULL, 0,
      "\n  warning: no node can run this pod", NULL },
    { "a patch of a workload is for the workload", "mutate -o patch", DEPLOYMENT, 0,
      "[{\"op\":\"add\",\"path\":\"/spec/template/spec/tolerations\",", NULL },
    { "no change is an empty patch", "mutate -o patch", CONFIG_MAP, 0, "[]\n", NULL },
    { "patches are one a line, item by item", "mutate -o patch",
      "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":["
      "{\"apiVersion\":\"v1\",\"kind\":\"A\"},{\"apiVersion\":\"v1\",\"kind\":\"B\"}]}"
      "{\"apiVersion\":\"v1\",\"kind\":\"C\"}", 0, "[]\n[]\n[]\n", NULL },
    { "other kinds pass through", "mutate -o object", CONFIG_MAP, 0,
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: c\n", NULL },
    { "YAML documents are parted by ---", "mutate -o object", CONFIG_MAP "---\n" CONFIG_MAP, 0,
      "  name: c\n---\napiVersion: v1\n", NULL },
    { "JSON stays JSON, indented as kubectl does, and numbers as they are",
      "mutate -n istio-system -o object", JSON_POD, 0,
      "{\n    \"apiVersion\": \"v1\",\n    \"kind\": \"Pod\",\n    \"metadata\": {\n"
      "        \"name\": \"gw\",\n", NULL },
    { "numbers are not touched", "mutate -o object",
      "{\"apiVersion\":\"v1\",\"kind\":\"A\",\"n\":[1.50,9007199254740993,1E2]}", 0,
      "1.50,\n        9007199254740993,\n        1E2\n", NULL },
    { "a List stays a List", "mutate -o object",
      "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n", 0,
      "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: A\n", NULL },
    { "the object of a review is printed in the review's format",
      "mutate -o object " GOLDEN "smallest/review.json", NULL, 0, "{\n    \"kind\": \"Pod\",\n", NULL },
    { "an Exists toleration without key covers all",
      "mutate " GOLDEN "exists-without-key/pod.yaml", NULL, 0, "by asm-gateway: may run", NULL },
    { "a DaemonSet's pod gets tolerations only",
      "mutate " GOLDEN "daemonset-workload/pod.yaml", NULL, 0, "mutated by asm-gateway (daemonset)", NULL },
    { "a job of a group of its own has another shape", "mutate",
      "apiVersion: batch.volcano.sh/v1alpha1\nkind: Job\nmetadata: {name: j}\nspec: {tasks: []}\n", 0,
      "Job j: skipped (not-a-pod)", NULL },
    /* fillFirst and scaleInFirst */
    { "what fills the preferred nodes first is said", "mutate --policy " GOLDEN "fill-first/policy.yaml " GOLDEN "fill-first/pod.yaml",
      NULL, 0, "; is not spread by the scheduler's defaults (fillFirst)\n--- ", NULL },
    { "spreading of its own is said", "mutate --policy " GOLDEN "fill-first/policy.yaml " GOLDEN "fill-first-own-constraints/pod.yaml",
      NULL, 0, "; has spreading of its own, so its order of filling is left to that\n--- ", NULL },
    { "spreading of its own is said when nothing is changed, too",
      "mutate --policy " GOLDEN "fill-first/policy.yaml " GOLDEN "fill-first-own-constraints-satisfied/pod.yaml",
      NULL, 0, "as the policy wants it; has spreading of its own, so", NULL },
    { "the constraint that fills first is no spreading of its own",
      "mutate --policy " GOLDEN "fill-first/policy.yaml " GOLDEN "fill-first-satisfied/pod.yaml",
      NULL, 0, "it is already as the policy wants it\n", NULL },
    { "a pod of a policy with scaleInFirst is told what comes, and warned",
      "mutate --policy " GOLDEN "scale-in-first-own-cost/policy.yaml " GOLDEN "scale-in-first-own-cost/pod.yaml",
      NULL, 0, "; gets the deletion cost -100 where it lands on virtual-kubelet-*\n  warning: on a virtual node this pod's own "
      "pod-deletion-cost is replaced by -100 (spillway's scaleInFirst)\n", NULL },
    { "a recorded Binding is explained",
      "mutate --policy " GOLDEN "scale-in-first-binding/policy.yaml " GOLDEN "scale-in-first-binding/review.json", NULL, 0,
      "Binding istio-system/istio-edge-778d498f46-7shc2: mutated by gateways: the pod gets the deletion cost -100, since "
      "virtual-kubelet-cn-beijing-h is a virtual node\n--- Binding istio-system/istio-edge-778d498f46-7shc2, received\n", NULL },
    { "a Binding to another node is told why",
      "mutate --policy " GOLDEN "scale-in-first-other-node/policy.yaml " GOLDEN "scale-in-first-other-node/review.json", NULL, 0,
      "skipped (no-match): no policy with scaleInFirst has its namespace and its node cn-beijing.10.0.0.1\n", NULL },
    { "a Binding as a manifest is that of a pod",
      "mutate -n istio-system -o patch --policy " GOLDEN "scale-in-first-binding/policy.yaml",
      "apiVersion: v1\nkind: Binding\nmetadata: {name: p}\ntarget: {kind: Node, name: virtual-kubelet-a}\n", 0,
      "[{\"op\":\"add\",\"path\":\"/metadata/annotations\",", NULL },
    { "a wrong type in a Binding",
      "mutate --policy " GOLDEN "scale-in-first-binding/policy.yaml",
      "apiVersion: v1\nkind: Binding\nmetadata: {name: p}\ntarget: {name: 5}\n", 2, NULL,
      "standard input:1: target.name: expected a string" },
    /* What cannot be read. */
    { "a file that is not there", "mutate /does/not/exist", NULL, 2, NULL,
      "spillway: /does/not/exist: No such file or directory\n" },
    { "what can be read is read all the same",
      "mutate -o patch /does/not/exist - " GOLDEN "service/pod.yaml", CONFIG_MAP, 2,
      "[]\n[]\n", "/does/not/exist" },
    { "no document at all", "mutate", "# nothing\n", 2, NULL,
      "spillway: standard input: there is no document in it\n" },
    { "truncated JSON has a byte", "mutate", "{\"kind\":", 2, NULL, "standard input: byte 8: " },
    { "broken YAML has a line", "mutate", "a: 1\n b: 2\n", 2, NULL, "standard input: line 2: " },
    { "no kind has a line", "mutate", CONFIG_MAP "---\n\napiVersion: v1\n", 2,
      "ConfigMap c: skipped", "standard input:6: kind is missing" },
    { "no apiVersion has a byte", "mutate", " {\"kind\":\"Pod\"}", 2, NULL,
      "standard input: byte 1: apiVersion is missing" },
    { "a list is no object", "mutate", "- 1\n", 2, NULL, "standard input:1: expected a Kubernetes object" },
    { "a workload without a template", "mutate",
      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {template: 1}\n", 2, NULL,
      "Deployment without a pod template at /spec/template" },
    { "a workload without a name", "mutate",
      "apiVersion: apps/v1\nkind: Deployment\nspec: {template: {}}\n", 2, NULL, "metadata.name is missing" },
    { "a workload whose patch would miss", "mutate",
      "{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"x\"},"
      "\"spec\":{\"template\":{}},\"spec\":{\"template\":{}}}", 2, NULL, "key 'spec' is given twice" },
    { "a wrong type in a pod", "mutate", "apiVersion: v1\nkind: Pod\nspec: {tolerations: 1}\n", 2, NULL,
      "standard input:1: spec.tolerations: expected" },
    { "a review without a uid", "mutate",
      "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{}}", 2, NULL,
      "standard input: byte 0: request.uid is missing" },
    { "a review of another version", "mutate",
      "{\"apiVersion\":\"admission.k8s.io/v2\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"1\"}}", 2,
      NULL, "standard input: byte 0: apiVersion must be" },
    { "a second review's error has the byte in the file", "mutate -o response",
      "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"1\","
      "\"operation\":\"DELETE\"}} {\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
      "\"request\":{\"uid\":5}}", 2, "\"uid\":\"1\",\"allowed\":true", "standard input: byte 183: request.uid: expected a string" },
    { "a key given twice on a path that is read", "mutate",
      "\n{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":"
      "{\"uid\":\"1\",\"uid\":\"2\"}}", 2, NULL, "standard input: byte 83: request.uid: " },
    { "numbers beyond a double", "mutate", "{\"a\":1e999}", 2, NULL, "standard input: byte 5" },
    { "a lone surrogate", "mutate", "[\"\\ud800\"]", 2, NULL, "standard input: byte " },
    /* Arguments. */
    { "an unknown format", "mutate -o yaml", NULL, 2, NULL, "diff|response|patch|object|review" },
    { "an unknown option", "mutate --colour", NULL, 2, NULL, "unknown option '--colour'" },
    { "a policy that is not there", "mutate --policy /does/not/exist", POD, 2, NULL,
      "/does/not/exist: No such file" },
    { "help goes to standard output", "mutate --help", NULL, 0, "Usage: spillway mutate", NULL },
};
/* clang-format on */

static void check_stream(const char *what, const char *text, const char *wanted)
{
    if (!wanted) {
        if (*text)
            fail_msg("nothing was expected on %s:\n%s", what, text);
    } else if (!strstr(text, wanted)) {
        fail_msg("expected on %s: %s\ngot: %s", what, wanted, text);
    }
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_run struct run run = { 0 };

    run_words(&run, row->input, row->args);
    check_stream("standard error", run.err, row->err);
    check_stream("standard output", run.out, row->out);
    assert_int_equal(run.status, row->status);
    assert_null(strchr(run.out, '\033'));
}

/* --- whole outputs ----------------------------------------------------- */

static void test_review_of_workload(void **state)
{
    auto_run struct run first = { 0 }, second = { 0 };
    const char *uid;

    (void)state;
    run_words(&first, DEPLOYMENT, "mutate -o review");
    run_words(&second, DEPLOYMENT, "mutate -o review");
    assert_string_equal(first.out, second.out);
    uid = strstr(first.out, "\"uid\":\"");
    assert_non_null(uid);
    assert_int_equal(strspn(uid + 7, "0123456789abcdef-"), 36);
    assert_non_null(strstr(
        first.out,
        "\"object\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{"
        "\"generateName\":\"gw-\",\"namespace\":\"istio-system\",\"labels\":{"
        "\"istio\":\"ingressgateway\"},\"ownerReferences\":[{\"apiVersion\":"
        "\"apps/v1\",\"kind\":\"ReplicaSet\",\"name\":\"gw\","));
    assert_non_null(strstr(first.out, "\"operation\":\"CREATE\""));
}

/* What -o review prints gets the same answer as what it was printed for. */
static void test_review_round_trip(void **state)
{
    auto_run struct run direct = { 0 }, review = { 0 }, answer = { 0 };

    (void)state;
    run_words(&direct, DEPLOYMENT, "mutate -o response");
    run_words(&review, DEPLOYMENT, "mutate -o review");
    run_words(&answer, review.out, "mutate -o response");
    assert_string_equal(direct.out, answer.out);
}

/* A changed object is not changed again, and no patch is left to make. */
static void test_object_is_final(void **state)
{
    auto_run struct run object = { 0 }, patch = { 0 };

    (void)state;
    run_words(&object, DEPLOYMENT "---\n" CONFIG_MAP, "mutate -o object");
    assert_int_equal(object.status, 0);
    run_words(&patch, object.out, "mutate -o patch");
    assert_string_equal(patch.out, "[]\n[]\n");
}

static void test_review_is_one_line(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run,
              "kind: AdmissionReview\napiVersion: admission.k8s.io/v1\n"
              "request:\n  uid: '1'\n  operation: DELETE\n",
              "mutate -o review");
    assert_string_equal(run.out,
                        "{\"kind\":\"AdmissionReview\",\"apiVersion\":"
                        "\"admission.k8s.io/v1\",\"request\":{\"uid\":\"1\","
                        "\"operation\":\"DELETE\"}}\n");
}

static void test_too_big(void **state)
{
    auto_scratch struct scratch scratch;
    auto_run struct run run = { 0 };
    auto_free char *path = NULL, *args = NULL;

    (void)state;
    scratch_init(&scratch);
    path = scratch_write(&scratch, "big.yaml", "", 0600);
    assert_int_equal(truncate(path, 64L * 1024 * 1024 + 1), 0);
    assert_true(asprintf(&args, "mutate %s", path) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "is larger than 67108864 bytes"));
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 5];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[n++] =
        (struct CMUnitTest){ "a workload is reviewed as its pod, the same "
                             "every time",
                             test_review_of_workload, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "a printed review gets the same answer",
                             test_review_round_trip, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "a changed object is final",
                                      test_object_is_final, NULL, NULL, NULL };
    tests[n++] =
        (struct CMUnitTest){ "a review is printed on one line",
                             test_review_is_one_line, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "more than 64 MiB are refused",
                                      test_too_big, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("mutate", tests, NULL, NULL);
}
