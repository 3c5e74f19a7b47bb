// companion_test.go - the ValidatingAdmissionPolicy of `manifest companion`,
// installed in a real kube-apiserver: it warns exactly when Spillway would still
// change the pod that is stored.

package oracle

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	kjson "sigs.k8s.io/json"

	"spillway.dev/tests/internal/spillway"
)

const (
	companions    = 5   // policy files, each with a namespace of its own
	companionPods = 400 // for each
)

// A watch is one companion that is installed, beside the server that it is
// compared with.
type watch struct {
	*Court
	client              *kubernetes.Clientset
	name, namespace     string
	warned, calm, other atomic.Int64
}

// TestCompanionWarnsWhenSpillwayWouldStillChangeThePod creates pods, of which
// half went through Spillway, in a cluster where Spillway is not registered.
func TestCompanionWarnsWhenSpillwayWouldStillChangeThePod(t *testing.T) {
	r := newRun(t)
	client := apiserver(t)
	var all []*watch
	for index := range companions {
		w := &watch{client: client, name: fmt.Sprintf("spillway-%d", index),
			namespace: fmt.Sprintf("companion-%d", index)}
		w.install(t, r, index)
		all = append(all, w)
	}
	for _, w := range all {
		w.await(t)
		w.watchPods(t, r.seed)
		t.Logf("%s: warned of %d pods, silent about %d, %d refused or left out",
			w.name, w.warned.Load(), w.calm.Load(), w.other.Load())
		if w.warned.Load() == 0 || w.calm.Load() == 0 ||
			w.other.Load() > companionPods/3 {
			t.Error("lopsided")
		}
	}
}

// install makes a policy file, whose first policy is one that is checked, and
// installs its companion.
func (w *watch) install(t *testing.T, r *run, index int) {
	makeNamespace(t, w.namespace)
	g := &generator{r: newRand(r.seed, 1<<42+index), namespaces: []string{w.namespace}}
	if index == 0 {
		g.namespaces = []string{"*"}
	}
	file := g.policyFile(fmt.Sprintf("v%d", index))
	first := file["policies"].(list)[0].(object)
	delete(first, "mode")
	delete(first, "percent")
	match := first["match"].(object)
	match["selectors"] = append(match["selectors"].(list),
		object{"matchLabels": object{"canary": "true"}})
	first["tolerations"] = append(list{object{"key": "unheard-of",
		"operator": "Exists"}}, elements(first["tolerations"])...)
	w.Court = &Court{Dir: t.TempDir(), Policy: g.writePolicy(file), Judge: &Judge{}}
	path := filepath.Join(w.Dir, "policy.yaml")
	if err := os.WriteFile(path, w.Policy, 0o600); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.Policies, err = ReadPolicies(w.Policy); err != nil {
		t.Fatal(err)
	}
	w.Ask = r.serve(t, "--policy", path).Ask
	w.create(t, path)
}

// create installs what `manifest companion` prints, under a name of its own.
func (w *watch) create(t *testing.T, path string) {
	out, err := spillway.Run(nil, "manifest", "companion", "--policy", path)
	if err != nil {
		t.Fatalf("%v\n%s", err, w.Policy)
	}
	first, second, _ := bytes.Cut(out, []byte("\n---\n"))
	for _, part := range []struct {
		resource string
		text     []byte
	}{{"validatingadmissionpolicies", first},
		{"validatingadmissionpolicybindings", second}} {
		tree, err := policyTree(part.text)
		if err != nil {
			t.Fatal(err)
		}
		at(tree, "metadata").(object)["name"] = w.name
		if spec := at(tree, "spec").(object); spec["policyName"] != nil {
			spec["policyName"] = w.name
		}
		err = w.client.AdmissionregistrationV1().RESTClient().Post().
			Resource(part.resource).Body(mustEncode(tree)).
			SetHeader("Content-Type", "application/json").
			Do(context.Background()).Error()
		if err != nil {
			t.Fatalf("%v\n%s", err, part.text)
		}
	}
}

// await waits until the companion is in force.
func (w *watch) await(t *testing.T) {
	canary := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"canary","labels":` +
		`{"canary":"true"}},"spec":{"containers":[{"name":"a","image":"a"}]}}`
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		result := w.post([]byte(canary))
		if err := result.Error(); err != nil {
			t.Fatal(err)
		}
		if w.warns(result) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("%s does not warn of a pod that it should\n%s", w.name, w.Policy)
}

func (w *watch) post(pod []byte) rest.Result {
	return dryRun(w.client.CoreV1().RESTClient(), w.namespace, "pods", pod)
}

// warns tells whether this companion had something to say.
func (w *watch) warns(result rest.Result) bool {
	for _, warning := range result.Warnings() {
		if strings.Contains(warning.Text, "'"+w.name+"'") {
			return true
		}
	}
	return false
}

func (w *watch) watchPods(t *testing.T, seed uint64) {
	var next atomic.Int64
	var group sync.WaitGroup

	for range workers {
		group.Go(func() {
			for !t.Failed() {
				i := int(next.Add(1))
				if i > companionPods {
					return
				}
				g := &generator{r: newRand(seed, 1<<43+i), valid: true,
					policies: w.Policies}
				if err := w.watchPod(g); err != nil {
					t.Errorf("%s: %v\n%s", w.name, err, w.Policy)
				}
			}
		})
	}
	group.Wait()
}

// watchPod creates one pod, and compares what the companion says with what
// Spillway says of the pod as it is stored.
func (w *watch) watchPod(g *generator) error {
	pod := mustEncode(g.pod(w.namespace))
	if g.chance(50) {
		outcome, err := w.Judge.Judge([]byte(w.review(pod)))
		if err != nil {
			return err
		}
		if outcome.Patched != nil {
			patched, _ := decodeReview(outcome.Patched)
			pod = patched.request.Object.Raw
		}
	}
	result := w.post(pod)
	stored, err := result.Raw()
	if errors.IsInvalid(err) {
		w.other.Add(1)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, pod)
	}
	want, known, err := w.wanted(stored)
	if err != nil || !known {
		w.other.Add(1)
		return err
	}
	switch seen := w.warns(result); {
	case seen != want:
		return fmt.Errorf("warning wanted: %v, seen: %v, of the pod as stored %s",
			want, seen, stored)
	case seen:
		w.warned.Add(1)
	default:
		w.calm.Add(1)
	}
	return nil
}

func (w *watch) review(pod []byte) string {
	return strings.ReplaceAll(reviewOf(string(pod)), `"namespace":"istio-system"`,
		`"namespace":"`+w.namespace+`"`)
}

// wanted says whether Spillway would change a stored pod by a policy that is
// checked.  It is not known for too-many-terms, of which the companion warns.
func (w *watch) wanted(stored []byte) (want, known bool, err error) {
	pod := &corev1.Pod{}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(stored, pod); err != nil {
		return false, false, err
	}
	outcome, err := w.Judge.Judge([]byte(w.review(stored)))
	if err != nil {
		return false, false, err
	}
	policy := firstMatch(w.Policies, w.namespace, pod)
	if policy == nil || policy.Mode == "shadow" || policy.percent() < 100 {
		return false, true, nil
	}
	if outcome.Reason == "too-many-terms" {
		return false, false, nil
	}
	return outcome.Decision == "mutated" && outcome.Reason != "daemonset", true, nil
}
