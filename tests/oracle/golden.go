// golden.go - what becomes of an input that breaks a law: it is shrunk, and saved
// as a golden case that fails until somebody says what is to be expected.

package oracle

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"spillway.dev/tests/internal/spillway"
)

const (
	maxCases    = 3    // of a run
	reviewTries = 2000 // of a server that runs
	policyTries = 300  // of a program that is started each time
)

// A Court judges with one policy file, and saves what fails.
type Court struct {
	*Judge
	Seed   uint64
	Policy []byte // the file's text; empty for the built-in policy
	Dir    string // for files that are gone afterwards
}

var saved struct {
	sync.Mutex
	count int
}

// Report shrinks a review that broke a law, saves it, and says what to do.
func (c *Court) Report(review []byte, broke *Broken) error {
	saved.Lock()
	defer saved.Unlock()
	if saved.count == maxCases {
		return fmt.Errorf("%w (not saved: %d cases are)", broke, maxCases)
	}
	tree, err := decodeTree(review)
	if err != nil {
		return fmt.Errorf("%w (not saved: %w)", broke, err)
	}
	tree = Shrink(tree, reviewTries, func(smaller any) bool {
		_, err := c.Judge.Judge(mustEncode(smaller))
		return sameLaw(err, broke)
	})
	dir := filepath.Join(spillway.Root(), "tests", "golden",
		fmt.Sprintf("oracle-%d-%d", c.Seed, saved.count+1))
	if err := c.save(dir, tree, broke); err != nil {
		return fmt.Errorf("%w (not saved: %w)", broke, err)
	}
	saved.count++
	_, now := c.Judge.Judge(mustEncode(tree))
	return fmt.Errorf("%w\n  saved as %s: `spillway test` fails there until the "+
		"program is mended and expect.yaml says what is right;\n  "+
		"the smallest review: %s", now, dir, mustEncode(tree))
}

func sameLaw(err error, broke *Broken) bool {
	var seen *Broken
	return errors.As(err, &seen) && seen.Law == broke.Law
}

// save writes the case.
func (c *Court) save(dir string, tree any, broke *Broken) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	text, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(dir, "review.json"), append(text, '\n'), 0o644)
	if err != nil || len(c.Policy) == 0 {
		return err
	}
	policy := c.shrinkPolicy(mustEncode(tree), broke)
	return os.WriteFile(filepath.Join(dir, "policy.yaml"), policy, 0o644)
}

// shrinkPolicy makes the policy file smaller, for a review that is small
// already.  Each one that is tried is tried by the program's `mutate`, which
// answers as the server does and refuses what is no policy.
func (c *Court) shrinkPolicy(review []byte, broke *Broken) []byte {
	tree, err := policyTree(c.Policy)
	if err != nil || !c.failsWith(tree, review, broke) {
		return c.Policy
	}
	tree = Shrink(tree, policyTries, func(smaller any) bool {
		return c.failsWith(smaller, review, broke)
	})
	text, err := json.MarshalIndent(tree, "", "  ")
	if err != nil {
		return c.Policy
	}
	return append(text, '\n')
}

// failsWith tells whether a review breaks the same law under another policy.
func (c *Court) failsWith(tree any, review []byte, broke *Broken) bool {
	text := mustEncode(tree)
	policies, err := ReadPolicies(text)
	if err != nil {
		return false
	}
	path := filepath.Join(c.Dir, "smaller.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return false
	}
	judge := Judge{Policies: policies, Nodes: c.Nodes,
		Ask: func(review []byte) (int, []byte, error) {
			body, err := spillway.Run(review, "mutate", "--policy", path,
				"-o", "response", "-")
			return 200, body, err
		}}
	_, err = judge.Judge(review)
	return sameLaw(err, broke)
}
