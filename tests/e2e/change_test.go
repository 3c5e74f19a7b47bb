package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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

func startLoad(t *testing.T, workers int, pause time.Duration) *load {
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
					l.one(t)
				}
			}
		})
	}
	return l
}

func (l *load) one(t *testing.T) {
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

// stop ends the load, removes its pods and fails the test for what went wrong.
func (l *load) stop(t *testing.T) int {
	t.Helper()
	l.cancel()
	l.workers.Wait()
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
	l := startLoad(t, 4, 100*time.Millisecond)
	for range restarts {
		must(t, replaceOldest())
	}
	created := l.stop(t)
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
	if err := oldest.Wait(); err != nil {
		return fmt.Errorf("the replica that was told to end: %w", err)
	}
	shipped.running = shipped.running[1:]
	service.Set(shipped.running.backends()...)
	return nil
}
