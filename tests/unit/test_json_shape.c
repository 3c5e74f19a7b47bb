/*
 * test_json_shape.c - what the strict reader refuses on the paths that a shape
 * names and passes over elsewhere, and its limits, each from both sides.
 */
#include "harness.h"

#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

/* clang-format off */
static const struct json_shape string = { .kind = SHAPE_STRING };
static const struct json_shape value = { .kind = SHAPE_STRING, .null_is_empty = true };
static const struct json_shape boolean = { .kind = SHAPE_BOOL };
static const struct json_shape integer = { .kind = SHAPE_INTEGER };
static const struct json_shape quantity = { .kind = SHAPE_QUANTITY };
static const struct json_shape opaque = { .kind = SHAPE_OPAQUE };
static const struct json_shape map = { .kind = SHAPE_MAP, .element = &value };
static const struct json_field inner_fields[] = {
    { TEXT("app"), &string },
};
static const struct json_shape inner = { .kind = SHAPE_OBJECT, .keep = true, .fields = inner_fields, .n_fields = 1 };
static const struct json_shape list = { .kind = SHAPE_LIST, .element = &inner };
static const struct json_shape late = { .kind = SHAPE_OBJECT, .defer = true, .fields = inner_fields, .n_fields = 1 };
static const struct json_field root_fields[] = {
    { TEXT("app"), &string }, { TEXT("on"), &boolean },
    { TEXT("n"), &integer }, { TEXT("q"), &quantity },
    { TEXT("raw"), &opaque }, { TEXT("map"), &map },
    { TEXT("list"), &list }, { TEXT("late"), &late },
    { TEXT("values"), &(const struct json_shape){ .kind = SHAPE_LIST, .element = &value } },
};
static const struct json_shape root = { .kind = SHAPE_OBJECT, .fields = root_fields, .n_fields = array_len(root_fields) };

struct row {
    const char *name, *text; /* with single quotes */
    const char *tree; /* what was built, printed */
    const char *why;  /* or a piece of the message */
};

