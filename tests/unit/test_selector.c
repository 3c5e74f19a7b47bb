/* test_selector.c - which pods a selector matches: the rules of selector.h. */
#include "harness.h"

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

struct row {
    const char *name, *selector;
    const char *pod; /* its metadata and spec, without the braces */
    bool yes;
};

/* clang-format off */
#define LABELS(list) "'metadata':{'labels':{" list "}}"
#define ANNOTATIONS(list) "'metadata':{'annotations':{" list "}}"
#define CONTAINERS(list) "'spec':{'containers':[" list "]}"
#define EXPRESSION(key, op, values) "matchExpressions: [{key: " key ", operator: " op ", values: [" values "]}]"
#define KEY(key, op) "matchExpressions: [{key: " key ", operator: " op "}]"

static struct row rows[] = {
    { "a label", "matchLabels: {a: x}", LABELS("'a':'x'"), true },
    { "another value", "matchLabels: {a: x}", LABELS("'a':'y'"), false },
    { "values differ in case", "matchLabels: {a: x}", LABELS("'a':'X'"), false },
    { "keys differ in case", "matchLabels: {a: x}", LABELS("'A':'x'"), false },
    { "no such label", "matchLabels: {a: x}", LABELS("'b':'x'"), false },
    { "no labels", "matchLabels: {a: x}", "'metadata':{}", false },
    { "null labels", "matchLabels: {a: x}", "'metadata':{'labels':null}", false },
    { "an annotation is no label", "matchLabels: {a: x}", ANNOTATIONS("'a':'x'"), false },
    { "all labels must hold", "matchLabels: {a: x, b: v}", LABELS("'a':'x'"), false },
    { "all labels hold", "matchLabels: {a: x, b: v}", LABELS("'b':'v','a':'x','c':'z'"), true },
    { "an escaped label", "matchLabels: {a: x}", LABELS("'\\u0061':'\\u0078'"), true },
    { "a key with a prefix", "matchLabels: {'x.io/a': ''}", LABELS("'x.io/a':''"), true },
    { "a null label is the empty string", "matchLabels: {a: ''}", LABELS("'a':null"), true },
    { "an empty value is not an absent label", "matchLabels: {a: ''}", LABELS("'b':''"), false },
    { "an annotation", "matchAnnotations: {a: x y}", ANNOTATIONS("'a':'x y'"), true },
    { "a label is no annotation", "matchAnnotations: {a: x}", LABELS("'a':'x'"), false },
    { "a long annotation", "matchAnnotations: {a: '{\"k\":1}'}", ANNOTATIONS("'a':'{\\u0022k\\u0022:1}'"), true },
    { "labels and annotations must both hold", "matchLabels: {a: x}, matchAnnotations: {b: v}", LABELS("'a':'x'"), false },
    /* operators */
    { "In", EXPRESSION("a", "In", "x, v"), LABELS("'a':'v'"), true },
    { "In of another value", EXPRESSION("a", "In", "x, v"), LABELS("'a':'z'"), false },
    { "In of an absent label", EXPRESSION("a", "In", "x"), LABELS(""), false },
    { "NotIn", EXPRESSION("a", "NotIn", "x, v"), LABELS("'a':'z'"), true },
    { "NotIn of a listed value", EXPRESSION("a", "NotIn", "x, v"), LABELS("'a':'x'"), false },
    { "NotIn of an absent label holds", EXPRESSION("a", "NotIn", "x"), LABELS(""), true },
    { "Exists", KEY("a", "Exists"), LABELS("'a':''"), true },
    { "Exists with a null value", KEY("a", "Exists"), LABELS("'a':null"), true },
    { "Exists of an absent label", KEY("a", "Exists"), LABELS("'b':''"), false },
    { "DoesNotExist", KEY("a", "DoesNotExist"), LABELS("'b':''"), true },
    { "DoesNotExist of a label", KEY("a", "DoesNotExist"), LABELS("'a':''"), false },
    { "expressions look at labels", KEY("a", "Exists"), ANNOTATIONS("'a':''"), false },
    { "all expressions must hold", "matchExpressions: [{key: a, operator: Exists}, {key: b, operator: Exists}]", LABELS("'a':''"), false },
    /* globs */
    { "Glob", EXPRESSION("a", "Glob", "'istio-*'"), LABELS("'a':'istio-x'"), true },
    { "a star matches nothing, too", EXPRESSION("a", "Glob", "'istio-*'"), LABELS("'a':'istio-'"), true },
    { "a glob is on the whole value", EXPRESSION("a", "Glob", "'istio'"), LABELS("'a':'istio-x'"), false },
    { "a glob begins at the beginning", EXPRESSION("a", "Glob", "'istio*'"), LABELS("'a':'x-istio'"), false },
    { "a star matches a dot in front", EXPRESSION("a", "Glob", "'*x'"), LABELS("'a':'.x'"), true },
    { "a star matches a slash", EXPRESSION("a", "Glob", "'a*c'"), LABELS("'a':'a/b/c'"), true },
    { "a question mark is one character", EXPRESSION("a", "Glob", "'a?c'"), LABELS("'a':'abc'"), true },
    { "a question mark is not none", EXPRESSION("a", "Glob", "'a?c'"), LABELS("'a':'ac'"), false },
    { "a set", EXPRESSION("a", "Glob", "'a[bc]'"), LABELS("'a':'ac'"), true },
    { "a set does not match others", EXPRESSION("a", "Glob", "'a[bc]'"), LABELS("'a':'ad'"), false },
    { "a set that is negated", EXPRESSION("a", "Glob", "'a[!bc]'"), LABELS("'a':'ad'"), true },
    { "a range", EXPRESSION("a", "Glob", "'a[0-9]'"), LABELS("'a':'a5'"), true },
    { "a class", EXPRESSION("a", "Glob", "'a[[:digit:]]'"), LABELS("'a':'a5'"), true },
    { "a backslash quotes", EXPRESSION("a", "Glob", "'a\\*'"), LABELS("'a':'a*'"), true },
    { "a quoted star is no star", EXPRESSION("a", "Glob", "'a\\*'"), LABELS("'a':'ab'"), false },
    { "an open set is itself", EXPRESSION("a", "Glob", "'a[b'"), LABELS("'a':'a[b'"), true },
    { "globs mind the case", EXPRESSION("a", "Glob", "'ISTIO*'"), LABELS("'a':'istio'"), false },
    { "one of several globs", EXPRESSION("a", "Glob", "'x*', 'y*'"), LABELS("'a':'yz'"), true },
    { "Glob of an absent label", EXPRESSION("a", "Glob", "'*'"), LABELS(""), false },
    { "NotGlob", EXPRESSION("a", "NotGlob", "'x*', 'y*'"), LABELS("'a':'z'"), true },
    { "NotGlob of a match", EXPRESSION("a", "NotGlob", "'x*', 'y*'"), LABELS("'a':'yz'"), false },
    { "NotGlob of an absent label holds", EXPRESSION("a", "NotGlob", "'*'"), LABELS(""), true },
    { "NotGlob of an empty label", EXPRESSION("a", "NotGlob", "'*'"), LABELS("'a':''"), false },
    /* containers */
    { "a container", "hasContainer: c", CONTAINERS("{'name':'b'},{'name':'c'}"), true },
    { "another container", "hasContainer: c", CONTAINERS("{'name':'cc'}"), false },
    { "no containers", "hasContainer: c", "'spec':{'containers':null}", false },
    { "null containers", "hasContainer: c", CONTAINERS("null,{'name':'c'}"), true },
    { "an init container is none", "hasContainer: c", "'spec':{'initContainers':[{'name':'c'}]}", false },
    { "a container and a label must both hold", "hasContainer: c, matchLabels: {a: x}", CONTAINERS("{'name':'c'}"), false },
    { "a container and a label", "hasContainer: c, matchLabels: {a: x}", LABELS("'a':'x'") "," CONTAINERS("{'name':'c'}"), true },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_buf struct buf yaml = { 0 }, pod = { 0 };
    auto_policy_set struct policy_set *set = NULL;
    auto_arena struct arena arena = { 0 };
    struct admission result;

