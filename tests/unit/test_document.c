/* test_document.c - from documents to reviews and back: document.h, compose.h,
 * laws.h, words.h and summary.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/compose.h"
#include "spillway/document.h"
#include "spillway/file.h"
#include "spillway/laws.h"
#include "spillway/macros.h"
#include "spillway/summary.h"
#include "spillway/words.h"
#include "spillway/yaml.h"

enum { LIMIT = 10000 };

/* --- opening ----------------------------------------------------------- */

#define GATEWAY "metadata: {labels: {app: istio-ingressgateway}}"

struct open_row {
    const char *name, *yaml;
    enum document_kind kind;
    const char *template_path;
    const char *review; /* contained in the bytes that are evaluated */
    const char *patch;  /* what its patch begins with */
};

/* clang-format off */
static struct open_row open_rows[] = {
    { "a Pod is its own object", "{apiVersion: v1, kind: Pod, " GATEWAY "}", DOCUMENT_POD, "",
      "\"resource\":{\"group\":\"\",\"version\":\"v1\",\"resource\":\"pods\"}",
      "[{\"op\":\"add\",\"path\":\"/spec\"," },
    { "a Deployment's pods are a ReplicaSet's",
      "{apiVersion: apps/v1, kind: Deployment, metadata: {name: gw}, spec: {template: {" GATEWAY "}}}",
      DOCUMENT_WORKLOAD, "/spec/template", "\"kind\":\"ReplicaSet\",\"name\":\"gw\"",
      "[{\"op\":\"add\",\"path\":\"/spec/template/spec\"," },
    { "a StatefulSet's pods are its own",
      "{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: gw}, spec: {template: {" GATEWAY ", spec: null}}}",
      DOCUMENT_WORKLOAD, "/spec/template", "\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"gw\"",
      "[{\"op\":\"add\",\"path\":\"/spec/template/spec\"," },
    { "a CronJob's pods are a Job's",
      "{apiVersion: batch/v1, kind: CronJob, metadata: {name: gw}, spec: {jobTemplate: {spec: {template: {"
      GATEWAY ", spec: {affinity: {}}}}}}}", DOCUMENT_WORKLOAD, "/spec/jobTemplate/spec/template",
      "\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"name\":\"gw\"",
      "[{\"op\":\"add\",\"path\":\"/spec/jobTemplate/spec/template/spec/affinity/nodeAffinity\"," },
    { "a generated name loses its dash",
      "{apiVersion: batch/v1, kind: Job, metadata: {generateName: n-}, spec: {template: {" GATEWAY "}}}",
      DOCUMENT_WORKLOAD, "/spec/template", "\"generateName\":\"n-\",", "[{" },
    { "another group's kind with a pod template is a workload",
      "{apiVersion: apps.kruise.io/v1beta1, kind: StatefulSet, metadata: {name: gw}, spec: {template: {" GATEWAY "}}}",
      DOCUMENT_WORKLOAD, "/spec/template", "\"apiVersion\":\"apps.kruise.io/v1beta1\",\"kind\":\"StatefulSet\"", "[{" },
    { "another group's kind without one is not",
      "{apiVersion: batch.volcano.sh/v1, kind: Job, metadata: {name: gw}}", DOCUMENT_OTHER, "",
      "\"group\":\"batch.volcano.sh\"", "[]" },
    { "a Pod of another group is no Pod", "{apiVersion: x/v1, kind: Pod}", DOCUMENT_OTHER, "",
      "\"resource\":\"pods\"", "[]" },
    { "a Binding is created as a subresource of its pod", "{apiVersion: v1, kind: Binding, target: {name: n}}",
      DOCUMENT_BINDING, "",
      "\"resource\":\"pods\"},\"subResource\":\"binding\",\"requestSubResource\":\"binding\",", "[]" },
    { "plurals are guessed as kubectl does", "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy}",
      DOCUMENT_OTHER, "", "\"resource\":\"networkpolicies\"", "[]" },
    { "a kind in s gets es", "{apiVersion: networking.k8s.io/v1, kind: Ingress}", DOCUMENT_OTHER, "",
      "\"resource\":\"ingresses\"", "[]" },
    { "a review is taken as it is",
      "{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {uid: u, operation: DELETE}}",
      DOCUMENT_REVIEW, "", "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
      "\"request\":{\"uid\":\"u\",\"operation\":\"DELETE\"}}", "[]" },
};
/* clang-format on */

