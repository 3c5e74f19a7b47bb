/*
 * check_rows.h - table rows for the rules of `spillway check`: an input that a
 * rule is about, or one that is as it should be.
 */
#ifndef SPILLWAY_TESTS_CHECK_ROWS_H
#define SPILLWAY_TESTS_CHECK_ROWS_H

#include <stddef.h>

#include "spillway/check_parts.h"

struct check_row {
    enum check_rule rule;
    const char *name;
    const char *input;
    const char *message; /* in the finding; NULL when the rule must be silent */
    const char *mend;    /* in what mends it; NULL: whatever */
};

/*
 * Run each row as a test of its own: the program reads its input, and some
 * finding of the rule says that, and mends it so; or there is none.  And one
 * more test: each rule from `first` to `last` has a row that finds it and one
 * that does not.  Returns what main() should.
 */
int check_rows_run(const char *group, struct check_row *rows, size_t count,
                   enum check_rule first, enum check_rule last);

#endif
