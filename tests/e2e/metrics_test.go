package e2e

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// What an operator sees of the webhook in the API server's metrics.
func TestAPIServersOwnView(t *testing.T) {
	const (
		duration = "apiserver_admission_webhook_admission_duration_seconds"
		rejected = "apiserver_admission_webhook_rejection_count"
		opened   = "apiserver_admission_webhook_fail_open_count"
		hook     = "gateways.spillway.dev"
	)
	disturb(t)
	scrape := func(name string, labels ...string) float64 {
		families, err := plane.Metrics()
		must(t, err)
		return families.Sum(name, append(labels, "name", hook)...)
	}
	calls := scrape(duration, "rejected", "false")
	for range 20 {
		if a := try(bareGateway(), metav1.DryRunAll); !a.mutated() {
			t.Fatal(describe(a))
		}
	}
	if made := scrape(duration, "rejected", "false") - calls; made != 20 {
		t.Errorf("the API server counts %v calls for 20 pods", made)
	}

	serveWith()
	open := scrape(opened)
	if try(bareGateway(), metav1.DryRunAll); scrape(opened) != open+1 {
		t.Error("the API server does not count that the webhook failed open")
	}
	closed := scrape(rejected, "error_type", "calling_webhook_error")
	updateWebhook(t, failClosed)
	tryUntil(t, "wanted a refusal", failed("failed calling webhook"))
	if scrape(rejected, "error_type", "calling_webhook_error") <= closed {
		t.Error("the API server does not count that the webhook failed closed")
	}
	families, err := plane.Metrics()
	must(t, err)
	t.Logf("%v calls of the webhook, %.2f ms each; %v failed open, %v failed closed",
		families.Sum(duration, "name", hook, "rejected", "false"),
		1000*families.Mean(duration, "name", hook, "rejected", "false"),
		families.Sum(opened, "name", hook), families.Sum(rejected, "name", hook))
}
