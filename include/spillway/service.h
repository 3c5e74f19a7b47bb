/*
 * service.h - the running server: both ports, from opening to draining.
 */
#ifndef SPILLWAY_SERVICE_H
#define SPILLWAY_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/macros.h"

struct recorder;
struct reload;
struct service;
struct snapshots;

/* Everything is borrowed. */
struct service_settings {
    struct snapshots *snapshots; /* one is published */
    struct reload *reload;
    struct recorder *recorder;  /* NULL when nothing is recorded */
    const char *listen, *admin; /* ADDR:PORT, as address.h has it */
    const char *path;           /* where reviews are posted */
    unsigned threads, max_connections;
    unsigned max_per_address; /* connections; 0 for no limit */
    size_t max_body, max_inflight;
    long long handshake_ms, request_ms, idle_ms, age_ms, drain_ms;
    long long slow_ms; /* requests that take so long are logged; 0: none */
};

/*
 * Open both ports and serve.  `signal_fd` is from signals_open(), borrowed.
 * NULL with *err INVALID or SYSTEM; then no port is open.
 */
struct service *service_new(const struct service_settings *settings,
                            int signal_fd, struct error *err) must_check;

/*
 * Take up changes of the files, by itself and when SIGHUP asks for it; show one
 * level of log more with SIGUSR1, one less with SIGUSR2.  On SIGTERM or SIGINT,
 * drain: go on accepting for drain_ms (SIGINT: not at all) while every answer
 * announces the end of its connection, close the port, and wait until nothing
 * is in flight, at most request_ms.  False when a second signal cut that short.
 */
bool service_run(struct service *service);

/* Drop what is still open and release everything; NULL is fine. */
void service_free(struct service *service);

#define auto_service __attribute__((cleanup(service_release)))

static inline void service_release(struct service **p)
{
    service_free(*p);
}

#endif
