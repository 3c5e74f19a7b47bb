/*
 * log.h - what the server says while it runs: one event, one line, on stderr.
 *
 * A line is `TIME LEVEL message key=value...` (time in RFC 3339, UTC), or a
 * JSON object with `time`, `level`, `msg` and the same keys.  Each line is one
 * write(2), so that threads never mix theirs.  Texts from outside are quoted
 * where they could be mistaken for something else, and clipped; what may not
 * be logged at all (bodies, headers, keys) is the caller's to leave out.
 *
 * Only cmd/ and net/ log: once per event, at the place that decides.
 */
#ifndef SPILLWAY_LOG_H
#define SPILLWAY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "spillway/text.h"

struct buf;

enum log_level {
    LOG_LEVEL_ERROR, /* a human must act */
    LOG_LEVEL_WARN,  /* we went on */
    LOG_LEVEL_INFO,  /* starts, stops, and one line per mutation */
    LOG_LEVEL_DEBUG, /* the rest */
};

enum { LOG_VALUE_MAX = 256 }; /* bytes of a text value that are shown */

struct log_field {
    const char *key; /* of our own: a lower-case word */
    bool is_number;
    unsigned long long number;
    struct text text; /* borrowed for the call */
};

static inline struct log_field log_text(const char *key, struct text value)
{
    return (struct log_field){ .key = key, .text = value };
}

static inline struct log_field log_string(const char *key, const char *value)
{
    return log_text(key, text_of(value));
}

static inline struct log_field log_number(const char *key,
                                          unsigned long long value)
{
    return (struct log_field){ .key = key, .is_number = true, .number = value };
}

/* Set what is shown, before the first thread starts.  The names are those of
 * --log-level and --log-format; an unknown one changes nothing. */
void log_configure(const char *level, const char *format);

/* Show one level more (`step` 1: up to debug) or less (-1: down to error), as
 * long as there is one.  Returns the name of what is shown from now on. */
const char *log_step(int step);

/* True when lines of that level are shown. */
bool log_shows(enum log_level level);

/* True when lines are JSON. */
bool log_is_json(void);

/* Append one line, newline included, as it looks at that time. */
void log_format(struct buf *out, bool json, const struct timespec *time,
                enum log_level level, const char *message,
                const struct log_field *fields, size_t count);

/* Write one line to stderr, if its level is shown.  A line that cannot be
 * written is lost: there is nobody left to tell. */
void log_write(enum log_level level, const char *message,
               const struct log_field *fields, size_t count);

/* log_event(LOG_LEVEL_INFO, "drained", log_number("ms", ms)); */
#define log_event(level, message, ...)                                         \
    log_write((level), (message), (const struct log_field[]){ __VA_ARGS__ },   \
              sizeof((const struct log_field[]){ __VA_ARGS__ }) /              \
                  sizeof(struct log_field))

#endif
