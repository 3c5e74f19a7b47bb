// generate_scheduling.go - tolerations and node affinity, of pods and policies,
// and the nodes that they are tried on.

package oracle

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	requiredKey  = "requiredDuringSchedulingIgnoredDuringExecution"
	preferredKey = "preferredDuringSchedulingIgnoredDuringExecution"
)

// nodes makes the nodes of a run.
func (g *generator) nodes(count int) []*corev1.Node {
	var out []*corev1.Node

	for i := range count {
		labels := map[string]string{}
		for _, key := range nodeKeys {
			if g.chance(60) {
				labels[key] = pick(g, nodeValues)
			}
		}
		if g.chance(60) {
			labels["cores"] = pick(g, integers)
		}
		out = append(out, &corev1.Node{ObjectMeta: metav1.ObjectMeta{
			Name: fmt.Sprintf("node-%d", i), Labels: labels}})
	}
	return out
}

// taints are all that the vocabulary can say, and some that it cannot.
func taints() []corev1.Taint {
	var out []corev1.Taint

	for _, key := range append(taintKeys, "unheard-of") {
		for _, value := range append(taintValues, "7") {
			for _, effect := range effects {
				out = append(out, corev1.Taint{Key: key, Value: value,
					Effect: corev1.TaintEffect(effect)})
			}
		}
	}
	return out
}

// toleration makes one of any shape that kube-apiserver accepts.
func (g *generator) toleration() object {
	t := object{}
	if g.chance(90) {
		t["key"] = pick(g, taintKeys)
	}
	switch {
	case t["key"] == nil || g.chance(35):
		t["operator"] = "Exists"
	default:
		g.set(t, "operator", pick(g, []any{"Equal", "Equal", nil, ""}))
		g.set(t, "value", pick(g, []any{taintValues[1], "myvalue", "", nil}))
	}
	if g.chance(70) {
		t["effect"] = pick(g, effects)
	}
	if t["effect"] == "NoExecute" && g.chance(40) {
		t["tolerationSeconds"] = g.r.IntN(600)
	}
	return t
}

// podTolerations repeats some of the policies' own.
func (g *generator) podTolerations() any {
	if g.chance(25) {
		return g.nothing()
	}
	out := list{}
	for range g.r.IntN(4) {
		t := g.toleration()
		p := pick(g, g.policies)
		if len(p.Tolerations) > 0 && g.chance(30) {
			tree, _ := decodeTree(mustEncode(pick(g, p.Tolerations)))
			t = tree.(object)
		}
		if !g.valid && g.chance(8) {
			g.oddToleration(t)
		}
		out = append(out, t)
	}
	if !g.valid && g.chance(3) {
		out = append(out, nil)
	}
	return out
}

func (g *generator) oddToleration(t object) {
	switch g.r.IntN(5) {
	case 0:
		t["operator"] = pick(g, []string{"Lt", "Gt", "exists", "Near"})
	case 1:
		t["value"] = "3"
	case 2:
		t["effect"] = pick(g, []any{"Sometimes", "", nil})
	case 3:
		t["since"] = 1.50
	case 4:
		t["key"] = pick(g, []any{"", nil})
	}
}

// podAffinity says something or, in all the ways there are, nothing.
func (g *generator) podAffinity() any {
	if g.chance(20) {
		return nil
	}
	node := object{}
	g.set(node, requiredKey, g.required())
	g.set(node, preferredKey, g.preferred())
	out := object{}
	if g.chance(95) {
		g.set(out, "nodeAffinity", pick(g, []any{node, node, node, node, nil}))
	}
	if g.chance(10) {
		out["podAntiAffinity"] = object{requiredKey: list{object{
			"topologyKey": "zone", "labelSelector": object{}}}}
	}
	if !g.valid && g.chance(2) {
		node["strategy"] = object{"n": 1e3}
	}
	return out
}

func (g *generator) required() any {
	if g.chance(25) {
		return nil
	}
	out := object{}
	count := 1 + g.r.IntN(3)
	switch {
	case g.chance(2):
		count = 20 + g.r.IntN(60)
	case !g.valid && g.chance(6):
		g.set(out, "nodeSelectorTerms", g.nothing())
		return out
	}
	terms := list{}
	for range count {
		terms = append(terms, g.podTerm())
	}
	out["nodeSelectorTerms"] = terms
	if !g.valid && g.chance(2) {
		out["note"] = "kept"
	}
	return out
}

