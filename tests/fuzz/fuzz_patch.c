/*
 * fuzz_patch.c - JSON Patch: what is built from two documents turns the one
 * into the other, and any patch at all applies or is refused.  An input is the
 * document before, "%%", the one after, "%%" and a patch.
 */
#include "fuzz.h"

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/patch.h"

static struct json *read_part(struct text *rest, struct arena *arena)
{
    struct json_document document;
    struct error err = { 0 };

    if (!json_read(fuzz_part(rest), &json_any, JSON_MAX_VALUES, arena,
                   &document, &err))
        return NULL;
    return document.root;
}

/* Twins are no business of the engine's: it refuses them where it looks. */
static bool has_twins(const struct json *value, struct arena *arena)
{
    if (value->type == JSON_OBJECT && json_has_twins(value, arena))
        return true;
    for (const struct json *e = value->child; e; e = e->next) {
        if (has_twins(e, arena))
            return true;
    }
    return false;
}

static void check_built(const struct json *before, const struct json *after,
                        struct arena *arena)
{
    auto_buf struct buf patch = { 0 };
    struct error err = { 0 };
    bool proven = false;
    size_t count = 0;

    buf_add_char(&patch, '[');
    fuzz_law(patch_build(before, after, "", arena, &patch, &count, &err),
             "a patch can be built", err.text);
    buf_add_char(&patch, ']');
    fuzz_law(patch_prove(before, after, buf_text(&patch), arena, &proven, &err),
             "memory suffices", err.text);
    fuzz_law(proven, "a built patch gives what was meant", patch.data);
    fuzz_law((count == 0) == json_equal(before, after, arena),
             "no operation means no difference", patch.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    auto_arena struct arena arena = { 0 };
    struct json *before = read_part(&rest, &arena);
    struct json *after = read_part(&rest, &arena);
    struct json *patch = read_part(&rest, &arena), *root;
    struct error err = { 0 };

    if (before && after && !has_twins(before, &arena) &&
        !has_twins(after, &arena))
        check_built(before, after, &arena);
    if (!before || !patch)
        return 0;
    root = json_clone(&arena, before);
    if (!patch_apply(&root, patch, &arena, &err))
        fuzz_law(err.kind == ERROR_INVALID && *err.text,
                 "a patch that does not apply has a reason", NULL);
    return 0;
}
