package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"spillway.dev/tests/internal/spillway"
	"spillway.dev/tests/internal/volume"
)

// namespace is where the servers are.
const namespace = "spillway-system"

// An installation is Spillway in the cluster: the objects of deploy/, and what
// a kubelet makes of the Deployment, a process for each replica.
type installation struct {
	dir     string // deploy/ with its generated files, certificates, volumes
	running replicas
}

// theService turns the shipped Service into one that leads to the forwarder,
// and changes nothing else; the name that kube-apiserver asks for, its path and
// its caBundle stay.
const theService = `apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../deploy/overlays/self-signed
patches:
- patch: |-
    apiVersion: v1
    kind: Service
    metadata:
      name: spillway
      namespace: spillway-system
    spec:
      type: ExternalName
      externalName: localhost
- target:
    kind: MutatingWebhookConfiguration
    name: spillway
  patch: |-
    - op: replace
      path: /webhooks/0/clientConfig/service/port
      value: %d
`

// install follows the README: issue, print two manifests, apply an overlay.
func install(ctx context.Context) (*installation, error) {
	dir, err := os.MkdirTemp("", "spillway-e2e-")
	if err != nil {
		return nil, err
	}
	i := &installation{dir: dir}
	for _, step := range []func() error{i.render, i.apply,
		func() error { return mount(ctx, i.dir) }, i.serve} {
		if err := step(); err != nil {
			i.stop()
			return nil, err
		}
	}
	return i, nil
}

func (i *installation) path(elements ...string) string {
	return filepath.Join(append([]string{i.dir}, elements...)...)
}

// render makes the overlay complete in a copy of deploy/.
func (i *installation) render() error {
	source := os.DirFS(filepath.Join(spillway.Root(), "deploy"))
	if err := os.CopyFS(i.path("deploy"), source); err != nil {
		return err
	}
	if err := os.Mkdir(i.path("certs"), 0o700); err != nil {
		return err
	}
	if err := spillway.IssueCertificates(i.path("certs")); err != nil {
		return err
	}
	for _, name := range []string{"tls", "webhook"} {
		text, err := spillway.Run(nil, "manifest", name, i.path("certs"))
		if err != nil {
			return err
		}
		file := i.path("deploy", "overlays", "self-signed", name+".yaml")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			return err
		}
	}
	if err := os.Mkdir(i.path("e2e"), 0o700); err != nil {
		return err
	}
	return os.WriteFile(i.path("e2e", "kustomization.yaml"),
		fmt.Appendf(nil, theService, service.Port), 0o600)
}

// apply applies the overlay, and lets the API server refuse what it does not
// know.
func (i *installation) apply() error {
	rendered, _, err := plane.Kubectl("", "kustomize", i.path("e2e"))
	if err != nil {
		return err
	}
	_, _, err = plane.Kubectl(rendered, "apply", "--server-side", "--validate=strict", "-f", "-")
	return err
}

// deployed returns the Deployment of the servers, and its one container.
func deployed(ctx context.Context) (*appsv1.Deployment, *corev1.Container, error) {
	deployment, err := client.AppsV1().Deployments(namespace).Get(ctx, "spillway", metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	return deployment, &deployment.Spec.Template.Spec.Containers[0], nil
}

// mount writes the Deployment's volumes below a directory as a kubelet would,
// from what the API server has.
func mount(ctx context.Context, root string) error {
	deployment, container, err := deployed(ctx)
	if err != nil {
		return err
	}
	for _, v := range deployment.Spec.Template.Spec.Volumes {
		files, err := contents(ctx, v)
		if err != nil {
			return err
		}
		for _, mount := range container.VolumeMounts {
			if mount.Name != v.Name {
				continue
			}
			if err := volume.Project(filepath.Join(root, mount.MountPath), files); err != nil {
				return err
			}
		}
	}
	return nil
}

// contents reads what a volume holds.
func contents(ctx context.Context, volume corev1.Volume) (map[string][]byte, error) {
	if volume.Secret != nil {
		secret, err := client.CoreV1().Secrets(namespace).
			Get(ctx, volume.Secret.SecretName, metav1.GetOptions{})
		return secret.Data, err
	}
	config, err := client.CoreV1().ConfigMaps(namespace).
		Get(ctx, volume.ConfigMap.Name, metav1.GetOptions{})
	files := map[string][]byte{}
	for name, text := range config.Data {
		files[name] = []byte(text)
	}
	return files, err
}

// startReplica starts one replica with the Deployment's arguments and the
// volumes that mount put below a directory.
func startReplica(root string, more ...string) (*spillway.Server, error) {
	_, container, err := deployed(context.Background())
	if err != nil {
		return nil, err
	}
	if len(container.Command) > 0 || len(container.Args) == 0 || container.Args[0] != "serve" {
		return nil, fmt.Errorf("the Deployment runs %q %q", container.Command, container.Args)
	}
	var args []string
	for _, arg := range container.Args[1:] {
		args = append(args, strings.ReplaceAll(arg, "=/", "="+root+"/"))
	}
	return spillway.Serve(append(args, more...)...)
}

// start starts one more replica.
func (i *installation) start(more ...string) (*spillway.Server, error) {
	return startReplica(i.dir, more...)
}

// serve starts the replicas that the Deployment asks for.
func (i *installation) serve() error {
	deployment, _, err := deployed(context.Background())
	if err != nil {
		return err
	}
	for range *deployment.Spec.Replicas {
		server, err := i.start()
		if err != nil {
			return err
		}
		i.running = append(i.running, server)
	}
	service.Set(i.running.backends()...)
	return nil
}

// stop ends the servers and removes the files.
func (i *installation) stop() {
	for _, server := range i.running {
		server.Kill()
	}
	_ = os.RemoveAll(i.dir)
}

// count adds up a metric over the replicas.  Before the first event a counter
// with labels is only announced.
func (i *installation) count(name string, labels ...string) (float64, error) {
	sum := 0.0
	for _, server := range i.running {
		families, err := server.Metrics()
		if err != nil {
			return 0, err
		}
		if families[name] == nil {
			return 0, fmt.Errorf("there is no metric %s", name)
		}
		sum += families.Sum(name, labels...)
	}
	return sum, nil
}

// wantedTolerations and wantedAffinity are what the vendor's document writes
// by hand into a gateway that says nothing of its own.
func wantedTolerations() []corev1.Toleration {
	return []corev1.Toleration{
		{Key: "virtual-kubelet.io/provider", Operator: corev1.TolerationOpEqual,
			Value: "alibabacloud", Effect: corev1.TaintEffectNoSchedule},
		{Key: "mykey", Operator: corev1.TolerationOpEqual, Value: "myvalue",
			Effect: corev1.TaintEffectNoSchedule},
	}
}

func wantedAffinity() *corev1.NodeAffinity {
	labelled := term("mykey4pod", corev1.NodeSelectorOpIn, "asmgateway")
	virtual := term("type", corev1.NodeSelectorOpIn, "virtual-kubelet")
	return &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{labelled, virtual}},
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
			{Weight: 20, Preference: virtual}, {Weight: 80, Preference: labelled}},
	}
}

// term returns a term of one expression.
func term(key string, op corev1.NodeSelectorOperator, values ...string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{
		{Key: key, Operator: op, Values: values}}}
}
