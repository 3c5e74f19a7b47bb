// corpus_paths.go - the part of the corpus that is about paths: values of the
// wrong type, null, duplicate keys and keys in another case, on the paths that
// Spillway reads and beside them; and the envelope.

package oracle

import (
	"fmt"
	"strings"
)

// A place is a path with one value left open.
type place struct {
	path string
	text string // with %s for the value
	good string // what may stand there
}

// places are the paths of a pod that Spillway reads, and some beside them.
func places() []place {
	return append(metadataPlaces(), append(specPlaces(), affinityPlaces()...)...)
}

func metadataPlaces() []place {
	metadata := func(path, text, good string) place {
		return place{"metadata." + path, podOf(text, ""), good}
	}
	owner := `,"ownerReferences":[{"apiVersion":"v1","kind":"ReplicaSet",` +
		`"name":"x","uid":"1","controller":%s}]`
	return []place{
		{"object", `%s`, `{}`}, {"metadata", `{"metadata":%s}`, `{}`},
		{"spec", `{"spec":%s}`, `{}`}, {"metadata.labels", `{"metadata":{"labels":%s}}`, `{}`},
		{"metadata.labels.app", `{"metadata":{"labels":{"app":%s}}}`, `"x"`},
		{"metadata.labels.other", `{"metadata":{"labels":{"other":%s}}}`, `"x"`},
		metadata("annotations", `,"annotations":%s`, `{}`),
		metadata("annotations.mutate", `,"annotations":{"spillway.dev/mutate":%s}`, `"x"`),
		metadata("annotations.mirror", `,"annotations":{"kubernetes.io/config.mirror":%s}`, `"x"`),
		metadata("annotations.other", `,"annotations":{"other":%s}`, `"x"`),
		metadata("name", `,"name":%s`, `"x"`), metadata("generateName", `,"generateName":%s`, `"x"`),
		metadata("namespace", `,"namespace":%s`, `"x"`),
		metadata("creationTimestamp", `,"creationTimestamp":%s`, `"2026-01-01T00:00:00Z"`),
		metadata("ownerReferences", `,"ownerReferences":%s`, `[]`),
		metadata("ownerReferences.element", `,"ownerReferences":[%s]`, `{}`),
		metadata("ownerReferences.controller", owner, `true`),
		metadata("ownerReferences.uid", `,"ownerReferences":[{"uid":%s}]`, `"1"`),
		metadata("ownerReferences.kind", `,"ownerReferences":[{"controller":true,"kind":%s}]`, `"DaemonSet"`),
	}
}

func specPlace(path, text, good string) place {
	return place{"spec." + path, podOf("", text), good}
}

func specPlaces() []place {
	return []place{
		specPlace("nodeName", `,"nodeName":%s`, `"n"`), specPlace("nodeSelector", `,"nodeSelector":%s`, `{}`),
		specPlace("nodeSelector.member", `,"nodeSelector":{"a":%s}`, `"x"`),
		specPlace("hostname", `,"hostname":%s`, `"x"`), specPlace("hostNetwork", `,"hostNetwork":%s`, `true`),
		specPlace("hostIPC", `,"hostIPC":%s`, `true`), specPlace("containers.element", `,"initContainers":[%s]`, `{}`),
		specPlace("containers.name", `,"initContainers":[{"name":%s}]`, `"x"`),
		specPlace("containers.image", `,"initContainers":[{"image":%s}]`, `"x"`),
		specPlace("containers.ports", `,"initContainers":[{"ports":%s}]`, `[]`),
		specPlace("containers.cpu", `,"initContainers":[{"resources":{"limits":{"cpu":%s}}}]`, `"1500m"`),
		specPlace("containers.memory", `,"initContainers":[{"resources":{"limits":{"memory":%s}}}]`, `"1Gi"`),
		specPlace("containers.privileged", `,"initContainers":[{"securityContext":{"privileged":%s}}]`, `true`),
		specPlace("volumes", `,"volumes":%s`, `[]`), specPlace("volumes.hostPath", `,"volumes":[{"hostPath":%s}]`, `{}`),
		specPlace("sysctls", `,"securityContext":{"sysctls":%s}`, `[]`),
		specPlace("spread", `,"topologySpreadConstraints":[{"topologyKey":%s}]`, `"x"`),
		specPlace("tolerations", `,"tolerations":%s`, `[]`), specPlace("tolerations.element", `,"tolerations":[%s]`, `{}`),
		specPlace("tolerations.key", `,"tolerations":[{"key":%s}]`, `"x"`),
		specPlace("tolerations.operator", `,"tolerations":[{"operator":%s}]`, `"Exists"`),
		specPlace("tolerations.effect", `,"tolerations":[{"effect":%s}]`, `"NoExecute"`),
		specPlace("tolerations.seconds", `,"tolerations":[{"tolerationSeconds":%s}]`, `60`),
	}
}

