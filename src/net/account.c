/* account.c - see account.h for the contract. */
#include "spillway/account.h"

#include <stdatomic.h>

#include "spillway/buf.h"
#include "spillway/listener.h"
#include "spillway/log.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"
#include "spillway/policy.h"

enum { COMPLAINT_GAP_MS = 60000 };

/* The kinds of the warnings that are sent, comma-separated. */
static void list_warnings(const struct admission *admission, struct buf *out)
{
    if (admission->decision != DECISION_MUTATED &&
        admission->decision != DECISION_UNCHANGED)
        return;
    for (size_t i = 0; i < admission->n_warnings; i++)
        buf_printf(out, "%s%s", i ? "," : "",
                   warning_kind_name(admission->warnings[i].kind));
}

static void log_admission(const struct admission *admission, struct text policy,
                          unsigned long long nanoseconds)
{
    static const struct {
        enum log_level level;
        const char *pod, *binding;
    } lines[DECISIONS] = {
        [DECISION_MUTATED] = { LOG_LEVEL_INFO, "mutated pod",
                               "mutated binding" },
        [DECISION_UNCHANGED] = { LOG_LEVEL_DEBUG, "pod is as wanted",
                                 "binding is as wanted" },
        [DECISION_SKIPPED] = { LOG_LEVEL_DEBUG, "left pod alone",
                               "left binding alone" },
        [DECISION_SHADOWED] = { LOG_LEVEL_INFO, "would mutate pod",
                                "would mutate binding" },
        [DECISION_ERROR] = { LOG_LEVEL_ERROR,
                             "patch failed its self-check and was not sent",
                             "patch failed its self-check and was not sent" },
    };
    auto_buf struct buf warnings = { 0 };
    struct log_field fields[] = {
        log_text("ns", admission->name_space),
        log_text("name", admission->name),
        log_text("policy", policy),
        log_string("reason", reason_name(admission->reason)),
        log_number("ops", admission->n_operations),
        log_number("us", nanoseconds / 1000),
        log_text("uid", admission->uid),
        { 0 },
    };
    size_t count = array_len(fields) - 1;

    if (!log_shows(lines[admission->decision].level))
        return;
    list_warnings(admission, &warnings);
    if (warnings.len)
        fields[count++] = log_text("warnings", buf_text(&warnings));
    log_write(lines[admission->decision].level,
              admission->is_binding ? lines[admission->decision].binding
                                    : lines[admission->decision].pod,
              fields, count);
}

void account_admission(const struct admission *admission,
                       unsigned long long nanoseconds)
{
    struct text policy = { 0 };

    if (admission->policy)
        policy = admission->policy->name;
    metrics_admission(admission->decision, admission->reason, policy,
                      nanoseconds);
    for (size_t i = 0; i < admission->n_warnings; i++)
        metrics_warning(admission->warnings[i].kind);
    log_admission(admission, policy, nanoseconds);
}

void account_recorded(enum record_result result, const char *detail)
{
    static atomic_llong next_ms; /* no line about failures before */
    long long now_ms = listener_now();

    metrics_recorded(result);
    if (result == RECORD_WRITTEN) {
        log_event(LOG_LEVEL_INFO, "recorded a review",
                  log_string("workload", detail));
    } else if (result == RECORD_FAILED && now_ms >= atomic_load(&next_ms)) {
        atomic_store(&next_ms, now_ms + COMPLAINT_GAP_MS);
        log_event(LOG_LEVEL_WARN, "cannot record a review",
                  log_string("error", detail));
    }
}
