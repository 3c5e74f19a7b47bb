package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spillway.dev/tests/internal/spillway"
)

// arrived is what two runs send about the same pod; only what stands in
// brackets differs.
const arrived = `{"uid":"[UID]","user":"[UID]","extra":["JTI=[UID]","X509SHA256=[SHA]"],` +
	`"metadata":{"name":"istio-edge-68db867658-[END]","resourceVersion":"[RV]",` +
	`"ownerReferences":[{"uid":"[OWNER]"}],"time":"[TIME]","k:{\"uid\":\"[OWNER]\"}":{}},` +
	`"volumes":[{"name":"kube-api-access-[END]"}],"labels":{"pod-template-hash":"68db867658"}}`

func TestTwoRunsSettleToTheSame(t *testing.T) {
	one := strings.NewReplacer("[UID]", "0a8c5f3e-1b7d-4c60-9c7e-2f6f0d1b3a59",
		"[OWNER]", "7d9be6d1-52a8-4a1c-8c7b-7c1a50a6a3e4", "[SHA]", strings.Repeat("0a", 32),
		"[END]", "nm8ld", "[RV]", "913", "[TIME]", "2026-11-22T10:14:55Z").Replace(arrived)
	other := strings.NewReplacer("[UID]", "ffffffff-1b7d-4c60-9c7e-2f6f0d1b3a59",
		"[OWNER]", "00000000-52a8-4a1c-8c7b-7c1a50a6a3e4", "[SHA]", strings.Repeat("5b", 32),
		"[END]", "x2q4z", "[RV]", "1020", "[TIME]", "2027-01-02T03:04:05Z").Replace(arrived)
	a, b := string(settle("case", []byte(one))), string(settle("case", []byte(other)))
	if a != b {
		t.Errorf("one run settles to\n%s\nanother to\n%s", a, b)
	}
	if c := string(settle("another", []byte(one))); c == a {
		t.Errorf("two cases have the same uids: %s", c)
	}
}

func TestOnlyWhatVariesIsReplaced(t *testing.T) {
	review := []byte(`{"name":"istio-ingressgateway-5f8b9b4cb4","version":"10","port":15021}`)
	if settled := settle("case", review); string(settled) != string(review) {
		t.Errorf("%s became %s", review, settled)
	}
}

// A review that is settled stays as it is, so one with values that no run of
// this command leaves is found here.
func TestGoldenReviewsAreSettled(t *testing.T) {
	for _, recording := range recordings {
		path := filepath.Join(spillway.Root(), "tests/golden", recording.name, "review.json")
		review, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if settled := settle(recording.name, review); string(settled) != string(review) {
			t.Errorf("%s has values that are not settled", path)
		}
	}
}
