/*
 * test_cli_check.c - `spillway check` as a user runs it: every rule with an
 * input that it is about, and with one that is as it should be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"
#include "scratch.h"

#include "spillway/check.h"
#include "spillway/macros.h"

/* --- inputs ------------------------------------------------------------ */

/* clang-format off */
#define POLICY "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
#define MATCH(namespaces, selectors) "  match: {namespaces: [" namespaces "], selectors: [" selectors "]}\n"
#define LABEL(pair) "{matchLabels: {" pair "}}"
#define EXPRESSION(key, op, values) "{matchExpressions: [{key: " key ", operator: " op ", values: [" values "]}]}"
#define TOLERATE "  tolerations: [{key: mykey, value: myvalue, effect: NoSchedule}]\n"
#define NAMED(name, selectors) "- name: " name "\n" MATCH("istio-system", selectors) TOLERATE
#define TERM(key, values) "{matchExpressions: [{key: " key ", operator: In, values: [" values "]}]}"
#define REQUIRED(terms) "requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [" terms "]}"
#define PREFER(weight, term) "{weight: " weight ", preference: " term "}"
#define PREFERRED(list) "preferredDuringSchedulingIgnoredDuringExecution: [" list "]"
#define AFFINITY(parts) "  affinity: {nodeAffinity: {" parts "}}\n"
#define OURS TERM("mykey4pod", "asmgateway")
#define VIRTUAL TERM("type", "virtual-kubelet")
#define ECI "{key: virtual-kubelet.io/provider, value: alibabacloud, effect: NoSchedule}"
#define GATEWAYS "- name: gw\n" MATCH("istio-system", LABEL("istio: ingressgateway"))
#define TOLERATIONS(list) "  tolerations: [" list "]\n"

#define TOLERATING(list) POLICY GATEWAYS TOLERATIONS(list) AFFINITY(REQUIRED(OURS))
#define SECOND "- name: second\n" MATCH("shop", LABEL("a: b")) TOLERATIONS("{key: second, value: s}") AFFINITY(REQUIRED(TERM("pool", "second")))
#define BOTH "{matchExpressions: [{key: a, operator: In, values: [b]}, {key: pool, operator: In, values: [gw]}]}"

#define NODE(name, labels, spec) "---\napiVersion: v1\nkind: Node\nmetadata: {name: " name ", labels: {" labels "}}\nspec: {" spec "}\n"
#define TAINT(key, value, effect) "taints: [{key: " key ", value: " value ", effect: " effect "}]"
#define GOOD_NODE NODE("node1", "mykey4pod: asmgateway", TAINT("mykey", "myvalue", "NoSchedule"))
#define GOOD_VIRTUAL NODE("vk", "type: virtual-kubelet", TAINT("virtual-kubelet.io/provider", "alibabacloud", "NoSchedule"))
#define CLUSTER GOOD_NODE GOOD_VIRTUAL

#define GATEWAY(name, metadata, spec, phase) "---\napiVersion: v1\nkind: Pod\n" \
    "metadata: {name: " name ", namespace: istio-system, labels: {istio: ingressgateway, pod-template-hash: abc}, " \
    "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: edge-abc, uid: u, controller: true}]" metadata "}\n" \
    "spec: {containers: [{name: istio-proxy}]" spec "}\nstatus: {phase: " phase "}\n"
#define AS_WANTED ", tolerations: [" ECI ", {key: mykey, value: myvalue, effect: NoSchedule}], affinity: {nodeAffinity: {" \
    REQUIRED(OURS ", " VIRTUAL) ", " PREFERRED(PREFER("20", VIRTUAL) ", " PREFER("80", OURS)) "}}"
#define ON(node) ", nodeName: " node

/* A webhook configuration, member by member; what is not said is as it should
 * be but for the conditions. */
#define HOOK(name, client, rule, scope, rest) "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n" \
    "metadata: {name: spillway}\nwebhooks:\n- name: " name "\n  clientConfig: {" client "}\n  rules: [{" rule "}]\n" scope rest
#define CLIENT "service: {name: spillway, namespace: spillway-system, port: 443, path: /mutate}"
#define RULE "apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]"
#define BINDINGS_RULE "apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods/binding]"
#define SCOPE "  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [istio-system]}]}\n"
#define REST "  admissionReviewVersions: [v1]\n  reinvocationPolicy: IfNeeded\n  failurePolicy: Ignore\n  sideEffects: None\n  timeoutSeconds: 5\n"
#define HOOK_CLIENT(client) HOOK("gateways.spillway.dev", client, RULE, SCOPE, REST)
#define HOOK_RULE(rule) HOOK("gateways.spillway.dev", CLIENT, rule, SCOPE, REST)
#define HOOK_SCOPE(scope) HOOK("gateways.spillway.dev", CLIENT, RULE, scope, REST)
#define HOOK_REST(rest) HOOK("gateways.spillway.dev", CLIENT, RULE, SCOPE, rest)
#define BINDINGS(rest) HOOK("bindings.spillway.dev", CLIENT, BINDINGS_RULE, SCOPE, rest)
#define BINDINGS_REST "  admissionReviewVersions: [v1]\n  reinvocationPolicy: Never\n  failurePolicy: Ignore\n  sideEffects: None\n  timeoutSeconds: 2\n"

