// judge_scheduling.go - the laws of the merge: tolerations, required terms and
// preferences, judged by the scheduler's own code where it has a say.

package oracle

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
	"k8s.io/klog/v2"
	kjson "sigs.k8s.io/json"
)

// without returns a copy of an object without some members; an object that is
// absent, null or thereby empty is nil.
func without(tree any, keys ...string) object {
	members, _ := tree.(object)
	out := maps.Clone(members)
	maps.DeleteFunc(out, func(key string, _ any) bool {
		return slices.Contains(keys, key)
	})
	if len(out) == 0 {
		return nil
	}
	return out
}

// untouchable is a pod without what may differ.
func untouchable(pod any) object {
	put := func(into object, key string, value object) object {
		if value != nil {
			if into == nil {
				into = object{}
			}
			into[key] = value
		}
		return into
	}
	affinity := at(pod, "spec", "affinity")
	node := at(affinity, "nodeAffinity")
	keptNode := put(without(node, requiredKey, preferredKey), requiredKey,
		without(at(node, requiredKey), "nodeSelectorTerms"))
	keptAffinity := put(without(affinity, "nodeAffinity"), "nodeAffinity", keptNode)
	spec := put(without(at(pod, "spec"), "tolerations", "affinity", spreadKey),
		"affinity", keptAffinity)
	return put(without(pod, "spec"), "spec", spec)
}

func elements(tree any) list {
	out, _ := tree.(list)
	return out
}

// treeOf returns what a typed value looks like as JSON.
func treeOf(value any) any {
	tree, _ := decodeTree(mustEncode(value))
	return tree
}

// typed reads a tree into one of Kubernetes' types, which says what absent,
// null and empty members have in common.
func typed[T any](tree any) T {
	var out T
	// The pod has been decoded as a whole: this cannot fail.
	_ = kjson.UnmarshalCaseSensitivePreserveInts(mustEncode(tree), &out)
	return out
}

// appended checks that a list begins with what it was, and that what follows
// are some of the wanted elements, in their order.
func appended[T any](law string, before, after list, wanted []T) error {
	if len(after) < len(before) || len(before) > 0 &&
		!reflect.DeepEqual(before, after[:len(before)]) {
		return broken(law, "was %s, became %s", mustEncode(before),
			mustEncode(after))
	}
	next := 0
	for _, element := range after[len(before):] {
		for next < len(wanted) &&
			!reflect.DeepEqual(typed[T](element), wanted[next]) {
			next++
		}
		if next == len(wanted) {
			return broken(law, "nobody asked for %s", mustEncode(element))
		}
		next++
	}
	return nil
}

// --- tolerations -----------------------------------------------------------

// quiet drops what the scheduler's code says about tolerations with odd values.
var quiet = klog.Logger{}

func tolerates(tolerations []corev1.Toleration, taint *corev1.Taint) bool {
	return slices.ContainsFunc(tolerations, func(t corev1.Toleration) bool {
		return t.ToleratesTaint(quiet, taint, true)
	})
}

// judgeTolerations: the pod's are there as they were, and what it tolerates is
// what it did and what the policy does.
func (j *Judge) judgeTolerations(t *trial) error {
	err := appended("tolerations", elements(at(t.before, "spec", "tolerations")),
		elements(at(t.after, "spec", "tolerations")), t.policy.Tolerations)
	if err != nil {
		return err
	}
	for _, taint := range taints() {
		wanted := tolerates(t.pod.Spec.Tolerations, &taint) ||
			tolerates(t.policy.Tolerations, &taint)
		if seen := tolerates(t.result.Spec.Tolerations, &taint); seen != wanted {
			return broken("tolerations", "%s=%s:%s tolerated: wanted %v, seen %v",
				taint.Key, taint.Value, taint.Effect, wanted, seen)
		}
	}
	return j.judgeNeeded(t)
}

// judgeNeeded: no toleration was added that an earlier one covers, all by itself.
// One that kube-apiserver refuses (an empty key without Exists) covers nothing,
// and neither does one that compares numbers.
func (j *Judge) judgeNeeded(t *trial) error {
	all := t.result.Spec.Tolerations
	for i := len(t.pod.Spec.Tolerations); i < len(all); i++ {
		for _, earlier := range all[:i] {
			if (earlier.Key != "" || earlier.Operator == "Exists") &&
				covers(&earlier, &all[i]) {
				return broken("needed", "%s covers %s", mustEncode(earlier),
					mustEncode(all[i]))
			}
		}
	}
	return nil
}

// covers: whatever the one tolerates, the other does.
func covers(one, other *corev1.Toleration) bool {
	return !slices.ContainsFunc(taints(), func(taint corev1.Taint) bool {
		return other.ToleratesTaint(quiet, &taint, true) &&
			!one.ToleratesTaint(quiet, &taint, false)
	})
}

// --- required terms --------------------------------------------------------

func requiredOf(affinity *corev1.Affinity) *corev1.NodeSelector {
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil
	}
	return affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution
}

func isEmptyTerm(term corev1.NodeSelectorTerm) bool {
	return len(term.MatchExpressions) == 0 && len(term.MatchFields) == 0
}

