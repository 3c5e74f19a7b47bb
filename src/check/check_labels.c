/*
 * check_labels.c - the labels by which a required term sets nodes apart, as
 * kubectl takes them; see check_parts.h.
 */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/platform.h"
#include "spillway/words.h"

bool check_is_for_real_nodes(const struct term *term)
{
    return !platform_is_asked_for(term) && term->n_expressions > 0;
}

bool check_is_of_kubernetes(struct text key)
{
    const char *slash = key.len ? memchr(key.data, '/', key.len) : NULL;
    struct text domain = { key.data, slash ? (size_t)(slash - key.data) : 0 };

    return text_is(domain, "kubernetes.io") ||
           text_has_suffix(domain, ".kubernetes.io");
}

/* Can somebody set a label so that it holds? */
static bool is_settable(const struct requirement *r)
{
    return (text_is(r->op, "In") || text_is(r->op, "Exists")) &&
           !check_is_of_kubernetes(r->key);
}

static bool holds(const struct node *node, const struct requirement *r)
{
    struct requirement copy = *r;
    const struct term alone = { .expressions = &copy, .n_expressions = 1 };

    return node_matches(node, &alone);
}

const char *check_label_pair(struct check *check, struct text key,
                             struct text value)
{
    struct buf out = { .arena = &check->arena };

    words_outside(&out, key);
    buf_add_char(&out, '=');
    words_outside(&out, value);
    return check_kept(check, &out);
}

const char *check_labels(struct check *check, const struct term *term,
                         const struct node *node)
{
    struct buf out = { .arena = &check->arena };

    for (size_t i = 0; i < term->n_expressions; i++) {
        const struct requirement *r = &term->expressions[i];
        struct text value = r->n_values ? r->values[0] : (struct text){ 0 };

        if (node && holds(node, r))
            continue;
        if (is_settable(r))
            buf_printf(
                &out, "%s%s", out.len ? " " : "",
                check_quoted(check, check_label_pair(check, r->key, value)));
        else if (node)
            return "";
    }
    return check_kept(check, &out);
}

const char *check_overwrite(const struct term *term, const struct node *node)
{
    for (size_t i = 0; i < term->n_expressions; i++) {
        const struct requirement *r = &term->expressions[i];

        if (!holds(node, r) && json_get_text(node->labels, r->key))
            return " --overwrite";
    }
    return "";
}

const struct requirement *check_mark(const struct term *term)
{
    for (size_t i = 0; term && i < term->n_expressions; i++) {
        if (is_settable(&term->expressions[i]))
            return &term->expressions[i];
    }
    return NULL;
}
