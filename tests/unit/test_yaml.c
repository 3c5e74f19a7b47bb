/* test_yaml.c - the rules in yaml.h, one table row per rule. */
#include <stdlib.h>
#include <string.h>

#include "harness.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/yaml.h"

enum { LIMIT = 1000 };

/* What is read, as compact JSON, documents separated by a space. */
struct read_row {
    const char *name, *yaml, *json;
};

/* clang-format off */
static struct read_row read_rows[] = {
    { "a mapping keeps its order", "b: 1\na: 2\n", "{\"b\":1,\"a\":2}" },
    { "yes is a boolean in three spellings", "- y\n- Yes\n- ON\n- TRUE\n",
      "[true,true,true,true]" },
    { "no is a boolean in three spellings", "- N\n- no\n- Off\n- False\n",
      "[false,false,false,false]" },
    { "mixed spellings of yes are strings", "- yEs\n- oN\n- tRUE\n",
      "[\"yEs\",\"oN\",\"tRUE\"]" },
    { "null has five spellings", "- ~\n- null\n- Null\n- NULL\n-\n",
      "[null,null,null,null,null]" },
    { "quoted words are strings", "- 'yes'\n- \"80\"\n- '~'\n- \"\"\n",
      "[\"yes\",\"80\",\"~\",\"\"]" },
    { "integers have four bases", "- 0x1F\n- 0o17\n- 0b101\n- 017\n- -0x10\n",
      "[31,15,5,15,-16]" },
    { "underscores in numbers are for the eye", "- 1_000\n- 0x_ff\n- 1_0.5\n- .1_5\n",
      "[1000,255,10.5,0.15]" },
    { "a leading 0 with an 8 is a float", "- 08\n- 0089.5\n", "[8,89.5]" },
    { "a plus sign is not JSON", "- +5\n- +.5\n- +1.e3\n", "[5,0.5,1e3]" },
    { "a bare point is completed", "- .5\n- 5.\n- -.5e-3\n",
      "[0.5,5,-0.5e-3]" },
    { "a JSON number stays as it is written",
      "- 1.10\n- 1E5\n- -0\n- 0.0\n- 1e-400\n", "[1.10,1E5,-0,0.0,1e-400]" },
    { "64 bits unsigned are an integer", "18446744073709551615\n",
      "18446744073709551615" },
    { "integers beyond 64 bits keep their digits",
      "- 18446744073709551616\n- -9223372036854775809\n",
      "[18446744073709551616,-9223372036854775809]" },
    { "hexadecimal beyond 64 bits is a string", "0x1ffffffffffffffff\n",
      "\"0x1ffffffffffffffff\"" },
    { "a number beyond a double is a string", "1e999\n", "\"1e999\"" },
    { "what only looks like a number is a string",
      "- 1:30\n- 1.2.3\n- 0x\n- 0xg\n- 0o8\n- '-'\n- +\n- 1e\n- ._5\n- 0x0x1\n",
      "[\"1:30\",\"1.2.3\",\"0x\",\"0xg\",\"0o8\",\"-\",\"+\",\"1e\",\"._5\",\"0x0x1\"]" },
    { "a timestamp is a string", "- 2026-11-22\n- 2026-11-22T12:00:00Z\n",
      "[\"2026-11-22\",\"2026-11-22T12:00:00Z\"]" },
    { "keys become strings", "1: a\nyes: b\n0x10: c\n1.50: d\n1000000.0: e\n-0: f\n",
      "{\"1\":\"a\",\"true\":\"b\",\"16\":\"c\",\"1.5\":\"d\",\"1e+06\":\"e\",\"0\":\"f\"}" },
    { "a quoted << is a key like others", "'<<': 1\n", "{\"<<\":1}" },
    { "tags of the core types are fine",
      "- !!str 5\n- !!int '5'\n- !!float 5\n- !!bool 'yes'\n- !!null ''\n"
      "- !!map {a: 1}\n- !!seq [1]\n",
      "[\"5\",5,5,true,null,{\"a\":1},[1]]" },
    { "an alias is a copy", "a: &x {b: [1]}\nc: *x\nd: &y k\n*y : z\n",
      "{\"a\":{\"b\":[1]},\"c\":{\"b\":[1]},\"d\":\"k\",\"k\":\"z\"}" },
    { "a later anchor of the same name hides the first",
      "- &x 1\n- &x 2\n- *x\n", "[1,2,2]" },
    { "documents come in order, empty ones left out",
      "---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n",
      "{\"a\":1} {\"b\":2}" },
    { "no document at all", "# only a comment\n", "" },
    { "nothing at all", "", "" },
    { "JSON texts one after the other", " {\"a\":1.50}\n[true]", "{\"a\":1.50} [true]" },
    { "literal and folded blocks", "a: |\n  x\n  y\nb: >-\n  x\n  y\n",
      "{\"a\":\"x\\ny\\n\",\"b\":\"x y\"}" },
};

