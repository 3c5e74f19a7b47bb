// Package controlplane runs a real Kubernetes control plane on loopback: etcd
// and kube-apiserver by controller-runtime's envtest, kube-controller-manager
// and kube-scheduler beside them.  There are no kubelets: nodes are objects.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Scheduler profiles beside the default one.
const (
	// Without kube-scheduler's built-in default spreading.
	WithoutSpreading = "without-default-spreading"
	// With nodes preferred that are fuller, and not emptier.
	MostAllocated = "most-allocated"
	// With no say for anything but node affinity.
	NodeAffinityAlone = "node-affinity-alone"
)

// Options say what runs beside etcd and kube-apiserver.
type Options struct {
	Controllers bool // kube-controller-manager, without the node lifecycle
	Scheduler   bool // kube-scheduler, with four profiles
}

// A ControlPlane is one that runs.
type ControlPlane struct {
	Config     *rest.Config // of a cluster administrator
	Kubeconfig string       // a file that says the same
	Dir        string       // logs, certificates and data; gone after Stop
	WebhookCA  string       // a file with the CA of what is shown to webhooks

	assets string
	env    *envtest.Environment
	extra  []*process
	logs   []*os.File
}

// Start starts a control plane and waits until it answers.  When it does not
// come up, the error says which part, with the last lines of its log, and
// nothing is left running; likewise when ctx ends first.
func Start(ctx context.Context, options Options) (*ControlPlane, error) {
	assets, err := findAssets()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "controlplane-")
	if err != nil {
		return nil, err
	}
	c := &ControlPlane{assets: assets, Dir: dir}
	if err := c.start(ctx, options); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *ControlPlane) start(ctx context.Context, options Options) error {
	if err := c.startAPIServer(); err != nil {
		return err
	}
	var err error
	if c.Kubeconfig, err = c.writeKubeconfig("admin", "system:masters"); err != nil {
		return err
	}
	if options.Controllers {
		if err := c.startControllers(ctx); err != nil {
			return err
		}
	}
	if options.Scheduler {
		return c.startScheduler(ctx)
	}
	return nil
}

// Stop ends every process and removes what they wrote.
func (c *ControlPlane) Stop() {
	for _, p := range c.extra {
		p.kill()
	}
	if c.env != nil {
		// The API server takes a minute to say goodbye; envtest kills
		// it at once, and calls that an error.
		_ = c.env.Stop()
	}
	for _, log := range c.logs {
		_ = log.Close()
	}
	_ = os.RemoveAll(c.Dir)
}

// Log returns what a part ("kube-apiserver", "kube-scheduler") has logged.
func (c *ControlPlane) Log(name string) string {
	text, _ := os.ReadFile(filepath.Join(c.Dir, name+".log"))
	return string(text)
}

// startAPIServer starts etcd and kube-apiserver.
func (c *ControlPlane) startAPIServer() error {
	if err := os.Mkdir(filepath.Join(c.Dir, "bin"), 0o700); err != nil {
		return err
	}
	etcd, apiserver := &envtest.Etcd{}, &envtest.APIServer{}
	for _, part := range []struct {
		name string
		path *string
	}{{"etcd", &etcd.Path}, {"kube-apiserver", &apiserver.Path}} {
		path, err := c.mortal(part.name)
		if err != nil {
			return err
		}
		*part.path = path
	}
	if err := c.configure(etcd, apiserver); err != nil {
		return err
	}
	c.env = &envtest.Environment{
		ControlPlane:             envtest.ControlPlane{APIServer: apiserver, Etcd: etcd},
		UseExistingCluster:       ptr.To(false),
		BinaryAssetsDirectory:    c.assets,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  time.Millisecond,
	}
	config, err := c.env.Start()
	if err != nil {
		return c.explain(err)
	}
	// The tests ask faster than a client usually may.
	config.QPS, config.Burst = 1000, 1000
	c.Config = config
	return nil
}

// configure sets where the parts write, and what differs from envtest's
// defaults: service accounts as in a real cluster, an audit log, and a
// certificate for webhooks that ask for one.
func (c *ControlPlane) configure(etcd *envtest.Etcd, apiserver *envtest.APIServer) error {
	var err error

	etcd.DataDir = filepath.Join(c.Dir, "etcd")
	apiserver.CertDir = filepath.Join(c.Dir, "certs")
	if err = os.Mkdir(apiserver.CertDir, 0o700); err != nil {
		return err
	}
	if etcd.Err, err = c.openLog("etcd"); err != nil {
		return err
	}
	if apiserver.Err, err = c.openLog("kube-apiserver"); err != nil {
		return err
	}
	policy := filepath.Join(c.Dir, "audit-policy.yaml")
	if err = os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	var admission string
	if c.WebhookCA, admission, err = c.configureWebhookClient(); err != nil {
		return err
	}
	apiserver.Configure().
		Disable("disable-admission-plugins").
		Append("admission-control-config-file", admission).
		Append("audit-policy-file", policy).
		Append("audit-log-path", filepath.Join(c.Dir, "audit.log"))
	return nil
}

func (c *ControlPlane) openLog(name string) (*os.File, error) {
	log, err := os.Create(filepath.Join(c.Dir, name+".log"))
	if err == nil {
		c.logs = append(c.logs, log)
	}
	return log, err
}

// explain adds what the part that failed has logged last.
func (c *ControlPlane) explain(err error) error {
	name := "kube-apiserver"
	if c.Log(name) == "" {
		name = "etcd"
	}
	return fmt.Errorf("%w; the last lines of the log of %s:\n%s", err, name,
		lastLines(c.Log(name), 5))
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// findAssets returns the directory that holds the programs.
func findAssets() (string, error) {
	dir := os.Getenv("KUBEBUILDER_ASSETS")
	if dir == "" {
		return "", errors.New("KUBEBUILDER_ASSETS names no directory with " +
			"the programs of a control plane; `make e2e-tools` builds them")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager",
		"kube-scheduler", "kubectl"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("%s: %w; `make e2e-tools` builds it", name, err)
		}
	}
	return dir, nil
}
