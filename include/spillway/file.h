/*
 * file.h - whole files in, whole files out.
 */
#ifndef SPILLWAY_FILE_H
#define SPILLWAY_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/policy.h"

enum {
    FILE_POLICY_LIMIT = 1024 * 1024, /* bytes of one policy file; a ConfigMap
                                        holds no more than that in all */
    FILE_POLICY_COUNT = 256,         /* policy files in one directory */
};

/* Append the content of `path` ("-" is stdin), of at most `limit` bytes.
 * Fails with SYSTEM ("PATH: No such file or directory") or TOO_BIG; what was
 * in `out` before is then still all that is in it. */
bool file_read(const char *path, size_t limit, struct buf *out,
               struct error *err) must_check;

/* A file to be written; it gets exactly these permissions, whatever the umask,
 * and never more on the way. */
struct file_output {
    const char *path;
    struct text content;
    mode_t mode;
};

/*
 * Replace files that belong together, each as a whole: written beside its path,
 * synced, renamed over it, and none renamed before all are written and synced.
 * Unless `overwrite`, a path that exists is INVALID and nothing changes.  Fails
 * with SYSTEM; what was there before is then still there.  Only when renaming
 * itself fails half-way, which takes a failing disk or somebody else at work in
 * the directory, what was already replaced stays so (new files are removed
 * again); the text names the file that failed.
 */
bool file_replace_all(const struct file_output *files, size_t count,
                      bool overwrite, struct error *err) must_check;

/* The files of one policy as they were read. */
struct policy_files {
    struct arena arena; /* holds the names and the bytes */
    struct policy_source sources[FILE_POLICY_COUNT]; /* named by their paths */
    bool is_directory;
    size_t count;      /* at least one */
    struct buf strays; /* a mistake for each file that is no policy */
};

/*
 * Read a policy: a file ("-" is stdin), a directory (files ending in .yaml,
 * .yml or .json in byte order of name; names that begin with a dot are
 * skipped; anything else is a mistake), or the built-in one when `path` is
 * NULL.  The caller releases the files with policy_files_free(); NULL with
 * *err set when one cannot be read.
 */
struct policy_files *file_read_policy(const char *path,
                                      struct error *err) must_check;

/* Release the files; NULL is fine. */
void policy_files_free(struct policy_files *files);

#define auto_policy_files __attribute__((cleanup(policy_files_release)))

static inline void policy_files_release(struct policy_files **p)
{
    policy_files_free(*p);
}

/*
 * Parse what was read.  The caller releases the set.  NULL with *err set when
 * memory is short; NULL with *err untouched when `mistakes` holds what is
 * wrong, one line each.
 */
struct policy_set *file_parse_policy(const struct policy_files *files,
                                     struct buf *mistakes,
                                     struct error *err) must_check;

/*
 * Read and parse a policy.  The caller releases the set.  NULL with *err set
 * when a file cannot be read; NULL with *err untouched when `mistakes` holds
 * what is wrong, one line each.
 */
struct policy_set *file_load_policy(const char *path, struct buf *mistakes,
                                    struct error *err) must_check;

#endif