// mayFail names the reason for which affinity must (no-feasible-term) or might
// (too-many-terms) be left alone; "" when nothing allows that.
func (t *trial) mayFail() string {
	wanted, own := requiredOf(t.policy.Affinity), requiredOf(t.pod.Spec.Affinity)
	if wanted == nil || own == nil || len(own.NodeSelectorTerms) == 0 {
		return ""
	}
	count, empty := 0, 0
	for _, term := range own.NodeSelectorTerms {
		count++
		if isEmptyTerm(term) {
			empty++
		} else {
			count += len(wanted.NodeSelectorTerms) - 1
		}
	}
	switch {
	case empty == len(own.NodeSelectorTerms):
		return "no-feasible-term"
	case count > 64:
		return "too-many-terms"
	}
	return ""
}

// warnsOf finds the warning that stands for a reason when nothing was changed.
func (t *trial) warnsOf(reason string) bool {
	sign := map[string]string{"no-feasible-term": "empty",
		"too-many-terms": "more than 64 terms"}[reason]
	return slices.ContainsFunc(t.answer.Warnings, func(text string) bool {
		return strings.Contains(text, sign)
	})
}

func (t *trial) leavesAffinity() bool {
	return slices.Contains([]string{"daemonset", "no-feasible-term",
		"too-many-terms"}, t.reason)
}

// matches asks the scheduler's code.  A term that cannot be parsed matches no
// node there.
func matches(selector nodeaffinity.RequiredNodeAffinity, node *corev1.Node) bool {
	fits, _ := selector.Match(node)
	return fits
}

// judgeNodes: the pod that results may run exactly where it might before and
// the policy allows it.
func (j *Judge) judgeNodes(t *trial) error {
	if t.leavesAffinity() {
		if !reflect.DeepEqual(at(t.before, "spec", "affinity"),
			at(t.after, "spec", "affinity")) {
			return broken("nodes", "%s, and yet affinity differs", t.reason)
		}
		return nil
	}
	own := t.pod.DeepCopy()
	wanted := requiredOf(t.policy.Affinity)
	if r := requiredOf(own.Spec.Affinity); wanted != nil && r != nil &&
		len(r.NodeSelectorTerms) == 0 {
		// The API server would have refused it; it counts as absent.
		own.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = nil
	}
	before := nodeaffinity.GetRequiredNodeAffinity(own)
	after := nodeaffinity.GetRequiredNodeAffinity(t.result)
	policy := nodeaffinity.GetRequiredNodeAffinity(&corev1.Pod{
		Spec: corev1.PodSpec{Affinity: t.policy.Affinity}})
	for _, node := range j.Nodes {
		want := matches(before, node) && matches(policy, node)
		if seen := matches(after, node); seen != want {
			return broken("nodes", "%s with labels %v: wanted %v, seen %v",
				node.Name, node.Labels, want, seen)
		}
	}
	if r := requiredOf(t.result.Spec.Affinity); len(t.answer.Patch) > 0 &&
		r != nil && len(r.NodeSelectorTerms) > 64 &&
		!reflect.DeepEqual(r, requiredOf(t.pod.Spec.Affinity)) {
		return broken("terms", "%d terms", len(r.NodeSelectorTerms))
	}
	return nil
}

// --- preferences -----------------------------------------------------------

func preferredOf(affinity *corev1.Affinity) []corev1.PreferredSchedulingTerm {
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil
	}
	return affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution
}

// judgePreferences: the pod's come first, as they were; each of the policy's is
// there at some weight, and only once.
func (j *Judge) judgePreferences(t *trial) error {
	if t.leavesAffinity() {
		return nil
	}
	path := []string{"spec", "affinity", "nodeAffinity", preferredKey}
	before, after := elements(at(t.before, path...)), elements(at(t.after, path...))
	wanted := preferredOf(t.policy.Affinity)
	if err := appended("preferences", before, after, wanted); err != nil {
		return err
	}
	count := map[string]int{}
	for i, entry := range after {
		form := canonical(at(entry, "preference"))
		count[form]++
		if i >= len(before) && slices.ContainsFunc(before, func(e any) bool {
			return canonical(at(e, "preference")) == form
		}) {
			return broken("preferences", "%s is there already", form)
		}
	}
	for _, w := range wanted {
		if form := canonical(treeOf(w.Preference)); count[form] == 0 {
			return broken("preferences", "%s is missing", form)
		}
	}
	return nil
}

// canonical writes a term so that set-equal ones are written the same, members
// that Kubernetes does not know included.
func canonical(term any) string {
	if term == nil {
		return "none"
	}
	out := object{"": without(term, "matchExpressions", "matchFields")}
	for _, key := range []string{"matchExpressions", "matchFields"} {
		var forms []string
		for _, e := range elements(at(term, key)) {
			read := typed[corev1.NodeSelectorRequirement](e)
			slices.Sort(read.Values)
			forms = append(forms, string(mustEncode(list{read.Key, read.Operator,
				slices.Compact(read.Values), without(e, "key", "operator", "values")})))
		}
		slices.Sort(forms)
		out[key] = slices.Compact(forms)
	}
	return string(mustEncode(out))
}
