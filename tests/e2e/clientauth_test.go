package e2e

import (
	"testing"

	"spillway.dev/tests/internal/controlplane"
)

// guarded puts a replica behind the Service that lets only one name call.
func guarded(t *testing.T, name string) {
	t.Helper()
	server, err := shipped.start("--client-ca", plane.WebhookCA, "--client-name", name)
	must(t, err)
	t.Cleanup(server.Kill)
	serveWith(backend(server))
}

// With the AdmissionConfiguration of the README the API server shows a client
// certificate, which a replica that asks for one takes.
func TestAPIServerShowsItsCertificate(t *testing.T) {
	disturb(t)
	updateWebhook(t, failClosed)
	waitUntilMutated(t)
	guarded(t, controlplane.WebhookClientName)
	tryUntil(t, "mutated by a replica that asks for a certificate", attempt.mutated)
}

// Another name may not call, and who creates the pod is told.
func TestAnotherCallerIsForbidden(t *testing.T) {
	disturb(t)
	guarded(t, "somebody-else")
	wantFailure(t, within(patience), "none of its names may call")
}
