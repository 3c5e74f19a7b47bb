/*
 * dump.h - files of Kubernetes objects, object by object: YAML or JSON, several
 * documents, Lists and what the API server calls NodeList or PodList.
 */
#ifndef SPILLWAY_DUMP_H
#define SPILLWAY_DUMP_H

#include <stdbool.h>

#include "spillway/document.h"
#include "spillway/error.h"
#include "spillway/json.h"

struct arena;
struct yaml_documents;

/* What to do with an object, which lives as long as the arena it was read
 * into. */
struct dump_visitor {
    void (*visit)(void *context, struct json *root,
                  const struct document_place *place);
    void *context;
};

/* Visit a document, or each item of one that is a List; a List may hold
 * Lists. */
void dump_visit(struct json *root, const struct document_place *place,
                const struct dump_visitor *visitor);

/* What a path is called in messages: "standard input" for "-". */
const char *dump_name(const char *path);

/*
 * Read all documents of a file's bytes, Lists whole, as dump_parse() does.
 */
bool dump_documents(const char *name, struct text bytes, struct arena *arena,
                    struct yaml_documents *documents,
                    struct error *err) must_check;

/*
 * Visit the objects of a file's bytes, which must outlive the arena.  Those of
 * a list of one kind (NodeList) get the kind that they leave out.  Fails with
 * INVALID ("NAME: ...") when they are neither YAML nor JSON, or empty, and
 * nothing was visited then; SYSTEM.
 */
bool dump_parse(const char *name, struct text bytes, struct arena *arena,
                const struct dump_visitor *visitor,
                struct error *err) must_check;

#endif
