// corpus.go - the JSON documents on which Spillway's reader is held against Go's:
// a written corpus of valid and hostile ones.

package oracle

import (
	"fmt"
	"strings"
)

// A Document is one body that is posted.
type Document struct {
	Name string
	Text string
}

// reviewOf is a review of the creation of a pod, which is given as text.
func reviewOf(pod string) string {
	return `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1",` +
		`"request":{"uid":"u-1","kind":{"group":"","version":"v1",` +
		`"kind":"Pod"},"namespace":"istio-system","operation":"CREATE",` +
		`"object":` + pod + `}}`
}

// podOf is a gateway pod with more members in metadata and spec.
func podOf(metadata, spec string) string {
	return `{"kind":"Pod","apiVersion":"v1","metadata":{"labels":` +
		`{"app":"istio-ingressgateway"}` + metadata + `},"spec":{"containers":` +
		`[{"name":"istio-proxy"}]` + spec + `}}`
}

// Corpus returns all documents.
func Corpus() []Document {
	var out []Document

	for _, part := range [][]Document{wholeDocuments(), stringDocuments(),
		numberDocuments(), typeDocuments(), nullDocuments(),
		duplicateDocuments(), caseDocuments(), envelopeDocuments(),
		nestedDocuments()} {
		out = append(out, part...)
	}
	return out
}

// wholeDocuments differ from a good review outside of any value.
func wholeDocuments() []Document {
	good := reviewOf(podOf("", ""))
	odd := func(text string) string { return podOf("", `,"x":`+text) }
	return []Document{
		{"good", good}, {"empty", ""}, {"white space only", " \n"},
		{"null", "null"}, {"true", "true"}, {"array", "[]"}, {"object", "{}"},
		{"number", "1"}, {"string", `"review"`}, {"array of reviews", "[" + good + "]"},
		{"white space around", " \t\r\n" + good + "\n\n"},
		{"form feed before", "\f" + good}, {"vertical tab behind", good + "\v"},
		{"no-break space behind", good + "\u00a0"}, {"NUL behind", good + "\x00"},
		{"NUL before", "\x00" + good}, {"BOM", "\ufeff" + good},
		{"BOM behind", good + "\ufeff"}, {"UTF-16 BOM", "\xff\xfe" + good},
		{"UTF-16", utf16LE(good)}, {"two values", good + good},
		{"trailing brace", good + "}"}, {"trailing comma behind", good + ","},
		{"trailing letter", good + "x"}, {"last brace missing", good[:len(good)-1]},
		{"cut in half", good[:len(good)/2]}, {"two values in lines", good + "\n" + good},
		{"trailing comma in object", reviewOf(odd(`{"a":1,}`))},
		{"trailing comma in array", reviewOf(odd(`[1,]`))},
		{"leading comma", reviewOf(odd(`[,1]`))},
		{"two commas", reviewOf(odd(`[1,,2]`))}, {"comma missing", reviewOf(odd(`[1 2]`))},
		{"colon missing", reviewOf(odd(`{"a" 1}`))}, {"two colons", reviewOf(odd(`{"a"::1}`))},
		{"value missing", reviewOf(odd(`{"a":}`))}, {"key missing", reviewOf(odd(`{:1}`))},
		{"key unquoted", reviewOf(odd(`{a:1}`))}, {"key is a number", reviewOf(odd(`{1:1}`))},
		{"key is null", reviewOf(odd(`{null:1}`))}, {"key is an array", reviewOf(odd(`{[]:1}`))},
		{"single quotes", reviewOf(odd(`'a'`))}, {"brackets crossed", reviewOf(odd(`[{]}`))},
		{"array not closed", reviewOf(odd(`[1`))}, {"line comment", good + "// end"},
		{"comment inside", reviewOf(odd(`/* one */ 1`))}, {"hash comment", "# x\n" + good},
		{"True", reviewOf(odd(`True`))}, {"TRUE", reviewOf(odd(`TRUE`))},
		{"truth", reviewOf(odd(`truth`))}, {"tru", reviewOf(odd(`tru`))},
		{"nul", reviewOf(odd(`nul`))}, {"undefined", reviewOf(odd(`undefined`))},
		{"NaN", reviewOf(odd(`NaN`))}, {"Infinity", reviewOf(odd(`Infinity`))},
		{"-Infinity", reviewOf(odd(`-Infinity`))}, {"backquotes", reviewOf(odd("`a`"))},
		{"empty key", reviewOf(odd(`{"":{"":[]}}`))},
		{"very long string", reviewOf(odd(`"` + strings.Repeat("x", 1<<20) + `"`))},
		{"very long key", reviewOf(odd(`{"` + strings.Repeat("k", 1<<18) + `":1}`))},
		{"very long number", reviewOf(odd(strings.Repeat("7", 300)))},
		{"number of 5000 digits", reviewOf(odd("0." + strings.Repeat("7", 5000)))},
		{"number of 400 digits", reviewOf(odd(strings.Repeat("7", 400)))},
		{"many values", reviewOf(odd("[" + strings.Repeat("1,", 200000) + "1]"))},
		{"many tolerations", reviewOf(podOf("", `,"tolerations":[`+
			strings.Repeat(`{},`, 70000)+`{}]`))},
	}
}