#define SERVICE(ports) "---\napiVersion: v1\nkind: Service\nmetadata: {name: spillway, namespace: spillway-system}\n" \
    "spec: {selector: {app: spillway}, ports: [" ports "]}\n"
#define DEPLOYMENT(labels, args) "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: spillway, namespace: spillway-system}\n" \
    "spec: {template: {metadata: {labels: {" labels "}}, spec: {containers: [{name: s, args: [" args "], ports: [{name: https, containerPort: 8443}]}]}}}\n"
#define SERVED SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve")

struct row {
    enum check_rule rule;
    const char *name;
    const char *input;
    const char *message; /* in the finding; NULL when the rule must be silent */
    const char *mend;    /* in what mends it; NULL: whatever */
};

static struct row rows[] = {
    /* --- policies ------------------------------------------------------- */
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

    /* --- webhook configurations ----------------------------------------- */
    { CHECK_OWN_NAMESPACE, "any namespace but one", HOOK_SCOPE("  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}\n"),
      "is called for pods in spillway-system", NULL },
    { CHECK_OWN_NAMESPACE, "only conditions", HOOK_SCOPE("  matchConditions: [{name: x, expression: 'true'}]\n"), "spillway-system", NULL },
    { CHECK_OWN_NAMESPACE, "one namespace", HOOK_SCOPE(SCOPE), NULL, NULL },
    { CHECK_OWN_NAMESPACE, "one namespace by its label", HOOK_SCOPE("  namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}\n"), NULL, NULL },

    { CHECK_OWN_NAMESPACE, "any namespace, with the conditions of the policy",
      POLICY "- name: gw\n" MATCH("'*'", LABEL("istio: x")) TOLERATE HOOK_SCOPE("  namespaceSelector: {matchLabels: {a: b}}\n"), NULL, NULL },

    { CHECK_FAIL_CLOSED, "Fail, kube-system included", HOOK("gateways.spillway.dev", CLIENT, RULE,
      "  namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [spillway-system]}]}\n", "  failurePolicy: Fail\n"),
      "does not exclude kube-system", NULL },
    { CHECK_FAIL_CLOSED, "Fail, which is the default, for bindings", BINDINGS(""), "no pod is placed", NULL },
    { CHECK_FAIL_CLOSED, "Fail for gateways only", HOOK_REST("  failurePolicy: Fail\n"), NULL, NULL },
    { CHECK_FAIL_CLOSED, "Ignore", HOOK_REST(REST), NULL, NULL },

    { CHECK_NO_SELECTOR, "nothing is excluded", HOOK_SCOPE(""), "is called for every pod", NULL },
    { CHECK_NO_SELECTOR, "empty selectors exclude nothing", HOOK_SCOPE("  namespaceSelector: {}\n  objectSelector: {}\n"), "is called for every pod", NULL },
    { CHECK_NO_SELECTOR, "an objectSelector", HOOK_SCOPE("  objectSelector: {matchLabels: {a: b}}\n"), NULL, NULL },

    { CHECK_TIMEOUT, "thirty seconds", HOOK_REST("  timeoutSeconds: 30\n"), "timeoutSeconds 30", NULL },
    { CHECK_TIMEOUT, "none", HOOK_REST(""), "has no timeoutSeconds", NULL },
    { CHECK_TIMEOUT, "three seconds for bindings", BINDINGS("  timeoutSeconds: 3\n"), "2 and less", NULL },
    { CHECK_TIMEOUT, "five", HOOK_REST(REST), NULL, NULL },

    { CHECK_SIDE_EFFECTS, "Unknown", HOOK_REST("  sideEffects: Unknown\n"), "sideEffects is Unknown, and should be None", NULL },
    { CHECK_SIDE_EFFECTS, "None", HOOK_REST(REST), NULL, NULL },

    { CHECK_OPERATIONS, "UPDATE too", HOOK_RULE("apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]"), "other operations than CREATE", NULL },
    { CHECK_OPERATIONS, "CREATE", HOOK_RULE(RULE), NULL, NULL },

    { CHECK_RESOURCES, "subresources too", HOOK_RULE("apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods, pods/*]"), "other resources than pods", NULL },
    { CHECK_RESOURCES, "every API group", HOOK_RULE("apiGroups: ['*'], apiVersions: [v1], operations: [CREATE], resources: [pods]"), "other resources than pods", NULL },
    { CHECK_RESOURCES, "bindings where they belong", BINDINGS(BINDINGS_REST), NULL, NULL },

