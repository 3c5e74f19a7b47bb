/* words.c - see words.h for the contract. */
#include "spillway/words.h"

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/platform.h"
#include "spillway/selector.h"
#include "spillway/term.h"

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

void words_requirement(struct buf *out, const struct json *requirement)
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
            words_requirement(out, e);
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

/* --- places ------------------------------------------------------------ */

/* A requirement that every term which is not empty holds. */
static bool is_common(const struct term *terms, size_t count,
                      const struct requirement *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (!term_is_empty(&terms[i]) && !term_holds(&terms[i], wanted))
            return false;
    }
    return true;
}

/* What stands in front of the nth requirement of a term. */
static const char *joint(size_t n)
{
    return n ? " and " : "";
}

/* What the term asks beyond what all of them do.  False when that is
 * nothing. */
static bool add_rest(struct buf *out, const struct term *terms, size_t count,
                     const struct term *term)
{
    size_t written = 0;

    for (size_t i = 0; i < term->n_expressions; i++) {
        const struct requirement *r = &term->expressions[i];

        if (count > 1 && is_common(terms, count, r))
            continue;
        buf_add_string(out, joint(written++));
        words_requirement(out, r->node);
    }
    for (size_t i = 0; i < term->n_fields; i++) {
        buf_add_string(out, joint(written++));
        words_requirement(out, term->fields[i].node);
    }
    return written > 0;
}

static void add_common(struct buf *out, const struct term *terms, size_t count,
                       const struct term *first)
{
    size_t written = 0;

    for (size_t i = 0; i < first->n_expressions; i++) {
        const struct requirement *r = &first->expressions[i];

        if (count < 2 || !is_common(terms, count, r))
            continue;
        buf_add_string(out, written++ ? " and " : "\nand only with ");
        words_requirement(out, r->node);
    }
}

/* One term: virtual nodes are called so. */
static void add_place(struct buf *out, const struct term *terms, size_t count,
                      const struct term *term)
{
    auto_buf struct buf rest = { 0 };
    bool any = add_rest(&rest, terms, count, term);
    bool is_virtual = platform_is_asked_for(term);

    if (!any)
        buf_add_string(out, "any node");
    else
        buf_add_string(out, is_virtual ? "virtual nodes (" : "nodes with ");
    buf_add_text(out, buf_text(&rest));
    buf_add_string(out, any && is_virtual ? ")" : "");
    out->failed |= rest.failed;
}

void words_places(struct buf *out, const struct term *terms, size_t count)
{
    const struct term *first = NULL;
    size_t written = 0;

    for (size_t i = 0; i < count; i++) {
        if (term_is_empty(&terms[i]))
            continue;
        first = first ? first : &terms[i];
        buf_add_string(out, written++ ? "\nor " : "");
        add_place(out, terms, count, &terms[i]);
    }
    if (first)
        add_common(out, terms, count, first);
    else
        buf_add_string(out, count ? "no node" : "any node");
}

/* --- selectors --------------------------------------------------------- */

void words_selector_requirement(struct buf *out,
                                const struct selector_requirement *requirement)
{
    /* clang-format off */
    static const char *const phrases_of[][2] = {
        [SELECTOR_IN] =       { "=", " in " },
        [SELECTOR_NOT_IN] =   { "!=", " not in " },
        [SELECTOR_EXISTS] =   { "", "" },
        [SELECTOR_DOES_NOT_EXIST] = { "", "" },
        [SELECTOR_GLOB] =     { " like ", " like " },
        [SELECTOR_NOT_GLOB] = { " not like ", " not like " },
    };
    /* clang-format on */
    bool listed = requirement->n_values > 1;

    buf_add_string(out,
                   requirement->op == SELECTOR_DOES_NOT_EXIST ? "no " : "");
    buf_add_string(out, requirement->annotation ? "annotation " : "");
    words_outside(out, requirement->key);
    buf_add_string(out, phrases_of[requirement->op][listed]);
    buf_add_string(out, listed ? "(" : "");
    for (size_t i = 0; i < requirement->n_values; i++) {
        buf_add_string(out, i ? ", " : "");
        words_outside(out, requirement->values[i]);
    }
    buf_add_string(out, listed ? ")" : "");
}

void words_container(struct buf *out, const struct selector *selector)
{
    buf_add_string(out, "container ");
    words_outside(out, selector->has_container);
}

void words_selector(struct buf *out, const struct selector *selector)
{
    for (size_t i = 0; i < selector->n_requirements; i++) {
        buf_add_string(out, joint(i));
        words_selector_requirement(out, &selector->requirements[i]);
    }
    if (!selector->has_container.data)
        return;
    buf_add_string(out, joint(selector->n_requirements));
    words_container(out, selector);
}
