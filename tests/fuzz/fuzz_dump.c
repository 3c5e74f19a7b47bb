/*
 * fuzz_dump.c - what a user dumps of a cluster: every object is explained, on
 * the nodes among them, and all of it is checked, whatever it holds.
 */
#include "fuzz.h"

#include "spillway/check_parts.h"
#include "spillway/dump.h"
#include "spillway/explanation.h"
#include "spillway/nodes.h"

enum { REPLICAS = 9, A_TIME = 1800000000 };

/* What is explained, and where. */
struct attempt {
    struct arena arena;
    struct explained_nodes nodes;
    bool has_nodes;
};

static void explain_one(void *context, struct json *root,
                        const struct document_place *place)
{
    struct attempt *attempt = context;
    auto_buf struct buf out = { 0 };
    struct explanation explanation;
    struct error err = { 0 };

    if (!explanation_make(fuzz_policy(0), root, place, text_of("istio-system"),
                          attempt->has_nodes ? &attempt->nodes : NULL,
                          &attempt->arena, &explanation, &err)) {
        fuzz_law(err.kind == ERROR_INVALID, "an object is refused", err.text);
        return;
    }
    fuzz_law(explanation_write_text(&out, &explanation, false, &attempt->arena,
                                    &err),
             "memory suffices", err.text);
    for (size_t i = 0; i < out.len; i++)
        fuzz_law(out.data[i] == '\n' || (unsigned char)out.data[i] >= ' ',
                 "no control characters", out.data);
}

static void explain_all(struct text bytes)
{
    struct attempt attempt = { .nodes = { .replicas = REPLICAS } };
    const struct dump_visitor visitor = { explain_one, &attempt };
    auto_arena struct arena arena = { 0 };
    struct error err = { 0 };

    attempt.has_nodes =
        nodes_parse("dump", bytes, &arena, &attempt.nodes, &err);
    attempt.nodes.replicas = REPLICAS;
    if (!dump_parse("dump", bytes, &arena, &visitor, &err))
        fuzz_law(err.kind == ERROR_INVALID, "a dump is refused", err.text);
    arena_done(&attempt.arena);
}

static void check_everything(struct text bytes)
{
    struct check check = { .now = A_TIME };
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    if (!check_read_bytes(&check, "dump", 0, bytes, &err))
        fuzz_law(err.kind == ERROR_INVALID, "a file is refused", err.text);
    check_all(&check);
    check_print_text(&check, false, &out);
    fuzz_law(!check.failed && !out.failed, "memory suffices", "");
    check_done(&check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text bytes = fuzz_text(data, size);

    explain_all(bytes);
    check_everything(bytes);
    return 0;
}