func utf16LE(text string) string {
	var out strings.Builder

	for _, c := range []byte(text) {
		out.Write([]byte{c, 0})
	}
	return out.String()
}

// stringDocuments put each string where it is not read, where it is, and where a
// key is expected.
func stringDocuments() []Document {
	var out []Document

	for _, s := range []string{``, `plain`, `\"`, `\\`, `\/`, `\b`, `\f`, `\n`,
		`\r`, `\t`, `\u0041`, `\u00e9`, `\u20AC`, `\uFFFF`, `\uffff`, `\u0000`,
		`a\u0000b`, `\u001f`, `\u007f`, `\uD83D\uDE00`, `\ud83d\ude00`, `\uD83D`,
		`\uDE00`, `\uDE00\uD83D`, `\uD83Dx`, `\uD83D\n`, `\uD83D\uD83D\uDE00`,
		`\u12`, `\u12G4`, `\u`, `\U0041`, `\x41`, `\a`, `\0`, `\'`, `\ `, `\`,
		"\x00", "\x01", "\n", "\t", "\r", "\x1f", "\x7f", "é", "€", "😀", "\u2028",
		"\ufeff", "\uffff", "\xff", "\xfe", "\x80", "\xc0\x80", "\xc1\xbf", "\xc3",
		"\xe2\x82", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf",
		"\xf0\x9f\x98", "\xf0\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf5\x80\x80\x80", "\xf8\x88\x80\x80\x80", "\xc3\x28", "\U0010ffff"} {
		out = append(out,
			Document{fmt.Sprintf("string %q, not read", s),
				reviewOf(podOf(`,"annotations":{"note":"`+s+`"}`, ""))},
			Document{fmt.Sprintf("string %q, read", s),
				reviewOf(podOf("", `,"tolerations":[{"key":"k","value":"`+s+`"}]`))},
			Document{fmt.Sprintf("string %q, as a key", s),
				reviewOf(podOf(`,"annotations":{"n`+s+`":"x"}`, ""))},
			Document{fmt.Sprintf("string %q, as a key that is read", s),
				reviewOf(podOf("", `,"nodeSelector":{"n`+s+`":"x"}`))})
	}
	return out
}

// numberDocuments put each number where nothing knows it, where only Go reads
// it, where both do, and inside of what a patch repeats.
func numberDocuments() []Document {
	var out []Document

	for _, n := range []string{"0", "-0", "1", "-1", "01", "-01", "00", "1.",
		".5", "1.5", "-1.5", "-", "+1", "1e3", "1E3", "1e+3", "1e-3", "1e", "1e+",
		"e3", "1.e3", "1.0", "1e0", "1e999", "-1e999", "1e-999", "0e999",
		"2147483647", "2147483648", "9007199254740993", "9223372036854775807",
		"9223372036854775808", "-9223372036854775809", "1_000", "0x10", "1,000",
		"1 000", "--1", "1.2.3", "1e3.5", "²", "١"} {
		out = append(out,
			Document{"number " + n + ", unknown",
				reviewOf(podOf("", `,"x":`+n))},
			Document{"number " + n + ", not read",
				reviewOf(podOf("", `,"priority":`+n))},
			Document{"number " + n + ", read",
				reviewOf(podOf("", `,"initContainers":[{"ports":[{"hostPort":`+n+`}]}]`))},
			Document{"number " + n + ", repeated", reviewOf(podOf("",
				`,"affinity":{"nodeAffinity":{"`+requiredKey+`":{"nodeSelectorTerms":`+
					`[{"x":`+n+`,"matchExpressions":[{"key":"a","operator":"Exists"}]}]}}}`))})
	}
	return out
}

// nestedDocuments are as deep as is allowed, and deeper.
func nestedDocuments() []Document {
	var out []Document

	// The review, the request, the pod and its spec are four.
	for _, depth := range []int{95, 96, 97, 100, 101, 1000, 9000} {
		out = append(out,
			Document{fmt.Sprintf("%d arrays", depth), reviewOf(podOf("",
				`,"x":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)))},
			Document{fmt.Sprintf("%d objects", depth), reviewOf(podOf("",
				`,"x":`+strings.Repeat(`{"a":`, depth)+"1"+strings.Repeat("}", depth)))})
	}
	return append(out,
		Document{"20,000 arrays", strings.Repeat("[", 20000)},
		Document{"20,000 objects", strings.Repeat(`{"a":`, 20000)})
}
