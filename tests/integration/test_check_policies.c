/*
 * test_check_policies.c - the rules of `spillway check` about policies.
 */
#include "check_inputs.h"
#include "check_rows.h"

#include "spillway/macros.h"

/* clang-format off */
static struct check_row rows[] = {
    { CHECK_POLICY_MISTAKE, "an unknown key", POLICY NAMED("a", LABEL("a: b")) "  colour: red\n",
      "policies[0].colour: unknown key", NULL },
    { CHECK_POLICY_MISTAKE, "broken YAML that was meant to be a policy", POLICY "- name: [\n", "line", NULL },
    { CHECK_POLICY_MISTAKE, "a ConfigMap with a policy that has mistakes",
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: p, namespace: ns}\ndata:\n  policy.yaml: |\n"
      "    apiVersion: spillway.dev/v1\n    kind: Policy\n    policies: []\n", "names no policy", NULL },
    { CHECK_POLICY_MISTAKE, "a good policy", POLICY NAMED("a", LABEL("a: b")), NULL, NULL },

    { CHECK_SELECTOR_COVERED, "a narrower selector behind a wider one",
      POLICY NAMED("a", LABEL("a: b") ", " LABEL("a: b, c: d")), "selector 2 (a=b and c=d) matches nothing that selector 1 (a=b)", NULL },
    { CHECK_SELECTOR_COVERED, "a narrower one in front", POLICY NAMED("a", LABEL("a: b, c: d") ", " LABEL("a: b")),
      "selector 1 (a=b and c=d) matches nothing", NULL },
    { CHECK_SELECTOR_COVERED, "the same twice", POLICY NAMED("a", LABEL("a: b") ", " LABEL("a: b")), "selector 2 (a=b)", NULL },
    { CHECK_SELECTOR_COVERED, "a value within a glob", POLICY NAMED("a", EXPRESSION("a", "Glob", "'x*'") ", " LABEL("a: xy")),
      "selector 2 (a=xy)", NULL },
    { CHECK_SELECTOR_COVERED, "selectors that only overlap", POLICY NAMED("a", LABEL("a: b") ", " LABEL("c: d")), NULL, NULL },
    { CHECK_SELECTOR_COVERED, "one of two values outside the glob",
      POLICY NAMED("a", EXPRESSION("a", "Glob", "'x*'") ", " EXPRESSION("a", "In", "xy, z")), NULL, NULL },
    { CHECK_SELECTOR_COVERED, "a value outside the glob", POLICY NAMED("a", EXPRESSION("a", "Glob", "'x*'") ", " LABEL("a: yx")), NULL, NULL },

    { CHECK_POLICY_SHADOWED, "all its pods are taken", POLICY NAMED("a", LABEL("a: b")) NAMED("b", LABEL("a: b, c: d")),
      "policy b: every pod", NULL },
    { CHECK_POLICY_SHADOWED, "in another namespace", POLICY NAMED("a", LABEL("a: b")) "- name: b\n" MATCH("shop", LABEL("a: b")) TOLERATE, NULL, NULL },
    { CHECK_POLICY_SHADOWED, "one selector is its own", POLICY NAMED("a", LABEL("a: b")) NAMED("b", LABEL("a: b") ", " LABEL("c: d")), NULL, NULL },

    { CHECK_POLICIES_OVERLAP, "some pods match both", POLICY NAMED("a", LABEL("a: b, c: d")) NAMED("b", LABEL("a: b")),
      "pods that match its selector 1 and selector 1 of a get the latter", NULL },
    { CHECK_POLICIES_OVERLAP, "no pod matches both", POLICY NAMED("a", LABEL("a: b")) NAMED("b", LABEL("a: c")), NULL, NULL },
    { CHECK_POLICIES_OVERLAP, "selectors on different labels", POLICY NAMED("a", LABEL("a: b")) NAMED("b", LABEL("c: d")), NULL, NULL },

    { CHECK_POLICIES_OVERLAP, "the value that is in both is ruled out apart", POLICY NAMED("a", EXPRESSION("a", "In", "x, v"))
      NAMED("b", "{matchExpressions: [{key: a, operator: In, values: [v, z]}, {key: a, operator: NotIn, values: [v]}]}"), NULL, NULL },
    { CHECK_POLICIES_OVERLAP, "a glob within a glob", POLICY NAMED("a", EXPRESSION("a", "Glob", "'x*'")) NAMED("b", EXPRESSION("a", "Glob", "'xv-*', 'w'") ", " LABEL("a: x")),
      "pods that match its selector 1 and selector 1 of a", NULL },
    { CHECK_POLICIES_OVERLAP, "globs that have nothing in common", POLICY NAMED("a", EXPRESSION("a", "Glob", "'x*'")) NAMED("b", EXPRESSION("a", "Glob", "'v*'")), NULL, NULL },

    { CHECK_SYSTEM_PODS, "istiod", POLICY NAMED("a", EXPRESSION("app", "Glob", "'istio*'")), "(app like istio*) also matches istiod", NULL },
    { CHECK_SYSTEM_PODS, "ztunnel", POLICY NAMED("a", "{hasContainer: istio-proxy}"), "also matches ztunnel", NULL },
    { CHECK_SYSTEM_PODS, "waypoints", POLICY NAMED("a", EXPRESSION("gateway.istio.io/managed", "Glob", "'*'")), "also matches waypoints", NULL },
    { CHECK_SYSTEM_PODS, "the same in another namespace", POLICY "- name: a\n" MATCH("shop", EXPRESSION("app", "Glob", "'istio*'")) TOLERATE, NULL, NULL },
    { CHECK_SYSTEM_PODS, "gateways only", POLICY GATEWAYS TOLERATE, NULL, NULL },

    { CHECK_TERM_CONTRADICTS, "two values at once",
      POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED("{matchExpressions: [{key: a, operator: In, values: [b]}, {key: a, operator: In, values: [c]}]}")),
      "required term 1 (a=b and a=c) contradicts itself", NULL },
    { CHECK_TERM_CONTRADICTS, "two keys", POLICY GATEWAYS TOLERATE
      AFFINITY(REQUIRED("{matchExpressions: [{key: a, operator: In, values: [b]}, {key: c, operator: In, values: [d]}]}")), NULL, NULL },

    { CHECK_PREFERENCE_NEVER, "another value of the same key",
      POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(OURS) ", " PREFERRED(PREFER("9", TERM("mykey4pod", "other")))),
      "the nodes of preference 1 (mykey4pod=other)", NULL },
    { CHECK_PREFERENCE_NEVER, "virtual nodes that no term allows",
      POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(OURS) ", " PREFERRED(PREFER("9", VIRTUAL))), "preference 1 (type=virtual-kubelet)", NULL },
    { CHECK_PREFERENCE_NEVER, "something else about the same nodes",
      POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(OURS) ", " PREFERRED(PREFER("9", TERM("arch", "amd64")))), NULL, NULL },

    { CHECK_PREFERS_VIRTUAL, "weights the wrong way round",
      POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(PREFERRED(PREFER("80", VIRTUAL) ", " PREFER("20", OURS))),
      "virtual nodes have the weight 80, and the others 20", NULL },
    { CHECK_PREFERS_VIRTUAL, "the same weight", POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(PREFERRED(PREFER("50", VIRTUAL) ", " PREFER("50", OURS))),
      "weight 50", NULL },
    { CHECK_PREFERS_VIRTUAL, "as it should be", POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(PREFERRED(PREFER("20", VIRTUAL) ", " PREFER("80", OURS))), NULL, NULL },

    { CHECK_TOLERATION_UNUSED, "a platform's taint without its label", POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(REQUIRED(OURS)),
      "virtual-kubelet.io/provider=alibabacloud:NoSchedule is tolerated, and no required term asks for type=virtual-kubelet", NULL },
    { CHECK_TOLERATION_UNUSED, "a taint that no allowed node has", POLICY GATEWAYS TOLERATIONS(ECI ", {key: x, operator: Exists}") AFFINITY(REQUIRED(VIRTUAL)) GOOD_VIRTUAL,
      "has a taint for x", NULL },
    { CHECK_TOLERATION_UNUSED, "a taint that comes and goes", POLICY GATEWAYS TOLERATIONS(ECI ", {key: node.kubernetes.io/unreachable, operator: Exists}") AFFINITY(REQUIRED(VIRTUAL)) GOOD_VIRTUAL, NULL, NULL },
    { CHECK_TOLERATION_UNUSED, "with its label", POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(REQUIRED(VIRTUAL)), NULL, NULL },
    { CHECK_TOLERATION_UNUSED, "with nodes that have it", POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(REQUIRED(VIRTUAL)) GOOD_VIRTUAL, NULL, NULL },

    { CHECK_TERM_UNTOLERATED, "virtual nodes without a toleration", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(VIRTUAL)),
      "required term 1 (type=virtual-kubelet) is for virtual nodes", NULL },
    { CHECK_TERM_UNTOLERATED, "a node whose taint is not tolerated", POLICY GATEWAYS TOLERATIONS(ECI) AFFINITY(REQUIRED(OURS)) GOOD_NODE,
      "allows node node1, whose taint mykey=myvalue:NoSchedule is not tolerated", NULL },
    { CHECK_TERM_UNTOLERATED, "another platform's toleration", POLICY GATEWAYS TOLERATIONS("{key: virtual-kubelet.io/provider, value: azure}") AFFINITY(REQUIRED(VIRTUAL)), NULL, NULL },
    { CHECK_TERM_UNTOLERATED, "a node that is cordoned for now", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(OURS))
      NODE("m1", "mykey4pod: asmgateway", TAINT("node.kubernetes.io/unschedulable", "''", "NoSchedule")), NULL, NULL },
    { CHECK_TERM_UNTOLERATED, "a node whose taint is", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(OURS)) GOOD_NODE, NULL, NULL },

    { CHECK_FILL_FIRST_IDLE, "nothing is preferred", POLICY GATEWAYS TOLERATE "  spillover: {fillFirst: true}\n", "fillFirst without preferences", NULL },
    { CHECK_FILL_FIRST_IDLE, "something is", POLICY GATEWAYS TOLERATE AFFINITY(PREFERRED(PREFER("9", OURS))) "  spillover: {fillFirst: true}\n", NULL, NULL },
};
/* clang-format on */

int main(void)
{
    return check_rows_run("check policies", rows, array_len(rows),
                          CHECK_POLICY_MISTAKE, CHECK_FILL_FIRST_IDLE);
}
