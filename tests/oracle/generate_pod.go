// generate_pod.go - generated pods and the AdmissionReviews that carry them.

package oracle

import (
	"fmt"
	"maps"
)

// review makes an AdmissionReview; most are for the creation of a pod.
func (g *generator) review(index int) object {
	name := g.namespace()
	request := object{
		"uid":       fmt.Sprintf("00000000-0000-4000-8000-%012d", index),
		"kind":      object{"group": "", "version": "v1", "kind": "Pod"},
		"resource":  object{"group": "", "version": "v1", "resource": "pods"},
		"name":      "",
		"namespace": name,
		"operation": "CREATE",
		"userInfo":  object{"username": "oracle", "groups": list{"a", "b"}},
		"object":    g.pod(name),
		"oldObject": nil,
		"dryRun":    g.chance(20),
		"options":   object{"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
	}
	if g.chance(6) {
		g.oddRequest(request)
	}
	version := "admission.k8s.io/v1"
	if g.chance(10) {
		version += "beta1"
	}
	return object{"kind": "AdmissionReview", "apiVersion": version,
		"request": request}
}

// oddRequest makes a request that the guards before the policy stop.
func (g *generator) oddRequest(request object) {
	switch g.r.IntN(5) {
	case 0:
		request["operation"] = pick(g, []string{"UPDATE", "CONNECT"})
	case 1:
		request["operation"] = "DELETE"
		request["oldObject"], request["object"] = request["object"], nil
	case 2:
		request["subResource"] = pick(g, []string{"", "ephemeralcontainers"})
	case 3:
		request["kind"] = object{"group": "", "version": "v1", "kind": "Binding"}
	case 4:
		request["kind"] = object{"group": "apps", "version": "v1", "kind": "Pod"}
	}
}

func (g *generator) pod(namespace string) object {
	metadata, spec := object{}, object{}
	pod := object{"apiVersion": "v1", "kind": "Pod", "metadata": metadata,
		"spec": spec}

	if g.chance(60) {
		metadata["generateName"] = pick(g, []string{"gw-7d9f-", "edge-", "a"})
	} else {
		metadata["name"] = pick(g, []string{"gw-0", "gw-1", "edge"})
	}
	if g.valid || g.chance(50) {
		metadata["namespace"] = namespace
	}
	g.set(metadata, "labels", g.labels())
	g.set(metadata, "annotations", g.annotations())
	g.set(metadata, "ownerReferences", g.owners())
	g.set(spec, "containers", g.containers())
	g.set(spec, "nodeSelector", g.nodeSelector())
	g.set(spec, "tolerations", g.podTolerations())
	g.set(spec, "affinity", g.podAffinity())
	if g.chance(4) {
		spec["nodeName"] = pick(g, []string{"", "node-1"})
	}
	if g.chance(10) {
		g.exotic(spec)
	}
	if g.chance(70) {
		g.fit(metadata)
	}
	if !g.valid {
		g.oddPod(pod)
	}
	return pod
}

// namespace is most often one that a policy is for.
func (g *generator) namespace() string {
	name := pick(g, pick(g, g.policies).Match.Namespaces)
	if name == "*" || g.chance(15) {
		return pick(g, namespaces)
	}
	return name
}

// fit makes a pod that most likely matches some selector.
func (g *generator) fit(metadata object) {
	selector := pick(g, pick(g, g.policies).Match.Selectors)
	for _, e := range []struct {
		key  string
		from map[string]string
	}{{"labels", selector.MatchLabels}, {"annotations", selector.MatchAnnotations}} {
		into, _ := metadata[e.key].(object)
		if into == nil {
			into = object{}
		}
		for key, value := range e.from {
			into[key] = value
		}
		metadata[e.key] = into
	}
	for _, e := range selector.MatchExpressions {
		if e.Operator == "In" {
			metadata["labels"].(object)[e.Key] = pick(g, e.Values)
		}
	}
}

// oddPod drops what a pod always has, or adds what none has.
func (g *generator) oddPod(pod object) {
	switch g.r.IntN(60) {
	case 0:
		pod["spec"] = nil
	case 1:
		delete(pod, "spec")
	case 2:
		pod["metadata"] = nil
	case 3:
		pod["futureField"] = object{"a": list{1, 2.5, "x", nil, true}}
	case 4:
		pod["spec"].(object)["futureField"] = 12345678901234567
	}
}

// exotic adds what warnings look at, and neighbours of what is changed.
func (g *generator) exotic(spec object) {
	switch g.r.IntN(4) {
	case 0:
		spec["hostNetwork"] = true
	case 1:
		spec["volumes"] = list{object{"name": "v", "hostPath": object{"path": "/x"}}}
	case 2:
		spec["topologySpreadConstraints"] = g.spread()
	case 3:
		spec["priority"], spec["schedulerName"] = 0, "default-scheduler"
	}
}

// spread makes constraints; half of the pods with the member have none in it.
func (g *generator) spread() any {
	return pick(g, []any{nil, list{}, list{object{"maxSkew": 1,
		"topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}},
		list{object{"maxSkew": 2147483647, "topologyKey": "kubernetes.io/hostname",
			"whenUnsatisfiable": "DoNotSchedule"}}})
}

func (g *generator) labels() any {
	if g.chance(5) {
		return nil
	}
	out := object{}
	for _, key := range podKeys {
		if g.chance(45) {
			out[key] = pick(g, podValues)
		}
		if !g.valid && g.chance(2) {
			out[key] = nil
		}
	}
	if g.chance(30) {
		out["pod-template-hash"] = pick(g, []string{"7d9f", "0"})
	}
	return out
}

func (g *generator) annotations() any {
	if g.chance(40) {
		return nil
	}
	out := object{}
	for _, key := range annotations {
		if g.chance(40) {
			out[key] = pick(g, []string{"gateway", "", "two words, größer"})
		}
	}
	if g.chance(6) {
		out["spillway.dev/mutate"] = pick(g, []string{"false", "true", ""})
	}
	if !g.valid && g.chance(3) {
		out["kubernetes.io/config.mirror"] = pick(g, []string{"x", ""})
	}
	return out
}

func (g *generator) owners() any {
	if g.chance(45) {
		return g.nothing()
	}
	kinds := []object{
		{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "gw-7d9f"},
		{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "edge-0"},
		{"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "gw"},
		{"apiVersion": "apps.kruise.io/v1", "kind": "DaemonSet", "name": "gw"},
		{"apiVersion": "batch/v1", "kind": "Job", "name": "once-7d9f"},
	}
	owner := maps.Clone(pick(g, kinds))
	owner["uid"] = "0"
	if g.chance(90) {
		owner["controller"] = g.chance(90)
	}
	if g.chance(10) {
		other := maps.Clone(pick(g, kinds))
		other["uid"], other["controller"] = "1", nil
		return list{other, owner}
	}
	return list{owner}
}

func (g *generator) containers() any {
	if !g.valid && g.chance(4) {
		return g.nothing()
	}
	out := list{}
	for _, name := range containers[:1+g.r.IntN(len(containers))] {
		container := object{"name": name, "image": "example.com/" + name}
		if g.chance(20) {
			container["resources"] = object{"limits": object{"cpu": 2}}
		}
		out = append(out, container)
	}
	g.r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func (g *generator) nodeSelector() any {
	if g.chance(80) {
		return nil
	}
	out := object{}
	for _, key := range nodeKeys {
		if g.chance(15) {
			out[key] = pick(g, nodeValues)
		}
	}
	return out
}
