package e2e

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
)

// Each way in which gateways are labelled.
func TestGatewaysOfEveryLabellingAreMutated(t *testing.T) {
	for _, name := range []string{"ingressgateway", "asm-gateway", "helm-gateway", "gateway-api"} {
		t.Run(name, func(t *testing.T) {
			pods := create(t, deployment(t, name), 3)
			for i := range pods {
				wantTolerations(t, &pods[i], wantedTolerations())
				wantAffinity(t, &pods[i], &corev1.Affinity{NodeAffinity: wantedAffinity()})
			}
		})
	}
}

func TestOtherPodsAreNeverSent(t *testing.T) {
	before := count(t, "spillway_http_requests_total")
	for _, name := range []string{"istiod", "waypoint", "egressgateway", "other-namespace"} {
		t.Run(name, func(t *testing.T) {
			for _, pod := range create(t, deployment(t, name), 3) {
				wantTolerations(t, &pod, nil)
			}
		})
	}
	if after := count(t, "spillway_http_requests_total"); after != before {
		t.Errorf("%v requests have come for pods that are none of ours", after-before)
	}
}
