package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	registrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/spillway"
)

// The Service is stood in for, so that it would lead to the servers is looked up.
func TestServiceLeadsToTheServers(t *testing.T) {
	service, err := client.CoreV1().Services(namespace).Get(t.Context(), "spillway", metav1.GetOptions{})
	must(t, err)
	deployment, container, err := deployed(t.Context())
	must(t, err)
	selector := labels.SelectorFromSet(service.Spec.Selector)
	if selector.Empty() || !selector.Matches(labels.Set(deployment.Spec.Template.Labels)) {
		t.Errorf("%v does not select %v", selector, deployment.Spec.Template.Labels)
	}
	webhook, err := spillway.Run(nil, "manifest", "webhook")
	must(t, err)
	var registered registrationv1.MutatingWebhookConfiguration
	must(t, yaml.UnmarshalStrict(webhook, &registered))
	wanted := *registered.Webhooks[0].ClientConfig.Service.Port
	for _, port := range service.Spec.Ports {
		for _, open := range container.Ports {
			if port.Port == wanted && port.TargetPort.StrVal == open.Name {
				return
			}
		}
	}
	t.Errorf("port %d of %v leads to none of %v", wanted, service.Spec.Ports, container.Ports)
}

// The overlay that is not installed here: everything in it but what cert-manager
// defines is tried on the API server.
func TestCertManagerOverlayIsAccepted(t *testing.T) {
	rendered := kubectl(t, "", "kustomize", filepath.Join(spillway.Root(), "deploy/overlays/cert-manager"))
	var ours []string
	for _, document := range strings.Split(rendered, "\n---\n") {
		if !strings.Contains(document, "apiVersion: cert-manager.io/") {
			ours = append(ours, document)
		}
	}
	out := kubectl(t, strings.Join(ours, "\n---\n"), "apply", "--server-side", "--force-conflicts",
		"--validate=strict", "--dry-run=server", "-f", "-")
	if got := strings.Count(out, "serverside-applied"); got != len(ours) || got < 10 {
		t.Errorf("%d of %d objects were accepted:\n%s", got, len(ours), out)
	}
}
