/*
 * check_inputs.h - what `spillway check` is given in tests: policies, webhook
 * configurations, nodes and pods, in YAML.
 */
#ifndef SPILLWAY_TESTS_CHECK_INPUTS_H
#define SPILLWAY_TESTS_CHECK_INPUTS_H

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
/* clang-format on */

#endif
