/* cel.c - see cel.h for the contract. */
#include "spillway/cel.h"

#include "spillway/policy.h"
#include "spillway/re2.h"
#include "spillway/selector.h"
#include "spillway/text.h"

/* The node that a Binding puts its pod on. */
#define TARGET "object.target.name"

/* CEL is UTF-8; only what would end the literal or could not stand in it is
 * escaped. */
void cel_add_string(struct buf *out, struct text text)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];

        if (c < 0x20 || c == 0x7F)
            buf_printf(out, "\\u%04x", c);
        else if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

void cel_add_list(struct buf *out, const struct text *values, size_t n_values)
{
    const char *separator = "[";

    for (size_t i = 0; i < n_values; i++) {
        buf_add_string(out, separator);
        cel_add_string(out, values[i]);
        separator = ", ";
    }
    buf_add_char(out, ']');
}

/* Append ` == "a"`, or ` in ["a", "b"]`. */
static void add_one_of(struct buf *out, const struct text *values,
                       size_t n_values)
{
    buf_add_string(out, n_values == 1 ? " == " : " in ");
    if (n_values == 1)
        cel_add_string(out, values[0]);
    else
        cel_add_list(out, values, n_values);
}

/* --- requirements ------------------------------------------------------ */

static void add_map(struct buf *out,
                    const struct selector_requirement *requirement)
{
    buf_add_string(out, requirement->annotation ? "object.metadata.annotations"
                                                : "object.metadata.labels");
}

/* `MAP["key"]`, for where the key is known to be there. */
static void add_value(struct buf *out,
                      const struct selector_requirement *requirement)
{
    add_map(out, requirement);
    buf_add_char(out, '[');
    cel_add_string(out, requirement->key);
    buf_add_char(out, ']');
}

/* `has(MAP) && "key" in MAP` */
static void add_presence(struct buf *out,
                         const struct selector_requirement *requirement)
{
    buf_add_string(out, "has(");
    add_map(out, requirement);
    buf_add_string(out, ") && ");
    cel_add_string(out, requirement->key);
    buf_add_string(out, " in ");
    add_map(out, requirement);
}

/* `VALUE.matches(...)` for a glob. */
static bool add_match(struct buf *out, struct text value, const char *glob,
                      struct error *err)
{
    auto_buf struct buf expression = { 0 };
    enum re2_subject subject;

    if (!re2_from_glob(glob, &expression, &subject, err))
        return false;
    buf_add_string(out, subject == RE2_HEX ? "\"%x\".format([" : "");
    buf_add_text(out, value);
    buf_add_string(out, subject == RE2_HEX ? "])" : "");
    buf_printf(out, ".matches(r\"%s\")", expression.data);
    return true;
}

static bool add_matches(struct buf *out, struct text value,
                        const struct text *globs, size_t n_globs,
                        struct error *err)
{
    bool several = n_globs > 1;

    buf_add_string(out, several ? "(" : "");
    for (size_t i = 0; i < n_globs; i++) {
        buf_add_string(out, i > 0 ? " || " : "");
        if (!add_match(out, value, globs[i].data, err))
            return false;
    }
    buf_add_string(out, several ? ")" : "");
    return true;
}

static bool add_globs(struct buf *out,
                      const struct selector_requirement *requirement,
                      struct error *err)
{
    auto_buf struct buf value = { 0 };

    add_value(&value, requirement);
    return buf_ok(&value, err) &&
           add_matches(out, buf_text(&value), requirement->values,
                       requirement->n_values, err);
}

/* True for the operators that hold where their opposite does not: also for a
 * key that is absent. */
static bool is_negative(enum selector_operator op)
{
    return op == SELECTOR_NOT_IN || op == SELECTOR_NOT_GLOB ||
           op == SELECTOR_DOES_NOT_EXIST;
}

static bool add_requirement(struct buf *out,
                            const struct selector_requirement *requirement,
                            struct error *err)
{
    buf_add_string(out, is_negative(requirement->op) ? "!(" : "");
    add_presence(out, requirement);
    switch (requirement->op) {
    case SELECTOR_IN:
    case SELECTOR_NOT_IN:
        buf_add_string(out, " && ");
        add_value(out, requirement);
        add_one_of(out, requirement->values, requirement->n_values);
        break;
    case SELECTOR_GLOB:
    case SELECTOR_NOT_GLOB:
        buf_add_string(out, " && ");
        if (!add_globs(out, requirement, err))
            return false;
        break;
    case SELECTOR_EXISTS:
    case SELECTOR_DOES_NOT_EXIST:
        break;
    }
    buf_add_string(out, is_negative(requirement->op) ? ")" : "");
    return true;
}