struct error_row {
    const char *name, *text, *error;
    size_t len; /* 0: up to the NUL */
};

static struct error_row error_rows[] = {
    { "a duplicate key is refused", "a: 1\nb: 2\na: 3\n",
      "line 3: key 'a' is given twice (first at line 1)", 0 },
    { "keys that become the same string are duplicates", "1: a\n'1': b\n",
      "line 2: key '1' is given twice", 0 },
    { "a merge key is refused", "a: &x {b: 1}\nc:\n  <<: *x\n",
      "line 3: merge keys (<<) are not supported", 0 },
    { "an unknown tag is refused", "a: !secret x\n", "line 1: tag '!secret'", 0 },
    { "!!binary is refused", "a: !!binary aGk=\n", "line 1: tag", 0 },
    { "a tag of the wrong type is refused", "a: !!int x\n",
      "line 1: 'x' is not a value of tag:yaml.org,2002:int", 0 },
    { "!!int takes no float", "a: !!int 1.5\n", "line 1: '1.5' is not", 0 },
    { "a scalar's tag on a mapping is refused", "a: !!str {b: 1}\n",
      "line 1: tag", 0 },
    { "a mapping as a key is refused", "? {a: 1}\n: b\n",
      "line 1: a mapping or sequence cannot be a key", 0 },
    { "null as a key is refused", "~: b\n", "line 1: null cannot be a key", 0 },
    { "not a number is refused", "a: .nan\n", "line 1: .nan is no number", 0 },
    { "infinity is refused", "a:\n- -.INF\n", "line 2: -.INF is no number", 0 },
    { "an unknown alias is refused", "a: *x\n",
      "line 1: no anchor '&x' before this alias", 0 },
    { "an anchor of another document is unknown", "--- &x 1\n---\n- *x\n",
      "line 3: no anchor '&x'", 0 },
    { "an anchor that contains itself is refused", "a: &x\n- *x\n",
      "line 2: anchor '&x' contains itself", 0 },
    { "aliases of aliases are bounded",
      "a: &a [1,1,1,1,1,1,1,1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
      "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c]\n",
      "line 4: too many values", 0 },
    { "a NUL is refused", "a: 1\nb: \0\n", "line 2: control characters", 9 },
    { "bad UTF-8 is refused", "a: 1\n\nb: \xC0\x80\n", "line 3: ", 0 },
    { "UTF-16 is refused", "\xFF\xFE" "a\0:\0", "line 1: ", 6 },
    { "bad indentation has a line", "a:\n  b: 1\n c: 2\n", "line 3: ", 0 },
    { "JSON errors have a byte", "{\"a\":1} {\"a\":}", "byte 13: ", 0 },
    { "JSON is not read as YAML", "{a: 1}", "byte 1: ", 0 },
};

/* What is written for a value given as JSON. */
struct write_row {
    const char *name, *json, *yaml;
};

