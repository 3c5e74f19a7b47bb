package e2e

import (
	"path/filepath"
	"strings"
	"testing"

	"spillway.dev/tests/internal/spillway"
)

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
