/*
 * testreport.h - how the results of `spillway test` are printed: as text, as
 * JUnit XML, as JSON.
 */
#ifndef SPILLWAY_TESTREPORT_H
#define SPILLWAY_TESTREPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/admit.h"
#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/text.h"

struct cJSON;
struct coverage;

enum testreport_outcome {
    TESTREPORT_PASSED,
    TESTREPORT_FAILED,
    TESTREPORT_UPDATED
};

struct testreport_case {
    const char *name; /* from outside, as are the findings */
    enum testreport_outcome outcome;
    const struct admission *admission; /* NULL when it was not evaluated */
    /* Lines; those of the detail of a finding, a diff, are indented by two.
     * For a case that was updated: what became of its files. */
    struct text findings;
    long long time_us;
};

struct testreport_format;

/* One report.  Everything but `format` and `colour` begins zeroed. */
struct testreport {
    const struct testreport_format *format;
    bool colour; /* of text */
    size_t passed, failed, updated;
    size_t not_run;                  /* behind the first failure */
    bool may_update, may_stop;       /* so the numbers above are told */
    const struct coverage *coverage; /* to be told too, or NULL */
    long long time_us;               /* of the cases, together */
    struct buf xml;
    struct cJSON *cases;
};

/* "text", "junit" or "json". */
const struct testreport_format *testreport_format_find(const char *name);

/* Count one case, and print it, if this format prints cases one by one. */
void testreport_add(struct testreport *report,
                    const struct testreport_case *testcase);

/* Print what is left.  Fails with SYSTEM. */
bool testreport_finish(struct testreport *report, struct error *err) must_check;

/* Release what a report that was not finished holds. */
void testreport_done(struct testreport *report);

/* --- the formats -------------------------------------------------------- */

struct testreport_format {
    const char *name;
    void (*add)(struct testreport *report,
                const struct testreport_case *testcase);
    bool (*finish)(struct testreport *report, struct error *err);
};

extern const struct testreport_format testreport_junit; /* testreport_junit.c */
extern const struct testreport_format testreport_json;  /* testreport_json.c */

/* Print the lines of findings, in colours if asked for, each behind `margin`;
 * without control characters. */
void testreport_print_lines(struct text lines, const char *margin, bool colour);

#endif
