// oracle_test.go - pods: generated ones, under the built-in policy and generated
// ones, held against every law.

package oracle

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"spillway.dev/tests/internal/spillway"
)

const (
	policyFiles = 12
	nodeCount   = 50
	workers     = 4
)

// A run is what all tests of this package share.
type run struct {
	seed  uint64
	certs string
}

func newRun(t *testing.T) *run {
	t.Helper()
	seed, err := Seed()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("ORACLE_SEED=%d", seed)
	r := &run{seed: seed, certs: t.TempDir()}
	if err := spillway.IssueCertificates(r.certs); err != nil {
		t.Fatal(err)
	}
	return r
}

// serve starts a server that ends with the test.
func (r *run) serve(t *testing.T, more ...string) *Server {
	t.Helper()
	server, err := StartServer(r.certs, more...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server
}

// builtin is the policy that applies when none is given.
func builtin(t *testing.T) []Policy {
	t.Helper()
	text, err := spillway.Run(nil, "manifest", "policy", "--bare")
	if err != nil {
		t.Fatal(err)
	}
	policies, err := ReadPolicies(text)
	if err != nil {
		t.Fatal(err)
	}
	return policies
}

// court starts a server for the policy file with that index; the built-in
// policy is number 0.
func (r *run) court(t *testing.T, index int) *Court {
	g := &generator{r: newRand(r.seed, index), namespaces: append(namespaces, "*")}
	c := &Court{Seed: r.seed, Dir: t.TempDir(),
		Judge: &Judge{Nodes: g.nodes(nodeCount)}}
	if index == 0 {
		c.Policies = builtin(t)
		c.Ask = r.serve(t).Ask
		return c
	}
	file := g.policyFile(fmt.Sprintf("p%d", index))
	switch first := file["policies"].(list)[0].(object); index {
	case 1: // whatever the seed, these occur
		first["mode"] = "shadow"
		delete(first, "percent")
	case 2:
		first["percent"] = 50
	}
	c.Policy = g.writePolicy(file)
	path := filepath.Join(c.Dir, "policy.yaml")
	if err := os.WriteFile(path, c.Policy, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if c.Policies, err = ReadPolicies(c.Policy); err != nil {
		t.Fatalf("%v: %s", err, c.Policy)
	}
	c.Ask = r.serve(t, "--policy", path).Ask
	return c
}

// A tally counts outcomes, from several goroutines.
type tally struct {
	sync.Mutex
	decisions, reasons map[string]int
}

func (n *tally) add(o *Outcome) {
	n.Lock()
	defer n.Unlock()
	n.decisions[o.Decision]++
	n.reasons[o.Reason]++
}

// TestAnswersAreRightForKubernetesOwnCode sends every generated pod to the
// program and judges what becomes of it.
func TestAnswersAreRightForKubernetesOwnCode(t *testing.T) {
	count, err := PodCount()
	if err != nil {
		t.Fatal(err)
	}
	r := newRun(t)
	n := &tally{decisions: map[string]int{}, reasons: map[string]int{}}
	each := (count + policyFiles) / (policyFiles + 1)
	for index := range policyFiles + 1 {
		t.Run(fmt.Sprintf("policy-%d", index), func(t *testing.T) {
			r.judgePods(t, index, each, n)
		})
	}
	if !t.Failed() && count >= 20000 && n.decisions["shadowed"] == 0 {
		t.Error("no pod met a policy in shadow mode")
	}
	t.Logf("%d pods: %v; reasons %v; %d policy files", each*(policyFiles+1),
		n.decisions, n.reasons, policyFiles+1)
	for _, reason := range []string{"applied", "", "no-match", "subresource",
		"operation", "not-a-pod", "opted-out", "mirror-pod", "node-name-set",
		"rollout", "daemonset", "no-feasible-term", "too-many-terms"} {
		if !t.Failed() && count >= 20000 && n.reasons[reason] == 0 {
			t.Errorf("no pod met the reason %q", reason)
		}
	}
}

// judgePods judges the pods of one policy file, in a few goroutines.
func (r *run) judgePods(t *testing.T, index, count int, n *tally) {
	var next atomic.Int64
	var group sync.WaitGroup

	c := r.court(t, index)
	for range workers {
		group.Go(func() {
			for !t.Failed() {
				i := int(next.Add(1))
				if i > count {
					return
				}
				g := &generator{r: newRand(r.seed, index<<20+i),
					policies: c.Policies}
				review := g.write(g.review(i))
				outcome, err := c.Judge.Judge(review)
				if err != nil {
					t.Error(c.explain(review, err))
					return
				}
				n.add(outcome)
			}
		})
	}
	group.Wait()
}

// explain says what went wrong with a review, having saved it if it broke a law.
func (c *Court) explain(review []byte, err error) error {
	var broke *Broken
	if errors.As(err, &broke) {
		return c.Report(review, broke)
	}
	return fmt.Errorf("%w: %s", err, review)
}
