/*
 * warn.h - what the user should be told about the pod that results.
 */
#ifndef SPILLWAY_WARN_H
#define SPILLWAY_WARN_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/decision.h"
#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/merge.h"
#include "spillway/policy.h"

/*
 * Fill `warnings` (room for WARNING_KINDS) with at most one of each kind, in
 * the order of the enum.  Fails only with SYSTEM.
 *
 * unschedulable: the pod's nodeSelector or own requirements contradict every
 * resulting term.  no-virtual-node: the policy has terms for virtual nodes, and
 * no resulting term admits one.  eci-*: what Alibaba Cloud's ECI does not
 * support, or lets override affinity, when the policy lets pods onto ECI.
 * deletion-cost: the pod has one of its own, and the policy scaleInFirst.
 */
bool warn_about(const struct policy *policy, const struct json *pod,
                const struct merge *merge, struct arena *arena,
                struct warning *warnings, size_t *count,
                struct error *err) must_check;

/* The part of it that is about ECI: appends to the list. */
void warn_eci(const struct json *pod, struct warning *warnings, size_t *count);

/* Append one warning; its text is clipped to what kube-apiserver shows. */
void warn_add(struct warning *warnings, size_t *count, enum warning_kind kind,
              const char *fmt, ...) printf_like(4, 5);

#endif
