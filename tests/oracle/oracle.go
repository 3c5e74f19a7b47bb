// Package oracle holds Spillway's engine against Kubernetes' own libraries:
// generated pods are sent to the real program, and what it answers is judged by
// the code that judges it in production.
//
// The files: generate*.go and perturb.go make pods, policies and nodes; expect.go
// reads a policy for itself; judge*.go are the laws; server.go asks the program;
// shrink.go and golden.go turn an input that breaks a law into a small golden
// case; corpus*.go and differences.go are the JSON documents, and where two
// readers may differ.  The tests themselves are oracle_test.go (pods),
// corpus_test.go and mutation_test.go (the JSON reader), apiserver_test.go,
// condition_test.go and companion_test.go (policies, before kube-apiserver and
// its CEL).
//
// $ORACLE_SEED repeats a run, $ORACLE_PODS makes it longer.
package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"

	"sigs.k8s.io/yaml"
)

// An object and a list are JSON values that are made or taken apart.
type (
	object = map[string]any
	list   = []any
)

// Seed returns $ORACLE_SEED, or a random seed, the same for the whole run.
var Seed = sync.OnceValues(readSeed)

func readSeed() (uint64, error) {
	text := os.Getenv("ORACLE_SEED")
	if text == "" {
		return rand.Uint64N(1_000_000_000), nil
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("ORACLE_SEED: %w", err)
	}
	return seed, nil
}

// PodCount returns $ORACLE_PODS, or what a run takes by default.
func PodCount() (int, error) {
	text := os.Getenv("ORACLE_PODS")
	if text == "" {
		return 20000, nil
	}
	count, err := strconv.Atoi(text)
	if err != nil || count < 1 {
		return 0, fmt.Errorf("ORACLE_PODS: %q is not a number of pods", text)
	}
	return count, nil
}

// newRand returns the source of the index-th thing that a seed makes, so that
// each can be made again alone.
func newRand(seed uint64, index int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(index)))
}

// mustEncode writes a tree whose values are all JSON.
func mustEncode(tree any) []byte {
	text, err := json.Marshal(tree)
	if err != nil {
		panic(err)
	}
	return text
}

// decodeTree reads JSON so that two trees are equal only when their numbers are
// written the same.
func decodeTree(text []byte) (any, error) {
	var tree any

	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&tree)
	return tree, err
}

// at walks down members of objects; nil when something on the way is absent.
func at(tree any, path ...string) any {
	for _, key := range path {
		members, _ := tree.(object)
		tree = members[key]
	}
	return tree
}

// policyTree reads a policy file, YAML or JSON, as a tree.
func policyTree(text []byte) (any, error) {
	converted, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	return decodeTree(converted)
}
