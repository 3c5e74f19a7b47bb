// perturb.go - policy files at the limits of what is valid: one thing in a good
// policy is changed, on either side of a limit.

package oracle

import "strings"

// A perturbation changes one thing in a policy; the kinds are what is counted.
type perturbation struct {
	kind   string
	change func(g *generator, policy object)
}

// perturbations are all that there are.
func perturbations() []perturbation {
	return []perturbation{
		{"none", func(*generator, object) {}},
		{"toleration key", toleration("key", names()...)},
		{"toleration value", toleration("value", values()...)},
		{"toleration effect", toleration("effect", "NoExecute", "", nil, "Sometimes",
			"noschedule", "PreferNoSchedule")},
		{"toleration operator", toleration("operator", "", nil, "Equal", "Exists",
			"Lt", "Gt", "exists")},
		{"toleration seconds", seconds},
		{"requirement key", requirement("In", list{"a"}, names()...)},
		{"requirement operator", operators},
		{"In value", requirementValues("In", values()...)},
		{"NotIn value", requirementValues("NotIn", values()...)},
		{"Gt value", requirementValues("Gt", "1", "007", "-5", "+5", "1.5", "3x",
			"", "9223372036854775807", "9223372036854775808", " 1", "0")},
		{"number of values", valueCounts},
		{"term", terms},
		{"weight", weights},
		{"affinity", affinities},
		{"selector key", selectorWith(func(g *generator) object {
			return object{"matchLabels": object{pick(g, names()).(string): "a"}}
		})},
		{"selector value", selectorWith(func(g *generator) object {
			return object{"matchLabels": object{"app": pick(g, values())}}
		})},
		{"selector annotation", selectorWith(func(g *generator) object {
			return object{"matchAnnotations": object{pick(g, names()).(string): pick(g, texts())}}
		})},
		{"selector container", selectorWith(func(g *generator) object {
			return object{"hasContainer": pick(g, pick(g, []list{texts(), names(), {"a", "istio-proxy"}}))}
		})},
		{"selector glob", selectorWith(func(g *generator) object {
			return object{"matchExpressions": list{object{"key": "app",
				"operator": pick(g, []string{"Glob", "NotGlob"}),
				"values":   list{pick(g, globs())}}}}
		})},
		{"namespace", func(g *generator, policy object) {
			match := policy["match"].(object)
			match["namespaces"] = append(match["namespaces"].(list), pick(g, list{
				"a", "*", "A", "", "a.b", "-a", strings.Repeat("n", 63),
				strings.Repeat("n", 64), "a\"b"}))
		}},
		{"policy name", func(g *generator, policy object) {
			policy["name"] = pick(g, list{strings.Repeat("p", 63),
				strings.Repeat("p", 64), "A", "a-", "0", ""})
		}},
	}
}

// names are good and bad label keys.
func names() list {
	return list{"a", "A-b_c.d", "example.com/a", strings.Repeat("k", 63),
		strings.Repeat("k", 64), strings.Repeat("p", 253) + "/k",
		strings.Repeat("p", 254) + "/k", "-a", "a-", "a b", "a/b/c", "/a",
		"example.com/", "Example.com/a", "a..b/c", "ä", "a\n", "_a", "0", "a/-"}
}

// values are good and bad label values.
func values() list {
	return list{"", "a", "0", "A-b_c.d", strings.Repeat("v", 63),
		strings.Repeat("v", 64), "-a", "a-", "a b", "a/b", "ä", "a\n", ".", "true"}
}

// texts may stand in an annotation, and are hard to quote.
func texts() list {
	return list{"", "x", "a\"b", `a\b`, "a\nb", "a\tb", "größer €", "'", "`", "${x}",
		"\u007f", "// x", "\u2028", "😀", "{{x}}", "a\u0001b"}
}

