package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"

	"spillway.dev/tests/internal/spillway"
)

// A replica with volumes of its own: each kubelet brings a change when it comes
// to it.
type replica struct {
	root   string
	server *spillway.Server
}

// startReplicas starts two replicas, and puts them behind the Service.
func startReplicas(t *testing.T) []replica {
	t.Helper()
	var list []replica
	var behind replicas
	for range 2 {
		root := t.TempDir()
		must(t, mount(t.Context(), root))
		server, err := startReplica(root)
		must(t, err)
		t.Cleanup(server.Kill)
		list = append(list, replica{root, server})
		behind = append(behind, server)
	}
	serveWith(behind.backends()...)
	return list
}

// publish prints a manifest from the directory of the certificates and applies
// it; the webhook's registration fails closed.
func publish(t *testing.T, name string) {
	t.Helper()
	printed, err := spillway.Run(nil, "manifest", name, shipped.path("certs"))
	must(t, err)
	text := strings.NewReplacer("port: 443", fmt.Sprintf("port: %d", service.Port),
		"failurePolicy: Ignore", "failurePolicy: Fail").Replace(string(printed))
	kubectl(t, text, "apply", "--server-side", "--force-conflicts", "--validate=strict", "-f", "-")
}

func failOpen(hook *admissionv1.MutatingWebhook) {
	policy := admissionv1.Ignore
	hook.FailurePolicy = &policy
}

// rotate changes the certificates in that directory.
func rotate(t *testing.T, option string) {
	t.Helper()
	_, err := spillway.Run(nil, "certs", "rotate", "--dir", shipped.path("certs"), option)
	must(t, err)
}

// leaf reads the server's certificate in that directory.
func leaf(t *testing.T) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(shipped.path("certs", "tls.crt"))
	must(t, err)
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	must(t, err)
	return certificate
}

// serves says what is still missing until a new connection is served with a
// certificate, and the metrics say so; "" for nothing.
func (r replica) serves(certificate *x509.Certificate) string {
	conn, err := tls.Dial("tcp", r.server.Addr, &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		return err.Error()
	}
	defer conn.Close()
	if !bytes.Equal(conn.ConnectionState().PeerCertificates[0].Raw, certificate.Raw) {
		return "the replica serves another certificate: " + r.server.Log()
	}
	families, err := r.server.Metrics()
	if err != nil {
		return err.Error()
	}
	until := families.Sum("spillway_certificate_not_after_seconds", "role", "serving")
	if until != float64(certificate.NotAfter.Unix()) {
		return fmt.Sprintf("the metric says %.0f, and not %d", until, certificate.NotAfter.Unix())
	}
	return ""
}

// more waits until a load has created so many more pods.
func (l *load) more(t *testing.T, pods int) {
	t.Helper()
	count := func() int {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.created
	}
	before := count()
	eventually(t, func() string {
		if made := count() - before; made < pods {
			return fmt.Sprintf("%d pods were created, and not %d", made, pods)
		}
		return ""
	})
}

// The README's recipe from end to end: while the CA is changed, with a webhook
// that fails closed, each pod is stored, and mutated.
func TestChangeOfTheCALosesNoPod(t *testing.T) {
	const phase = 40
	t.Cleanup(func() { settle(t) })
	old := t.TempDir()
	must(t, os.CopyFS(old, os.DirFS(shipped.path("certs"))))
	must(t, os.Chmod(filepath.Join(old, "tls.key"), 0o600))
	both := startReplicas(t)
	publish(t, "webhook")
	waitUntilMutated(t)

	l := startLoad(4, 50*time.Millisecond)
	t.Cleanup(l.stop)
	l.more(t, phase)
	rotate(t, "--ca")
	publish(t, "webhook")
	l.more(t, phase)
	publish(t, "tls")
	for _, r := range both {
		must(t, mount(context.Background(), r.root))
		eventually(t, func() string { return r.serves(leaf(t)) })
		l.more(t, phase)
	}
	rotate(t, "--ca-finish")
	publish(t, "webhook")
	l.more(t, phase)
	l.stop()
	if created := l.judge(t); created < 200 {
		t.Errorf("only %d pods were created: that proves little", created)
	} else {
		t.Logf("%d pods were created while the CA was changed", created)
	}
	wantOldRefused(t, old)
}

// settle brings what the directory of the certificates holds now to the replicas
// that the other scenarios use, and fails open again.
func settle(t *testing.T) {
	t.Helper()
	publish(t, "webhook")
	publish(t, "tls")
	must(t, mount(context.Background(), shipped.dir))
	for _, server := range shipped.running {
		r := replica{shipped.dir, server}
		eventually(t, func() string { return r.serves(leaf(t)) })
	}
	updateWebhook(t, failOpen)
	serveWith(shipped.running.backends()...)
	waitUntilMutated(t)
}

// wantOldRefused checks that the change is complete: a new connection is good,
// and what the CA before signed is trusted no longer.
func wantOldRefused(t *testing.T, old string) {
	t.Helper()
	service.Cut()
	waitUntilMutated(t)
	server, err := spillway.Start(old)
	must(t, err)
	t.Cleanup(server.Kill)
	serveWith(backend(server))
	tryUntil(t, "wanted the old certificate refused", failed("x509: certificate signed by unknown authority"))
}
