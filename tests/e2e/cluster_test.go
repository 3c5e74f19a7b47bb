package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"spillway.dev/tests/internal/nodes"
	"spillway.dev/tests/internal/spillway"
)

// patience is how long the cluster may take for what takes it a second.
const patience = 60 * time.Second

// must fails the test at once for an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// eventually waits until check returns "", or fails with what it said last.
func eventually(t *testing.T, check func() string) {
	t.Helper()
	if complaint := poll(check); complaint != "" {
		t.Fatal(complaint)
	}
}

// poll waits until check returns "", and returns what it said last.
func poll(check func() string) string {
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		complaint := check()
		if complaint == "" {
			return ""
		}
		if time.Now().After(end) {
			return fmt.Sprintf("after %v: %s", patience, complaint)
		}
	}
}

// kubectl runs a command that must succeed.
func kubectl(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, _, err := plane.Kubectl(stdin, args...)
	must(t, err)
	return out
}

// manifest returns the text of a workload in manifests/.
func manifest(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(spillway.Root(), "tests/e2e/manifests", name+".yaml"))
	must(t, err)
	return string(text)
}

// deployment reads one that is a Deployment.
func deployment(t *testing.T, name string) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	must(t, yaml.UnmarshalStrict([]byte(manifest(t, name)), d))
	return d
}

// create creates a Deployment with so many replicas and waits for its pods.
// When the test ends, all of it is gone again.
func create(t *testing.T, d *appsv1.Deployment, replicas int32) []corev1.Pod {
	t.Helper()
	d.Spec.Replicas = ptr.To(replicas)
	_, err := client.AppsV1().Deployments(d.Namespace).
		Create(t.Context(), d, metav1.CreateOptions{})
	must(t, err)
	t.Cleanup(func() { remove(t, "deployment", d.Namespace, d.Name) })
	return podsOf(t, d.Namespace, d.Spec.Selector, int(replicas))
}

// remove deletes a workload and waits until its pods are gone.
func remove(t *testing.T, kind, namespace, name string) {
	t.Helper()
	kubectl(t, "", "-n", namespace, "delete", kind, name, "--cascade=foreground",
		"--ignore-not-found", "--timeout="+patience.String())
}

// podsOf waits until a selector has exactly so many pods.
func podsOf(t *testing.T, namespace string, selector *metav1.LabelSelector, n int) []corev1.Pod {
	t.Helper()
	labels, err := metav1.LabelSelectorAsSelector(selector)
	must(t, err)
	var pods []corev1.Pod
	eventually(t, func() string {
		list, err := client.CoreV1().Pods(namespace).List(t.Context(),
			metav1.ListOptions{LabelSelector: labels.String()})
		must(t, err)
		pods = list.Items
		if len(pods) != n {
			return fmt.Sprintf("%q has %d pods in %s, not %d", labels, len(pods), namespace, n)
		}
		return ""
	})
	return pods
}

// createNodes creates nodes that are gone when the test ends.
func createNodes(t *testing.T, list ...nodes.Node) {
	t.Helper()
	for _, node := range list {
		must(t, nodes.Create(t.Context(), client, node))
		t.Cleanup(func() {
			must(t, nodes.Delete(context.Background(), client, node.Name))
		})
	}
}

// wantTolerations checks that a pod has those that every pod gets (two, for
// nodes that are not ready or unreachable), and then these.
func wantTolerations(t *testing.T, pod *corev1.Pod, wanted []corev1.Toleration) {
	t.Helper()
	var got []corev1.Toleration
	for _, toleration := range pod.Spec.Tolerations {
		if !strings.HasPrefix(toleration.Key, "node.kubernetes.io/") {
			got = append(got, toleration)
		}
	}
	if !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s tolerates %+v, not %+v", pod.Name, got, wanted)
	}
}

// wantAffinity checks the whole affinity of a pod.
func wantAffinity(t *testing.T, pod *corev1.Pod, wanted *corev1.Affinity) {
	t.Helper()
	if !reflect.DeepEqual(pod.Spec.Affinity, wanted) {
		t.Errorf("%s has\n%snot\n%s", pod.Name, text(pod.Spec.Affinity), text(wanted))
	}
}

func text(value any) string {
	out, err := yaml.Marshal(value)
	if err != nil {
		return err.Error()
	}
	return string(out)
}

// count reads a metric of the replicas.
func count(t *testing.T, name string, labels ...string) float64 {
	t.Helper()
	n, err := shipped.count(name, labels...)
	must(t, err)
	return n
}
