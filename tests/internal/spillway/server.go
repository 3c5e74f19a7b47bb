package spillway

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"spillway.dev/tests/internal/metrics"
)

// patience is how long a server may take for what takes it milliseconds.
const patience = 60 * time.Second

// A Server is one `spillway serve` on loopback, on ports that were free.
type Server struct {
	Addr  string // of the webhook, HOST:PORT
	Admin string // base URL of the plain port

	cmd  *exec.Cmd
	log  logBuffer
	done chan struct{} // closed when the process has ended
	exit error         // why, once done is closed
}

// Start starts a server with the pair in certs and waits until it listens.
// More arguments go to `serve` as they are.
func Start(certs string, more ...string) (*Server, error) {
	return Serve(append([]string{"--cert", filepath.Join(certs, "tls.crt"),
		"--key", filepath.Join(certs, "tls.key")}, more...)...)
}

// Serve starts a server with these arguments, on ports that are free, and waits
// until it listens, which its log must be allowed to say.
func Serve(args ...string) (*Server, error) {
	args = append([]string{"serve"}, args...)
	args = append(args, "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0",
		"--log-format", "json")
	s := &Server{
		cmd:  exec.Command(Binary(), args...),
		done: make(chan struct{}),
	}
	// Whatever becomes of the test, its servers do not outlive it.
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	listening := make(chan struct{})
	go s.read(stderr, listening)
	select {
	case <-listening:
		return s, nil
	case <-s.done:
		return nil, fmt.Errorf("spillway serve: %w: %s", s.exit, s.Log())
	case <-time.After(patience):
		s.Kill()
		return nil, fmt.Errorf("spillway serve does not listen: %s", s.Log())
	}
}

// read collects the log, learns the ports from it, and waits for the end.
func (s *Server) read(stderr io.Reader, listening chan<- struct{}) {
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event struct{ Msg, Addr, Admin string }

		s.log.add(lines.Bytes())
		if s.Addr == "" && json.Unmarshal(lines.Bytes(), &event) == nil &&
			event.Msg == "listening" {
			s.Addr, s.Admin = event.Addr, "http://"+event.Admin
			close(listening)
		}
	}
	if s.exit = s.cmd.Wait(); s.exit == nil {
		s.exit = errors.New("exit status 0")
	}
	close(s.done)
}

// Terminate sends SIGTERM, upon which the server drains, and returns at once.
func (s *Server) Terminate() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
}

// Wait waits until the process has ended by itself, and fails unless its exit
// status is 0.
func (s *Server) Wait() error {
	select {
	case <-s.done:
	case <-time.After(patience):
		return errors.New("spillway serve does not end")
	}
	if code := s.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("spillway serve: exit status %d: %s", code, s.Log())
	}
	return nil
}

// Kill ends the process without a drain, and waits until it is gone.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// Log returns what the server has logged, a JSON object a line.
func (s *Server) Log() string {
	return s.log.String()
}

// Metrics reads the server's metrics.
func (s *Server) Metrics() (metrics.Families, error) {
	response, err := http.Get(s.Admin + "/metrics")
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	return metrics.Parse(response.Body)
}

// A logBuffer is text that grows while it is read.
type logBuffer struct {
	mu   sync.Mutex
	text []byte
}

func (b *logBuffer) add(line []byte) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.text = append(append(b.text, line...), '\n')
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return string(b.text)
}
