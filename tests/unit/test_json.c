/* test_json.c - what the strict reader of json.h takes, and what it refuses. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/json.h"
#include "spillway/macros.h"

enum { LIMIT = JSON_MAX_VALUES };

struct row {
    const char *name, *text;
    size_t len;      /* 0: up to the NUL */
    const char *why; /* a piece of the message; NULL: it is accepted */
};

#define BYTES(literal) literal, sizeof(literal) - 1
#define TEXT0(literal) literal, 0

/* clang-format off */
static struct row rows[] = {
    /* the whole text */
    { "an object is read", TEXT0("{\"a\":1}"), NULL },
    { "a scalar is a JSON text", TEXT0("1"), NULL },
    { "all four kinds of white space", TEXT0(" \t\r\n{ \t\r\n} \t\r\n"), NULL },
    { "nothing is refused", TEXT0(""), "byte 0: " },
    { "only white space is refused", TEXT0("  "), "byte 2: " },
    { "a form feed is no white space", TEXT0("\f{}"), "byte 0: " },
    { "a no-break space is no white space", TEXT0("\xC2\xA0{}"), "byte 0: " },
    { "a byte order mark is refused", TEXT0("\xEF\xBB\xBF{}"), "byte 0: " },
    { "a UTF-16 mark is refused", TEXT0("\xFF\xFE{}"), "byte 0: " },
    { "trailing bytes are refused", TEXT0("{} x"), "byte 3: " },
    { "a second value is refused", TEXT0("{}{}"), "byte 2: " },
    { "a trailing brace is refused", TEXT0("{}}"), "byte 2: " },
    { "a trailing NUL is refused", BYTES("{}\0"), "byte 2: " },
    { "a NUL between tokens is refused", BYTES("{\0}"), "byte 1: " },
    { "a NUL inside a string is refused", BYTES("[\"a\0b\"]"), "byte 3: " },
    { "a comment is refused", TEXT0("[1/**/]"), "byte 2: " },
    /* containers */
    { "empty containers", TEXT0("[{},[]]"), NULL },
    { "a comma before the end of an array is refused", TEXT0("[1,]"), "byte 3: " },
    { "a comma before the end of an object is refused", TEXT0("{\"a\":1,}"), "byte 7: " },
    { "a leading comma is refused", TEXT0("[,1]"), "byte 1: " },
    { "two commas are refused", TEXT0("[1,,2]"), "byte 3: " },
    { "a missing comma is refused", TEXT0("[1 2]"), "byte 3: " },
    { "a missing colon is refused", TEXT0("{\"a\" 1}"), "byte 5: " },
    { "a missing value is refused", TEXT0("{\"a\":}"), "byte 5: " },
    { "a bare key is refused", TEXT0("{a:1}"), "byte 1: " },
    { "single quotes are refused", TEXT0("['a']"), "byte 1: " },
    { "a number as a key is refused", TEXT0("{1:1}"), "byte 1: " },
    { "an array closed by a brace is refused", TEXT0("[1}"), "byte 2: " },
    { "an object closed by a bracket is refused", TEXT0("{\"a\":1]"), "byte 6: " },
    { "an open array is refused", TEXT0("[1"), "byte 2: " },
    { "an open object is refused", TEXT0("{\"a\":1"), "byte 6: " },
    { "an open key is refused", TEXT0("{\"a"), "byte 3: " },
    { "a key alone is refused", TEXT0("{\"a\""), "byte 4: " },
    { "duplicate keys in what is not looked up are fine", TEXT0("{\"a\":1,\"a\":2}"), NULL },
    /* words */
    { "the three words", TEXT0("[true,false,null]"), NULL },
    { "a capital word is refused", TEXT0("True"), "byte 0: " },
    { "half a word is refused", TEXT0("[tru]"), "byte 1: " },
    { "a word and a letter is refused", TEXT0("nullx"), "byte 4: " },
    { "not a number is refused", TEXT0("NaN"), "byte 0: " },
    { "infinity is refused", TEXT0("-Infinity"), "byte 0: " },
    /* numbers */
    { "0", TEXT0("0"), NULL }, { "-0", TEXT0("-0"), NULL },
    { "10", TEXT0("10"), NULL }, { "1.5", TEXT0("-1.50"), NULL },
    { "1e2", TEXT0("1e2"), NULL }, { "1E+2", TEXT0("1E+2"), NULL },
    { "1e-2", TEXT0("1.0e-2"), NULL },
    { "a leading zero is refused", TEXT0("01"), "byte 0: " },
    { "a negative leading zero is refused", TEXT0("-01"), "byte 0: " },
    { "two zeros are refused", TEXT0("[00]"), "byte 1: " },
    { "a plus sign is refused", TEXT0("+1"), "byte 0: " },
    { "a lone minus is refused", TEXT0("-"), "byte 0: " },
    { "two minuses are refused", TEXT0("--1"), "byte 0: " },
    { "a bare point is refused", TEXT0(".5"), "byte 0: " },
    { "a point without digits is refused", TEXT0("1."), "byte 0: " },
    { "a point before the exponent is refused", TEXT0("1.e2"), "byte 0: " },
    { "an empty exponent is refused", TEXT0("1e"), "byte 0: " },
    { "a signed empty exponent is refused", TEXT0("1e+"), "byte 0: " },
    { "a fraction in the exponent is refused", TEXT0("1e1.5"), "byte 3: " },
    { "hexadecimal is refused", TEXT0("0x10"), "byte 1: " },
    { "the largest double", TEXT0("1.7976931348623157e308"), NULL },
    { "beyond the largest double is refused", TEXT0("1.7976931348623159e308"), "byte 0: " },
    { "the most negative double", TEXT0("-1.7976931348623157e308"), NULL },
    { "beyond the most negative double is refused", TEXT0("-1.7976931348623159e308"), "byte 0: " },
    { "1e999 is refused", TEXT0("[1e999]"), "byte 1: " },
    { "underflow is no overflow", TEXT0("1e-999"), NULL },
    { "zero with a huge exponent is zero", TEXT0("0e999"), NULL },
    { "integers beyond 2^53 are fine", TEXT0("9007199254740993"), NULL },
    /* escapes */
    { "every escape", TEXT0("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""), NULL },
    { "an unknown escape is refused", TEXT0("\"\\x41\""), "byte 1: " },
    { "an escaped single quote is refused", TEXT0("\"\\'\""), "byte 1: " },
    { "an escaped NUL byte is refused", BYTES("\"\\\0\""), "byte 1: " },
    { "a capital U is refused", TEXT0("\"\\U0041\""), "byte 1: " },
    { "three hexadecimal digits are refused", TEXT0("\"\\u041\""), "byte 1: " },
    { "a letter that is no digit is refused", TEXT0("\"\\u00g0\""), "byte 1: " },
    { "an escape cut by the end is refused", TEXT0("\"\\"), "byte " },
    { "a Unicode escape cut by the end is refused", TEXT0("\"\\u00"), "byte 1: " },
    { "a surrogate pair", TEXT0("\"\\ud83d\\ude00\""), NULL },
    { "the first pair", TEXT0("\"\\uD800\\uDC00\""), NULL },
    { "the last pair", TEXT0("\"\\udbff\\udfff\""), NULL },
    { "a lone high surrogate is refused", TEXT0("\"\\ud83d\""), "byte 1: " },
    { "a high surrogate before text is refused", TEXT0("\"\\ud83dabcdef\""), "byte 1: " },
    { "a high surrogate before another escape is refused", TEXT0("\"\\ud83d\\n12345\""), "byte 1: " },
    { "two high surrogates are refused", TEXT0("\"\\ud83d\\ud83d\""), "byte 1: " },
    { "a high surrogate before a letter is refused", TEXT0("\"\\ud83d\\u0041\""), "byte 1: " },
    { "a lone low surrogate is refused", TEXT0("\"\\ude00\""), "byte 1: " },
    { "a pair the wrong way round is refused", TEXT0("\"\\ude00\\ud83d\""), "byte 1: " },
    { "the code before the surrogates", TEXT0("\"\\ud7ff\""), NULL },
    { "the code behind the surrogates", TEXT0("\"\\ue000\""), NULL },
    { "a lone surrogate in a key is refused", TEXT0("{\"\\ud800\":1}"), "byte 2: " },
    { "U+0000 off the paths is fine", TEXT0("[\"a\\u0000b\"]"), NULL },
    /* control characters */
    { "a newline in a string is refused", TEXT0("\"a\nb\""), "byte 2: " },
    { "a tab in a string is refused", TEXT0("\"abcdefghij\tk\""), "byte 11: " },
    { "U+001F in a string is refused", TEXT0("\"\x1F\""), "byte 1: " },
    { "U+0020 in a string", TEXT0("\" \""), NULL },
    { "U+007F in a string", TEXT0("\"\x7F\""), NULL },
    { "a control character deep in a string is refused", TEXT0("\"0123456789abcdef0123\x01\""), "byte 21: " },
    /* UTF-8 */
    { "the first of two bytes", TEXT0("\"\xC2\x80\""), NULL },
    { "the last of two bytes", TEXT0("\"\xDF\xBF\""), NULL },
    { "the first of three bytes", TEXT0("\"\xE0\xA0\x80\""), NULL },
    { "the last before the surrogates", TEXT0("\"\xED\x9F\xBF\""), NULL },
    { "the first behind the surrogates", TEXT0("\"\xEE\x80\x80\""), NULL },
    { "the last of three bytes", TEXT0("\"\xEF\xBF\xBF\""), NULL },
    { "the first of four bytes", TEXT0("\"\xF0\x90\x80\x80\""), NULL },
    { "U+10FFFF", TEXT0("\"\xF4\x8F\xBF\xBF\""), NULL },
    { "beyond U+10FFFF is refused", TEXT0("\"\xF4\x90\x80\x80\""), "byte 1: " },
    { "a lead byte F5 is refused", TEXT0("\"\xF5\x80\x80\x80\""), "byte 1: " },
    { "a lead byte FF is refused", TEXT0("\"\xFF\""), "byte 1: " },
    { "a lone continuation byte is refused", TEXT0("\"\x80\""), "byte 1: " },
    { "an overlong slash is refused", TEXT0("\"\xC0\xAF\""), "byte 1: " },
    { "a lead byte C1 is refused", TEXT0("\"\xC1\xBF\""), "byte 1: " },
    { "an overlong three is refused", TEXT0("\"\xE0\x9F\xBF\""), "byte 1: " },
    { "an overlong four is refused", TEXT0("\"\xF0\x8F\xBF\xBF\""), "byte 1: " },
    { "an encoded high surrogate is refused", TEXT0("\"\xED\xA0\x80\""), "byte 1: " },
    { "an encoded low surrogate is refused", TEXT0("\"\xED\xBF\xBF\""), "byte 1: " },
    { "two bytes cut short are refused", TEXT0("\"\xC3\""), "byte 1: " },
    { "three bytes cut short are refused", TEXT0("\"\xE2\x82\""), "byte 1: " },
    { "four bytes cut short are refused", TEXT0("\"\xF0\x9F\x98\""), "byte 1: " },
    { "a sequence cut by the end is refused", TEXT0("\"\xE2\x82"), "byte 1: " },
    { "bad UTF-8 in a key is refused", TEXT0("{\"\xFF\":1}"), "byte 2: " },
    { "bad UTF-8 between tokens is refused", TEXT0("[\xFF]"), "byte 1: " },
    { "bad UTF-8 behind eight plain bytes is refused", TEXT0("\"abcdefgh\xFFijk\""), "byte 9: " },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    struct text in = { row->text, row->len ? row->len : strlen(row->text) };
    /* Exactly as long as the text, so that ASan sees a read behind it. */
    auto_free char *copy = malloc(in.len ? in.len : 1);
    auto_arena struct arena arena = { 0 };
    struct json_document document;
    struct error err = { 0 };
    bool good;

    assert_non_null(copy);
    memcpy(copy, in.data, in.len);
    in.data = copy;
    good = json_read(in, &json_any, LIMIT, &arena, &document, &err);
    if (!row->why) {
        assert_string_equal(err.text, "");
        assert_true(good);
        return;
    }
    assert_false(good);
    assert_int_equal(err.kind, ERROR_INVALID);
    if (strncmp(err.text, row->why, strlen(row->why)) != 0)
        fail_msg("'%s' does not begin with '%s'", err.text, row->why);
}

/* What is not built must be validated all the same. */
static void test_skipped_row(void **state)
{
    static const struct json_shape nothing = { .kind = SHAPE_OBJECT };
    const struct row *row = *state;
    struct text in = { row->text, row->len ? row->len : strlen(row->text) };
    auto_free char *copy = malloc(in.len + 8);
    auto_arena struct arena arena = { 0 };
    struct json_document document;
    struct error err = { 0 };

    assert_non_null(copy);
    memcpy(copy, "{\"x\":", 5);
    memcpy(copy + 5, in.data, in.len);
    copy[5 + in.len] = '}';
    in = (struct text){ copy, in.len + 6 };
    assert_int_equal(json_read(in, &nothing, LIMIT, &arena, &document, &err),
                     row->why == NULL);
    assert_int_equal(err.kind, row->why ? ERROR_INVALID : ERROR_NONE);
}

int main(void)
{
    static char names[array_len(rows)][80];
    struct CMUnitTest tests[2 * array_len(rows)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++) {
        (void)snprintf(names[i], sizeof(names[i]), "skipped: %s", rows[i].name);
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
        tests[n++] = (struct CMUnitTest){ names[i], test_skipped_row, NULL,
                                          NULL, &rows[i] };
    }
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
