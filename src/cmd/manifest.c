/* manifest.c - see manifest.h for the contract. */
#include "spillway/manifest.h"

#include <assert.h>

#include <stdio.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/json.h"
#include "spillway/yaml.h"

struct json *manifest_template(const char *yaml, struct arena *arena,
                               struct error *err)
{
    struct yaml_documents documents = { 0 };

    if (!yaml_read(text_of(yaml), JSON_MAX_VALUES, arena, &documents, err))
        return NULL;
    return documents.list[0];
}

struct json *manifest_member(struct json *object, const char *key)
{
    struct json *member = json_member(object, text_of(key));

    assert(member);
    return member;
}

bool manifest_set(struct json *object, const char *key, struct text value,
                  struct arena *arena)
{
    const char *copy = arena_string(arena, value);

    return copy &&
           json_set(object, text_of(key),
                    json_string_new(arena, (struct text){ copy, value.len }));
}

bool manifest_set_base64(struct json *object, const char *key,
                         struct text bytes, struct arena *arena)
{
    struct buf encoded = { .arena = arena };

    buf_add_base64(&encoded, bytes);
    return !encoded.failed &&
           json_set(object, text_of(key),
                    json_string_new(arena, buf_text(&encoded)));
}

int manifest_print(const char *comment, const struct json *object)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    buf_add_string(&out, comment);
    if (!yaml_write(&out, object, &err))
        return command_fail(&err);
    (void)fwrite(out.data, 1, out.len, stdout);
    return command_done(STATUS_OK);
}
