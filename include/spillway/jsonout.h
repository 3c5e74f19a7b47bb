/*
 * jsonout.h - JSON that is composed with cJSON and holds text from outside.
 *
 * cJSON writes strings byte by byte; here, bytes that are not UTF-8 become
 * U+FFFD, and NUL is kept.
 */
#ifndef SPILLWAY_JSONOUT_H
#define SPILLWAY_JSONOUT_H

#include <stdbool.h>
#include <stddef.h>

#include <cjson/cJSON.h>

#include "spillway/error.h"
#include "spillway/text.h"

/* A string; null for an absent text.  NULL when memory is short. */
cJSON *jsonout_text(struct text text);

/* Set or append such a string, or a number; when memory is short it is left
 * out. */
void jsonout_add(cJSON *object, const char *key, struct text text);
void jsonout_append(cJSON *array, struct text text);
void jsonout_add_count(cJSON *object, const char *key, size_t count);

/* Print the document and a newline to stdout, and release it.  Fails with
 * SYSTEM when memory is short. */
bool jsonout_print(cJSON *root, struct error *err) must_check;

#endif
