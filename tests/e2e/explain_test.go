// explain_test.go - what `spillway explain --nodes` says of pods and nodes, held
// against kube-scheduler; the other explain_*.go make them and ask it.

package e2e

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"spillway.dev/tests/internal/controlplane"
)

// How much is compared: pods that are judged on every node of a stage, and pods
// whose replicas are placed one after the other.
const (
	nodesEach    = 8
	judgedStages = 20
	judgedEach   = 12
	orderStages  = 10
	ordersEach   = 4
	replicasEach = 8
)

// --- which nodes a pod may run on --------------------------------------------

// What was compared with the scheduler.
type comparison struct {
	pods, mutated, verdicts, scored int
	predicates                      map[string]int
}

// TestExplainNodesAgreesWithTheScheduler: for generated pods and nodes the
// scheduler gives as many nodes each reason as explain does, names the same
// taints, scores the nodes that explain calls feasible as it does, and places
// the pod on one of them.
func TestExplainNodesAgreesWithTheScheduler(t *testing.T) {
	log := followStages(t)
	c := &comparison{predicates: map[string]int{}}
	for i := range judgedStages {
		t.Run(fmt.Sprintf("stage-%d", i), func(t *testing.T) {
			c.judge(t, newStage(t, log, uint64(i)))
		})
	}
	t.Logf("%d pods, %d of them mutated, on %d nodes: %v; %d scores",
		c.pods, c.mutated, c.verdicts, c.predicates, c.scored)
	if t.Failed() {
		return
	}
	if c.pods < 200 || c.mutated < 50 || c.mutated > c.pods-50 || c.scored < 100 {
		t.Error("too little was compared")
	}
	for _, predicate := range []string{"", "unschedulable", "taint", "nodeSelector",
		"affinity", "resources"} {
		if c.predicates[predicate] < 20 {
			t.Errorf("predicate %q: only %d nodes", predicate, c.predicates[predicate])
		}
	}
}

func (c *comparison) judge(t *testing.T, s *stage) {
	var asked, pods []*corev1.Pod
	var explanations []*explanation
	for range judgedEach {
		pod := s.candidate()
		e := s.explain(t, pod)
		pods, explanations = append(pods, pod), append(explanations, e)
		asked = append(asked, s.create(t, noOneAsksFor(pod)))
		c.count(e)
	}
	for i, pod := range asked {
		node, message := decided(t, pod)
		if node != "" {
			t.Fatalf("%s has found a node that is nowhere", pod.Name)
		}
		report(t, s, pods[i], explanations[i], agrees(s, pod, explanations[i], message))
	}
	for _, pod := range asked {
		s.withdraw(t, pod, "")
	}
	for i, pod := range pods {
		c.place(t, s, pod, explanations[i])
	}
}

func (c *comparison) count(e *explanation) {
	c.pods++
	if e.Decision == "mutated" {
		c.mutated++
	}
	for _, node := range e.Nodes {
		c.verdicts++
		c.predicates[node.Predicate]++
	}
}

// noOneAsksFor is the same pod, to be put beside one that does not exist, which
// explain does not look at.  The scheduler asks for that last; so its verdict
// says of every node whether it would have taken the pod, or why not.
func noOneAsksFor(pod *corev1.Pod) *corev1.Pod {
	out := pod.DeepCopy()
	out.Name += "-asked"
	if out.Spec.Affinity == nil {
		out.Spec.Affinity = &corev1.Affinity{}
	}
	out.Spec.Affinity.PodAffinity = &corev1.PodAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: []corev1.PodAffinityTerm{{
			LabelSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"nobody": "here"}},
			TopologyKey:   corev1.LabelHostname}}}
	return out
}

// report fails the test with all that is needed to look into a difference.
func report(t *testing.T, s *stage, pod *corev1.Pod, e *explanation, complaint string) {
	t.Helper()
	if complaint == "" {
		return
	}
	var out strings.Builder
	for _, node := range e.Nodes {
		fmt.Fprintf(&out, "%+v\n", node)
	}
	t.Errorf("%s\n--- the pod\n%s--- explained\n%s--- the nodes\n%s", complaint,
		text(pod), &out, text(s.nodes))
}

