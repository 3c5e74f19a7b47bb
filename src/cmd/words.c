/* words.c - see words.h for the contract. */
#include "spillway/words.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

enum {
    NAME_MAX_BYTES = 253, /* of what comes from outside */
};

void words_outside(struct buf *out, struct text text)
{
    buf_add_shown(out, text, NAME_MAX_BYTES);
    if (text.len > NAME_MAX_BYTES)
        buf_add_string(out, "...");
}

/* --- tolerations ------------------------------------------------------- */

void words_toleration(struct buf *out, const struct json *toleration)
{
    struct text key = json_string(toleration, "key");
    struct text op = json_string(toleration, "operator");
    struct text value = json_string(toleration, "value");
    struct text effect = json_string(toleration, "effect");

    words_outside(out, key.len ? key : text_of("every taint"));
    if (!op.len || text_is(op, "Equal")) {
        buf_add_char(out, '=');
        words_outside(out, value);
    } else if (!text_is(op, "Exists")) {
        buf_add_char(out, ' ');
        words_outside(out, op);
        buf_add_char(out, ' ');
        words_outside(out, value);
    }
    if (effect.len)
        buf_add_char(out, ':');
    words_outside(out, effect);
}

/* --- terms ------------------------------------------------------------- */

static void add_values(struct buf *out, const struct json *requirement)
{
    size_t count = json_count(json_get(requirement, "values")), i = 0;

    buf_add_char(out, '(');
    for (const struct json *e = json_first(requirement, "values"); e;
         e = e->next, i++) {
        if (i == WORDS_LIST_MAX && count > WORDS_LIST_MAX + 1) {
            buf_printf(out, ", and %zu more", count - WORDS_LIST_MAX);
            break;
        }
        buf_add_string(out, i ? ", " : "");
        words_outside(out, e->string);
    }
    buf_add_char(out, ')');
}

/* How the operators are said, before one value and before a list. */
/* clang-format off */
static const struct phrase {
    const char *op, *one, *many;
} phrases[] = {
    { "In",    "=",   " in " },
    { "NotIn", "!=",  " not in " },
    { "Gt",    " > ", " > " },
    { "Lt",    " < ", " < " },
};
/* clang-format on */

static void add_requirement(struct buf *out, const struct json *requirement)
{
    struct text op = json_string(requirement, "operator");
    const struct json *values = json_get(requirement, "values");
    size_t count = json_count(values);

    if (text_is(op, "DoesNotExist"))
        buf_add_string(out, "no ");
    words_outside(out, json_string(requirement, "key"));
    for (size_t i = 0; i < array_len(phrases); i++) {
        if (!text_is(op, phrases[i].op))
            continue;
        buf_add_string(out, count == 1 ? phrases[i].one : phrases[i].many);
        if (count == 1)
            words_outside(out, values->child->string);
        else
            add_values(out, requirement);
        return;
    }
    if (text_is(op, "Exists") || text_is(op, "DoesNotExist"))
        return;
    buf_add_char(out, ' ');
    words_outside(out, op);
    if (count) {
        buf_add_char(out, ' ');
        add_values(out, requirement);
    }
}

void words_term(struct buf *out, const struct json *term)
{
    static const char *const parts[] = { "matchExpressions", "matchFields" };
    size_t written = 0;

    for (size_t i = 0; i < array_len(parts); i++) {
        for (const struct json *e = json_first(term, parts[i]); e;
             e = e->next) {
            buf_add_string(out, written++ ? " and " : "");
            add_requirement(out, e);
        }
    }
    if (!written)
        buf_add_string(out, "nothing");
}

bool words_is_empty_term(const struct json *term)
{
    return !json_first(term, "matchExpressions") &&
           !json_first(term, "matchFields");
}
