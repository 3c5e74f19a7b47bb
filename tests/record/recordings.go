package main

// A recording is one case of tests/golden that a real API server made.
type recording struct {
	name    string  // of the case: tests/golden/NAME/review.json
	trigger trigger // nil: the trigger before this one brings it about too
	take    review  // which of the reviews that arrive then; a name's beginning
}

// recordings are made from top to bottom, in one cluster.  create names a file
// of tests/e2e/manifests; what it created before is deleted first.
var recordings = []recording{
	// Deployments in the labellings of the installers.
	{"ingressgateway", create("ingressgateway"), pod("istio-ingressgateway-")},
	{"v1beta1", nil,
		review{"v1beta1", "CREATE", "pods", "istio-system/istio-ingressgateway-"}},
	{"asm-gateway", create("asm-gateway"), pod("istio-edge-")},
	{"helm-gateway", create("helm-gateway"), pod("istio-ingress-")},
	{"gateway-api", create("gateway-api"), pod("edge-istio-")},

	// What must be left alone.
	{"egressgateway", create("egressgateway"), pod("istio-egressgateway-")},
	{"waypoint", create("waypoint"), pod("waypoint-")},
	{"istiod", create("istiod"), pod("istiod-")},
	{"other-namespace", create("other-namespace"),
		review{"v1", "CREATE", "pods", "shop/istio-ingressgateway-"}},
	{"job", create("job"), pod("migrate-")},

	// Gateways that bring placement of their own.
	{"arch-affinity", create("arch-affinity"), pod("istio-ingressgateway-")},
	{"empty-node-affinity", create("empty-node-affinity"), pod("istio-ingressgateway-")},
	{"own-affinity", create("own-affinity"), pod("istio-ingressgateway-")},
	{"tolerates-everything", create("tolerates-everything"), pod("istio-ingressgateway-")},
	{"contradicting-node-selector", create("contradicting-node-selector"),
		pod("istio-ingressgateway-")},
	{"eci-incompatible", create("eci-incompatible"), pod("eci")},

	// The guards.
	{"opted-out", create("opted-out"), pod("istio-ingressgateway-")},
	{"node-name-set", create("node-name-set"), pod("bound")},
	{"mirror-pod", create("mirror-pod"), pod("static-edge")},
	{"scheduling-gated", create("scheduling-gated"), pod("gated")},
	{"dry-run", create("dry-run", "--dry-run=server"), pod("dry")},
	{"daemonset", createDaemonSet, pod("edge-nodes-")},

	// Other requests than the creation of a pod.
	{"binding-virtual-node", create("binding-virtual-node"),
		review{"v1", "CREATE", "pods/binding", "istio-system/istio-edge-"}},
	{"update", createLiveAndLabel, review{"v1", "UPDATE", "pods", "istio-system/live"}},
	{"ephemeral-containers", debugLive,
		review{"v1", "UPDATE", "pods/ephemeralcontainers", "istio-system/live"}},

	// Sizes.
	{"smallest", create("smallest"), pod("tiny")},
	{"large", createLarge, pod("large")},
}

// pod is the creation of a pod beside the gateways.
func pod(name string) review {
	return review{"v1", "CREATE", "pods", "istio-system/" + name}
}
