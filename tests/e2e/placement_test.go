package e2e

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"spillway.dev/tests/internal/controlplane"
	"spillway.dev/tests/internal/nodes"
)

// The nodes of the vendor's document: one is labelled and tainted for gateways
// by a test's first two steps, one is not, one is virtual.
const (
	labelledNode = "node1"
	plainNode    = "node2"
	virtualNode  = "virtual-kubelet-cn-beijing-h"
)

// createCluster creates these nodes; the labelled one takes eight replicas of
// 500m.  The virtual node is in another zone when its zone differs.
func createCluster(t *testing.T, virtualZone string) {
	t.Helper()
	createNodes(t, nodes.ECS(plainNode, "cn-beijing-g", "64"))
	// Spillway's own pods wait for a node; they are not to get the next one,
	// before it is tainted.
	kubectl(t, "", "-n", namespace, "rollout", "status", "deployment/spillway",
		"--timeout="+patience.String())
	createNodes(t, nodes.ECS(labelledNode, "cn-beijing-g", "4"),
		nodes.Virtual(virtualNode, virtualZone))
	kubectl(t, "", "label", "nodes", labelledNode, "mykey4pod=asmgateway")
	kubectl(t, "", "taint", "nodes", labelledNode, "mykey=myvalue:NoSchedule")
}

// gateway returns the Deployment of an ordinary gateway whose pods ask for so
// much CPU and are placed by that profile.
func gateway(t *testing.T, cpu, scheduler string) *appsv1.Deployment {
	t.Helper()
	d := deployment(t, "ingressgateway")
	d.Spec.Template.Spec.SchedulerName = scheduler
	for i := range d.Spec.Template.Spec.Containers {
		d.Spec.Template.Spec.Containers[i].Resources = corev1.ResourceRequirements{}
	}
	d.Spec.Template.Spec.Containers[0].Resources.Requests = corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse(cpu)}
	return d
}

// scheduled waits until n pods of the Deployment have a node, and returns how
// many each node has.
func scheduled(t *testing.T, d *appsv1.Deployment, n int) map[string]int {
	t.Helper()
	var on map[string]int
	eventually(t, func() string {
		on = map[string]int{}
		for _, pod := range podsOf(t, d.Namespace, d.Spec.Selector, n) {
			on[pod.Spec.NodeName]++
		}
		if on[""] > 0 {
			return fmt.Sprintf("%d pods have no node", on[""])
		}
		return ""
	})
	return on
}

// letter is e for a labelled ECS node, v for the virtual one, ? for any other.
func letter(node string) string {
	switch {
	case strings.HasPrefix(node, labelledNode):
		return "e"
	case node == virtualNode:
		return "v"
	}
	return "?"
}

// fill scales a gateway up one by one and returns where each pod went.
func fill(t *testing.T, d *appsv1.Deployment, n int) string {
	t.Helper()
	create(t, d, 0)
	var order []string
	before := map[string]int{}
	for i := 1; i <= n; i++ {
		kubectl(t, "", "-n", d.Namespace, "scale", "deployment", d.Name,
			fmt.Sprintf("--replicas=%d", i))
		after := scheduled(t, d, i)
		for node, count := range after {
			if count > before[node] {
				order = append(order, letter(node))
			}
		}
		before = after
	}
	return strings.Join(order, " ")
}

// With kube-scheduler's default spreading switched off for its profile, the
// weights alone decide: the labelled node is filled first.
func TestLabelledNodeIsFilledFirstWithoutDefaultSpreading(t *testing.T) {
	createCluster(t, "cn-beijing-h")
	order := fill(t, gateway(t, "500m", controlplane.WithoutSpreading), 9)
	if wanted := "e e e e e e e e v"; order != wanted {
		t.Errorf("placed in turn: %s, not %s", order, wanted)
	}
}

// The default profile spreads as well; so 80 to 20 is a preference and no
// order, and the proportions depend on the zones.
func TestDefaultProfileKeepsMostOnTheLabelledNode(t *testing.T) {
	for name, zone := range map[string]string{
		"different zones": "cn-beijing-h", "same zone": "cn-beijing-g"} {
		t.Run(name, func(t *testing.T) {
			createCluster(t, zone)
			order := fill(t, gateway(t, "500m", corev1.DefaultSchedulerName), 9)
			t.Logf("%s, placed in turn: %s", name, order)
			labelled, virtual := strings.Count(order, "e"), strings.Count(order, "v")
			if labelled < 6 || virtual < 1 || labelled+virtual != 9 {
				t.Errorf("%s: wanted six or more of nine on the labelled node, "+
					"the others on the virtual one", order)
			}
		})
	}
}

// Step 5 of the vendor's document: look on which nodes the gateway pods run.
func TestGatewaysRunOnLabelledAndVirtualNodesOnly(t *testing.T) {
	createCluster(t, "cn-beijing-h")
	total := map[string]int{}
	for _, name := range []string{"asm-gateway", "helm-gateway", "gateway-api"} {
		d := deployment(t, name)
		create(t, d, 12)
		for node, pods := range scheduled(t, d, 12) {
			total[node] += pods
		}
	}
	// Requests of 500m each: the labelled node takes eight.
	if total[labelledNode] != 8 || total[virtualNode] != 28 {
		t.Errorf("gateway pods run on %v", total)
	}
	other := deployment(t, "istiod")
	create(t, other, 3)
	if on := scheduled(t, other, 3); on[plainNode] != 3 {
		t.Errorf("istiod runs on %v, not on the one node that is free for all", on)
	}
}

func TestGatewayWithoutRoomSpillsOver(t *testing.T) {
	createCluster(t, "cn-beijing-g")
	d := gateway(t, "5", corev1.DefaultSchedulerName) // the labelled node has 4
	create(t, d, 3)
	if on := scheduled(t, d, 3); on[virtualNode] != 3 {
		t.Errorf("pods run on %v, not on the virtual node", on)
	}
}

// The server's own pods must not depend on what it does.
func TestSpillwayKeepsOffVirtualNodes(t *testing.T) {
	// Nothing but the Deployment itself keeps a replica off this one,
	virtual := nodes.Virtual(virtualNode, "cn-beijing-h")
	virtual.Taints = nil
	// or makes one go here.
	shunned := nodes.ECS("node4", "cn-beijing-g", "4")
	shunned.Taints = []corev1.Taint{{Key: "shunned", Effect: corev1.TaintEffectPreferNoSchedule}}
	createNodes(t, virtual, shunned, nodes.ECS("node3", "cn-beijing-g", "4"))
	kubectl(t, "", "-n", namespace, "delete", "pods", "--all", "--timeout="+patience.String())
	kubectl(t, "", "-n", namespace, "rollout", "status", "deployment/spillway",
		"--timeout="+patience.String())
	list, err := client.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{})
	must(t, err)
	on := map[string]int{}
	for _, pod := range list.Items {
		on[pod.Spec.NodeName]++
		if ptr.Deref(pod.Spec.AutomountServiceAccountToken, true) {
			t.Errorf("%s holds a token", pod.Name)
		}
	}
	if on["node3"] != 1 || on["node4"] != 1 {
		t.Errorf("the replicas run on %v, not one on each ECS node", on)
	}
}
