package e2e

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"spillway.dev/tests/internal/forwarder"
)

// A refuser stands in front of a replica and refuses the first requests, as an
// overloaded server does.
type refuser struct {
	code       int
	retryAfter bool
	left       atomic.Int64 // requests still to be refused
	seen       atomic.Int64
	proxy      http.Handler
}

func (r *refuser) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.seen.Add(1)
	if r.left.Add(-1) < 0 {
		r.proxy.ServeHTTP(w, request)
		return
	}
	w.Header().Set("Connection", "close")
	w.Header().Set("Content-Type", "application/json")
	if r.retryAfter {
		w.Header().Set("Retry-After", "1")
	}
	w.WriteHeader(r.code)
	fmt.Fprintf(w, `{"kind":"Status","apiVersion":"v1","metadata":{},`+
		`"status":"Failure","message":"the webhook is overloaded","code":%d}`, r.code)
}

// refuse puts a refuser between the Service and a replica until the test ends.
func refuse(t *testing.T, code int, retryAfter bool, requests int64) *refuser {
	t.Helper()
	target, err := url.Parse("https://" + shipped.running[0].Addr)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	r := &refuser{code: code, retryAfter: retryAfter, proxy: proxy}
	r.left.Store(requests)
	server := serveTLS(t, r)
	serveWith(forwarder.Backend{Addr: strings.TrimPrefix(server.URL, "https://")})
	return r
}

func TestRefusalWithRetryAfterIsTriedAgain(t *testing.T) {
	disturb(t)
	updateWebhook(t, failClosed)
	waitUntilMutated(t)
	for _, code := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			r := refuse(t, code, true, 2)
			a := try(bareGateway(), metav1.DryRunAll)
			if !a.mutated() || r.seen.Load() != 3 || a.took < 2*time.Second {
				t.Errorf("%d requests in %v: %s", r.seen.Load(), a.took, describe(a))
			}
		})
	}
}

func TestRefusalIsToldToTheUser(t *testing.T) {
	disturb(t)
	refuse(t, http.StatusServiceUnavailable, false, 1000)
	wantFailure(t, within(patience), "the webhook is overloaded")
}

func TestRefusalForGoodCostsTheTimeoutAndNoMore(t *testing.T) {
	const timeout = 4 * time.Second
	disturb(t)
	updateWebhook(t, func(hook *admissionv1.MutatingWebhook) {
		hook.TimeoutSeconds = ptr.To(int32(timeout / time.Second))
	})
	r := refuse(t, http.StatusServiceUnavailable, true, 1000)
	wantFailure(t, within(2*timeout), "context deadline exceeded")
	if r.seen.Load() < 4 {
		t.Errorf("only %d requests came: none was tried again", r.seen.Load())
	}
}
