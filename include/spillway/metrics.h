/*
 * metrics.h - what the server counts, and how Prometheus reads it.
 *
 * The counters belong to the process; every thread may count at any time.
 * Names and labels are an interface; no label takes a pod's name.
 */
#ifndef SPILLWAY_METRICS_H
#define SPILLWAY_METRICS_H

#include <stdbool.h>
#include <time.h>

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

/* Why a connection of the webhook port ended. */
enum connection_end {
    CONNECTION_END_CLIENT, /* the client closed it, or broke the protocol */
    CONNECTION_END_AGE,    /* announced, since it was old */
    CONNECTION_END_IDLE,
    CONNECTION_END_HANDSHAKE_TIMEOUT,
    CONNECTION_END_REQUEST_TIMEOUT,
    CONNECTION_END_LIMIT,  /* to make room for another */
    CONNECTION_END_DRAIN,  /* announced, since the server stops */
    CONNECTION_END_RELOAD, /* announced, since the certificate changed */
    CONNECTION_ENDS
};

/* Each that was opened is closed once. */
void metrics_connection_opened(void);
void metrics_connection_closed(enum connection_end cause);

/* It ended before its handshake was complete, and not by our doing. */
void metrics_handshake_failed(void);

/* What there was no room for. */
enum overload {
    OVERLOAD_CONNECTIONS, /* a connection: as many are open as may be */
    OVERLOAD_ADDRESS,     /* a connection: as many as one address may have */
    OVERLOAD_BYTES,       /* a request: as many bytes of reviews are held */
    OVERLOADS
};

/* Something was turned away. */
void metrics_overload(enum overload cause);

/* Bodies hold so many bytes more, or less. */
void metrics_inflight_bytes(long long delta);

/* What is loaded from files, and taken up anew when they change. */
enum reloadable {
    RELOADABLE_POLICY,
    RELOADABLE_SERVING,
    RELOADABLE_CLIENT_CA,
    RELOADABLES
};

/* It was loaded and proven for the first time, at that time. */
void metrics_loaded(enum reloadable what, time_t now);

/* Its files were read again: they are good, at that time, or were refused. */
void metrics_reload(enum reloadable what, bool good, time_t now);

enum certificate_role {
    CERTIFICATE_SERVING,
    CERTIFICATE_CLIENT_CA,
    CERTIFICATE_ROLES
};

/* A certificate is in force, and will expire then. */
void metrics_certificate(enum certificate_role role, time_t not_after);

/* What became of a review that was to be recorded. */
enum record_result {
    RECORD_WRITTEN,
    RECORD_DUPLICATE, /* one of its shape is there */
    RECORD_DROPPED,   /* the writer could not follow, or the limit is reached */
    RECORD_FAILED,
    RECORD_RESULTS
};

void metrics_recorded(enum record_result result);

/*
 * Append everything in the text exposition format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/).
 */
void metrics_write(struct buf *out, const char *policy_digest);

/* A part of that: connections, files, recordings; for metrics_write() only. */
void metrics_write_server(struct buf *out);

#endif