func affinityPlaces() []place {
	term := `,"affinity":{"nodeAffinity":{"` + requiredKey +
		`":{"nodeSelectorTerms":[%s]}}}`
	return []place{
		specPlace("affinity", `,"affinity":%s`, `{}`), specPlace("nodeAffinity", `,"affinity":{"nodeAffinity":%s}`, `{}`),
		specPlace("podAffinity", `,"affinity":{"podAffinity":%s}`, `{}`),
		specPlace("required", `,"affinity":{"nodeAffinity":{"`+requiredKey+`":%s}}`, `{}`),
		specPlace("preferred", `,"affinity":{"nodeAffinity":{"`+preferredKey+`":%s}}`, `[]`),
		specPlace("weight", `,"affinity":{"nodeAffinity":{"`+preferredKey+`":[{"weight":%s}]}}`, `1`),
		specPlace("preference", `,"affinity":{"nodeAffinity":{"`+preferredKey+`":[{"preference":%s}]}}`, `{}`),
		specPlace("terms", strings.Replace(term, "[%s]", "%s", 1), `[]`), specPlace("term", term, `{}`),
		specPlace("matchExpressions", fmt.Sprintf(term, `{"matchExpressions":%s}`), `[]`),
		specPlace("matchFields", fmt.Sprintf(term, `{"matchFields":%s}`), `[]`),
		specPlace("expression", fmt.Sprintf(term, `{"matchExpressions":[%s]}`), `{}`),
		specPlace("expression.key", fmt.Sprintf(term, `{"matchExpressions":[{"key":%s}]}`), `"x"`),
		specPlace("expression.values", fmt.Sprintf(term, `{"matchExpressions":[{"values":%s}]}`), `[]`),
		specPlace("expression.value", fmt.Sprintf(term, `{"matchExpressions":[{"values":[%s]}]}`), `"x"`),
	}
}

func typeDocuments() []Document {
	var out []Document

	for _, p := range places() {
		for _, value := range []string{`"text"`, `5`, `1.5`, `true`, `[]`, `{}`, `[5]`} {
			out = append(out, Document{p.path + " is " + value,
				reviewOf(fmt.Sprintf(p.text, value))})
		}
	}
	return out
}

func nullDocuments() []Document {
	var out []Document

	for _, p := range places() {
		out = append(out, Document{p.path + " is null",
			reviewOf(fmt.Sprintf(p.text, "null"))})
	}
	return out
}

// duplicateDocuments say twice what is read, and what is not.
func duplicateDocuments() []Document {
	var out []Document

	twice := func(name, text string) {
		out = append(out, Document{name + " twice", reviewOf(text)})
	}
	for _, p := range places() {
		before, _, _ := strings.Cut(p.text, "%s")
		at := strings.LastIndexAny(before, "{,")
		if at < 0 || strings.HasSuffix(before, "[") {
			continue
		}
		member := before[at+1:]
		twice(p.path, fmt.Sprintf(strings.Replace(p.text, member+"%s",
			member+"%[1]s,"+member+"%[1]s", 1), p.good))
	}
	twice("escaped nodeName", podOf("", `,"nodeName":"","node\u004eame":"n"`))
	twice("unknown member", podOf("", `,"x":1,"x":2`))
	twice("unknown member of a term", podOf("", `,"affinity":{"nodeAffinity":{"`+
		requiredKey+`":{"nodeSelectorTerms":[{"x":1,"x":2,"matchExpressions":`+
		`[{"key":"a","operator":"Exists"}]}]}}}`))
	twice("null and list", podOf("", `,"tolerations":null,"tolerations":[]`))
	return out
}

