/*
 * ask.h - one connection to a server on loopback, in TLS.
 */
#ifndef SPILLWAY_BENCH_ASK_H
#define SPILLWAY_BENCH_ASK_H

#include <stdbool.h>
#include <stddef.h>

/* Post a review over a new connection; true when the answer is 200. */
bool ask(int port, const char *review, size_t len);

/* Open a connection, post a review and read its answer; the descriptor stays
 * open with the process.  Ends the program when that fails. */
void ask_and_stay(int port, const char *review, size_t len);

#endif
