/* test_cli_explain.c - `spillway explain` as a user runs it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "run.h"
#include "scratch.h"

#include "spillway/macros.h"

#define GOLDEN "tests/golden/"
#define GATEWAY GOLDEN "ingressgateway/review.json"
#define POD(metadata, spec)                                                    \
    "apiVersion: v1\nkind: Pod\n"                                              \
    "metadata: {name: gw, namespace: istio-system, " metadata "}\n"            \
    "spec: {" spec "}\n"
#define LABEL "labels: {istio: ingressgateway}"
#define SHARE(percent)                                                         \
    "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"                   \
    "- name: other\n  match: {namespaces: [shop], selectors: [{matchLabels: "  \
    "{a: b}}]}\n  tolerations: [{operator: Exists}]\n"                         \
    "- name: gw\n  mode: shadow\n  percent: " percent "\n"                     \
    "  match: {namespaces: ['*'], selectors: [{matchLabels: {istio: "          \
    "ingressgateway}}]}\n"                                                     \
    "  tolerations: [{operator: Exists}, {key: k, operator: Exists}]\n"

/* A labelled node of 4 CPU, of which a pod takes one; one that is not
 * labelled; a cordoned one; a virtual one. */
#define CLUSTER                                                                \
    "apiVersion: v1\nkind: List\nitems:\n"                                     \
    "- {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {nodeName: "     \
    "node1, containers: [{name: c, resources: {requests: {cpu: 1}}}]}}\n"      \
    "- {apiVersion: v1, kind: Pod, metadata: {name: q}, status: {phase: "      \
    "Succeeded}, spec: {nodeName: node1, containers: [{name: c, resources: "   \
    "{requests: {cpu: 3}}}]}}\n"                                               \
    "- {apiVersion: v1, kind: Node, metadata: {name: node1, labels: "          \
    "{mykey4pod: asmgateway}}, spec: {taints: [{key: mykey, value: myvalue, "  \
    "effect: NoSchedule}]}, status: {allocatable: {cpu: '4', pods: 99}}}\n"    \
    "- {apiVersion: v1, kind: Node, metadata: {name: node2}}\n"                \
    "- {apiVersion: v1, kind: Node, metadata: {name: node3, labels: "          \
    "{mykey4pod: asmgateway}}, spec: {unschedulable: true}}\n"                 \
    "- {apiVersion: v1, kind: Node, metadata: {name: vk, labels: {type: "      \
    "virtual-kubelet}}, spec: {taints: [{key: virtual-kubelet.io/provider, "   \
    "value: alibabacloud, effect: NoSchedule}]}}\n"                            \
    "- {apiVersion: v1, kind: Service, metadata: {name: s}}\n"

#define BIG                                                                    \
    POD(LABEL,                                                                 \
        "containers: [{name: istio-proxy, resources: {requests: {cpu: 1}}}]")

/* A run over a policy, nodes and an input, with what must be in its output;
 * NULL asks for nothing to be there. */
struct row {
    const char *name, *args, *policy, *nodes, *input;
    int status;
    const char *out, *err;
};