func (g *generator) preferred() any {
	if g.chance(40) {
		return g.nothing()
	}
	out := list{}
	for range g.r.IntN(4) {
		entry := object{"weight": 1 + g.r.IntN(100), "preference": g.podTerm()}
		if !g.valid && g.chance(3) {
			delete(entry, "preference")
		}
		out = append(out, entry)
	}
	return out
}

// podTerm makes a term of a pod: one of a policy's, or something near it, or
// anything, or nothing.
func (g *generator) podTerm() any {
	switch {
	case g.chance(3):
		return nil
	case g.chance(5):
		return object{}
	}
	term, expressions := object{}, list{}
	if own := g.policyTerm(); own != nil && g.chance(45) {
		for _, e := range own {
			if g.chance(85) {
				expressions = append(expressions, g.near(e))
			}
		}
	}
	for range g.r.IntN(3) {
		expressions = append(expressions, g.podRequirement())
	}
	g.r.Shuffle(len(expressions), func(i, j int) {
		expressions[i], expressions[j] = expressions[j], expressions[i]
	})
	if len(expressions) > 0 {
		term["matchExpressions"] = expressions
	} else {
		g.set(term, "matchExpressions", g.nothing())
	}
	if g.chance(12) {
		term["matchFields"] = list{object{"key": "metadata.name",
			"operator": pick(g, []string{"In", "NotIn"}),
			"values":   list{fmt.Sprintf("node-%d", g.r.IntN(50))}}}
	}
	if !g.valid && g.chance(3) {
		term["note"] = pick(g, []any{nil, list{}, 0.10})
	}
	return term
}

// policyTerm is the expressions of some term of the policies, or nil.
func (g *generator) policyTerm() []corev1.NodeSelectorRequirement {
	affinity := pick(g, g.policies).Affinity
	if affinity == nil || affinity.NodeAffinity == nil {
		return nil
	}
	var terms []corev1.NodeSelectorTerm
	if r := affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution; r != nil {
		terms = slices.Clone(r.NodeSelectorTerms)
	}
	for _, p := range affinity.NodeAffinity.PreferredDuringSchedulingIgnoredDuringExecution {
		terms = append(terms, p.Preference)
	}
	if len(terms) == 0 {
		return nil
	}
	return pick(g, terms).MatchExpressions
}

// near repeats a requirement, its values in another order, fewer or more.
func (g *generator) near(e corev1.NodeSelectorRequirement) object {
	values := list{}
	for _, v := range e.Values {
		values = append(values, v)
	}
	g.r.Shuffle(len(values), func(i, j int) {
		values[i], values[j] = values[j], values[i]
	})
	if e.Operator == "In" || e.Operator == "NotIn" {
		switch {
		case len(values) > 1 && g.chance(30):
			values = values[1:]
		case g.chance(20):
			values = append(values, pick(g, nodeValues))
		case g.chance(20):
			values = append(values, values[0])
		}
	}
	out := object{"key": e.Key, "operator": string(e.Operator)}
	if len(values) > 0 {
		out["values"] = values
	}
	return out
}

// requirement makes one that kube-apiserver accepts.
func (g *generator) requirement() object {
	out := object{"key": pick(g, nodeKeys)}
	op := pick(g, []string{"In", "In", "In", "NotIn", "Exists", "DoesNotExist",
		"Gt", "Lt"})
	out["operator"] = op
	switch op {
	case "In", "NotIn":
		out["values"] = g.some(nodeValues, 1, 3)
	case "Gt", "Lt":
		out["key"] = "cores"
		out["values"] = list{pick(g, integers)}
	}
	return out
}

func (g *generator) podRequirement() object {
	out := g.requirement()
	if g.valid || g.chance(93) {
		return out
	}
	switch g.r.IntN(6) {
	case 0:
		g.set(out, "values", g.nothing())
	case 1:
		out["values"] = list{nil, "a"}
	case 2:
		out["operator"] = pick(g, []any{"", nil, "Near", "in"})
	case 3:
		out["note"] = object{"z": 1, "a": list{}}
	case 4:
		out["values"] = list{"x", "9"}
	case 5:
		delete(out, "key")
	}
	return out
}
