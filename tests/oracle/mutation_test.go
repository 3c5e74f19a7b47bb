// mutation_test.go - the JSON reader on generated reviews that were damaged, byte
// by byte and token by token.

package oracle

import (
	"regexp"
	"testing"
)

const mutations = 6000

// tokens splits JSON, well enough to damage it.
var tokens = regexp.MustCompile(`"(?:[^"\\]|\\.)*"|[-+.0-9a-zA-Z]+|[\[\]{}:,]|\s+|.`)

// spares are what a token is replaced by.
var spares = []string{`null`, `true`, `0`, `-1`, `1.5`, `1e400`, `""`, `"x"`,
	`[]`, `{}`, `[null]`, `{"a":1}`, `,`, `:`, `}`, `]`, `{`, `[`, `"\u0000"`,
	`"\ud800"`, `"\ud83d\ude00"`, ` `, `"metadata"`, `"spec"`, `"key"`, `"Spec"`}

// damage changes a document in one to three places.
func (g *generator) damage(document []byte) []byte {
	for range 1 + g.r.IntN(3) {
		if g.chance(50) {
			document = g.damageToken(document)
		} else {
			document = g.damageByte(document)
		}
	}
	return document
}

func (g *generator) damageByte(document []byte) []byte {
	if len(document) == 0 {
		return document
	}
	at := g.r.IntN(len(document))
	before, after := string(document[:at]), string(document[at+1:])
	replaced := string(document[at])
	switch g.r.IntN(5) {
	case 0:
		replaced = ""
	case 1:
		replaced += replaced
	case 2:
		replaced = string([]byte{byte(g.r.IntN(256))})
	case 3:
		replaced = string([]byte{document[at] ^ byte(1<<g.r.IntN(8))})
	case 4:
		replaced += pick(g, []string{"\"", "\\", "\x00", "\xff", ",", "0", "\n"})
	}
	return []byte(before + replaced + after)
}

func (g *generator) damageToken(document []byte) []byte {
	found := tokens.FindAllIndex(document, -1)
	if len(found) == 0 {
		return document
	}
	one, other := pick(g, found), pick(g, found)
	text := string(document[one[0]:one[1]])
	switch g.r.IntN(4) {
	case 0:
		text = ""
	case 1:
		text = pick(g, spares)
	case 2:
		text = string(document[other[0]:other[1]])
	case 3:
		text += pick(g, spares)
	}
	return []byte(string(document[:one[0]]) + text + string(document[one[1]:]))
}

// TestReaderAgreesWithGoOnDamagedReviews damages reviews and posts them.
func TestReaderAgreesWithGoOnDamagedReviews(t *testing.T) {
	run := newRun(t)
	r, failures := newReader(t, run), 0
	for i := range mutations {
		g := &generator{r: newRand(run.seed, -1-i), policies: r.Policies}
		document := g.damage(g.write(g.review(i)))
		if err := r.compare(string(document)); err != nil {
			t.Errorf("%v: %s", err, document)
			if failures++; failures == 5 {
				break
			}
		}
	}
	t.Logf("%d damaged reviews: %d accepted, %d refused by both, %d apart as listed %v",
		mutations, r.accepted, r.refused, r.apart, r.used)
}
