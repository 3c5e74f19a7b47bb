package controlplane

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"spillway.dev/tests/internal/metrics"
)

// auditPolicy keeps the annotations of what was decided about pods.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create]
  resources:
  - group: ""
    resources: [pods, pods/binding]
- level: None
`

// writeKubeconfig writes a file by which a program acts as a user, and returns
// its path.
func (c *ControlPlane) writeKubeconfig(name string, groups ...string) (string, error) {
	user, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		return "", err
	}
	text, err := user.KubeConfig()
	if err != nil {
		return "", err
	}
	path := filepath.Join(c.Dir, name+".kubeconfig")
	return path, os.WriteFile(path, text, 0o600)
}

// CreateNamespace creates a namespace in which pods can be created, with the
// service account "edge", which the gateways of the tests run as, and "default",
// unless the controllers have been faster.
func (c *ControlPlane) CreateNamespace(ctx context.Context, name string) error {
	client := c.Client(nil).CoreV1()
	_, err := client.Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: name}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	for _, account := range []string{"edge", "default"} {
		_, err := client.ServiceAccounts(name).Create(ctx, &corev1.ServiceAccount{
			ObjectMeta: metav1.ObjectMeta{Name: account}}, metav1.CreateOptions{})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			return err
		}
	}
	return nil
}

// Kubectl runs kubectl as a user would, and returns what it printed to standard
// output and to standard error.
func (c *ControlPlane) Kubectl(stdin string, args ...string) (string, string, error) {
	var out, diagnostics bytes.Buffer

	cmd := exec.Command(filepath.Join(c.assets, "kubectl"), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig, "HOME="+c.Dir)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		return out.String(), diagnostics.String(), fmt.Errorf("kubectl %s: %w: %s",
			strings.Join(args, " "), err, strings.TrimSpace(diagnostics.String()))
	}
	return out.String(), diagnostics.String(), nil
}

// Client returns a client for the API, which hands the warnings that come with
// answers to warn (nil: they are dropped).
func (c *ControlPlane) Client(warn func(text string)) *kubernetes.Clientset {
	config := rest.CopyConfig(c.Config)
	config.WarningHandler = rest.NoWarnings{}
	if warn != nil {
		config.WarningHandler = warner(warn)
	}
	return kubernetes.NewForConfigOrDie(config)
}

type warner func(text string)

func (w warner) HandleWarningHeader(_ int, _ string, text string) { w(text) }

// AuditEvents returns what the API server's audit log says so far.
func (c *ControlPlane) AuditEvents() ([]auditv1.Event, error) {
	log, err := os.Open(filepath.Join(c.Dir, "audit.log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	var events []auditv1.Event
	lines := bufio.NewScanner(log)
	lines.Buffer(nil, 1<<22)
	for lines.Scan() {
		var event auditv1.Event
		// The last line may still be being written.
		if json.Unmarshal(lines.Bytes(), &event) == nil {
			events = append(events, event)
		}
	}
	return events, lines.Err()
}

// Metrics reads the API server's metrics.
func (c *ControlPlane) Metrics() (metrics.Families, error) {
	text, err := c.Client(nil).RESTClient().Get().AbsPath("/metrics").
		DoRaw(context.Background())
	if err != nil {
		return nil, err
	}
	return metrics.Parse(bytes.NewReader(text))
}
