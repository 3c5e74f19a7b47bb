// judge.go - what is asked of every answer: that kube-apiserver takes it, that
// its patch applies with the library that kube-apiserver applies it with, that
// the decision is the one that the policy calls for, and that a second call
// changes nothing.

package oracle

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	admissionv1 "k8s.io/api/admission/v1"
	admissionv1beta1 "k8s.io/api/admission/v1beta1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	webhookrequest "k8s.io/apiserver/pkg/admission/plugin/webhook/request"
	kjson "sigs.k8s.io/json"
)

// An Asker sends a review and returns status and body of the answer.
type Asker func(review []byte) (int, []byte, error)

// A Judge knows a policy file, and nodes to try its pods on.
type Judge struct {
	Policies []Policy
	Nodes    []*corev1.Node
	Ask      Asker
}

// A Broken law is what a Judge returns for an answer that is wrong.
type Broken struct {
	Law  string // a short name, the same for the same defect
	Text string
}

func (b *Broken) Error() string { return b.Law + ": " + b.Text }

func broken(law, format string, args ...any) error {
	return &Broken{law, fmt.Sprintf(format, args...)}
}

// An Outcome says what was decided, in the program's words.  An answer that
// changes nothing gives no reason: it is told from the warnings then.
type Outcome struct {
	Decision, Reason, Policy string
	Patched                  []byte // the whole review with the pod that results
}

// A trial is one review, its answer, and what came of it.
type trial struct {
	request *admissionv1.AdmissionRequest
	pod     *corev1.Pod // as it was received
	answer  *webhookrequest.AdmissionResponse
	result  *corev1.Pod
	policy  *Policy
	guard   string
	reason  string

	before, after any // the pod's JSON, taken apart
	afterText     []byte
}

// Judge sends a review and holds the answer against every law.
func (j *Judge) Judge(review []byte) (*Outcome, error) {
	t, err := decodeReview(review)
	if err != nil {
		return nil, err
	}
	t.policy, t.guard = expect(j.Policies, t.request, t.pod)
	if t.answer, err = j.askFor(review, t.request); err != nil {
		return nil, err
	}
	outcome, err := t.decision()
	if err != nil {
		return nil, err
	}
	if err := t.apply(); err != nil {
		return nil, err
	}
	if outcome.Decision == "mutated" || outcome.Decision == "unchanged" {
		if err := j.judgePod(t); err != nil {
			return nil, err
		}
	}
	if len(t.answer.Patch) > 0 {
		outcome.Patched, err = replacePod(review, t.afterText)
		if err == nil {
			err = j.judgeSecond(outcome.Patched, t.request)
		}
	}
	return outcome, err
}

