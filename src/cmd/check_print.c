/* check_print.c - findings and rules as text and as JSON; see check.h. */
#include "spillway/check.h"

#include <stdint.h>

#include "spillway/arena.h"

static const char *const colours[CHECK_SEVERITIES] = {
    [CHECK_NOTE] = "\033[36m",
    [CHECK_WARNING] = "\033[33m",
    [CHECK_ERROR] = "\033[31m",
};

/* --- findings as text -------------------------------------------------- */

static void add_finding(const struct check_finding *finding, bool colour,
                        struct buf *out)
{
    const struct check_rule_info *rule = check_rule_info(finding->rule);

    buf_add_shown(out, text_of(finding->file), SIZE_MAX);
    if (finding->line)
        buf_printf(out, ":%u", finding->line);
    buf_printf(out, ": %s%s%s %s: %s\n", colour ? colours[rule->severity] : "",
               check_severity_name(rule->severity), colour ? "\033[m" : "",
               rule->id, finding->message);
    buf_printf(out, "    %s\n", finding->mend);
}

static void add_count(struct buf *out, size_t count, const char *what,
                      size_t *written)
{
    if (count == 0)
        return;
    buf_printf(out, "%s%zu %s%s", (*written)++ ? ", " : "", count, what,
               count == 1 ? "" : "s");
}

void check_print_text(const struct check *check, bool colour, struct buf *out)
{
    size_t written = 0;

    for (size_t i = 0; i < check->n_findings; i++)
        add_finding(&check->findings[i], colour, out);
    add_count(out, check->counts[CHECK_ERROR], "error", &written);
    add_count(out, check->counts[CHECK_WARNING], "warning", &written);
    add_count(out, check->counts[CHECK_NOTE], "note", &written);
    if (!written)
        buf_add_string(out, "nothing found");
    buf_printf(out, " in %zu file%s", check->n_files,
               check->n_files == 1 ? "" : "s");
    if (check->n_skipped)
        buf_printf(out, " (%zu object%s of other kinds skipped)",
                   check->n_skipped, check->n_skipped == 1 ? "" : "s");
    buf_add_char(out, '\n');
}

/* --- JSON -------------------------------------------------------------- */

/* One document that is made; the setters do nothing once memory was short. */
struct maker {
    struct arena *arena;
    bool failed;
};

static void set_string(struct maker *maker, struct json *object,
                       const char *key, const char *value)
{
    maker->failed |=
        !object || !json_set(object, text_of(key),
                             json_string_new(maker->arena, text_of(value)));
}

static void set_number(struct maker *maker, struct json *object,
                       const char *key, size_t value)
{
    maker->failed |=
        !object || !json_set(object, text_of(key),
                             json_number_new(maker->arena, (long long)value));
}

static void set(struct maker *maker, struct json *object, const char *key,
                struct json *value)
{
    maker->failed |= !object || !json_set(object, text_of(key), value);
}

static void append(struct maker *maker, struct json *array, struct json *value)
{
    maker->failed |= !array || !json_append(array, value);
}

static struct json *finding_json(struct maker *maker,
                                 const struct check_finding *finding)
{
    const struct check_rule_info *rule = check_rule_info(finding->rule);
    struct json *object = json_object(maker->arena);

    set_string(maker, object, "rule", rule->id);
    set_string(maker, object, "name", rule->name);
    set_string(maker, object, "severity", check_severity_name(rule->severity));
    set_string(maker, object, "file", finding->file);
    if (finding->line)
        set_number(maker, object, "line", finding->line);
    set_string(maker, object, "message", finding->message);
    set_string(maker, object, "mend", finding->mend);
    return object;
}

void check_print_json(struct check *check, struct buf *out)
{
    struct maker maker = { &check->arena, false };
    struct json *root = json_object(maker.arena);
    struct json *findings = json_array(maker.arena);
    struct json **tail = findings ? &findings->child : NULL;

    maker.failed = !findings;
    for (size_t i = 0; i < check->n_findings && !maker.failed; i++) {
        *tail = finding_json(&maker, &check->findings[i]);
        maker.failed |= !*tail;
        tail = *tail ? &(*tail)->next : NULL;
    }
    set(&maker, root, "findings", findings);
    set_number(&maker, root, "errors", check->counts[CHECK_ERROR]);
    set_number(&maker, root, "warnings", check->counts[CHECK_WARNING]);
    set_number(&maker, root, "notes", check->counts[CHECK_NOTE]);
    set_number(&maker, root, "files", check->n_files);
    set_number(&maker, root, "skipped", check->n_skipped);
    check->failed |= maker.failed;
    if (maker.failed)
        return;
    json_write_pretty(out, root, 2);
    buf_add_char(out, '\n');
}

/* --- rules ------------------------------------------------------------- */

static void rules_json(struct buf *out)
{
    auto_arena struct arena arena = { 0 };
    struct maker maker = { &arena, false };
    struct json *array = json_array(&arena);

    for (size_t i = 0; i < CHECK_RULES; i++) {
        const struct check_rule_info *rule =
            check_rule_info((enum check_rule)i);
        struct json *object = json_object(&arena);

        set_string(&maker, object, "id", rule->id);
        set_string(&maker, object, "name", rule->name);
        set_string(&maker, object, "severity",
                   check_severity_name(rule->severity));
        set_string(&maker, object, "explanation", rule->explanation);
        set_string(&maker, object, "mend", rule->mend);
        append(&maker, array, object);
    }
    out->failed |= maker.failed;
    if (!maker.failed)
        json_write_pretty(out, array, 2);
    buf_add_char(out, '\n');
}

static void rules_text(bool colour, struct buf *out)
{
    for (size_t i = 0; i < CHECK_RULES; i++) {
        const struct check_rule_info *rule =
            check_rule_info((enum check_rule)i);

        buf_printf(out, "%s  %s%-7s%s  %s\n", rule->id,
                   colour ? colours[rule->severity] : "",
                   check_severity_name(rule->severity), colour ? "\033[m" : "",
                   rule->name);
        buf_printf(out, "    %s\n    Mend: %s\n", rule->explanation,
                   rule->mend);
    }
}

void check_print_rules(bool json, bool colour, struct buf *out)
{
    if (json)
        rules_json(out);
    else
        rules_text(colour, out);
}
