// Package spillway runs the program under test: its commands, and its server
// as a process of its own.
package spillway

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// ServerName is the name by which kube-apiserver calls the shipped Service.
const ServerName = "spillway.spillway-system.svc"

// Root returns the top of the source tree.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Clean(filepath.Join(filepath.Dir(file), "../../.."))
}

// Binary returns the path of the program: $SPILLWAY, or what `make` leaves in
// the build directory.
func Binary() string {
	if path := os.Getenv("SPILLWAY"); path != "" {
		return path
	}
	return filepath.Join(Root(), "build", "spillway")
}

// Run runs one command to its end and returns what it printed to standard
// output.  The error of a command that failed holds what it said about it.
func Run(stdin []byte, args ...string) ([]byte, error) {
	var out, diagnostics bytes.Buffer

	cmd := exec.Command(Binary(), args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.Stdout, cmd.Stderr = &out, &diagnostics
	if err := cmd.Run(); err != nil {
		return out.Bytes(), fmt.Errorf("spillway %s: %w: %s",
			strings.Join(args, " "), err,
			strings.TrimSpace(diagnostics.String()))
	}
	return out.Bytes(), nil
}

// IssueCertificates makes a CA and a serving pair for the shipped Service in
// dir, which must exist; more arguments go to `certs issue` as they are.
func IssueCertificates(dir string, more ...string) error {
	args := []string{"certs", "issue", "--dir", dir, "--name", ServerName,
		"--name", "localhost", "--ip", "127.0.0.1"}
	_, err := Run(nil, append(args, more...)...)
	return err
}