static struct write_row write_rows[] = {
    { "sequences stand below their key",
      "{\"a\":[{\"b\":1,\"c\":[2]},[3,[4]],\"x\"]}",
      "a:\n- b: 1\n  c:\n  - 2\n- - 3\n  - - 4\n- x\n" },
    { "mappings are indented by two", "{\"a\":{\"b\":{\"c\":null}}}",
      "a:\n  b:\n    c: null\n" },
    { "empty containers are written in flow", "{\"a\":{},\"b\":[],\"c\":[{},[]]}",
      "a: {}\nb: []\nc:\n- {}\n- []\n" },
    { "words that mean something are quoted",
      "[\"yes\",\"y\",\"null\",\"80\",\"\",\"1e3\",\"<<\",\"2026-11-22\",\"1:30\"]",
      "- \"yes\"\n- \"y\"\n- \"null\"\n- \"80\"\n- \"\"\n- \"1e3\"\n- \"<<\"\n"
      "- \"2026-11-22\"\n- \"1:30\"\n" },
    { "special beginnings are quoted",
      "[\"*\",\"@a\",\"- a\",\"-\",\"-a\",\"#a\",\"a#b\",\"a #b\",\"a: b\",\"a:\",\"a:b\",\" a\",\"a \",\"---\",\"it's\",\"'a'\"]",
      "- '*'\n- '@a'\n- '- a'\n- '-'\n- -a\n- '#a'\n- a#b\n- 'a #b'\n- 'a: b'\n"
      "- 'a:'\n- a:b\n- ' a'\n- 'a '\n- '---'\n- it's\n- '''a'''\n" },
    { "lines become a literal block", "{\"a\":\"x\\n  y\\n\\nz\",\"b\":\"x\\n\",\"c\":\"x\\n\\n\"}",
      "a: |-\n  x\n    y\n\n  z\nb: |\n  x\nc: |+\n  x\n\n" },
    { "a block that begins with a blank says its indentation",
      "[\" x\\ny\",\"\\nx\"]", "- |2-\n   x\n  y\n- |2-\n\n  x\n" },
    { "lines that a block would lose are quoted", "[\"a\\n  \",\"a\\r\\nb\",\"\\tx\\ny\"]",
      "- \"a\\n  \"\n- \"a\\r\\nb\"\n- \"\\tx\\ny\"\n" },
    { "control characters are escaped",
      "[\"\\u0000\\u0007\\u007f\\u0085\\u2028\\ufeff\\uffff\",\"\\u00e9\\ud83d\\ude00\"]",
      "- \"\\0\\a\\x7F\\x85\\u2028\\uFEFF\\uFFFF\"\n- \xC3\xA9\xF0\x9F\x98\x80\n" },
    { "keys are quoted like strings", "{\"yes\":1,\"a: b\":2,\"x\\ny\":3,\"\":4}",
      "\"yes\": 1\n'a: b': 2\n\"x\\ny\": 3\n\"\": 4\n" },
    { "numbers stay as they are", "[12345678901234567890123,1.50,-0,1E5]",
      "- 12345678901234567890123\n- 1.50\n- -0\n- 1E5\n" },
    { "a scalar alone", "\"a\\nb\"", "|-\n  a\n  b\n" },
};
/* clang-format on */

static bool read_text(struct text in, struct arena *arena,
                      struct yaml_documents *documents, struct error *err)
{
    return yaml_read(in, LIMIT, arena, documents, err);
}

static void test_read(void **state)
{
    const struct read_row *row = *state;
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf out = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };

    buf_add_string(&out, "");
    if (!read_text(text_of(row->yaml), &arena, &documents, &err))
        fail_msg("%s", err.text);
    for (size_t i = 0; i < documents.count; i++) {
        if (i)
            buf_add_char(&out, ' ');
        json_write(&out, documents.list[i]);
    }
    assert_string_equal(out.data, row->json);
}

static void test_error(void **state)
{
    const struct error_row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };
    struct text in = { row->text, row->len ? row->len : strlen(row->text) };

    assert_false(read_text(in, &arena, &documents, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    if (strncmp(err.text, row->error, strlen(row->error)) != 0)
        fail_msg("got '%s', expected '%s...'", err.text, row->error);
}

static void test_write(void **state)
{
    const struct write_row *row = *state;
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf out = { 0 };
    struct json_document doc;
    struct error err = { 0 };

    assert_true(
        json_read(text_of(row->json), &json_any, LIMIT, &arena, &doc, &err));
    assert_true(yaml_write(&out, doc.root, &err));
    assert_string_equal(out.data, row->yaml);
}

static void test_lines(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };

    (void)state;
    assert_true(read_text(text_of("# comment\na:\n- b\n- c: 1\n---\nd: 2\n"),
                          &arena, &documents, &err));
    assert_int_equal(documents.count, 2);
    assert_int_equal(json_get(documents.list[0], "a")->line, 3);
    assert_int_equal(json_first(documents.list[0], "a")->next->child->line, 4);
    assert_int_equal(json_get(documents.list[1], "d")->line, 6);
    assert_true(read_text(text_of("{\"a\":\n1}\n{\"b\":\n\n2}"), &arena,
                          &documents, &err));
    assert_int_equal(json_get(documents.list[1], "b")->line, 5);
    assert_true(documents.is_json[1]);
}

/* `levels` sequences inside one another. */
static bool read_nested(size_t levels)
{
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf in = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };

    for (size_t i = 0; i < levels; i++)
        buf_add_string(&in, "- ");
    buf_add_string(&in, "x\n");
    return read_text(buf_text(&in), &arena, &documents, &err);
}

static void test_depth(void **state)
{
    (void)state;
    assert_true(read_nested(JSON_MAX_DEPTH));
    assert_false(read_nested(JSON_MAX_DEPTH + 1));
    assert_false(read_nested(5000));
}

static void test_limit(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };

    (void)state;
    assert_true(yaml_read(text_of("[1,2]"), 3, &arena, &documents, &err));
    assert_false(yaml_read(text_of("[1,2,3]"), 3, &arena, &documents, &err));
    assert_true(yaml_read(text_of("- 1\n- 2\n"), 3, &arena, &documents, &err));
    assert_false(
        yaml_read(text_of("- 1\n- 2\n- 3\n"), 3, &arena, &documents, &err));
    assert_false(yaml_read(text_of("[1] [2]"), 3, &arena, &documents, &err));
}

