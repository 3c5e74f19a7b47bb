package e2e

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// With the server down, the companion speaks of the pods that should have been
// mutated, and of no other.
func TestCompanionWarnsOfUnmutatedGatewaysOnly(t *testing.T) {
	disturb(t)
	serveWith()
	tryUntil(t, "wanted an unmutated pod and a warning", warned)
	for name, change := range map[string]func(pod *corev1.Pod){
		"opted out": func(pod *corev1.Pod) {
			pod.Annotations = map[string]string{"spillway.dev/mutate": "false"}
		},
		"placed already": func(pod *corev1.Pod) { pod.Spec.NodeName = "somewhere" },
		"made by a DaemonSet": func(pod *corev1.Pod) {
			pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1",
				Kind: "DaemonSet", Name: "d", UID: "u", Controller: ptr.To(true)}}
		},
		"another workload":  func(pod *corev1.Pod) { pod.Labels["istio"] = "pilot" },
		"another namespace": func(pod *corev1.Pod) { pod.Namespace = "shop" },
		"mutated by somebody": func(pod *corev1.Pod) {
			pod.Spec.Tolerations = wantedTolerations()
			pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: wantedAffinity()}
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := bareGateway()
			change(pod)
			a := try(pod, metav1.DryRunAll)
			if a.err != nil || len(a.warnings) > 0 {
				t.Error(describe(a))
			}
		})
	}
}

// Tolerations and affinity are both looked at.
func TestCompanionWarnsOfHalfMutatedGateways(t *testing.T) {
	disturb(t)
	serveWith()
	tryUntil(t, "wanted an unmutated pod and a warning", warned)
	for name, change := range map[string]func(spec *corev1.PodSpec){
		"one toleration missing": func(spec *corev1.PodSpec) { spec.Tolerations = spec.Tolerations[:1] },
		"no required terms": func(spec *corev1.PodSpec) {
			spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
		},
		"a term that leads elsewhere": func(spec *corev1.PodSpec) {
			required := spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
			required.NodeSelectorTerms = append(required.NodeSelectorTerms,
				term("zone", corev1.NodeSelectorOpIn, "a"))
		},
		"one preference missing": func(spec *corev1.PodSpec) {
			affinity := spec.Affinity.NodeAffinity
			affinity.PreferredDuringSchedulingIgnoredDuringExecution =
				affinity.PreferredDuringSchedulingIgnoredDuringExecution[:1]
		},
		"no preferences": func(spec *corev1.PodSpec) {
			spec.Affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution = nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			pod := bareGateway()
			pod.Spec.Tolerations = wantedTolerations()
			pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: wantedAffinity()}
			change(&pod.Spec)
			a := try(pod, metav1.DryRunAll)
			if a.err != nil || !strings.Contains(strings.Join(a.warnings, "\n"), notApplied) {
				t.Error(describe(a))
			}
		})
	}
}

func TestCompanionIsSilentWhenTheServerIsThere(t *testing.T) {
	if a := try(bareGateway(), metav1.DryRunAll); !a.mutated() || len(a.warnings) > 0 {
		t.Error(describe(a))
	}
}
