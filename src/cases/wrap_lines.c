/* wrap_lines.c - see wrap_lines.h for the contract. */
#include "spillway/wrap_lines.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "spillway/dump.h"

enum { STEP = 64 * 1024 };

static bool fail(struct error *err, const char *path)
{
    return error_set(err, ERROR_SYSTEM, "%s: %s", dump_name(path),
                     strerror(errno));
}

bool wrap_lines_open(struct wrap_lines *lines, const char *path,
                     struct error *err)
{
    *lines = (struct wrap_lines){ .path = path, .fd = STDIN_FILENO };
    if (strcmp(path, "-") != 0)
        lines->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return lines->fd >= 0 || fail(err, path);
}

/* Read some more, or note that there is none. */
static bool fill(struct wrap_lines *lines, struct error *err)
{
    char *to = buf_reserve(&lines->buf, STEP);
    ssize_t got;

    if (!to)
        return error_no_memory(err);
    do
        got = read(lines->fd, to, STEP);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return fail(err, lines->path);
    lines->buf.len += (size_t)got;
    lines->ended = got == 0;
    return true;
}

/* The line that begins at `start`; its end is looked for from `from` on.  False
 * when its end was not read yet. */
static bool find_line(const struct wrap_lines *lines, size_t start, size_t from,
                      struct text *line)
{
    const struct buf *buf = &lines->buf;
    const char *end = from < buf->len
                          ? memchr(buf->data + from, '\n', buf->len - from)
                          : NULL;

    if (!end && !lines->ended)
        return false;
    *line = (struct text){ buf->data + start,
                           end ? (size_t)(end - buf->data) - start
                               : buf->len - start };
    return true;
}

bool wrap_lines_peek(struct wrap_lines *lines, struct text *line,
                     struct error *err)
{
    struct text found = { 0 };
    size_t start = 0, scanned = 0;

    *line = (struct text){ 0 };
    while (!found.data) {
        const struct buf *buf = &lines->buf;

        while (start < buf->len && strchr(" \t\r\n", buf->data[start]) &&
               buf->data[start])
            start++;
        scanned = scanned > start ? scanned : start;
        if (find_line(lines, start, scanned, &found))
            break;
        if (buf->len > WRAP_LINE_MAX_BYTES)
            return true;
        scanned = buf->len;
        if (!fill(lines, err))
            return false;
    }
    if (found.len <= WRAP_LINE_MAX_BYTES)
        *line = found;
    return true;
}

/* Move what was not read yet to the beginning, so that there is room. */
static void compact(struct wrap_lines *lines)
{
    size_t left = lines->buf.len - lines->at;

    if (lines->at == 0)
        return;
    memmove(lines->buf.data, lines->buf.data + lines->at, left);
    lines->buf.len = left;
    lines->scanned -= lines->at;
    lines->at = 0;
}

enum wrap_line wrap_lines_next(struct wrap_lines *lines, struct text *line,
                               struct error *err)
{
    bool too_long = false, unended;

    lines->scanned = lines->at;
    while (!find_line(lines, lines->at, lines->scanned, line)) {
        compact(lines);
        if (lines->buf.len > WRAP_LINE_MAX_BYTES) {
            too_long = true;
            lines->buf.len = 0;
        }
        lines->scanned = lines->buf.len;
        if (!fill(lines, err))
            return WRAP_LINE_FAILED;
    }
    unended = lines->at + line->len == lines->buf.len;
    if (unended && line->len == 0 && !too_long)
        return WRAP_LINE_END;
    lines->at += line->len + !unended;
    lines->number++;
    if (too_long || line->len > WRAP_LINE_MAX_BYTES)
        return WRAP_LINE_TOO_LONG;
    return unended ? WRAP_LINE_UNENDED : WRAP_LINE_WHOLE;
}

bool wrap_lines_all(struct wrap_lines *lines, size_t limit, struct text *bytes,
                    struct error *err)
{
    while (!lines->ended) {
        if (lines->buf.len > limit)
            return error_set(err, ERROR_TOO_BIG, "%s: is larger than %zu bytes",
                             dump_name(lines->path), limit);
        if (!fill(lines, err))
            return false;
    }
    *bytes = buf_text(&lines->buf);
    return true;
}

void wrap_lines_done(struct wrap_lines *lines)
{
    if (lines->fd > STDIN_FILENO)
        (void)close(lines->fd);
    lines->fd = -1;
    buf_done(&lines->buf);
}
