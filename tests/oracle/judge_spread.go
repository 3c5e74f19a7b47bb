// judge_spread.go - the law of fillFirst: a pod without constraints on its
// spreading gets the one that the scheduler's default ones give way to.

package oracle

import (
	"math"
	"reflect"

	corev1 "k8s.io/api/core/v1"
)

const spreadKey = "topologySpreadConstraints"

// fillsFirst is the one constraint that a policy adds.
var fillsFirst = []corev1.TopologySpreadConstraint{{MaxSkew: math.MaxInt32,
	TopologyKey: corev1.LabelHostname, WhenUnsatisfiable: corev1.DoNotSchedule}}

// judgeSpread: a pod's own constraints stay as they were, and so does a pod whose
// affinity is left alone; any other has exactly the one when the policy says so.
func (j *Judge) judgeSpread(t *trial) error {
	before, after := at(t.before, "spec", spreadKey), at(t.after, "spec", spreadKey)
	wanted := t.pod.Spec.TopologySpreadConstraints
	if t.policy.Spillover.FillFirst && !t.leavesAffinity() && len(wanted) == 0 {
		wanted = fillsFirst
	} else if !reflect.DeepEqual(before, after) {
		return broken("spread", "was %s, became %s", mustEncode(before),
			mustEncode(after))
	}
	if seen := t.result.Spec.TopologySpreadConstraints; len(wanted) > 0 &&
		!reflect.DeepEqual(seen, wanted) {
		return broken("spread", "wanted %s, seen %s", mustEncode(wanted),
			mustEncode(seen))
	}
	return nil
}
