package e2e

import (
	"encoding/json"
	"reflect"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/nodes"
)

// and returns the term that asks for all of these.
func and(terms ...corev1.NodeSelectorTerm) corev1.NodeSelectorTerm {
	var all corev1.NodeSelectorTerm
	for _, term := range terms {
		all.MatchExpressions = append(all.MatchExpressions, term.MatchExpressions...)
	}
	return all
}

// ownAffinity returns the one pod of a gateway that brings affinity.
func ownAffinity(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	return &create(t, deployment(t, name), 1)[0]
}

func TestArchitectureOfAnOldChartIsKept(t *testing.T) {
	pod := ownAffinity(t, "arch-affinity")
	arch := term(corev1.LabelArchStable, corev1.NodeSelectorOpIn, "amd64", "arm64", "s390x")
	wanted := wantedAffinity()
	required := wanted.RequiredDuringSchedulingIgnoredDuringExecution
	for i, term := range required.NodeSelectorTerms {
		required.NodeSelectorTerms[i] = and(arch, term)
	}
	var own []corev1.PreferredSchedulingTerm
	for _, value := range []string{"amd64", "arm64", "s390x"} {
		own = append(own, corev1.PreferredSchedulingTerm{Weight: 2,
			Preference: term(corev1.LabelArchStable, corev1.NodeSelectorOpIn, value)})
	}
	wanted.PreferredDuringSchedulingIgnoredDuringExecution =
		append(own, wanted.PreferredDuringSchedulingIgnoredDuringExecution...)
	wantAffinity(t, pod, &corev1.Affinity{NodeAffinity: wanted})
}

// A zone is ANDed; a term with matchFields that already asks for the virtual
// node stays as it is; the pod's own weight for it wins; the rest is untouched.
func TestZoneAndFieldsAreKept(t *testing.T) {
	received := deployment(t, "own-affinity").Spec.Template.Spec
	pod := ownAffinity(t, "own-affinity")

	before := received.Affinity.NodeAffinity
	zone := before.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0]
	fields := before.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[1]
	wanted := received.Affinity.DeepCopy()
	merged := wantedAffinity()
	labelled := merged.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[0]
	virtual := merged.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms[1]
	wanted.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms =
		[]corev1.NodeSelectorTerm{and(zone, labelled), and(zone, virtual), fields}
	wanted.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution =
		append(before.PreferredDuringSchedulingIgnoredDuringExecution,
			merged.PreferredDuringSchedulingIgnoredDuringExecution[1])
	wantAffinity(t, pod, wanted)
	wantTolerations(t, pod, append(received.Tolerations, wantedTolerations()[1]))
	if !reflect.DeepEqual(pod.Spec.NodeSelector, received.NodeSelector) {
		t.Errorf("nodeSelector is %v", pod.Spec.NodeSelector)
	}
	if !reflect.DeepEqual(pod.Spec.TopologySpreadConstraints, received.TopologySpreadConstraints) {
		t.Errorf("topologySpreadConstraints are %v", pod.Spec.TopologySpreadConstraints)
	}
}

func TestDaemonSetPodsStayPinned(t *testing.T) {
	createNodes(t, nodes.ECS("node5", "cn-beijing-g", "4"), nodes.ECS("node6", "cn-beijing-h", "4"))
	kubectl(t, manifest(t, "daemonset"), "apply", "-f", "-")
	t.Cleanup(func() { remove(t, "daemonset", "istio-system", "edge-nodes") })
	selector := &metav1.LabelSelector{MatchLabels: map[string]string{"rec": "edge-nodes"}}
	on := map[string]int{}
	for _, pod := range podsOf(t, "istio-system", selector, 2) {
		required := pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
		if len(required.NodeSelectorTerms) != 1 ||
			len(required.NodeSelectorTerms[0].MatchExpressions) != 0 ||
			len(required.NodeSelectorTerms[0].MatchFields) != 1 {
			t.Errorf("%s has\n%s", pod.Name, text(pod.Spec.Affinity))
			continue
		}
		on[required.NodeSelectorTerms[0].MatchFields[0].Values[0]]++
		if got := pod.Spec.Tolerations[len(pod.Spec.Tolerations)-2:]; !reflect.DeepEqual(got, wantedTolerations()) {
			t.Errorf("%s tolerates last %+v", pod.Name, got)
		}
	}
	if on["node5"] != 1 || on["node6"] != 1 {
		t.Errorf("pinned to %v", on)
	}
}

// A Job in the gateways' namespace is none; one whose pod is labelled as a
// gateway is treated like any.
func TestJob(t *testing.T) {
	for _, c := range []struct {
		name, label string
		wanted      []corev1.Toleration
	}{{"plain", "", nil}, {"labelled", "ingressgateway", wantedTolerations()}} {
		t.Run(c.name, func(t *testing.T) {
			job := &batchv1.Job{}
			must(t, yaml.UnmarshalStrict([]byte(manifest(t, "job")), job))
			if c.label != "" {
				job.Spec.Template.Labels = map[string]string{"istio": c.label}
			}
			_, err := client.BatchV1().Jobs(job.Namespace).Create(t.Context(), job, metav1.CreateOptions{})
			must(t, err)
			t.Cleanup(func() { remove(t, "job", job.Namespace, job.Name) })
			pods := podsOf(t, job.Namespace, &metav1.LabelSelector{
				MatchLabels: map[string]string{batchv1.JobNameLabel: job.Name}}, 1)
			wantTolerations(t, &pods[0], c.wanted)
		})
	}
}

