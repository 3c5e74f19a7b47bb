/* test_review.c - which bodies are refused, and what an answer looks like. */
#include "harness.h"

#include <stdio.h>

#include <cjson/cJSON.h>
#include <openssl/evp.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/review.h"

/* clang-format off */
#define POLICY PODS_POLICY_HEAD "  tolerations: [{key: k, operator: Exists}]\n"
#define REVIEW(request) "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':" request "}"
#define KIND "'kind':{'group':'','version':'v1','kind':'Pod'}"
#define OTHER "'kind':{'group':'apps','version':'v1','kind':'Deployment'}"
#define POD(object) REVIEW("{'uid':'u'," KIND ",'namespace':'edge','operation':'CREATE','object':" object "}")
#define OPERATION(op, object) REVIEW("{'uid':'u'," KIND ",'operation':'" op "','object':" object "}")
#define OBJECT_OF_OTHER(object) REVIEW("{'uid':'u'," OTHER ",'operation':'CREATE','object':" object "}")

struct row {
    const char *name, *body;
    const char *why; /* a piece of the message; NULL: it is decoded */
};

static struct row rows[] = {
    { "a v1 review", POD("{}"), NULL },
    { "a v1beta1 review", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1beta1','request':{'uid':'u'," KIND ",'operation':'CREATE','object':{}}}", NULL },
    { "members that we do not know", "{'x':[1],'x':2,'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{'y':{},'uid':'u'," KIND ",'operation':'CREATE','object':{}}}", NULL },
    /* the envelope */
    { "nothing is refused", "", "byte 0: " },
    { "something else than JSON is refused", "hello", "byte 0: " },
    { "an array is refused", "[]", "object" },
    { "null is refused", "null", "AdmissionReview" },
    { "no kind is refused", "{'apiVersion':'admission.k8s.io/v1','request':{}}", "kind" },
    { "another kind is refused", "{'kind':'Pod','apiVersion':'v1','metadata':{}}", "kind" },
    { "a kind that is no string is refused", "{'kind':1,'apiVersion':'admission.k8s.io/v1'}", "kind: expected a string" },
    { "another version is refused", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v2','request':{}}", "apiVersion" },
    { "another group is refused", "{'kind':'AdmissionReview','apiVersion':'authorization.k8s.io/v1','request':{}}", "apiVersion" },
    { "no version is refused", "{'kind':'AdmissionReview','request':{}}", "apiVersion" },
    { "no request is refused", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1'}", "request" },
    { "a null request is refused", REVIEW("null"), "request" },
    { "a request that is no object is refused", REVIEW("[]"), "request: expected an object" },
    { "a response alone is refused", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','response':{}}", "request" },
    { "no uid is refused", REVIEW("{" KIND ",'operation':'CREATE','object':{}}"), "uid" },
    { "an empty uid is refused", REVIEW("{'uid':''," KIND ",'operation':'CREATE','object':{}}"), "uid" },
    { "a null uid is refused", REVIEW("{'uid':null," KIND ",'operation':'CREATE','object':{}}"), "uid" },
    { "a uid that is no string is refused", REVIEW("{'uid':5," KIND ",'operation':'CREATE','object':{}}"), "request.uid: expected a string" },
    { "no uid is refused for other kinds too", REVIEW("{" OTHER ",'operation':'CREATE','object':{}}"), "uid" },
    { "no operation is refused", REVIEW("{'uid':'u'," KIND ",'object':{}}"), "operation" },
    { "an unknown operation is refused", OPERATION("PATCH", "{}"), "operation" },
    { "operations differ in case", OPERATION("create", "{}"), "operation" },
    { "an unknown operation is refused for other kinds too", REVIEW("{'uid':'u'," OTHER ",'operation':'GET'}"), "operation" },
    { "CREATE without an object is refused", REVIEW("{'uid':'u'," KIND ",'operation':'CREATE'}"), "object" },
    { "CREATE of null is refused", POD("null"), "object" },
    { "UPDATE", OPERATION("UPDATE", "{}"), NULL },
    { "DELETE of null", OPERATION("DELETE", "null"), NULL },
    { "CONNECT", OPERATION("CONNECT", "{}"), NULL },
    /* twins and U+0000 on the paths */
    { "a request twice is refused", "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1','request':{},'request':{}}", "request: the key is there twice" },
    { "a uid twice is refused", REVIEW("{'uid':'u','uid':'v'}"), "request.uid: the key is there twice" },
    { "an escaped uid is the uid", REVIEW("{'\\u0075id':'u','uid':'v'}"), "request.uid: the key is there twice" },
    { "an object twice is refused", REVIEW("{'uid':'u'," KIND ",'operation':'CREATE','object':{},'object':{}}"), "request.object: the key is there twice" },
    { "a namespace twice is refused", REVIEW("{'namespace':'a','namespace':'edge','uid':'u'," KIND ",'operation':'CREATE','object':{}}"), "request.namespace: the key" },
    { "U+0000 in the namespace is refused", REVIEW("{'namespace':'edge\\u0000','uid':'u'," KIND ",'operation':'CREATE','object':{}}"), "request.namespace: U+0000" },
    { "labels twice are refused", POD("{'metadata':{'labels':{},'labels':{'app':'gw'}}}"), "request.object.metadata.labels: the key is there twice" },
    { "a label that a policy reads twice is refused", POD("{'metadata':{'labels':{'app':'x','app':'gw'}}}"), "metadata.labels.app: the key is there twice" },
    { "an escaped label that a policy reads is refused", POD("{'metadata':{'labels':{'\\u0061pp':'x','app':'gw'}}}"), "metadata.labels.app: the key is there twice" },
    { "another label may come twice", POD("{'metadata':{'labels':{'z':'x','z':1,'app':'gw'}}}"), NULL },
    { "U+0000 in a label that is read is refused", POD("{'metadata':{'labels':{'app':'gw\\u0000'}}}"), "metadata.labels.app: U+0000" },
    { "U+0000 in another label is fine", POD("{'metadata':{'labels':{'z\\u0000':'\\u0000'}}}"), NULL },
    { "tolerations twice are refused", POD("{'spec':{'tolerations':[],'tolerations':[]}}"), "spec.tolerations: the key is there twice" },
    { "a nodeSelector's key twice is refused", POD("{'spec':{'nodeSelector':{'a':'1','a':'2'}}}"), "spec.nodeSelector.a: the key is there twice" },
    { "image twice is fine", POD("{'spec':{'containers':[{'image':1,'image':2}]}}"), NULL },
    { "twins in what is not a Pod are fine", OBJECT_OF_OTHER("{'metadata':{'name':1,'name':2}}"), NULL },
    /* types on the paths */
    { "a wrong type has its path", POD("{'spec':{'tolerations':{}}}"), "request.object.spec.tolerations: expected an array" },
    { "a wrong type deep down", POD("{'spec':{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'key':1}]}]}}}}}"), "nodeSelectorTerms[0].matchExpressions[0].key: expected a string" },
    { "a wrong type in the values", POD("{'spec':{'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[{'matchExpressions':[{'values':['a',1]}]}]}}}}}"), "values[1]: expected a string" },
    { "a label that is a number is refused", POD("{'metadata':{'labels':{'app':5}}}"), "metadata.labels.app: expected a string" },
    { "another label that is a number is not looked at", POD("{'metadata':{'labels':{'z':5}}}"), NULL },
    { "hostNetwork as a string is refused", POD("{'spec':{'hostNetwork':'true'}}"), "spec.hostNetwork: expected true or false" },
    { "a wrong type is refused whatever the guards say", OPERATION("UPDATE", "{'spec':[]}"), "spec: expected an object" },
    { "a wrong type is refused under another namespace too", REVIEW("{'uid':'u'," KIND ",'namespace':'x','operation':'CREATE','object':{'spec':{'nodeName':1}}}"), "nodeName" },
    { "an object that is an array is refused", POD("[]"), "request.object: expected an object" },
    { "a wrong type in what is not a Pod is fine", OBJECT_OF_OTHER("{'spec':{'tolerations':1}}"), NULL },
    { "what is not a Pod must be JSON all the same", OBJECT_OF_OTHER("{'spec':{'tolerations':1,}}"), "byte " },
    { "null everywhere is absent", POD("{'metadata':{'name':null,'labels':null,'annotations':null,'ownerReferences':null},'spec':{'tolerations':null,'affinity':null,'containers':null,'volumes':null,'nodeSelector':null,'securityContext':null,'hostNetwork':null,'nodeName':null}}"), NULL },
    { "null elements are empty objects", POD("{'metadata':{'ownerReferences':[null]},'spec':{'tolerations':[null],'containers':[null,{'ports':[null]}],'volumes':[null]}}"), NULL },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = pods_policy(POLICY);
    auto_arena struct arena arena = { 0 };
    struct text body = text_of(pods_text(&arena, row->body));
    struct admission result;
    struct error err = { 0 };
    bool good = admit(set, body, &arena, &result, &err);

    if (!row->why) {
        assert_string_equal(err.text, "");
        assert_true(good);
        return;
    }
    assert_false(good);
    assert_int_equal(err.kind, ERROR_INVALID);
    if (!strstr(err.text, row->why))
        fail_msg("'%s' does not say '%s'", err.text, row->why);
}

/* --- the answer -------------------------------------------------------- */

static const char *response_to(const char *yaml, const char *body,
                               struct arena *arena, struct admission *result)
{
    auto_policy_set struct policy_set *set = pods_policy(yaml);
    struct error err = { 0 };
    char *text;

    assert_true(
        admit(set, text_of(pods_text(arena, body)), arena, result, &err));
    text = arena_string(arena, result->response);
    /* The policy goes with the set. */
    result->policy = NULL;
    assert_int_equal(text[strlen(text) - 1], '\n');
    assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
    return text;
}

static cJSON *parse(const char *text, const char *version, const char *uid)
{
    cJSON *answer = cJSON_Parse(text);
    const cJSON *response =
        cJSON_GetObjectItemCaseSensitive(answer, "response");
    const cJSON *allowed =
        cJSON_GetObjectItemCaseSensitive(response, "allowed");

#define STRING(object, key)                                                    \
    cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key))
    assert_non_null(response);
    assert_string_equal(STRING(answer, "kind"), "AdmissionReview");
    assert_string_equal(STRING(answer, "apiVersion"), version);
    assert_string_equal(STRING(response, "uid"), uid);
    assert_true(cJSON_IsTrue(allowed));
    return answer;
}

static void test_mutated(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct admission result;
    const char *text = response_to(
        POLICY, POD("{'metadata':{'labels':{'app':'gw'}}}"), &arena, &result);
    cJSON *answer = parse(text, "admission.k8s.io/v1", "u");
    const cJSON *response =
        cJSON_GetObjectItemCaseSensitive(answer, "response");
    const cJSON *audit =
        cJSON_GetObjectItemCaseSensitive(response, "auditAnnotations");
    const char *patch = STRING(response, "patch");
    unsigned char decoded[512] = { 0 };
    int len = EVP_DecodeBlock(decoded, (const unsigned char *)patch,
                              (int)strlen(patch));

    (void)state;
    assert_int_equal(strlen(patch) % 4, 0); /* with padding */
    assert_true(len > 0);
    assert_memory_equal(decoded, result.patch.data, result.patch.len);
    assert_string_equal(STRING(response, "patchType"), "JSONPatch");
    assert_string_equal(STRING(audit, "decision"), "mutated");
    assert_string_equal(STRING(audit, "reason"), "applied");
    assert_string_equal(STRING(audit, "policy"), "gw");
    assert_int_equal(strlen(STRING(audit, "policy-digest")), 12);
    assert_int_equal(cJSON_GetArraySize(audit), 4);
    cJSON_Delete(answer);
}

static void test_unchanged(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct admission result;
    const char *text =
        response_to(POLICY,
                    POD("{'metadata':{'labels':{'app':'gw'}},'spec':{'"
                        "tolerations':[{'operator':'Exists'}]}}"),
                    &arena, &result);
    cJSON *answer = parse(text, "admission.k8s.io/v1", "u");

    (void)state;
    assert_null(strstr(text, "patch\""));
    assert_null(strstr(text, "patchType"));
    assert_null(strstr(text, "decision"));
    assert_null(strstr(text, "reason"));
    assert_non_null(strstr(text, "\"policy\":\"gw\""));
    assert_non_null(strstr(text, "policy-digest"));
    cJSON_Delete(answer);
}

static void test_skipped(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct admission result;
    const char *text = response_to(POLICY, POD("{}"), &arena, &result);

    (void)state;
    cJSON_Delete(parse(text, "admission.k8s.io/v1", "u"));
    assert_non_null(strstr(text, "\"decision\":\"skipped\""));
    assert_non_null(strstr(text, "\"reason\":\"no-match\""));
    assert_null(strstr(text, "policy"));
    text = response_to(POLICY,
                       POD("{'metadata':{'labels':{'app':'gw'},'annotations':"
                           "{'spillway.dev/mutate':'false'}}}"),
                       &arena, &result);
    assert_non_null(strstr(text, "\"reason\":\"opted-out\""));
    assert_non_null(strstr(text, "\"policy\":\"gw\""));
    assert_null(strstr(text, "patch"));
}

static void test_echo(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct admission result;
    const char *text = response_to(
        POLICY,
        "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1beta1',"
        "'request':{'uid':'\\u0061\\n\\\\\xC3\xA9'," KIND
        ",'operation':'UPDATE'}}",
        &arena, &result);

    (void)state;
    cJSON_Delete(parse(text, "admission.k8s.io/v1beta1", "a\n\\\xC3\xA9"));
}

static void test_shadow(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct admission result;
    const char *text = response_to(POLICY "  mode: shadow\n",
                                   POD("{'metadata':{'labels':{'app':'gw'}}}"),
                                   &arena, &result);

    (void)state;
    assert_non_null(strstr(text, "\"decision\":\"shadowed\""));
    assert_non_null(strstr(text, "\"reason\":\"applied\""));
    assert_null(strstr(text, "patch"));
    assert_null(result.patch.data);
}

/* dryRun and another uid change nothing but the uid. */
static void test_same_bytes(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct admission result;
    const char *plain = response_to(
        POLICY, POD("{'metadata':{'labels':{'app':'gw'}}}"), &arena, &result);
    const char *dry = response_to(
        POLICY,
        REVIEW("{'uid':'u','dryRun':true," KIND ",'namespace':'edge',"
               "'operation':'CREATE','object':{'metadata':{'labels':{'app':"
               "'gw'}}}}"),
        &arena, &result);

    (void)state;
    assert_string_equal(plain, dry);
}

int main(void)
{
    static const struct CMUnitTest more[] = {
        { "mutated: patch, patchType and audit annotations", test_mutated, NULL,
          NULL, NULL },
        { "unchanged: neither patch nor decision", test_unchanged, NULL, NULL,
          NULL },
        { "skipped: a reason, the policy when one matched", test_skipped, NULL,
          NULL, NULL },
        { "uid and apiVersion are echoed", test_echo, NULL, NULL, NULL },
        { "shadowed: no patch, the reason stays", test_shadow, NULL, NULL,
          NULL },
        { "dryRun gets the same bytes", test_same_bytes, NULL, NULL, NULL },
    };
    struct CMUnitTest tests[array_len(rows) + array_len(more)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    memcpy(&tests[n], more, sizeof(more));
    return cmocka_run_group_tests_name("review", tests, NULL, NULL);
}
