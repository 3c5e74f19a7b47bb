/* check_print.c - findings and rules as text and as JSON; see check_parts.h. */
#include "spillway/check_parts.h"

#include <stdint.h>

#include "spillway/jsonout.h"

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

static void add_string(cJSON *object, const char *key, const char *value)
{
    jsonout_add(object, key, text_of(value));
}

static cJSON *finding_json(const struct check_finding *finding)
{
    const struct check_rule_info *rule = check_rule_info(finding->rule);
    cJSON *object = cJSON_CreateObject();

    add_string(object, "rule", rule->id);
    add_string(object, "name", rule->name);
    add_string(object, "severity", check_severity_name(rule->severity));
    add_string(object, "file", finding->file);
    if (finding->line)
        jsonout_add_count(object, "line", finding->line);
    add_string(object, "message", finding->message);
    add_string(object, "mend", finding->mend);
    return object;
}

bool check_print_json(const struct check *check, struct error *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *findings = cJSON_AddArrayToObject(root, "findings");

    for (size_t i = 0; i < check->n_findings; i++)
        (void)cJSON_AddItemToArray(findings, finding_json(&check->findings[i]));
    jsonout_add_count(root, "errors", check->counts[CHECK_ERROR]);
    jsonout_add_count(root, "warnings", check->counts[CHECK_WARNING]);
    jsonout_add_count(root, "notes", check->counts[CHECK_NOTE]);
    jsonout_add_count(root, "files", check->n_files);
    jsonout_add_count(root, "skipped", check->n_skipped);
    return jsonout_print(root, err);
}

/* --- rules ------------------------------------------------------------- */

bool check_print_rules_json(struct error *err)
{
    cJSON *array = cJSON_CreateArray();

    for (size_t i = 0; i < CHECK_RULES; i++) {
        const struct check_rule_info *rule =
            check_rule_info((enum check_rule)i);
        cJSON *object = cJSON_CreateObject();

        add_string(object, "id", rule->id);
        add_string(object, "name", rule->name);
        add_string(object, "severity", check_severity_name(rule->severity));
        add_string(object, "explanation", rule->explanation);
        add_string(object, "mend", rule->mend);
        (void)cJSON_AddItemToArray(array, object);
    }
    return jsonout_print(array, err);
}

void check_print_rules(bool colour, struct buf *out)
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
