package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	admissionv1 "k8s.io/api/admission/v1"
	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/utils/ptr"
)

// patience is how long the cluster may take for what takes it a second.
const patience = 60 * time.Second

// A review is what tells one AdmissionReview from another.
type review struct {
	version   string // of AdmissionReview
	operation string
	resource  string // with its subresource
	name      string // NAMESPACE/NAME, or its generateName when it has none yet
}

func (r review) String() string {
	return fmt.Sprintf("%s %s %s of %s*", r.version, r.operation, r.resource, r.name)
}

// fits tells whether a review is as wanted, up to the rest of its name.
func (r review) fits(wanted review) bool {
	rest, ok := strings.CutPrefix(r.name, wanted.name)
	wanted.name += rest
	return ok && r == wanted
}

// A webhook allows everything and keeps what it was asked.
type webhook struct {
	server *httptest.Server

	mu      sync.Mutex
	arrived []arrival
}

type arrival struct {
	review
	body []byte
}

func newWebhook() *webhook {
	w := &webhook{}
	w.server = httptest.NewTLSServer(w)
	return w
}

func (w *webhook) ServeHTTP(out http.ResponseWriter, in *http.Request) {
	var asked admissionv1.AdmissionReview

	body, err := io.ReadAll(in.Body)
	if err == nil {
		err = json.Unmarshal(body, &asked)
	}
	if err != nil || asked.Request == nil {
		http.Error(out, "no AdmissionReview", http.StatusBadRequest)
		return
	}
	w.keep(asked.Request, strings.TrimPrefix(in.URL.Path, "/"), body)
	answer := admissionv1.AdmissionReview{TypeMeta: asked.TypeMeta,
		Response: &admissionv1.AdmissionResponse{UID: asked.Request.UID, Allowed: true}}
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(answer)
}

func (w *webhook) keep(asked *admissionv1.AdmissionRequest, version string, body []byte) {
	var object metav1.PartialObjectMetadata

	r := review{version, string(asked.Operation), asked.Resource.Resource, asked.Name}
	if asked.SubResource != "" {
		r.resource += "/" + asked.SubResource
	}
	if r.name == "" && json.Unmarshal(asked.Object.Raw, &object) == nil {
		r.name = object.GenerateName
	}
	r.name = asked.Namespace + "/" + r.name
	w.mu.Lock()
	defer w.mu.Unlock()
	w.arrived = append(w.arrived, arrival{r, body})
}

// known returns what has arrived so far.
func (w *webhook) known() map[review]bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	known := map[review]bool{}
	for _, a := range w.arrived {
		known[a.review] = true
	}
	return known
}

// find returns the body of the first review that fits what is wanted and was
// not known before; or nil.
func (w *webhook) find(wanted review, before map[review]bool) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.arrived {
		if a.review.fits(wanted) && !before[a.review] {
			return a.body
		}
	}
	return nil
}

// register has the API server ask the webhook about all pods, twice: in each
// version of AdmissionReview, at a path that is its name.
func (w *webhook) register(ctx context.Context, client kubernetes.Interface) error {
	config := &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: "record"}}
	for _, version := range []string{"v1", "v1beta1"} {
		config.Webhooks = append(config.Webhooks, w.registration(version))
	}
	_, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().
		Create(ctx, config, metav1.CreateOptions{})
	return err
}

func (w *webhook) registration(version string) admissionregistrationv1.MutatingWebhook {
	rule := func(resource string, operations ...admissionregistrationv1.OperationType,
	) admissionregistrationv1.RuleWithOperations {
		return admissionregistrationv1.RuleWithOperations{
			Operations: operations,
			Rule: admissionregistrationv1.Rule{APIGroups: []string{""},
				APIVersions: []string{"v1"}, Resources: []string{resource}},
		}
	}
	return admissionregistrationv1.MutatingWebhook{
		Name: version + ".record.spillway.dev",
		ClientConfig: admissionregistrationv1.WebhookClientConfig{
			URL: ptr.To(w.server.URL + "/" + version),
			CABundle: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
				Bytes: w.server.Certificate().Raw}),
		},
		Rules: []admissionregistrationv1.RuleWithOperations{
			rule("pods", admissionregistrationv1.Create, admissionregistrationv1.Update),
			rule("pods/ephemeralcontainers", admissionregistrationv1.Update),
			rule("pods/binding", admissionregistrationv1.Create),
		},
		FailurePolicy:           ptr.To(admissionregistrationv1.Fail),
		SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
		AdmissionReviewVersions: []string{version},
	}
}
