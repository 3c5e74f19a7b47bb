/*
 * servers.h - servers that are measured, and the load that is put on them.
 */
#ifndef SPILLWAY_BENCH_SERVERS_H
#define SPILLWAY_BENCH_SERVERS_H

#include "bench.h"
#include "process.h"

enum { NULL_PORT = 18543, PORT = 18544, ADMIN_PORT = 18545, PEER_PORT = 18547 };

/* The program's server on PORT, and the one that does nothing on NULL_PORT;
 * the latter has the first processor. */
struct process start_server(const struct bench *bench, int cpu,
                            unsigned threads);
struct process start_null(const struct bench *bench);

/* Seconds until the server on that port has answered a request. */
double await_answer(int port);

/* What one load came to. */
struct load {
    double rate, cpu_us; /* requests a second; processor time for one */
};

struct load put_load(const struct bench *bench, const struct process *server,
                     int port, unsigned connections, const char *review);

/* The latencies at shares of the highest rate, in requests a second. */
void measure_latency(struct bench *bench, double highest);

#endif
