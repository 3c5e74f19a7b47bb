/*
 * metrics_server.c - the metrics of the server itself: connections, overload,
 * files that are taken up, recordings; see metrics.h and metrics.c.
 */
#include "spillway/metrics.h"

#include <stdatomic.h>

#include "spillway/buf.h"
#include "spillway/exposition.h"
#include "spillway/macros.h"

typedef _Atomic unsigned long long counter;

static const char *const end_names[CONNECTION_ENDS] = {
    [CONNECTION_END_CLIENT] = "client",
    [CONNECTION_END_AGE] = "age",
    [CONNECTION_END_IDLE] = "idle",
    [CONNECTION_END_HANDSHAKE_TIMEOUT] = "handshake-timeout",
    [CONNECTION_END_REQUEST_TIMEOUT] = "request-timeout",
    [CONNECTION_END_LIMIT] = "limit",
    [CONNECTION_END_DRAIN] = "drain",
    [CONNECTION_END_RELOAD] = "reload",
};
static const char *const overload_names[OVERLOADS] = {
    [OVERLOAD_CONNECTIONS] = "connections",
    [OVERLOAD_ADDRESS] = "address",
    [OVERLOAD_BYTES] = "bytes",
};
static const char *const reloadable_names[RELOADABLES] = {
    [RELOADABLE_POLICY] = "policy",
    [RELOADABLE_SERVING] = "serving",
    [RELOADABLE_CLIENT_CA] = "client-ca",
};
static const char *const role_names[CERTIFICATE_ROLES] = {
    [CERTIFICATE_SERVING] = "serving",
    [CERTIFICATE_CLIENT_CA] = "client-ca",
};
static const char *const recorded_names[RECORD_RESULTS] = {
    [RECORD_WRITTEN] = "written",
    [RECORD_DUPLICATE] = "duplicate",
    [RECORD_DROPPED] = "dropped",
    [RECORD_FAILED] = "failed",
};

static _Atomic long long connections, inflight_bytes;
static counter closed[CONNECTION_ENDS], overloads[OVERLOADS];
static counter handshakes_failed, recorded[RECORD_RESULTS];
static counter reloads[RELOADABLES][2]; /* failed, ok */
static _Atomic long long reloaded_at[RELOADABLES];
static _Atomic long long not_after[CERTIFICATE_ROLES]; /* 0: none */

static void add(counter *c)
{
    atomic_fetch_add_explicit(c, 1, memory_order_relaxed);
}

static unsigned long long get(counter *c)
{
    return atomic_load_explicit(c, memory_order_relaxed);
}

void metrics_connection_opened(void)
{
    atomic_fetch_add_explicit(&connections, 1, memory_order_relaxed);
}

void metrics_connection_closed(enum connection_end cause)
{
    atomic_fetch_sub_explicit(&connections, 1, memory_order_relaxed);
    add(&closed[cause]);
}

void metrics_handshake_failed(void)
{
    add(&handshakes_failed);
}

void metrics_overload(enum overload cause)
{
    add(&overloads[cause]);
}

void metrics_inflight_bytes(long long delta)
{
    atomic_fetch_add_explicit(&inflight_bytes, delta, memory_order_relaxed);
}

void metrics_loaded(enum reloadable what, time_t now)
{
    atomic_store_explicit(&reloaded_at[what], (long long)now,
                          memory_order_relaxed);
}

void metrics_reload(enum reloadable what, bool good, time_t now)
{
    add(&reloads[what][good]);
    if (good)
        metrics_loaded(what, now);
}

void metrics_certificate(enum certificate_role role, time_t expires)
{
    atomic_store_explicit(&not_after[role], (long long)expires,
                          memory_order_relaxed);
}

void metrics_recorded(enum record_result result)
{
    add(&recorded[result]);
}

/* One sample for each value of a label. */
static void write_labelled(struct buf *out, const char *name, const char *label,
                           const char *const values[], counter *counters,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_printf(out, "%s{%s=\"%s\"} %llu\n", name, label, values[i],
                   get(&counters[i]));
}

/* The same for times; 0 is none. */
static void write_times(struct buf *out, const char *name, const char *label,
                        const char *const values[], _Atomic long long *times,
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        long long time = atomic_load_explicit(&times[i], memory_order_relaxed);

        if (time)
            buf_printf(out, "%s{%s=\"%s\"} %lld\n", name, label, values[i],
                       time);
    }
}

static void write_connections(struct buf *out)
{
    exposition_single(out, "spillway_connections", "gauge",
                      "Connections open on the webhook port.",
                      atomic_load_explicit(&connections, memory_order_relaxed));
    exposition_family(out, "spillway_connections_closed_total", "counter",
                      "Connections that ended on the webhook port, by cause.");
    write_labelled(out, "spillway_connections_closed_total", "cause", end_names,
                   closed, CONNECTION_ENDS);
    exposition_single(out, "spillway_tls_handshake_failures_total", "counter",
                      "Connections that ended before their handshake was "
                      "complete, other than by a timeout or a limit.",
                      (long long)get(&handshakes_failed));
    exposition_family(out, "spillway_overload_rejections_total", "counter",
                      "Connections and requests turned away, by what there was "
                      "too much of.");
    write_labelled(out, "spillway_overload_rejections_total", "cause",
                   overload_names, overloads, OVERLOADS);
    exposition_single(
        out, "spillway_inflight_bytes", "gauge",
        "Memory held by reviews in flight.",
        atomic_load_explicit(&inflight_bytes, memory_order_relaxed));
}

static void write_reloads(struct buf *out)
{
    static const char name[] = "spillway_reload_total";

    exposition_family(
        out, name, "counter",
        "Times that files were read again, by whether they were good.");
    for (int i = 0; i < RELOADABLES; i++)
        buf_printf(out,
                   "%s{what=\"%s\",result=\"ok\"} %llu\n"
                   "%s{what=\"%s\",result=\"failed\"} %llu\n",
                   name, reloadable_names[i], get(&reloads[i][true]), name,
                   reloadable_names[i], get(&reloads[i][false]));
    exposition_family(out, "spillway_reload_last_success_timestamp_seconds",
                      "gauge", "When files were last found good, since 1970.");
    write_times(out, "spillway_reload_last_success_timestamp_seconds", "what",
                reloadable_names, reloaded_at, RELOADABLES);
    exposition_family(out, "spillway_certificate_not_after_seconds", "gauge",
                      "When a certificate in force expires, since 1970.");
    write_times(out, "spillway_certificate_not_after_seconds", "role",
                role_names, not_after, CERTIFICATE_ROLES);
}

void metrics_write_server(struct buf *out)
{
    write_connections(out);
    write_reloads(out);
    exposition_family(out, "spillway_recorded_total", "counter",
                      "Reviews to be recorded, by what became of them.");
    write_labelled(out, "spillway_recorded_total", "result", recorded_names,
                   recorded, RECORD_RESULTS);
}
