/* test_select.c - the guards, their order, and the share of workloads. */
#include "harness.h"

#include <stdio.h>

#include <openssl/sha.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/review.h"
#include "spillway/select.h"

/* clang-format off */
#define POLICY(name, percent, match, rest) \
    "- name: " name "\n  percent: " percent "\n  match: " match "\n" rest
#define TOLERATIONS "  tolerations: [{key: k, operator: Exists}]\n"
#define GW "{namespaces: [edge], selectors: [{matchLabels: {app: gw}}]}"
#define HEAD "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
#define NORMAL HEAD POLICY("gw", "100", GW, TOLERATIONS)
#define CLOSED HEAD POLICY("gw", "0", GW, TOLERATIONS)

#define POD_KIND "{'group':'','version':'v1','kind':'Pod'}"
#define REQUEST(kind, sub, operation, object) \
    "{'uid':'u','kind':" kind ",'namespace':'edge'," sub "'operation':'" operation "','object':" object "}"
#define META(rest) "{'metadata':{'labels':{'app':'gw'}" rest "}}"
#define OPTED "'spillway.dev/mutate':'false'"
#define MIRROR "'kubernetes.io/config.mirror':'x'"
#define DAEMON ",'ownerReferences':[{'kind':'DaemonSet','name':'d','controller':true}]"
#define PLAIN META("")
#define ALL "{'metadata':{'labels':{'app':'gw'},'annotations':{" OPTED "," MIRROR "}" DAEMON "},'spec':{'nodeName':'n'}}"
#define NOT_OPTED "{'metadata':{'labels':{'app':'gw'},'annotations':{" MIRROR "}" DAEMON "},'spec':{'nodeName':'n'}}"
#define NOT_MIRROR "{'metadata':{'labels':{'app':'gw'}" DAEMON "},'spec':{'nodeName':'n'}}"
#define NOT_PLACED "{'metadata':{'labels':{'app':'gw'}" DAEMON "},'spec':{}}"

struct row {
    const char *name, *policy, *request;
    enum reason reason;
    bool has_policy;
};

