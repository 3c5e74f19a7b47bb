/* dump.c - see dump.h for the contract. */
#include "spillway/dump.h"

#include <string.h>

#include "spillway/arena.h"
#include "spillway/yaml.h"

const char *dump_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

void dump_visit(struct json *root, const struct document_place *place,
                const struct dump_visitor *visitor)
{
    struct document_place inner = *place;

    if (!document_is_list(root)) {
        visitor->visit(visitor->context, root, place);
        return;
    }
    inner.is_only = false;
    for (struct json *m = root->child; m; m = m->next) {
        if (!text_is(m->key, "items"))
            continue;
        for (struct json *e = m->child; e; e = e->next)
            dump_visit(e, &inner, visitor);
    }
}

/* Make a NodeList a List of Nodes.  False when memory is short. */
static bool name_items(struct json *root, struct arena *arena)
{
    struct text kind = json_string(root, "kind");
    struct text version = json_string(root, "apiVersion");
    struct json *items = json_member(root, text_of("items"));

    if (!text_has_suffix(kind, "List") || !items || items->type != JSON_ARRAY)
        return true;
    kind.len -= strlen("List");
    for (struct json *e = items->child; e; e = e->next) {
        if (e->type == JSON_OBJECT && !json_string(e, "kind").len &&
            (!json_set(e, text_of("kind"), json_string_new(arena, kind)) ||
             !json_set(e, text_of("apiVersion"),
                       json_string_new(arena, version))))
            return false;
    }
    return json_set(root, text_of("kind"),
                    json_string_new(arena, text_of("List"))) &&
           json_set(root, text_of("apiVersion"),
                    json_string_new(arena, text_of("v1")));
}

bool dump_documents(const char *name, struct text bytes, struct arena *arena,
                    struct yaml_documents *documents, struct error *err)
{
    if (!yaml_read(bytes, DOCUMENT_MAX_VALUES, arena, documents, err))
        return error_wrap(err, "%s", name);
    if (documents->count == 0)
        return error_set(err, ERROR_INVALID, "%s: there is no document in it",
                         name);
    for (size_t i = 0; i < documents->count; i++) {
        if (!name_items(documents->list[i], arena))
            return error_no_memory(err);
    }
    return true;
}

bool dump_parse(const char *name, struct text bytes, struct arena *arena,
                const struct dump_visitor *visitor, struct error *err)
{
    struct yaml_documents documents;

    if (!dump_documents(name, bytes, arena, &documents, err))
        return false;
    for (size_t i = 0; i < documents.count; i++) {
        struct document_place place = { name, bytes, documents.is_json[i],
                                        documents.count == 1 };

        dump_visit(documents.list[i], &place, visitor);
    }
    return true;
}
