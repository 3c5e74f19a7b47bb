package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"spillway.dev/tests/internal/controlplane"
	"spillway.dev/tests/internal/nodes"
	"spillway.dev/tests/internal/spillway"
)

// A recorder is a cluster whose pods the webhook is asked about.
type recorder struct {
	ctx    context.Context
	plane  *controlplane.ControlPlane
	client kubernetes.Interface
	hook   *webhook

	created string          // the manifest that exists now, or ""
	before  map[review]bool // what had arrived when the trigger was pulled
}

// record makes one recording and returns the review.
func (r *recorder) record(recording recording) ([]byte, error) {
	if recording.trigger != nil {
		r.before = r.hook.known()
		if err := recording.trigger(r); err != nil {
			return nil, err
		}
	}
	var body []byte
	err := r.until(recording.take.String()+" did not arrive", func() (bool, error) {
		body = r.hook.find(recording.take, r.before)
		return body != nil, nil
	})
	return body, err
}

// until waits until something holds.
func (r *recorder) until(complaint string, holds func() (bool, error)) error {
	end := time.Now().Add(patience)
	for {
		if ok, err := holds(); ok || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("%s in %v", complaint, patience)
		}
		select {
		case <-r.ctx.Done():
			return errors.New("interrupted")
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// kubectl runs a command that must succeed.
func (r *recorder) kubectl(stdin string, args ...string) error {
	_, _, err := r.plane.Kubectl(stdin, args...)
	return err
}

// prepare makes what the workloads need, and waits until the webhook is asked.
func (r *recorder) prepare() error {
	for _, namespace := range []string{"istio-system", "shop"} {
		if err := r.plane.CreateNamespace(r.ctx, namespace); err != nil {
			return err
		}
	}
	for _, node := range cluster {
		if err := nodes.Create(r.ctx, r.client, node); err != nil {
			return err
		}
	}
	if err := r.hook.register(r.ctx, r.client); err != nil {
		return err
	}
	probe := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "probe"},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "pause"}}}}
	return r.until("the webhook is not asked", func() (bool, error) {
		_, err := r.client.CoreV1().Pods("default").Create(r.ctx, probe,
			metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		return len(r.hook.known()) > 0, err
	})
}

// machine is the node on which pods are pinned.
const machine = "cn-beijing.10.0.0.12"

// cluster is three nodes, none of which takes a pod without being asked to.
var cluster = []nodes.Node{
	tainted(machine, "cn-beijing-h", "mykey", "myvalue"),
	tainted("cn-beijing.10.0.0.13", "cn-beijing-k", "dedicated", "batch"),
	nodes.Virtual("virtual-kubelet-cn-beijing-h", "cn-beijing-k"),
}

func tainted(name, zone, key, value string) nodes.Node {
	node := nodes.ECS(name, zone, "16")
	node.Taints = []corev1.Taint{{Key: key, Value: value,
		Effect: corev1.TaintEffectNoSchedule}}
	return node
}

// manifest returns the path of a workload.
func manifest(name string) string {
	return filepath.Join(spillway.Root(), "tests/e2e/manifests", name+".yaml")
}
