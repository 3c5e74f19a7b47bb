// shrink.go - makes a failing input small: members and elements are removed, one
// after the other, as long as what is left still fails in the same way.

package oracle

import (
	"iter"
	"maps"
	"slices"
)

// Shrink returns the smallest value that it finds for which fails is true,
// asking at most so many times.  fails is true for value.
func Shrink(value any, tries int, fails func(any) bool) any {
	for progress := true; progress; {
		progress = false
		for smaller := range reductions(value) {
			if tries--; tries < 0 {
				return value
			}
			if fails(smaller) {
				value, progress = smaller, true
				break
			}
		}
	}
	return value
}

// reductions yields what a value is with one thing less, the largest things
// first.
func reductions(value any) iter.Seq[any] {
	return func(yield func(any) bool) {
		switch value := value.(type) {
		case object:
			reduceObject(value, yield)
		case list:
			reduceList(value, yield)
		}
	}
}

func reduceObject(value object, yield func(any) bool) {
	keys := slices.Sorted(maps.Keys(value))
	for _, key := range keys {
		smaller := maps.Clone(value)
		delete(smaller, key)
		if !yield(smaller) {
			return
		}
	}
	for _, key := range keys {
		for inner := range reductions(value[key]) {
			smaller := maps.Clone(value)
			smaller[key] = inner
			if !yield(smaller) {
				return
			}
		}
	}
}

func reduceList(value list, yield func(any) bool) {
	if half := len(value) / 2; half > 1 &&
		!(yield(slices.Clone(value[:half])) && yield(slices.Clone(value[half:]))) {
		return
	}
	for i := range value {
		if !yield(slices.Delete(slices.Clone(value), i, i+1)) {
			return
		}
	}
	for i := range value {
		for inner := range reductions(value[i]) {
			smaller := slices.Clone(value)
			smaller[i] = inner
			if !yield(smaller) {
				return
			}
		}
	}
}