    { CHECK_REINVOCATION, "Never, which is the default", HOOK_REST(""), "reinvocationPolicy is not set, and should be IfNeeded", NULL },
    { CHECK_REINVOCATION, "IfNeeded for bindings", BINDINGS("  reinvocationPolicy: IfNeeded\n"), "should be Never", NULL },
    { CHECK_REINVOCATION, "as it should be", HOOK_REST(REST), NULL, NULL },

    { CHECK_MATCH_POLICY, "Exact", HOOK_REST("  matchPolicy: Exact\n"), "matchPolicy is Exact, and should be Equivalent", NULL },
    { CHECK_MATCH_POLICY, "Equivalent, which is the default", HOOK_REST(REST), NULL, NULL },

    { CHECK_REVIEW_VERSIONS, "another version", HOOK_REST("  admissionReviewVersions: [v2]\n"), "neither v1 nor v1beta1", NULL },
    { CHECK_REVIEW_VERSIONS, "v1", HOOK_REST(REST), NULL, NULL },

    { CHECK_SERVICE, "another Service", HOOK_CLIENT("service: {name: spilway, namespace: spillway-system, path: /mutate}") SERVED,
      "there is no Service spilway in namespace spillway-system", NULL },
    { CHECK_SERVICE, "a Service that selects nothing", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: other", "serve"),
      "selects the pods of no Deployment", NULL },
    { CHECK_SERVICE, "they agree", HOOK_CLIENT(CLIENT) SERVED, NULL, NULL },

