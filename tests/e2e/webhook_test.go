package e2e

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"

	"spillway.dev/tests/internal/forwarder"
	"spillway.dev/tests/internal/spillway"
)

// disturb says that a test is going to change the registration or the servers.
// When it ends, all of that is as it was.
func disturb(t *testing.T) {
	t.Helper()
	before := updateWebhook(t, func(*admissionv1.MutatingWebhook) {})
	t.Cleanup(func() {
		updateWebhook(t, func(hook *admissionv1.MutatingWebhook) { *hook = before })
		service.SetDelay(0)
		serveWith(shipped.running.backends()...)
		waitUntilMutated(t)
	})
}

// updateWebhook changes our webhook's registration and returns what it was.
func updateWebhook(t *testing.T, change func(*admissionv1.MutatingWebhook)) admissionv1.MutatingWebhook {
	t.Helper()
	ctx := context.Background()
	configurations := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	var before admissionv1.MutatingWebhook
	must(t, retry.RetryOnConflict(retry.DefaultRetry, func() error {
		object, err := configurations.Get(ctx, "spillway", metav1.GetOptions{})
		if err != nil {
			return err
		}
		before = *object.Webhooks[0].DeepCopy()
		change(&object.Webhooks[0])
		_, err = configurations.Update(ctx, object, metav1.UpdateOptions{})
		return err
	}))
	return before
}

func failClosed(hook *admissionv1.MutatingWebhook) {
	policy := admissionv1.Fail
	hook.FailurePolicy = &policy
}

// serveWith puts these servers behind the Service, and nobody else.
func serveWith(backends ...forwarder.Backend) {
	service.Set(backends...)
	service.Cut()
}

func backend(server *spillway.Server) forwarder.Backend {
	return replicas{server}.backends()[0]
}

// serveTLS serves a handler of the test's with the shipped pair.
func serveTLS(t *testing.T, handler http.Handler) *httptest.Server {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(shipped.path("certs", "tls.crt"), shipped.path("certs", "tls.key"))
	must(t, err)
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// An attempt is what a user sees who creates a gateway pod.
type attempt struct {
	pod      *corev1.Pod
	warnings []string
	err      error
	took     time.Duration
}

func (a attempt) mutated() bool {
	return a.err == nil && len(a.pod.Spec.Tolerations) == 4 && a.pod.Spec.Affinity != nil
}

func (a attempt) unmutated() bool {
	return a.err == nil && len(a.pod.Spec.Tolerations) == 2 && a.pod.Spec.Affinity == nil
}

// bareGateway returns a gateway pod of nobody's making.
func bareGateway() *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "gateway-", Namespace: "istio-system",
			Labels: map[string]string{"istio": "ingressgateway"}},
		Spec: corev1.PodSpec{
			// Nobody's either, so that pods do not pile up in the scheduler.
			SchedulerName: "nobody",
			Containers:    []corev1.Container{{Name: "istio-proxy", Image: "proxyv2"}},
		},
	}
}

// createPod creates a pod until the test ends.
func createPod(t *testing.T, pod *corev1.Pod) attempt {
	t.Helper()
	a := try(pod)
	if a.err == nil {
		t.Cleanup(func() { deletePod(t, a.pod) })
	}
	return a
}

// try sends a pod to the API server.
func try(pod *corev1.Pod, dryRun ...string) attempt {
	var a attempt
	var mu sync.Mutex
	clientset := plane.Client(func(text string) {
		mu.Lock()
		defer mu.Unlock()
		a.warnings = append(a.warnings, text)
	})
	start := time.Now()
	a.pod, a.err = clientset.CoreV1().Pods(pod.Namespace).
		Create(context.Background(), pod, metav1.CreateOptions{DryRun: dryRun})
	a.took = time.Since(start)
	return a
}

func deletePod(t *testing.T, pod *corev1.Pod) {
	t.Helper()
	now := int64(0)
	must(t, client.CoreV1().Pods(pod.Namespace).Delete(context.Background(), pod.Name,
		metav1.DeleteOptions{GracePeriodSeconds: &now,
			Preconditions: &metav1.Preconditions{UID: &pod.UID}}))
}

// tryUntil tries until the outcome is the one that is waited for: the API
// server learns of a changed registration a moment later.
func tryUntil(t *testing.T, what string, is func(attempt) bool) attempt {
	t.Helper()
	var last attempt
	eventually(t, func() string {
		if last = try(bareGateway(), metav1.DryRunAll); is(last) {
			return ""
		}
		return what + ": " + describe(last)
	})
	return last
}

func describe(a attempt) string {
	if a.err != nil {
		return a.err.Error()
	}
	return text(map[string]any{"took": a.took.String(), "warnings": a.warnings,
		"tolerations": a.pod.Spec.Tolerations, "affinity": a.pod.Spec.Affinity})
}

func waitUntilMutated(t *testing.T) {
	t.Helper()
	tryUntil(t, "gateway pods are not mutated again", attempt.mutated)
}