// agrees compares what the scheduler says of a pod that no node takes.
func agrees(s *stage, pod *corev1.Pod, e *explanation, message string) string {
	seen, err := readTally(message, len(s.names))
	if err != nil {
		return err.Error()
	}
	named := namedNodes(pod)
	wanted, lacking, short := tally{}, tally{}, 0
	for _, node := range e.Nodes {
		switch {
		case named != nil && !named[node.Name]:
			if node.Feasible {
				return node.Name + " is feasible, though no required term names it"
			}
			wanted[saysName]++
		case node.Predicate == "resources":
			lacking[reasonFor(node.Cause)]++
			short++
		default:
			wanted[reasons[node.Predicate]]++
		}
	}
	for reason, n := range seen {
		if reason == saysPods || strings.HasPrefix(reason, saysLacking) {
			// A node may lack several; explain names the one that ends it.
			if lacking[reason] > n || n > short {
				return fmt.Sprintf("%d nodes lack %q, of those that explain names %v: %s",
					n, reason, lacking, message)
			}
			delete(lacking, reason)
			delete(seen, reason)
		}
	}
	if len(lacking) > 0 || !maps.Equal(seen, wanted) {
		return fmt.Sprintf("explain counts %v and %v: %s", wanted, lacking, message)
	}
	return ""
}

// reasons are what the scheduler says where explain names a predicate.
var reasons = map[string]string{"": saysFeasible, "unschedulable": saysUnschedulable,
	"taint": saysTaint, "nodeSelector": saysAffinity, "affinity": saysAffinity}

func reasonFor(resource string) string {
	if resource == string(corev1.ResourcePods) {
		return saysPods
	}
	return saysLacking + resource
}

// namedNodes are the nodes that required terms ask for by name, when all of them
// do, or else nil.  The scheduler drops all others before it asks a predicate;
// so explain may name another one for these.
func namedNodes(pod *corev1.Pod) map[string]bool {
	if pod.Spec.Affinity == nil || pod.Spec.Affinity.NodeAffinity == nil ||
		pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return nil
	}
	names := map[string]bool{}
	for _, term := range pod.Spec.Affinity.NodeAffinity.
		RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		i := slices.IndexFunc(term.MatchFields, func(r corev1.NodeSelectorRequirement) bool {
			return r.Operator == corev1.NodeSelectorOpIn
		})
		if i < 0 {
			return nil
		}
		for _, name := range term.MatchFields[i].Values {
			names[name] = true
		}
	}
	return names
}

// place lets the default profile place the pod.
func (c *comparison) place(t *testing.T, s *stage, pod *corev1.Pod, e *explanation) {
	created := s.create(t, pod)
	node, message := decided(t, created)
	s.withdraw(t, created, node)
	s.log.read(t)
	scored, wanted := s.log.scored[pod.Name], e.feasible()
	complaint := ""
	switch {
	case node == "" && len(wanted) > 0:
		complaint = "explain calls nodes feasible: " + message
	case node != "" && !has(wanted, node):
		complaint = "the pod runs on " + node + ", which explain calls not feasible"
	case len(wanted) > 1:
		// By default NodeAffinity counts twice.
		for name := range wanted {
			wanted[name] *= 2
		}
		c.scored += len(scored)
		if !maps.Equal(scored, wanted) {
			complaint = fmt.Sprintf("the scheduler scores %v, explain %v", scored, wanted)
		}
	}
	if complaint == "" {
		complaint = s.taintsDiffer(created, e)
	}
	report(t, s, pod, e, complaint)
}

func has(set map[string]int, name string) bool {
	_, found := set[name]
	return found
}

