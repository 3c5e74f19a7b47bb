/*
 * wrap_lines.h - a file read line by line, in memory that does not grow with
 * the file; or, when a look at its beginning says so, whole.
 */
#ifndef SPILLWAY_WRAP_LINES_H
#define SPILLWAY_WRAP_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/text.h"

enum { WRAP_LINE_MAX_BYTES = 16 * 1024 * 1024 };

enum wrap_line {
    WRAP_LINE_WHOLE,
    WRAP_LINE_UNENDED,  /* the last, without a newline */
    WRAP_LINE_TOO_LONG, /* more than WRAP_LINE_MAX_BYTES: passed over */
    WRAP_LINE_END,      /* there is no more */
    WRAP_LINE_FAILED,   /* *err is set, SYSTEM */
};

struct wrap_lines {
    const char *path;     /* borrowed */
    int fd;               /* -1 when closed */
    struct buf buf;       /* what was read and not passed over */
    size_t at;            /* where in `buf` the next line begins */
    size_t scanned;       /* up to where no newline was found */
    unsigned long number; /* of the line that was read last, from 1 */
    bool ended;           /* the file has no more */
};

/* Open `path` ("-" is stdin), to be released with wrap_lines_done() also after
 * a failure.  Fails with SYSTEM ("PATH: No such file or directory"). */
bool wrap_lines_open(struct wrap_lines *lines, const char *path,
                     struct error *err) must_check;

/*
 * The first line in which there is more than white space, without passing over
 * anything; before any other reading.  Absent when it is too long, or when
 * there is none.  Fails with SYSTEM.
 */
bool wrap_lines_peek(struct wrap_lines *lines, struct text *line,
                     struct error *err) must_check;

/* The next line, without its newline; good until the next call. */
enum wrap_line wrap_lines_next(struct wrap_lines *lines, struct text *line,
                               struct error *err) must_check;

/* Everything from the beginning, of at most `limit` bytes, instead of lines.
 * Fails with SYSTEM or TOO_BIG. */
bool wrap_lines_all(struct wrap_lines *lines, size_t limit, struct text *bytes,
                    struct error *err) must_check;

void wrap_lines_done(struct wrap_lines *lines);

#define auto_wrap_lines __attribute__((cleanup(wrap_lines_done)))

#endif
