/*
 * test_json_write.c - json.h's writer, its questions and its builders, and the
 * reader against cJSON on what both accept.
 */
#include "harness.h"

#include <cjson/cJSON.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

/* clang-format off */
/* Read and written again: white space goes, everything else stays. */
static const char *const round_trips[][2] = {
    { "{'a': [1, 2 ,3] , 'b':\n{}}", "{'a':[1,2,3],'b':{}}" },
    { "[1.0,1e5,-0,9007199254740993,0.10]", NULL },
    { "['\\u00e9','\\/',' a b ','\\\\',', : ']", NULL },
    { "{'x':1,'x':2}", NULL },
    { "{'a\\u0000b':'\\u0000'}", NULL },
    { "['a\\' , \\\\','b']", NULL },
    { "[ 'a\\\\' , '  ' ]", "['a\\\\','  ']" },
    { "[null,true,false]", NULL },
    { "{'':''}", NULL },
    { "['\\ud83d\\ude00']", NULL },
};

static const struct { const char *a, *b; bool equal; } comparisons[] = {
    { "{'a':1,'b':2}", "{'b':2,'a':1}", true },
    { "{'a':1,'b':2}", "{'b':1,'a':2}", false },
    { "{'a':1}", "{'b':1}", false },
    { "[1,2]", "[2,1]", false },
    { "[1]", "[1,1]", false },
    { "{'a':1}", "{'a':1,'b':1}", false },
    { "{'a':null}", "{}", false },
    { "'\\u0061'", "'a'", true },
    { "{'\\u0061':1}", "{'a':1}", true },
    { "1", "1.0", false },
    { "1", "'1'", false },
    { "true", "false", false },
    { "{'a':[{'b':[]}]}", "{ 'a' : [ { 'b' : [ ] } ] }", true },
    { "{'a':[{'b':[]}]}", "{'a':[{'b':{}}]}", false },
    { "'a\\u0000b'", "'a\\u0000c'", false },
};
/* clang-format on */

static void test_round_trips(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < array_len(round_trips); i++) {
        const char *const *pair = round_trips[i];
        struct json *read = pods_json(&arena, pair[0]);
        struct buf built = { .arena = &arena };

        assert_string_equal(pods_print(&arena, read), pair[pair[1] ? 1 : 0]);
        /* Without the source's bytes the meaning is still the same. */
        pods_last_wins(read);
        json_write_pretty(&built, read, 2);
        assert_non_null(built.data);
        assert_true(json_equal(pods_json(&arena, built.data), read, &arena));
    }
}

static void test_pretty(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct buf out = { .arena = &arena };

    (void)state;
    json_write_pretty(&out, pods_json(&arena, "{'a':[1,{'b':[]}],'c':{}}"), 2);
    assert_string_equal(out.data, "{\n  \"a\": [\n    1,\n    {\n"
                                  "      \"b\": []\n    }\n  ],\n"
                                  "  \"c\": {}\n}");
}

static void test_acted_upon(void **state)
{
    /* CSI, a line separator, a right-to-left override, an isolate; and their
     * neighbours, which are plain text. */
    static const char in[] = "\xC2\x9B\xE2\x80\xA8\xE2\x80\xAE\xE2\x81\xA6"
                             "\xC2\xA0\xE2\x80\xA7\xE2\x80\xAF\xF0\x9F\x98\x80";
    auto_arena struct arena arena = { 0 };
    struct buf out = { .arena = &arena };

    (void)state;
    json_write_string(&out, text_of(in));
    assert_string_equal(out.data,
                        "\"\\u009b\\u2028\\u202e\\u2066"
                        "\xC2\xA0\xE2\x80\xA7\xE2\x80\xAF\xF0\x9F\x98\x80\"");
}

static void test_strings(void **state)
{
    static const char in[] = "\"\\/\b\f\n\r\t\x01\x1F\x7F\xC3\xA9"
                             "\xFF\xED\xA0\x80\0z";
    auto_arena struct arena arena = { 0 };
    struct buf out = { .arena = &arena };

    (void)state;
    json_write_string(&out, (struct text){ in, sizeof(in) - 1 });
    assert_string_equal(
        out.data, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\xC3\xA9"
                  "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"
                  "\\u0000z\"");
}

static void test_equal(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    for (size_t i = 0; i < array_len(comparisons); i++) {
        const struct json *a = pods_json(&arena, comparisons[i].a);
        const struct json *b = pods_json(&arena, comparisons[i].b);

        if (json_equal(a, b, &arena) != comparisons[i].equal ||
            json_equal(b, a, &arena) != comparisons[i].equal)
            fail_msg("%s and %s", comparisons[i].a, comparisons[i].b);
    }
}

static void test_questions(void **state)
{
    auto_arena struct arena arena = { 0 };
    const struct json *o = pods_json(&arena, "{'s':'x','n':null,'b':true,"
                                             "'l':[1,2],'S':'X','d':1,'d':2}");

    (void)state;
    assert_true(text_is(json_string(o, "s"), "x"));
    assert_null(json_string(o, "b").data);
    assert_null(json_get(o, "n"));
    assert_null(json_get(o, "absent"));
    assert_null(json_get(NULL, "s"));
    assert_null(json_get(json_get(o, "l"), "s"));
    assert_true(text_is(json_get(o, "d")->string, "2"));
    assert_true(json_true(o, "b"));
    assert_false(json_true(o, "s"));
    assert_int_equal(json_count(json_get(o, "l")), 2);
    assert_int_equal(json_count(NULL), 0);
    assert_true(text_is(json_first(o, "l")->string, "1"));
}

