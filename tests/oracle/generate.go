// generate.go - what all generators share: a vocabulary so small that terms
// collide, imply and contradict each other, and a writer of JSON that writes
// the same value in many ways.

package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// A generator makes things from one source of randomness.
type generator struct {
	r        *rand.Rand
	policies []Policy // whose terms the pods repeat
	// valid: only pods that kube-apiserver accepts.
	valid      bool
	namespaces []string
}

var (
	namespaces  = []string{"istio-system", "edge", "shop"}
	podKeys     = []string{"app", "istio", "team", "example.com/track"}
	podValues   = []string{"", "ingressgateway", "istio-edge", "istio-egress-1", "a"}
	annotations = []string{"inject.istio.io/templates", "example.com/note"}
	nodeKeys    = []string{"type", "mykey4pod", "arch", "zone", "cores"}
	nodeValues  = []string{"virtual-kubelet", "asmgateway", "a", "b", "3", "5"}
	integers    = []string{"0", "1", "3", "4", "5", "7"}
	taintKeys   = []string{"virtual-kubelet.io/provider", "mykey", "k"}
	taintValues = []string{"", "alibabacloud", "myvalue", "3"}
	effects     = []string{"NoSchedule", "PreferNoSchedule", "NoExecute"}
	containers  = []string{"istio-proxy", "app", "discovery"}
)

func pick[T any](g *generator, from []T) T {
	return from[g.r.IntN(len(from))]
}

// chance is true in so many of a hundred cases.
func (g *generator) chance(percent int) bool {
	return g.r.IntN(100) < percent
}

// some picks from least to most elements, the same one perhaps twice.
func (g *generator) some(from []string, least, most int) list {
	out := list{}
	for range least + g.r.IntN(most-least+1) {
		out = append(out, pick(g, from))
	}
	return out
}

// set sets a member; nothing at all (nil) may as well be null or absent.
func (g *generator) set(into object, key string, value any) {
	if value != nil || g.chance(30) {
		into[key] = value
	}
}

// nothing is a list that says nothing: absent or null, or empty.
func (g *generator) nothing() any {
	if g.chance(60) {
		return nil
	}
	return list{}
}

// write writes a tree as JSON: members in any order, with or without white
// space, and letters escaped now and then.
func (g *generator) write(tree any) []byte {
	var out strings.Builder

	space := ""
	if g.chance(20) {
		space = pick(g, []string{" ", "\n\t", "\r\n  "})
	}
	g.writeValue(&out, tree, space)
	return []byte(out.String())
}

func (g *generator) writeValue(out *strings.Builder, value any, space string) {
	switch value := value.(type) {
	case object:
		keys := slices.Sorted(maps.Keys(value))
		g.r.Shuffle(len(keys), func(i, j int) {
			keys[i], keys[j] = keys[j], keys[i]
		})
		out.WriteString("{" + space)
		for i, key := range keys {
			g.writeComma(out, i, space)
			g.writeString(out, key)
			out.WriteString(":" + space)
			g.writeValue(out, value[key], space)
		}
		out.WriteString(space + "}")
	case list:
		out.WriteString("[" + space)
		for i, element := range value {
			g.writeComma(out, i, space)
			g.writeValue(out, element, space)
		}
		out.WriteString(space + "]")
	case string:
		g.writeString(out, value)
	default:
		out.Write(mustEncode(value))
	}
}

func (g *generator) writeComma(out *strings.Builder, i int, space string) {
	if i > 0 {
		out.WriteString(space + "," + space)
	}
}

// writeString escapes one letter of a string, once in a while.
func (g *generator) writeString(out *strings.Builder, text string) {
	quoted, _ := json.Marshal(text)
	if i := g.r.IntN(40); i < len(text) && text[i] >= ' ' && text[i] < 0x7f &&
		!strings.ContainsAny(text, "\"\\<>&\t\n") {
		fmt.Fprintf(out, `"%s\u%04X%s"`, text[:i], text[i], text[i+1:])
		return
	}
	out.Write(quoted)
}
