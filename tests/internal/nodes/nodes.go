// Package nodes makes Node objects that stand for a cluster's machines, and
// does for their pods what kubelets would: they become ready, and are gone when
// they are deleted.  Nothing runs.
package nodes

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	toolswatch "k8s.io/client-go/tools/watch"
	"k8s.io/utils/ptr"
)

// A Node is what a test says about a machine.
type Node struct {
	Name   string
	Zone   string
	CPU    string // allocatable, as a Kubernetes quantity
	Labels map[string]string
	Taints []corev1.Taint
}

// ECS returns an ordinary machine, in the labels of its making.
func ECS(name, zone, cpu string) Node {
	return Node{Name: name, Zone: zone, CPU: cpu}
}

// Virtual returns a virtual node of Alibaba Cloud, through which pods run on
// ECI, with the label and the taint that it registers with.
func Virtual(name, zone string) Node {
	return Node{Name: name, Zone: zone, CPU: "1000",
		Labels: map[string]string{"type": "virtual-kubelet"},
		Taints: []corev1.Taint{{Key: "virtual-kubelet.io/provider",
			Value: "alibabacloud", Effect: corev1.TaintEffectNoSchedule}}}
}

// Create creates the Node object, ready for pods.
func Create(ctx context.Context, client kubernetes.Interface, n Node) error {
	capacity := corev1.ResourceList{
		corev1.ResourceCPU:    resource.MustParse(n.CPU),
		corev1.ResourceMemory: resource.MustParse("1Ti"),
		corev1.ResourcePods:   resource.MustParse("5000"),
	}
	labels := map[string]string{
		corev1.LabelHostname:       n.Name,
		corev1.LabelArchStable:     "amd64",
		corev1.LabelOSStable:       "linux",
		corev1.LabelTopologyZone:   n.Zone,
		corev1.LabelTopologyRegion: "cn-beijing",
	}
	for key, value := range n.Labels {
		labels[key] = value
	}
	return Register(ctx, client, &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: n.Name, Labels: labels},
		Spec:       corev1.NodeSpec{Taints: n.Taints},
		Status:     corev1.NodeStatus{Capacity: capacity, Allocatable: capacity},
	})
}

// Register creates a Node object as it is, but ready for pods.
func Register(ctx context.Context, client kubernetes.Interface, node *corev1.Node) error {
	node = node.DeepCopy()
	node.Status.Conditions = []corev1.NodeCondition{{Type: corev1.NodeReady,
		Status: corev1.ConditionTrue, Reason: "KubeletReady"}}
	created, err := client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	// The API server taints each new node as not ready, until its kubelet
	// and the node lifecycle controller have met.
	created.Spec.Taints = node.Spec.Taints
	_, err = client.CoreV1().Nodes().Update(ctx, created, metav1.UpdateOptions{})
	return err
}

// Delete deletes the Node object.
func Delete(ctx context.Context, client kubernetes.Interface, name string) error {
	return client.CoreV1().Nodes().Delete(ctx, name, metav1.DeleteOptions{})
}

// Run stands for the kubelets of all nodes until ctx ends.
func Run(ctx context.Context, client kubernetes.Interface) error {
	pods := client.CoreV1().Pods(metav1.NamespaceAll)
	lister := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return pods.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			return pods.Watch(ctx, o)
		},
	}
	_, err := toolswatch.UntilWithSync(ctx, lister, &corev1.Pod{}, nil,
		func(event watch.Event) (bool, error) {
			if pod, ok := event.Object.(*corev1.Pod); ok && event.Type != watch.Deleted {
				live(ctx, client, pod)
			}
			return false, nil
		})
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// live does the next thing that a kubelet would do with a pod of its node.
// What fails is tried again at the next event.
func live(ctx context.Context, client kubernetes.Interface, pod *corev1.Pod) {
	pods := client.CoreV1().Pods(pod.Namespace)
	switch {
	case pod.Spec.NodeName == "":
	case pod.DeletionTimestamp != nil:
		_ = pods.Delete(ctx, pod.Name, metav1.DeleteOptions{
			GracePeriodSeconds: ptr.To[int64](0),
			Preconditions:      &metav1.Preconditions{UID: &pod.UID}})
	case pod.Status.Phase == corev1.PodPending:
		now := metav1.NewTime(time.Now())
		pod = pod.DeepCopy()
		pod.Status.Phase = corev1.PodRunning
		pod.Status.StartTime = &now
		pod.Status.Conditions = append(pod.Status.Conditions, corev1.PodCondition{
			Type: corev1.PodReady, Status: corev1.ConditionTrue,
			LastTransitionTime: now})
		_, _ = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
	}
}
