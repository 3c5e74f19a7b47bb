/*
 * fuzz_json.c - the strict pass against cJSON: what we take, cJSON takes and
 * understands alike; what we write, we read back as the same.
 */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/json_scan.h"
#include "spillway/json_skip.h"

static bool same_string(struct text ours, const char *theirs)
{
    /* cJSON's strings end at U+0000; the rest is not looked at. */
    if (ours.len && memchr(ours.data, '\0', ours.len))
        return strncmp(ours.data, theirs, ours.len) == 0;
    return text_is(ours, theirs);
}

static bool same_number(struct text ours, double theirs)
{
    char *text = strndup(ours.data, ours.len);
    double value = strtod(text, NULL);

    free(text);
    return value == theirs;
}

static bool same(const struct json *ours, const cJSON *theirs);

static bool same_members(const struct json *ours, const cJSON *theirs)
{
    const struct json *o = ours->child;
    const cJSON *t = theirs->child;

    for (; o && t; o = o->next, t = t->next) {
        if (ours->type == JSON_OBJECT && !same_string(o->key, t->string))
            return false;
        if (!same(o, t))
            return false;
    }
    return !o && !t;
}

static bool same(const struct json *ours, const cJSON *theirs)
{
    switch (ours->type) {
    case JSON_NULL:
        return cJSON_IsNull(theirs);
    case JSON_BOOL:
        return cJSON_IsBool(theirs) && ours->truth == !!cJSON_IsTrue(theirs);
    case JSON_NUMBER:
        return cJSON_IsNumber(theirs) &&
               same_number(ours->string, theirs->valuedouble);
    case JSON_STRING:
        return cJSON_IsString(theirs) &&
               same_string(ours->string, theirs->valuestring);
    case JSON_ARRAY:
        return cJSON_IsArray(theirs) && same_members(ours, theirs);
    default:
        return cJSON_IsObject(theirs) && same_members(ours, theirs);
    }
}

static void check_written(const struct json *value, struct arena *arena)
{
    auto_buf struct buf out = { 0 }, pretty = { 0 }, one = { 0 }, two = { 0 };
    struct json_document again, indented;
    struct error err = { 0 };

    json_write(&out, value);
    json_write_pretty(&pretty, value, 2);
    fuzz_law(
        json_read(buf_text(&out), &json_any, SIZE_MAX, arena, &again, &err) &&
            json_read(buf_text(&pretty), &json_any, SIZE_MAX, arena, &indented,
                      &err),
        "what is written can be read", err.text);
    /* Objects with twins are compared by nobody. */
    json_write_canonical(&one, again.root, arena);
    json_write_canonical(&two, indented.root, arena);
    fuzz_law(one.len == two.len && memcmp(one.data, two.data, one.len) == 0,
             "both ways of writing say the same", out.data);
}

/* What is skipped as a whole is what the scanner moves over, token by token. */
static void check_skipped(struct text text)
{
    const char *end = text.data + text.len;
    struct error err = { 0 };
    struct json_scan scan = { text.data, text.data, end, 0, end, &err };
    bool good = json_scan_value(&scan);

    for (size_t i = 0; i < json_n_skippers; i++) {
        const char *stuck = NULL, *to;

        if (!json_skippers[i].is_supported())
            continue;
        to = json_skippers[i].run(text.data, end, JSON_MAX_DEPTH, &stuck);
        fuzz_law(!to || (good && to == scan.at),
                 "what is skipped is what is scanned", json_skippers[i].name);
        fuzz_law(to || (stuck > text.data && stuck <= end),
                 "what cannot be skipped has a place", json_skippers[i].name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = fuzz_text(data, size);
    auto_arena struct arena arena = { 0 };
    struct json_document document;
    struct error err = { 0 };
    cJSON *theirs;

    if (text.len && (*text.data == '{' || *text.data == '['))
        check_skipped(text);
    if (!json_read(text, &json_any, JSON_MAX_VALUES, &arena, &document, &err)) {
        fuzz_law(err.kind == ERROR_INVALID && *err.text,
                 "a refusal has a reason", NULL);
        return 0;
    }
    theirs = cJSON_ParseWithLength((const char *)data, size);
    fuzz_law(theirs, "what we take, cJSON takes", NULL);
    fuzz_law(same(document.root, theirs), "we and cJSON understand the same",
             NULL);
    cJSON_Delete(theirs);
    check_written(document.root, &arena);
    return 0;
}
