// Command podcreate says how long the creation of a pod takes at a real API
// server: without a webhook, with one that returns a fixed patch, with
// Spillway, and with a MutatingAdmissionPolicy that does the same in the API
// server itself.
//
// podcreate BUILD ROUNDS PODS prints JSON: for p50 and p99, and for each way,
// microseconds round by round.  In a round each way gets so many pods, one of
// each in turn.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/controlplane"
	"spillway.dev/tests/internal/spillway"
)

const nullPort = "18546"

// The ways, each with a namespace of its name.
var ways = []string{"none", "null", "spillway", "policy"}

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "podcreate:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	if len(os.Args) != 4 {
		return fmt.Errorf("usage: podcreate BUILD ROUNDS PODS")
	}
	rounds, err := strconv.Atoi(os.Args[2])
	if err != nil {
		return err
	}
	pods, err := strconv.Atoi(os.Args[3])
	if err != nil {
		return err
	}
	plane, err := controlplane.Start(ctx, controlplane.Options{})
	if err != nil {
		return err
	}
	defer plane.Stop()
	config := rest.CopyConfig(plane.Config)
	config.QPS = -1
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	for _, way := range ways {
		if err := plane.CreateNamespace(ctx, way); err != nil {
			return err
		}
	}
	stop, err := register(ctx, client, plane.Dir, os.Args[1])
	if err != nil {
		return err
	}
	defer stop()
	if err := await(ctx, client); err != nil {
		return err
	}
	return measure(ctx, client, rounds, pods)
}

// register starts the servers and tells the API server of them, and of the
// policy.
func register(ctx context.Context, client kubernetes.Interface, dir, build string) (func(), error) {
	certs := filepath.Join(dir, "bench")
	if err := os.Mkdir(certs, 0o700); err != nil {
		return nil, err
	}
	if err := spillway.IssueCertificates(certs); err != nil {
		return nil, err
	}
	policy, err := everywhere(dir)
	if err != nil {
		return nil, err
	}
	server, err := spillway.Start(certs, "--policy", policy, "--threads", "1")
	if err != nil {
		return nil, err
	}
	null, err := startNull(certs, build)
	if err != nil {
		server.Kill()
		return nil, err
	}
	stop := func() {
		server.Kill()
		_ = null.Process.Kill()
		_ = null.Wait()
	}
	ca, err := os.ReadFile(filepath.Join(certs, "ca.crt"))
	if err != nil {
		return stop, err
	}
	for way, addr := range map[string]string{"null": "127.0.0.1:" + nullPort, "spillway": server.Addr} {
		_, err := client.AdmissionregistrationV1().MutatingWebhookConfigurations().
			Create(ctx, configuration(way, addr, ca), metav1.CreateOptions{})
		if err != nil {
			return stop, err
		}
	}
	return stop, registerPolicy(ctx, client)
}

// everywhere writes the built-in policy for all namespaces.
func everywhere(dir string) (string, error) {
	text, err := spillway.Run(nil, "manifest", "policy", "--bare")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bench-policy.yaml")
	changed := strings.Replace(string(text), "[istio-system]", `["*"]`, 1)
	if changed == string(text) {
		return "", fmt.Errorf("the built-in policy has no namespaces: [istio-system]")
	}
	return path, os.WriteFile(path, []byte(changed), 0o600)
}

// startNull starts the server that returns Spillway's patch whatever comes.
func startNull(certs, build string) (*exec.Cmd, error) {
	answer, err := spillway.Run(nil, "mutate", "-o", "response",
		filepath.Join(spillway.Root(), "tests/golden/ingressgateway/review.json"))
	if err != nil {
		return nil, err
	}
	path := filepath.Join(certs, "answer.json")
	if err := os.WriteFile(path, answer, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(filepath.Join(build, "tests/bench/null"), nullPort, "1",
		filepath.Join(certs, "tls.crt"), filepath.Join(certs, "tls.key"), path, "echo")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, err
	}
	return cmd, cmd.Start()
}

func inNamespace(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: name}}
}

func configuration(way, addr string, ca []byte) *admissionregistrationv1.MutatingWebhookConfiguration {
	return &admissionregistrationv1.MutatingWebhookConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: way},
		Webhooks: []admissionregistrationv1.MutatingWebhook{{
			Name: way + ".bench.spillway.dev",
			ClientConfig: admissionregistrationv1.WebhookClientConfig{
				URL: ptr.To("https://" + addr + "/mutate"), CABundle: ca},
			Rules: []admissionregistrationv1.RuleWithOperations{{
				Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
				Rule: admissionregistrationv1.Rule{APIGroups: []string{""},
					APIVersions: []string{"v1"}, Resources: []string{"pods"}},
			}},
			NamespaceSelector:       inNamespace(way),
			FailurePolicy:           ptr.To(admissionregistrationv1.Fail),
			SideEffects:             ptr.To(admissionregistrationv1.SideEffectClassNone),
			ReinvocationPolicy:      ptr.To(admissionregistrationv1.NeverReinvocationPolicy),
			AdmissionReviewVersions: []string{"v1"},
			TimeoutSeconds:          ptr.To[int32](10),
		}},
	}
}