func globs() list {
	return list{"*", "a*", "?", "[a-z]*", "[!a-z]", "[]a]", "[!]a]", "[a", "[", "]",
		`\*`, `\`, `a\`, "[[:alpha:]]*", "[[:what:]]", "[[.a.]]", "[[=a=]]", "(a|b)",
		"a+", "a{2}", "^a$", "[a-]", "[z-a]", "[^a]", "a.b", "", "**", "\"", "ä*",
		"[ä-ü]", `[\]]`, "[a\\-z]", "a\nb", "$", strings.Repeat("*a", 30)}
}

func toleration(member string, to ...any) func(*generator, object) {
	return func(g *generator, policy object) {
		t := g.toleration()
		t[member] = pick(g, to)
		policy["tolerations"] = list{t}
	}
}

func seconds(g *generator, policy object) {
	t := g.toleration()
	t["effect"] = pick(g, effects)
	t["tolerationSeconds"] = pick(g, list{0, -1, 1, 1.5, "1", nil, true,
		int64(9223372036854775807), uint64(9223372036854775808)})
	policy["tolerations"] = list{t}
}

// setTerm makes a term the policy's first, and its first preference.
func setTerm(policy object, term any) {
	policy["affinity"] = object{"nodeAffinity": object{
		requiredKey:  object{"nodeSelectorTerms": list{term}},
		preferredKey: list{object{"weight": 7, "preference": term}}}}
}

func requirement(op string, values list, keys ...any) func(*generator, object) {
	return func(g *generator, policy object) {
		setTerm(policy, object{"matchExpressions": list{object{
			"key": pick(g, keys), "operator": op, "values": values}}})
	}
}

func requirementValues(op string, values ...any) func(*generator, object) {
	return func(g *generator, policy object) {
		setTerm(policy, object{"matchExpressions": list{object{
			"key": "a", "operator": op, "values": list{pick(g, values)}}}})
	}
}

func operators(g *generator, policy object) {
	setTerm(policy, object{"matchExpressions": list{object{"key": "a", "operator": pick(g,
		list{"In", "Exists", "in", "", "Near", "Glob", "Equal"}), "values": list{"1"}}}})
}

func valueCounts(g *generator, policy object) {
	many := list{}
	for range g.r.IntN(4) {
		many = append(many, "1")
	}
	setTerm(policy, object{"matchExpressions": list{object{"key": "a", "operator": pick(g,
		list{"In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"}), "values": many}}})
}

func terms(g *generator, policy object) {
	good := object{"matchExpressions": list{g.requirement()}}
	setTerm(policy, pick(g, []any{good, good, good, object{}, nil,
		object{"matchExpressions": list{}}, object{"matchExpressions": nil},
		object{"matchExpressions": list{nil}}, object{"matchExpressions": list{object{}}},
		object{"matchFields": list{object{"key": "metadata.name", "operator": "In",
			"values": list{"node-1"}}}}}))
}

func weights(g *generator, policy object) {
	setTerm(policy, object{"matchExpressions": list{g.requirement()}})
	node := at(policy, "affinity", "nodeAffinity").(object)
	node[preferredKey].(list)[0].(object)["weight"] = pick(g, list{0, 1, 100, 101,
		-1, 1.5, "5", nil, int64(4294967297)})
}

func affinities(g *generator, policy object) {
	required := object{"nodeSelectorTerms": list{}}
	policy["affinity"] = pick(g, []any{nil, object{},
		object{"nodeAffinity": object{}}, object{"nodeAffinity": nil},
		object{"podAffinity": object{}}, object{"nodeAffinity": object{requiredKey: required}},
		object{"nodeAffinity": object{preferredKey: list{}}},
		object{"nodeAffinity": object{requiredKey: nil, preferredKey: nil}}})
}

func selectorWith(selector func(*generator) object) func(*generator, object) {
	return func(g *generator, policy object) {
		match := policy["match"].(object)
		match["selectors"] = append(list{selector(g)}, match["selectors"].(list)...)
	}
}