/* --- selectors and policies -------------------------------------------- */

/* A pod without containers has null there: the field is not optional. */
static void add_container(struct buf *out, struct text name)
{
    buf_add_string(out, "has(object.spec.containers) && "
                        "object.spec.containers != null &&\n"
                        "    object.spec.containers.exists(c, has(c.name) && "
                        "c.name == ");
    cel_add_string(out, name);
    buf_add_char(out, ')');
}

/* One requirement a line, ANDed. */
static bool add_selector(struct buf *out, const struct selector *selector,
                         struct error *err)
{
    const char *separator = "";

    for (size_t i = 0; i < selector->n_requirements; i++) {
        buf_add_string(out, separator);
        if (!add_requirement(out, &selector->requirements[i], err))
            return false;
        separator = " &&\n    ";
    }
    if (selector->has_container.data) {
        buf_add_string(out, separator);
        add_container(out, selector->has_container);
    }
    return true;
}

static void add_namespaces(struct buf *out, const struct policy *policy)
{
    for (size_t i = 0; i < policy->n_namespaces; i++) {
        if (text_is(policy->namespaces[i], "*"))
            return;
    }
    buf_add_string(out, "request.namespace");
    add_one_of(out, policy->namespaces, policy->n_namespaces);
    buf_add_string(out, " && ");
}

bool cel_add_policy(struct buf *out, const struct policy *policy,
                    struct error *err)
{
    add_namespaces(out, policy);
    for (size_t i = 0; i < policy->n_selectors; i++) {
        buf_add_string(out, i == 0 ? "(\n  (" : " ||\n  (");
        if (!add_selector(out, &policy->selectors[i], err))
            return error_wrap(err, "policy '%.*s'", TEXT_ARG(policy->name));
        buf_add_char(out, ')');
    }
    buf_add_string(out, "\n)");
    return buf_ok(out, err);
}

/* Characters, as cel-go counts them. */
static size_t count_characters(struct text text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.data[i] & 0xC0) != 0x80;
    return count;
}

bool cel_check_length(const char *what, struct text expression,
                      struct error *err)
{
    size_t count = count_characters(expression);

    if (count <= CEL_MAX_LENGTH)
        return true;
    return error_set(err, ERROR_TOO_BIG,
                     "%s an expression of %zu characters, and kube-apiserver "
                     "takes %d: use fewer or shorter ones",
                     what, count, CEL_MAX_LENGTH);
}

bool cel_add_policies(struct buf *out, const struct policy_set *set,
                      struct error *err)
{
    const size_t start = out->len;

    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        buf_printf(out, "%s// %.*s\n", i > 0 ? " ||\n" : "",
                   TEXT_ARG(policy->name));
        if (!cel_add_policy(out, policy, err))
            return false;
    }
    return buf_ok(out, err) &&
           cel_check_length(
               "the selectors make",
               (struct text){ out->data + start, out->len - start }, err);
}

/* --- bindings ---------------------------------------------------------- */

static bool add_binding(struct buf *out, const struct policy *policy,
                        struct error *err)
{
    buf_printf(out, "// %.*s\n", TEXT_ARG(policy->name));
    add_namespaces(out, policy);
    buf_add_string(out, "has(" TARGET ") && ");
    return add_matches(out, text_of(TARGET), policy->virtual_nodes,
                       policy->n_virtual_nodes, err) ||
           error_wrap(err, "policy '%.*s'", TEXT_ARG(policy->name));
}

bool cel_add_bindings(struct buf *out, const struct policy_set *set,
                      struct error *err)
{
    const size_t start = out->len;

    for (size_t i = 0; i < policy_set_count(set); i++) {
        const struct policy *policy = policy_set_at(set, i);

        if (!policy->scale_in_first)
            continue;
        buf_add_string(out, out->len > start ? " ||\n" : "");
        if (!add_binding(out, policy, err))
            return false;
    }
    return buf_ok(out, err) &&
           cel_check_length(
               "the virtualNodes make",
               (struct text){ out->data + start, out->len - start }, err);
}
