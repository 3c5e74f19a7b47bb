/* scalar.c - see scalar.h for the contract. */
#include "spillway/scalar.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "spillway/buf.h"
#include "spillway/macros.h"

/* The words that are no strings, in all their spellings. */
/* clang-format off */
static const struct word {
    const char *spellings; /* each with a space before and behind it */
    enum scalar_kind kind;
    bool truth;
} words[] = {
    { " y Y yes Yes YES true True TRUE on On ON ",     SCALAR_BOOL, true },
    { " n N no No NO false False FALSE off Off OFF ",  SCALAR_BOOL, false },
    { " ~ null Null NULL ",                            SCALAR_NULL, false },
    { " .nan .NaN .NAN .inf .Inf .INF +.inf +.Inf +.INF -.inf -.Inf -.INF ",
                                                 SCALAR_NOT_FINITE, false },
    { " << ",                                         SCALAR_MERGE, false },
};
/* clang-format on */

enum { WORD_MAX = 5 }; /* the longest of them */

static const struct word *find_word(struct text text)
{
    char wanted[WORD_MAX + 3];

    if (text.len == 0 || text.len > WORD_MAX ||
        memchr(text.data, ' ', text.len) || memchr(text.data, 0, text.len))
        return NULL;
    (void)snprintf(wanted, sizeof(wanted), " %.*s ", TEXT_ARG(text));
    for (size_t i = 0; i < array_len(words); i++) {
        if (strstr(words[i].spellings, wanted))
            return &words[i];
    }
    return NULL;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

/* Where a decimal number has its parts; `end` is where it stops. */
struct decimal {
    bool negative, plus;
    const char *whole, *whole_end;
    const char *fraction, *fraction_end; /* digits behind the point */
    const char *exponent, *end;          /* from the `e` on */
};

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? and nothing else. */
static bool split_decimal(const char *at, struct decimal *d)
{
    *d = (struct decimal){ .negative = *at == '-', .plus = *at == '+' };
    d->whole = at + (d->negative || d->plus);
    d->whole_end = skip_digits(d->whole);
    d->fraction = d->fraction_end = d->whole_end;
    if (*d->whole_end == '.') {
        d->fraction++;
        d->fraction_end = skip_digits(d->fraction);
    }
    if (d->whole == d->whole_end && d->fraction == d->fraction_end)
        return false;
    d->exponent = d->end = d->fraction_end;
    if (*d->end == 'e' || *d->end == 'E') {
        d->end += d->end[1] == '-' || d->end[1] == '+' ? 2 : 1;
        if (!is_digit(*d->end))
            return false;
        d->end = skip_digits(d->end);
    }
    return *d->end == '\0';
}

/* Append the parts the way JSON wants them; digits stay as they are. */
static void write_decimal(const struct decimal *d, struct buf *number)
{
    const char *whole = d->whole;

    while (whole + 1 < d->whole_end && *whole == '0')
        whole++;
    if (d->negative)
        buf_add_char(number, '-');
    if (whole == d->whole_end)
        buf_add_char(number, '0');
    buf_add(number, whole, (size_t)(d->whole_end - whole));
    if (d->fraction != d->fraction_end) {
        buf_add_char(number, '.');
        buf_add(number, d->fraction, (size_t)(d->fraction_end - d->fraction));
    }
    buf_add(number, d->exponent, (size_t)(d->end - d->exponent));
}

/* Move over 0x, 0o, 0b or a leading 0 and say which base follows. */
static int take_base(const char **at)
{
    static const char prefixes[] = "xXoObB";
    static const int bases[] = { 16, 16, 8, 8, 2, 2 };
    const char *found;

    if ((*at)[0] != '0' || !(*at)[1])
        return 10;
    found = strchr(prefixes, (*at)[1]);
    *at += found ? 2 : 1;
    return found ? bases[found - prefixes] : 8;
}

/* An integer in any base that fits 64 bits: Go's ParseInt and ParseUint with
 * base 0.  Only an integer without sign may use the 64th bit. */
static bool parse_integer(const char *at, bool *negative, uint64_t *value)
{
    bool has_sign = *at == '-' || *at == '+';
    char *end;
    int base;

    *negative = *at == '-';
    at += has_sign;
    base = take_base(&at);
    /* strtoull() would take white space, a second sign or a second prefix. */
    if (!is_digit(*at) && !(base == 16 && strchr("abcdefABCDEF", *at) && *at))
        return false;
    if (base == 16 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
        return false;
    errno = 0;
    *value = strtoull(at, &end, base);
    if (*end || errno == ERANGE)
        return false;
    return !has_sign || *value <= (uint64_t)INT64_MAX + (*negative ? 1 : 0);
}

/* `plain` is the scalar without its underscores, NUL-terminated. */
static enum scalar_kind resolve_number(const char *plain, struct buf *number)
{
    struct decimal d;
    bool negative;
    uint64_t value;

    if (*plain != '.' && parse_integer(plain, &negative, &value)) {
        /* Minus zero is kept: it is JSON, and some float may care. */
        buf_printf(number, "%s%" PRIu64, negative ? "-" : "", value);
        return SCALAR_INTEGER;
    }
    if (!split_decimal(plain, &d) || isinf(strtod(plain, NULL)))
        return SCALAR_STRING;
    write_decimal(&d, number);
    return SCALAR_FLOAT;
}

/* Underscores are for the eye; in what begins with a point they must stand
 * between digits (Go's ParseFloat), elsewhere they may stand anywhere. */
static bool strip_underscores(struct text text, struct buf *plain)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        if (c == '\0')
            return false;
        if (c != '_')
            buf_add_char(plain, c);
        else if (*text.data == '.' &&
                 !(is_digit(text.data[i - 1]) && i + 1 < text.len &&
                   is_digit(text.data[i + 1])))
            return false;
    }
    return plain->data && !plain->failed;
}

