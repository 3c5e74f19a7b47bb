/*
 * test_check_nodes.c - the rules of `spillway check` about nodes.
 */
#include "check_inputs.h"
#include "check_rows.h"

#include "spillway/macros.h"

/* clang-format off */
static struct check_row rows[] = {
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
};
/* clang-format on */

int main(void)
{
    return check_rows_run("check nodes", rows, array_len(rows),
                          CHECK_NO_LABELLED_NODE, CHECK_NODES_CORDONED);
}
