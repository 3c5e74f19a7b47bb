package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"spillway.dev/tests/internal/nodes"
	"spillway.dev/tests/internal/spillway"
)

// The three ways to spill over: the built-in policy with this added to it.
const (
	recipeAlone = ""
	fillFirst   = "  spillover: {fillFirst: true}\n"
	giveBack    = "  spillover: {fillFirst: true, scaleInFirst: true, " +
		"virtualNodes: [\"virtual-kubelet-*\"]}\n"
)

var spillovers = []struct{ name, spillover string }{
	{"recipe alone", recipeAlone},
	{"fillFirst", fillFirst},
	{"fillFirst and scaleInFirst", giveBack},
}

// use makes the built-in policy with that addition the one in force, as the
// README says for a policy of one's own, until the test ends.
func use(t *testing.T, spillover string) {
	t.Helper()
	if spillover == recipeAlone {
		return // that is what is installed
	}
	bare, err := spillway.Run(nil, "manifest", "policy", "--bare")
	must(t, err)
	path := t.TempDir() + "/policy.yaml"
	must(t, os.WriteFile(path, append(bare, spillover...), 0o600))
	disturb(t)
	enforce(t, "--policy", path)
	t.Cleanup(func() { enforce(t) })
	tryUntil(t, "wanted a spreading constraint", func(a attempt) bool {
		return a.mutated() && len(a.pod.Spec.TopologySpreadConstraints) == 1
	})
}