enum scalar_kind scalar_resolve(struct text text, bool *truth,
                                struct buf *number)
{
    auto_buf struct buf plain = { 0 };
    const struct word *word = find_word(text);

    if (text.len == 0)
        return SCALAR_NULL;
    if (word) {
        *truth = word->truth;
        return word->kind;
    }
    if (!is_digit(*text.data) && *text.data != '+' && *text.data != '-' &&
        *text.data != '.')
        return SCALAR_STRING;
    if (strip_underscores(text, &plain))
        return resolve_number(plain.data, number);
    number->failed = number->failed || plain.failed;
    return SCALAR_STRING;
}

/* 2026-11-22 and what may follow a date. */
static bool looks_like_date(struct text text)
{
    size_t i = 0;

    while (i < text.len && is_digit(text.data[i]))
        i++;
    return i == 4 && i + 1 < text.len && text.data[i] == '-' &&
           is_digit(text.data[i + 1]);
}

/* 190:20:30 is a number in base 60 for readers of the old school. */
static bool looks_like_base_60(struct text text)
{
    bool colon = false;

    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];

        colon = colon || c == ':';
        if (!is_digit(c) && c != ':' && c != '_' && c != '.' &&
            !(i == 0 && (c == '+' || c == '-')))
            return false;
    }
    return colon;
}

bool scalar_is_plain_string(struct text text)
{
    auto_buf struct buf number = { 0 };
    bool truth;

    return scalar_resolve(text, &truth, &number) == SCALAR_STRING &&
           !number.failed && !looks_like_date(text) &&
           !looks_like_base_60(text);
}

/* The fewest digits that give the same float back; says how many follow the
 * point. */
static int shortest_digits(float value, char digits[SCALAR_KEY_SIZE])
{
    int precision = -1;

    do
        (void)snprintf(digits, SCALAR_KEY_SIZE, "%.*e", ++precision, value);
    while (strtof(digits, NULL) != value && precision < 8);
    return precision;
}

void scalar_format_key(const char *literal, char out[SCALAR_KEY_SIZE])
{
    size_t len = strlen(literal);
    float value = strtof(literal, NULL);
    int precision, exponent;

    if ((len < SCALAR_KEY_SIZE && strspn(literal, "-0123456789") == len) ||
        !isfinite(value)) {
        (void)snprintf(out, SCALAR_KEY_SIZE, "%s",
                       strcmp(literal, "-0") == 0 ? "0" : literal);
        return;
    }
    precision = shortest_digits(value, out);
    exponent = (int)strtol(strchr(out, 'e') + 1, NULL, 10);
    if (exponent >= -4 && exponent < 6)
        (void)snprintf(out, SCALAR_KEY_SIZE, "%.*f",
                       precision > exponent ? precision - exponent : 0, value);
}
