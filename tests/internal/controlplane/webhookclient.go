package controlplane

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// What the API server is called in the certificate that it shows to webhooks.
const WebhookClientName = "kube-apiserver-webhook-client"

// One user for all webhooks: the port of the Service, which would be part of
// its name when it is not 443, is not known yet.
const webhookKubeconfig = `apiVersion: v1
kind: Config
users:
- name: "*"
  user:
    client-certificate: %s
    client-key: %s
`

const admissionConfiguration = `apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: MutatingAdmissionWebhook
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: WebhookAdmissionConfiguration
    kubeConfigFile: %s
`

// configureWebhookClient makes a CA and a client certificate, lets the API
// server show that to the Service of the webhook, and returns the file with
// the CA and the one with the configuration.
func (c *ControlPlane) configureWebhookClient() (ca, configuration string, err error) {
	path := func(name string) string { return filepath.Join(c.Dir, name) }

	if err = writeClientPair(path("webhook-ca.crt"), path("webhook-client.crt"),
		path("webhook-client.key")); err != nil {
		return "", "", err
	}
	for name, text := range map[string]string{
		"webhooks.kubeconfig": fmt.Sprintf(webhookKubeconfig,
			path("webhook-client.crt"), path("webhook-client.key")),
		"admission.yaml": fmt.Sprintf(admissionConfiguration, path("webhooks.kubeconfig")),
	} {
		if err = os.WriteFile(path(name), []byte(text), 0o600); err != nil {
			return "", "", err
		}
	}
	return path("webhook-ca.crt"), path("admission.yaml"), nil
}

// writeClientPair writes a CA and what it signs.
func writeClientPair(caPath, certificatePath, keyPath string) error {
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "webhook clients"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: WebhookClientName},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter,
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	if err != nil {
		return err
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, ca, key.Public(), caKey)
	if err != nil {
		return err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for _, file := range []struct {
		path, kind string
		der        []byte
	}{{caPath, "CERTIFICATE", caDER}, {certificatePath, "CERTIFICATE", leafDER},
		{keyPath, "PRIVATE KEY", keyDER}} {
		text := pem.EncodeToMemory(&pem.Block{Type: file.kind, Bytes: file.der})
		if err := os.WriteFile(file.path, text, 0o600); err != nil {
			return err
		}
	}
	return nil
}