    { CHECK_PORT, "a port that the Service lacks", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system, port: 8443, path: /mutate}") SERVED, "calls port 8443", NULL },
    { CHECK_PORT, "a targetPort that no container has", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: 9443}") DEPLOYMENT("app: spillway", "serve"),
      "has the port 9443", NULL },
    { CHECK_PORT, "a container that does not list its ports", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: 9443}") "---\napiVersion: apps/v1\nkind: Deployment\n"
      "metadata: {name: spillway, namespace: spillway-system}\nspec: {template: {metadata: {labels: {app: spillway}}, spec: {containers: [{name: s}]}}}\n", NULL, NULL },
    { CHECK_PORT, "they agree by number", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: 8443}") DEPLOYMENT("app: spillway", "serve"), NULL, NULL },

    { CHECK_PATH, "the server answers another", HOOK_CLIENT(CLIENT) SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve, --path=/hook"),
      "calls the path /mutate, and Deployment spillway-system/spillway answers /hook", NULL },
    { CHECK_PATH, "none in the webhook", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system}") SERVED, "calls the path /,", NULL },
    { CHECK_PATH, "none, and the server answers /", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system}")
      SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve, --path=/"), NULL, NULL },
    { CHECK_PATH, "both say the same", HOOK_CLIENT("service: {name: spillway, namespace: spillway-system, path: /hook}")
      SERVICE("{port: 443, targetPort: https}") DEPLOYMENT("app: spillway", "serve, --path, /hook"), NULL, NULL },

    { CHECK_CA_BUNDLE, "none", HOOK_CLIENT(CLIENT), "has no caBundle", NULL },
    { CHECK_CA_BUNDLE, "cert-manager puts it in", HOOK_CLIENT(CLIENT) "---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\n"
      "metadata: {name: spillway, annotations: {cert-manager.io/inject-ca-from: spillway-system/spillway}}\n", NULL, NULL },

    { CHECK_CA_BUNDLE_DIFFERS, "no base64", HOOK_CLIENT(CLIENT ", caBundle: '***'"), "caBundle is no PEM in base64", NULL },
    { CHECK_CA_BUNDLE_DIFFERS, "no PEM", HOOK_CLIENT(CLIENT ", caBundle: aGVsbG8="), "caBundle is no PEM in base64", NULL },

    { CHECK_WEBHOOK_DIFFERS, "another namespace than the policy's", POLICY "- name: a\n" MATCH("shop", LABEL("a: b")) TOLERATE HOOK_SCOPE(SCOPE),
      "namespaceSelector is not what `manifest webhook` prints", NULL },
    { CHECK_WEBHOOK_DIFFERS, "no conditions", HOOK_SCOPE(SCOPE), "matchConditions is not what", NULL },
    { CHECK_WEBHOOK_DIFFERS, "another version of the API", HOOK_RULE("apiGroups: [''], apiVersions: ['*'], operations: [CREATE], resources: [pods]"),
      "rules is not what", NULL },
    { CHECK_WEBHOOK_DIFFERS, "bindings without scaleInFirst", BINDINGS(BINDINGS_REST), "no policy of the built-in policy has scaleInFirst", NULL },
    { CHECK_WEBHOOK_DIFFERS, "scaleInFirst without bindings",
      POLICY GATEWAYS TOLERATE "  spillover: {scaleInFirst: true, virtualNodes: ['v*']}\n" HOOK_SCOPE(SCOPE), "has no webhook for pods/binding", NULL },

    /* --- nodes ---------------------------------------------------------- */
    { CHECK_NO_LABELLED_NODE, "only a virtual node", GOOD_VIRTUAL, "no node has what policy asm-gateway asks for: mykey4pod=asmgateway",
      "kubectl label nodes NODE mykey4pod=asmgateway" },
    { CHECK_NO_LABELLED_NODE, "a labelled node", CLUSTER, NULL, NULL },

    { CHECK_LABEL_WITHOUT_TAINT, "no taint", NODE("m1", "mykey4pod: asmgateway", ""), "node m1 has the label mykey4pod=asmgateway, and not the taint",
      "kubectl taint nodes m1 mykey=myvalue:NoSchedule" },
    { CHECK_LABEL_WITHOUT_TAINT, "the second of two values", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(TERM("pool", "a, b"))) NODE("m1", "pool: b", ""),
      "node m1 has the label pool=b, and not the taint mykey=myvalue:NoSchedule", NULL },
    { CHECK_LABEL_WITHOUT_TAINT, "what nodes are anyway", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(TERM("kubernetes.io/arch", "amd64")))
      NODE("m1", "kubernetes.io/arch: amd64", ""), NULL, NULL },
    { CHECK_LABEL_WITHOUT_TAINT, "both", CLUSTER, NULL, NULL },

    { CHECK_TAINT_WITHOUT_LABEL, "no label", NODE("m1", "", TAINT("mykey", "myvalue", "NoSchedule")), "node m1 has the taint mykey=myvalue:NoSchedule, and not the label",
      "kubectl label nodes m1 mykey4pod=asmgateway" },
    { CHECK_TAINT_WITHOUT_LABEL, "another value", NODE("m1", "mykey4pod: other", TAINT("mykey", "myvalue", "NoSchedule")), "and not the label mykey4pod=asmgateway",
      "kubectl label nodes m1 mykey4pod=asmgateway --overwrite" },
    { CHECK_TAINT_WITHOUT_LABEL, "what a second policy asks for", TOLERATING("{key: mykey, value: a}") SECOND NODE("m1", "", TAINT("second", "s", "NoSchedule")),
      "has the taint second=s:NoSchedule, and not the label pool=second", "kubectl label nodes m1 pool=second" },
    { CHECK_TAINT_WITHOUT_LABEL, "one label of two", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(BOTH)) NODE("m1", "a: b", TAINT("mykey", "myvalue", "NoSchedule")),
      "and not the label pool=gw", "kubectl label nodes m1 pool=gw" },
    { CHECK_TAINT_WITHOUT_LABEL, "a name that a shell would take apart", NODE("'a$(x)'", "", TAINT("mykey", "myvalue", "NoSchedule")), "node a$(x) has the taint",
      "kubectl label nodes 'a$(x)' mykey4pod=asmgateway" },
    { CHECK_TAINT_WITHOUT_LABEL, "what nobody labels", POLICY GATEWAYS TOLERATE AFFINITY(REQUIRED(TERM("kubernetes.io/arch", "amd64")))
      NODE("m1", "kubernetes.io/arch: arm64", TAINT("mykey", "myvalue", "NoSchedule")), NULL, NULL },
    { CHECK_TAINT_WITHOUT_LABEL, "neither", NODE("m1", "", ""), NULL, NULL },

    { CHECK_KEYS_MIXED, "the taint's key as a label", NODE("m1", "mykey: asmgateway", ""), "node m1 has the label mykey, which is the key of the taint",
      "kubectl label nodes m1 mykey- mykey4pod=asmgateway" },
    { CHECK_KEYS_MIXED, "the label's key as a taint", NODE("m1", "mykey4pod: asmgateway", TAINT("mykey4pod", "asmgateway", "NoSchedule")),
      "node m1 has the taint mykey4pod, which is the key of the label", "kubectl taint nodes m1 mykey4pod- mykey=myvalue:NoSchedule" },
    { CHECK_KEYS_MIXED, "a label of another pool", NODE("m1", "mykey: gpu", ""), NULL, NULL },
    { CHECK_KEYS_MIXED, "a label of Kubernetes", TOLERATING("{key: kubernetes.io/arch, value: arm64}") NODE("m1", "kubernetes.io/arch: arm64", ""), NULL, NULL },
    { CHECK_KEYS_MIXED, "both, and the right ones too", NODE("m1", "'mykey4pod': asmgateway, mykey: x", TAINT("mykey", "myvalue", "NoSchedule")), NULL, NULL },

    { CHECK_TAINT_DIFFERS, "another value", NODE("m1", "mykey4pod: asmgateway", TAINT("mykey", "other", "NoSchedule")), "has the taint mykey=other:NoSchedule",
      "kubectl taint nodes m1 mykey=myvalue:NoSchedule --overwrite" },
    { CHECK_TAINT_DIFFERS, "another effect", NODE("m1", "mykey4pod: asmgateway", TAINT("mykey", "myvalue", "NoExecute")), "has the taint mykey=myvalue:NoExecute",
      "kubectl taint nodes m1 mykey=myvalue:NoSchedule mykey:NoExecute- --overwrite" },
    { CHECK_TAINT_DIFFERS, "another effect, where nothing says which", TOLERATING("{key: mykey, value: myvalue}") NODE("m1", "mykey4pod: asmgateway", TAINT("mykey", "v", "NoExecute")),
      "has the taint mykey=v:NoExecute, and the policy tolerates mykey=myvalue:NoSchedule", "mykey:NoExecute- --overwrite" },
    { CHECK_TAINT_DIFFERS, "besides the right one", NODE("m1", "mykey4pod: asmgateway", "taints: [{key: mykey, value: myvalue, effect: NoSchedule}, {key: mykey, value: x, effect: NoExecute}]"),
      "has the taint mykey=x:NoExecute", NULL },
    { CHECK_TAINT_DIFFERS, "the right one", CLUSTER, NULL, NULL },
    { CHECK_TAINT_DIFFERS, "a node of another pool", CLUSTER NODE("m1", "", TAINT("mykey", "gpu", "NoSchedule")), NULL, NULL },
    { CHECK_TAINT_DIFFERS, "that of a second toleration", TOLERATING("{key: mykey, value: a, effect: NoSchedule}, {key: mykey, value: b, effect: NoSchedule}")
      NODE("m1", "mykey4pod: asmgateway", TAINT("mykey", "b", "NoSchedule")), NULL, NULL },

    { CHECK_NO_VIRTUAL_NODE, "none", GOOD_NODE, "spills over to type=virtual-kubelet, and there is no such node", NULL },
    { CHECK_NO_VIRTUAL_NODE, "one", CLUSTER, NULL, NULL },

    { CHECK_VIRTUAL_UNTAINTED, "no taint", GOOD_NODE NODE("vk", "type: virtual-kubelet", ""), "virtual node vk (type=virtual-kubelet) has no taint",
      "kubectl taint nodes vk virtual-kubelet.io/provider=alibabacloud:NoSchedule" },
    { CHECK_VIRTUAL_UNTAINTED, "no taint, where the policy is for another platform", TOLERATING("{key: virtual-kubelet.io/provider, value: azure}") NODE("vk", "type: virtual-kubelet", ""),
      "has no taint", "kubectl taint nodes vk virtual-kubelet.io/provider=azure:NoSchedule" },
    { CHECK_VIRTUAL_UNTAINTED, "that of another platform", NODE("vk", "type: virtual-kubelet", TAINT("virtual-kubelet.io/provider", "azure", "NoSchedule")), NULL, NULL },

    { CHECK_NODE_TYPO, "a value", NODE("m1", "type: virtual-kublet", ""), "the value 'virtual-kublet' of a label is close to 'virtual-kubelet'",
      "kubectl label nodes m1 type=virtual-kubelet --overwrite" },
    { CHECK_NODE_TYPO, "a key", NODE("m1", "mykey4pdo: asmgateway", ""), "the key 'mykey4pdo' of a label is close to 'mykey4pod'",
      "kubectl label nodes m1 mykey4pdo- mykey4pod=asmgateway" },
    { CHECK_NODE_TYPO, "a taint's key", NODE("m1", "", TAINT("virtual-kubelet.io/providr", "alibabacloud", "NoSchedule")),
      "of a taint is close to 'virtual-kubelet.io/provider'", "kubectl taint nodes m1 virtual-kubelet.io/providr- virtual-kubelet.io/provider=alibabacloud:NoSchedule" },
    { CHECK_NODE_TYPO, "words of their own", NODE("m1", "type: gpu, zone: a, kubernetes.io/arch: amd64, node.kubernetes.io/instance-type: ecs.g7", TAINT("dedicated", "gpu", "NoSchedule")), NULL, NULL },

    { CHECK_NODES_CORDONED, "all of them", NODE("m1", "mykey4pod: asmgateway", "unschedulable: true"), "all 1 nodes with mykey4pod=asmgateway are cordoned", NULL },
    { CHECK_NODES_CORDONED, "a Node of another API group", "apiVersion: longhorn.io/v1beta2\nkind: Node\nmetadata: {name: m1, labels: {mykey4pod: asmgateway}}\nspec: {unschedulable: true}\n", NULL, NULL },
    { CHECK_NODES_CORDONED, "one of two", NODE("m1", "mykey4pod: asmgateway", "unschedulable: true") GOOD_NODE, NULL, NULL },

    /* --- pods ----------------------------------------------------------- */
    { CHECK_POD_WITHOUT_POLICY, "created without the webhook", GATEWAY("edge-abc-x", "", ON("m1"), "Running"), "Pod istio-system/edge-abc-x runs without policy asm-gateway",
      "kubectl -n istio-system rollout restart deployment/edge" },
    { CHECK_POD_WITHOUT_POLICY, "as the policy wants it", GATEWAY("g", "", AS_WANTED ON("m1"), "Running"), NULL, NULL },
    { CHECK_POD_WITHOUT_POLICY, "that has ended", GATEWAY("g", "", ON("m1"), "Succeeded"), NULL, NULL },
    { CHECK_POD_WITHOUT_POLICY, "that no policy selects", "apiVersion: v1\nkind: Pod\nmetadata: {name: x, namespace: shop}\nspec: {nodeName: n}\n", NULL, NULL },
    { CHECK_POD_WITHOUT_POLICY, "a policy in shadow mode", POLICY GATEWAYS "  mode: shadow\n" TOLERATE GATEWAY("g", "", ON("m1"), "Running"), NULL, NULL },

    { CHECK_POD_MISPLACED, "on another node", CLUSTER NODE("m1", "", "") GATEWAY("g", "", ON("m1"), "Running"), "Pod istio-system/g runs on node m1, which policy asm-gateway does not allow",
      "rollout restart deployment/edge" },
    { CHECK_POD_MISPLACED, "a policy in shadow mode", POLICY GATEWAYS "  mode: shadow\n" TOLERATE AFFINITY(REQUIRED(OURS)) NODE("m1", "", "") GATEWAY("g", "", ON("m1"), "Running"), NULL, NULL },
    { CHECK_POD_MISPLACED, "on a labelled node", CLUSTER GATEWAY("g", "", ON("node1"), "Running"), NULL, NULL },
    { CHECK_POD_MISPLACED, "on a node that is not given", CLUSTER GATEWAY("g", "", ON("m2"), "Running"), NULL, NULL },

    { CHECK_POD_PENDING, "nowhere, as the nodes say", CLUSTER GATEWAY("g", "", AS_WANTED ", nodeSelector: {a: b}", "Pending"),
      "Pod istio-system/g is not placed; of the nodes given none takes it: 2 nodeSelector", NULL },
    { CHECK_POD_PENDING, "one would take it", CLUSTER GATEWAY("g", "", AS_WANTED, "Pending"), "of the nodes given 2 would take it", NULL },
    { CHECK_POD_PENDING, "placed", CLUSTER GATEWAY("g", "", AS_WANTED ON("node1"), "Pending"), NULL, NULL },

    { CHECK_POD_OPTED_OUT, "by its annotation", GATEWAY("g", ", annotations: {spillway.dev/mutate: 'false'}", ON("m1"), "Running"), "Pod istio-system/g opts out of policy asm-gateway", NULL },
    { CHECK_POD_OPTED_OUT, "not", GATEWAY("g", "", ON("m1"), "Running"), NULL, NULL },
};
/* clang-format on */

