/* test_patch.c - JSON Patch and JSON Pointer: RFC 6902, RFC 6901. */
#include "harness.h"

#include <stdio.h>

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/patch.h"

struct build_row {
    const char *name, *before, *after, *patch;
};

struct prove_row {
    const char *name, *patch; /* from {'a':1} to {'a':1,'b':{'c':2}} */
    bool proven;
};

struct apply_row {
    const char *name, *root, *patch, *result; /* NULL: it does not apply */
};

/* clang-format off */
#define ADD(path, value) "{'op':'add','path':'" path "','value':" value "}"
#define REPLACE(path, value) "{'op':'replace','path':'" path "','value':" value "}"
#define REMOVE(path) "{'op':'remove','path':'" path "'}"

#define LONG "{'key':'a-key-that-is-long','operator':'In','values':['a','b','c']}"

static struct build_row build_rows[] = {
    { "equal values need nothing", "{'a':[1,{'b':2}]}", "{ 'a' : [1, {'b':2}] }", "[]" },
    { "the order of members is no change", "{'a':1,'b':2}", "{'b':2,'a':1}", "[]" },
    { "a new member is added", "{'a':1}", "{'a':1,'b':[2]}", "[" ADD("/b", "[2]") "]" },
    { "missing parents come with what is in them", "{}", "{'a':{'b':{'c':1}}}", "[" ADD("/a", "{'b':{'c':1}}") "]" },
    { "parents that are there stay", "{'a':{'x':1}}", "{'a':{'x':1,'b':{'c':1}}}", "[" ADD("/a/b", "{'c':1}") "]" },
    { "null counts as missing", "{'a':null}", "{'a':{'b':1}}", "[" ADD("/a", "{'b':1}") "]" },
    { "a changed scalar is replaced", "{'a':{'b':1}}", "{'a':{'b':2}}", "[" REPLACE("/a/b", "2") "]" },
    { "a changed type is replaced", "{'a':[]}", "{'a':{}}", "[" REPLACE("/a", "{}") "]" },
    { "a list that grew is appended to", "{'a':[" LONG "," LONG "]}", "{'a':[" LONG "," LONG ",2,3]}", "[" ADD("/a/-", "2") "," ADD("/a/-", "3") "]" },
    { "a short list that grew is replaced", "{'a':[1]}", "{'a':[1,2,3]}", "[" REPLACE("/a", "[1,2,3]") "]" },
    { "an empty list is replaced", "{'a':[]}", "{'a':[" LONG "]}", "[" REPLACE("/a", "[" LONG "]") "]" },
    { "a slash in a key is escaped", "{}", "{'a/b':1}", "[" ADD("/a~1b", "1") "]" },
    { "a tilde in a key is escaped", "{}", "{'a~b':1}", "[" ADD("/a~0b", "1") "]" },
    { "~1 in a key is escaped", "{}", "{'~1':1}", "[" ADD("/~01", "1") "]" },
    { "an empty key", "{'':{}}", "{'':{'':1}}", "[" ADD("//", "1") "]" },
    { "a quote in a key is escaped as JSON", "{}", "{'a\\u0022':1}", "[" ADD("/a\\'", "1") "]" },
    { "an index in the middle", "{'a':[{'b':1,'c':'----------------------'},{'b':1}]}", "{'a':[{'b':1,'c':'----------------------'},{'b':2}]}", "[" REPLACE("/a/1/b", "2") "]" },
    { "numbers are repeated as they are written", "{}", "{'a':[1.0,9007199254740993]}", "[" ADD("/a", "[1.0,9007199254740993]") "]" },
};

static struct prove_row prove_rows[] = {
    { "a patch that gives what is meant is proven", "[" ADD("/b", "{'c':2}") "]", true },
    { "one that gives something else is not", "[" ADD("/b", "{'c':3}") "]", false },
    { "one that gives more is not", "[" ADD("/b", "{'c':2}") "," ADD("/d", "1") "]", false },
    { "one that does nothing is not", "[]", false },
    { "one that does not apply is not", "[" ADD("/b/c", "2") "]", false },
    { "one that is cut off is not", "[" ADD("/b", "{'c':2}"), false },
    { "one that is no list is not", "{}", false },
};