// enforce prints the three manifests that depend on a policy, applies them, and
// replaces the replicas, since they read their policy when they start.
func enforce(t *testing.T, policy ...string) {
	t.Helper()
	webhook := append([]string{"manifest", "webhook", shipped.path("certs")}, policy...)
	for _, command := range [][]string{
		append([]string{"manifest", "policy"}, policy...), webhook,
		append([]string{"manifest", "companion"}, policy...)} {
		printed, err := spillway.Run(nil, command...)
		must(t, err)
		text := strings.ReplaceAll(string(printed), "port: 443", fmt.Sprintf("port: %d", service.Port))
		kubectl(t, text, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-")
	}
	for _, server := range shipped.running {
		server.Kill()
	}
	shipped.running = nil
	must(t, mount(context.Background(), shipped.dir))
	must(t, shipped.serve())
}

// split is how many pods the labelled nodes have, and how many the virtual one.
type split struct{ labelled, virtual int }

func (s split) String() string { return fmt.Sprintf("%d/%d", s.labelled, s.virtual) }

// scaleTo scales a gateway and waits until that many pods have a node.
func scaleTo(t *testing.T, d *appsv1.Deployment, n int) split {
	t.Helper()
	kubectl(t, "", "-n", d.Namespace, "scale", "deployment", d.Name, fmt.Sprintf("--replicas=%d", n))
	on := scheduled(t, d, n)
	s := split{virtual: on[virtualNode]}
	for node, pods := range on {
		if letter(node) == "e" {
			s.labelled += pods
		}
	}
	if s.labelled+s.virtual != n {
		t.Errorf("%d pods run on %v", n, on)
	}
	return s
}

// room is how many replicas of 500m a labelled node of 3.9 CPU takes.
const room = 7

// wanted is what is promised for n replicas where all of it is given back.
func wanted(n, labelledNodes int) split {
	s := split{labelled: min(n, room*labelledNodes)}
	s.virtual = n - s.labelled
	return s
}

// A layout is a cluster to be filled.
type layout struct {
	name          string
	zone          string // of the virtual node; the others are in cn-beijing-g
	labelledNodes int
	cpu           string // that each of them has
}

var layouts = []layout{
	{"different zones", "cn-beijing-h", 1, "3900m"},
	{"one zone", "cn-beijing-g", 1, "3900m"},
	{"two labelled nodes, different zones", "cn-beijing-h", 2, "3900m"},
}

func (l layout) create(t *testing.T) {
	t.Helper()
	list := []nodes.Node{nodes.ECS(plainNode, "cn-beijing-g", "640"), nodes.Virtual(virtualNode, l.zone)}
	for i := range l.labelledNodes {
		node := nodes.ECS(labelledNode+strings.Repeat("-b", i), "cn-beijing-g", l.cpu)
		node.Labels = map[string]string{"mykey4pod": "asmgateway"}
		node.Taints = []corev1.Taint{{Key: "mykey", Value: "myvalue", Effect: corev1.TaintEffectNoSchedule}}
		list = append(list, node)
	}
	createNodes(t, list...)
}

// TestWhereGatewaysRun prints the tables of the README and holds the policies to
// what they promise: fillFirst to the order of placement, scaleInFirst to the
// order of deletion.
func TestWhereGatewaysRun(t *testing.T) {
	for _, policy := range spillovers {
		t.Run(policy.name, func(t *testing.T) {
			use(t, policy.spillover)
			for _, layout := range layouts {
				t.Run(layout.name, func(t *testing.T) {
					layout.create(t)
					placeAndGiveBack(t, layout, policy.spillover)
				})
			}
		})
	}
}

func placeAndGiveBack(t *testing.T, l layout, spillover string) {
	t.Helper()
	full := room * l.labelledNodes
	d := gateway(t, "500m", corev1.DefaultSchedulerName)
	order := fill(t, d, full+2)
	if inOrder := strings.Repeat("e ", full) + "v v"; spillover != recipeAlone && order != inOrder {
		t.Errorf("placed in turn: %s, not %s", order, inOrder)
	}
	row := []string{"in turn " + order}
	before := full + 2
	for _, n := range []int{full - 2, 1, full + 2, 0, full + 2} {
		now := scaleTo(t, d, n)
		row = append(row, fmt.Sprintf("%d: %v", n, now))
		promised := spillover == giveBack || spillover == fillFirst && before == 0
		if promised && now != wanted(n, l.labelledNodes) {
			t.Errorf("%d replicas run on %v, not on %v", n, now, wanted(n, l.labelledNodes))
		}
		before = n
	}
	t.Logf("%s: labelled/virtual %s", l.name, strings.Join(row, ", "))
}

// An autoscaler that changes its mind every second, for a minute.
func TestGatewaysUnderAnAutoscaler(t *testing.T) {
	for _, policy := range spillovers {
		t.Run(policy.name, func(t *testing.T) {
			use(t, policy.spillover)
			layouts[0].create(t)
			d := gateway(t, "500m", corev1.DefaultSchedulerName)
			create(t, d, 0)
			steps, spilled := 0, 0
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for end := time.Now().Add(time.Minute); time.Now().Before(end); <-tick.C {
				n := 1 + rand.IntN(12)
				now := scaleTo(t, d, n)
				steps++
				spilled += now.virtual - wanted(n, 1).virtual
				if policy.spillover == giveBack && now != wanted(n, 1) {
					t.Errorf("%d replicas run on %v, not on %v", n, now, wanted(n, 1))
				}
			}
			t.Logf("%d changes; on average %.1f pods were on the virtual node that had room on the labelled one",
				steps, float64(spilled)/float64(steps))
		})
	}
}

// Without the webhook scheduling goes on at once, and when it only hangs after
// its two seconds.
func TestBindingGoesOnWithoutTheWebhook(t *testing.T) {
	use(t, giveBack)
	layouts[0].create(t)
	d := gateway(t, "5", corev1.DefaultSchedulerName) // too large for the labelled node
	pods := create(t, d, 2)
	scaleTo(t, d, 2)
	for _, pod := range pods {
		now, err := client.CoreV1().Pods(pod.Namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		must(t, err)
		if cost := now.Annotations[corev1.PodDeletionCost]; cost != "-100" {
			t.Errorf("%s on %s has the deletion cost %q", pod.Name, now.Spec.NodeName, cost)
		}
	}
	kubectl(t, "", "cordon", labelledNode)
	serveWith()
	waitForBinding(t, nil)
	serveWith(shipped.running.backends()...)
	waitForBinding(t, func() { service.SetDelay(10 * time.Second) })
}

// waitForBinding has a pod scheduled once the webhook cannot answer (any more):
// it is bound without a deletion cost, long before a slow answer would come.
func waitForBinding(t *testing.T, silence func()) {
	t.Helper()
	gated := bareGateway()
	gated.Spec.SchedulerName = ""
	gated.Spec.SchedulingGates = []corev1.PodSchedulingGate{{Name: "example.com/wait"}}
	gated.Spec.NodeSelector = map[string]string{"type": "virtual-kubelet"}
	gated.Spec.Tolerations = []corev1.Toleration{{Operator: corev1.TolerationOpExists}}
	a := createPod(t, gated)
	must(t, a.err)
	if silence != nil {
		silence()
	}
	start := time.Now()
	kubectl(t, "", "-n", a.pod.Namespace, "patch", "pod", a.pod.Name, "--type=merge", "-p", `{"spec":{"schedulingGates":[]}}`)
	eventually(t, func() string {
		pod, err := client.CoreV1().Pods(a.pod.Namespace).Get(t.Context(), a.pod.Name, metav1.GetOptions{})
		must(t, err)
		if pod.Spec.NodeName != virtualNode {
			return "the pod runs on " + pod.Spec.NodeName
		}
		if pod.Annotations[corev1.PodDeletionCost] != "" {
			t.Errorf("the pod has a deletion cost without the webhook: %v", pod.Annotations)
		}
		return ""
	})
	t.Logf("bound after %v", time.Since(start).Round(time.Millisecond))
}
