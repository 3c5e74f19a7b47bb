package e2e

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

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
	pair, err := tls.LoadX509KeyPair(filepath.Join(shipped.path("certs"), "tls.crt"),
		filepath.Join(shipped.path("certs"), "tls.key"))
	must(t, err)
	target, err := url.Parse("https://" + shipped.running[0].Addr)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	r := &refuser{code: code, retryAfter: retryAfter, proxy: proxy}
	r.left.Store(requests)
	server := httptest.NewUnstartedServer(r)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	server.StartTLS()
	t.Cleanup(server.Close)
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
	updateWebhook(t, failClosed)
	waitUntilMutated(t)
	for name, retryAfter := range map[string]bool{"without Retry-After": false, "for good": true} {
		t.Run(name, func(t *testing.T) {
			r := refuse(t, http.StatusServiceUnavailable, retryAfter, 1000)
			a := try(bareGateway(), metav1.DryRunAll)
			t.Logf("%d requests in %v: %v", r.seen.Load(), a.took, a.err)
			if !failed(`failed calling webhook "gateways.spillway.dev"`)(a) {
				t.Errorf("wanted to be told of the webhook: %s", describe(a))
			}
		})
	}
}