static struct apply_row apply_rows[] = {
    /* RFC 6902, appendix A */
    { "A.1 adding a member", "{'foo':'bar'}", "[" ADD("/baz", "'qux'") "]", "{'foo':'bar','baz':'qux'}" },
    { "A.2 adding an element", "{'foo':['bar','baz']}", "[" ADD("/foo/1", "'qux'") "]", "{'foo':['bar','qux','baz']}" },
    { "A.3 removing a member", "{'baz':'qux','foo':'bar'}", "[" REMOVE("/baz") "]", "{'foo':'bar'}" },
    { "A.4 removing an element", "{'foo':['bar','qux','baz']}", "[" REMOVE("/foo/1") "]", "{'foo':['bar','baz']}" },
    { "A.5 replacing a value", "{'baz':'qux','foo':'bar'}", "[" REPLACE("/baz", "'boo'") "]", "{'baz':'boo','foo':'bar'}" },
    { "A.10 adding a nested object", "{'foo':'bar'}", "[" ADD("/child", "{'grandchild':{}}") "]", "{'foo':'bar','child':{'grandchild':{}}}" },
    { "A.11 other members of an operation are ignored", "{'foo':'bar'}", "[{'op':'add','path':'/baz','value':'qux','xyz':123}]", "{'foo':'bar','baz':'qux'}" },
    { "A.12 adding to a parent that is not there", "{'foo':'bar'}", "[" ADD("/baz/bat", "'qux'") "]", NULL },
    { "A.14 ~ escape ordering", "{'/':9,'~1':10}", "[" REPLACE("/~01", "11") "]", "{'/':9,'~1':11}" },
    { "A.16 adding an array", "{'foo':['bar']}", "[" ADD("/foo/-", "['abc','def']") "]", "{'foo':['bar',['abc','def']]}" },
    /* pointers */
    { "the empty pointer is the whole", "{'a':1}", "[" REPLACE("", "[2]") "]", "[2]" },
    { "a pointer without a slash", "{'a':1}", "[" REPLACE("a", "2") "]", NULL },
    { "a tilde and another digit", "{'~2':1}", "[" REPLACE("/~2", "2") "]", NULL },
    { "a tilde at the end", "{'~':1}", "[" REPLACE("/~", "2") "]", NULL },
    { "an escaped tilde at the end", "{'~':1}", "[" REPLACE("/~0", "2") "]", "{'~':2}" },
    { "an escaped slash", "{'a/b':{'c':1}}", "[" REPLACE("/a~1b/c", "2") "]", "{'a/b':{'c':2}}" },
    { "empty tokens", "{'':{'':1}}", "[" REPLACE("//", "2") "]", "{'':{'':2}}" },
    { "keys differ in case", "{'a':1}", "[" REPLACE("/A", "2") "]", NULL },
    { "through a scalar", "{'a':1}", "[" ADD("/a/b", "2") "]", NULL },
    { "through a string", "{'a':'x'}", "[" ADD("/a/0", "2") "]", NULL },
    { "through null", "{'a':null}", "[" ADD("/a/b", "2") "]", NULL },
    /* indices */
    { "the first element", "[1,2]", "[" REPLACE("/0", "9") "]", "[9,2]" },
    { "inserting in front", "[1,2]", "[" ADD("/0", "9") "]", "[9,1,2]" },
    { "adding behind the last", "[1,2]", "[" ADD("/2", "9") "]", "[1,2,9]" },
    { "adding to an empty list", "[]", "[" ADD("/0", "9") "]", "[9]" },
    { "adding beyond the end", "[1,2]", "[" ADD("/3", "9") "]", NULL },
    { "replacing behind the last", "[1,2]", "[" REPLACE("/2", "9") "]", NULL },
    { "removing behind the last", "[1,2]", "[" REMOVE("/2") "]", NULL },
    { "replacing at the dash", "[1,2]", "[" REPLACE("/-", "9") "]", NULL },
    { "removing at the dash", "[1,2]", "[" REMOVE("/-") "]", NULL },
    { "through the dash", "[[1]]", "[" ADD("/-/0", "9") "]", NULL },
    { "a leading zero", "[1,2]", "[" REPLACE("/01", "9") "]", NULL },
    { "two zeros", "[1,2]", "[" REPLACE("/00", "9") "]", NULL },
    { "a negative index", "[1,2]", "[" REPLACE("/-1", "9") "]", NULL },
    { "a signed index", "[1,2]", "[" REPLACE("/+1", "9") "]", NULL },
    { "an index with a letter", "[1,2]", "[" REPLACE("/1a", "9") "]", NULL },
    { "an empty index", "[1,2]", "[" REPLACE("/", "9") "]", NULL },
    { "an index beyond all integers", "[1,2]", "[" ADD("/99999999999999999999", "9") "]", NULL },
    { "the dash is a key in an object", "{'-':1}", "[" REPLACE("/-", "2") "]", "{'-':2}" },
    { "a number is a key in an object", "{'0':1}", "[" REPLACE("/0", "2") "]", "{'0':2}" },
    /* operations */
    { "add takes the place of a member", "{'a':1,'b':2}", "[" ADD("/a", "9") "]", "{'a':9,'b':2}" },
    { "null is a value", "{'a':1}", "[" REPLACE("/a", "null") "," ADD("/b", "null") "]", "{'a':null,'b':null}" },
    { "replacing what is not there", "{'a':1}", "[" REPLACE("/b", "2") "]", NULL },
    { "removing what is not there", "{'a':1}", "[" REMOVE("/b") "]", NULL },
    { "operations see what came before", "{}", "[" ADD("/a", "[]") "," ADD("/a/-", "1") "," ADD("/a/0", "2") "," REMOVE("/a/1") "]", "{'a':[2]}" },
    { "a value used twice is two values", "{}", "[" ADD("/a", "{'x':1}") "," ADD("/b", "{'x':1}") "," ADD("/a/y", "2") "]", "{'a':{'x':1,'y':2},'b':{'x':1}}" },
    { "an empty patch", "{'a':1}", "[]", "{'a':1}" },
    { "an unknown operation", "{'a':1}", "[{'op':'frob','path':'/a','value':1}]", NULL },
    { "no operation", "{'a':1}", "[{'path':'/a','value':1}]", NULL },
    { "no path", "{'a':1}", "[{'op':'add','value':1}]", NULL },
    { "no value", "{'a':1}", "[{'op':'add','path':'/b'}]", NULL },
    { "an object is no patch", "{'a':1}", "{}", NULL },
    { "a number is no operation", "{'a':1}", "[1]", NULL },
};
/* clang-format on */