/* --- rules and findings ------------------------------------------------ */

/* Does some finding of the rule say that, and mend it so? */
static bool is_told(const char *out, const char *id, const struct row *row)
{
    const char *at = out;

    while ((at = strstr(at, id))) {
        const char *end = strchr(at, '\n'); /* of the message, */
        auto_free char *finding = NULL;

        end = end ? strchr(end + 1, '\n') : NULL; /* and of the mend */
        finding = end ? strndup(at, (size_t)(end - at)) : strdup(at);
        if (strstr(finding, row->message) &&
            strstr(finding, row->mend ? row->mend : ""))
            return true;
        at++;
    }
    return false;
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const char *id = check_rule_info(row->rule)->id;
    auto_run struct run run = { 0 };
    bool good;

    run_words(&run, row->input, "check -");
    good = row->message ? is_told(run.out, id, row) : !strstr(run.out, id);
    if (!good)
        fail_msg("%s\n%s\n%s", id, run.out, row->input);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, strstr(run.out, ": error SPW") ? 1 : 0);
}

/* Rules about certificates have their rows in test_check_certs.c. */
static bool is_about_certificates(size_t rule)
{
    return (rule >= CHECK_CERTIFICATE_DAMAGED && rule <= CHECK_KEY_READABLE) ||
           rule == CHECK_CA_BUNDLE_DIFFERS || rule == CHECK_WEBHOOK_DIFFERS;
}

