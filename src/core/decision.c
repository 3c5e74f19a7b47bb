/* decision.c - see decision.h for the contract. */
#include "spillway/decision.h"

const char *decision_name(enum decision decision)
{
    static const char *const names[DECISIONS] = {
        [DECISION_MUTATED] = "mutated", [DECISION_UNCHANGED] = "unchanged",
        [DECISION_SKIPPED] = "skipped", [DECISION_SHADOWED] = "shadowed",
        [DECISION_ERROR] = "error",
    };

    return names[decision];
}

const char *reason_name(enum reason reason)
{
    static const char *const names[REASONS] = {
        [REASON_APPLIED] = "applied",
        [REASON_ALREADY_SATISFIED] = "already-satisfied",
        [REASON_NOT_A_POD] = "not-a-pod",
        [REASON_SUBRESOURCE] = "subresource",
        [REASON_OPERATION] = "operation",
        [REASON_NO_MATCH] = "no-match",
        [REASON_OPTED_OUT] = "opted-out",
        [REASON_MIRROR_POD] = "mirror-pod",
        [REASON_NODE_NAME_SET] = "node-name-set",
        [REASON_ROLLOUT] = "rollout",
        [REASON_DAEMONSET] = "daemonset",
        [REASON_NO_FEASIBLE_TERM] = "no-feasible-term",
        [REASON_TOO_MANY_TERMS] = "too-many-terms",
        [REASON_SELF_CHECK_FAILED] = "self-check-failed",
    };

    return names[reason];
}

const char *warning_kind_name(enum warning_kind kind)
{
    static const char *const names[WARNING_KINDS] = {
        [WARNING_NO_FEASIBLE_TERM] = "no-feasible-term",
        [WARNING_TOO_MANY_TERMS] = "too-many-terms",
        [WARNING_UNSCHEDULABLE] = "unschedulable",
        [WARNING_NO_VIRTUAL_NODE] = "no-virtual-node",
        [WARNING_ECI_UNSUPPORTED] = "eci-unsupported",
        [WARNING_ECI_OVERRIDE] = "eci-override",
        [WARNING_DELETION_COST] = "deletion-cost",
    };

    return names[kind];
}
