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
void json_scan_space(struct json_scan *scan);

/* The type of the value at the cursor, by its first byte. */
bool json_scan_type(struct json_scan *scan, enum json_type *type) must_check;

/* Move over the value at the cursor, all of it. */
bool json_scan_value(struct json_scan *scan) must_check;

/* Move over the string at the cursor, which is at its opening quote. */
bool json_scan_string(struct json_scan *scan,
                      struct json_scan_string *string) must_check;

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
bool json_scan_open(struct json_scan *scan) must_check;
bool json_scan_more(struct json_scan *scan, char close, bool first,
                    bool *more) must_check;
bool json_scan_colon(struct json_scan *scan) must_check;

#endif
