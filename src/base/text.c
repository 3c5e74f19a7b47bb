/* text.c - see text.h for the contract. */
#include "spillway/text.h"

#include <limits.h>

int text_compare(struct text a, struct text b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.data, b.data, common) : 0;

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool text_has_prefix(struct text text, const char *prefix)
{
    size_t len = strlen(prefix);

    return len == 0 || (text.len >= len && memcmp(text.data, prefix, len) == 0);
}

bool text_has_suffix(struct text text, const char *suffix)
{
    size_t len = strlen(suffix);

    return text.len > len &&
           memcmp(text.data + text.len - len, suffix, len) == 0;
}

int text_compare_pointers(const void *a, const void *b)
{
    const struct text *x = a, *y = b;

    return text_compare(*x, *y);
}

bool text_parse_integer(struct text text, long long *value)
{
    bool negative = text.len > 0 && text.data[0] == '-';
    size_t i = text.len > 0 && (negative || text.data[0] == '+');
    long long sum = 0;

    if (i == text.len)
        return false;
    for (; i < text.len; i++) {
        int digit = text.data[i] - '0';

        if (digit < 0 || digit > 9 || __builtin_mul_overflow(sum, 10, &sum) ||
            __builtin_add_overflow(sum, negative ? -digit : digit, &sum))
            return false;
    }
    *value = sum;
    return true;
}

struct text text_clip(struct text text, size_t limit)
{
    if (text.len <= limit)
        return text;
    /* Step back over continuation bytes to the start of a character. */
    while (limit > 0 && ((unsigned char)text.data[limit] & 0xC0) == 0x80)
        limit--;
    return (struct text){ text.data, limit };
}

size_t text_utf8_sequence(const char *at, size_t left)
{
    const unsigned char *s = (const unsigned char *)at;
    unsigned char low = 0x80, high = 0xBF; /* of the second byte */
    size_t len;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || s[0] > 0xF4)
        return 0;
    len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
    if (len > left)
        return 0;
    if (s[0] == 0xE0)
        low = 0xA0; /* no overlong forms */
    else if (s[0] == 0xED)
        high = 0x9F; /* no surrogates */
    else if (s[0] == 0xF0)
        low = 0x90;
    else if (s[0] == 0xF4)
        high = 0x8F; /* nothing beyond U+10FFFF */
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return 0;
    }
    return len;
}

bool text_take_line(struct text *text, struct text *line)
{
    const char *end = text->len ? memchr(text->data, '\n', text->len) : NULL;
    size_t len = end ? (size_t)(end - text->data) : text->len;
    size_t taken = len + (end != NULL);

    if (text->len == 0)
        return false;
    *line = (struct text){ text->data, len };
    *text = (struct text){ text->data + taken, text->len - taken };
    return true;
}
