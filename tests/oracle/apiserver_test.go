// apiserver_test.go - what Spillway's parser takes as a policy, kube-apiserver
// takes as pods and as registrations.

package oracle

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/controlplane"
	"spillway.dev/tests/internal/spillway"
)

const perturbed = 300 // policy files

// A controlPlane is started by the first test that needs it.
var controlPlane struct {
	once  sync.Once
	plane *controlplane.ControlPlane
	err   error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if controlPlane.plane != nil {
		controlPlane.plane.Stop()
	}
	os.Exit(code)
}

// apiserver returns a client of a real kube-apiserver.
func apiserver(t *testing.T) *kubernetes.Clientset {
	t.Helper()
	controlPlane.once.Do(func() {
		controlPlane.plane, controlPlane.err =
			controlplane.Start(context.Background(), controlplane.Options{})
	})
	if controlPlane.err != nil {
		t.Fatal(controlPlane.err)
	}
	return controlPlane.plane.Client(nil)
}

// makeNamespace makes one in which pods can be created.
func makeNamespace(t *testing.T, name string) {
	t.Helper()
	if err := controlPlane.plane.CreateNamespace(t.Context(), name); err != nil {
		t.Fatal(err)
	}
}

// dryRun posts an object, as JSON, of which nothing is kept.
func dryRun(client rest.Interface, namespace, resource string, text []byte) rest.Result {
	return client.Post().NamespaceIfScoped(namespace, namespace != "").
		Resource(resource).Param("dryRun", "All").Param("fieldValidation", "Strict").
		SetHeader("Content-Type", "application/json").Body(text).
		Do(context.Background())
}

// A proof is one policy file on its way past kube-apiserver.
type proof struct {
	client *kubernetes.Clientset
	dir    string
	path   string // of the policy file
}

// TestAcceptedPoliciesMakeAcceptedObjects changes one thing in each of many good
// policies.  What Spillway still takes, kube-apiserver must take.
func TestAcceptedPoliciesMakeAcceptedObjects(t *testing.T) {
	r := newRun(t)
	p := &proof{client: apiserver(t), dir: t.TempDir()}
	makeNamespace(t, "gateways")
	accepted, refused := map[string]int{}, map[string]int{}
	kinds := perturbations()
	for i := range perturbed {
		g := &generator{r: newRand(r.seed, 1<<40+i), namespaces: namespaces}
		kind := kinds[i%len(kinds)]
		text := g.writePolicy(gatewayPolicy(g, kind))
		ok, err := p.prove(text)
		switch {
		case err != nil:
			t.Errorf("%s: %v\n%s", kind.kind, err, text)
		case ok:
			accepted[kind.kind]++
		default:
			refused[kind.kind]++
		}
	}
	for _, kind := range kinds {
		if kind.kind != "none" && kind.kind != "affinity" &&
			(accepted[kind.kind] == 0 || refused[kind.kind] == 0) {
			t.Logf("%s: %d accepted, %d refused", kind.kind,
				accepted[kind.kind], refused[kind.kind])
		}
	}
	yes, no := total(accepted), total(refused)
	t.Logf("%d policy files at the limits: %d accepted, %d refused", perturbed, yes, no)
	if yes < perturbed/4 || no < perturbed/5 || refused["none"] > 0 {
		t.Errorf("lopsided: accepted %v, refused %v", accepted, refused)
	}
}

func total(counts map[string]int) int {
	sum := 0
	for _, count := range counts {
		sum += count
	}
	return sum
}

// gatewayPolicy is a file with one policy that matches the pod, one thing of it
// changed.
func gatewayPolicy(g *generator, kind perturbation) object {
	policy := g.policy("gateways")
	delete(policy, "mode")
	delete(policy, "percent")
	kind.change(g, policy)
	match := policy["match"].(object)
	match["namespaces"] = append(match["namespaces"].(list), "gateways")
	match["selectors"] = append(match["selectors"].(list),
		object{"matchLabels": object{"app": "gateway"}})
	return object{"apiVersion": "spillway.dev/v1", "kind": "Policy",
		"policies": list{policy}}
}

const gatewayPod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"gateway-0",
"namespace":"gateways","labels":{"app":"gateway"}},"spec":{"containers":[{"name":
"istio-proxy","image":"example.com/proxy"}]}}`

// prove has a policy file read by Spillway, and what it makes by kube-apiserver.
// It returns false when Spillway refuses the file, with a reason.
func (p *proof) prove(policy []byte) (bool, error) {
	p.path = filepath.Join(p.dir, "policy.yaml")
	if err := os.WriteFile(p.path, policy, 0o600); err != nil {
		return false, err
	}
	_, err := p.run("", "manifest", "policy", "--bare")
	if err != nil {
		if !strings.Contains(err.Error(), "exit status 2: "+p.path) {
			return false, err
		}
		return false, nil
	}
	for _, step := range []func() error{p.pod, p.webhook, p.companion} {
		if err := step(); err != nil {
			return true, err
		}
	}
	return true, nil
}

func (p *proof) run(stdin string, args ...string) ([]byte, error) {
	return spillway.Run([]byte(stdin), append(args, "--policy", p.path)...)
}

// pod: the pod that results can be created.
func (p *proof) pod() error {
	out, err := p.run(gatewayPod, "mutate", "-o", "object", "-")
	if err != nil {
		return err
	}
	text, err := yaml.YAMLToJSON(out)
	if err != nil {
		return err
	}
	err = dryRun(p.client.CoreV1().RESTClient(), "gateways", "pods", text).Error()
	if err != nil {
		return fmt.Errorf("kube-apiserver refuses the pod: %w\n%s", err, out)
	}
	return nil
}

// webhook: the registration is valid, its CEL compiles.
func (p *proof) webhook() error {
	out, err := p.run("", "manifest", "webhook")
	if err != nil {
		return err
	}
	return p.register(out, "mutatingwebhookconfigurations")
}

// companion: likewise, both objects.
func (p *proof) companion() error {
	out, err := p.run("", "manifest", "companion")
	if err != nil {
		return err
	}
	first, second, _ := bytes.Cut(out, []byte("\n---\n"))
	err = p.register(first, "validatingadmissionpolicies")
	if err != nil {
		return err
	}
	return p.register(second, "validatingadmissionpolicybindings")
}

func (p *proof) register(document []byte, resource string) error {
	text, err := yaml.YAMLToJSON(document)
	if err != nil {
		return err
	}
	err = dryRun(p.client.AdmissionregistrationV1().RESTClient(), "", resource,
		text).Error()
	if err != nil {
		return fmt.Errorf("kube-apiserver refuses it: %w\n%s", err, document)
	}
	return nil
}