// taintsDiffer compares the taints that stand against a pod, node by node.
func (s *stage) taintsDiffer(pod *corev1.Pod, e *explanation) string {
	wanted, named := map[string]string{}, namedNodes(pod)
	for _, node := range e.Nodes {
		if node.Predicate == "taint" && (named == nil || named[node.Name]) {
			wanted[node.Name] = node.Cause
		}
	}
	if seen := s.log.taints[pod.Name]; !maps.Equal(seen, wanted) {
		return fmt.Sprintf("the scheduler meets the taints %v, explain %v", seen, wanted)
	}
	return ""
}

// --- in which order ----------------------------------------------------------

// TestExplainNodesOrdersAsNodeAffinityAloneDoes: where nothing but NodeAffinity
// scores, replicas fill the nodes rank by rank, as explain --replicas says.
func TestExplainNodesOrdersAsNodeAffinityAloneDoes(t *testing.T) {
	log := followStages(t)
	var total, spilled, pending int
	for i := range orderStages {
		t.Run(fmt.Sprintf("stage-%d", i), func(t *testing.T) {
			s := newStage(t, log, uint64(1000+i))
			for j := range ordersEach {
				pod, e := s.ordered(t, j%2 == 0)
				if pod == nil {
					return
				}
				total++
				if e.Replicas.SpillOverAt > 1 {
					spilled++
				}
				if e.Replicas.Pending > 0 {
					pending++
				}
				s.fillInOrder(t, pod, e)
			}
		})
	}
	t.Logf("%d pods of %d replicas; %d spilled over, %d waited for room", total,
		replicasEach, spilled, pending)
	if !t.Failed() && (total < 20 || spilled < 3 || pending < 3) {
		t.Error("too little was compared")
	}
}

// ordered looks for a pod for which explain tells nodes apart, one that spills
// over if there is any; nil when the stage has none.
func (s *stage) ordered(t *testing.T, spills bool) (*corev1.Pod, *explanation) {
	for i := range 100 {
		pod := s.candidate()
		e := s.explain(t, pod, fmt.Sprintf("--replicas=%d", replicasEach))
		if len(e.Replicas.Placed) > 1 && (!spills || e.Replicas.SpillOverAt > 1 || i >= 50) {
			return pod, e
		}
	}
	return nil, nil
}

func (s *stage) fillInOrder(t *testing.T, pod *corev1.Pod, e *explanation) {
	var created []*corev1.Pod
	var on []string
	for i := range replicasEach {
		replica := pod.DeepCopy()
		replica.Name += fmt.Sprintf("-%d", i+1)
		replica.Spec.SchedulerName = controlplane.NodeAffinityAlone
		created = append(created, s.create(t, replica))
		node, _ := decided(t, created[i])
		on = append(on, node)
	}
	for i, replica := range created {
		s.withdraw(t, replica, on[i])
	}
	report(t, s, pod, e, outOfOrder(e, on))
}

// outOfOrder compares where the replicas went with where they should have gone.
func outOfOrder(e *explanation, on []string) string {
	complaint := func(what string) string {
		return fmt.Sprintf("%s: placed in turn on %q, explained as %+v", what, on, e.Replicas)
	}
	placed, spill := 0, 0
	for _, group := range e.Replicas.Placed {
		if group.First != placed+1 {
			return complaint("a gap")
		}
		for _, node := range on[placed:group.Last] {
			if !slices.Contains(group.Nodes, node) {
				return complaint("out of order")
			}
		}
		placed = group.Last
		for _, node := range e.Nodes {
			if spill == 0 && node.Virtual && slices.Contains(group.Nodes, node.Name) {
				spill = group.First
			}
		}
	}
	if placed+e.Replicas.Pending != len(on) || strings.Join(on[placed:], "") != "" {
		return complaint("pending")
	}
	if spill != e.Replicas.SpillOverAt {
		return complaint("spillOverAt")
	}
	for _, node := range e.Nodes {
		n := 0
		for _, name := range on {
			if name == node.Name {
				n++
			}
		}
		if n > node.Room {
			return complaint(fmt.Sprintf("%d on %s", n, node.Name))
		}
	}
	return ""
}
