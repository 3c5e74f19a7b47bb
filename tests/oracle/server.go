// server.go - the real program, asked over TLS.

package oracle

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"spillway.dev/tests/internal/spillway"
)

// A Server is a `spillway serve` and a client that keeps its connections.
type Server struct {
	process *spillway.Server
	client  *http.Client
	url     string
}

// StartServer starts a server with the certificates in dir; more arguments go to
// it as they are.
func StartServer(dir string, more ...string) (*Server, error) {
	authority, err := os.ReadFile(filepath.Join(dir, "ca.crt"))
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		return nil, errors.New("no certificate in ca.crt")
	}
	process, err := spillway.Start(dir, append([]string{"--threads", "1"},
		more...)...)
	if err != nil {
		return nil, err
	}
	return &Server{
		process: process,
		url:     "https://" + process.Addr + "/mutate?timeout=10s",
		client: &http.Client{
			Timeout: 10 * time.Second,
			Transport: &http.Transport{
				TLSClientConfig: &tls.Config{RootCAs: pool,
					ServerName: spillway.ServerName},
				MaxIdleConnsPerHost: 16,
			},
		},
	}, nil
}

// Ask posts a review.
func (s *Server) Ask(review []byte) (int, []byte, error) {
	response, err := s.client.Post(s.url, "application/json",
		bytes.NewReader(review))
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, body, err
}

// Stop ends the server at once.
func (s *Server) Stop() {
	s.client.CloseIdleConnections()
	s.process.Kill()
}
