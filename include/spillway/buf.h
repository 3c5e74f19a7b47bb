/*
 * buf.h - a growing string of bytes.
 *
 * Appending never fails visibly: when memory runs out the buffer remembers it
 * in `failed`, ignores what follows, and whoever uses the content asks once,
 * with buf_ok().  `data` is NUL-terminated whenever it is not NULL; the NUL is
 * not counted in `len`.
 *
 * A zeroed struct is an empty buffer on the heap, released with buf_done().
 * With `arena` set before the first append, the memory belongs to that arena.
 */
#ifndef SPILLWAY_BUF_H
#define SPILLWAY_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "spillway/error.h"
#include "spillway/macros.h"
#include "spillway/text.h"

struct arena;

struct buf {
    char *data;
    size_t len, capacity;
    struct arena *arena; /* borrowed; NULL for the heap */
    bool failed;
};

/* True unless memory ran out; otherwise sets ERROR_SYSTEM. */
bool buf_ok(const struct buf *buf, struct error *err) must_check;

/* Make room for `more` bytes after len, to be filled in by the caller.  Returns
 * where they go, or NULL when memory is short. */
char *buf_reserve(struct buf *buf, size_t more);

/* The same, but makes no more room than that. */
char *buf_reserve_exactly(struct buf *buf, size_t more);

inline void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    char *to = !buf->failed && len < buf->capacity - buf->len
                   ? buf->data + buf->len
                   : buf_reserve(buf, len);

    if (!to)
        return;
    if (bytes && len > 0)
        memcpy(to, bytes, len);
    to[len] = '\0';
    buf->len += len;
}

inline void buf_add_string(struct buf *buf, const char *string)
{
    buf_add(buf, string, strlen(string));
}

inline void buf_add_text(struct buf *buf, struct text text)
{
    buf_add(buf, text.data, text.len);
}

inline void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_printf(struct buf *buf, const char *fmt, ...) printf_like(2, 3);
void buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
    printf_like(2, 0);

/* Append a number in decimal. */
void buf_add_number(struct buf *buf, unsigned long long number);

/* Append at most `limit` bytes of a text from outside, for a message: control
 * characters (those of C1, too) become '?', UTF-8 sequences are not cut. */
void buf_add_shown(struct buf *buf, struct text text, size_t limit);

/* Append base64 with padding and without line breaks (RFC 4648, section 4). */
void buf_add_base64(struct buf *buf, struct text bytes);

/* The content as a slice, good until the next append. */
static inline struct text buf_text(const struct buf *buf)
{
    return (struct text){ buf->data, buf->len };
}

/* Empty the buffer and keep its memory. */
void buf_clear(struct buf *buf);

/* Release heap memory and empty the buffer. */
void buf_done(struct buf *buf);

#define auto_buf __attribute__((cleanup(buf_done)))

#endif
