// explain_generate_test.go - generated nodes and pods, which the API server
// accepts.

package e2e

import (
	"fmt"
	"math/rand/v2"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// The vocabulary of generated nodes and pods: so small that they fit each other
// about as often as not.
var (
	nodeLabels = map[string][]string{
		"mykey4pod":              {"asmgateway", "asmgateway", "other"},
		"type":                   {"virtual-kubelet"},
		corev1.LabelArchStable:   {"amd64", "arm64"},
		corev1.LabelTopologyZone: {"a", "b", "c"},
		"cores":                  {"3", "007", "12", "many", ""},
	}
	nodeKeys     = []string{"mykey4pod", "type", corev1.LabelArchStable, corev1.LabelTopologyZone, "cores"}
	taintKeys    = []string{"virtual-kubelet.io/provider", "mykey", "k"}
	taintValues  = []string{"", "alibabacloud", "myvalue", "3"}
	taintEffects = []corev1.TaintEffect{corev1.TaintEffectNoSchedule,
		corev1.TaintEffectPreferNoSchedule, corev1.TaintEffectNoExecute}
)

// What integer labels are compared with.  For a preference with a bound that is
// no integer the scheduler fails instead of scoring nodes; there are none here.
var bounds = []string{"3", "7", "0012", "11"}

// gpu is a resource that only some nodes have.
const gpu corev1.ResourceName = "example.com/gpu"

// A generator makes pods and nodes that the API server accepts.
type generator struct{ *rand.Rand }

func pick[T any](g generator, from ...T) T { return from[g.IntN(len(from))] }

// chance is true in so many of a hundred cases.
func (g generator) chance(percent int) bool { return g.IntN(100) < percent }

// quantity picks one of these amounts of a resource.
func (g generator) quantity(list corev1.ResourceList, name corev1.ResourceName, from ...string) {
	list[name] = resource.MustParse(pick(g, from...))
}

func (g generator) node(name string) *corev1.Node {
	labels := map[string]string{corev1.LabelHostname: name}
	for _, key := range nodeKeys {
		if g.chance(60) {
			labels[key] = pick(g, nodeLabels[key]...)
		}
	}
	have := corev1.ResourceList{}
	g.quantity(have, corev1.ResourceCPU, "0.5", "1", "1900m", "2", "3", "4")
	g.quantity(have, corev1.ResourceMemory, "512Mi", "1Gi", "1.5Gi", "2G", "8e9", "4194304Ki")
	g.quantity(have, corev1.ResourcePods, "1", "2", "3", "10", "110")
	if g.chance(25) {
		g.quantity(have, gpu, "1", "3")
	}
	if g.chance(5) {
		delete(have, pick(g, corev1.ResourceCPU, corev1.ResourcePods))
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
		Spec:       corev1.NodeSpec{Unschedulable: g.chance(12), Taints: g.taints()},
		Status:     corev1.NodeStatus{Capacity: have, Allocatable: have},
	}
}

func (g generator) taints() []corev1.Taint {
	var out []corev1.Taint
	for _, key := range taintKeys {
		if g.chance(25) {
			out = append(out, corev1.Taint{Key: key, Value: pick(g, taintValues...),
				Effect: pick(g, taintEffects...)})
		}
	}
	g.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// --- pods ------------------------------------------------------------------

// pod makes a pod for the nodes with these names: every other one is a gateway
// that the built-in policy mutates.
func (g generator) pod(name string, nodeNames []string) *corev1.Pod {
	pod := &corev1.Pod{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"},
	}
	if g.chance(50) {
		pod.Namespace = "istio-system"
		pod.Labels = map[string]string{"istio": "ingressgateway"}
	}
	g.demand(&pod.Spec)
	for range g.IntN(4) {
		pod.Spec.Tolerations = append(pod.Spec.Tolerations, g.toleration())
	}
	if g.chance(15) {
		key := pick(g, nodeKeys...)
		pod.Spec.NodeSelector = map[string]string{key: pick(g, nodeLabels[key]...)}
	}
	affinity := &corev1.NodeAffinity{}
	if g.chance(35) {
		affinity.RequiredDuringSchedulingIgnoredDuringExecution = &corev1.NodeSelector{
			// A term with a bound that is no integer matches no node.
			NodeSelectorTerms: g.terms(1+g.IntN(3), nodeNames, append(bounds, "many"))}
	}
	if g.chance(65) {
		for _, term := range g.terms(1+g.IntN(4), nodeNames, bounds) {
			affinity.PreferredDuringSchedulingIgnoredDuringExecution = append(
				affinity.PreferredDuringSchedulingIgnoredDuringExecution,
				corev1.PreferredSchedulingTerm{Weight: 1 + g.Int32N(100), Preference: term})
		}
	}
	if g.chance(90) {
		pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: affinity}
	}
	return pod
}

// toleration makes one of any shape, of cordoning now and then.
func (g generator) toleration() corev1.Toleration {
	t := corev1.Toleration{Key: pick(g, taintKeys...), Operator: corev1.TolerationOpExists}
	switch g.IntN(10) {
	case 0:
		t.Key = ""
	case 1:
		t.Key = corev1.TaintNodeUnschedulable
	case 2, 3:
	default:
		t.Operator = pick(g, "", corev1.TolerationOpEqual)
		t.Value = pick(g, taintValues...)
	}
	if g.chance(50) {
		t.Effect = pick(g, taintEffects...)
	}
	if t.Effect == corev1.TaintEffectNoExecute && g.chance(50) {
		t.TolerationSeconds = ptr.To[int64](300)
	}
	return t
}

func (g generator) terms(count int, nodeNames, bounds []string) []corev1.NodeSelectorTerm {
	out := make([]corev1.NodeSelectorTerm, count)
	for i := range out {
		if g.chance(5) {
			continue // an empty term matches no node
		}
		for range g.IntN(3) {
			out[i].MatchExpressions = append(out[i].MatchExpressions, g.requirement(bounds))
		}
		if len(out[i].MatchExpressions) == 0 || g.chance(10) {
			out[i].MatchFields = []corev1.NodeSelectorRequirement{{Key: metav1.ObjectNameField,
				Operator: pick(g, corev1.NodeSelectorOpIn, corev1.NodeSelectorOpNotIn),
				Values:   []string{pick(g, nodeNames...)}}}
		}
	}
	return out
}

// requirement makes one whose operator may be Gt or Lt, with one of the bounds.
func (g generator) requirement(bounds []string) corev1.NodeSelectorRequirement {
	key := pick(g, nodeKeys...)
	r := corev1.NodeSelectorRequirement{Key: key}
	switch g.IntN(6) {
	case 0, 1:
		r.Operator = corev1.NodeSelectorOpIn
	case 2:
		r.Operator = corev1.NodeSelectorOpNotIn
	case 3:
		r.Operator = corev1.NodeSelectorOpExists
		return r
	case 4:
		r.Operator = corev1.NodeSelectorOpDoesNotExist
		return r
	default:
		return corev1.NodeSelectorRequirement{Key: pick(g, key, "cores", "cores"),
			Operator: pick(g, corev1.NodeSelectorOpGt, corev1.NodeSelectorOpLt),
			Values:   []string{pick(g, bounds...)}}
	}
	for range 1 + g.IntN(2) {
		r.Values = append(r.Values, pick(g, nodeLabels[key]...))
	}
	return r
}

// --- what pods ask for -----------------------------------------------------

// demand gives a pod its containers.
func (g generator) demand(spec *corev1.PodSpec) {
	for i := range 1 + g.IntN(2) {
		spec.Containers = append(spec.Containers, g.container(fmt.Sprintf("main-%d", i)))
	}
	if g.chance(45) {
		for i := range 1 + g.IntN(3) {
			c := g.container(fmt.Sprintf("init-%d", i))
			if g.chance(50) {
				c.RestartPolicy = ptr.To(corev1.ContainerRestartPolicyAlways)
			}
			spec.InitContainers = append(spec.InitContainers, c)
		}
	}
	if g.chance(15) {
		g.whole(spec)
	}
	spec.TerminationGracePeriodSeconds = ptr.To[int64](0)
}

func (g generator) container(name string) corev1.Container {
	c := corev1.Container{Name: name, Image: "registry.example.com/" + name}
	requests, limits := corev1.ResourceList{}, corev1.ResourceList{}
	if g.chance(70) {
		g.quantity(requests, corev1.ResourceCPU, "100m", "0.25", "499m", "0.5", "0", "1")
	}
	if g.chance(40) {
		g.quantity(requests, corev1.ResourceMemory, "64Mi", "200M", "3e8", "524288Ki", "1Gi")
	}
	// Limits without requests, and beside them.
	if g.chance(25) {
		g.quantity(limits, corev1.ResourceCPU, "1", "1500m")
	}
	if g.chance(20) {
		g.quantity(limits, corev1.ResourceMemory, "1Gi", "1.5Gi")
	}
	if g.chance(8) {
		g.quantity(limits, gpu, "1", "2")
	}
	c.Resources = corev1.ResourceRequirements{Requests: requests, Limits: limits}
	return c
}

// whole says what the pod as a whole may take, in the three ways there are.
// The containers are made small, since their sum must not be more.
func (g generator) whole(spec *corev1.PodSpec) {
	for _, list := range [][]corev1.Container{spec.Containers, spec.InitContainers} {
		for i := range list {
			list[i].Resources = corev1.ResourceRequirements{}
			if g.chance(60) {
				list[i].Resources.Requests = corev1.ResourceList{}
				g.quantity(list[i].Resources.Requests, corev1.ResourceCPU, "100m", "200m")
			}
		}
	}
	spec.Resources = &corev1.ResourceRequirements{}
	if way := g.IntN(3); way > 0 {
		spec.Resources.Limits = corev1.ResourceList{}
		g.quantity(spec.Resources.Limits, corev1.ResourceCPU, "2", "3500m")
		if way == 1 {
			return
		}
	}
	spec.Resources.Requests = corev1.ResourceList{}
	g.quantity(spec.Resources.Requests, corev1.ResourceCPU, "1100m", "2")
	if g.chance(50) {
		g.quantity(spec.Resources.Requests, corev1.ResourceMemory, "300Mi", "1Gi")
	}
}
