/*
 * scratch.h - a directory of one test's own, gone when the test is over.
 *
 * Failing to make or write one fails the running test.
 */
#ifndef SPILLWAY_TESTS_SCRATCH_H
#define SPILLWAY_TESTS_SCRATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct scratch {
    char path[256]; /* of the directory, absolute */
};

/* Make an empty directory under $TMPDIR or /tmp. */
void scratch_init(struct scratch *scratch);

/* "DIRECTORY/NAME"; the caller frees it. */
char *scratch_path(const struct scratch *scratch, const char *name);

/* Write a file with exactly that mode.  Returns its path; the caller frees
 * it. */
char *scratch_write(const struct scratch *scratch, const char *name,
                    const char *content, mode_t mode);

/* How many entries the directory has, hidden ones too. */
size_t scratch_count(const struct scratch *scratch);

/* Remove the directory and all that is in it. */
void scratch_done(struct scratch *scratch);

#define auto_scratch __attribute__((cleanup(scratch_done)))

/*
 * The same as cmocka's setup and teardown, which run also when the test fails:
 * *state becomes the scratch directory.
 */
int scratch_setup(void **state);
int scratch_teardown(void **state);

#endif
