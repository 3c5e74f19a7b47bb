/*
 * decision.h - the words for what was decided: in logs, metrics, audit
 * annotations and expectations.  They are an interface; renaming breaks users.
 */
#ifndef SPILLWAY_DECISION_H
#define SPILLWAY_DECISION_H

enum decision {
    DECISION_MUTATED,   /* a patch is sent */
    DECISION_UNCHANGED, /* matched, already as wanted */
    DECISION_SKIPPED,   /* a guard held */
    DECISION_SHADOWED,  /* would be mutated, but the policy is in shadow mode */
    DECISION_ERROR,     /* our own patch did not prove right: none is sent */
    DECISIONS
};

enum reason {
    REASON_APPLIED,
    REASON_ALREADY_SATISFIED,
    REASON_NOT_A_POD,
    REASON_SUBRESOURCE,
    REASON_OPERATION,
    REASON_NO_MATCH,
    REASON_OPTED_OUT,
    REASON_MIRROR_POD,
    REASON_NODE_NAME_SET,
    REASON_ROLLOUT,
    REASON_DAEMONSET,
    REASON_NO_FEASIBLE_TERM,
    REASON_TOO_MANY_TERMS,
    REASON_SELF_CHECK_FAILED,
    REASONS
};

/* In the order in which they are reported, at most one of each. */
enum warning_kind {
    WARNING_NO_FEASIBLE_TERM,
    WARNING_TOO_MANY_TERMS,
    WARNING_UNSCHEDULABLE,
    WARNING_NO_VIRTUAL_NODE,
    WARNING_ECI_UNSUPPORTED,
    WARNING_ECI_OVERRIDE,
    WARNING_DELETION_COST,
    WARNING_KINDS
};

/* kube-apiserver asks for no more than this in a warning; no control
 * characters either. */
enum { WARNING_MAX_CHARACTERS = 120 };

struct warning {
    enum warning_kind kind;
    char text[WARNING_MAX_CHARACTERS + 1]; /* ASCII */
};

/* "mutated", "already-satisfied", "no-virtual-node": as users see them. */
const char *decision_name(enum decision decision);
const char *reason_name(enum reason reason);
const char *warning_kind_name(enum warning_kind kind);

#endif