// readPod reads a manifest that is a pod.
func readPod(t *testing.T, name string) *corev1.Pod {
	t.Helper()
	pod := &corev1.Pod{}
	must(t, yaml.UnmarshalStrict([]byte(manifest(t, name)), pod))
	return pod
}

// The kubelet checks required affinity again: adding it to a pod that is placed
// already would kill it.
func TestPodWithNodeNameIsLeftAlone(t *testing.T) {
	pod := readPod(t, "node-name-set")
	createNodes(t, nodes.ECS(pod.Spec.NodeName, "cn-beijing-g", "4"))
	if a := createPod(t, pod); !a.unmutated() || len(a.warnings) > 0 {
		t.Error(describe(a))
	}
}

func TestPodThatOptsOutIsLeftAlone(t *testing.T) {
	pod := bareGateway()
	pod.Annotations = map[string]string{"spillway.dev/mutate": "false"}
	if a := createPod(t, pod); !a.unmutated() || len(a.warnings) > 0 {
		t.Error(describe(a))
	}
}

func TestGatedPodIsPlacedWhenItsGateIsLifted(t *testing.T) {
	createCluster(t, "cn-beijing-h")
	a := createPod(t, readPod(t, "scheduling-gated"))
	if !a.mutated() {
		t.Fatal(describe(a))
	}
	kubectl(t, "", "-n", a.pod.Namespace, "patch", "pod", a.pod.Name, "--type=merge",
		"-p", `{"spec":{"schedulingGates":[]}}`)
	eventually(t, func() string {
		pod, err := client.CoreV1().Pods(a.pod.Namespace).Get(t.Context(), a.pod.Name, metav1.GetOptions{})
		must(t, err)
		if pod.Spec.NodeName == "" {
			return "the pod has no node"
		}
		if pod.Spec.NodeName != labelledNode {
			t.Errorf("the pod runs on %s", pod.Spec.NodeName)
		}
		return ""
	})
}

func TestServerSideDryRunShowsWhatWouldBe(t *testing.T) {
	out := kubectl(t, manifest(t, "dry-run"), "create", "--dry-run=server", "-o", "json", "-f", "-")
	var pod corev1.Pod
	must(t, json.Unmarshal([]byte(out), &pod))
	wantTolerations(t, &pod, wantedTolerations())
	wantAffinity(t, &pod, &corev1.Affinity{NodeAffinity: wantedAffinity()})
	_, err := client.CoreV1().Pods(pod.Namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Errorf("the pod is there: %v", err)
	}
}

// A debugging container in a gateway pod, and a copy of the pod.
func TestKubectlDebug(t *testing.T) {
	a := createPod(t, readPod(t, "live"))
	before := count(t, "spillway_http_requests_total")
	kubectl(t, "", "-n", a.pod.Namespace, "debug", a.pod.Name, "--image=busybox", "--container=look")
	pod, err := client.CoreV1().Pods(a.pod.Namespace).Get(t.Context(), a.pod.Name, metav1.GetOptions{})
	must(t, err)
	if len(pod.Spec.EphemeralContainers) != 1 {
		t.Errorf("the pod has the ephemeral containers %v", pod.Spec.EphemeralContainers)
	}
	if sent := count(t, "spillway_http_requests_total") - before; sent != 0 {
		t.Errorf("%v requests have come for an ephemeral container", sent)
	}

	satisfied := count(t, "spillway_admission_requests_total", "reason", "already-satisfied")
	kubectl(t, "", "-n", a.pod.Namespace, "debug", a.pod.Name, "--image=busybox",
		"--copy-to=live-copy", "--keep-labels")
	twin, err := client.CoreV1().Pods(a.pod.Namespace).Get(t.Context(), "live-copy", metav1.GetOptions{})
	must(t, err)
	t.Cleanup(func() { deletePod(t, twin) })
	wantAffinity(t, twin, &corev1.Affinity{NodeAffinity: wantedAffinity()})
	if again := count(t, "spillway_admission_requests_total", "reason", "already-satisfied") - satisfied; again != 1 {
		t.Errorf("%v copies were found to be satisfied, not 1", again)
	}
}

func TestKubectlApplyTwiceChangesNothing(t *testing.T) {
	for _, name := range []string{"ingressgateway", "live"} {
		t.Run(name, func(t *testing.T) {
			manifest := manifest(t, name)
			t.Cleanup(func() { kubectl(t, manifest, "delete", "-f", "-", "--cascade=foreground") })
			kubectl(t, manifest, "apply", "-f", "-")
			before := theOnlyPod(t)
			wantAffinity(t, before, &corev1.Affinity{NodeAffinity: wantedAffinity()})
			kubectl(t, manifest, "apply", "-f", "-")
			if after := theOnlyPod(t); before.UID != after.UID || !reflect.DeepEqual(before.Spec, after.Spec) {
				t.Errorf("the pod was\n%sand is\n%s", text(before), text(after))
			}
		})
	}
}

// theOnlyPod waits until istio-system has one pod.
func theOnlyPod(t *testing.T) *corev1.Pod {
	t.Helper()
	return &podsOf(t, "istio-system", &metav1.LabelSelector{}, 1)[0]
}
