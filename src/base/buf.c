/* buf.c - see buf.h for the contract. */
#include "spillway/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/arena.h"

bool buf_ok(const struct buf *buf, struct error *err)
{
    return !buf->failed || error_no_memory(err);
}

static bool grow(struct buf *buf, size_t capacity)
{
    char *data =
        buf->arena ? arena_grow(buf->arena, buf->data, buf->capacity, capacity)
                   : realloc(buf->data, capacity);

    if (!data)
        return false;
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

/* Room for `need` bytes, and as much again as there was, so that a buffer that
 * grows by small steps is not copied at each. */
static size_t roomy(const struct buf *buf, size_t need)
{
    size_t capacity = buf->capacity ? buf->capacity : 256;

    while (capacity < need)
        capacity = capacity > SIZE_MAX / 4 ? need : capacity * 2;
    return capacity;
}

static char *reserve(struct buf *buf, size_t more, bool exactly)
{
    size_t need;

    if (buf->failed)
        return NULL;
    if (__builtin_add_overflow(buf->len + 1, more, &need) ||
        (need > buf->capacity &&
         !grow(buf, exactly ? need : roomy(buf, need)))) {
        buf->failed = true;
        return NULL;
    }
    return buf->data + buf->len;
}

char *buf_reserve(struct buf *buf, size_t more)
{
    return reserve(buf, more, false);
}

char *buf_reserve_exactly(struct buf *buf, size_t more)
{
    return reserve(buf, more, true);
}

/* Where they are not inlined. */
extern inline void buf_add(struct buf *buf, const void *bytes, size_t len);
extern inline void buf_add_string(struct buf *buf, const char *string);
extern inline void buf_add_text(struct buf *buf, struct text text);
extern inline void buf_add_char(struct buf *buf, char c);

void buf_add_number(struct buf *buf, unsigned long long number)
{
    char digits[3 * sizeof(number)], *first = digits + sizeof(digits);

    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buf_add(buf, first, (size_t)(digits + sizeof(digits) - first));
}

void buf_vprintf(struct buf *buf, const char *fmt, va_list ap)
{
    va_list again;
    int len;
    char *to;

    va_copy(again, ap);
    len = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    to = len < 0 ? NULL : buf_reserve(buf, (size_t)len);
    if (!to) {
        buf->failed = true;
        return;
    }
    (void)vsnprintf(to, (size_t)len + 1, fmt, ap);
    buf->len += (size_t)len;
}

/* Marks that turn the direction of writing (U+200E, U+200F, U+202A to U+202E,
 * U+2066 to U+2069), with which a text can be shown as another. */
static bool is_direction(const char *at)
{
    unsigned char second = (unsigned char)at[1], third = (unsigned char)at[2];

    if (second == 0x80)
        return third == 0x8E || third == 0x8F ||
               (third >= 0xAA && third <= 0xAE);
    return second == 0x81 && third >= 0xA6 && third <= 0xA9;
}

/* The length of the control character at `at`; 0 when it is another one.  Those
 * from U+0080 to U+009F are two bytes in UTF-8, and begin escape sequences on
 * some terminals. */
static size_t control_length(const char *at, size_t left)
{
    unsigned char c = (unsigned char)at[0];

    if (c < 0x20 || c == 0x7F)
        return 1;
    if (c == 0xC2)
        return left > 1 && (unsigned char)at[1] < 0xA0 ? 2 : 0;
    return c == 0xE2 && left > 2 && is_direction(at) ? 3 : 0;
}

void buf_add_shown(struct buf *buf, struct text text, size_t limit)
{
    struct text shown = text_clip(text, limit);

    for (size_t i = 0; i < shown.len; i++) {
        size_t len = control_length(&shown.data[i], shown.len - i);

        if (len == 0) {
            buf_add_char(buf, shown.data[i]);
            continue;
        }
        buf_add_char(buf, '?');
        i += len - 1;
    }
}

void buf_printf(struct buf *buf, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(buf, fmt, ap);
    va_end(ap);
}

/* The four digits of 24 bits. */
static inline void put_base64(char *to, unsigned bits)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";

    to[0] = digits[bits >> 18];
    to[1] = digits[bits >> 12 & 63];
    to[2] = digits[bits >> 6 & 63];
    to[3] = digits[bits & 63];
}

void buf_add_base64(struct buf *buf, struct text bytes)
{
    const unsigned char *from = (const unsigned char *)bytes.data;
    size_t left = bytes.len, len = (left + 2) / 3 * 4;
    char *to = left > SIZE_MAX / 2 ? NULL : buf_reserve(buf, len);

    if (!to) {
        buf->failed = true;
        return;
    }
    for (; left >= 3; left -= 3, from += 3, to += 4)
        put_base64(to,
                   (unsigned)from[0] << 16 | (unsigned)from[1] << 8 | from[2]);
    if (left > 0) {
        put_base64(to, (unsigned)from[0] << 16 |
                           (left == 2 ? (unsigned)from[1] << 8 : 0));
        memset(to + 1 + left, '=', 3 - left);
        to += 4;
    }
    *to = '\0';
    buf->len += len;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
    if (buf->data)
        buf->data[0] = '\0';
}

void buf_done(struct buf *buf)
{
    if (!buf->arena)
        free(buf->data);
    *buf = (struct buf){ .arena = buf->arena };
}
