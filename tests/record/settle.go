package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// random are the characters that Kubernetes takes for the random ends of names.
const random = "bcdfghjklmnpqrstvwxz2456789"

// varying is everything in a review that differs from run to run: a pattern of
// what stands before it and of itself, and its fixed value of the same shape,
// which depends on the case and on how many others of its kind came before.
var varying = []struct {
	pattern *regexp.Regexp
	value   func(name string, n int) string
}{
	{regexp.MustCompile(`()([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})`), uid},
	{regexp.MustCompile(`()([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z)`), second},
	{regexp.MustCompile(`("resourceVersion":")([0-9]+)`), resourceVersion},
	{regexp.MustCompile(`(X509SHA256=)([0-9a-f]{64})`), fingerprint},
	{regexp.MustCompile(`((?:kube-api-access|debugger|istio-edge-[a-z0-9]+)-)([` +
		random + `]{5})`), suffix},
}

// settle gives a review of a case the fixed values.  Every other byte stays.
func settle(name string, review []byte) []byte {
	for _, v := range varying {
		settled := map[string]string{}
		review = v.pattern.ReplaceAllFunc(review, func(found []byte) []byte {
			parts := v.pattern.FindSubmatch(found)
			key := string(parts[2])
			if _, known := settled[key]; !known {
				settled[key] = v.value(name, len(settled))
			}
			return append(parts[1][:len(parts[1]):len(parts[1])], settled[key]...)
		})
	}
	return review
}

// digest is what the values that look random are made of.
func digest(name, kind string, n int) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", name, kind, n))
}

// uid returns a random UUID as RFC 9562 shapes it.
func uid(name string, n int) string {
	d := digest(name, "uid", n)
	d[6] = d[6]&0x0f | 0x40
	d[8] = d[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

func second(_ string, n int) string {
	return time.Date(2026, 1, 1, 0, 0, n, 0, time.UTC).Format(time.RFC3339)
}

func resourceVersion(_ string, n int) string {
	return strconv.Itoa(1000 + n)
}

func fingerprint(name string, n int) string {
	d := digest(name, "fingerprint", n)
	return hex.EncodeToString(d[:])
}

func suffix(name string, n int) string {
	d := digest(name, "suffix", n)
	text := make([]byte, 5)
	for i := range text {
		text[i] = random[int(d[i])%len(random)]
	}
	return string(text)
}