/* clang-format off */
static struct row rows[] = {
    { "the selector that matched", "explain " GATEWAY, NULL, NULL, NULL, 0,
      "\nPolicies\n  asm-gateway\n    selector 1  matches  istio=ingressgateway\n", NULL },
    { "the first requirement that failed, of each selector", "explain " GOLDEN "egressgateway/review.json", NULL, NULL, NULL, 0,
      "  asm-gateway: no selector matches\n"
      "    selector 1  label istio is egressgateway             istio=ingressgateway\n"
      "    selector 2  label app is istio-egressgateway         app=istio-ingressgateway\n"
      "    selector 3  no label gateway.istio.io/managed        gateway.istio.io/managed=istio.io-gateway-controller\n"
      "    selector 4  label app is istio-egressgateway         app not like (istio-egress*, istio-eastwest*)\n"
      "    selector 5  no annotation inject.istio.io/templates  annotation inject.istio.io/templates=gateway\n", NULL },
    { "a container that is not there", "explain", NULL, NULL, POD("labels: {app: istio-x}", "containers: [{name: discovery}]"), 0,
      "    selector 4  no container istio-proxy                 container istio-proxy\n", NULL },
    { "a policy for another namespace is not asked further", "explain", SHARE("100"), NULL, POD(LABEL, ""), 0,
      "  other: is not for namespace istio-system\n  gw: in shadow mode, no patch is sent\n    selector 1  matches", NULL },
    { "guards behind the one that holds are not asked", "explain " GOLDEN "opted-out/review.json", NULL, NULL, NULL, 0,
      "  opted-out      HOLDS      annotation spillway.dev/mutate: false\n  mirror-pod     not asked\n", NULL },
    { "a pod on its node", "explain " GOLDEN "node-name-set/review.json", NULL, NULL, NULL, 0, "  node-name-set  HOLDS      cn-beijing.10.0.0.12\n", NULL },
    { "another operation", "explain " GOLDEN "update/review.json", NULL, NULL, NULL, 0, "  operation      HOLDS      UPDATE\n  no-match       not asked\n", NULL },
    { "a subresource", "explain " GOLDEN "ephemeral-containers/review.json", NULL, NULL, NULL, 0, "  subresource    HOLDS      ephemeralcontainers\n", NULL },
    { "no pod", "explain " GOLDEN "service/pod.yaml", NULL, NULL, NULL, 0, "  not-a-pod      HOLDS      Service\n", NULL },
    { "a DaemonSet's pod", "explain " GOLDEN "daemonset/review.json", NULL, NULL, NULL, 0, "  daemonset      HOLDS   controlled by DaemonSet ", NULL },
    { "the share of a rollout", "explain", SHARE("50"), NULL, POD(LABEL, ""), 0, " bucket 88 of istio-system/gw, applies below 50\n", NULL },
    { "tolerations that are added", "explain " GATEWAY, NULL, NULL, NULL, 0,
      "\nTolerations\n  virtual-kubelet.io/provider=alibabacloud:NoSchedule  added\n"
      "  mykey=myvalue:NoSchedule                             added\n", NULL },
    { "and those that are covered, and by what", "explain " GOLDEN "tolerates-everything/review.json", NULL, NULL, NULL, 0,
      "  mykey=myvalue:NoSchedule                             is covered by the pod's own every taint\n", NULL },
    { "shadow mode says what would be", "explain", SHARE("100"), NULL, POD(LABEL, ""), 0, "\nTolerations\n  every taint  added\n", NULL },
    { "terms before and after, what they share once", "explain " GOLDEN "arch-affinity/review.json", NULL, NULL, NULL, 0,
      "\nMay run on\n  before  nodes with kubernetes.io/arch in (amd64, arm64, s390x)\n"
      "  after   nodes with mykey4pod=asmgateway\n          or virtual nodes (type=virtual-kubelet)\n"
      "          and only with kubernetes.io/arch in (amd64, arm64, s390x)\n", NULL },
    { "a nodeSelector", "explain " GOLDEN "contradicting-node-selector/review.json", NULL, NULL, NULL, 0,
      "          and only with type=gpu (its nodeSelector)\n", NULL },
    { "empty terms match no node", "explain " GOLDEN "all-terms-empty/pod.yaml", NULL, NULL, NULL, 0, "\nMay run on\n  no node\n", NULL },
    { "preferences by weight", "explain " GATEWAY, NULL, NULL, NULL, 0,
      "\nPrefers\n   80  mykey4pod=asmgateway  (added)\n   20  type=virtual-kubelet  (added)\n", NULL },
    { "its own preferences are not called added", "explain " GOLDEN "arch-affinity/review.json", NULL, NULL, NULL, 0,
      "\n    2  kubernetes.io/arch=amd64\n", NULL },
    { "warnings have a way out", "explain " GOLDEN "eci-label/pod.yaml", NULL, NULL, NULL, 0,
      "\n    way out: remove the label or annotation\n", NULL },
    /* nodes */
    { "each node and the first predicate that fails", "explain", NULL, CLUSTER, BIG, 0,
      "  RANK  NODE   KIND     SCORE  ROOM  WHY NOT\n"
      "  1     node1           100    3\n"
      "  2     vk     virtual  25     -\n"
      "  -     node2           -      -     affinity: no required term matches\n"
      "  -     node3           -      -     unschedulable\n", NULL },
    { "the summary", "explain", NULL, CLUSTER, BIG, 0, "\n2 nodes feasible: 1 ECS first, 1 virtual when it is full\n", NULL },
    { "where replicas go", "explain --replicas 5", NULL, CLUSTER, BIG, 0,
      "\n  1 to 3  node1\n  4 to 5  vk\n  The spill-over begins at replica 4.\n", NULL },
    { "one replica does not spill over", "explain --replicas 1", NULL, CLUSTER, BIG, 0, "decide\n  1  node1\n\n", NULL },
    { "a pod without the policy runs elsewhere", "explain", NULL, CLUSTER, POD("labels: {a: b}", ""), 0,
      "\n1 node feasible: 1 real\n", NULL },
    { "no node at all", "explain", NULL, CLUSTER, POD(LABEL, "nodeSelector: {disk: ssd}"), 0,
      "\nnone of 4 nodes is feasible: 1 unschedulable, 3 nodeSelector\n", NULL },
    { "other plugins are named", "explain", NULL, CLUSTER, POD(LABEL, "affinity: {podAntiAffinity: {a: b}}"), 0,
      "PodTopologySpread (default spreading), InterPodAffinity (podAffinity or podAntiAffinity), NodeResourcesFit", NULL },
    { "a NodeList as the API server gives it", "explain", NULL,
      "{\"kind\":\"NodeList\",\"apiVersion\":\"v1\",\"items\":[{\"metadata\":{\"name\":\"x\",\"labels\":{\"mykey4pod\":\"asmgateway\"}}}]}",
      BIG, 0, "\n1 node feasible: 1 ECS\n", NULL },
    /* JSON */
    { "JSON", "explain -o json --replicas 5", NULL, CLUSTER, BIG, 0, "\"spillOverAt\":\t4", NULL },
    { "JSON of a node", "explain -o json", NULL, CLUSTER, BIG, 0,
      "\"name\":\t\"node1\",\n\t\t\t\"virtual\":\tfalse,\n\t\t\t\"feasible\":\ttrue,\n\t\t\t\"rank\":\t1,\n"
      "\t\t\t\"score\":\t100,\n\t\t\t\"weights\":\t80,\n\t\t\t\"room\":\t3\n", NULL },
    /* several, and mistakes */
    { "objects are parted by a blank line", "explain", NULL, NULL, POD(LABEL, "") "---\n" POD("labels: {}", ""), 0,
      "\n\nPod istio-system/gw: skipped (no-match)", NULL },
    { "what cannot be read is said, and the rest goes on", "explain no-such-file " GATEWAY, NULL, NULL, NULL, 2,
      "Pod istio-system/istio-ingressgateway-", "no-such-file: No such file or directory\n" },
    { "nodes without a Node", "explain", NULL, "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n", BIG, 2, NULL, "there is no Node in it" },
    { "nodes that are no YAML", "explain", NULL, "a: [", BIG, 2, NULL, "line " },
    { "--replicas without --nodes", "explain --replicas 3", NULL, NULL, BIG, 2, NULL, "--replicas needs --nodes" },
    { "standard input twice", "explain --nodes -", NULL, NULL, BIG, 2, NULL, "standard input is asked for twice" },
    { "replicas out of bounds", "explain --replicas 0", NULL, CLUSTER, BIG, 2, NULL, "'0' is not a number from 1 to 1000000" },
    { "control characters are not printed", "explain", NULL,
      "apiVersion: v1\nkind: Node\nmetadata: {name: \"a\\e[31mb\", labels: {mykey4pod: asmgateway}}\n", BIG, 0, "  a?[31mb  ", NULL },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL, *policy = NULL, *nodes = NULL;
    auto_run struct run run = { 0 };

    scratch_init(&scratch);
    if (row->policy)
        policy = scratch_write(&scratch, "policy.yaml", row->policy, 0600);
    if (row->nodes)
        nodes = scratch_write(&scratch, "nodes.yaml", row->nodes, 0600);
    assert_true(asprintf(&args, "%s%s%s%s%s", row->args,
                         policy ? " --policy " : "", policy ? policy : "",
                         nodes ? " --nodes " : "", nodes ? nodes : "") > 0);
    run_words(&run, row->input, args);
    if (run.status != row->status || !strstr(run.out, row->out ? row->out : ""))
        print_message("%s\n%s", run.out, run.err);
    assert_int_equal(run.status, row->status);
    if (row->out)
        assert_non_null(strstr(run.out, row->out));
    else
        assert_string_equal(run.out, "");
    if (row->err)
        assert_non_null(strstr(run.err, row->err));
    else
        assert_string_equal(run.err, "");
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
