/*
 * fuzz_mutate.c - what is handed to `spillway mutate`: YAML or JSON, anything
 * in it.  Each document is refused with a reason, or evaluated by the laws and
 * printed in every format.
 */
#include "fuzz.h"

#include "spillway/arena.h"
#include "spillway/document.h"
#include "spillway/laws.h"
#include "spillway/mutate.h"
#include "spillway/yaml.h"

enum { MOST_VALUES = 20000 };

static void print(const char *name, struct document *document,
                  const struct admission *admission, const struct json *root,
                  bool is_json, struct arena *arena)
{
    const struct mutate_format *format = mutate_format_find(name);
    struct mutate_output output = { .width = 80 };
    struct error err = { 0 };

    fuzz_law(format->add(&output, document, admission, arena, &err) &&
                 (!format->add_root ||
                  format->add_root(&output, root, is_json, &err)),
             "every format can print", err.text);
    if (format->finish)
        (void)format->finish(&output);
    buf_done(&output.buf);
    buf_done(&output.json);
}

/* Printing changes the document: each format gets a fresh one. */
static void evaluate(const struct json *given,
                     const struct document_place *place,
                     const struct policy_set *set, const char *format)
{
    auto_arena struct arena arena = { 0 };
    auto_buf struct buf findings = { 0 };
    struct json *root = json_clone(&arena, given);
    struct admission admission;
    struct document document;
    struct laws_objects objects;
    struct error err = { 0 };

    if (!document_open(root, place, text_of("default"), &arena, &document,
                       &err) ||
        !document_admit(&document, place, set, &arena, &admission, &err)) {
        fuzz_law(err.kind == ERROR_INVALID && *err.text,
                 "a refusal has a reason", NULL);
        return;
    }
    if (format) {
        print(format, &document, &admission, root, place->is_json, &arena);
        return;
    }
    fuzz_law(laws_check(set, &document, &admission, &arena, &objects, &findings,
                        &err),
             "memory suffices", err.text);
    fuzz_law(findings.len == 0, "the laws of the merge", findings.data);
}

static void evaluate_tree(const struct json *root,
                          const struct document_place *place)
{
    static const char *const formats[] = { NULL,    "diff",   "response",
                                           "patch", "object", "review" };

    if (document_is_list(root)) {
        for (const struct json *e = json_first(root, "items"); e; e = e->next)
            evaluate_tree(e, place);
        return;
    }
    for (size_t i = 0; i < array_len(formats); i++) {
        for (size_t j = 0; j < FUZZ_POLICIES; j++)
            evaluate(root, place, fuzz_policy(j), formats[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text = fuzz_text(data, size);
    auto_arena struct arena arena = { 0 };
    struct yaml_documents documents;
    struct error err = { 0 };

    if (!yaml_read(text, MOST_VALUES, &arena, &documents, &err)) {
        fuzz_law(err.kind == ERROR_INVALID && *err.text,
                 "a refusal has a reason", NULL);
        return 0;
    }
    for (size_t i = 0; i < documents.count; i++) {
        struct document_place place = { "input", text, documents.is_json[i],
                                        documents.count == 1 };

        if (document_is_list(documents.list[i]))
            place.is_only = false;
        evaluate_tree(documents.list[i], &place);
    }
    return 0;
}
