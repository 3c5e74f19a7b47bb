// Package forwarder stands for kube-proxy: it hands each new connection to the
// webhook's Service to a replica that is ready, as far as it knows.
package forwarder

import (
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// lag is how late a forwarder learns that a replica is no longer ready: what a
// Service knows of its endpoints is never new.
const lag = 500 * time.Millisecond

// A Backend is one replica.
type Backend struct {
	Addr  string // HOST:PORT of the webhook
	Admin string // base URL of its plain port; "" is always ready
}

// A Forwarder listens on a port of 127.0.0.1 that was free.
type Forwarder struct {
	Port int

	listener net.Listener
	mu       sync.Mutex
	backends []Backend
	ready    []Backend // of them, when it was last looked
	next     int
	delay    time.Duration
	open     map[net.Conn]bool
	closed   chan struct{}
}

// Start starts a forwarder without backends: it closes what is accepted.
func Start() (*Forwarder, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Forwarder{
		Port:     listener.Addr().(*net.TCPAddr).Port,
		listener: listener,
		open:     map[net.Conn]bool{},
		closed:   make(chan struct{}),
	}
	go f.accept()
	go f.watch()
	return f, nil
}

// Set replaces the replicas by some that are ready.  Connections that are open
// stay open.
func (f *Forwarder) Set(backends ...Backend) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.backends, f.ready = backends, backends
}

// SetDelay makes the network slow: each piece of an answer is held back for so
// long.
func (f *Forwarder) SetDelay(delay time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = delay
}

// Cut closes every open connection, so that the next request needs a new one.
func (f *Forwarder) Cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.open {
		_ = conn.Close()
	}
}

// Close stops listening and closes every connection.
func (f *Forwarder) Close() {
	close(f.closed)
	_ = f.listener.Close()
	f.Cut()
}

func (f *Forwarder) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.forward(conn)
	}
}

// track remembers a connection until the returned function is called.
func (f *Forwarder) track(conn net.Conn) func() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[conn] = true
	return func() {
		_ = conn.Close()
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.open, conn)
	}
}

func (f *Forwarder) forward(client net.Conn) {
	defer f.track(client)()
	backend, ok := f.pick()
	if !ok {
		return
	}
	server, err := net.Dial("tcp", backend.Addr)
	if err != nil {
		return
	}
	defer f.track(server)()
	go func() {
		_, _ = io.Copy(server, client)
		_ = server.(*net.TCPConn).CloseWrite()
	}()
	f.copyBack(client, server)
}

// copyBack hands on what the server says, as slowly as SetDelay asks.
func (f *Forwarder) copyBack(client, server net.Conn) {
	piece := make([]byte, 64*1024)
	for {
		n, err := server.Read(piece)
		f.mu.Lock()
		delay := f.delay
		f.mu.Unlock()
		time.Sleep(delay)
		if _, werr := client.Write(piece[:n]); err != nil || werr != nil {
			return
		}
	}
}

// pick returns the replicas that were ready in turn.
func (f *Forwarder) pick() (Backend, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.ready) == 0 {
		return Backend{}, false
	}
	f.next++
	return f.ready[f.next%len(f.ready)], true
}

// watch looks now and then which replicas are ready, until the forwarder is
// closed.
func (f *Forwarder) watch() {
	tick := time.NewTicker(lag)
	defer tick.Stop()
	for {
		select {
		case <-f.closed:
			return
		case <-tick.C:
			f.look()
		}
	}
}

func (f *Forwarder) look() {
	f.mu.Lock()
	backends := f.backends
	f.mu.Unlock()
	var ready []Backend
	for _, backend := range backends {
		if isReady(backend) {
			ready = append(ready, backend)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.Equal(backends, f.backends) { // nobody has called Set meanwhile
		f.ready = ready
	}
}

func isReady(backend Backend) bool {
	if backend.Admin == "" {
		return true
	}
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Get(backend.Admin + "/readyz")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
