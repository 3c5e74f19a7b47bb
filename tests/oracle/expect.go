// expect.go - an own reading of a policy: which pods it applies to, and which
// guard stops it, from Spillway's documentation alone.  Label selectors are
// evaluated by Kubernetes' own code.

package oracle

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"path"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

// A Policy is one of a policy file.
type Policy struct {
	Name        string              `json:"name"`
	Mode        string              `json:"mode"`
	Percent     *int                `json:"percent"`
	Match       Match               `json:"match"`
	Tolerations []corev1.Toleration `json:"tolerations"`
	Affinity    *corev1.Affinity    `json:"affinity"`
	Spillover   Spillover           `json:"spillover"`
}

// A Spillover says in which order nodes are filled.
type Spillover struct {
	FillFirst bool `json:"fillFirst"`
}

// A Match says which pods a policy is for.
type Match struct {
	Namespaces []string   `json:"namespaces"`
	Selectors  []Selector `json:"selectors"`
}

// A Selector matches when all that it says holds.
type Selector struct {
	MatchLabels      map[string]string                 `json:"matchLabels"`
	MatchAnnotations map[string]string                 `json:"matchAnnotations"`
	MatchExpressions []metav1.LabelSelectorRequirement `json:"matchExpressions"`
	HasContainer     string                            `json:"hasContainer"`

	labels labels.Selector // what Kubernetes can say of the above
	globs  []metav1.LabelSelectorRequirement
}

// ReadPolicies reads a policy file that is known to be valid.
func ReadPolicies(text []byte) ([]Policy, error) {
	var file struct {
		Policies []Policy `json:"policies"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	for i := range file.Policies {
		selectors := file.Policies[i].Match.Selectors
		for j := range selectors {
			if err := selectors[j].compile(); err != nil {
				return nil, fmt.Errorf("policies[%d].match.selectors[%d]: %w",
					i, j, err)
			}
		}
	}
	return file.Policies, nil
}

func (s *Selector) compile() error {
	var err error

	plain := metav1.LabelSelector{MatchLabels: s.MatchLabels}
	for _, e := range s.MatchExpressions {
		if e.Operator == "Glob" || e.Operator == "NotGlob" {
			s.globs = append(s.globs, e)
		} else {
			plain.MatchExpressions = append(plain.MatchExpressions, e)
		}
	}
	s.labels, err = metav1.LabelSelectorAsSelector(&plain)
	return err
}

func (s *Selector) matches(pod *corev1.Pod) bool {
	for key, value := range s.MatchAnnotations {
		if seen, ok := pod.Annotations[key]; !ok || seen != value {
			return false
		}
	}
	for _, e := range s.globs {
		if globHolds(e, pod.Labels) != (e.Operator == "Glob") {
			return false
		}
	}
	return s.labels.Matches(labels.Set(pod.Labels)) && (s.HasContainer == "" ||
		slices.ContainsFunc(pod.Spec.Containers, func(c corev1.Container) bool {
			return c.Name == s.HasContainer
		}))
}

// globHolds: the key is there, and its value fits one of the globs.
func globHolds(e metav1.LabelSelectorRequirement, set map[string]string) bool {
	value, ok := set[e.Key]
	return ok && slices.ContainsFunc(e.Values, func(glob string) bool {
		fits, err := path.Match(strings.ReplaceAll(glob, "[!", "[^"), value)
		return err == nil && fits
	})
}

// selects tells whether the policy is for pods like this one.
func (p *Policy) selects(namespace string, pod *corev1.Pod) bool {
	return slices.ContainsFunc(p.Match.Namespaces, func(n string) bool {
		return n == "*" || n == namespace
	}) && slices.ContainsFunc(p.Match.Selectors, func(s Selector) bool {
		return s.matches(pod)
	})
}

func (p *Policy) percent() int {
	if p.Percent == nil {
		return 100
	}
	return *p.Percent
}

// bucket is the workload's place in a gradual rollout.
func bucket(namespace string, pod *corev1.Pod) int {
	workload := pod.Name
	if controller := metav1.GetControllerOf(pod); controller != nil {
		workload = controller.Name
		if hash := pod.Labels["pod-template-hash"]; hash != "" {
			workload = strings.TrimSuffix(workload, "-"+hash)
		}
	} else if workload == "" {
		workload = strings.TrimSuffix(pod.GenerateName, "-")
	}
	sum := sha256.Sum256([]byte(namespace + "/" + workload))
	return int(binary.BigEndian.Uint32(sum[:4]) % 100)
}

// firstMatch is the policy that decides, or nil.
func firstMatch(policies []Policy, namespace string, pod *corev1.Pod) *Policy {
	for i := range policies {
		if policies[i].selects(namespace, pod) {
			return &policies[i]
		}
	}
	return nil
}

// podKind is what a review of a pod names.
var podKind = metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}

// expect says which policy matches, and which guard holds ("" for none).
func expect(policies []Policy, request *admissionv1.AdmissionRequest,
	pod *corev1.Pod) (*Policy, string) {
	switch {
	case request.Kind != podKind:
		return nil, "not-a-pod"
	case request.SubResource != "":
		return nil, "subresource"
	case request.Operation != admissionv1.Create:
		return nil, "operation"
	}
	policy := firstMatch(policies, request.Namespace, pod)
	if policy == nil {
		return nil, "no-match"
	}
	_, mirror := pod.Annotations[corev1.MirrorPodAnnotationKey]
	controller := metav1.GetControllerOf(pod)
	switch {
	case pod.Annotations["spillway.dev/mutate"] == "false":
		return policy, "opted-out"
	case mirror:
		return policy, "mirror-pod"
	case pod.Spec.NodeName != "":
		return policy, "node-name-set"
	case bucket(request.Namespace, pod) >= policy.percent():
		return policy, "rollout"
	case controller != nil && controller.Kind == "DaemonSet":
		return policy, "daemonset"
	}
	return policy, ""
}
