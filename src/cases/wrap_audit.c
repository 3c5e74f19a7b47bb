/*
 * wrap_audit.c - the API server's audit log, as far as it holds what was asked
 * to be created: one JSON object a line.
 */
#include <stdio.h>

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/redact.h"
#include "spillway/wrap_parts.h"

/* --- what is read of an event ------------------------------------------- */

/* clang-format off */
#define FIELD(name, of) { TEXT(name), (of) }

static const struct json_shape opaque = { .kind = SHAPE_OPAQUE };

static const struct json_field reference_fields[] = {
    FIELD("resource", &json_any),
    FIELD("namespace", &json_any),
    FIELD("apiGroup", &json_any),
    FIELD("subresource", &json_any),
};
static const struct json_shape reference = {
    .kind = SHAPE_OBJECT, .fields = reference_fields,
    .n_fields = array_len(reference_fields)
};
#define EVENT_FIELDS                      \
    FIELD("kind", &json_any),             \
    FIELD("apiVersion", &json_any),       \
    FIELD("level", &json_any),            \
    FIELD("auditID", &json_any),          \
    FIELD("stage", &json_any),            \
    FIELD("verb", &json_any),             \
    FIELD("objectRef", &reference),       \
    FIELD("requestObject", &opaque)

static const struct json_field event_fields[] = { EVENT_FIELDS };
static const struct json_shape event_shape = {
    .kind = SHAPE_OBJECT, .fields = event_fields,
    .n_fields = array_len(event_fields)
};
static const struct json_shape event_list = {
    .kind = SHAPE_LIST, .element = &event_shape
};
static const struct json_field line_fields[] = {
    EVENT_FIELDS, FIELD("items", &event_list)
};
static const struct json_shape line_shape = {
    .kind = SHAPE_OBJECT, .fields = line_fields,
    .n_fields = array_len(line_fields)
};
/* clang-format on */

bool wrap_audit_is(const struct json *root)
{
    struct text kind = json_string(root, "kind");

    return text_has_prefix(json_string(root, "apiVersion"), "audit.k8s.io/") &&
           (text_is(kind, "Event") || text_is(kind, "EventList"));
}

bool wrap_audit_is_line(struct text line, struct arena *arena)
{
    struct json_document document;
    struct error err = { 0 };

    return line.len > 0 && line.data[0] == '{' &&
           json_read(line, &line_shape, REDACT_MAX_VALUES, arena, &document,
                     &err) &&
           wrap_audit_is(document.root);
}

static void note_flaw(struct wrap_audit *audit, enum wrap_flaw_kind kind,
                      unsigned long line, const char *detail)
{
    struct wrap_flaw *flaw = &audit->flaws[kind];

    if (flaw->count++ > 0)
        return;
    flaw->line = line;
    (void)snprintf(flaw->detail, sizeof(flaw->detail), "%.*s",
                   (int)sizeof(flaw->detail) - 1, detail);
}

/* --- one request, one case ---------------------------------------------- */

enum { TAKEN_AUDITS = 65536 };

/* FNV-1a; 0 is nobody's. */
static uint64_t hash_of(struct text id)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < id.len; i++)
        hash = (hash ^ (unsigned char)id.data[i]) * 1099511628211u;
    return hash ? hash : 1;
}

/*
 * Note that a request was taken; false when it was before, at another stage.
 * Each place remembers one, so memory is bounded: the stages of a request are
 * close to each other, and what is taken twice is folded.
 */
static bool take_request(struct wrap *wrap, struct text id, struct error *err)
{
    uint64_t hash = hash_of(id), *place;

    if (id.len == 0)
        return true;
    if (!wrap->taken_audits)
        wrap->taken_audits = calloc(TAKEN_AUDITS, sizeof(*place));
    if (!wrap->taken_audits)
        return error_no_memory(err);
    place = &wrap->taken_audits[hash % TAKEN_AUDITS];
    if (*place == hash)
        return false;
    *place = hash;
    return true;
}

/* --- events ------------------------------------------------------------- */

/* True for a pod or a Binding that is created. */
static bool is_wanted(const struct json *event)
{
    const struct json *object = json_get(event, "objectRef");
    struct text subresource = json_string(object, "subresource");

    return text_is(json_string(event, "verb"), "create") &&
           text_is(json_string(object, "resource"), "pods") &&
           json_string(object, "apiGroup").len == 0 &&
           (subresource.len == 0 || text_is(subresource, "binding"));
}

/* Count an event without requestObject.  That of a request which was only
 * received never has one. */
static void count_bare(struct wrap_audit *audit, const struct json *event)
{
    struct text level = json_string(event, "level");

    if (text_is(json_string(event, "stage"), "RequestReceived"))
        audit->stages++;
    else if (text_is(level, "Request") || text_is(level, "RequestResponse"))
        audit->bare++;
    else
        audit->metadata++;
}

/* The whole tree of what was asked to be created; NULL with *err set. */
static struct json *read_object(const struct json *given, struct arena *arena,
                                struct error *err)
{
    struct json_document document;
    struct json *copy;

    if (given->opaque)
        return json_read(given->raw, &json_any, REDACT_MAX_VALUES, arena,
                         &document, err)
                   ? document.root
                   : NULL;
    copy = json_copy(arena, given);
    if (!copy)
        (void)error_no_memory(err);
    return copy;
}

/* What stands in for a pod must be one, since it is redacted as one. */
static bool has_kind(const struct json *event, const struct json *object,
                     struct error *err)
{
    struct text subresource =
        json_string(json_get(event, "objectRef"), "subresource");
    const char *kind = subresource.len ? "Binding" : "Pod";

    return (text_is(json_string(object, "kind"), kind) &&
            text_is(json_string(object, "apiVersion"), "v1")) ||
           error_set(err, ERROR_INVALID, "requestObject is not a v1 %s", kind);
}

