package e2e

import (
	"fmt"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"spillway.dev/tests/internal/controlplane"
)

// The weights of 80 and 20 are worth more than what the scheduler thinks of
// full nodes, however it thinks, and whatever a gateway asks for.
func TestFillFirstHoldsHoweverNodesAreScored(t *testing.T) {
	use(t, fillFirst)
	for _, scheduler := range []string{corev1.DefaultSchedulerName, controlplane.MostAllocated} {
		for _, cpu := range []int64{1, 8, 64} {
			t.Run(fmt.Sprintf("%s/%d CPU", scheduler, cpu), func(t *testing.T) {
				layout{zone: "cn-beijing-h", labelledNodes: 1, cpu: fmt.Sprint(room*cpu + cpu/2)}.create(t)
				order := fill(t, gateway(t, fmt.Sprint(cpu), scheduler), room+2)
				if order != strings.Repeat("e ", room)+"v v" {
					t.Errorf("placed in turn: %s", order)
				}
			})
		}
	}
}

// What the README says counts more than the weights: reported, not promised.
func TestWhatFillFirstCannotOutweigh(t *testing.T) {
	use(t, fillFirst)
	layouts[0].create(t)
	d := gateway(t, "500m", corev1.DefaultSchedulerName)
	d.Spec.Template.Spec.Affinity = &corev1.Affinity{PodAntiAffinity: &corev1.PodAntiAffinity{
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.WeightedPodAffinityTerm{{Weight: 100,
			PodAffinityTerm: corev1.PodAffinityTerm{TopologyKey: corev1.LabelHostname, LabelSelector: d.Spec.Selector}}}}}
	t.Logf("with anti-affinity by hostname, placed in turn: %s", fill(t, d, room+2))
	remove(t, "deployment", d.Namespace, d.Name)
	kubectl(t, "", "taint", "nodes", labelledNode, "shunned:PreferNoSchedule")
	order := fill(t, gateway(t, "500m", corev1.DefaultSchedulerName), room+2)
	t.Logf("with a PreferNoSchedule taint on the labelled node, placed in turn: %s", order)
	if strings.Contains(order, "?") {
		t.Errorf("placed in turn: %s", order)
	}
}

// Room that comes free on the labelled node is used by the next replicas.
func TestScaleOutUsesRoomThatHasComeFree(t *testing.T) {
	use(t, giveBack)
	layouts[0].create(t)
	first := gateway(t, "500m", corev1.DefaultSchedulerName)
	second := gateway(t, "500m", corev1.DefaultSchedulerName)
	second.Name = "second"
	second.Spec.Selector.MatchLabels["rec"], second.Spec.Template.Labels["rec"] = "second", "second"
	create(t, first, 0)
	create(t, second, 0)
	scaleTo(t, first, room)
	if now := scaleTo(t, second, 2); now != (split{0, 2}) {
		t.Fatalf("the second gateway runs on %v", now)
	}
	scaleTo(t, first, 0)
	if now := scaleTo(t, second, 5); now != (split{3, 2}) {
		t.Errorf("the second gateway runs on %v, not on 3/2", now)
	}
}

// A rolling update of a gateway that has spilled over.  With the usual surge the
// new pods come while the old ones still fill the labelled node, and stay where
// they are; without one they take the places that come free.
func TestRollingUpdate(t *testing.T) {
	for _, policy := range spillovers {
		t.Run(policy.name, func(t *testing.T) {
			use(t, policy.spillover)
			layouts[0].create(t)
			rollOut(t, "with a surge", nil)
			withoutSurge := func() split {
				return rollOut(t, "without a surge", &appsv1.RollingUpdateDeployment{
					MaxSurge:       ptr.To(intstr.FromInt32(0)),
					MaxUnavailable: ptr.To(intstr.FromString("25%")),
				})
			}
			after := withoutSurge()
			// An old pod that is gone a moment late still has its place
			// when the new one is placed, on a machine that is slow.
			for i := 0; i < 2 && policy.spillover != recipeAlone && after != wanted(room+2, 1); i++ {
				after = withoutSurge()
			}
			if policy.spillover != recipeAlone && after != wanted(room+2, 1) {
				t.Errorf("after a rolling update without a surge: %v, not %v", after, wanted(room+2, 1))
			}
		})
	}
}

// rollOut fills the labelled node and two more, restarts all of them, and
// returns where they run then.
func rollOut(t *testing.T, name string, update *appsv1.RollingUpdateDeployment) split {
	t.Helper()
	d := gateway(t, "500m", corev1.DefaultSchedulerName)
	d.Spec.Strategy.RollingUpdate = update
	create(t, d, 0)
	before := scaleTo(t, d, room+2)
	kubectl(t, "", "-n", d.Namespace, "rollout", "restart", "deployment", d.Name)
	kubectl(t, "", "-n", d.Namespace, "rollout", "status", "deployment", d.Name, "--timeout="+patience.String())
	after := scaleTo(t, d, room+2)
	t.Logf("labelled/virtual %v, after a rolling update %s %v", before, name, after)
	remove(t, "deployment", d.Namespace, d.Name)
	return after
}
