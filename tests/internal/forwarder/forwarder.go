// Package forwarder stands for kube-proxy: it hands each new connection to the
// webhook's Service to a replica that is ready.
package forwarder

import (
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

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
	next     int
	delay    time.Duration
	open     map[net.Conn]bool
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
	}
	go f.accept()
	return f, nil
}

// Set replaces the replicas.  Connections that are open stay open.
func (f *Forwarder) Set(backends ...Backend) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.backends = backends
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

// pick returns the ready replicas in turn.
func (f *Forwarder) pick() (Backend, bool) {
	f.mu.Lock()
	backends, first := f.backends, f.next
	f.next++
	f.mu.Unlock()
	for i := range backends {
		backend := backends[(first+i)%len(backends)]
		if isReady(backend) {
			return backend, true
		}
	}
	return Backend{}, false
}

func isReady(backend Backend) bool {
	if backend.Admin == "" {
		return true
	}
	response, err := http.Get(backend.Admin + "/readyz")
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}