/* A document from YAML, evaluated with the built-in policy. */
struct fixture {
    struct arena arena;
    struct policy_set *set;
    struct document_place place;
    struct document document;
    struct admission admission;
};

static void open_fixture(struct fixture *fixture, const char *policy,
                         const char *yaml)
{
    struct buf mistakes = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };

    *fixture = (struct fixture){
        .place = { .file = "f", .bytes = text_of(yaml), .is_only = true },
    };
    fixture->set = file_load_policy(policy, &mistakes, &err);
    assert_non_null(fixture->set);
    assert_true(
        yaml_read(text_of(yaml), LIMIT, &fixture->arena, &documents, &err));
    fixture->place.is_json = documents.is_json[0];
    if (!document_open(documents.list[0], &fixture->place,
                       text_of("istio-system"), &fixture->arena,
                       &fixture->document, &err) ||
        !document_admit(&fixture->document, &fixture->place, fixture->set,
                        &fixture->arena, &fixture->admission, &err))
        fail_msg("%s", err.text);
}

static void close_fixture(struct fixture *fixture)
{
    policy_set_free(fixture->set);
    arena_done(&fixture->arena);
}

#define auto_fixture __attribute__((cleanup(close_fixture)))

static void test_open(void **state)
{
    const struct open_row *row = *state;
    auto_fixture struct fixture fixture = { 0 };
    auto_buf struct buf out = { 0 };
    auto_free char *yaml = NULL;
    struct json *patch;
    struct error err = { 0 };

    /* A comment in front, so that it is not taken for JSON. */
    assert_true(asprintf(&yaml, "# x\n%s\n", row->yaml) > 0);
    open_fixture(&fixture, NULL, yaml);
    assert_int_equal(fixture.document.kind, row->kind);
    assert_string_equal(fixture.document.template_path, row->template_path);
    assert_non_null(memmem(fixture.document.review.data,
                           fixture.document.review.len, row->review,
                           strlen(row->review)));
    patch = document_patch(&fixture.document, &fixture.admission,
                           &fixture.arena, &err);
    assert_non_null(patch);
    json_write(&out, patch);
    if (strncmp(out.data, row->patch, strlen(row->patch)) != 0)
        fail_msg("patch: %s", out.data);
    assert_true(document_apply(&fixture.document, patch, &fixture.arena, &err));
}

/* The server sees the file's bytes, white space and all. */
static void test_same_bytes(void **state)
{
    static const char review[] =
        " \n{\"kind\":\"AdmissionReview\",\n \"apiVersion\":"
        "\"admission.k8s.io/v1\", \"request\":{\"uid\":\"1\","
        "\"operation\":\"DELETE\"} }\n";
    auto_fixture struct fixture fixture = { 0 };

    (void)state;
    open_fixture(&fixture, NULL, review);
    assert_ptr_equal(fixture.document.review.data, review);
    assert_int_equal(fixture.document.review.len, strlen(review));
}

/* --- laws -------------------------------------------------------------- */

#define FILL_FIRST "tests/golden/fill-first/policy.yaml"
#define SCALE_IN_FIRST "tests/golden/scale-in-first-binding/policy.yaml"
#define SPREAD_POD                                                             \
    "# x\napiVersion: v1\nkind: Pod\n" GATEWAY                                 \
    "\nspec: {topologySpreadConstraints: [{maxSkew: 1}]}\n"
#define BINDING                                                                \
    "# x\napiVersion: v1\nkind: Binding\nmetadata: {annotations: {a: b}}\n"    \
    "target: {name: virtual-kubelet-a}\n"
#define POD_WITH_SPEC "# x\napiVersion: v1\nkind: Pod\n" GATEWAY "\nspec: {}\n"

static const char *check_laws(struct fixture *fixture, struct buf *findings)
{
    struct laws_objects objects;
    struct error err = { 0 };

    buf_add_string(findings, "");
    if (!laws_check(fixture->set, &fixture->document, &fixture->admission,
                    &fixture->arena, &objects, findings, &err))
        fail_msg("%s", err.text);
    return findings->data;
}

