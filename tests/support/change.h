/*
 * change.h - files that change under the server's hands, in every way that
 * files do.
 */
#ifndef SPILLWAY_TESTS_CHANGE_H
#define SPILLWAY_TESTS_CHANGE_H

#include "scratch.h"

/* The content of a file; the caller frees it. */
char *change_content(const char *path);

/* Truncate and write. */
void change_in_place(const char *path, const char *text);

/* Write beside it (0600), and rename. */
void change_by_rename(const char *path, const char *text);

/* The built-in policy with another name; the caller frees it. */
char *change_policy_named(const char *name);

/* A pair for localhost, issued in a directory of its own. */
struct change_pair {
    struct scratch scratch;
    char *certificate, *key;
};

void change_pair_init(struct change_pair *pair);
void change_pair_done(struct change_pair *pair);

#define auto_change_pair __attribute__((cleanup(change_pair_done)))

/* Mount a pair as a kubelet does: files in DIRECTORY/GENERATION, and
 * DIRECTORY/..data swapped over to that by a rename. */
void change_mount(const char *directory, const char *generation,
                  const struct change_pair *pair);

#endif
