/*
 * service.h - the running server: both ports, from opening to draining.
 */
#ifndef SPILLWAY_SERVICE_H
#define SPILLWAY_SERVICE_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/error.h"
#include "spillway/macros.h"

struct keypair;
struct policy_set;
struct service;

struct service_settings {
    const struct policy_set *policy; /* borrowed, as everything here */
    const struct keypair *pair;
    const char *listen, *admin; /* ADDR:PORT, as address.h has it */
    const char *path;           /* where reviews are posted */
    unsigned threads, max_connections;
    size_t max_body;
    long long handshake_ms, request_ms, idle_ms, drain_ms;
};

/*
 * Open both ports and serve.  SIGTERM and SIGINT are blocked in the caller,
 * which must be the only thread, and stay so.  NULL with *err INVALID or
 * SYSTEM; then no port is open.
 */
struct service *service_new(const struct service_settings *settings,
                            struct error *err) must_check;

/*
 * Wait for SIGTERM or SIGINT and drain: go on accepting for drain_ms (SIGINT:
 * not at all) while every answer announces the end of its connection, close
 * the port, and wait until nothing is in flight, at most request_ms.  False
 * when a second signal cut that short.
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