static struct row rows[] = {
    { "what is not named is passed over", "{'x':[1,{'y':2}],'app':'a'}", "{'app':'a'}", NULL },
    { "keys differ in case", "{'App':1,'APP':2,'app':'a'}", "{'app':'a'}", NULL },
    { "an escaped key is the key", "{'\\u0061pp':'a'}", "{'app':'a'}", NULL },
    { "an escaped key is checked", "{'\\u0061pp':1}", NULL, "app: expected a string, not a number" },
    { "an escaped solidus in a key that is not named", "{'a\\/pp':1,'app':'a'}", "{'app':'a'}", NULL },
    { "null stands for nothing", "{'app':null,'on':null,'n':null,'list':null,'map':null}",
      "{'app':null,'on':null,'n':null,'list':null,'map':null}", NULL },
    /* duplicate keys */
    { "a named key twice is refused", "{'app':'a','app':'a'}", NULL, "app: the key is there twice" },
    { "an escaped twin is refused", "{'app':'a','\\u0061pp':'b'}", NULL, "app: the key is there twice" },
    { "a twin that is null is refused", "{'app':'a','app':null}", NULL, "app: the key is there twice" },
    { "a twin of null is refused", "{'app':null,'app':'a'}", NULL, "app: the key is there twice" },
    { "a twin of an opaque value is refused", "{'raw':1,'raw':1}", NULL, "raw: the key is there twice" },
    { "a twin deep down has its path", "{'list':[{},{'app':'a','app':'b'}]}", NULL, "list[1].app: the key is there twice" },
    { "a key twice in a map is refused", "{'map':{'k':'1','j':'2','k':'3'}}", NULL, "map.k: the key is there twice" },
    { "an escaped key twice in a map is refused", "{'map':{'k':'1','\\u006b':'3'}}", NULL, "map.k: the key is there twice" },
    { "other keys may come twice", "{'x':1,'x':2,'app':'a'}", "{'app':'a'}", NULL },
    { "kept keys may come twice", "{'list':[{'x':1,'app':'a','x':2}]}", "{'list':[{'x':1,'app':'a','x':2}]}", NULL },
    { "the same key in another object is no twin", "{'app':'a','list':[{'app':'b'},{'app':'c'}]}",
      "{'app':'a','list':[{'app':'b'},{'app':'c'}]}", NULL },
    { "twins inside an opaque value are fine", "{'raw':{'a':1,'a':2}}", "{'raw':{'a':1,'a':2}}", NULL },
    /* U+0000 */
    { "U+0000 in a named string is refused", "{'app':'a\\u0000b'}", NULL, "app: " },
    { "U+0000 in a map's value is refused", "{'map':{'k':'\\u0000'}}", NULL, "map.k: " },
    { "U+0000 in a map's key is refused", "{'map':{'k\\u0000':'v'}}", NULL, "U+0000" },
    { "U+0000 in a list of strings is refused", "{'values':['a','\\u0000']}", NULL, "values[1]: " },
    { "U+0000 in a quantity is refused", "{'q':'1\\u0000'}", NULL, "q: " },
    { "U+0000 in what is passed over is fine", "{'x\\u0000':'\\u0000','app':'a'}", "{'app':'a'}", NULL },
    { "U+0000 behind a named key is another key", "{'app\\u0000':1,'app':'a'}", "{'app':'a'}", NULL },
    { "U+0000 deep in an opaque value is fine", "{'raw':['\\u0000']}", "{'raw':['\\u0000']}", NULL },
    /* types, with their paths */
    { "a number is no string", "{'app':5}", NULL, "app: expected a string, not a number" },
    { "a boolean is no string", "{'app':true}", NULL, "app: expected a string, not a boolean" },
    { "an object is no string", "{'app':{}}", NULL, "app: expected a string, not an object" },
    { "a string is no boolean", "{'on':'true'}", NULL, "on: expected true or false, not a string" },
    { "a string is no integer", "{'n':'1'}", NULL, "n: expected an integer, not a string" },
    { "a fraction is no integer", "{'n':1.5}", NULL, "n: expected an integer" },
    { "1.0 is no integer, as in Go", "{'n':1.0}", NULL, "n: expected an integer" },
    { "an exponent is no integer, as in Go", "{'n':1e2}", NULL, "n: expected an integer" },
    { "an integer keeps its text", "{'n':-12}", "{'n':-12}", NULL },
    { "a quantity is a number or a string", "{'list':[],'q':1.5}", "{'list':[],'q':1.5}", NULL },
    { "a quantity is a string too", "{'q':'1500m'}", "{'q':'1500m'}", NULL },
    { "a boolean is no quantity", "{'q':true}", NULL, "q: expected a quantity" },
    { "an object is no array", "{'list':{}}", NULL, "list: expected an array, not an object" },
    { "an array is no map", "{'map':[]}", NULL, "map: expected an object, not an array" },
    { "an array is no object", "[]", NULL, "expected an object, not an array" },
    { "an element of another type has its path", "{'list':[{},'x']}", NULL, "list[1]: expected an object, not a string" },
    { "a member of a map has its path", "{'map':{'k':1}}", NULL, "map.k: expected a string, not a number" },
    { "null in a map is the empty string", "{'map':{'k':null}}", "{'map':{'k':null}}", NULL },
    { "broken syntax is no wrong type", "{'app':x}", NULL, "byte 7: expected a JSON value" },
    /* deferred subtrees */
    { "a deferred violation fails nothing", "{'late':{'app':5},'app':'a'}", "{'app':'a'}", "" },
    { "a deferred twin fails nothing", "{'late':{'app':'a','app':'b'},'app':'a'}", "{'app':'a'}", "" },
    { "a deferred U+0000 fails nothing", "{'late':{'app':'\\u0000'},'app':'a'}", "{'app':'a'}", "" },
    { "a deferred value of another type fails nothing", "{'late':[1],'app':'a'}", "{'app':'a'}", "" },
    { "what is fine in a deferred subtree is built", "{'late':{'app':'b','x':1}}", "{'late':{'app':'b'}}", NULL },
    { "syntax is not deferred", "{'late':{'app':5,}}", NULL, "byte 17: " },
    { "syntax behind a deferred violation is not deferred", "{'late':{'app':5},'x':01}", NULL, "byte 22: " },
    { "behind a deferred subtree violations count again", "{'late':{'app':5},'on':1}", NULL, "on: expected true or false" },
};
/* clang-format on */

/* Forget the source's bytes, which hold also what was passed over. */
static void keep_tree(struct json *tree)
{
    if (!tree->opaque && tree->child)
        tree->raw = (struct text){ 0 };
    for (struct json *e = tree->child; e; e = e->next)
        keep_tree(e);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct text in = text_of(pods_text(&arena, row->text));
    struct json_document document;
    struct error err = { 0 };
    bool good = json_read(in, &root, JSON_MAX_VALUES, &arena, &document, &err);

    if (row->tree) {
        assert_string_equal(err.text, "");
        assert_true(good);
        keep_tree(document.root);
        assert_string_equal(pods_print(&arena, document.root), row->tree);
        assert_int_equal(document.deferred.kind,
                         row->why ? ERROR_INVALID : ERROR_NONE);
        return;
    }
    assert_false(good);
    assert_int_equal(err.kind, ERROR_INVALID);
    if (!strstr(err.text, row->why) || strncmp(err.text, "byte ", 5) != 0)
        fail_msg("'%s' does not say '%s'", err.text, row->why);
}

