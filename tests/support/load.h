/*
 * load.h - good clients, each in a thread of its own, while something else is
 * done to the server.
 *
 * Every answer must be one of those that are expected; a connection whose
 * answer announced its end is opened anew.  Failures are counted, not asserted:
 * cmocka's assertions are for the main thread.
 */
#ifndef SPILLWAY_TESTS_LOAD_H
#define SPILLWAY_TESTS_LOAD_H

#include <stddef.h>

struct load;
struct server_process;

enum { LOAD_ANSWERS = 2 };

struct load_settings {
    const struct server_process *server;
    unsigned clients;
    const char *body; /* of every request */
    size_t body_len;
    /* The answers that are right; borrowed.  NULL: any with status 200. */
    const char *answers[LOAD_ANSWERS];
    /* Requests on one connection before it is closed; 0: as many as can be. */
    unsigned per_connection;
    unsigned pause_ms; /* between two requests of a client */
};

/* Start the clients. */
struct load *load_start(const struct load_settings *settings);

/* Answers that were right, so far. */
unsigned long long load_good(const struct load *load);

/* End the clients.  Returns how many requests went wrong; *first, which the
 * caller frees, says how the first did (NULL when none). */
unsigned long long load_stop(struct load *load, char **first);

#endif
