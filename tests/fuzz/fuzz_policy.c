/*
 * fuzz_policy.c - a policy file: every mistake has a line that names the file,
 * or the policy is good; and then it decides a review by the laws, and what
 * depends on it can be generated.
 */
#include "fuzz.h"

#include <string.h>

#include "spillway/admit.h"
#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cel.h"
#include "spillway/policy.h"

/* A gateway pod with terms of its own. */
static const char review[] =
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","
    "\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":\"v1\","
    "\"kind\":\"Pod\"},\"operation\":\"CREATE\",\"namespace\":\"istio-system\","
    "\"object\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{"
    "\"generateName\":\"gw-\",\"labels\":{\"istio\":\"ingressgateway\",\"app\":"
    "\"istio-ingressgateway\"},\"annotations\":{\"a\":\"b\"}},\"spec\":{"
    "\"containers\":[{\"name\":\"istio-proxy\"}],\"affinity\":{"
    "\"nodeAffinity\":"
    "{\"requiredDuringSchedulingIgnoredDuringExecution\":{"
    "\"nodeSelectorTerms\":"
    "[{\"matchExpressions\":[{\"key\":\"arch\",\"operator\":\"In\",\"values\":["
    "\"amd64\",\"arm64\"]}]},{}]}}},\"tolerations\":[{\"key\":\"x\","
    "\"operator\":\"Exists\"}]}}}}";

/* Lines, none empty, each beginning with the file's name. */
static void check_mistakes(const struct buf *mistakes)
{
    const char *at = mistakes->data;

    fuzz_law(mistakes->len > 0, "a refusal has a reason", NULL);
    while (at && *at) {
        fuzz_law(strncmp(at, "policy.yaml", strlen("policy.yaml")) == 0,
                 "a mistake names the file", mistakes->data);
        at = strchr(at, '\n');
        fuzz_law(at, "a mistake is a line", mistakes->data);
        at++;
    }
}

static void check_policy(const struct policy_set *set)
{
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf cel = { 0 };
    struct admission admission = { 0 };
    struct error err = { 0 };

    fuzz_law(admit(set, text_of(review), &arena, &admission, &err),
             "a good policy decides", err.text);
    fuzz_law(admission.decision != DECISION_ERROR, "patches prove right", NULL);
    if (!cel_add_policies(&cel, set, &err))
        fuzz_law(err.kind == ERROR_TOO_BIG,
                 "a good policy can be said in CEL, unless it is too long",
                 err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct policy_source source = { "policy.yaml",
                                          fuzz_text(data, size) };
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    auto_policy_set struct policy_set *set =
        policy_set_parse(&source, 1, &mistakes, &err);

    fuzz_law(err.kind == ERROR_NONE, "memory suffices", err.text);
    if (set)
        check_policy(set);
    else
        check_mistakes(&mistakes);
    return 0;
}