static void test_laws_hold(void **state)
{
    auto_fixture struct fixture fixture = { 0 };
    auto_buf struct buf findings = { 0 };

    (void)state;
    open_fixture(&fixture, NULL, POD_WITH_SPEC);
    assert_int_equal(fixture.admission.decision, DECISION_MUTATED);
    assert_string_equal(check_laws(&fixture, &findings), "");
}

/* A patch that an engine with a fault might send. */
struct law_row {
    const char *name, *policy, *yaml, *patch;
    bool in_response; /* the response holds the same */
    const char *finding;
};

/* clang-format off */
static struct law_row law_rows[] = {
    { "a patch that is not the one in the response", NULL, POD_WITH_SPEC, "[]", false,
      "law 3: the response holds another patch" },
    { "a patch that does not apply", NULL, POD_WITH_SPEC, "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", true,
      "law 3: the patch does not apply: add /a/b" },
    { "a patch that lacks what was meant", NULL, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/spec/tolerations\",\"value\":[]}]", true,
      "law 3: the patch does not give the tolerations" },
    { "a patch after which another is due", NULL, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/spec/tolerations\",\"value\":[]}]", true,
      "law 2: a second pass yields a patch: [{" },
    { "a patch that touches a label", NULL, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/metadata/labels/x\",\"value\":\"y\"}]", true,
      "law 4: something outside" },
    { "a patch that touches another affinity", NULL, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/spec/affinity\",\"value\":{\"podAffinity\":{}}}]", true,
      "law 4: something outside" },
    { "a patch that adds constraints without fillFirst", NULL, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/spec/topologySpreadConstraints\",\"value\":[{\"maxSkew\":1}]}]", true,
      "law 4: something outside tolerations and nodeAffinity differs" },
    { "a patch that lacks fillFirst's constraint", FILL_FIRST, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/spec/tolerations\",\"value\":[]}]", true,
      "law 3: the patch does not give the topologySpreadConstraints" },
    { "a patch that replaces the pod's own constraints", FILL_FIRST, SPREAD_POD,
      "[{\"op\":\"replace\",\"path\":\"/spec/topologySpreadConstraints\",\"value\":[{\"maxSkew\":2}]}]", true,
      "law 4: something outside tolerations and nodeAffinity differs" },
    { "a patch that touches a label beside the constraint", FILL_FIRST, POD_WITH_SPEC,
      "[{\"op\":\"add\",\"path\":\"/metadata/labels/x\",\"value\":\"y\"}]", true,
      "law 4: something outside tolerations, nodeAffinity and topologySpreadConstraints differs" },
    { "a patch that gives a Binding another cost", SCALE_IN_FIRST, BINDING,
      "[{\"op\":\"add\",\"path\":\"/metadata/annotations/controller.kubernetes.io~1pod-deletion-cost\",\"value\":\"-1\"}]", true,
      "law 3: the patch does not give the annotations" },
    { "a patch that replaces a Binding's annotations", SCALE_IN_FIRST, BINDING,
      "[{\"op\":\"replace\",\"path\":\"/metadata/annotations\",\"value\":{\"controller.kubernetes.io/pod-deletion-cost\":\"-100\"}}]",
      true, "law 4: something outside the deletion cost differs" },
    { "a patch that sends a pod elsewhere", SCALE_IN_FIRST, BINDING,
      "[{\"op\":\"replace\",\"path\":\"/target/name\",\"value\":\"x\"}]", true,
      "law 4: something outside the deletion cost differs" },
};
/* clang-format on */

static void test_law(void **state)
{
    const struct law_row *row = *state;
    auto_fixture struct fixture fixture = { 0 };
    auto_buf struct buf findings = { 0 }, response = { 0 };

    open_fixture(&fixture, row->policy, row->yaml);
    fixture.admission.patch = text_of(row->patch);
    if (row->in_response) {
        buf_add_string(&response, "{\"response\":{\"patch\":\"");
        buf_add_base64(&response, fixture.admission.patch);
        buf_add_string(&response, "\"}}");
        fixture.admission.response = buf_text(&response);
    }
    if (!strstr(check_laws(&fixture, &findings), row->finding))
        fail_msg("found only: %s", findings.data);
}

/* --- words ------------------------------------------------------------- */

