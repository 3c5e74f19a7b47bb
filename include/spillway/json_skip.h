/*
 * json_skip.h - move over a whole object or array, 64 bytes at a time.
 *
 * Most of a review is only validated and passed over.  This does it with a few
 * bit masks for each block of 64 bytes: where strings are, where brackets,
 * commas and colons stand outside of them, and whether each is one that may
 * stand there.  It says yes or "do not know", never no: what is not compact
 * JSON, or not JSON, is left to json_scan.h, which knows what is wrong.
 *
 * What it says yes to is exactly what json_scan_value() takes.
 */
#ifndef SPILLWAY_JSON_SKIP_H
#define SPILLWAY_JSON_SKIP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The end of the object or array that begins at `at`, where `room` braces and
 * brackets may yet be opened.  NULL when it is not known to be valid; *stuck is
 * then a place that it did not get beyond.
 */
typedef const char *json_skip_function(const char *at, const char *end,
                                       unsigned room, const char **stuck);

/* The same in the instructions of one processor or another. */
struct json_skipper {
    const char *name;
    bool (*is_supported)(void);
    json_skip_function *run;
};

/* All that were built, the best first; the last runs everywhere. */
extern const struct json_skipper json_skippers[];
extern const size_t json_n_skippers;

/* With the best that this processor has. */
const char *json_skip(const char *at, const char *end, unsigned room,
                      const char **stuck);

#endif
