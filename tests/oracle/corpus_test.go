// corpus_test.go - the JSON reader: what Go's refuses, Spillway's refuses, and the
// other way about, but for the differences that are listed here with reasons.

package oracle

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
)

// A reader posts documents and counts what became of them.
type reader struct {
	*Court
	used                     map[string]int
	accepted, refused, apart int
}

// statusMessage is what an answer that refuses says; every one is a Status.
func statusMessage(body []byte) (string, error) {
	var status struct{ Kind, Message string }

	err := json.Unmarshal(body, &status)
	if err == nil && status.Kind != "Status" {
		err = errors.New("not a Status: " + string(body))
	}
	return status.Message, err
}

// compare posts a document; the error says in what the two readers differ.
func (r *reader) compare(document string) error {
	status, body, err := r.Ask([]byte(document))
	if err != nil {
		return err
	}
	_, refusal := decodeReview([]byte(document))
	switch {
	case status == 200 && refusal == nil:
		r.accepted++
		_, err := r.Judge.Judge([]byte(document))
		return err
	case status == 200:
		return r.differs(looser, document, refusal.Error(), "Go refuses")
	case status != 400:
		return broken("status", "HTTP %d: %s", status, body)
	}
	message, err := statusMessage(body)
	if err != nil || refusal != nil {
		r.refused++
		return err
	}
	return r.differs(stricter, document, message, "Spillway refuses")
}

// differs looks for the reason of a difference.
func (r *reader) differs(list []difference, document, message, who string) error {
	for _, d := range list {
		if d.fits(document, message) {
			r.used[d.name]++
			r.apart++
			return nil
		}
	}
	return broken("reader", "only %s, and no list says why: %s", who, message)
}

func newReader(t *testing.T, r *run) *reader {
	return &reader{Court: r.court(t, 0), used: map[string]int{}}
}

// TestReaderAgreesWithGo posts the corpus.
func TestReaderAgreesWithGo(t *testing.T) {
	r := newReader(t, newRun(t))
	documents, failures := Corpus(), 0
	for _, d := range documents {
		if err := r.compare(d.Text); err != nil {
			t.Errorf("%.200s: %.600v", d.Name, err)
			if failures++; failures == 20 {
				t.FailNow()
			}
		}
	}
	for _, d := range slices.Concat(stricter, looser) {
		if r.used[d.name] == 0 {
			t.Errorf("no document shows the difference %q (%s)", d.name, d.why)
		}
	}
	t.Logf("%d documents: %d accepted, %d refused by both, %d apart as listed",
		len(documents), r.accepted, r.refused, r.apart)
	if r.accepted < 100 || r.refused < 100 {
		t.Error("the corpus is lopsided")
	}
}