// caseDocuments spell what is read in another case: to Kubernetes, something else.
func caseDocuments() []Document {
	var out []Document

	for _, pod := range []string{
		strings.Replace(podOf("", ""), "metadata", "Metadata", 1),
		strings.Replace(podOf("", ""), "labels", "LABELS", 1),
		podOf("", `,"nodename":"n"`), podOf("", `,"NodeName":5`),
		podOf("", `,"Tolerations":[{"operator":"Exists"}]`),
		podOf("", `,"tolerations":[{"Operator":"Exists"}]`),
		podOf("", `,"Affinity":{"nodeAffinity":[]}`), podOf("", `,"\u212aey":1`),
		podOf(`,"Annotations":{"spillway.dev/mutate":"false"}`, ""),
		podOf(`,"annotations":{"Spillway.dev/mutate":"false"}`, ""),
	} {
		out = append(out, Document{"another case in " + pod, reviewOf(pod)})
	}
	good := reviewOf(podOf("", ""))
	for _, key := range []string{"request", "uid", "operation", "object", "apiVersion"} {
		out = append(out, Document{"another case of " + key, strings.Replace(good,
			`"`+key+`"`, `"`+strings.ToUpper(key)+`"`, 1)})
	}
	return out
}

// envelopeDocuments differ around the pod.
func envelopeDocuments() []Document {
	var out []Document

	good := reviewOf(podOf("", ""))
	for _, change := range [][2]string{
		{`"uid":"u-1"`, `"uid":""`}, {`"uid":"u-1",`, ``}, {`"uid":"u-1"`, `"uid":7`},
		{`"uid":"u-1"`, `"uid":"a\nb€\u0041"`}, {`"uid":"u-1"`, `"uid":null`},
		{`"CREATE"`, `"create"`}, {`"CREATE"`, `""`}, {`"CREATE"`, `null`},
		{`"CREATE"`, `"PATCH"`}, {`"CREATE"`, `"DELETE"`}, {`"CREATE"`, `1`},
		{`"AdmissionReview"`, `"Review"`}, {`"AdmissionReview"`, `null`},
		{`admission.k8s.io/v1"`, `admission.k8s.io/v1beta1"`},
		{`admission.k8s.io/v1"`, `admission.k8s.io/v2"`}, {`admission.k8s.io/v1"`, `v1"`},
		{`"object":`, `"oldObject":`}, {`"object":`, `"object":null,"oldObject":`},
		{`"namespace":"istio-system"`, `"namespace":null`},
		{`"namespace":"istio-system"`, `"namespace":{}`},
		{`"namespace":"istio-system"`, `"namespace":"istio\u002dsystem"`},
		{`"namespace":"istio-system"`, `"namespace":"a","namespace":"istio-system"`},
		{`"kind":"Pod"`, `"kind":"pod"`}, {`"kind":"Pod"`, `"kind":null`},
		{`"group":"",`, ``}, {`"group":""`, `"group":null`}, {`"group":""`, `"group":[]`},
		{`"version":"v1"`, `"version":"v2"`}, {`"request":{`, `"request":{"dryRun":"yes",`},
		{`"request":{`, `"request":{"subResource":"status",`},
		{`"request":{`, `"request":{"subResource":null,`},
		{`"request":{`, `"request":{"subResource":{},`}, {`"request":{`, `"x":{`},
		{`"request":{`, `"request":null,"x":{`}, {`"request":{`, `"request":[],"x":{`},
		{`"request":{`, `"response":{"uid":5},"request":{`},
		{`"request":{`, `"request":{"userInfo":{"extra":{"a":["b"]}},`},
	} {
		out = append(out, Document{fmt.Sprintf("%s for %s", change[1], change[0]),
			strings.Replace(good, change[0], change[1], 1)})
	}
	return out
}