static void test_every_rule(void **state)
{
    (void)state;
    for (size_t rule = 0; rule < CHECK_RULES; rule++) {
        size_t found = 0, silent = 0;

        for (size_t i = 0; i < array_len(rows); i++) {
            found += rows[i].rule == rule && rows[i].message;
            silent += rows[i].rule == rule && !rows[i].message;
        }
        if (!is_about_certificates(rule) && (!found || !silent))
            fail_msg("%s", check_rule_info((enum check_rule)rule)->id);
    }
}

/* --- the command ------------------------------------------------------- */

static void test_rules_are_listed(void **state)
{
    auto_run struct run text = { 0 }, json = { 0 };

    (void)state;
    run_words(&text, NULL, "check --rules");
    run_words(&json, NULL, "check --rules -o json");
    assert_int_equal(text.status, 0);
    for (size_t rule = 0; rule < CHECK_RULES; rule++) {
        const struct check_rule_info *info =
            check_rule_info((enum check_rule)rule);

        assert_int_equal(strlen(info->id), 6);
        assert_non_null(strstr(text.out, info->id));
        assert_non_null(strstr(json.out, info->id));
        assert_non_null(strstr(text.out, info->explanation));
        for (size_t other = 0; other < rule; other++)
            assert_string_not_equal(
                info->id, check_rule_info((enum check_rule)other)->id);
    }
}