static void test_deferred_text(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct text in = text_of(
        pods_text(&arena, "{'late':{'app':5,'app':{}},'list':[{'app':'b'}]}"));
    struct json_document document;
    struct error err = { 0 };

    (void)state;
    assert_true(json_read(in, &root, 100, &arena, &document, &err));
    assert_string_equal(document.deferred.text,
                        "byte 15: late.app: expected a string, not a number");
    assert_null(json_get(document.root, "late"));
}

/* --- limits ------------------------------------------------------------ */

/* `depth` containers inside one another, read with a shape. */
static bool read_deep(int depth, bool objects, bool any, struct error *err)
{
    static const struct json_shape skip = { .kind = SHAPE_OBJECT };
    auto_arena struct arena arena = { 0 };
    struct buf text = { .arena = &arena };
    struct json_document document;

    buf_add_string(&text, "{\"x\":");
    for (int i = 1; i < depth; i++)
        buf_add_string(&text, objects ? "{\"x\":" : "[");
    buf_add_string(&text, "1");
    for (int i = 1; i < depth; i++)
        buf_add_char(&text, objects ? '}' : ']');
    buf_add_char(&text, '}');
    return json_read(buf_text(&text), any ? &json_any : &skip, 1000, &arena,
                     &document, err);
}

static void test_depth(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct error err = { 0 };

        assert_true(read_deep(100, i & 1, i & 2, &err));
        assert_false(read_deep(101, i & 1, i & 2, &err));
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_non_null(strstr(err.text, "100"));
        assert_false(read_deep(10000, i & 1, i & 2, &err));
    }
}

static void test_depth_of_siblings(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct buf text = { .arena = &arena };
    struct json_document document;
    struct error err = { 0 };

    (void)state;
    buf_add_char(&text, '[');
    for (int i = 0; i < 300; i++)
        buf_add_string(&text, i ? ",[{}]" : "[{}]");
    buf_add_char(&text, ']');
    assert_true(
        json_read(buf_text(&text), &json_any, 1000, &arena, &document, &err));
}

/* An object with `skipped` numbers off the path and a list of `read` strings
 * on it. */
static bool read_many(int read, int skipped, struct error *err)
{
    auto_arena struct arena arena = { 0 };
    struct buf text = { .arena = &arena };
    struct json_document document;

    buf_add_string(&text, "{\"x\":[0");
    for (int i = 1; i < skipped; i++)
        buf_add_string(&text, ",0");
    buf_add_string(&text, "],\"values\":[\"\"");
    for (int i = 1; i < read; i++)
        buf_add_string(&text, ",\"\"");
    buf_add_string(&text, "]}");
    return json_read(buf_text(&text), &root, JSON_MAX_VALUES, &arena, &document,
                     err);
}

static void test_values(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_int_equal(JSON_MAX_VALUES, 65536);
    /* The object and the list are values too. */
    assert_true(read_many(65534, 1, &err));
    assert_false(read_many(65535, 1, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_true(read_many(1, 200000, &err));
}

static void test_cut_anywhere(void **state)
{
    static const char text[] =
        "{\"app\":\"\\u00e9\\ud83d\\ude00\xC3\xA9\",\"n\":-12,\"on\":true,"
        "\"map\":{\"k\":null},\"list\":[{\"app\":\"x\"}],\"x\":[1.5e3]}";

    (void)state;
    for (size_t len = 0; len < sizeof(text) - 1; len++) {
        auto_arena struct arena arena = { 0 };
        auto_free char *copy = malloc(len + 1);
        struct json_document document;
        struct error err = { 0 };

        assert_non_null(copy);
        copy = realloc(memcpy(copy, text, len), len ? len : 1);
        assert_false(json_read((struct text){ copy, len }, &root, 100, &arena,
                               &document, &err));
        assert_int_equal(err.kind, ERROR_INVALID);
    }
}

int main(void)
{
    static const struct CMUnitTest more[] = {
        { "a deferred violation is told", test_deferred_text, NULL, NULL,
          NULL },
        { "depth 100 is read, 101 is refused", test_depth, NULL, NULL, NULL },
        { "siblings are not deeper", test_depth_of_siblings, NULL, NULL, NULL },
        { "65,536 values are read, one more not", test_values, NULL, NULL,
          NULL },
        { "a text cut anywhere is refused", test_cut_anywhere, NULL, NULL,
          NULL },
    };
    struct CMUnitTest tests[array_len(rows) + array_len(more)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    memcpy(&tests[n], more, sizeof(more));
    return cmocka_run_group_tests_name("json shape", tests, NULL, NULL);
}
