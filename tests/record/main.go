// Command record makes the recorded AdmissionReviews of tests/golden anew: it
// starts a control plane, registers a webhook that allows everything, has the
// workloads of tests/e2e/manifests created, and writes down what arrives.
//
// What differs from run to run gets fixed values, so that a second run leaves
// the files as they are.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"spillway.dev/tests/internal/controlplane"
	"spillway.dev/tests/internal/spillway"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// run records everything before it writes anything.
func run(ctx context.Context) error {
	plane, err := controlplane.Start(ctx, controlplane.Options{Controllers: true, Scheduler: true})
	if err != nil {
		return err
	}
	defer plane.Stop()
	hook := newWebhook()
	defer hook.server.Close()
	r := &recorder{ctx: ctx, plane: plane, client: plane.Client(nil), hook: hook}
	if err := r.prepare(); err != nil {
		return err
	}
	reviews := map[string][]byte{}
	for _, recording := range recordings {
		review, err := r.record(recording)
		if err != nil {
			return fmt.Errorf("%s: %w", recording.name, err)
		}
		reviews[recording.name] = settle(recording.name, review)
	}
	return write(reviews)
}

func write(reviews map[string][]byte) error {
	for name, review := range reviews {
		path := filepath.Join(spillway.Root(), "tests/golden", name, "review.json")
		if err := os.WriteFile(path, review, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d reviews recorded in tests/golden\n", len(reviews))
	return nil
}
