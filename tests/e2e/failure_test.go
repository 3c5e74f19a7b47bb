package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"spillway.dev/tests/internal/spillway"
)

// What the companion says of a gateway pod that came through as it was.
const notApplied = "Spillway did not apply policy asm-gateway to this pod"

// failed checks that the user was told why the pod was refused.
func failed(wanted ...string) func(attempt) bool {
	return func(a attempt) bool {
		if a.err == nil {
			return false
		}
		for _, text := range wanted {
			if !strings.Contains(a.err.Error(), text) {
				return false
			}
		}
		return true
	}
}

func warned(a attempt) bool {
	return a.unmutated() && strings.Contains(strings.Join(a.warnings, "\n"), notApplied)
}

func TestServerDownWithIgnoreLetsPodsThroughAndWarns(t *testing.T) {
	disturb(t)
	serveWith()
	tryUntil(t, "wanted an unmutated pod and a warning", warned)

	pod := bareGateway()
	// The audit log has no name that the API server makes.
	pod.Name, pod.GenerateName = "slipped-through", ""
	a := createPod(t, pod)
	if !warned(a) {
		t.Fatalf("a pod that is stored: %s", describe(a))
	}
	annotations := auditOf(t, a.pod)
	if got := annotations["failed-open.mutation.webhook.admission.k8s.io/round_0_index_0"]; got != "gateways.spillway.dev" {
		t.Errorf("the audit log says %q of the webhook that failed open", got)
	}
	if got := annotations["validation.policy.admission.k8s.io/validation_failure"]; !strings.Contains(got, notApplied) {
		t.Errorf("the audit log says %q of the companion", got)
	}
}

// auditOf returns what the audit log has on the creation of a pod.
func auditOf(t *testing.T, pod *corev1.Pod) map[string]string {
	t.Helper()
	var annotations map[string]string
	eventually(t, func() string {
		events, err := plane.AuditEvents()
		must(t, err)
		for _, event := range events {
			if event.ObjectRef != nil && event.ObjectRef.Name == pod.Name &&
				event.ObjectRef.Subresource == "" {
				annotations = event.Annotations
				return ""
			}
		}
		return "the audit log does not have the pod"
	})
	return annotations
}

// within returns whether a pod was let through and warned of in that time.
func within(limit time.Duration) func(attempt) bool {
	return func(a attempt) bool { return warned(a) && a.took < limit }
}

// wantFailure checks what becomes of a gateway pod when the webhook cannot
// answer: as shipped it is let through and warned of, and with Fail it is
// refused with these words.  It returns the attempt that was let through.
func wantFailure(t *testing.T, let func(attempt) bool, words ...string) attempt {
	t.Helper()
	a := tryUntil(t, "wanted an unmutated pod and a warning in time", let)
	updateWebhook(t, failClosed)
	words = append(words, `failed calling webhook "gateways.spillway.dev"`)
	tryUntil(t, fmt.Sprintf("wanted to be told %q", words), failed(words...))
	return a
}

func TestServerDownWithFailRefusesPods(t *testing.T) {
	disturb(t)
	serveWith()
	wantFailure(t, warned, "https://spillway.spillway-system.svc:", "/mutate?timeout=5s", "EOF")
}

// trust makes the API server trust the authority in that directory.
func trust(t *testing.T, dir string) func(*admissionv1.MutatingWebhook) {
	t.Helper()
	bundle, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	must(t, err)
	return func(hook *admissionv1.MutatingWebhook) { hook.ClientConfig.CABundle = bundle }
}

func TestWrongAuthorityIsNamed(t *testing.T) {
	disturb(t)
	other := t.TempDir()
	must(t, spillway.IssueCertificates(other))
	updateWebhook(t, trust(t, other))
	wantFailure(t, warned, "x509: certificate signed by unknown authority")
}

// The API server looks at the certificate when it connects, and keeps its
// connections: the trouble begins with the next one.
func TestCertificateThatRunsOutStopsNewConnections(t *testing.T) {
	disturb(t)
	dir := t.TempDir()
	must(t, spillway.IssueCertificates(dir, "--valid-for", "20s"))
	end := time.Now().Add(21 * time.Second)
	server, err := spillway.Start(dir)
	must(t, err)
	t.Cleanup(server.Kill)

	serveWith(backend(server))
	updateWebhook(t, trust(t, dir))
	tryUntil(t, "the certificate is good for 20 seconds", attempt.mutated)
	time.Sleep(time.Until(end))
	if a := try(bareGateway(), metav1.DryRunAll); !a.mutated() {
		t.Errorf("on an open connection: %s", describe(a))
	}
	service.Cut()
	wantFailure(t, warned, "x509: certificate has expired or is not yet valid")
}

func TestSlowServerCostsTheTimeoutAndNoMore(t *testing.T) {
	disturb(t)
	const timeout = time.Second
	updateWebhook(t, func(hook *admissionv1.MutatingWebhook) {
		hook.TimeoutSeconds = ptr.To(int32(timeout / time.Second))
	})
	service.SetDelay(3 * timeout)
	if a := wantFailure(t, within(3*timeout), "context deadline exceeded"); a.took < timeout {
		t.Errorf("took %v with a timeout of %v", a.took, timeout)
	}
}
