package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// startTimeout is how long a part may take until it answers.
const startTimeout = 2 * time.Minute

// A process is a part that envtest does not know.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// spawn starts a part and leaves it running; its log is Dir/NAME.log.
func (c *ControlPlane) spawn(name string, args ...string) (*process, error) {
	log, err := c.openLog(name)
	if err != nil {
		return nil, err
	}
	p := &process{
		name: name,
		cmd:  exec.Command(filepath.Join(c.assets, name), args...),
		done: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.done)
	}()
	c.extra = append(c.extra, p)
	return p, nil
}

func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// waitFor waits until a part does what it is there for.
func (c *ControlPlane) waitFor(ctx context.Context, p *process, works func() bool) error {
	end := time.Now().Add(startTimeout)
	for !works() {
		problem := error(nil)
		select {
		case <-ctx.Done():
			problem = ctx.Err()
		case <-p.done:
			problem = errors.New("has ended")
		case <-time.After(50 * time.Millisecond):
			if time.Now().After(end) {
				problem = errors.New("does not come up")
			}
		}
		if problem != nil {
			return fmt.Errorf("%s: %w; the last lines of its log:\n%s",
				p.name, problem, lastLines(c.Log(p.name), 5))
		}
	}
	return nil
}

// mortal writes a script that runs a part of envtest's so that it ends with
// this process, however that ends, and returns its path.
func (c *ControlPlane) mortal(name string) (string, error) {
	script := filepath.Join(c.Dir, "bin", name)
	text := fmt.Sprintf("#!/bin/sh\nexec setpriv --pdeathsig KILL -- '%s' \"$@\"\n",
		filepath.Join(c.assets, name))
	return script, os.WriteFile(script, []byte(text), 0o700)
}

// controllers are those that make, place and clean up pods, and those that
// admission needs.
const controllers = "deployment-controller,replicaset-controller,daemonset-controller," +
	"statefulset-controller,job-controller,cronjob-controller," +
	"serviceaccount-controller,namespace-controller,garbage-collector-controller," +
	"resourcequota-controller,disruption-controller," +
	"validatingadmissionpolicy-status-controller"

func (c *ControlPlane) startControllers(ctx context.Context) error {
	p, err := c.spawn("kube-controller-manager", "--kubeconfig", c.Kubeconfig,
		"--secure-port=0", "--leader-elect=false", "--controllers="+controllers,
		"--use-service-account-credentials",
		"--kube-api-qps=500", "--kube-api-burst=500")
	if err != nil {
		return err
	}
	return c.waitFor(ctx, p, func() bool {
		_, err := c.Client(nil).CoreV1().ServiceAccounts("default").
			Get(ctx, "default", metav1.GetOptions{})
		return err == nil
	})
}

const schedulerConfiguration = `apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection:
  kubeconfig: %q
  qps: 500
  burst: 500
leaderElection:
  leaderElect: false
profiles:
- schedulerName: default-scheduler
- schedulerName: %s
  pluginConfig:
  - name: PodTopologySpread
    args:
      defaultingType: List
      defaultConstraints: []
- schedulerName: %s
  pluginConfig:
  - name: NodeResourcesFit
    args:
      scoringStrategy:
        type: MostAllocated
        resources: [{name: cpu, weight: 1}, {name: memory, weight: 1}]
- schedulerName: %s
  plugins:
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeAffinity, weight: 1}]
`

// What the scheduler is to log in detail: how it scores nodes, which taint keeps
// a pod away, and what it has heard of.
const schedulerDetails = "schedule_one=10,taint_toleration=4,eventhandlers=4"

func (c *ControlPlane) startScheduler(ctx context.Context) error {
	kubeconfig, err := c.writeKubeconfig("system:kube-scheduler")
	if err != nil {
		return err
	}
	path := filepath.Join(c.Dir, "scheduler.yaml")
	text := fmt.Sprintf(schedulerConfiguration, kubeconfig, WithoutSpreading, MostAllocated,
		NodeAffinityAlone)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	p, err := c.spawn("kube-scheduler", "--config", path, "--secure-port=0", "--v=2",
		"--vmodule="+schedulerDetails)
	if err != nil {
		return err
	}
	return c.waitFor(ctx, p, func() bool {
		return strings.Contains(c.Log(p.name), "Caches populated")
	})
}
