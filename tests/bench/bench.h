/*
 * bench.h - what the parts of bench share.
 */
#ifndef SPILLWAY_BENCH_BENCH_H
#define SPILLWAY_BENCH_BENCH_H

#include <stdbool.h>

#include <cjson/cJSON.h>

#include "spillway/macros.h"

struct bench {
    unsigned rounds, seconds; /* how long each load takes in a round */
    bool only_instructions;
    const char *peer, *podcreate; /* programs, or NULL */
    const char *build, *out;
    const char *dir; /* inputs and certificates */
    cJSON *document;
};

/* Texts live as long as the program. */
char *text(const char *fmt, ...) printf_like(1, 2);

/* What is going on, on a terminal. */
void progress(const char *what);

/* The server: against the null server, at rates, with more connections and
 * larger bodies, its memory and its start. */
void measure_servers(struct bench *bench);

/* The server against others: requests to a webhook in Go, and pods created at
 * an API server. */
void measure_peers(struct bench *bench);

#endif
