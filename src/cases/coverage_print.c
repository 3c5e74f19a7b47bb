/* coverage_print.c - coverage as text and as JSON; see coverage.h. */
#include "spillway/coverage.h"

#include <stdio.h>

#include "spillway/jsonout.h"
#include "spillway/select.h"
#include "spillway/words.h"

/* --- selectors in words ------------------------------------------------ */

/* The requirement at `i`; the one behind the last is the container. */
static void add_words(struct buf *out, const struct selector *selector,
                      size_t i)
{
    if (i < selector->n_requirements)
        words_selector_requirement(out, &selector->requirements[i]);
    else
        words_container(out, selector);
}

/* --- text -------------------------------------------------------------- */

/* "3", or what nothing exercised. */
static void add_number(struct buf *out, size_t count)
{
    if (count)
        buf_add_number(out, count);
    else
        buf_add_string(out, "never");
}

static void add_cases(struct buf *out, size_t count)
{
    add_number(out, count);
    if (count)
        buf_add_string(out, count == 1 ? " case" : " cases");
    buf_add_char(out, '\n');
}

static void add_policy(struct buf *out, const struct coverage_policy *policy)
{
    buf_add_string(out, "policy ");
    words_outside(out, policy->policy->name);
    buf_add_string(out, ": ");
    add_cases(out, policy->decided);
    for (size_t i = 0; i < policy->n_selectors; i++) {
        const struct coverage_selector *selector = &policy->selectors[i];

        buf_printf(out, "  selector %zu: ", i + 1);
        words_selector(out, selector->selector);
        buf_add_string(out, ": matched ");
        add_cases(out, selector->matched);
        for (size_t j = 0; j < selector->n_requirements; j++) {
            buf_add_string(out, "    ");
            add_words(out, selector->selector, j);
            buf_add_string(out, ": held ");
            add_number(out, selector->requirements[j].held);
            buf_add_string(out, ", failed first ");
            add_number(out, selector->requirements[j].failed);
            buf_add_char(out, '\n');
        }
    }
}

static void add_outcomes(struct buf *out, const struct coverage *coverage)
{
    buf_add_string(out, "guards\n");
    for (size_t i = 0; i < SELECT_GUARDS; i++) {
        buf_printf(out, "  %s: ", reason_name(select_guards[i]));
        add_cases(out, coverage->reasons[select_guards[i]]);
    }
    buf_add_string(out, "warnings\n");
    for (size_t i = 0; i < WARNING_KINDS; i++) {
        buf_printf(out, "  %s: ", warning_kind_name((enum warning_kind)i));
        add_cases(out, coverage->warnings[i]);
    }
}

bool coverage_print(const struct coverage *coverage, struct error *err)
{
    struct coverage_sum sum = coverage_sum(coverage);
    auto_buf struct buf out = { 0 };

    for (size_t i = 0; i < coverage->n_policies; i++)
        add_policy(&out, &coverage->policies[i]);
    add_outcomes(&out, coverage);
    if (coverage->left_out)
        buf_printf(&out, "%zu %s left out, with a policy of %s own\n",
                   coverage->left_out,
                   coverage->left_out == 1 ? "case" : "cases",
                   coverage->left_out == 1 ? "its" : "their");
    buf_printf(&out,
               "coverage: %zu of %zu selectors' requirements, %zu of %zu "
               "guards\n",
               sum.requirements, sum.all_requirements, sum.guards,
               sum.all_guards);
    if (!buf_ok(&out, err))
        return false;
    (void)fwrite(out.data, 1, out.len, stdout);
    return true;
}

/* --- JSON -------------------------------------------------------------- */

static cJSON *requirement_json(const struct coverage_selector *selector,
                               size_t i)
{
    cJSON *object = cJSON_CreateObject();
    auto_buf struct buf words = { 0 };

    add_words(&words, selector->selector, i);
    jsonout_add(object, "words", buf_text(&words));
    jsonout_add_count(object, "held", selector->requirements[i].held);
    jsonout_add_count(object, "failedFirst", selector->requirements[i].failed);
    return object;
}

static cJSON *selector_json(const struct coverage_selector *selector)
{
    cJSON *object = cJSON_CreateObject(), *list;
    auto_buf struct buf words = { 0 };

    words_selector(&words, selector->selector);
    jsonout_add(object, "words", buf_text(&words));
    jsonout_add_count(object, "matched", selector->matched);
    list = cJSON_AddArrayToObject(object, "requirements");
    for (size_t i = 0; i < selector->n_requirements; i++)
        (void)cJSON_AddItemToArray(list, requirement_json(selector, i));
    return object;
}

static cJSON *policy_json(const struct coverage_policy *policy)
{
    cJSON *object = cJSON_CreateObject(), *list;

    jsonout_add(object, "name", policy->policy->name);
    jsonout_add_count(object, "cases", policy->decided);
    list = cJSON_AddArrayToObject(object, "selectors");
    for (size_t i = 0; i < policy->n_selectors; i++)
        (void)cJSON_AddItemToArray(list, selector_json(&policy->selectors[i]));
    return object;
}

static void add_sum(cJSON *root, const char *key, size_t covered, size_t all)
{
    cJSON *object = cJSON_AddObjectToObject(root, key);

    jsonout_add_count(object, "covered", covered);
    jsonout_add_count(object, "all", all);
}

cJSON *coverage_json(const struct coverage *coverage)
{
    struct coverage_sum sum = coverage_sum(coverage);
    cJSON *root = cJSON_CreateObject(), *list, *object;
    jsonout_add_count(root, "cases", coverage->cases);
    jsonout_add_count(root, "leftOut", coverage->left_out);
    add_sum(root, "requirements", sum.requirements, sum.all_requirements);
    add_sum(root, "guards", sum.guards, sum.all_guards);
    list = cJSON_AddArrayToObject(root, "policies");
    for (size_t i = 0; i < coverage->n_policies; i++)
        (void)cJSON_AddItemToArray(list, policy_json(&coverage->policies[i]));
    object = cJSON_AddObjectToObject(root, "casesByGuard");
    for (size_t i = 0; i < SELECT_GUARDS; i++)
        jsonout_add_count(object, reason_name(select_guards[i]),
                          coverage->reasons[select_guards[i]]);
    object = cJSON_AddObjectToObject(root, "casesByWarning");
    for (size_t i = 0; i < WARNING_KINDS; i++)
        jsonout_add_count(object, warning_kind_name((enum warning_kind)i),
                          coverage->warnings[i]);
    return root;
}
