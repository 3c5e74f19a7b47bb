/*
 * test_binding.c - Bindings, which scaleInFirst annotates: who decides, what
 * the answer says, and what is refused.
 */
#include "harness.h"

#include <stdio.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

struct row {
    const char *name, *policies;
    const char *request; /* its members but uid and operation */
    enum decision decision;
    enum reason reason;
    const char *policy; /* NULL: none */
    const char *patch;  /* NULL: none */
};

/* clang-format off */
#define TOP "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
#define POLICY(name, ns, rest) "- name: " name "\n  match: {namespaces: [" ns "], selectors: [{matchLabels: {app: gw}}]}\n" \
    "  tolerations: [{operator: Exists}]\n" rest
#define ON(globs) "  spillover: {scaleInFirst: true, virtualNodes: [" globs "]}\n"
#define VK TOP POLICY("vk", "edge", ON("vk-*"))

#define KIND "'kind':{'group':'','version':'v1','kind':'Binding'},"
#define REVIEW(kind, sub, operation, object) kind "'namespace':'edge'," sub "'operation':'" operation "','object':" object
#define BIND(object) REVIEW(KIND, "'subResource':'binding',", "CREATE", object)
#define META(annotations) "'metadata':{'name':'p','annotations':" annotations "}"
#define TO(name) "'target':{'kind':'Node','name':'" name "'}"
#define PLAIN(node) "{'metadata':{'name':'p'}," TO(node) "}"
#define COST "'controller.kubernetes.io/pod-deletion-cost':"
#define NEW "[{'op':'add','path':'/metadata/annotations','value':{" COST "'-100'}}]"
#define ONE(op) "[{'op':'" op "','path':'/metadata/annotations/controller.kubernetes.io~1pod-deletion-cost','value':'-100'}]"

