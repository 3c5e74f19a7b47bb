/*
 * test_json_skip.c - every way of json_skip.h against the scanner.
 *
 * Each piece of JSON, good or bad, is put into an array behind strings of all
 * lengths, so that each of its bytes is once at each place of a block.
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reviews.h"

#include "spillway/json.h"
#include "spillway/json_scan.h"
#include "spillway/json_skip.h"
#include "spillway/macros.h"

enum { SHIFTS = 140, DEEPEST = 60, MOST = 3 /* ways */ };

/* Values, and what is none. */
static const char *const pieces[] = {
    /* compact values */
    "{}",
    "[]",
    "0",
    "-1",
    "1234567",
    "12345678",
    "123456789012345678901",
    "1.5",
    "1e5",
    "-0.25E-3",
    "true",
    "false",
    "null",
    "\"\"",
    "\"x\"",
    "{\"a\":1}",
    "{\"a\":{}}",
    "{\"a\":[]}",
    "[[]]",
    "[{}]",
    "[{},{}]",
    "[[],[],[[]]]",
    "{\"a\":{\"b\":{\"c\":{}}}}",
    "[1,2,3]",
    "{\"a\":1,\"b\":2}",
    "{\"a\":\"b\"}",
    "{\"a\":\"b\",\"c\":\"d\"}",
    "{\"\":\"\"}",
    "[\"a\",\"b\"]",
    "{\"a\":[{\"b\":[{\"c\":1},2]},3],\"d\":4}",
    "{\"a\":true,\"b\":[null,false]}",
    "[{\"a\":1},[{\"b\":2}]]",
    "\"{\\\"a\\\":[1,2]}\"",
    "\"\\\\\"",
    "\"\\\\\\\\\\\"\"",
    "\"\\/\\b\\f\\n\\r\\t\"",
    "\"\\u0041\\ud83d\\ude00\\u0000\"",
    "\"]}\"",
    "\",:\"",
    "{\"]\":\"[\"}",
    "\"\xC3\xA9\"",
    "\"\xE2\x82\xAC\xF0\x9F\x98\x80\"",
    "{\"\xC3\xA9\":\"\x7F\"}",
    /* with white space: valid, but nothing for the skipper */
    "{ }",
    "[ 1]",
    "[1 ]",
    "{\"a\" :1}",
    "{\"a\": 1}",
    "[1, 2]",
    "[\n1]",
    /* structure */
    "}",
    "]",
    "{",
    "[",
    ":",
    ",",
    "",
    "{]",
    "[}",
    "{\"a\":1]",
    "[1}",
    "[1,]",
    "[,1]",
    "[1,,2]",
    "{\"a\":1,}",
    "{,\"a\":1}",
    "{\"a\"}",
    "{\"a\",\"b\"}",
    "{\"a\":}",
    "{:1}",
    "{\"a\"::1}",
    "{\"a\":1:2}",
    "{\"a\":\"b\":\"c\"}",
    "{1}",
    "{1:2}",
    "{{}}",
    "{[]}",
    "{{}:1}",
    "{[]:1}",
    "{\"a\":1,2}",
    "{\"a\":1,{}}",
    "{\"a\":1,[]}",
    "{\"a\":1,\"b\"}",
    "{\"a\":1,{\"b\":2}}",
    "{\"a\":1,[2]}",
    "[\"a\":1]",
    "[\"a\",\"b\":1]",
    "[1,\"b\":1]",
    "{\"a\":[1,\"b\":1]}",
    "[{}:1]",
    "[1:2]",
    "[[]:1]",
    "{}{}",
    "[][]",
    "{}[]",
    "1 2",
    "1\"a\"",
    "\"a\"1",
    "\"a\"\"b\"",
    "{}1",
    "1{}",
    "[]\"a\"",
    "\"a\"[]",
    "{\"a\":1}{\"b\":2}",
    "[\"a\"[1]]",
    "{\"a\"{}}",
    "{\"a\"[]}",
    "{\"a\" 1}",
    "{\"a\":{}\"b\":1}",
    "{\"a\":1\"b\":2}",
    "[{}{}]",
    "[[1][2]]",
    "{\"a\":[1}]",
    "{\"a\":{\"b\":1]}",
    "[{]}",
    "{\"a\":[}",
    "{true:1}",
    "{null}",
    "{\"a\":1,null}",
    /* scalars */
    "01",
    "-",
    "-01",
    "1.",
    ".5",
    "+1",
    "1e",
    "1e+",
    "0x1",
    "1a",
    "NaN",
    "Infinity",
    "-Infinity",
    "tru",
    "truex",
    "True",
    "nul",
    "nulll",
    "fals",
    "falsey",
    "t",
    "'a'",
    "1e400",
    "a",
    "\x01",
    "\x80",
    "\xFF",
    "\xC3\xA9",
    "/**/",
    /* strings */
    "\"",
    "\"a",
    "\"\\\"",
    "\"\\x\"",
    "\"\\u12\"",
    "\"\\u123g\"",
    "\"\\ud83d\"",
    "\"\\ude00\"",
    "\"\\ud83dx\"",
    "\"\\ud83d\\u0041\"",
    "\"\\ud83d\\ud83d\"",
    "\"\\ude00\\ud83d\"",
    "\"\\ud83d\\\\ude00\"",
    "\"a\nb\"",
    "\"\t\"",
    "\"\x1F\"",
    "\"\x80\"",
    "\"\xC3\"",
    "\"\xC0\xAF\"",
    "\"\xED\xA0\x80\"",
    "\"\xF4\x90\x80\x80\"",
    "\"\xE2\x82\"",
    "\"\xF0\x9F\x98\"",
    "\\\"a\\\"",
    "\\",
    "\\u0041",
};

