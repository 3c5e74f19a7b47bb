package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admission/v1"
	registrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

const terms = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"

// A neighbour is another mutating webhook, called after ours, that patches
// gateway pods which do not have its mark yet.
type neighbour struct {
	patch string // of a pod that ours has mutated
}

func (n neighbour) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	var review admissionv1.AdmissionReview
	if err := json.NewDecoder(request.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	review.Response = &admissionv1.AdmissionResponse{UID: review.Request.UID, Allowed: true}
	if !strings.Contains(string(review.Request.Object.Raw), "neighbour") {
		review.Response.Patch = []byte(n.patch)
		review.Response.PatchType = ptr.To(admissionv1.PatchTypeJSONPatch)
	}
	review.Request = nil
	_ = json.NewEncoder(w).Encode(review)
}

// register starts the neighbour and registers it until the test ends.  Its name
// comes after ours, and so does its call.
func (n neighbour) register(t *testing.T) {
	t.Helper()
	bundle, err := os.ReadFile(shipped.path("certs", "ca.crt"))
	must(t, err)
	server := serveTLS(t, n)

	configurations := client.AdmissionregistrationV1().MutatingWebhookConfigurations()
	_, err = configurations.Create(t.Context(), &registrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "the-neighbour"},
		Webhooks: []registrationv1.MutatingWebhook{{
			Name:                    "pods.neighbour.example.com",
			ClientConfig:            registrationv1.WebhookClientConfig{URL: &server.URL, CABundle: bundle},
			AdmissionReviewVersions: []string{"v1"},
			SideEffects:             ptr.To(registrationv1.SideEffectClassNone),
			ReinvocationPolicy:      ptr.To(registrationv1.IfNeededReinvocationPolicy),
			ObjectSelector: &metav1.LabelSelector{
				MatchLabels: map[string]string{"istio": "ingressgateway"}},
			NamespaceSelector: &metav1.LabelSelector{
				MatchLabels: map[string]string{corev1.LabelMetadataName: "istio-system"}},
			Rules: []registrationv1.RuleWithOperations{{
				Operations: []registrationv1.OperationType{registrationv1.Create},
				Rule: registrationv1.Rule{APIGroups: []string{""},
					APIVersions: []string{"v1"}, Resources: []string{"pods"}}}},
		}},
	}, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() {
		kubectl(t, "", "delete", "mutatingwebhookconfiguration", "the-neighbour")
		tryUntil(t, "the neighbour is still asked", func(a attempt) bool {
			return a.mutated() && !strings.Contains(text(a.pod.Spec.Affinity), "neighbour")
		})
	})
}

// Another webhook edits affinity after ours, which is then called again.
func TestSecondCallAfterANeighbour(t *testing.T) {
	labelled := term("mykey4pod", corev1.NodeSelectorOpIn, "asmgateway")
	virtual := term("type", corev1.NodeSelectorOpIn, "virtual-kubelet")
	zone := term("neighbour.example.com/zone", corev1.NodeSelectorOpIn, "a")
	expression := `{"key":"neighbour.example.com/zone","operator":"In","values":["a"]}`
	for _, c := range []struct {
		name, patch, decision string
		wanted                []corev1.NodeSelectorTerm
	}{
		{"that narrows the terms, ours has nothing to do",
			`[{"op":"add","path":"` + terms + `/0/matchExpressions/-","value":` + expression + `},` +
				`{"op":"add","path":"` + terms + `/1/matchExpressions/-","value":` + expression + `}]`,
			"unchanged", []corev1.NodeSelectorTerm{and(labelled, zone), and(virtual, zone)}},
		{"that lets the pod run elsewhere, ours narrows it again",
			`[{"op":"add","path":"` + terms + `/-","value":{"matchExpressions":[` + expression + `]}}]`,
			"mutated", []corev1.NodeSelectorTerm{labelled, virtual, and(zone, labelled), and(zone, virtual)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			neighbour{c.patch}.register(t)
			tryUntil(t, "the neighbour is not asked", func(a attempt) bool {
				return a.err != nil || strings.Contains(text(a.pod.Spec.Affinity), "neighbour")
			})
			before := count(t, "spillway_admission_requests_total", "decision", c.decision)
			all := count(t, "spillway_admission_requests_total")
			a := createPod(t, bareGateway())
			must(t, a.err)
			wanted := wantedAffinity()
			wanted.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms = c.wanted
			wantAffinity(t, a.pod, &corev1.Affinity{NodeAffinity: wanted})
			wantTolerations(t, a.pod, wantedTolerations())
			if calls := count(t, "spillway_admission_requests_total") - all; calls != 2 {
				t.Errorf("ours was called %v times, not 2", calls)
			}
			mutated := map[string]float64{"unchanged": 1, "mutated": 2}[c.decision]
			if n := count(t, "spillway_admission_requests_total", "decision", c.decision) - before; n != mutated {
				t.Errorf("%v calls were %s, not %v", n, c.decision, mutated)
			}
		})
	}
	conflicts := linesWith(plane.Log("kube-apiserver"), "Failed to set admission audit annotation")
	if conflicts != "" {
		t.Errorf("the API server was told two things of one pod:\n%s", conflicts)
	}
}
