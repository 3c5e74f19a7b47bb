/*
 * json_scan.h - the tokens of JSON: where a value ends, and whether it is one.
 *
 * Scanning validates and skips; it builds nothing and needs no memory.  The
 * reader in json_read.c decides what to build and scans the rest.
 */
#ifndef SPILLWAY_JSON_SCAN_H
#define SPILLWAY_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "spillway/error.h"
#include "spillway/json.h"
#include "spillway/text.h"

/* A position in a text.  `depth` counts the open braces and brackets. */
struct json_scan {
    const char *start, *at, *end;
    unsigned depth;
    const char *stuck; /* where skipping got stuck; NULL: nowhere yet */
    struct error *err;
};

/* What was seen between the quotes of a string. */
struct json_scan_string {
    struct text content; /* as written, escapes and all */
    bool escaped;        /* has escapes, so must be decoded */
    bool has_nul;        /* has U+0000, as an escape */
};

/* Record "byte N: <message>" for the position `at`; always false. */
bool json_scan_fail(struct json_scan *scan, const char *at,
                    const char *message);

/* Move over white space. */
static inline void json_scan_space(struct json_scan *scan)
{
    /* Mostly there is none. */
    while (scan->at < scan->end && (unsigned char)*scan->at <= ' ' &&
           (*scan->at == ' ' || *scan->at == '\n' || *scan->at == '\t' ||
            *scan->at == '\r'))
        scan->at++;
}

/* The type of the value at the cursor, by its first byte. */
bool json_scan_type(struct json_scan *scan, enum json_type *type) must_check;

/* Move over the value at the cursor, all of it. */
bool json_scan_value(struct json_scan *scan) must_check;

enum { JSON_SHORT = 16 };

/* True for what may stand in a string as it is and is ASCII. */
static inline bool json_scan_is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' &&
           c != '\\';
}

/* The first of JSON_SHORT bytes that is not plain ASCII text, but a quote, a
 * backslash, a control character or part of a longer sequence; else the last
 * of them. */
static inline const char *json_scan_plain(const char *at)
{
#ifdef __SSE2__
    __m128i part = _mm_loadu_si128((const __m128i *)(const void *)at);
    /* Signed, so bytes beyond ASCII are below a space, too. */
    __m128i found =
        _mm_or_si128(_mm_cmplt_epi8(part, _mm_set1_epi8(0x20)),
                     _mm_or_si128(_mm_cmpeq_epi8(part, _mm_set1_epi8('"')),
                                  _mm_cmpeq_epi8(part, _mm_set1_epi8('\\'))));

    return at + __builtin_ctz((unsigned)_mm_movemask_epi8(found) |
                              1u << (JSON_SHORT - 1));
#else
    const char *last = at + JSON_SHORT - 1;

    while (at < last && json_scan_is_plain(*at))
        at++;
    return at;
#endif
}

/* Move over the string at the cursor, which is at its opening quote. */
bool json_scan_string(struct json_scan *scan,
                      struct json_scan_string *string) must_check;

/*
 * The same for what most strings are: short, and as they were written.  False
 * when it is not such a string, or none at all; nothing has moved then.
 */
static inline bool json_scan_short(struct json_scan *scan, struct text *content)
{
    const char *first = scan->at + 1, *at;

    if (scan->end - scan->at < 1 + JSON_SHORT || *scan->at != '"')
        return false;
    at = json_scan_plain(first);
    if (*at != '"')
        return false;
    *content = (struct text){ first, (size_t)(at - first) };
    scan->at = at + 1;
    return true;
}

/* The value of the four hexadecimal digits at `at`; -1 when they are not. */
int json_scan_hex4(const char *at, const char *end);

/*
 * Decode a string's content, as json_scan_string() left it, into `out`, which
 * has room for content.len bytes: an escape is never shorter than what it
 * stands for.  Returns how many bytes were written.
 */
size_t json_scan_decode(struct text content, char *out);

/*
 * Containers, member by member: json_scan_open() moves over the brace or
 * bracket; json_scan_more() says in *more whether a further element follows,
 * having moved over the comma, or the closing `close`.  `first` is true for
 * the first call.  json_scan_colon() moves from behind a key to its value.
 */
must_check static inline bool json_scan_open(struct json_scan *scan)
{
    if (++scan->depth > JSON_MAX_DEPTH)
        return json_scan_fail(scan, scan->at, "nested more than 100 deep");
    scan->at++;
    return true;
}

must_check static inline bool json_scan_more(struct json_scan *scan, char close,
                                             bool first, bool *more)
{
    json_scan_space(scan);
    if (scan->at < scan->end && *scan->at == close) {
        scan->at++;
        scan->depth--;
        *more = false;
        return true;
    }
    *more = true;
    if (first)
        return true;
    if (scan->at == scan->end || *scan->at != ',')
        return json_scan_fail(scan, scan->at,
                              close == '}' ? "expected ',' or '}'"
                                           : "expected ',' or ']'");
    scan->at++;
    json_scan_space(scan);
    return true;
}

must_check static inline bool json_scan_colon(struct json_scan *scan)
{
    json_scan_space(scan);
    if (scan->at == scan->end || *scan->at != ':')
        return json_scan_fail(scan, scan->at, "expected ':'");
    scan->at++;
    json_scan_space(scan);
    return true;
}

#endif
