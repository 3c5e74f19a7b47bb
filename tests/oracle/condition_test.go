// condition_test.go - the matchCondition of `manifest webhook`, evaluated by the
// code with which kube-apiserver does it, against the own reading of the policy.

package oracle

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"
	celplugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/client-go/kubernetes/scheme"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/spillway"
)

const (
	conditionFiles = 30
	conditionPods  = 200 // for each
)

var interfaces = admission.NewObjectInterfacesFromScheme(scheme.Scheme)

// conditionOf compiles the matchConditions that the program prints for a policy.
func conditionOf(path string) (matchconditions.Matcher, error) {
	out, err := spillway.Run(nil, "manifest", "webhook", "--policy", path)
	if err != nil {
		return nil, err
	}
	var configuration admissionregistrationv1.MutatingWebhookConfiguration
	if err := yaml.UnmarshalStrict(out, &configuration); err != nil {
		return nil, err
	}
	hook := configuration.Webhooks[0]
	var conditions []celplugin.ExpressionAccessor
	for _, c := range hook.MatchConditions {
		condition := matchconditions.MatchCondition(c)
		conditions = append(conditions, &condition)
	}
	compiler := celplugin.NewConditionCompiler(environment.MustBaseEnvSet(
		environment.DefaultCompatibilityVersion()))
	fail := admissionregistrationv1.Fail // or an error would look like false
	return matchconditions.NewMatcher(compiler.CompileCondition(conditions,
		celplugin.OptionalVariableDeclarations{HasAuthorizer: true},
		environment.StoredExpressions), &fail, "webhook", "admit", hook.Name), nil
}

// isSent evaluates them for the creation of a pod.
func isSent(matcher matchconditions.Matcher, namespace string, pod *corev1.Pod) (
	bool, error) {
	kind := schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	attributes, err := admission.NewVersionedAttributes(
		admission.NewAttributesRecord(pod, nil, kind, namespace, pod.Name,
			schema.GroupVersionResource{Version: "v1", Resource: "pods"}, "",
			admission.Create, &metav1.CreateOptions{}, false, nil),
		kind, interfaces)
	if err != nil {
		return false, err
	}
	result := matcher.Match(context.Background(), attributes, nil, nil)
	return result.Matches, result.Error
}

// TestConditionHoldsForThePodsThatAPolicyMatches: kube-apiserver sends exactly
// the pods that some policy is for.
func TestConditionHoldsForThePodsThatAPolicyMatches(t *testing.T) {
	r := newRun(t)
	dir := t.TempDir()
	sent, kept := 0, 0
	for index := range conditionFiles {
		g := &generator{r: newRand(r.seed, 1<<41+index<<20),
			namespaces: append(namespaces, "*")}
		text := g.writePolicy(g.policyFile(fmt.Sprintf("c%d", index)))
		policies, matcher := readBoth(t, dir, text)
		g.policies = policies
		for range conditionPods {
			namespace, pod := g.namespace(), &corev1.Pod{}
			review := g.write(g.pod(namespace))
			err := kjson.UnmarshalCaseSensitivePreserveInts(review, pod)
			if err != nil {
				t.Fatal(err)
			}
			want := firstMatch(policies, namespace, pod) != nil
			seen, err := isSent(matcher, namespace, pod)
			if err != nil || seen != want {
				t.Fatalf("in %s: wanted %v, seen %v, %v\n%s\n%s", namespace,
					want, seen, err, review, text)
			}
			if sent++; !seen {
				sent, kept = sent-1, kept+1
			}
		}
	}
	t.Logf("%d policy files: %d pods sent, %d not", conditionFiles, sent, kept)
}

// readBoth reads a policy file here and has it compiled by the program.
func readBoth(t *testing.T, dir string, text []byte) ([]Policy, matchconditions.Matcher) {
	t.Helper()
	path := filepath.Join(dir, "policy.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	policies, err := ReadPolicies(text)
	if err != nil {
		t.Fatal(err)
	}
	matcher, err := conditionOf(path)
	if err != nil {
		t.Fatal(err)
	}
	return policies, matcher
}
