/* check_rows.c - see check_rows.h for the contract. */
#include "check_rows.h"

#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "run.h"

#include "spillway/macros.h"

/* All of one run. */
struct table {
    const struct check_row *rows;
    size_t count;
    enum check_rule first, last;
};

/* Does some finding of the rule say that, and mend it so? */
static bool is_told(const char *out, const char *id,
                    const struct check_row *row)
{
    const char *at = out;

    while ((at = strstr(at, id))) {
        const char *end = strchr(at, '\n'); /* of the message, */
        auto_free char *finding = NULL;

        end = end ? strchr(end + 1, '\n') : NULL; /* and of the mend */
        finding = end ? strndup(at, (size_t)(end - at)) : strdup(at);
        if (strstr(finding, row->message) &&
            strstr(finding, row->mend ? row->mend : ""))
            return true;
        at++;
    }
    return false;
}

static void test_row(void **state)
{
    const struct check_row *row = *state;
    const char *id = check_rule_info(row->rule)->id;
    auto_run struct run run = { 0 };
    bool good;

    run_words(&run, row->input, "check -");
    good = row->message ? is_told(run.out, id, row) : !strstr(run.out, id);
    if (!good)
        fail_msg("%s\n%s\n%s", id, run.out, row->input);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, strstr(run.out, ": error SPW") ? 1 : 0);
}

static void test_every_rule(void **state)
{
    const struct table *table = *state;

    for (size_t rule = table->first; rule <= table->last; rule++) {
        size_t found = 0, silent = 0;

        for (size_t i = 0; i < table->count; i++) {
            found += table->rows[i].rule == rule && table->rows[i].message;
            silent += table->rows[i].rule == rule && !table->rows[i].message;
        }
        if (!found || !silent)
            fail_msg("%s", check_rule_info((enum check_rule)rule)->id);
    }
}

int check_rows_run(const char *group, struct check_row *rows, size_t count,
                   enum check_rule first, enum check_rule last)
{
    struct table table = { rows, count, first, last };
    auto_free struct CMUnitTest *tests = calloc(count + 1, sizeof(*tests));

    if (!tests)
        abort();
    for (size_t i = 0; i < count; i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[count] = (struct CMUnitTest){ "every rule has both kinds of rows",
                                        test_every_rule, NULL, NULL, &table };
    return _cmocka_run_group_tests(group, tests, count + 1, NULL, NULL);
}
