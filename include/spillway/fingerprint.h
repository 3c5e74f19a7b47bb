/*
 * fingerprint.h - what files hold, in a few bytes: to see that they changed.
 */
#ifndef SPILLWAY_FINGERPRINT_H
#define SPILLWAY_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>

enum { FINGERPRINT_BYTES = 32 };

/* SHA-256 over contents and permissions, or over why they cannot be read. */
struct fingerprint {
    unsigned char bytes[FINGERPRINT_BYTES];
};

/*
 * True for what can be read only once: standard input ("-"), a pipe, a device.
 * It is never looked at here.
 */
bool fingerprint_is_stream(const char *path);

/* Of files; NULL among the paths is fine. */
struct fingerprint fingerprint_files(const char *const paths[], size_t count);

/* Of a policy: a file, or a directory with its names (file_read_policy()). */
struct fingerprint fingerprint_policy(const char *path);

bool fingerprint_equal(const struct fingerprint *a,
                       const struct fingerprint *b);

#endif
