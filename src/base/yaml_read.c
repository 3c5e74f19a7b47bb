/*
 * yaml_read.c - the reader of yaml.h.
 *
 * libyaml delivers events, yaml_tree.h builds; here is what stands between:
 * what scalars and tags mean, and what to say when libyaml gives up.
 */
#include "spillway/yaml.h"

#include <stdlib.h>

#include <yaml.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/scalar.h"
#include "spillway/yaml_tree.h"

struct yaml_reader {
    yaml_parser_t parser;
    struct text in;
    struct yaml_tree tree;
    struct yaml_documents *documents;
    size_t capacity; /* of the lists in `documents` */
};

/* --- the list of documents --------------------------------------------- */

static bool grow_list(struct arena *arena, struct yaml_documents *documents,
                      size_t *capacity)
{
    size_t more = *capacity ? 2 * *capacity : 8;
    struct json **list = arena_array(arena, more, sizeof(*list));
    bool *is_json = arena_array(arena, more, sizeof(*is_json));

    if (!list || !is_json)
        return false;
    if (documents->count) {
        memcpy(list, documents->list, documents->count * sizeof(*list));
        memcpy(is_json, documents->is_json,
               documents->count * sizeof(*is_json));
    }
    documents->list = list;
    documents->is_json = is_json;
    *capacity = more;
    return true;
}

static bool add_document(struct yaml_reader *reader, struct json *root,
                         bool is_json)
{
    struct yaml_documents *documents = reader->documents;

    if (documents->count == reader->capacity &&
        !grow_list(reader->tree.arena, documents, &reader->capacity))
        return error_no_memory(reader->tree.err);
    documents->list[documents->count] = root;
    documents->is_json[documents->count++] = is_json;
    return true;
}

/* --- scalars ----------------------------------------------------------- */

/* The types that `!!name` stands for. */
/* clang-format off */
static const struct tag {
    const char *name;
    enum json_type type;
    bool integer;
} tags[] = {
    { YAML_STR_TAG,   JSON_STRING, false },
    { YAML_BOOL_TAG,  JSON_BOOL,   false },
    { YAML_NULL_TAG,  JSON_NULL,   false },
    { YAML_INT_TAG,   JSON_NUMBER, true },
    { YAML_FLOAT_TAG, JSON_NUMBER, false },
};
/* clang-format on */

static const struct tag *find_tag(const char *name)
{
    for (size_t i = 0; i < array_len(tags); i++) {
        if (strcmp(tags[i].name, name) == 0)
            return &tags[i];
    }
    return NULL;
}

static uint32_t line_of(const yaml_event_t *event)
{
    return (uint32_t)(event->start_mark.line + 1);
}

static bool fail_tag(struct yaml_reader *reader, const yaml_event_t *event,
                     const yaml_char_t *tag)
{
    return error_set(reader->tree.err, ERROR_INVALID,
                     "line %u: tag '%.100s' does not belong here (leave it "
                     "out)",
                     line_of(event), (const char *)tag);
}

static bool set_string(struct yaml_reader *reader, struct json *value,
                       struct text text)
{
    const char *copy = arena_string(reader->tree.arena, text);

    if (!copy)
        return error_no_memory(reader->tree.err);
    value->type = JSON_STRING;
    value->string = (struct text){ copy, text.len };
    return true;
}

/* Give *value the meaning of a plain scalar; *kind tells more. */
static bool resolve(struct yaml_reader *reader, const yaml_event_t *event,
                    struct text text, struct json *value,
                    enum scalar_kind *kind)
{
    struct buf number = { .arena = reader->tree.arena };

    *kind = scalar_resolve(text, &value->truth, &number);
    switch (*kind) {
    case SCALAR_STRING:
        return buf_ok(&number, reader->tree.err) &&
               set_string(reader, value, text);
    case SCALAR_NULL:
        value->type = JSON_NULL;
        return true;
    case SCALAR_BOOL:
        if (!set_string(reader, value, text)) /* for messages: `yes` */
            return false;
        value->type = JSON_BOOL;
        return true;
    case SCALAR_INTEGER:
    case SCALAR_FLOAT:
        value->type = JSON_NUMBER;
        value->string = buf_text(&number);
        return buf_ok(&number, reader->tree.err);
    case SCALAR_NOT_FINITE:
        return error_set(reader->tree.err, ERROR_INVALID,
                         "line %u: %.*s is no number in JSON (quote it when a "
                         "string is meant)",
                         line_of(event), TEXT_ARG(text));
    case SCALAR_MERGE:
        break;
    }
    return error_set(reader->tree.err, ERROR_INVALID,
                     "line %u: merge keys (<<) are not supported; write the "
                     "members out",
                     line_of(event));
}

static bool read_scalar(struct yaml_reader *reader, const yaml_event_t *event,
                        struct json *value)
{
    const yaml_char_t *name = event->data.scalar.tag;
    const struct tag *tag = name ? find_tag((const char *)name) : NULL;
    struct text text = { (const char *)event->data.scalar.value,
                         event->data.scalar.length };
    enum scalar_kind kind;