static const char *build(struct arena *arena, const char *before,
                         const char *after, const char *path)
{
    struct buf out = { .arena = arena };
    struct error err = { 0 };
    size_t count = 0;

    buf_add_char(&out, '[');
    assert_true(patch_build(pods_json(arena, before), pods_json(arena, after),
                            path, arena, &out, &count, &err));
    buf_add_char(&out, ']');
    for (char *at = out.data; *at; at++)
        *at = *at == '"' ? '\'' : *at;
    assert_int_equal(json_count(pods_json(arena, out.data)), count);
    return out.data;
}

static void test_build(void **state)
{
    const struct build_row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct json *root = pods_json(&arena, row->before);
    struct buf out = { .arena = &arena };
    struct error err = { 0 };
    const struct json *after = pods_json(&arena, row->after);
    struct json_document patch;
    size_t count = 0;

    buf_add_char(&out, '[');
    assert_true(patch_build(root, after, "", &arena, &out, &count, &err));
    buf_add_char(&out, ']');
    assert_true(
        json_read(buf_text(&out), &json_any, 1000, &arena, &patch, &err));
    assert_string_equal(pods_print(&arena, patch.root), row->patch);
    assert_int_equal(json_count(patch.root), count);
    assert_true(patch_apply(&root, patch.root, &arena, &err));
    assert_true(json_equal(root, after, &arena));
}

static void test_build_below(void **state)
{
    auto_arena struct arena arena = { 0 };

    (void)state;
    assert_string_equal(build(&arena, "{'a':1}", "{'a':2}", "/spec/x~1y"),
                        "[" REPLACE("/spec/x~1y/a", "2") "]");
}

static void test_build_appends(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct buf out = { .arena = &arena };
    struct error err = { 0 };
    size_t count = 0;

    (void)state;
    for (int i = 0; i < 2; i++)
        assert_true(patch_build(pods_json(&arena, "{}"),
                                pods_json(&arena, "{'a':1}"), i ? "/1" : "/0",
                                &arena, &out, &count, &err));
    assert_int_equal(count, 2);
    assert_string_equal(
        out.data, pods_text(&arena, ADD("/0/a", "1") "," ADD("/1/a", "1")));
}

static void test_apply(void **state)
{
    const struct apply_row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct json *root = pods_json(&arena, row->root);
    struct error err = { 0 };
    bool good = patch_apply(&root, pods_json(&arena, row->patch), &arena, &err);

    assert_int_equal(good, row->result != NULL);
    assert_int_equal(err.kind, row->result ? ERROR_NONE : ERROR_INVALID);
    if (row->result)
        assert_string_equal(pods_print(&arena, root), row->result);
}

static void test_prove(void **state)
{
    const struct prove_row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct error err = { 0 };
    bool proven = !row->proven;

    assert_true(patch_prove(
        pods_json(&arena, "{'a':1}"), pods_json(&arena, "{'a':1,'b':{'c':2}}"),
        text_of(pods_text(&arena, row->patch)), &arena, &proven, &err));
    assert_int_equal(proven, row->proven);
}

int main(void)
{
    struct CMUnitTest tests[array_len(build_rows) + array_len(apply_rows) +
                            array_len(prove_rows) + 2];
    size_t n = 0;

    for (size_t i = 0; i < array_len(build_rows); i++)
        tests[n++] = (struct CMUnitTest){ build_rows[i].name, test_build, NULL,
                                          NULL, &build_rows[i] };
    for (size_t i = 0; i < array_len(apply_rows); i++)
        tests[n++] = (struct CMUnitTest){ apply_rows[i].name, test_apply, NULL,
                                          NULL, &apply_rows[i] };
    for (size_t i = 0; i < array_len(prove_rows); i++)
        tests[n++] = (struct CMUnitTest){ prove_rows[i].name, test_prove, NULL,
                                          NULL, &prove_rows[i] };
    tests[n++] = (struct CMUnitTest){ "a patch for a part of a document",
                                      test_build_below, NULL, NULL, NULL };
    tests[n++] = (struct CMUnitTest){ "operations are joined by commas",
                                      test_build_appends, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("patch", tests, NULL, NULL);
}