/* Where the value at the start of the text ends, token by token; NULL when it
 * is none. */
static const char *scan(struct text text)
{
    struct error err = { 0 };
    const char *end = text.data + text.len;
    /* What has got stuck at its end is not skipped. */
    struct json_scan scan = { text.data, text.data, end, 0, end, &err };

    return json_scan_value(&scan) ? scan.at : NULL;
}

static void compare(const struct json_skipper *skipper, struct text text,
                    const char *expected, bool must_take)
{
    /* Exactly as long as the text, so that ASan sees a read behind it. */
    auto_free char *copy = malloc(text.len ? text.len : 1);
    const char *stuck = NULL, *end;

    assert_non_null(copy);
    memcpy(copy, text.data, text.len);
    end = skipper->run(copy, copy + text.len, JSON_MAX_DEPTH, &stuck);
    if (end && (!expected || end - copy != expected - text.data))
        fail_msg("%s takes %td bytes of '%.*s'", skipper->name, end - copy,
                 TEXT_ARG(text));
    if (!end && (stuck <= copy || stuck > copy + text.len))
        fail_msg("%s is stuck nowhere in '%.*s'", skipper->name,
                 TEXT_ARG(text));
    if (!end && must_take)
        fail_msg("%s does not take '%.*s'", skipper->name, TEXT_ARG(text));
}

static bool has_space(const char *piece)
{
    return strpbrk(piece, " \n") != NULL;
}

/* ["PADDING",PIECE,{"PIECE":PIECE}] and more behind it. */
static void try_piece(const struct json_skipper *skipper, const char *piece,
                      int shift)
{
    char text[512];
    int len =
        snprintf(text, sizeof(text), "[\"%0*d\",%s,{\"k\":%s}]}],\"x\":[{ 1",
                 shift, 0, piece, piece);
    struct text whole = { text, (size_t)len };
    const char *end = scan(whole);

    assert_in_range(len, 1, sizeof(text) - 1);
    compare(skipper, whole, end, end && !has_space(piece));
    /* Cut off: nothing but a whole value is taken. */
    whole.len = (size_t)(shift * 7 % len);
    if (whole.len > 0)
        compare(skipper, whole, scan(whole), false);
}