    buf_printf(&yaml,
               "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
               "- {name: p, tolerations: [{operator: Exists}], match: "
               "{namespaces: ['*'], selectors: [{%s}]}}\n",
               row->selector);
    set = pods_policy(yaml.data);
    buf_printf(&pod, "{%s}", row->pod);
    pods_admit(set, pod.data, &arena, &result);
    assert_string_equal(reason_name(result.reason),
                        row->yes ? "applied" : "no-match");
}

/* Which of the pods that gateways come as the built-in policy selects. */
struct gateway {
    const char *name, *labels, *more;
    bool yes;
};

/* clang-format off */
#define PROXY "'spec':{'containers':[{'name':'istio-proxy'}]}"
static struct gateway gateways[] = {
    { "the default gateway of ASM", "'app':'istio-ingressgateway','istio':'ingressgateway'", PROXY, true },
    { "an ASM gateway with a name", "'app':'istio-edge'", PROXY, true },
    { "app=istio-NAME without the proxy", "'app':'istio-edge'", "'spec':{'containers':[{'name':'discovery'}]}", false },
    { "istioctl's gateway by istio", "'istio':'ingressgateway'", PROXY, true },
    { "istioctl's gateway by app", "'app':'istio-ingressgateway'", "'spec':{}", true },
    { "the Helm chart's gateway", "'istio':'ingress'", "'annotations':1," PROXY, true },
    { "a Gateway API gateway", "'gateway.networking.k8s.io/gateway-name':'g','gateway.istio.io/managed':'istio.io-gateway-controller'", PROXY, true },
    { "a waypoint", "'gateway.istio.io/managed':'istio.io-mesh-controller'", PROXY, false },
    { "istiod", "'app':'istiod','istio':'pilot'", "'spec':{'containers':[{'name':'discovery'}]}", false },
    { "ztunnel", "'app':'ztunnel'", PROXY, false },
    { "istio-cni", "'app':'istio-cni-node','k8s-app':'istio-cni-node'", "'spec':{'containers':[{'name':'install-cni'}]}", false },
    { "an egress gateway", "'app':'istio-egressgateway','istio':'egressgateway'", PROXY, false },
    { "an east-west gateway", "'app':'istio-eastwestgateway','istio':'eastwestgateway'", PROXY, false },
    { "the Helm chart's egress gateway", "'istio':'egress'", "'annotations':1," PROXY, false },
};
/* clang-format on */

