/*
 * builtin.c - the policy that is used when none is given: gateways of Istio
 * and Alibaba Cloud Service Mesh on labelled ECS nodes, spilling over to ECI.
 *
 * The digest in audit annotations is that of this text, so that it is the same
 * whether the policy is built in or mounted from the shipped ConfigMap.
 */
#include "spillway/policy.h"

/* clang-format off */
static const char text[] =
"# The gateway pods of istio-system run on the ECS nodes set apart for them\n"
"# and spill over to ECI, the serverless virtual node, when those are full.\n"
"apiVersion: spillway.dev/v1\n"
"kind: Policy\n"
"policies:\n"
"- name: asm-gateway\n"
"  match:\n"
"    namespaces: [istio-system]\n"
"    selectors:\n"
"    # istioctl and the istio-ingress chart; the default gateway of ASM\n"
"    - matchLabels: {istio: ingressgateway}\n"
"    - matchLabels: {app: istio-ingressgateway}\n"
"    # the Kubernetes Gateway API, but not the waypoints of ambient mode\n"
"    - matchLabels: {gateway.istio.io/managed: istio.io-gateway-controller}\n"
"    # an ASM IstioGateway NAME is labelled app=istio-NAME\n"
"    - hasContainer: istio-proxy\n"
"      matchExpressions:\n"
"      - {key: app, operator: Glob, values: [\"istio-*\"]}\n"
"      - {key: app, operator: NotGlob, values: [\"istio-egress*\", \"istio-eastwest*\"]}\n"
"    # the istio/gateway Helm chart\n"
"    - matchAnnotations: {inject.istio.io/templates: gateway}\n"
"      matchExpressions:\n"
"      - {key: istio, operator: NotGlob, values: [\"egress*\", \"eastwest*\"]}\n"
"  tolerations:\n"
"  - {key: virtual-kubelet.io/provider, operator: Equal, value: alibabacloud, effect: NoSchedule}\n"
"  - {key: mykey, operator: Equal, value: myvalue, effect: NoSchedule}\n"
"  affinity:\n"
"    nodeAffinity:\n"
"      requiredDuringSchedulingIgnoredDuringExecution:\n"
"        nodeSelectorTerms: # terms are ORed\n"
"        - matchExpressions:\n"
"          - {key: mykey4pod, operator: In, values: [asmgateway]}\n"
"        - matchExpressions:\n"
"          - {key: type, operator: In, values: [virtual-kubelet]}\n"
"      preferredDuringSchedulingIgnoredDuringExecution:\n"
"      - weight: 20 # ECI, the virtual node\n"
"        preference:\n"
"          matchExpressions:\n"
"          - {key: type, operator: In, values: [virtual-kubelet]}\n"
"      - weight: 80 # the labelled ECS node\n"
"        preference:\n"
"          matchExpressions:\n"
"          - {key: mykey4pod, operator: In, values: [asmgateway]}\n";
/* clang-format on */

struct text policy_builtin(void)
{
    return (struct text)TEXT(text);
}