    if (name && !tag)
        return fail_tag(reader, event, name);
    if (tag ? tag->type == JSON_STRING
            : event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return set_string(reader, value, text);
    if (!resolve(reader, event, text, value, &kind))
        return false;
    if (tag &&
        (value->type != tag->type || (tag->integer && kind != SCALAR_INTEGER)))
        return error_set(reader->tree.err, ERROR_INVALID,
                         "line %u: '%.*s' is not a value of %s", line_of(event),
                         TEXT_ARG(text_clip(text, 100)), tag->name);
    return true;
}

static bool add_scalar(struct yaml_reader *reader, const yaml_event_t *event)
{
    struct json *value = arena_new(reader->tree.arena, struct json);

    if (!value)
        return error_no_memory(reader->tree.err);
    return read_scalar(reader, event, value) &&
           yaml_tree_scalar(&reader->tree, value,
                            (const char *)event->data.scalar.anchor,
                            line_of(event));
}

/* --- events ------------------------------------------------------------ */

static bool open_container(struct yaml_reader *reader,
                           const yaml_event_t *event, enum json_type type,
                           const yaml_char_t *tag, const yaml_char_t *anchor)
{
    const char *right = type == JSON_ARRAY ? YAML_SEQ_TAG : YAML_MAP_TAG;

    if (tag && strcmp((const char *)tag, "!") != 0 &&
        strcmp((const char *)tag, right) != 0)
        return fail_tag(reader, event, tag);
    return yaml_tree_open(&reader->tree, type, (const char *)anchor,
                          line_of(event));
}

/* Keep the document that has ended, unless it is empty. */
static bool end_document(struct yaml_reader *reader)
{
    struct json *root = yaml_tree_take(&reader->tree);

    return !root || root->type == JSON_NULL ||
           add_document(reader, root, false);
}

static bool handle_event(struct yaml_reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        return add_scalar(reader, event);
    case YAML_ALIAS_EVENT:
        return yaml_tree_alias(&reader->tree,
                               (const char *)event->data.alias.anchor,
                               line_of(event));
    case YAML_SEQUENCE_START_EVENT:
        return open_container(reader, event, JSON_ARRAY,
                              event->data.sequence_start.tag,
                              event->data.sequence_start.anchor);
    case YAML_MAPPING_START_EVENT:
        return open_container(reader, event, JSON_OBJECT,
                              event->data.mapping_start.tag,
                              event->data.mapping_start.anchor);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return yaml_tree_close(&reader->tree);
    case YAML_DOCUMENT_END_EVENT:
        return end_document(reader);
    default:
        return true;
    }
}

/* What libyaml found wrong, in one line.  Its reader runs ahead of its marks
 * and knows the byte, its scanner and parser know the line. */
static bool fail_parser(const struct yaml_reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    const char *problem = parser->problem ? parser->problem : "not YAML";
    size_t line = parser->problem_mark.line + 1;

    if (parser->error == YAML_MEMORY_ERROR)
        return error_no_memory(reader->tree.err);
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < parser->problem_offset; i++)
            line += i < reader->in.len && reader->in.data[i] == '\n';
    }
    if (!parser->context)
        return error_set(reader->tree.err, ERROR_INVALID, "line %zu: %s", line,
                         problem);
    return error_set(reader->tree.err, ERROR_INVALID,
                     "line %zu: %s (%s that began at line %zu)", line, problem,
                     parser->context, parser->context_mark.line + 1);
}

static bool read_events(struct yaml_reader *reader)
{
    yaml_event_type_t type = YAML_NO_EVENT;

    while (type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        bool ok;

        if (!yaml_parser_parse(&reader->parser, &event))
            return fail_parser(reader);
        type = event.type;
        ok = handle_event(reader, &event);
        yaml_event_delete(&event);
        if (!ok)
            return false;
    }
    return true;
}

static bool read_yaml(struct yaml_reader *reader)
{
    bool ok;

    if (!yaml_parser_initialize(&reader->parser))
        return error_no_memory(reader->tree.err);
    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser,
                                 (const unsigned char *)reader->in.data,
                                 reader->in.len);
    ok = read_events(reader);
    yaml_parser_delete(&reader->parser);
    return ok;
}

/* Lines are counted from the text's own beginning: counting from the beginning
 * of the file would make many small texts quadratic. */
static void shift_lines(struct json *value, uint32_t lines)
{
    value->line += lines;
    for (struct json *e = value->child; e; e = e->next)
        shift_lines(e, lines);
}

static uint32_t count_lines(const char *at, const char *end)
{
    uint32_t lines = 0;

    while ((at = memchr(at, '\n', (size_t)(end - at)))) {
        lines++;
        at++;
    }
    return lines;
}

static bool read_json(struct yaml_reader *reader)
{
    struct yaml_tree *tree = &reader->tree;
    struct text left = reader->in;
    uint32_t lines = 0;

    while (left.len) {
        struct text begin = left;
        struct json *root = json_read_next(&left, begin.data, tree->values_left,
                                           tree->arena, tree->err);

        if (!root) /* once more, for the byte within the whole */
            root = json_read_next(&begin, reader->in.data, tree->values_left,
                                  tree->arena, tree->err);
        if (!root || !add_document(reader, root, true))
            return false;
        shift_lines(root, lines);
        lines += count_lines(begin.data, left.data);
        tree->values_left -= yaml_tree_values(root);
    }
    return true;
}

bool yaml_read(struct text in, size_t max_values, struct arena *arena,
               struct yaml_documents *documents, struct error *err)
{
    struct yaml_documents found = { 0 };
    struct yaml_reader reader = {
        .in = in,
        .tree = { .arena = arena, .err = err, .values_left = max_values },
        .documents = &found,
    };

    if (in.len == 0)
        reader.in.data = "";
    /* YAML allows a byte order mark; the strict JSON pass refuses it. */
    if (in.len >= 3 && memcmp(in.data, "\xEF\xBB\xBF", 3) == 0) {
        struct text rest = { in.data + 3, in.len - 3 };

        if (json_looks_like(rest))
            return read_json(&reader);
        reader.in = rest;
    }
    if (json_looks_like(reader.in) ? !read_json(&reader) : !read_yaml(&reader))
        return false;
    *documents = found;
    return true;
}