static void test_strict(void **state)
{
    const char *input = NODE("m1", "type: virtual-kublet", "") CLUSTER;
    auto_run struct run lax = { 0 }, strict = { 0 };

    (void)state;
    run_words(&lax, input, "check -");
    run_words(&strict, input, "check --strict -");
    assert_int_equal(lax.status, 0);
    assert_int_equal(strict.status, 1);
    assert_non_null(strstr(lax.out, "\n1 warning in 1 file\n"));
}

static void test_json(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run, GOOD_VIRTUAL, "check -o json -");
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "\"rule\":\t\"SPW401\",\n"
                                    "\t\t\t\"name\":\t\"no-labelled-node\",\n"
                                    "\t\t\t\"severity\":\t\"error\",\n"
                                    "\t\t\t\"file\":\t\"standard input\",\n"));
    assert_non_null(strstr(run.out, "\"errors\":\t1,\n"));
}

/* Lines are those of the file, also where a policy stands among objects. */
static void test_lines(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run,
              "apiVersion: v1\nkind: Node\nmetadata: {name: x}\n---\n" POLICY
              "- name: a\n  colour: red\n---\napiVersion: v1\nkind: Pod\n",
              "check -");
    assert_non_null(
        strstr(run.out, "standard input:9: error SPW101: policies[0].colour"));
    assert_null(strstr(run.out, "'Node'"));
}

static void test_lines_of_terms(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(
        &run,
        POLICY GATEWAYS TOLERATIONS(
            ECI) "  affinity:\n    nodeAffinity:\n"
                 "      preferredDuringSchedulingIgnoredDuringExecution:\n"
                 "      - " PREFER("20", OURS) "\n"
                                               "      - " PREFER("80",
                                                                 VIRTUAL) "\n",
        "check -");
    assert_non_null(strstr(run.out, "standard input:11: warning SPW108: "));
}

/* A line is one of the text that is named: of a ConfigMap's entry here. */
static void test_lines_of_an_entry(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run,
              "apiVersion: v1\nkind: ConfigMap\n"
              "metadata: {name: p, namespace: ns}\ndata:\n  policy.yaml: |\n"
              "    apiVersion: spillway.dev/v1\n    kind: Policy\n"
              "    policies:\n    - name: a\n"
              "      match:\n        namespaces: [x]\n"
              "        selectors:\n"
              "        - matchLabels: {a: b}\n"
              "        - matchLabels: {a: b}\n"
              "      tolerations: [{operator: Exists}]\n",
              "check -");
    assert_non_null(strstr(run.out, "standard input (policy.yaml of ConfigMap "
                                    "ns/p):9: warning SPW102: "));
}

static void test_unknown_objects_are_counted(void **state)
{
    auto_buf struct buf input = { 0 };
    auto_run struct run run = { 0 };

    (void)state;
    for (int i = 0; i < 500; i++)
        buf_printf(&input,
                   "---\napiVersion: v%d\nkind: Thing%d\n"
                   "metadata: {name: t%d}\nspec: {a: [%d]}\n",
                   i, i, i, i);
    buf_add_string(&input, "---\napiVersion: v1\nkind: Secret\n"
                           "metadata: {name: s}\ndata: {password: c2VjcmV0}\n");
    run_words(&run, input.data, "check -");
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, "nothing found in 1 file (501 objects of "
                                    "other kinds skipped)\n"));
}

/* A policy in front of all that a cluster has: what is done for a line must not
 * grow with the number of documents. */
static void test_policy_among_many(void **state)
{
    auto_buf struct buf input = { 0 };
    auto_run struct run run = { 0 };
    time_t begun = time(NULL);

    (void)state;
    buf_add_string(&input, POLICY "- name: a\n  colour: red\n");
    for (int i = 0; i < 20000; i++)
        buf_printf(&input,
                   "---\napiVersion: v1\nkind: Thing\n"
                   "metadata:\n  name: t%d\n",
                   i);
    run_words(&run, input.data, "check -");
    assert_non_null(
        strstr(run.out, "standard input:5: error SPW101: policies[0].colour"));
    assert_non_null(strstr(run.out, "(20000 objects of other kinds skipped)"));
    assert_true(time(NULL) - begun < 20);
}

static void test_unreadable(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *text = NULL, *broken = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    text = scratch_write(&scratch, "a.txt", "just words\n", 0600);
    broken = scratch_write(&scratch, "b.yaml", "a: [\n", 0600);
    assert_true(asprintf(&args, "check %s %s /no/such/file", text, broken) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "a.txt: neither Kubernetes objects, nor a "
                                    "policy, nor PEM\n"));
    assert_non_null(strstr(run.err, "b.yaml: line 2: "));
    assert_non_null(strstr(run.err, "/no/such/file: No such file"));
}

