// Command webhook does for gateway pods what the built-in policy says, in the
// way that controller-runtime's documentation shows: decode the pod, change
// it, and let the library find the difference.  It is what Spillway is
// compared with, and nothing else.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager/signals"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
)

// gateways puts gateway pods on labelled nodes first, then on virtual nodes.
type gateways struct {
	decoder admission.Decoder
}

func (g *gateways) Handle(_ context.Context, request admission.Request) admission.Response {
	pod := &corev1.Pod{}
	if err := g.decoder.Decode(request, pod); err != nil {
		return admission.Errored(http.StatusBadRequest, err)
	}
	if request.Namespace != "istio-system" || pod.Labels["istio"] == "" {
		return admission.Allowed("")
	}
	pod.Spec.Tolerations = append(pod.Spec.Tolerations,
		corev1.Toleration{Key: "mykey", Operator: corev1.TolerationOpEqual,
			Value: "myvalue", Effect: corev1.TaintEffectNoSchedule},
		corev1.Toleration{Key: "virtual-kubelet.io/provider", Operator: corev1.TolerationOpEqual,
			Value: "alibabacloud", Effect: corev1.TaintEffectNoSchedule})
	pod.Spec.Affinity = &corev1.Affinity{NodeAffinity: &corev1.NodeAffinity{
		RequiredDuringSchedulingIgnoredDuringExecution: &corev1.NodeSelector{
			NodeSelectorTerms: []corev1.NodeSelectorTerm{
				term("mykey4pod", "asmgateway"), term("type", "virtual-kubelet")},
		},
		PreferredDuringSchedulingIgnoredDuringExecution: []corev1.PreferredSchedulingTerm{
			{Weight: 20, Preference: term("type", "virtual-kubelet")},
			{Weight: 80, Preference: term("mykey4pod", "asmgateway")},
		},
	}}
	changed, err := json.Marshal(pod)
	if err != nil {
		return admission.Errored(http.StatusInternalServerError, err)
	}
	return admission.PatchResponseFromRaw(request.Object.Raw, changed)
}

func term(key, value string) corev1.NodeSelectorTerm {
	return corev1.NodeSelectorTerm{MatchExpressions: []corev1.NodeSelectorRequirement{{
		Key: key, Operator: corev1.NodeSelectorOpIn, Values: []string{value}}}}
}

func main() {
	log.SetLogger(logr.Discard())
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "webhook:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 3 {
		return fmt.Errorf("usage: webhook PORT CERTIFICATES")
	}
	port, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return err
	}
	server := webhook.NewServer(webhook.Options{
		Host: "127.0.0.1", Port: port, CertDir: os.Args[2]})
	server.Register("/mutate", &admission.Webhook{
		Handler: &gateways{admission.NewDecoder(scheme)}})
	return server.Start(signals.SetupSignalHandler())
}