static bool wrap_request(struct wrap_audit *audit, const struct json *event,
                         const struct json *given, struct error *err)
{
    struct wrap *wrap = audit->wrap;
    const struct document_place place = { .file = "requestObject" };
    struct text name_space =
        json_string(json_get(event, "objectRef"), "namespace");
    struct json *object = read_object(given, &wrap->scratch, err);

    return object && has_kind(event, object, err) &&
           wrap_object(wrap, object, &place,
                       name_space.len ? name_space : wrap->name_space,
                       &wrap->scratch, err);
}

static bool wrap_event(struct wrap_audit *audit, const struct json *event,
                       unsigned long line, struct error *err)
{
    const struct json *given = json_get(event, "requestObject");
    struct error found = { 0 };

    if (!is_wanted(event)) {
        audit->others++;
        return true;
    }
    if (!given) {
        count_bare(audit, event);
        return true;
    }
    if (!take_request(audit->wrap, json_string(event, "auditID"), &found)) {
        *err = found;
        audit->stages++;
        return found.kind == ERROR_NONE;
    }
    if (wrap_request(audit, event, given, &found))
        return true;
    if (found.kind == ERROR_SYSTEM) {
        *err = found;
        return false;
    }
    note_flaw(audit, WRAP_BAD_OBJECT, line, found.text);
    return true;
}

bool wrap_audit_tree(struct wrap_audit *audit, const struct json *root,
                     unsigned long line, struct error *err)
{
    if (text_is(json_string(root, "kind"), "Event"))
        return wrap_event(audit, root, line, err);
    for (const struct json *e = json_first(root, "items"); e; e = e->next) {
        arena_reset(&audit->wrap->scratch);
        if (!wrap_event(audit, e, e->line ? e->line : line, err))
            return false;
    }
    return true;
}

/* --- lines -------------------------------------------------------------- */

static bool is_blank(struct text line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    }
    return true;
}

static bool wrap_line(struct wrap_audit *audit, struct text line,
                      unsigned long number, bool is_unended,
                      struct arena *arena, struct error *err)
{
    struct json_document document;
    struct error found = { 0 };

    if (is_blank(line))
        return true;
    arena_reset(arena);
    arena_reset(&audit->wrap->scratch);
    if (!json_read(line, &line_shape, REDACT_MAX_VALUES, arena, &document,
                   &found)) {
        *err = found;
        note_flaw(audit, is_unended ? WRAP_CUT_OFF : WRAP_NO_JSON, number,
                  found.text);
        return found.kind != ERROR_SYSTEM;
    }
    if (wrap_audit_is(document.root))
        return wrap_audit_tree(audit, document.root, number, err);
    note_flaw(audit, WRAP_NO_EVENT, number, "");
    return true;
}

bool wrap_audit_log(struct wrap_audit *audit, struct wrap_lines *lines,
                    struct error *err)
{
    auto_arena struct arena arena = { 0 };
    struct text line;

    for (;;) {
        enum wrap_line result = wrap_lines_next(lines, &line, err);

        if (result == WRAP_LINE_END)
            return true;
        if (result == WRAP_LINE_FAILED)
            return false;
        progress_tick(&audit->wrap->progress, lines->number, 0);
        if (result == WRAP_LINE_TOO_LONG)
            note_flaw(audit, WRAP_TOO_LONG, lines->number, "");
        else if (!wrap_line(audit, line, lines->number,
                            result == WRAP_LINE_UNENDED, &arena, err))
            return false;
    }
}

/* --- in words ----------------------------------------------------------- */

/* "spillway: FILE: 3 events of ..., 2 ...": one more of the list. */
static void add_count(struct buf *out, const char *file, size_t count,
                      const char *words, size_t *written)
{
    if (count == 0)
        return;
    if ((*written)++ == 0)
        buf_printf(out, "spillway: %s: ", file);
    else
        buf_add_string(out, ", ");
    buf_printf(out, "%zu %s", count, words);
}

static void add_flaw(struct buf *out, const char *file,
                     const struct wrap_flaw *flaw, const char *words)
{
    if (flaw->count == 0)
        return;
    buf_printf(out, "spillway: %s: ", file);
    if (flaw->line)
        buf_printf(out, "line %lu: ", flaw->line);
    buf_add_string(out, words);
    if (flaw->detail[0])
        buf_printf(out, " (%s)", flaw->detail);
    if (flaw->count > 1)
        buf_printf(out, "; %zu such in all", flaw->count);
    buf_add_char(out, '\n');
}

void wrap_audit_format(const struct wrap_audit *audit, struct buf *out)
{
    static const char *const words[WRAP_FLAWS] = {
        [WRAP_NO_JSON] = "passed over: no JSON object",
        [WRAP_NO_EVENT] = "passed over: no event of audit.k8s.io",
        [WRAP_TOO_LONG] = "passed over: longer than 16 MiB",
        [WRAP_CUT_OFF] = "passed over: the last line is cut off",
        [WRAP_BAD_OBJECT] = "passed over: no case can be made of it",
    };
    size_t written = 0;

    add_count(out, audit->file, audit->others,
              "events of other verbs or resources", &written);
    add_count(out, audit->file, audit->stages,
              "other stages of the same requests", &written);
    add_count(out, audit->file, audit->metadata,
              "without requestObject (level Metadata: raise the audit "
              "policy's level to Request for pods)",
              &written);
    add_count(out, audit->file, audit->bare,
              "without requestObject, whatever their level says", &written);
    if (written)
        buf_add_char(out, '\n');
    for (size_t i = 0; i < WRAP_FLAWS; i++)
        add_flaw(out, audit->file, &audit->flaws[i], words[i]);
}