/* Of two selectors that say the same, one is told. */
static void test_the_same_twice(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run, POLICY NAMED("a", LABEL("a: b") ", " LABEL("a: b")),
              "check -");
    assert_non_null(strstr(run.out, "\n1 warning in 1 file\n"));
}

/* What the conditions let through is known when they are those of the policy:
 * none of its pods is in the namespace of the webhook. */
static void test_our_conditions(void **state)
{
    static const char narrow[] =
        "operator: In\n      values:\n      - istio-system";
    static const char wide[] =
        "operator: NotIn\n      values:\n      - kube-system";
    auto_run struct run made = { 0 }, run = { 0 };
    auto_buf struct buf input = { 0 };
    const char *at;

    (void)state;
    run_words(&made, NULL, "manifest webhook");
    at = strstr(made.out, narrow);
    assert_non_null(at);
    buf_add(&input, made.out, (size_t)(at - made.out));
    buf_printf(&input, "%s%s", wide, at + strlen(narrow));
    run_words(&run, input.data, "check -");
    assert_null(strstr(run.out, "SPW201"));
    assert_non_null(strstr(run.out, "SPW216"));
}

/* What a node is judged by is the policy that stands nearest. */
static void test_nearest_policy(void **state)
{
    static const char with_policy[] =
        POLICY "- name: a\n" MATCH("x", LABEL("a: b"))
            TOLERATIONS("{key: near, operator: Exists}")
                AFFINITY(REQUIRED(TERM("here", "'1'")))
                    NODE("m1", "here: '1'", "");
    auto_scratch struct scratch scratch;
    auto_free char *near = NULL, *beside = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    near = scratch_write(&scratch, "near.yaml", with_policy, 0600);
    beside = scratch_write(&scratch, "beside.yaml",
                           POLICY NAMED("b", LABEL("a: b")), 0600);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_non_null(strstr(run.out, "has the label here=1, and not the taint "
                                    "near:NoSchedule"));
}

/* A path that was mistyped must not look like an answer of yes. */
static void test_nothing_to_check(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_string_equal(run.out, "");
    assert_non_null(strstr(run.err, "there is no file to check"));
}

/* A directory is read once, whatever links there are in it; what is hidden or
 * ends otherwise is passed by. */
static void test_directory(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *inner = NULL, *loop = NULL, *file = NULL, *args = NULL;
    auto_free char *hidden = NULL, *other = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    inner = scratch_path(&scratch, "inner");
    assert_int_equal(mkdir(inner, 0700), 0);
    loop = scratch_path(&scratch, "inner/loop");
    assert_int_equal(symlink("..", loop), 0);
    file = scratch_write(&scratch, "inner/policy.yaml",
                         POLICY "- name: a\n  colour: red\n", 0600);
    hidden = scratch_write(&scratch, ".hidden.yaml", "a: [", 0600);
    other = scratch_write(&scratch, "notes.txt", "a: [", 0600);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "colour: unknown key"));
    assert_non_null(strstr(run.out, " in 1 file\n"));
    (void)unlink(loop);
}

/* The name of a file is text from outside, like what is in it. */
static void test_file_names(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *good = NULL, *bad = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    good = scratch_write(&scratch, "a\033[2J.yaml",
                         POLICY "- name: a\n  colour: red\n", 0600);
    bad = scratch_write(&scratch, "b\033[2J\n.yaml", "a: [\n", 0600);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 2);
    assert_null(strchr(run.out, '\033'));
    assert_null(strchr(run.err, '\033'));
    assert_non_null(strstr(run.out, "/a?[2J.yaml:5: error SPW101: "));
    assert_non_null(strstr(run.err, "/b?[2J?.yaml: line 2: "));
}

/* What is shipped is as it should be. */
static void test_shipped(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    run_words(&run, NULL,
              "check --strict deploy/base deploy/overlays deploy/components");
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.out, "nothing found in "));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_every_rule),
        cmocka_unit_test(test_rules_are_listed),
        cmocka_unit_test(test_strict),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_lines_of_terms),
        cmocka_unit_test(test_lines_of_an_entry),
        cmocka_unit_test(test_unknown_objects_are_counted),
        cmocka_unit_test(test_policy_among_many),
        cmocka_unit_test(test_unreadable),
        cmocka_unit_test(test_the_same_twice),
        cmocka_unit_test(test_our_conditions),
        cmocka_unit_test(test_nearest_policy),
        cmocka_unit_test(test_nothing_to_check),
        cmocka_unit_test(test_directory),
        cmocka_unit_test(test_file_names),
        cmocka_unit_test(test_shipped),
    };
    struct CMUnitTest tests[array_len(rows) + array_len(others)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(others); i++)
        tests[n++] = others[i];
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
