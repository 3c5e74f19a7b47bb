/* testreport.c - see testreport.h for the contract; the text format. */
#include "spillway/testreport.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "spillway/coverage.h"
#include "spillway/macros.h"

/* --- text -------------------------------------------------------------- */

/* The colour of a line of a diff, which is indented by two. */
static const char *line_colour(struct text line)
{
    /* clang-format off */
    static const struct {
        const char *prefix, *colour;
    } kinds[] = {
        { "  --- ", "\033[1m"  },
        { "  +++ ", "\033[1m"  },
        { "  @@ ",  "\033[36m" },
        { "  -",    "\033[31m" },
        { "  +",    "\033[32m" },
    };
    /* clang-format on */

    for (size_t i = 0; i < array_len(kinds); i++) {
        if (text_has_prefix(line, kinds[i].prefix))
            return kinds[i].colour;
    }
    return NULL;
}

static void print_shown(struct text text)
{
    auto_buf struct buf shown = { 0 };

    buf_add_shown(&shown, text, SIZE_MAX);
    if (shown.len)
        (void)fwrite(shown.data, 1, shown.len, stdout);
}

void testreport_print_lines(struct text lines, const char *margin, bool colour)
{
    struct text line;

    while (text_take_line(&lines, &line)) {
        const char *begin = colour ? line_colour(line) : NULL;

        printf("%s%s", margin, begin ? begin : "");
        print_shown(line);
        printf("%s\n", begin ? "\033[m" : "");
    }
}

static void add_text(struct testreport *report,
                     const struct testreport_case *testcase)
{
    static const struct {
        const char *word, *colour;
    } words[] = {
        [TESTREPORT_PASSED] = { "ok  ", "\033[32m" },
        [TESTREPORT_FAILED] = { "FAIL", "\033[31m" },
        [TESTREPORT_UPDATED] = { "new ", "\033[33m" },
    };

    printf("%s%s%s ", report->colour ? words[testcase->outcome].colour : "",
           words[testcase->outcome].word, report->colour ? "\033[m" : "");
    print_shown(text_of(testcase->name));
    printf("\n");
    testreport_print_lines(testcase->findings, "     ", report->colour);
}

static bool finish_text(struct testreport *report, struct error *err)
{
    if (report->coverage && !coverage_print(report->coverage, err))
        return false;
    if (report->may_update)
        printf("%zu %s updated\n", report->updated,
               report->updated == 1 ? "case" : "cases");
    printf("%zu passed, %zu failed", report->passed, report->failed);
    if (report->may_stop)
        printf(", %zu not run", report->not_run);
    printf("\n");
    return true;
}

/* --- all formats ------------------------------------------------------- */

const struct testreport_format *testreport_format_find(const char *name)
{
    static const struct testreport_format text = { "text", add_text,
                                                   finish_text };
    static const struct testreport_format *const formats[] = {
        &text, &testreport_junit, &testreport_json
    };

    for (size_t i = 0; i < array_len(formats); i++) {
        if (strcmp(formats[i]->name, name) == 0)
            return formats[i];
    }
    return NULL;
}

void testreport_add(struct testreport *report,
                    const struct testreport_case *testcase)
{
    report->passed += testcase->outcome == TESTREPORT_PASSED;
    report->failed += testcase->outcome == TESTREPORT_FAILED;
    report->updated += testcase->outcome == TESTREPORT_UPDATED;
    report->time_us += testcase->time_us;
    report->format->add(report, testcase);
}

bool testreport_finish(struct testreport *report, struct error *err)
{
    return report->format->finish(report, err);
}

void testreport_done(struct testreport *report)
{
    buf_done(&report->xml);
    cJSON_Delete(report->cases);
    report->cases = NULL;
}
