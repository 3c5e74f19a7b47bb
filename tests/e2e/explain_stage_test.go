// explain_stage_test.go - a cluster in which generated pods are tried, and what
// explain says of it.

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"spillway.dev/tests/internal/nodes"
	"spillway.dev/tests/internal/spillway"
)

// seed returns $E2E_SEED, which repeats a run, or a random one.
var seed = sync.OnceValues(func() (uint64, error) {
	if text := os.Getenv("E2E_SEED"); text != "" {
		return strconv.ParseUint(text, 10, 64)
	}
	return rand.Uint64N(1_000_000_000), nil
})

// A stage is a cluster in which pods are tried: its nodes, and the pods that
// take room on them.
type stage struct {
	g     generator
	log   *schedulerLog
	dir   string
	dump  string // a file with all of them, as kubectl prints them
	nodes []*corev1.Node
	names []string
	tries int
}

// followStages follows the scheduler, and keeps Spillway's own pods on a node
// that is cordoned then, so that they take no room on any other.
func followStages(t *testing.T) *schedulerLog {
	t.Helper()
	n, err := seed()
	must(t, err)
	t.Logf("E2E_SEED=%d", n)
	log := followScheduler(t)
	createNodes(t, nodes.ECS(retired, "a", "64"))
	kubectl(t, "", "-n", namespace, "rollout", "status", "deployment/spillway",
		"--timeout="+patience.String())
	kubectl(t, "", "cordon", retired)
	eventually(t, func() string {
		if log.read(t); log.events["Update event for node "+retired] < 2 {
			return "kube-scheduler does not see that " + retired + " is cordoned"
		}
		return ""
	})
	return log
}

// retired is the node of Spillway's own pods.
const retired = "retired"

// newStage makes the index-th one of a run, until the test ends, and waits until
// the scheduler has heard of all of it.
func newStage(t *testing.T, log *schedulerLog, index uint64) *stage {
	t.Helper()
	n, err := seed()
	must(t, err)
	dir := t.TempDir()
	s := &stage{g: generator{rand.New(rand.NewPCG(n, index))}, log: log, dir: dir,
		dump: dir + "/nodes.json"}
	for i := range nodesEach {
		s.addNode(t, s.g.node(fmt.Sprintf("n%d-%d", index, i)))
	}
	for i, node := range s.names {
		for j := range s.g.IntN(3) {
			s.occupy(t, node, fmt.Sprintf("taken%d-%d-%d", index, i, j))
		}
	}
	// The node of Spillway's own pods may be tried as well.
	s.names = append(s.names, retired)
	dump := kubectl(t, "", "get", "nodes,pods", "-A", "-o", "json")
	must(t, os.WriteFile(s.dump, []byte(dump), 0o600))
	return s
}

func (s *stage) addNode(t *testing.T, node *corev1.Node) {
	t.Helper()
	must(t, nodes.Register(t.Context(), client, node))
	s.nodes = append(s.nodes, node)
	s.names = append(s.names, node.Name)
	t.Cleanup(func() {
		must(t, nodes.Delete(context.Background(), client, node.Name))
		s.log.await(t, "Delete event for node "+node.Name)
	})
	// It is created with a taint that is taken away at once.
	s.log.await(t, "Update event for node "+node.Name)
}

// occupy puts a pod on a node past the scheduler; some of them have ended.
func (s *stage) occupy(t *testing.T, node, name string) {
	t.Helper()
	pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: "shop"}}
	s.g.demand(&pod.Spec)
	pod.Spec.NodeName = node
	created := s.create(t, pod)
	t.Cleanup(func() { deletePod(t, created) })
	s.log.await(t, "Add event for scheduled pod shop/"+name)
	if s.g.chance(20) {
		_, err := client.CoreV1().Pods("shop").Patch(t.Context(), name, types.MergePatchType,
			[]byte(`{"status":{"phase":"Succeeded"}}`), metav1.PatchOptions{}, "status")
		must(t, err)
		s.log.await(t, "Delete event for scheduled pod shop/"+name)
	}
}

func (s *stage) create(t *testing.T, pod *corev1.Pod) *corev1.Pod {
	t.Helper()
	created, err := client.CoreV1().Pods(pod.Namespace).
		Create(t.Context(), pod, metav1.CreateOptions{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text(pod))
	}
	return created
}

// withdraw deletes a pod that was tried, and waits until the scheduler knows.
func (s *stage) withdraw(t *testing.T, pod *corev1.Pod, node string) {
	t.Helper()
	deletePod(t, pod)
	kind := "unscheduled"
	if node != "" {
		kind = "scheduled"
	}
	s.log.await(t, fmt.Sprintf("Delete event for %s pod %s/%s", kind, pod.Namespace, pod.Name))
}

// candidate makes the next pod to be tried.
func (s *stage) candidate() *corev1.Pod {
	s.tries++
	return s.g.pod(fmt.Sprintf("tried%d-%s", s.tries, s.names[0]), s.names)
}

// --- what explain says -----------------------------------------------------

// An explanation is what `spillway explain --nodes` says, as far as it is
// compared.
type explanation struct {
	Decision string
	Nodes    []explainedNode
	Replicas struct {
		Placed []struct {
			First, Last int
			Nodes       []string
		}
		Pending, SpillOverAt int
	}
}

type explainedNode struct {
	Name, Predicate, Cause string
	Virtual, Feasible      bool
	Rank, Score, Room      int
}

func (s *stage) explain(t *testing.T, pod *corev1.Pod, more ...string) *explanation {
	t.Helper()
	tree, err := json.Marshal(pod)
	must(t, err)
	out, err := spillway.Run(tree, append([]string{"explain", "--nodes", s.dump, "-o", "json"}, more...)...)
	must(t, err)
	e := &explanation{}
	must(t, json.Unmarshal(out, e))
	if len(e.Nodes) != len(s.names) {
		t.Fatalf("explain names %d nodes, not %d", len(e.Nodes), len(s.names))
	}
	return e
}

// feasible returns the scores of the nodes on which the pod may run.
func (e *explanation) feasible() map[string]int {
	out := map[string]int{}
	for _, node := range e.Nodes {
		if node.Feasible {
			out[node.Name] = node.Score
		}
	}
	return out
}
