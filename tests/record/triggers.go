package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// A trigger does what makes the API server ask about a pod.
type trigger func(r *recorder) error

// create creates a workload in the place of the one before.  What is left of
// that one is no trouble: the names of its pods have been seen.
func create(name string, flags ...string) trigger {
	return func(r *recorder) error {
		if r.created != "" {
			err := r.kubectl("", "delete", "-f", manifest(r.created), "--wait=false",
				"--ignore-not-found")
			if err != nil {
				return err
			}
		}
		r.created = name
		return r.kubectl("", append([]string{"create", "-f", manifest(name)}, flags...)...)
	}
}

// createDaemonSet opens a node to the pods of a DaemonSet, as long as it takes
// the controller to make one for it.
func createDaemonSet(r *recorder) error {
	if err := r.kubectl("", "taint", "node", machine, "mykey-"); err != nil {
		return err
	}
	if err := create("daemonset")(r); err != nil {
		return err
	}
	err := r.until("no pod was made for "+machine, func() (bool, error) {
		return r.hook.find(pod("edge-nodes-"), r.before) != nil, nil
	})
	if err != nil {
		return err
	}
	return r.kubectl("", "taint", "node", machine, "mykey=myvalue:NoSchedule")
}

// createLiveAndLabel creates a pod, waits until kube-scheduler has looked at
// it, and labels it.
//
// managedFields are in the order of their times, which are seconds, and then
// of the managers: whatever comes after the scheduler comes a second later,
// and a creation that the scheduler saw only in the next second does not count.
func createLiveAndLabel(r *recorder) error {
	for range 20 {
		if err := create("live")(r); err != nil {
			return err
		}
		live, err := r.seenByScheduler("live")
		if err != nil {
			return err
		}
		if ofOneSecond(live) {
			nextSecond()
			return r.kubectl("", "-n", live.Namespace, "label", "pod", "live", "x=y")
		}
		err = r.client.CoreV1().Pods(live.Namespace).Delete(r.ctx, "live",
			metav1.DeleteOptions{GracePeriodSeconds: ptr.To[int64](0)})
		if err != nil {
			return err
		}
	}
	return errors.New("kube-scheduler is too slow for the times to be in order")
}

// seenByScheduler waits until a pod was found unschedulable, and returns it.
func (r *recorder) seenByScheduler(name string) (pod *corev1.Pod, err error) {
	err = r.until("kube-scheduler did not look at "+name, func() (bool, error) {
		pod, err = r.client.CoreV1().Pods("istio-system").
			Get(r.ctx, name, metav1.GetOptions{})
		return err == nil && len(pod.Status.Conditions) > 0, err
	})
	return pod, err
}

// ofOneSecond tells whether all times in a new pod are the same.
func ofOneSecond(pod *corev1.Pod) bool {
	for _, entry := range pod.ManagedFields {
		if !entry.Time.Equal(&pod.CreationTimestamp) {
			return false
		}
	}
	return pod.Status.Conditions[0].LastTransitionTime.Equal(&pod.CreationTimestamp)
}

func nextSecond() {
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
}

// debugLive gives the pod that was labelled an ephemeral container.
func debugLive(r *recorder) error {
	nextSecond()
	return r.kubectl("", "-n", "istio-system", "debug", "live", "--image=busybox")
}

// createLarge creates a pod of 900 environment variables, dense with what JSON
// must escape and with UTF-8 of two, three and four bytes.
func createLarge(r *recorder) error {
	large := &corev1.Pod{
		TypeMeta: metav1.TypeMeta{Kind: "Pod", APIVersion: "v1"},
		ObjectMeta: metav1.ObjectMeta{Name: "large", Namespace: "istio-system",
			Labels: map[string]string{"app": "istio-ingressgateway"}},
		Spec: corev1.PodSpec{AutomountServiceAccountToken: ptr.To(false),
			Containers: []corev1.Container{{Name: "c", Image: "pause"}}},
	}
	for i := range 900 {
		route := corev1.EnvVar{Name: fmt.Sprintf("ROUTE_%d", i),
			Value: fmt.Sprintf("%06d ", i) + strings.Repeat("é中😀\"\\/\n\t", 12)}
		large.Spec.Containers[0].Env = append(large.Spec.Containers[0].Env, route)
	}
	text, err := json.Marshal(large)
	if err != nil {
		return err
	}
	return r.kubectl(string(text), "create", "-f", "-")
}
