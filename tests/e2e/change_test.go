package e2e

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"spillway.dev/tests/internal/spillway"
)

// A load creates gateway pods at a steady rate, each one stored.
type load struct {
	mu      sync.Mutex
	created int
	names   []string
	wrong   []string // what went wrong, and what slipped through
	cancel  context.CancelFunc
	workers sync.WaitGroup
}

func startLoad(workers int, pause time.Duration) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{cancel: cancel}
	for range workers {
		l.workers.Go(func() {
			tick := time.NewTicker(pause)
			defer tick.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
					l.one()
				}
			}
		})
	}
	return l
}

func (l *load) one() {
	pod, err := client.CoreV1().Pods("istio-system").
		Create(context.Background(), bareGateway(), metav1.CreateOptions{})
	a := attempt{pod: pod, err: err}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.created++
	if !a.mutated() {
		l.wrong = append(l.wrong, describe(a))
	}
}

// stop ends the load, and may be called again.
func (l *load) stop() {
	l.cancel()
	l.workers.Wait()
}

// judge fails the test for what went wrong, removes the pods, and returns how
// many there were.
func (l *load) judge(t *testing.T) int {
	t.Helper()
	now := int64(0)
	must(t, client.CoreV1().Pods("istio-system").DeleteCollection(context.Background(),
		metav1.DeleteOptions{GracePeriodSeconds: &now},
		metav1.ListOptions{LabelSelector: "istio=ingressgateway"}))
	if len(l.wrong) > 0 {
		t.Errorf("%d of %d creations went wrong, first:\n%s", len(l.wrong), l.created,
			strings.Join(l.wrong[:min(3, len(l.wrong))], "\n"))
	}
	return l.created
}

// Two replicas, one after the other replaced as a Deployment with maxSurge 1
// and maxUnavailable 0 does it: a new one becomes ready, an old one is told to
// end.
func TestRollingRestartsLoseNoPod(t *testing.T) {
	disturb(t)
	const restarts = 20
	updateWebhook(t, failClosed)
	waitUntilMutated(t)
	l := startLoad(4, 100*time.Millisecond)
	t.Cleanup(l.stop)
	for range restarts {
		must(t, replaceOldest())
	}
	l.stop()
	created := l.judge(t)
	t.Logf("%d pods were created during %d restarts", created, restarts)
	if created < 10*restarts {
		t.Errorf("only %d pods were created: that proves little", created)
	}
}

// replaceOldest starts a replica and ends the one that has run longest.  Those
// of the Deployment drain as long as it says; the next ones are made to hurry.
func replaceOldest() error {
	fresh, err := shipped.start("--drain", "1s")
	if err != nil {
		return err
	}
	oldest := shipped.running[0]
	shipped.running = append(shipped.running, fresh)
	service.Set(shipped.running.backends()...)
	oldest.Terminate()
	// The Service learns of it by and by; until then it still sends.
	unready, ended := waitUnready(oldest), oldest.Wait()
	shipped.running = shipped.running[1:]
	service.Set(shipped.running.backends()...)
	return errors.Join(unready, ended)
}

// waitUnready waits until a server says that it wants no more traffic.
func waitUnready(server *spillway.Server) error {
	for ; ; time.Sleep(10 * time.Millisecond) {
		response, err := http.Get(server.Admin + "/readyz")
		if err != nil {
			return fmt.Errorf("a replica was ready to its end: %w", err)
		}
		_ = response.Body.Close()
		if response.StatusCode == http.StatusServiceUnavailable {
			return nil
		}
	}
}
