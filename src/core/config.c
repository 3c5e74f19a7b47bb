/* config.c - see config.h for the contract. */
#include "spillway/config.h"

#include <stdarg.h>

#include "spillway/arena.h"
#include "spillway/names.h"

enum { MAX_MEMBERS = 16 };

/* A mistake that was found, in a list sorted by line. */
struct config_note {
    struct config_note *next;
    unsigned line;
    struct text text;
};

void config_mistake(struct config *config, struct place place, const char *fmt,
                    ...)
{
    struct config_note *note = arena_new(config->arena, struct config_note);
    struct config_note **link = &config->notes;
    struct buf text = { .arena = config->arena };
    va_list ap;

    config->n_mistakes++;
    buf_printf(&text, "%s%s", place.path, *place.path ? ": " : "");
    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    if (!note || text.failed) {
        config->no_memory = true;
        return;
    }
    *note = (struct config_note){ NULL, place.line, buf_text(&text) };
    if (config->last && config->last->line <= place.line)
        link = &config->last->next; /* where it almost always belongs */
    while (*link && (*link)->line <= place.line)
        link = &(*link)->next;
    note->next = *link;
    *link = note;
    if (!note->next)
        config->last = note;
}

void config_flush(struct config *config)
{
    for (const struct config_note *note = config->notes; note;
         note = note->next) {
        buf_printf(config->mistakes, "%s:%u: ", config->file, note->line);
        /* What it quotes may hold anything; it is one line all the same. */
        buf_add_shown(config->mistakes, note->text, note->text.len);
        buf_add_char(config->mistakes, '\n');
    }
    config->notes = config->last = NULL;
}

static const char *path_text(struct config *config, struct buf *path)
{
    if (!path->failed && path->data)
        return path->data;
    config->no_memory = true;
    return "";
}

struct place config_element(struct config *config, struct place parent,
                            const struct json *element, size_t i)
{
    struct buf path = { .arena = config->arena };

    buf_printf(&path, "%s[%zu]", parent.path, i);
    return (struct place){ element, path_text(config, &path), element->line };
}

/* Keys come from outside: shown short and without control characters. */
static struct place place_of(struct config *config, struct place parent,
                             const struct json *node, struct text key)
{
    struct buf path = { .arena = config->arena };

    buf_printf(&path, "%s%s", parent.path, *parent.path ? "." : "");
    buf_add_shown(&path, key, 100);
    return (struct place){ node, path_text(config, &path),
                           node ? node->line : parent.line };
}

struct place config_entry(struct config *config, struct place parent,
                          const struct json *member)
{
    return place_of(config, parent, member, member->key);
}

bool config_is_string(struct config *config, struct place place)
{
    const struct json *node = place.node;
    struct text shown = text_clip(node->string, 100);

    if (node->type == JSON_STRING)
        return true;
    if (node->type == JSON_NUMBER || (node->type == JSON_BOOL && shown.len))
        config_mistake(config, place,
                       "expected a string, not %s (quote it: \"%.*s\")",
                       json_type_name(node->type), TEXT_ARG(shown));
    else
        config_mistake(config, place, "expected a string, not %s",
                       json_type_name(node->type));
    return false;
}

static void check_type(struct config *config, struct place place,
                       const struct config_member *member)
{
    if (place.node->type == member->type)
        return;
    if (place.node->type == JSON_NULL) {
        if (member->required)
            config_mistake(config, place,
                           "is required, but null (give it a value)");
    } else if (member->type == JSON_STRING) {
        (void)config_is_string(config, place);
    } else {
        config_mistake(config, place, "expected %s, not %s",
                       json_type_name(member->type),
                       json_type_name(place.node->type));
    }
}

static void report_unknown(struct config *config, struct place place,
                           const struct config_member *members, size_t count)
{
    const char *names[MAX_MEMBERS];
    struct buf all = { .arena = config->arena };
    const char *close;

    for (size_t i = 0; i < count; i++) {
        names[i] = members[i].name;
        buf_printf(&all, "%s%s", i ? ", " : "", members[i].name);
    }
    close = names_suggest(place.node->key, names, count);
    if (close)
        config_mistake(config, place, "unknown key (did you mean '%s'?)",
                       close);
    else
        config_mistake(config, place, "unknown key (known here: %s)",
                       path_text(config, &all));
}

static const struct config_member *
find_member(const struct config_member *members, size_t count, struct text key)
{
    for (size_t i = 0; i < count; i++) {
        if (text_is(key, members[i].name))
            return &members[i];
    }
    return NULL;
}

bool config_check_unique(struct config *config, struct place object,
                         struct place member)
{
    for (const struct json *m = object.node->child; m != member.node;
         m = m->next) {
        if (!text_equal(m->key, member.node->key))
            continue;
        config_mistake(config, member,
                       "the key is there twice (remove one of them)");
        return false;
    }
    return true;
}

bool config_object(struct config *config, struct place place,
                   const struct config_member *members, size_t count)
{
    if (place.node->type != JSON_OBJECT) {
        config_mistake(config, place, "expected an object, not %s",
                       json_type_name(place.node->type));
        return false;
    }
    for (const struct json *m = place.node->child; m; m = m->next) {
        const struct config_member *known = find_member(members, count, m->key);
        struct place at = config_entry(config, place, m);

        if (!known)
            report_unknown(config, at, members, count);
        else if (config_check_unique(config, place, at))
            check_type(config, at, known);
    }
    for (size_t i = 0; i < count; i++) {
        const struct json *m = place.node->child;

        while (m && !text_is(m->key, members[i].name))
            m = m->next;
        if (!m && members[i].required)
            config_mistake(
                config,
                place_of(config, place, place.node, text_of(members[i].name)),
                "is required, but missing (add it)");
    }
    return true;
}

struct place config_get(struct config *config, struct place object,
                        const char *key, enum json_type type)
{
    const struct json *node = json_get(object.node, key);

    if (node && node->type != type)
        node = NULL;
    return place_of(config, object, node, text_of(key));
}

const char *config_string(struct config *config, struct text text)
{
    const char *copy = arena_string(config->arena, text);

    if (!copy)
        config->no_memory = true;
    return copy;
}

void *config_array(struct config *config, size_t count, size_t size)
{
    void *array = arena_array(config->arena, count, size);

    if (!array)
        config->no_memory = true;
    return array;
}
