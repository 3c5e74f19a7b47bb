// generate_policy.go - generated policy files, valid by construction.

package oracle

import (
	"fmt"

	"sigs.k8s.io/yaml"
)

// policyFile makes a file with one to four policies; prefix begins their names.
func (g *generator) policyFile(prefix string) object {
	policies := list{}
	for i := range 1 + g.r.IntN(4) {
		policies = append(policies, g.policy(fmt.Sprintf("%s-%d", prefix, i)))
	}
	return object{"apiVersion": "spillway.dev/v1", "kind": "Policy",
		"policies": policies}
}

// writePolicy writes a policy file, as YAML where that can say it, or as JSON.
func (g *generator) writePolicy(file object) []byte {
	if g.chance(50) {
		return g.write(file)
	}
	text, err := yaml.Marshal(file)
	if err != nil {
		return g.write(file)
	}
	return text
}

func (g *generator) policy(name string) object {
	names := list{}
	for range 1 + g.r.IntN(2) {
		names = append(names, pick(g, g.namespaces))
	}
	selectors := list{}
	for range 1 + g.r.IntN(3) {
		selectors = append(selectors, g.selector())
	}
	out := object{"name": name,
		"match": object{"namespaces": names, "selectors": selectors}}
	if g.chance(12) {
		out["mode"] = pick(g, []string{"shadow", "enforce"})
	}
	if g.chance(25) {
		out["percent"] = pick(g, []int{0, 100, 50, 1, 99})
	}
	tolerations := list{}
	for range g.r.IntN(4) {
		tolerations = append(tolerations, g.toleration())
	}
	if len(tolerations) > 0 {
		out["tolerations"] = tolerations
	}
	if len(tolerations) == 0 || g.chance(85) {
		out["affinity"] = object{"nodeAffinity": g.policyAffinity()}
	}
	if g.chance(40) {
		out["spillover"] = object{"fillFirst": g.chance(80)}
	}
	return out
}

func (g *generator) policyAffinity() object {
	out := object{}
	terms, preferred := list{}, list{}
	for range g.r.IntN(4) {
		terms = append(terms, g.policyTermTree())
	}
	for range g.r.IntN(4) {
		preferred = append(preferred, object{"weight": 1 + g.r.IntN(100),
			"preference": g.policyTermTree()})
	}
	if len(terms) == 0 && len(preferred) == 0 {
		terms = append(terms, g.policyTermTree())
	}
	if len(terms) > 0 {
		out[requiredKey] = object{"nodeSelectorTerms": terms}
	}
	if len(preferred) > 0 {
		out[preferredKey] = preferred
	}
	return out
}

func (g *generator) policyTermTree() object {
	expressions := list{}
	for range 1 + g.r.IntN(2) {
		expressions = append(expressions, g.requirement())
	}
	return object{"matchExpressions": expressions}
}

// selector makes one with at least one thing that must hold.
func (g *generator) selector() object {
	out := object{}
	if g.chance(45) {
		out["matchLabels"] = object{pick(g, podKeys): pick(g, podValues)}
	}
	if g.chance(20) {
		out["matchAnnotations"] = object{pick(g, annotations): pick(g,
			[]string{"gateway", "", "two words, größer"})}
	}
	if g.chance(25) {
		out["hasContainer"] = pick(g, containers)
	}
	if len(out) == 0 || g.chance(40) {
		expressions := list{}
		for range 1 + g.r.IntN(2) {
			expressions = append(expressions, g.labelRequirement())
		}
		out["matchExpressions"] = expressions
	}
	return out
}

func (g *generator) labelRequirement() object {
	op := pick(g, []string{"In", "NotIn", "Exists", "DoesNotExist", "Glob",
		"NotGlob"})
	out := object{"key": pick(g, podKeys), "operator": op}
	switch op {
	case "In", "NotIn":
		out["values"] = g.some(podValues, 1, 3)
	case "Glob", "NotGlob":
		out["values"] = g.some([]string{"istio-*", "*", "?", "*gateway",
			"istio-e*e?ge", "a", "istio-egress*", "[a-h]*", "?*[!0-9]"}, 1, 2)
	}
	return out
}
