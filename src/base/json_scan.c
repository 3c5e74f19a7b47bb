/* json_scan.c - see json_scan.h for the contract. */
#include "spillway/json_scan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/json_skip.h"

enum {
    /* A number with fewer characters and no exponent fits a double. */
    NUMBER_SAFE_LEN = 300,
    NUMBER_MAX_LEN = 4096,
};

bool json_scan_fail(struct json_scan *scan, const char *at, const char *message)
{
    return error_set(scan->err, ERROR_INVALID, "byte %td: %s", at - scan->start,
                     message);
}

bool json_scan_type(struct json_scan *scan, enum json_type *type)
{
    if (scan->at == scan->end)
        return json_scan_fail(scan, scan->at, "the JSON text ends too early");
    switch (*scan->at) {
    case '{':
        *type = JSON_OBJECT;
        return true;
    case '[':
        *type = JSON_ARRAY;
        return true;
    case '"':
        *type = JSON_STRING;
        return true;
    case 't':
    case 'f':
        *type = JSON_BOOL;
        return true;
    case 'n':
        *type = JSON_NULL;
        return true;
    default:
        *type = JSON_NUMBER; /* or nothing; scanning it will tell */
        return true;
    }
}

/* The first of the next bytes that is not plain ASCII text. */
static const char *skip_plain(const char *at, const char *end)
{
    while (end - at >= JSON_SHORT) {
        at = json_scan_plain(at);
        if (!json_scan_is_plain(*at))
            return at;
        at++;
    }
    while (at < end && json_scan_is_plain(*at))
        at++;
    return at;
}

int json_scan_hex4(const char *at, const char *end)
{
    int value = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;

        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* Move over `\uXXXX`, or the two of a surrogate pair; at the backslash. */
static bool scan_unicode(struct json_scan *scan, bool *has_nul)
{
    int unit = json_scan_hex4(scan->at + 2, scan->end), low;

    if (unit < 0)
        return json_scan_fail(scan, scan->at,
                              "\\u needs four hexadecimal digits");
    *has_nul |= unit == 0;
    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return json_scan_fail(scan, scan->at, "a lone surrogate");
    if (unit < 0xD800 || unit > 0xDBFF) {
        scan->at += 6;
        return true;
    }
    low =
        scan->end - scan->at >= 12 && scan->at[6] == '\\' && scan->at[7] == 'u'
            ? json_scan_hex4(scan->at + 8, scan->end)
            : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return json_scan_fail(scan, scan->at, "a lone surrogate");
    scan->at += 12;
    return true;
}

static bool scan_escape(struct json_scan *scan, bool *has_nul)
{
    if (scan->end - scan->at < 2)
        return json_scan_fail(scan, scan->end, "the JSON text ends too early");
    if (scan->at[1] == 'u')
        return scan_unicode(scan, has_nul);
    if (!strchr("\"\\/bfnrt", scan->at[1]) || !scan->at[1])
        return json_scan_fail(scan, scan->at, "an unknown escape");
    scan->at += 2;
    return true;
}

bool json_scan_string(struct json_scan *scan, struct json_scan_string *string)
{
    const char *first;

    if (scan->at == scan->end || *scan->at != '"')
        return json_scan_fail(scan, scan->at, "expected a string");
    first = ++scan->at;
    *string = (struct json_scan_string){ 0 };
    for (;;) {
        size_t len;

        scan->at = skip_plain(scan->at, scan->end);
        if (scan->at == scan->end)
            return json_scan_fail(scan, scan->at, "a string without end");
        if (*scan->at == '"')
            break;
        if (*scan->at == '\\') {
            string->escaped = true;
            if (!scan_escape(scan, &string->has_nul))
                return false;
            continue;
        }
        if ((unsigned char)*scan->at < 0x20)
            return json_scan_fail(scan, scan->at,
                                  "a control character in a string");
        len = text_utf8_sequence(scan->at, (size_t)(scan->end - scan->at));
        if (len == 0)
            return json_scan_fail(scan, scan->at, "not valid UTF-8");
        scan->at += len;
    }
    string->content = (struct text){ first, (size_t)(scan->at - first) };
    scan->at++;
    return true;
}

static char *put_utf8(char *to, unsigned code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xC0 | code >> 6);
        *to++ = (char)(0x80 | (code & 63));
    } else if (code < 0x10000) {
        *to++ = (char)(0xE0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    } else {
        *to++ = (char)(0xF0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 63));
        *to++ = (char)(0x80 | (code >> 6 & 63));
        *to++ = (char)(0x80 | (code & 63));
    }
    return to;
}

