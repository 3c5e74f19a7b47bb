// Package e2e proves what Spillway promises on a real control plane: the
// manifests as they are shipped, the program as it is built, and Kubernetes'
// own API server, controllers and scheduler.
//
// kube-proxy, kubelets and the nodes are the only things that are stood in for
// (see the packages under tests/internal).  All scenarios share one control
// plane, one after the other, and each takes away what it brought.
package e2e

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"

	"spillway.dev/tests/internal/controlplane"
	"spillway.dev/tests/internal/forwarder"
	"spillway.dev/tests/internal/nodes"
	"spillway.dev/tests/internal/spillway"
)

// What every scenario uses.
var (
	plane   *controlplane.ControlPlane
	client  *kubernetes.Clientset
	service *forwarder.Forwarder // what stands for the Service spillway
	shipped *installation
)

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	defer tearDown()
	if err := setUp(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		return 1
	}
	interrupted := context.AfterFunc(ctx, func() {
		tearDown()
		os.Exit(1)
	})
	status := m.Run()
	if !interrupted() {
		select {} // the process is about to end
	}
	return status
}

// setUp brings up the cluster, and installs Spillway as the README says.
func setUp(ctx context.Context) (err error) {
	if _, err = spillway.Run(nil, "--version"); err != nil {
		return err
	}
	plane, err = controlplane.Start(ctx, controlplane.Options{Controllers: true, Scheduler: true})
	if err != nil {
		return err
	}
	client = plane.Client(nil)
	go func() {
		if err := nodes.Run(ctx, client); err != nil {
			fmt.Fprintln(os.Stderr, "e2e: kubelets:", err)
		}
	}()
	for _, namespace := range []string{"istio-system", "shop"} {
		if err = plane.CreateNamespace(ctx, namespace); err != nil {
			return err
		}
	}
	if service, err = forwarder.Start(); err != nil {
		return err
	}
	if shipped, err = install(ctx); err != nil {
		return err
	}
	return awaitWebhook()
}

// awaitWebhook waits until the API server knows of what was installed.
func awaitWebhook() error {
	complaint := poll(func() string {
		a := try(bareGateway(), metav1.DryRunAll)
		if a.mutated() {
			return ""
		}
		return "gateway pods are not mutated: " + describe(a)
	})
	if complaint == "" {
		return nil
	}
	why := linesWith(plane.Log("kube-apiserver"), "gateways.spillway.dev")
	return fmt.Errorf("%s\nkube-apiserver says of the webhook:\n%s", complaint, why)
}

// linesWith returns the last lines of a log that hold a word, at most three.
func linesWith(log, word string) string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, word) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-3):], "")
}

func tearDown() {
	// What loses its connection now need not say so.
	klog.SetLogger(logr.Discard())
	if shipped != nil {
		shipped.stop()
	}
	if service != nil {
		service.Close()
	}
	if plane != nil {
		plane.Stop()
	}
}

// replicas are the servers behind the Service, as a Deployment would keep them.
type replicas []*spillway.Server

func (r replicas) backends() []forwarder.Backend {
	backends := make([]forwarder.Backend, len(r))
	for i, server := range r {
		backends[i] = forwarder.Backend{Addr: server.Addr, Admin: server.Admin}
	}
	return backends
}
