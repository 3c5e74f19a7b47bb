// differences.go - where Spillway's JSON reader and Go's differ on purpose, and why.

package oracle

import (
	"regexp"
	"slices"
	"strings"
)

// A difference is one that is meant.
type difference struct {
	name string
	// fits tells a case of it from the document and the message of the side
	// that refuses.
	fits func(document, message string) bool
	why  string
}

// says makes the usual test: the message holds the name.
func says(name, why string) difference {
	return difference{name, func(_, message string) bool {
		return strings.Contains(message, name)
	}, why}
}

// stricter are the reasons for which Spillway refuses what Go takes.
var stricter = []difference{
	says("a lone surrogate",
		"Go reads another character, so it would not be the user's string"),
	says("not valid UTF-8", "as above; kube-apiserver never writes it"),
	says("the key is there twice",
		"what is decided by must not depend on which of the two is read"),
	says("U+0000 is not allowed here",
		"no name or label holds it, and strings in C end there"),
	says("nested more than 100 deep", "memory is bounded"),
	says("too many values", "memory is bounded"),
	says("a number too large for a double",
		"other readers would take it for infinity"),
	says("a number with too many digits", "time is bounded"),
	says("request.uid is missing or empty", "the answer must repeat it"),
	says("request.operation must be", "kube-apiserver sends no other"),
	says("kind must be 'AdmissionReview'", "it is something else"),
	says("apiVersion must be admission",
		"the answer must be of the same version"),
	says("request.object is missing", "there is nothing to create"),
}

// looser are the reasons for which Spillway takes what Go refuses.  None of this
// comes from kube-apiserver, which has decoded the pod itself.
var looser = []difference{
	{"a member that is not read", func(_, message string) bool {
		field := fieldOf(message)
		return field != "" && !isRead(field)
	}, "what is not read is not checked"},
	{"a label or annotation that no policy names", isOtherEntry,
		"what is not read is not checked"},
	{"a port beyond 32 bits", func(_, message string) bool {
		return beyond.MatchString(message)
	}, "ports only serve warnings, and are compared as they are"},
	says("quantities must match", "a quantity only serves a warning; "+
		"and Go does not resolve escapes in it"),
	says("parsing time", "times are not read"),
}

var (
	beyond = regexp.MustCompile(`unmarshal number -?\d+ into Go struct field ` +
		`\S+\.ports\.(host|container)Port of type int32`)
	goField = regexp.MustCompile(`Go (?:struct field|value) (\S+) of type`)
)

// fieldOf is the path in a type error of Go's, without the first type's name.
func fieldOf(message string) string {
	match := goField.FindStringSubmatch(message)
	if match == nil {
		return ""
	}
	_, path, _ := strings.Cut(match[1], ".")
	return path
}

// isRead: Spillway looks the member up, so its type is checked.
func isRead(path string) bool {
	const affinity = "spec.affinity.nodeAffinity"
	node := strings.TrimPrefix(path, affinity+".")
	for _, prefix := range []string{requiredKey + ".nodeSelectorTerms",
		preferredKey + ".preference"} {
		if rest, ok := strings.CutPrefix(node, prefix); ok {
			node = "TERM" + rest
		}
	}
	container := regexp.MustCompile(`^spec\.(initC|c)ontainers`).
		ReplaceAllString(path, "CONTAINER")
	return slices.Contains(strings.Fields(readPaths), path) ||
		slices.Contains(strings.Fields(readPaths), node) ||
		slices.Contains(strings.Fields(readPaths), container)
}

// readPaths are the members that Spillway reads, as Go's errors name them.
const readPaths = `
kind apiVersion request request.uid request.kind request.kind.group
request.kind.version request.kind.kind request.subResource request.namespace
request.operation metadata spec
metadata.name metadata.generateName metadata.labels metadata.annotations
metadata.ownerReferences metadata.ownerReferences.kind
metadata.ownerReferences.name metadata.ownerReferences.controller
spec.nodeName spec.nodeSelector spec.tolerations spec.tolerations.key
spec.tolerations.operator spec.tolerations.value spec.tolerations.effect
spec.affinity spec.affinity.nodeAffinity spec.affinity.podAntiAffinity
` + requiredKey + ` ` + preferredKey + `
TERM TERM.matchExpressions TERM.matchExpressions.key
TERM.matchExpressions.operator TERM.matchExpressions.values
TERM.matchFields TERM.matchFields.key TERM.matchFields.operator
TERM.matchFields.values
CONTAINER CONTAINER.name CONTAINER.ports CONTAINER.ports.hostPort
CONTAINER.ports.containerPort CONTAINER.resources CONTAINER.resources.limits
CONTAINER.resources.requests CONTAINER.securityContext
CONTAINER.securityContext.privileged
spec.volumes spec.volumes.hostPath spec.hostNetwork spec.hostPID
spec.securityContext spec.securityContext.sysctls
spec.securityContext.sysctls.name spec.topologySpreadConstraints
spec.topologySpreadConstraints.topologyKey
spec.topologySpreadConstraints.whenUnsatisfiable
spec.topologySpreadConstraints.labelSelector`

// isOtherEntry: all labels and annotations of the wrong type are such that the
// built-in policy does not name.
func isOtherEntry(document, message string) bool {
	field := fieldOf(message)
	if field != "metadata.labels" && field != "metadata.annotations" {
		return false
	}
	tree, err := decodeTree([]byte(document))
	if err != nil {
		return false
	}
	entries, ok := at(tree, "request", "object").(object)["metadata"].(object)[strings.
		TrimPrefix(field, "metadata.")].(object)
	for key, value := range entries {
		_, isString := value.(string)
		if !isString && value != nil && slices.Contains(namedKeys, key) {
			return false
		}
	}
	return ok
}

// namedKeys are those that the built-in policy and the guards look up.
var namedKeys = []string{"app", "istio", "gateway.istio.io/managed",
	"pod-template-hash", "inject.istio.io/templates", "spillway.dev/mutate",
	"kubernetes.io/config.mirror"}
