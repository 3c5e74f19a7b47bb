/*
 * server_process.h - the built program as a process: run to its end, or as a
 * server on free loopback ports.
 *
 * The program is the file named by the environment variable SPILLWAY.  Every
 * wait has a generous deadline, and missing it fails the running test.
 */
#ifndef SPILLWAY_TESTS_SERVER_PROCESS_H
#define SPILLWAY_TESTS_SERVER_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "scratch.h"

enum { PATIENCE_MS = 60000 }; /* for what should take milliseconds */

/* Milliseconds of the monotonic clock. */
long long clock_ms(void);

/* Let a little time pass between two looks at a condition. */
void pause_briefly(void);

/*
 * Run the program with those words, NULL at the end, and `in` on its standard
 * input (NULL: none).  Returns its exit status; *out and *err, when wanted,
 * are what it printed, which the caller frees.
 */
int program_run(const char *const words[], const char *in, char **out,
                char **err);

struct server_process {
    struct scratch scratch; /* holds ca.crt tls.crt tls.key and the log */
    pid_t pid;              /* 0 when it has ended */
    int port, admin_port;
};

/* Make the server's directory, with a certificate for localhost in it, for
 * tests that put something beside it; server_start() does it for the others. */
void server_prepare(struct server_process *server);

/*
 * Issue a certificate for localhost, start `serve` with it and with the words
 * of `options` besides, and wait until it listens.
 */
void server_start(struct server_process *server, const char *const options[]);

/* What it has logged until now; the caller frees it. */
char *server_log(const struct server_process *server);

/* Wait until it has logged that text. */
void server_wait_log(const struct server_process *server, const char *text);

void server_signal(const struct server_process *server, int signal);

/* Wait for its end.  Returns its exit status, 128 + N for signal N. */
int server_wait(struct server_process *server);

/* How many descriptors it has open. */
size_t server_descriptors(const struct server_process *server);

/* A line of its /proc/PID/status in KB: "RssAnon:", "VmHWM:". */
long server_memory_kb(const struct server_process *server, const char *line);

/* End it, if it still runs, and remove its files. */
void server_done(struct server_process *server);

/* Ask it to stop, if it still runs, and remove its files.  Returns its exit
 * status, and prints its log when that is not 0. */
int server_stop(struct server_process *server);

/*
 * cmocka's setup and teardown: *state on entry is a NULL-terminated array of
 * options (or NULL), then the server.  The teardown asks the server to stop
 * and fails unless it exits 0.
 */
int server_setup(void **state);
int server_teardown(void **state);

#endif
