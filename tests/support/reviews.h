/*
 * reviews.h - the recorded reviews of tests/golden, for tests that run in the
 * top directory of the tree.
 */
#ifndef SPILLWAY_TESTS_REVIEWS_H
#define SPILLWAY_TESTS_REVIEWS_H

#include <stddef.h>

/* The path of a case's review; the caller frees it. */
char *review_path(const char *name);

/* The bytes of a case's review, NUL-terminated; the caller frees them. */
char *review_read(const char *name, size_t *len);

/* The names of all cases that have a review.json, sorted; the caller frees
 * each of them and the array. */
char **review_names(size_t *count);

#endif