/* Decode the escape at *from, which was validated; returns the character. */
static unsigned decode_escape(const char **from)
{
    static const char letters[] = "bfnrt", values[] = "\b\f\n\r\t";
    char letter = (*from)[1];
    const char *found = strchr(letters, letter);
    unsigned code;

    if (letter != 'u') {
        *from += 2;
        return (unsigned char)(found ? values[found - letters] : letter);
    }
    code = (unsigned)json_scan_hex4(*from + 2, *from + 6);
    *from += 6;
    if (code >= 0xD800 && code <= 0xDBFF) {
        code = 0x10000 + ((code - 0xD800) << 10) +
               ((unsigned)json_scan_hex4(*from + 2, *from + 6) - 0xDC00);
        *from += 6;
    }
    return code;
}

size_t json_scan_decode(struct text content, char *out)
{
    const char *from = content.data, *end = from + content.len;
    char *to = out;

    while (from < end) {
        if (*from != '\\')
            *to++ = *from++;
        else
            to = put_utf8(to, decode_escape(&from));
    }
    return (size_t)(to - out);
}

/* Move over one or more digits. */
static bool scan_digits(struct json_scan *scan)
{
    const char *first = scan->at;

    while (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9')
        scan->at++;
    return scan->at > first;
}

/* Go decodes numbers into a float64 and refuses what does not fit. */
static __attribute__((noinline)) bool number_fits(struct json_scan *scan,
                                                  const char *first)
{
    size_t len = (size_t)(scan->at - first);
    char copy[NUMBER_MAX_LEN + 1];

    if (len > NUMBER_MAX_LEN)
        return json_scan_fail(scan, first, "a number with too many digits");
    memcpy(copy, first, len);
    copy[len] = '\0';
    if (isinf(strtod(copy, NULL)))
        return json_scan_fail(scan, first, "a number too large for a double");
    return true;
}

static bool scan_number(struct json_scan *scan)
{
    const char *first = scan->at;
    bool exponent = false;
    bool good;

    if (*scan->at == '-')
        scan->at++;
    if (scan->at < scan->end && *scan->at == '0') {
        scan->at++;
        good = scan->at == scan->end || *scan->at < '0' || *scan->at > '9';
    } else {
        good = scan_digits(scan);
    }
    if (good && scan->at < scan->end && *scan->at == '.') {
        scan->at++;
        good = scan_digits(scan);
    }
    if (good && scan->at < scan->end && (*scan->at | 0x20) == 'e') {
        exponent = true;
        scan->at++;
        if (scan->at < scan->end && (*scan->at == '+' || *scan->at == '-'))
            scan->at++;
        good = scan_digits(scan);
    }
    if (!good)
        return json_scan_fail(scan, first,
                              scan->at == first ? "expected a JSON value"
                                                : "a malformed number");
    return (!exponent && scan->at - first < NUMBER_SAFE_LEN) ||
           number_fits(scan, first);
}

static bool scan_word(struct json_scan *scan, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(scan->end - scan->at) < len ||
        memcmp(scan->at, word, len) != 0)
        return json_scan_fail(scan, scan->at, "expected a JSON value");
    scan->at += len;
    return true;
}

/* Move over the container at the cursor as a whole, where that can be done.  No
 * byte is tried twice. */
static bool skip_container(struct json_scan *scan)
{
    const char *end;

    if (scan->stuck && scan->at < scan->stuck)
        return false;
    end = json_skip(scan->at, scan->end, JSON_MAX_DEPTH - scan->depth,
                    &scan->stuck);
    if (end)
        scan->at = end;
    return end;
}

static bool scan_container(struct json_scan *scan, char close)
{
    struct json_scan_string key;
    bool more;

    if (scan->end - scan->at > 1 && scan->at[1] == close &&
        scan->depth < JSON_MAX_DEPTH) {
        scan->at += 2;
        return true;
    }
    if (skip_container(scan))
        return true;
    if (!json_scan_open(scan))
        return false;
    for (bool first = true;; first = false) {
        if (!json_scan_more(scan, close, first, &more))
            return false;
        if (!more)
            return true;
        if (close == '}' &&
            (!json_scan_string(scan, &key) || !json_scan_colon(scan)))
            return false;
        if (!json_scan_value(scan))
            return false;
    }
}

bool json_scan_value(struct json_scan *scan)
{
    struct json_scan_string string;

    if (scan->at == scan->end)
        return json_scan_fail(scan, scan->at, "the JSON text ends too early");
    switch (*scan->at) {
    case '{':
        return scan_container(scan, '}');
    case '[':
        return scan_container(scan, ']');
    case '"':
        return json_scan_string(scan, &string);
    case 't':
        return scan_word(scan, "true");
    case 'f':
        return scan_word(scan, "false");
    case 'n':
        return scan_word(scan, "null");
    default:
        return scan_number(scan);
    }
}
