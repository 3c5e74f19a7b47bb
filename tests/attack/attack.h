/*
 * attack.h - what every attack has in common: a server to be attacked, and the
 * proof afterwards that it took no harm.
 */
#ifndef SPILLWAY_TESTS_ATTACK_H
#define SPILLWAY_TESTS_ATTACK_H

#include <stdbool.h>
#include <stddef.h>

#include "server_process.h"

/* The server of all tests of one program. */
extern struct server_process attacked;

/* cmocka's group setup and teardown.  The server ends handshakes, requests and
 * idle connections after ATTACK_MS. */
enum { ATTACK_MS = 1500 };
int attack_begin(void **state);
int attack_end(void **state);

/*
 * Every test's setup and teardown.  Afterwards a good request is answered
 * within what is usual, and descriptors and private memory are back where they
 * were: all three are waited for, and fail the test otherwise.
 */
int attack_before(void **state);
int attack_after(void **state);

/* Reviews that were decided since the test began, the good ones of
 * attack_after() not among them. */
int attack_decided(void);

/*
 * The text of a row with its placeholders filled in: $R is a review of a
 * gateway pod, $L its length in decimal and $X in hexadecimal, $Z a thousand
 * bytes, $N a NUL.  The caller frees it; *len is its length.
 */
char *attack_expand(const char *text, size_t *len);

/* Set a socket so that closing it resets the connection. */
void attack_reset_on_close(int fd);

#define ATTACK(name, function, state)                                          \
    {                                                                          \
        name, function, attack_before, attack_after,                           \
            (void *)(uintptr_t)(state)                                         \
    }

#endif