static struct row rows[] = {
    { "no guard holds", NORMAL, REQUEST(POD_KIND, "", "CREATE", PLAIN), REASON_APPLIED, true },
    /* not-a-pod */
    { "another kind", NORMAL, REQUEST("{'group':'','version':'v1','kind':'Node'}", "", "CREATE", PLAIN), REASON_NOT_A_POD, false },
    { "a Pod of another group", NORMAL, REQUEST("{'group':'x','version':'v1','kind':'Pod'}", "", "CREATE", PLAIN), REASON_NOT_A_POD, false },
    { "a Pod of another version", NORMAL, REQUEST("{'group':'','version':'v2','kind':'Pod'}", "", "CREATE", PLAIN), REASON_NOT_A_POD, false },
    { "an absent group is core", NORMAL, REQUEST("{'version':'v1','kind':'Pod'}", "", "CREATE", PLAIN), REASON_APPLIED, true },
    { "no kind at all", NORMAL, REQUEST("null", "", "CREATE", PLAIN), REASON_NOT_A_POD, false },
    { "a Binding without scaleInFirst", NORMAL, REQUEST("{'version':'v1','kind':'Binding'}", "'subResource':'binding',", "CREATE", "{}"), REASON_NOT_A_POD, false },
    { "what is no Pod may hold anything", NORMAL, REQUEST("{'version':'v1','kind':'X'}", "", "CREATE", "{'spec':5,'metadata':{'name':1,'name':2}}"), REASON_NOT_A_POD, false },
    { "not-a-pod comes before subresource", NORMAL, REQUEST("{'version':'v1','kind':'X'}", "'subResource':'s',", "UPDATE", ALL), REASON_NOT_A_POD, false },
    /* subresource, operation */
    { "a subresource", NORMAL, REQUEST(POD_KIND, "'subResource':'status',", "CREATE", PLAIN), REASON_SUBRESOURCE, false },
    { "an empty subresource is none", NORMAL, REQUEST(POD_KIND, "'subResource':'',", "CREATE", PLAIN), REASON_APPLIED, true },
    { "subresource comes before operation", NORMAL, REQUEST(POD_KIND, "'subResource':'resize',", "UPDATE", ALL), REASON_SUBRESOURCE, false },
    { "UPDATE", NORMAL, REQUEST(POD_KIND, "", "UPDATE", PLAIN), REASON_OPERATION, false },
    { "DELETE without an object", NORMAL, REQUEST(POD_KIND, "", "DELETE", "null"), REASON_OPERATION, false },
    { "CONNECT", NORMAL, REQUEST(POD_KIND, "", "CONNECT", "null"), REASON_OPERATION, false },
    { "operation comes before no-match", NORMAL, REQUEST(POD_KIND, "", "UPDATE", "{}"), REASON_OPERATION, false },
    /* no-match */
    { "another label", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{'metadata':{'labels':{'app':'db'}}}"), REASON_NO_MATCH, false },
    { "no labels", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{'metadata':{'labels':null}}"), REASON_NO_MATCH, false },
    { "no metadata", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{}"), REASON_NO_MATCH, false },
    { "another namespace", HEAD POLICY("gw", "100", "{namespaces: [other], selectors: [{matchLabels: {app: gw}}]}", TOLERATIONS), REQUEST(POD_KIND, "", "CREATE", PLAIN), REASON_NO_MATCH, false },
    { "a star is any namespace", HEAD POLICY("gw", "100", "{namespaces: ['*'], selectors: [{matchLabels: {app: gw}}]}", TOLERATIONS), REQUEST(POD_KIND, "", "CREATE", PLAIN), REASON_APPLIED, true },
    { "one namespace of several", HEAD POLICY("gw", "100", "{namespaces: [a, edge], selectors: [{matchLabels: {app: gw}}]}", TOLERATIONS), REQUEST(POD_KIND, "", "CREATE", PLAIN), REASON_APPLIED, true },
    { "the object's own namespace does not count", HEAD POLICY("gw", "100", "{namespaces: [other], selectors: [{matchLabels: {app: gw}}]}", TOLERATIONS), REQUEST(POD_KIND, "", "CREATE", META(",'namespace':'other'")), REASON_NO_MATCH, false },
    { "no-match comes before opted-out", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{'metadata':{'annotations':{" OPTED "}}}"), REASON_NO_MATCH, false },
    /* the pod's own */
    { "opted out", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'annotations':{" OPTED "}")), REASON_OPTED_OUT, true },
    { "any other value is no opting out", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'annotations':{'spillway.dev/mutate':'False'}")), REASON_APPLIED, true },
    { "an empty value is no opting out", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'annotations':{'spillway.dev/mutate':null}")), REASON_APPLIED, true },
    { "a label does not opt out", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{'metadata':{'labels':{'app':'gw'," OPTED "}}}"), REASON_APPLIED, true },
    { "opted-out comes first of the pod's guards", CLOSED, REQUEST(POD_KIND, "", "CREATE", ALL), REASON_OPTED_OUT, true },
    { "a mirror pod", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'annotations':{" MIRROR "}")), REASON_MIRROR_POD, true },
    { "mirror-pod comes before node-name-set", CLOSED, REQUEST(POD_KIND, "", "CREATE", NOT_OPTED), REASON_MIRROR_POD, true },
    { "a pod that is placed", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{'metadata':{'labels':{'app':'gw'}},'spec':{'nodeName':'n'}}"), REASON_NODE_NAME_SET, true },
    { "an empty nodeName", NORMAL, REQUEST(POD_KIND, "", "CREATE", "{'metadata':{'labels':{'app':'gw'}},'spec':{'nodeName':''}}"), REASON_APPLIED, true },
    { "node-name-set comes before rollout", CLOSED, REQUEST(POD_KIND, "", "CREATE", NOT_MIRROR), REASON_NODE_NAME_SET, true },
    { "percent 0 applies to none", CLOSED, REQUEST(POD_KIND, "", "CREATE", PLAIN), REASON_ROLLOUT, true },
    { "rollout comes before daemonset", CLOSED, REQUEST(POD_KIND, "", "CREATE", NOT_PLACED), REASON_ROLLOUT, true },
    { "a DaemonSet's pod", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(DAEMON)), REASON_DAEMONSET, true },
    { "a DaemonSet of any API group", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'ownerReferences':[{'apiVersion':'apps.kruise.io/v1','kind':'DaemonSet','name':'d','controller':true}]")), REASON_DAEMONSET, true },
    { "an owner that is not the controller", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'ownerReferences':[{'kind':'DaemonSet','name':'d'}]")), REASON_APPLIED, true },
    { "a second owner that is the controller", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'ownerReferences':[null,{'kind':'X','name':'x','controller':false},{'kind':'DaemonSet','name':'d','controller':true}]")), REASON_DAEMONSET, true },
    { "another controller", NORMAL, REQUEST(POD_KIND, "", "CREATE", META(",'ownerReferences':[{'kind':'ReplicaSet','name':'r','controller':true}]")), REASON_APPLIED, true },
};
/* clang-format on */

static void decode(const struct policy_set *set, const char *request,
                   struct arena *arena, struct review *review)
{
    struct buf body = { .arena = arena };
    struct error err = { 0 };

    buf_printf(&body,
               "{\"kind\":\"AdmissionReview\",\"apiVersion\":"
               "\"admission.k8s.io/v1\",\"request\":%s}",
               pods_text(arena, request));
    if (!review_decode(buf_text(&body), policy_set_shape(set), arena, review,
                       &err))
        fail_msg("%s", err.text);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_policy_set struct policy_set *set = pods_policy(row->policy);
    auto_arena struct arena arena = { 0 };
    struct review review;
    struct verdict verdict;
    struct error err = { 0 };

    decode(set, row->request, &arena, &review);
    assert_true(select_policy(set, &review, &arena, &verdict, &err));
    assert_string_equal(reason_name(verdict.reason), reason_name(row->reason));
    assert_int_equal(verdict.policy != NULL, row->has_policy);
}

static void test_first_match(void **state)
{
    auto_policy_set struct policy_set *set = pods_policy(HEAD POLICY(
        "a", "100", "{namespaces: [x], selectors: [{matchLabels: {app: gw}}]}",
        TOLERATIONS) POLICY("b", "100",
                            "{namespaces: [edge], selectors: [{matchLabels: "
                            "{app: db}}, {matchLabels: {app: gw}}]}",
                            TOLERATIONS) POLICY("c", "100", GW, TOLERATIONS));
    auto_arena struct arena arena = { 0 };
    struct review review;
    struct verdict verdict;
    struct error err = { 0 };

    (void)state;
    decode(set, REQUEST(POD_KIND, "", "CREATE", PLAIN), &arena, &review);
    assert_true(select_policy(set, &review, &arena, &verdict, &err));
    assert_true(text_is(verdict.policy->name, "b"));
}

/* A later policy does not stand in for one whose guard holds. */
static void test_no_second_chance(void **state)
{
    auto_policy_set struct policy_set *set = pods_policy(HEAD POLICY(
        "a", "0", GW, TOLERATIONS) POLICY("b", "100", GW, TOLERATIONS));
    auto_arena struct arena arena = { 0 };
    struct admission result;

    (void)state;
    pods_admit(set, PLAIN, &arena, &result);
    assert_int_equal(result.reason, REASON_ROLLOUT);
    assert_true(text_is(result.policy->name, "a"));
}

/* --- the share of workloads -------------------------------------------- */

struct workload {
    const char *name, *metadata, *workload;
};

/* clang-format off */
#define OWNER(name) "'ownerReferences':[{'kind':'ReplicaSet','name':'" name "','controller':true}]"
#define HASH(hash) "'labels':{'app':'gw','pod-template-hash':'" hash "'}"

static struct workload workloads[] = {
    { "the controller without the template hash", HASH("6d4f") ",'name':'p'," OWNER("gw-6d4f"), "gw" },
    { "a hash in the middle stays", HASH("6d4f") "," OWNER("gw-6d4f-x"), "gw-6d4f-x" },
    { "another hash stays", HASH("6d4f") "," OWNER("gw-aaaa"), "gw-aaaa" },
    { "a hash without its dash stays", HASH("6d4f") "," OWNER("gw6d4f"), "gw6d4f" },
    { "no hash", "'labels':{'app':'gw'}," OWNER("gw-6d4f"), "gw-6d4f" },
    { "an empty hash", HASH("") "," OWNER("gw-"), "gw-" },
    { "only the last hash goes", HASH("6d4f") "," OWNER("gw-6d4f-6d4f"), "gw-6d4f" },
    { "no controller: the pod's name", HASH("6d4f") ",'name':'gw-6d4f','generateName':'x-'", "gw-6d4f" },
    { "no name: generateName without its last dash", HASH("6d4f") ",'generateName':'gw--'", "gw-" },
    { "an empty name is none", HASH("6d4f") ",'name':'','generateName':'gw-'", "gw" },
    { "generateName without a dash", HASH("6d4f") ",'generateName':'gw'", "gw" },
    { "no name at all", HASH("6d4f"), "" },
    { "an owner that is no controller does not count", HASH("6d4f") ",'name':'p','ownerReferences':[{'kind':'X','name':'o'}]", "p" },
};
/* clang-format on */

static unsigned bucket_of(const char *workload)
{
    unsigned char sum[SHA256_DIGEST_LENGTH];
    char input[256];
    uint64_t first;

    (void)snprintf(input, sizeof(input), "edge/%s", workload);
    SHA256((const unsigned char *)input, strlen(input), sum);
    first = sum[0] * 0x1000000ULL + sum[1] * 0x10000ULL + sum[2] * 0x100ULL +
            sum[3];
    return (unsigned)(first % 100);
}

static const char *pod_of(struct arena *arena, const char *metadata)
{
    struct buf pod = { .arena = arena };

    buf_printf(&pod, "{'metadata':{%s}}", metadata);
    return pod.data;
}

static void test_workload(void **state)
{
    const struct workload *row = *state;
    auto_policy_set struct policy_set *set = pods_policy(NORMAL);
    auto_arena struct arena arena = { 0 };
    struct review review;
    struct error err = { 0 };
    unsigned bucket = 1000;

    assert_true(review_decode(
        pods_review(&arena, pods_text(&arena, pod_of(&arena, row->metadata))),
        policy_set_shape(set), &arena, &review, &err));
    assert_true(select_bucket(&review, &arena, &bucket, &err));
    assert_int_equal(bucket, bucket_of(row->workload));
}

/* Buckets below the percentage apply: every bucket, from both sides. */
static void test_percent(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        auto_arena struct arena arena = { 0 };
        char name[32], metadata[128];
        unsigned bucket;

        (void)snprintf(name, sizeof(name), "gw-%u", i);
        (void)snprintf(metadata, sizeof(metadata),
                       "'labels':{'app':'gw'},'name':'%s'", name);
        bucket = bucket_of(name);
        for (unsigned percent = bucket; percent <= bucket + 1; percent++) {
            char yaml[512];
            auto_policy_set struct policy_set *set = NULL;
            struct admission result;

            (void)snprintf(yaml, sizeof(yaml), "%s  percent: %u\n%s",
                           PODS_POLICY_HEAD, percent, TOLERATIONS);
            set = pods_policy(yaml);
            pods_admit(set, pod_of(&arena, metadata), &arena, &result);
            assert_string_equal(reason_name(result.reason),
                                percent > bucket ? "applied" : "rollout");
        }
    }
}

static void test_known_bucket(void **state)
{
    (void)state;
    /* printf istio-system/istio-ingressgateway | sha256sum */
    auto_arena struct arena arena = { 0 };
    struct review review = { .name_space = TEXT("istio-system") };
    struct error err = { 0 };
    unsigned bucket;

    review.pod =
        pods_json(&arena, "{'metadata':{'name':'istio-ingressgateway'}}");
    assert_true(select_bucket(&review, &arena, &bucket, &err));
    assert_int_equal(bucket, 5);
}

int main(void)
{
    static const struct CMUnitTest more[] = {
        { "the first policy that matches applies", test_first_match, NULL, NULL,
          NULL },
        { "a guard of the first match is final", test_no_second_chance, NULL,
          NULL, NULL },
        { "buckets below the percentage apply", test_percent, NULL, NULL,
          NULL },
        { "a bucket computed with another program", test_known_bucket, NULL,
          NULL, NULL },
    };
    struct CMUnitTest
        tests[array_len(rows) + array_len(workloads) + array_len(more)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(workloads); i++)
        tests[n++] = (struct CMUnitTest){ workloads[i].name, test_workload,
                                          NULL, NULL, &workloads[i] };
    memcpy(&tests[n], more, sizeof(more));
    return cmocka_run_group_tests_name("select", tests, NULL, NULL);
}
