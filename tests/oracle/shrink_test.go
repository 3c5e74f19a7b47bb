// shrink_test.go - the shrinker, on inputs of which the smallest is known.

package oracle

import (
	"reflect"
	"strings"
	"testing"
)

// TestShrinkKeepsOnlyWhatFails hides one thing in a generated review.
func TestShrinkKeepsOnlyWhatFails(t *testing.T) {
	policies := builtin(t)
	for i := range 20 {
		g := &generator{r: newRand(1, i), policies: policies}
		tree, err := decodeTree(g.write(g.review(i)))
		if err != nil {
			t.Fatal(err)
		}
		at(tree, "request", "userInfo").(object)["needle"] = list{"a", "b", "c"}
		small := Shrink(tree, reviewTries, func(v any) bool {
			return strings.Contains(string(mustEncode(v)), `"b"`) &&
				at(v, "request", "userInfo", "needle") != nil
		})
		want := object{"request": object{"userInfo": object{"needle": list{"b"}}}}
		if !reflect.DeepEqual(small, want) {
			t.Errorf("wanted %s, seen %s", mustEncode(want), mustEncode(small))
		}
	}
}

// TestShrinkAsksNoMoreOftenThanItMay counts.
func TestShrinkAsksNoMoreOftenThanItMay(t *testing.T) {
	asked := 0
	Shrink(list{1, 2, 3, 4, 5, 6, 7, 8}, 5, func(any) bool {
		asked++
		return false
	})
	if asked != 5 {
		t.Errorf("wanted 5 questions, seen %d", asked)
	}
}