// The same patch, fixed, as an expression.
const patch = `[
  JSONPatch{op: "add", path: "/spec/tolerations/-", value: Object.spec.tolerations{
    key: "mykey", operator: "Equal", value: "myvalue", effect: "NoSchedule"}},
  JSONPatch{op: "add", path: "/spec/tolerations/-", value: Object.spec.tolerations{
    key: "virtual-kubelet.io/provider", operator: "Equal", value: "alibabacloud", effect: "NoSchedule"}},
  JSONPatch{op: "add", path: "/spec/affinity", value: Object.spec.affinity{
    nodeAffinity: Object.spec.affinity.nodeAffinity{
      requiredDuringSchedulingIgnoredDuringExecution:
        Object.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution{
          nodeSelectorTerms: [
            Object.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms{
              matchExpressions: [Object.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchExpressions{
                key: "mykey4pod", operator: "In", values: ["asmgateway"]}]},
            Object.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms{
              matchExpressions: [Object.spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.matchExpressions{
                key: "type", operator: "In", values: ["virtual-kubelet"]}]}]}}}}
]`

func registerPolicy(ctx context.Context, client kubernetes.Interface) error {
	admission := client.AdmissionregistrationV1()
	_, err := admission.MutatingAdmissionPolicies().Create(ctx,
		&admissionregistrationv1.MutatingAdmissionPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: "bench"},
			Spec: admissionregistrationv1.MutatingAdmissionPolicySpec{
				MatchConstraints: &admissionregistrationv1.MatchResources{
					NamespaceSelector: inNamespace("policy"),
					ResourceRules: []admissionregistrationv1.NamedRuleWithOperations{{
						RuleWithOperations: admissionregistrationv1.RuleWithOperations{
							Operations: []admissionregistrationv1.OperationType{admissionregistrationv1.Create},
							Rule: admissionregistrationv1.Rule{APIGroups: []string{""},
								APIVersions: []string{"v1"}, Resources: []string{"pods"}},
						}}},
				},
				FailurePolicy:      ptr.To(admissionregistrationv1.Fail),
				ReinvocationPolicy: admissionregistrationv1.NeverReinvocationPolicy,
				Mutations: []admissionregistrationv1.Mutation{{
					PatchType: admissionregistrationv1.PatchTypeJSONPatch,
					JSONPatch: &admissionregistrationv1.JSONPatch{Expression: patch}}},
			}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = admission.MutatingAdmissionPolicyBindings().Create(ctx,
		&admissionregistrationv1.MutatingAdmissionPolicyBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "bench"},
			Spec:       admissionregistrationv1.MutatingAdmissionPolicyBindingSpec{PolicyName: "bench"},
		}, metav1.CreateOptions{})
	return err
}

// gatewayPod returns the pod template of the ingress gateway, as a pod.
func gatewayPod(way string) (*corev1.Pod, error) {
	text, err := os.ReadFile(filepath.Join(spillway.Root(), "tests/golden/ingressgateway/review.json"))
	if err != nil {
		return nil, err
	}
	var review struct {
		Request struct {
			Object corev1.Pod
		}
	}
	if err := yaml.Unmarshal(text, &review); err != nil {
		return nil, err
	}
	pod := &review.Request.Object
	pod.ObjectMeta = metav1.ObjectMeta{GenerateName: "gateway-", Namespace: way,
		Labels: pod.Labels, Annotations: pod.Annotations}
	pod.Spec.Tolerations = nil
	return pod, nil
}

// create creates one pod and says how long that took.
func create(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) (*corev1.Pod, time.Duration, error) {
	start := time.Now()
	made, err := client.CoreV1().Pods(pod.Namespace).Create(ctx, pod, metav1.CreateOptions{})
	return made, time.Since(start), err
}

// await waits until each way changes pods as it should.
func await(ctx context.Context, client kubernetes.Interface) error {
	for _, way := range ways {
		pod, err := gatewayPod(way)
		if err != nil {
			return err
		}
		for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			made, _, err := create(ctx, client, pod)
			if err == nil && (made.Spec.Affinity != nil) == (way != "none") {
				break
			}
			if time.Now().After(end) {
				return fmt.Errorf("%s does not change pods as it should: %v", way, err)
			}
		}
	}
	return nil
}

func measure(ctx context.Context, client kubernetes.Interface, rounds, n int) error {
	found := map[string]map[string][]float64{"p50": {}, "p99": {}}
	for range rounds {
		took := map[string][]time.Duration{}
		for range n {
			for _, way := range ways {
				pod, err := gatewayPod(way)
				if err != nil {
					return err
				}
				_, elapsed, err := create(ctx, client, pod)
				if err != nil {
					return err
				}
				took[way] = append(took[way], elapsed)
			}
		}
		for _, way := range ways {
			slices.Sort(took[way])
			for name, share := range map[string]float64{"p50": 0.5, "p99": 0.99} {
				at := took[way][int(share*float64(n-1))]
				found[name][way] = append(found[name][way], float64(at.Nanoseconds())/1000)
			}
			err := client.CoreV1().Pods(way).DeleteCollection(ctx,
				metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)}, metav1.ListOptions{})
			if err != nil {
				return err
			}
		}
	}
	return json.NewEncoder(os.Stdout).Encode(found)
}
