package e2e

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	registrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/spillway"
)

// A component is fill-first in a copy of deploy/, taken in by one overlay.
type component struct {
	overlay, policy string
}

// TestOverlaysTakeInFillFirst: what the README says about it makes the policy,
// both webhooks and the companion of it, and objects that are accepted.
func TestOverlaysTakeInFillFirst(t *testing.T) {
	t.Run("self-signed", func(t *testing.T) {
		c, certs := takeIn(t, "self-signed"), t.TempDir()
		must(t, spillway.IssueCertificates(certs))
		c.print(t, "tls.yaml", "manifest", "tls", certs)
		c.print(t, "webhook.yaml", "manifest", "webhook", "--policy", c.policy, certs)
		rendered := kubectl(t, "", "kustomize", c.overlay)
		c.mustBeIn(t, rendered, true)
		kubectl(t, rendered, "apply", "--server-side", "--force-conflicts",
			"--validate=strict", "--dry-run=server", "-f", "-")
	})
	t.Run("cert-manager", func(t *testing.T) {
		c := takeIn(t, "cert-manager")
		c.mustBeIn(t, kubectl(t, "", "kustomize", c.overlay), false)
	})
}

func takeIn(t *testing.T, overlay string) component {
	t.Helper()
	deploy := filepath.Join(t.TempDir(), "deploy")
	must(t, os.CopyFS(deploy, os.DirFS(filepath.Join(spillway.Root(), "deploy"))))
	c := component{overlay: filepath.Join(deploy, "overlays", overlay),
		policy: filepath.Join(deploy, "components/fill-first/policy.yaml")}
	path := filepath.Join(c.overlay, "kustomization.yaml")
	kustomization, err := os.ReadFile(path)
	must(t, err)
	kustomization = append(kustomization, "components:\n- ../../components/fill-first\n"...)
	must(t, os.WriteFile(path, kustomization, 0o600))
	return c
}

// print writes what the program prints into the overlay.
func (c component) print(t *testing.T, file string, command ...string) {
	t.Helper()
	out, err := spillway.Run(nil, command...)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(c.overlay, file), out, 0o600))
}

func (c component) mustBeIn(t *testing.T, rendered string, trusted bool) {
	t.Helper()
	var config corev1.ConfigMap
	document(t, rendered, "ConfigMap", &config)
	policy, err := os.ReadFile(c.policy)
	must(t, err)
	if config.Data["policy.yaml"] != string(policy) || len(config.Data) != 1 {
		t.Errorf("the ConfigMap holds %q", config.Data)
	}
	c.webhooksMustBeIn(t, rendered, trusted)

	var companion, printed registrationv1.ValidatingAdmissionPolicy
	document(t, rendered, "ValidatingAdmissionPolicy", &companion)
	out, err := spillway.Run(nil, "manifest", "companion", "--policy", c.policy)
	must(t, err)
	first, _, _ := bytes.Cut(out, []byte("\n---\n"))
	must(t, yaml.UnmarshalStrict(first, &printed))
	if got, wanted := text(companion.Spec), text(printed.Spec); got != wanted {
		t.Errorf("the companion says %s, wanted %s", got, wanted)
	}
}

// webhooksMustBeIn looks for both, each with a CA if it has been given one.
func (c component) webhooksMustBeIn(t *testing.T, rendered string, trusted bool) {
	t.Helper()
	var registered registrationv1.MutatingWebhookConfiguration
	document(t, rendered, "MutatingWebhookConfiguration", &registered)
	var names []string
	for _, hook := range registered.Webhooks {
		names = append(names, hook.Name)
		if (len(hook.ClientConfig.CABundle) > 0) != trusted {
			t.Errorf("%s has a caBundle of %d bytes", hook.Name,
				len(hook.ClientConfig.CABundle))
		}
	}
	if got := strings.Join(names, " "); got != "gateways.spillway.dev bindings.spillway.dev" {
		t.Errorf("the webhooks are %s", got)
	}
}

// document reads the one object of that kind.
func document(t *testing.T, rendered, kind string, into any) {
	t.Helper()
	for _, d := range strings.Split(rendered, "\n---\n") {
		if strings.Contains("\n"+d+"\n", "\nkind: "+kind+"\n") {
			must(t, yaml.UnmarshalStrict([]byte(d), into))
			return
		}
	}
	t.Fatalf("there is no %s", kind)
}
