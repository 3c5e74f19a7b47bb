/*
 * metrics.h - what the server counts, and how Prometheus reads it.
 *
 * The counters belong to the process; every thread may count at any time.
 * Names and labels are an interface; no label takes a pod's name.
 */
#ifndef SPILLWAY_METRICS_H
#define SPILLWAY_METRICS_H

#include "spillway/decision.h"
#include "spillway/text.h"

struct buf;

/* A review is being received, decided or answered: begun and ended in pairs. */
void metrics_admission_begin(void);
void metrics_admission_end(void);

/* A review was decided, `nanoseconds` after its last byte had come.  `policy`
 * is absent when none matched. */
void metrics_admission(enum decision decision, enum reason reason,
                       struct text policy, unsigned long long nanoseconds);

/* A warning was returned, or would have been outside shadow mode. */
void metrics_warning(enum warning_kind kind);

/* The webhook port answered with that HTTP status. */
void metrics_http(unsigned code);

/*
 * Append everything in the text exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
void metrics_write(struct buf *out, const char *policy_digest);

#endif
