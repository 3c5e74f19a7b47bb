/* warn.c - see warn.h for the contract. */
#include "spillway/warn.h"

#include <stdarg.h>
#include <stdio.h>

#include "spillway/arena.h"
#include "spillway/platform.h"
#include "spillway/shape.h"

void warn_add(struct warning *warnings, size_t *count, enum warning_kind kind,
              const char *fmt, ...)
{
    struct warning *warning = &warnings[(*count)++];
    va_list ap;

    warning->kind = kind;
    va_start(ap, fmt);
    (void)vsnprintf(warning->text, sizeof(warning->text), fmt, ap);
    va_end(ap);
}

/* True when some resulting term can be met, alone or together with one of the
 * policy's terms for virtual nodes. */
static bool admits_node(const struct merge *merge, const struct term *also,
                        const struct term *selector, struct arena *arena)
{
    for (size_t i = 0; i < merge->n_terms; i++) {
        if (!term_contradicts(&merge->terms[i], also, selector, arena))
            return true;
    }
    return merge->n_terms == 0;
}

static bool admits_virtual_node(const struct policy *policy,
                                const struct merge *merge,
                                const struct term *selector,
                                struct arena *arena)
{
    bool asked = false;

    for (size_t i = 0; i < policy->n_terms; i++) {
        if (!platform_is_asked_for(&policy->terms[i]))
            continue;
        asked = true;
        if (admits_node(merge, &policy->terms[i], selector, arena))
            return true;
    }
    return !asked;
}

static bool warn_placement(const struct policy *policy, const struct json *pod,
                           const struct merge *merge, struct arena *arena,
                           struct warning *warnings, size_t *count)
{
    struct term selector;

    if (!term_compile_selector(json_get(json_get(pod, "spec"), "nodeSelector"),
                               arena, &selector))
        return false;
    if (!admits_node(merge, NULL, &selector, arena))
        warn_add(warnings, count, WARNING_UNSCHEDULABLE,
                 "no node can run this pod: its nodeSelector or affinity "
                 "contradicts the spillway policy");
    else if (!admits_virtual_node(policy, merge, &selector, arena))
        warn_add(warnings, count, WARNING_NO_VIRTUAL_NODE,
                 "this pod cannot spill over: its nodeSelector or affinity "
                 "rules out the virtual node");
    return true;
}

static bool has_deletion_cost(const struct json *pod)
{
    return json_get(json_get(json_get(pod, "metadata"), "annotations"),
                    ANNOTATION_DELETION_COST);
}

bool warn_about(const struct policy *policy, const struct json *pod,
                const struct merge *merge, struct arena *arena,
                struct warning *warnings, size_t *count, struct error *err)
{
    *count = 0;
    if (merge->reason == REASON_NO_FEASIBLE_TERM)
        warn_add(warnings, count, WARNING_NO_FEASIBLE_TERM,
                 "every required node affinity term is empty and matches no "
                 "node; spillway left the affinity alone");
    else if (merge->reason == REASON_TOO_MANY_TERMS)
        warn_add(warnings, count, WARNING_TOO_MANY_TERMS,
                 "the merged affinity would have more than %d terms or 2 MiB; "
                 "spillway left the affinity alone",
                 MERGE_MAX_TERMS);
    if (merge->reason != REASON_NO_FEASIBLE_TERM &&
        !warn_placement(policy, pod, merge, arena, warnings, count))
        return error_no_memory(err);
    if (policy->tolerates_eci)
        warn_eci(pod, warnings, count);
    if (policy->scale_in_first && has_deletion_cost(pod))
        warn_add(warnings, count, WARNING_DELETION_COST,
                 "on a virtual node this pod's own pod-deletion-cost is "
                 "replaced by " DELETION_COST " (spillway's scaleInFirst)");
    return true;
}