static void test_pieces(void **state)
{
    const struct json_skipper *skipper = *state;

    if (!skipper->is_supported())
        skip();
    for (size_t i = 0; i < array_len(pieces); i++) {
        for (int shift = 1; shift < SHIFTS; shift++)
            try_piece(skipper, pieces[i], shift);
    }
}

static void test_recordings(void **state)
{
    const struct json_skipper *skipper = *state;
    size_t count;
    char **names = review_names(&count);

    for (size_t i = 0; i < count; i++) {
        size_t len;
        auto_free char *bytes = review_read(names[i], &len);
        struct text text = { bytes, len };

        if (skipper->is_supported() && *bytes == '{')
            compare(skipper, text, scan(text),
                    !strchr(bytes, '\n') || strchr(bytes, '\n')[1] == '\0');
        free(names[i]);
    }
    free(names);
}

/* A byte of a review changed at a time: never more taken than by the scanner.
 */
static void test_damage(void **state)
{
    static const char bytes[] = "\"\\{}[]:,0 a\x01\xC3";
    const struct json_skipper *skipper = *state;
    size_t len;
    auto_free char *review = review_read("smallest", &len);

    if (!skipper->is_supported())
        skip();
    for (size_t i = 0; i < len; i++) {
        char good = review[i];

        for (size_t j = 0; j + 1 < sizeof(bytes); j++) {
            struct text text = { review, len };

            review[i] = bytes[j];
            if (*review == '{')
                compare(skipper, text, scan(text), false);
        }
        review[i] = good;
    }
}

static void test_depth(void **state)
{
    const struct json_skipper *skipper = *state;
    char text[2 * JSON_MAX_DEPTH + 2];

    if (!skipper->is_supported())
        skip();
    for (unsigned depth = 1; depth <= JSON_MAX_DEPTH; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        for (unsigned room = 0; room <= JSON_MAX_DEPTH; room++) {
            const char *stuck;
            const char *end =
                skipper->run(text, text + 2 * depth, room, &stuck);

            if (end)
                assert_true(depth <= room && end == text + 2 * depth);
            if (!end && depth <= DEEPEST)
                assert_true(depth >= room);
        }
    }
}

/* What one machine has is not what another has; the last is everywhere. */
static void test_best(void **state)
{
    static const char text[] = "{\"a\":[1,{}]}";
    const char *stuck;

    (void)state;
    assert_true(json_skippers[json_n_skippers - 1].is_supported());
    assert_ptr_equal(
        json_skip(text, text + sizeof(text) - 1, JSON_MAX_DEPTH, &stuck),
        text + sizeof(text) - 1);
}

int main(void)
{
    static const struct {
        const char *name;
        CMUnitTestFunction run;
    } all[] = {
        { "takes what the scanner takes", test_pieces },
        { "takes the recorded reviews", test_recordings },
        { "takes no more when a byte is damaged", test_damage },
        { "counts what is open", test_depth },
    };
    struct CMUnitTest tests[MOST * array_len(all) + 1];
    char names[MOST * array_len(all)][80];
    size_t n = 0;

    assert_true(json_n_skippers <= MOST);
    for (size_t i = 0; i < json_n_skippers; i++) {
        for (size_t j = 0; j < array_len(all); j++) {
            union {
                const void *in;
                void *out;
            } skipper = { &json_skippers[i] };

            (void)snprintf(names[n], sizeof(names[n]), "%s: %s",
                           json_skippers[i].name, all[j].name);
            tests[n] = (struct CMUnitTest){ names[n], all[j].run, NULL, NULL,
                                            skipper.out };
            n++;
        }
    }
    tests[n] = (struct CMUnitTest){ "the best is chosen", test_best, NULL, NULL,
                                    NULL };
    return _cmocka_run_group_tests("json_skip", tests, n + 1, NULL, NULL);
}