// decodeReview reads a review as Go does.
func decodeReview(review []byte) (*trial, error) {
	var whole admissionv1.AdmissionReview

	if err := kjson.UnmarshalCaseSensitivePreserveInts(review, &whole); err != nil {
		return nil, fmt.Errorf("the review: %w", err)
	}
	t := &trial{request: whole.Request, pod: &corev1.Pod{}}
	if t.request == nil {
		return nil, fmt.Errorf("the review has no request")
	}
	raw := t.request.Object.Raw
	if len(raw) == 0 || string(raw) == "null" || t.request.Kind != podKind {
		return t, nil
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(raw, t.pod); err != nil {
		return nil, fmt.Errorf("the pod: %w", err)
	}
	var err error
	t.before, err = decodeTree(raw)
	return t, err
}

// askFor asks, and has the answer verified as kube-apiserver does.
func (j *Judge) askFor(review []byte, request *admissionv1.AdmissionRequest) (
	*webhookrequest.AdmissionResponse, error) {
	status, body, err := j.Ask(review)
	if err != nil {
		return nil, err
	}
	if status != 200 {
		return nil, broken("accepts", "HTTP %d: %s", status, body)
	}
	var into runtime.Object = &admissionv1.AdmissionReview{}
	tree, err := decodeTree(review)
	if err != nil {
		return nil, err
	}
	if at(tree, "apiVersion") == "admission.k8s.io/v1beta1" {
		into = &admissionv1beta1.AdmissionReview{}
	}
	strict, err := kjson.UnmarshalStrict(body, into)
	if err != nil || len(strict) > 0 {
		return nil, broken("answer", "%v %v: %s", err, strict, body)
	}
	answer, err := webhookrequest.VerifyAdmissionResponse(request.UID, true, into)
	if err != nil {
		return nil, broken("answer", "%v: %s", err, body)
	}
	if !answer.Allowed {
		return nil, broken("answer", "not allowed: %s", body)
	}
	return answer, checkWarnings(answer.Warnings)
}

func checkWarnings(warnings []string) error {
	for _, text := range warnings {
		if !utf8.ValidString(text) || utf8.RuneCountInString(text) > 120 ||
			strings.ContainsFunc(text, unicode.IsControl) {
			return broken("warnings", "%q", text)
		}
	}
	return nil
}

// decision compares what was decided with what the policy calls for.
func (t *trial) decision() (*Outcome, error) {
	seen := &Outcome{Decision: t.answer.AuditAnnotations["decision"],
		Reason: t.answer.AuditAnnotations["reason"],
		Policy: t.answer.AuditAnnotations["policy"]}
	if seen.Decision == "" {
		seen.Decision = "unchanged"
	}
	name := ""
	if t.policy != nil {
		name = t.policy.Name
	}
	if seen.Policy != name {
		return nil, broken("policy", "wanted %q, seen %q", name, seen.Policy)
	}
	wanted := t.wantedDecisions()
	if !strings.Contains(wanted, seen.Decision+" "+seen.Reason+";") {
		return nil, broken("decision", "wanted one of %q, seen %q", wanted,
			seen.Decision+" "+seen.Reason)
	}
	if (seen.Decision == "mutated") != (len(t.answer.Patch) > 0) {
		return nil, broken("decision", "%q with the patch %s", seen.Decision,
			t.answer.Patch)
	}
	t.reason = seen.Reason
	if t.reason == "" && t.guard == "daemonset" {
		t.reason = t.guard
	}
	if t.reason == "" && t.mayFail() != "" && t.warnsOf(t.mayFail()) {
		t.reason = t.mayFail()
	}
	seen.Reason = t.reason
	return seen, nil
}

// wantedDecisions lists every "decision reason;" that could be right.
func (t *trial) wantedDecisions() string {
	if t.policy == nil || t.guard != "" && t.guard != "daemonset" {
		return "skipped " + t.guard + ";"
	}
	changed, reason := "mutated", "applied"
	if t.policy.Mode == "shadow" {
		changed = "shadowed"
	}
	if t.guard != "" {
		reason = t.guard
	} else if failure := t.mayFail(); failure == "no-feasible-term" {
		reason = failure
	} else if failure != "" {
		reason += ";" + changed + " " + failure
	}
	return "unchanged ;" + changed + " " + reason + ";"
}

// apply applies the patch as kube-apiserver does (webhook/mutating/dispatcher.go).
func (t *trial) apply() error {
	t.after, t.afterText, t.result = t.before, t.request.Object.Raw, t.pod
	if len(t.answer.Patch) == 0 {
		return nil
	}
	patch, err := jsonpatch.DecodePatch(t.answer.Patch)
	if err != nil {
		return broken("patch", "%v: %s", err, t.answer.Patch)
	}
	if t.afterText, err = patch.Apply(t.request.Object.Raw); err != nil {
		return broken("patch", "%v: %s", err, t.answer.Patch)
	}
	t.result = &corev1.Pod{}
	err = kjson.UnmarshalCaseSensitivePreserveInts(t.afterText, t.result)
	if err != nil {
		return broken("patch", "the result: %v: %s", err, t.answer.Patch)
	}
	if t.after, err = decodeTree(t.afterText); err != nil {
		return broken("patch", "the result: %v", err)
	}
	return t.staysStrict()
}

// staysStrict: what Kubernetes knew all members of, it still does.
func (t *trial) staysStrict() error {
	found, err := kjson.UnmarshalStrict(t.request.Object.Raw, &corev1.Pod{})
	if err != nil || len(found) > 0 {
		return nil
	}
	found, err = kjson.UnmarshalStrict(t.afterText, &corev1.Pod{})
	if err != nil || len(found) > 0 {
		return broken("strict", "%v %v: %s", err, found, t.answer.Patch)
	}
	return nil
}

// judgePod holds the pod that results against the laws of the merge.
func (j *Judge) judgePod(t *trial) error {
	for _, law := range []func(*trial) error{j.judgeRest, j.judgeTolerations,
		j.judgeNodes, j.judgePreferences, j.judgeSpread} {
		if err := law(t); err != nil {
			return err
		}
	}
	return nil
}

// judgeSecond: asked again about the pod that results, there is nothing to do.
func (j *Judge) judgeSecond(review []byte,
	request *admissionv1.AdmissionRequest) error {
	answer, err := j.askFor(review, request)
	if err != nil {
		return err
	}
	if len(answer.Patch) > 0 {
		return broken("second", "a second call patches again: %s", answer.Patch)
	}
	return nil
}

// replacePod returns the review with another pod in it.
func replacePod(review, pod []byte) ([]byte, error) {
	var whole, request map[string]json.RawMessage

	if err := json.Unmarshal(review, &whole); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(whole["request"], &request); err != nil {
		return nil, err
	}
	request["object"] = pod
	whole["request"] = mustEncode(request)
	return json.Marshal(whole)
}

// judgeRest: nothing differs but tolerations, node affinity and constraints on
// spreading, which have laws of their own, and of that only what is merged.
func (j *Judge) judgeRest(t *trial) error {
	before, after := untouchable(t.before), untouchable(t.after)
	if !reflect.DeepEqual(before, after) {
		return broken("rest", "was %s, became %s", mustEncode(before),
			mustEncode(after))
	}
	return nil
}