/* --- round trip -------------------------------------------------------- */

static uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)((random_state >> 20) % limit);
}

/* What YAML cares about. */
/* clang-format off */
static const char *const parts[] = {
    " ", "  ", "\n", "\n\n", "\t", "a", "b", "-", ":", ": ", "#", " #", "'", "\"",
    "\\", "?", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "~",
    "null", "yes", "0", "1", "08", "0x1", "1e5", ".", "...", "---", "_", "+", "<<",
    "=", "\r", "\f", "\x7F", "\xC2\x85", "y", ".inf", "1:30", "\x01", "\xC3\xA9",
    "\xE2\x80\xA8", "\xEF\xBB\xBF", "\xF0\x9F\x98\x80",
};
/* clang-format on */

static struct text random_text(struct arena *arena)
{
    struct buf out = { .arena = arena };
    unsigned count = random_below(2) ? random_below(3) : random_below(9);

    buf_add_string(&out, "");
    if (random_below(40) == 0)
        buf_add_char(&out, '\0');
    if (random_below(40) == 0)
        count = 300;
    while (count--)
        buf_add_string(&out, parts[random_below(array_len(parts))]);
    return buf_text(&out);
}

static struct json *random_value(struct arena *arena, unsigned depth)
{
    static const char *const numbers[] = { "0",
                                           "-0",
                                           "1.50",
                                           "1E5",
                                           "-1e-400",
                                           "9007199254740993",
                                           "123456789012345678901234567890" };
    struct json *value = json_object(arena);
    unsigned count = random_below(4);
    const enum json_type types[] = { JSON_NULL,   JSON_BOOL,   JSON_NUMBER,
                                     JSON_STRING, JSON_STRING, JSON_ARRAY,
                                     JSON_OBJECT, JSON_OBJECT };

    value->type = types[random_below(depth ? 8 : 5)];
    value->truth = value->type == JSON_BOOL && random_below(2);
    if (value->type == JSON_NUMBER)
        value->string = text_of(numbers[random_below(array_len(numbers))]);
    if (value->type == JSON_STRING)
        value->string = random_text(arena);
    while (value->type == JSON_ARRAY && count--)
        assert_true(json_append(value, random_value(arena, depth - 1)));
    while (value->type == JSON_OBJECT && count--)
        assert_true(json_set(value, random_text(arena),
                             random_value(arena, depth - 1)));
    return value;
}

static void round_trip(struct arena *arena)
{
    auto_buf struct buf out = { 0 };
    struct json *value = json_array(arena);
    struct yaml_documents documents;
    struct error err = { 0 };

    /* In an array, so that null is not an empty document. */
    assert_true(json_append(value, random_value(arena, 4)));
    assert_true(yaml_write(&out, value, &err));
    if (!yaml_read(buf_text(&out), 100000, arena, &documents, &err))
        fail_msg("%s\n%s", err.text, out.data);
    assert_int_equal(documents.count, 1);
    if (!json_equal(value, documents.list[0], arena))
        fail_msg("came back different:\n%s", out.data);
}

static void test_round_trip(void **state)
{
    auto_arena struct arena arena = { 0 };
    const char *given = getenv("SPILLWAY_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 20261122;

    (void)state;
    print_message("seed %llu (set SPILLWAY_SEED for another)\n",
                  (unsigned long long)seed);
    random_state = seed * 2 + 1;
    for (int i = 0; i < 20000; i++) {
        round_trip(&arena);
        arena_reset(&arena);
    }
}

/* --- all of them ------------------------------------------------------- */

int main(void)
{
    struct CMUnitTest tests[array_len(read_rows) + array_len(error_rows) +
                            array_len(write_rows) + 4];
    size_t n = 0;

    for (size_t i = 0; i < array_len(read_rows); i++)
        tests[n++] = (struct CMUnitTest){ read_rows[i].name, test_read, NULL,
                                          NULL, &read_rows[i] };
    for (size_t i = 0; i < array_len(error_rows); i++)
        tests[n++] = (struct CMUnitTest){ error_rows[i].name, test_error, NULL,
                                          NULL, &error_rows[i] };
    for (size_t i = 0; i < array_len(write_rows); i++)
        tests[n++] = (struct CMUnitTest){ write_rows[i].name, test_write, NULL,
                                          NULL, &write_rows[i] };
    tests[n++] = (struct CMUnitTest){ "every value knows its line", test_lines,
                                      NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "depth 100 passes, 101 is refused",
                                      test_depth, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "values are bounded over all documents",
                                      test_limit, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "what is written reads back the same",
                                      test_round_trip, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