static void test_build(void **state)
{
    auto_arena struct arena arena = { 0 };
    const struct json *old = pods_json(&arena, "{'a':[1],'b':2}");
    struct json *edit = json_edit(&arena, old, JSON_OBJECT);
    struct json *list = json_edit(&arena, json_get(old, "a"), JSON_ARRAY);

    (void)state;
    assert_true(json_append(list, pods_json(&arena, "-7")));
    assert_true(json_append(list, json_bool_new(&arena, true)));
    assert_false(json_append(list, NULL));
    assert_true(json_set(edit, (struct text)TEXT("a"), list));
    assert_true(json_set(edit, (struct text)TEXT("c"),
                         json_string_new(&arena, (struct text)TEXT("\"x"))));
    assert_false(json_set(edit, (struct text)TEXT("d"), NULL));
    assert_string_equal(pods_print(&arena, edit),
                        "{'a':[1,-7,true],'b':2,'c':'\\'x'}");
    assert_string_equal(pods_print(&arena, old), "{'a':[1],'b':2}");
    assert_string_equal(pods_print(&arena, json_edit(&arena, NULL, JSON_ARRAY)),
                        "[]");
    assert_int_equal(json_edit(&arena, old, JSON_ARRAY)->type, JSON_ARRAY);
}

/* --- against cJSON ----------------------------------------------------- */

static uint64_t random_state = 0x9E3779B97F4A7C15;

static unsigned below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 20) % limit);
}

static void random_string(struct buf *out)
{
    /* No NUL: cJSON ends its strings there. */
    static const char *const pieces[] = { "a",        " ",
                                          "\\n",      "\\\"",
                                          "\\\\",     "\\u00e9",
                                          "\xC3\xA9", "\\ud83d\\ude00",
                                          "\\/",      "\xF0\x9F\x98\x80",
                                          "\\u0001" };

    buf_add_char(out, '"');
    for (unsigned n = below(6); n; n--)
        buf_add_string(out, pieces[below(array_len(pieces))]);
    buf_add_char(out, '"');
}

static void random_value(struct buf *out, int depth)
{
    static const char *const scalars[] = { "0",    "-1",   "2.5",   "1e3",
                                           "null", "true", "false", "1E-2" };
    unsigned kind = below(depth > 0 ? 4 : 2);

    if (kind == 0) {
        buf_add_string(out, scalars[below(array_len(scalars))]);
    } else if (kind == 1) {
        random_string(out);
    } else {
        buf_add_string(out, kind == 2 ? "[ " : "{\n");
        for (unsigned i = 0, n = below(4); i < n; i++) {
            buf_add_string(out, i ? " , " : "");
            if (kind == 3)
                buf_printf(out, "\"k\\u00%02x%u\" : ", 0x61 + below(20), i);
            random_value(out, depth - 1);
        }
        buf_add_char(out, kind == 2 ? ']' : '}');
    }
}

static void check_same(const struct json *ours, const cJSON *theirs)
{
    const cJSON *child = theirs->child;

    if (theirs->string)
        assert_true(text_is(ours->key, theirs->string));
    switch (ours->type) {
    case JSON_NULL:
        assert_true(cJSON_IsNull(theirs));
        break;
    case JSON_BOOL:
        assert_int_equal(cJSON_IsTrue(theirs), ours->truth);
        assert_true(cJSON_IsBool(theirs));
        break;
    case JSON_NUMBER:
        assert_true(cJSON_IsNumber(theirs));
        break;
    case JSON_STRING:
        assert_true(cJSON_IsString(theirs));
        assert_true(text_is(ours->string, theirs->valuestring));
        break;
    case JSON_ARRAY:
        assert_true(cJSON_IsArray(theirs));
        break;
    case JSON_OBJECT:
        assert_true(cJSON_IsObject(theirs));
        break;
    }
    for (const struct json *e = ours->child; e; e = e->next) {
        assert_non_null(child);
        check_same(e, child);
        child = child->next;
    }
    assert_null(child);
}

static void test_against_cjson(void **state)
{
    (void)state;
    for (int i = 0; i < 3000; i++) {
        auto_arena struct arena arena = { 0 };
        struct buf text = { .arena = &arena }, again = { .arena = &arena };
        struct json_document document;
        struct error err = { 0 };
        cJSON *theirs;

        random_value(&text, 4);
        assert_true(json_read(buf_text(&text), &json_any, 10000, &arena,
                              &document, &err));
        theirs = cJSON_ParseWithLength(text.data, text.len);
        assert_non_null(theirs);
        check_same(document.root, theirs);
        cJSON_Delete(theirs);

        pods_last_wins(document.root); /* forget the bytes, write anew */
        json_write(&again, document.root);
        theirs = cJSON_ParseWithLength(again.data, again.len);
        assert_non_null(theirs);
        check_same(document.root, theirs);
        cJSON_Delete(theirs);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "what is read is written again", test_round_trips, NULL, NULL, NULL },
        { "indented output", test_pretty, NULL, NULL, NULL },
        { "strings are escaped, and always UTF-8", test_strings, NULL, NULL,
          NULL },
        { "what a terminal would act upon is escaped", test_acted_upon, NULL,
          NULL, NULL },
        { "equality is that of values", test_equal, NULL, NULL, NULL },
        { "absent, null and duplicate members", test_questions, NULL, NULL,
          NULL },
        { "editing leaves the original alone", test_build, NULL, NULL, NULL },
        { "cJSON reads the same", test_against_cjson, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("json write", tests, NULL, NULL);
}