static struct row rows[] = {
    { "a node that fits", VK, BIND(PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "null annotations", VK, BIND("{" META("null") "," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "other annotations", VK, BIND("{" META("{'a':'b'}") "," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", ONE("add") },
    { "another cost", VK, BIND("{" META("{" COST "'-99'}") "," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", ONE("replace") },
    { "the same cost, written in another way", VK, BIND("{" META("{" COST "'-0100'}") "," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", ONE("replace") },
    { "the same cost", VK, BIND("{" META("{" COST "'-100','a':'b'}") "," TO("vk-1") "}"), DECISION_UNCHANGED, REASON_ALREADY_SATISFIED, "vk", NULL },
    { "no metadata", VK, BIND("{" TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", "[{'op':'add','path':'/metadata','value':{'annotations':{" COST "'-100'}}}]" },
    { "an absent group is core", VK, REVIEW("'kind':{'version':'v1','kind':'Binding'},", "'subResource':'binding',", "CREATE", PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "a label on the Binding selects nothing", VK, BIND("{'metadata':{'labels':{'app':5}}," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "an annotation that opts a pod out is none here", VK, BIND("{" META("{'spillway.dev/mutate':'false'}") "," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", ONE("add") },
    /* who decides */
    { "another node", VK, BIND(PLAIN("cn-1")), DECISION_SKIPPED, REASON_NO_MATCH, NULL, NULL },
    { "a glob is on the whole name", VK, BIND(PLAIN("my-vk-1")), DECISION_SKIPPED, REASON_NO_MATCH, NULL, NULL },
    { "letters are told apart", VK, BIND(PLAIN("VK-1")), DECISION_SKIPPED, REASON_NO_MATCH, NULL, NULL },
    { "a node without a name", TOP POLICY("vk", "edge", ON("'*'")), BIND(PLAIN("")), DECISION_SKIPPED, REASON_NO_MATCH, NULL, NULL },
    { "no target", TOP POLICY("vk", "edge", ON("'*'")), BIND("{'metadata':{}}"), DECISION_SKIPPED, REASON_NO_MATCH, NULL, NULL },
    { "another namespace", TOP POLICY("vk", "other", ON("vk-*")), BIND(PLAIN("vk-1")), DECISION_SKIPPED, REASON_NO_MATCH, NULL, NULL },
    { "any namespace", TOP POLICY("vk", "'*'", ON("vk-*")), BIND(PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "one of several globs", TOP POLICY("vk", "edge", ON("a, 'v[jk]-?'")), BIND(PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "a policy without scaleInFirst is passed over", TOP POLICY("a", "edge", "  spillover: {fillFirst: true}\n") POLICY("b", "edge", ON("vk-*")), BIND(PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "b", NEW },
    { "the first that fits decides", TOP POLICY("a", "edge", ON("n-*")) POLICY("b", "edge", ON("vk-*")) POLICY("c", "edge", ON("'*'")), BIND(PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "b", NEW },
    { "shadow mode", TOP POLICY("a", "edge", "  mode: shadow\n" ON("vk-*")) POLICY("b", "edge", ON("vk-*")), BIND(PLAIN("vk-1")), DECISION_SHADOWED, REASON_APPLIED, "a", NULL },
    { "percent does not apply", TOP POLICY("a", "edge", "  percent: 0\n" ON("vk-*")), BIND(PLAIN("vk-1")), DECISION_MUTATED, REASON_APPLIED, "a", NEW },
    /* guards */
    { "no policy scales in first", TOP POLICY("a", "edge", "  spillover: {fillFirst: true}\n"), BIND(PLAIN("vk-1")), DECISION_SKIPPED, REASON_NOT_A_POD, NULL, NULL },
    { "and then it may hold anything", TOP POLICY("a", "edge", ""), BIND("{'metadata':5,'target':[]}"), DECISION_SKIPPED, REASON_NOT_A_POD, NULL, NULL },
    { "no subresource", VK, REVIEW(KIND, "", "CREATE", PLAIN("vk-1")), DECISION_SKIPPED, REASON_SUBRESOURCE, NULL, NULL },
    { "another subresource", VK, REVIEW(KIND, "'subResource':'status',", "UPDATE", PLAIN("vk-1")), DECISION_SKIPPED, REASON_SUBRESOURCE, NULL, NULL },
    { "UPDATE", VK, REVIEW(KIND, "'subResource':'binding',", "UPDATE", PLAIN("vk-1")), DECISION_SKIPPED, REASON_OPERATION, NULL, NULL },
    { "DELETE without an object", VK, REVIEW(KIND, "'subResource':'binding',", "DELETE", "null"), DECISION_SKIPPED, REASON_OPERATION, NULL, NULL },
    { "a Binding of another group", VK, REVIEW("'kind':{'group':'x','version':'v1','kind':'Binding'},", "'subResource':'binding',", "CREATE", PLAIN("vk-1")), DECISION_SKIPPED, REASON_NOT_A_POD, NULL, NULL },
    { "another kind with that subresource", VK, REVIEW("'kind':{'version':'v1','kind':'X'},", "'subResource':'binding',", "CREATE", "{'target':5}"), DECISION_SKIPPED, REASON_NOT_A_POD, NULL, NULL },
    /* other paths are not read */
    { "what only a Pod has may be anything", VK, BIND("{'spec':5,'status':[],'metadata':{'name':'p','labels':7,'ownerReferences':{}}," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", NEW },
    { "other annotations may be anything", VK, BIND("{" META("{'a':5,'a':6}") "," TO("vk-1") "}"), DECISION_MUTATED, REASON_APPLIED, "vk", ONE("add") },
};

struct refused {
    const char *name, *request;
    const char *told; /* a piece of the message */
};

static struct refused refusals[] = {
    { "an object that is none", BIND("5"), "request.object" },
    { "no object", BIND("null"), "request.object is missing" },
    { "metadata that are no object", BIND("{'metadata':[]," TO("vk-1") "}"), "request.object.metadata" },
    { "a name that is no string", BIND("{'metadata':{'name':5}," TO("vk-1") "}"), "request.object.metadata.name" },
    { "annotations that are no object", BIND("{" META("'a'") "," TO("vk-1") "}"), "request.object.metadata.annotations" },
    { "a cost that is no string", BIND("{" META("{" COST "-100}") "," TO("vk-1") "}"), "pod-deletion-cost" },
    { "a cost that comes twice", BIND("{" META("{" COST "'1'," COST "'2'}") "," TO("vk-1") "}"), "pod-deletion-cost" },
    { "a cost with U+0000", BIND("{" META("{" COST "'\\u0000'}") "," TO("vk-1") "}"), "pod-deletion-cost" },
    { "a target that is no object", BIND("{'target':'vk-1'}"), "request.object.target" },
    { "a node that is no string", BIND("{'target':{'name':5}}"), "request.object.target.name" },
    { "a node with U+0000", BIND("{'target':{'name':'vk\\u0000'}}"), "request.object.target.name" },
    { "two targets", BIND("{" TO("vk-1") "," TO("n-1") "}"), "request.object.target" },
    { "whatever the guards would say", REVIEW(KIND, "'subResource':'status',", "UPDATE", "{'target':5}"), "request.object.target" },
};
/* clang-format on */

static bool admit_request(const struct policy_set *set, const char *request,
                          struct arena *arena, struct admission *result,
                          struct error *err)
{
    struct buf body = { .arena = arena };

    buf_printf(&body,
               "{\"kind\":\"AdmissionReview\",\"apiVersion\":"
               "\"admission.k8s.io/v1\",\"request\":{\"uid\":\"u\",%s}}",
               pods_text(arena, request));
    assert_true(buf_ok(&body, err));
    return admit(set, buf_text(&body), arena, result, err);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = pods_policy(row->policies);
    auto_arena struct arena arena = { 0 };
    struct admission result;
    struct error err = { 0 };

    if (!admit_request(set, row->request, &arena, &result, &err))
        fail_msg("%s", err.text);
    assert_string_equal(decision_name(result.decision),
                        decision_name(row->decision));
    assert_string_equal(reason_name(result.reason), reason_name(row->reason));
    assert_int_equal(result.policy != NULL, row->policy != NULL);
    if (row->policy)
        assert_true(text_is(result.policy->name, row->policy));
    assert_int_equal(result.patch.data != NULL, row->patch != NULL);
    if (row->patch)
        assert_true(text_is(result.patch, pods_text(&arena, row->patch)));
    assert_int_equal(result.n_warnings, 0);
}

static void test_refused(void **state)
{
    const struct refused *row = *state;
    auto_policy_set struct policy_set *set = pods_policy(VK);
    auto_arena struct arena arena = { 0 };
    struct admission result;
    struct error err = { 0 };

    assert_false(admit_request(set, row->request, &arena, &result, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    if (!strstr(err.text, row->told))
        fail_msg("got '%s', wanted '%s'", err.text, row->told);
}

/* Byte for byte what is sent, and what the log is told. */
static void test_answer(void **state)
{
    auto_policy_set struct policy_set *set = pods_policy(VK);
    auto_arena struct arena arena = { 0 };
    struct admission result;
    struct error err = { 0 };
    char wanted[1024];

    (void)state;
    assert_true(admit_request(set, BIND(PLAIN("vk-1")), &arena, &result, &err));
    (void)snprintf(
        wanted, sizeof(wanted),
        "{\"kind\":\"AdmissionReview\",\"apiVersion\":\"admission.k8s.io/v1\","
        "\"response\":{\"uid\":\"u\",\"allowed\":true,\"patch\":\""
        "W3sib3AiOiJhZGQiLCJwYXRoIjoiL21ldGFkYXRhL2Fubm90YXRpb25zIiwidmFsdWUi"
        "OnsiY29udHJvbGxlci5rdWJlcm5ldGVzLmlvL3BvZC1kZWxldGlvbi1jb3N0IjoiLTEw"
        "MCJ9fV0=\",\"patchType\":\"JSONPatch\",\"auditAnnotations\":{"
        "\"decision\":\"mutated\",\"policy\":\"vk\",\"policy-digest\":\"%s\","
        "\"reason\":\"applied\"}}}\n",
        policy_set_digest(set));
    assert_string_equal(arena_string(&arena, result.response), wanted);
    assert_true(result.is_binding);
    assert_true(text_is(result.name, "p"));
    assert_true(text_is(result.name_space, "edge"));
}

/* A second call for the same Binding never contradicts the first. */
static void test_unchanged(void **state)
{
    auto_policy_set struct policy_set *set = pods_policy(VK);
    auto_arena struct arena arena = { 0 };
    struct admission result;
    struct error err = { 0 };

    (void)state;
    assert_true(admit_request(
        set, BIND("{" META("{" COST "'-100'}") "," TO("vk-1") "}"), &arena,
        &result, &err));
    assert_null(strstr(arena_string(&arena, result.response), "decision"));
    assert_null(strstr(arena_string(&arena, result.response), "reason"));
}

int main(void)
{
    static const struct CMUnitTest more[] = {
        { "the answer, byte for byte", test_answer, NULL, NULL, NULL },
        { "unchanged: neither patch nor decision", test_unchanged, NULL, NULL,
          NULL },
    };
    struct CMUnitTest
        tests[array_len(rows) + array_len(refusals) + array_len(more)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(refusals); i++)
        tests[n++] = (struct CMUnitTest){ refusals[i].name, test_refused, NULL,
                                          NULL, &refusals[i] };
    memcpy(&tests[n], more, sizeof(more));
    return cmocka_run_group_tests_name("binding", tests, NULL, NULL);
}