struct word_row {
    const char *name;
    void (*write)(struct buf *out, const struct json *value);
    const char *json, *words;
};

/* clang-format off */
static struct word_row word_rows[] = {
    { "a toleration of a value", words_toleration,
      "{\"key\":\"k\",\"value\":\"v\",\"effect\":\"NoSchedule\"}", "k=v:NoSchedule" },
    { "a toleration of a key", words_toleration, "{\"key\":\"k\",\"operator\":\"Exists\"}", "k" },
    { "a toleration of everything", words_toleration, "{\"operator\":\"Exists\",\"effect\":\"NoExecute\"}",
      "every taint:NoExecute" },
    { "a toleration with an operator of the future", words_toleration,
      "{\"key\":\"k\",\"operator\":\"Gt\",\"value\":\"5\"}", "k Gt 5" },
    { "one value", words_term,
      "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\"]}]}", "a=x" },
    { "several values and requirements", words_term,
      "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"x\",\"y\"]},"
      "{\"key\":\"b\",\"operator\":\"NotIn\",\"values\":[\"z\"]}],"
      "\"matchFields\":[{\"key\":\"metadata.name\",\"operator\":\"In\",\"values\":[\"n\"]}]}",
      "a in (x, y) and b!=z and metadata.name=n" },
    { "presence, absence, order", words_term,
      "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"Exists\"},{\"key\":\"b\",\"operator\":\"DoesNotExist\"},"
      "{\"key\":\"c\",\"operator\":\"Gt\",\"values\":[\"5\"]}]}", "a and no b and c > 5" },
    { "many values are cut", words_term,
      "{\"matchExpressions\":[{\"key\":\"a\",\"operator\":\"In\",\"values\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\"]}]}",
      "a in (1, 2, 3, 4, and 2 more)" },
    { "control characters are taken out", words_toleration, "{\"key\":\"k\\u001b[31m\\n\",\"operator\":\"Exists\"}",
      "k?[31m?" },
};

static const struct wrap_row {
    size_t width;
    const char *in, *out;
} wrap_rows[] = {
    { 0, "a b;\nc d", "a b; c d" },
    { 40, "a b;\nc d", "a b; c d" },
    { 20, "mutated by policy:\ntolerates a and bb ccc ddd;\nprefers x",
      "mutated by policy:\n    tolerates a and\n      bb ccc ddd;\n    prefers x" },
    { 20, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n      b" },
};
/* clang-format on */

static void test_words(void **state)
{
    const struct word_row *row = *state;
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf out = { 0 };
    struct json_document doc;
    struct error err = { 0 };

    assert_true(
        json_read(text_of(row->json), &json_any, LIMIT, &arena, &doc, &err));
    row->write(&out, doc.root);
    assert_string_equal(out.data, row->words);
}

static void test_wrap(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_len(wrap_rows); i++) {
        auto_buf struct buf out = { 0 };

        summary_wrap(&out, text_of(wrap_rows[i].in), wrap_rows[i].width);
        assert_string_equal(out.data, wrap_rows[i].out);
    }
}

/* --- all of them ------------------------------------------------------- */

#define TEST(what, function, row)                                              \
    (struct CMUnitTest)                                                        \
    {                                                                          \
        what, function, NULL, NULL, row                                        \
    }

int main(void)
{
    struct CMUnitTest tests[array_len(open_rows) + array_len(law_rows) +
                            array_len(word_rows) + 3];
    size_t n = 0;

    for (size_t i = 0; i < array_len(open_rows); i++)
        tests[n++] = TEST(open_rows[i].name, test_open, &open_rows[i]);
    tests[n++] =
        TEST("a review in JSON is its file's bytes", test_same_bytes, NULL);
    tests[n++] = TEST("the laws hold for a gateway", test_laws_hold, NULL);
    for (size_t i = 0; i < array_len(law_rows); i++)
        tests[n++] = TEST(law_rows[i].name, test_law, &law_rows[i]);
    for (size_t i = 0; i < array_len(word_rows); i++)
        tests[n++] = TEST(word_rows[i].name, test_words, &word_rows[i]);
    tests[n++] = TEST("clauses are wrapped", test_wrap, NULL);
    return cmocka_run_group_tests_name("document", tests, NULL, NULL);
}