static void test_gateway(void **state)
{
    const struct gateway *row = *state;
    bool annotated = strstr(row->more, "'annotations'") != NULL;
    auto_policy_set struct policy_set *set = NULL;
    auto_buf struct buf body = { 0 };
    auto_arena struct arena arena = { 0 };
    struct admission result;
    struct error err = { 0 };

    buf_printf(&body, "%.*s", TEXT_ARG(policy_builtin()));
    set = pods_policy(body.data);
    buf_clear(&body);
    buf_printf(&body,
               "{'kind':'AdmissionReview','apiVersion':'admission.k8s.io/v1',"
               "'request':{'uid':'u','kind':{'version':'v1','kind':'Pod'},"
               "'namespace':'istio-system','operation':'CREATE','object':{"
               "'metadata':{'labels':{%s}%s},%s}}}",
               row->labels,
               annotated ? ",'annotations':{'inject.istio.io/templates':"
                           "'gateway'}"
                         : "",
               row->more + (annotated ? strlen("'annotations':1,") : 0));
    assert_true(admit(set, text_of(pods_text(&arena, body.data)), &arena,
                      &result, &err));
    assert_string_equal(reason_name(result.reason),
                        row->yes ? "applied" : "no-match");
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + array_len(gateways)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(gateways); i++)
        tests[n++] = (struct CMUnitTest){ gateways[i].name, test_gateway, NULL,
                                          NULL, &gateways[i] };
    return cmocka_run_group_tests_name("selector", tests, NULL, NULL);
}
