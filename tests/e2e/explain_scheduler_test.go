// explain_scheduler_test.go - what kube-scheduler says of a pod: in the pod's
// status, and in its log.

package e2e

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A schedulerLog follows what kube-scheduler logs: what it has heard of, and
// what it thinks of every node for a pod.
type schedulerLog struct {
	file *os.File
	rest string // of a line that is not complete

	events map[string]int               // "Add event for node NAME", how often
	scored map[string]map[string]int    // pod, feasible node: by NodeAffinity
	taints map[string]map[string]string // pod, node: the taint that stood against it
}

func followScheduler(t *testing.T) *schedulerLog {
	t.Helper()
	file, err := os.Open(filepath.Join(plane.Dir, "kube-scheduler.log"))
	must(t, err)
	t.Cleanup(func() { _ = file.Close() })
	return &schedulerLog{file: file, events: map[string]int{},
		scored: map[string]map[string]int{}, taints: map[string]map[string]string{}}
}

var (
	eventLine = regexp.MustCompile(`\] "((?:Add|Update|Delete) event for [a-z ]+)" (?:node|pod)="([^"]+)"`)
	scoreLine = regexp.MustCompile(`\] "Plugin scored node for pod" pod="[^/]+/([^"]+)" ` +
		`plugin="NodeAffinity" node="([^"]+)" score=(\d+)`)
	finalLine = regexp.MustCompile(`\] "Calculated node's final score for pod" pod="[^/]+/([^"]+)" node="([^"]+)"`)
	taintLine = regexp.MustCompile(`\] "node had untolerated taints" .*pod="[^/]+/([^"]+)" node="([^"]+)" ` +
		`untoleratedTaint=\{"key":"([^"]*)"(?:,"value":"([^"]*)")?,"effect":"([^"]*)"`)
)

// note keeps a value for a pod and a node.
func note[T any](into map[string]map[string]T, pod, node string, value T) {
	if into[pod] == nil {
		into[pod] = map[string]T{}
	}
	into[pod][node] = value
}

// read takes in what has been logged since.
func (l *schedulerLog) read(t *testing.T) {
	t.Helper()
	text, err := io.ReadAll(l.file)
	must(t, err)
	lines := strings.Split(l.rest+string(text), "\n")
	l.rest = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if m := eventLine.FindStringSubmatch(line); m != nil {
			l.events[m[1]+" "+m[2]]++
		} else if m := scoreLine.FindStringSubmatch(line); m != nil {
			score, err := strconv.Atoi(m[3])
			must(t, err)
			note(l.scored, m[1], m[2], score)
		} else if m := finalLine.FindStringSubmatch(line); m != nil {
			note(l.scored, m[1], m[2], l.scored[m[1]][m[2]])
		} else if m := taintLine.FindStringSubmatch(line); m != nil {
			taint := corev1.Taint{Key: m[3], Value: m[4], Effect: corev1.TaintEffect(m[5])}
			note(l.taints, m[1], m[2], taint.ToString())
		}
	}
}

// await waits until the scheduler has heard of something: it hears of nodes and
// of pods separately.
func (l *schedulerLog) await(t *testing.T, event string) {
	t.Helper()
	eventually(t, func() string {
		if l.read(t); l.events[event] == 0 {
			return "kube-scheduler does not log: " + event
		}
		return ""
	})
}

// --- verdicts --------------------------------------------------------------

// decided waits until the scheduler has placed a pod, or says why it does not.
func decided(t *testing.T, pod *corev1.Pod) (node, message string) {
	t.Helper()
	eventually(t, func() string {
		now, err := client.CoreV1().Pods(pod.Namespace).Get(t.Context(), pod.Name, metav1.GetOptions{})
		must(t, err)
		for _, condition := range now.Status.Conditions {
			if condition.Type == corev1.PodScheduled && condition.Status == corev1.ConditionFalse {
				message = condition.Reason + ": " + condition.Message
			}
		}
		if node = now.Spec.NodeName; node == "" && message == "" {
			return "nothing is decided about " + pod.Name
		}
		return ""
	})
	return node, message
}

// What the scheduler says of a node that fails each predicate.
const (
	saysUnschedulable = "node(s) were unschedulable"
	saysTaint         = "node(s) had untolerated taint(s)"
	saysAffinity      = "node(s) didn't match Pod's node affinity/selector"
	// The name of the node is not among those that the required terms have:
	// such nodes are dropped before any predicate is asked.
	saysName = "node(s) didn't satisfy plugin(s) [NodeAffinity]"
	// A node that fails none of explain's, for a pod that noOneAsks for.
	saysFeasible = "node(s) didn't match pod affinity rules"
	saysPods     = "Too many pods"
	saysLacking  = "Insufficient "
)

// A tally is how many nodes the scheduler gives each reason.
type tally map[string]int

var reasonPattern = regexp.MustCompile(`^(\d+) (.+)$`)

// readTally takes apart "0/5 nodes are available: 1 Too many pods, ...".
func readTally(message string, nodes int) (tally, error) {
	start := fmt.Sprintf("Unschedulable: 0/%d nodes are available: ", nodes)
	text, found := strings.CutPrefix(message, start)
	if !found {
		return nil, errors.New("kube-scheduler says: " + message)
	}
	text, _, _ = strings.Cut(text, ". ")
	counts := tally{}
	for part := range strings.SplitSeq(strings.TrimSuffix(text, "."), ", ") {
		m := reasonPattern.FindStringSubmatch(part)
		if m == nil {
			return nil, errors.New("kube-scheduler says: " + message)
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return nil, err
		}
		counts[m[2]] = n
	}
	return counts, nil
}
