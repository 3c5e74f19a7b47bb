/* record_store.c - see record_store.h for the contract. */
#include "spillway/record_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spillway/file.h"
#include "spillway/macros.h"

enum { SHAPE_LEN = 2 * REDACT_SHAPE_BYTES };

static const char *const file_names[] = { "review.json", "expect.yaml" };

static bool fail(struct error *err, const char *path)
{
    return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
}

/* --- what is there ----------------------------------------------------------
 */

/* The shape at the end of a case's name; NULL when it is no case's. */
static const char *shape_of(const char *name)
{
    size_t len = strlen(name);
    const char *shape = name + len - SHAPE_LEN;

    if (name[0] == '.' || len < SHAPE_LEN + 2 || shape[-1] != '-' ||
        strspn(shape, "0123456789abcdef") != SHAPE_LEN)
        return NULL;
    return shape;
}

static int compare_shapes(const void *a, const void *b)
{
    return strcmp(a, b);
}

bool record_store_has(const struct record_store *store, const char *shape)
{
    return store->count > 0 && bsearch(shape, store->shapes, store->count,
                                       sizeof(*store->shapes), compare_shapes);
}

static bool note_case(struct record_store *store, const char *shape,
                      struct error *err)
{
    if (store->count == store->room) {
        size_t room = store->room ? store->room * 2 : 64;
        void *shapes =
            reallocarray(store->shapes, room, sizeof(*store->shapes));

        if (!shapes)
            return error_no_memory(err);
        store->shapes = shapes;
        store->room = room;
    }
    (void)snprintf(store->shapes[store->count++], sizeof(*store->shapes), "%s",
                   shape);
    qsort(store->shapes, store->count, sizeof(*store->shapes), compare_shapes);
    return true;
}

/* DIRECTORY/NAME/FILE; FILE may be NULL.  The caller frees it. */
static char *path_of(const struct record_store *store, const char *name,
                     const char *file)
{
    char *path = NULL;

    if (asprintf(&path, "%s/%s%s%s", store->directory, name, file ? "/" : "",
                 file ? file : "") < 0)
        return NULL;
    return path;
}

static void note_sizes(struct record_store *store, const char *name)
{
    for (size_t i = 0; i < array_len(file_names); i++) {
        auto_free char *path = path_of(store, name, file_names[i]);
        struct stat status;

        if (path && stat(path, &status) == 0 && status.st_size > 0)
            store->bytes += (size_t)status.st_size;
    }
}

/* Remove a draft: its files, whatever they are called by now, and itself. */
static void remove_draft(const char *path)
{
    DIR *directory = opendir(path);
    const struct dirent *entry;

    while (directory && (entry = readdir(directory)))
        (void)unlinkat(dirfd(directory), entry->d_name, 0);
    if (directory)
        (void)closedir(directory);
    (void)rmdir(path);
}

static bool is_draft(const char *name)
{
    size_t len = strlen(name);

    return name[0] == '.' && len > strlen(".tmp") &&
           strcmp(name + len - strlen(".tmp"), ".tmp") == 0;
}

static bool note_entry(struct record_store *store, const char *name,
                       struct error *err)
{
    const char *shape = shape_of(name);
    auto_free char *path = NULL;

    if (shape) {
        note_sizes(store, name);
        return record_store_has(store, shape) || note_case(store, shape, err);
    }
    if (!is_draft(name))
        return true;
    path = path_of(store, name, NULL);
    if (path)
        remove_draft(path);
    return true;
}

bool record_store_open(struct record_store *store, const char *path,
                       struct error *err)
{
    const struct dirent *entry;
    DIR *directory;
    bool good = true;

    store->directory = path;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return fail(err, path);
    directory = opendir(path);
    if (!directory)
        return error_set(err, errno == ENOTDIR ? ERROR_INVALID : ERROR_SYSTEM,
                         "%s: %s", path, strerror(errno));
    while (good && (entry = readdir(directory)))
        good = note_entry(store, entry->d_name, err);
    (void)closedir(directory);
    return good;
}

/* --- what is added ----------------------------------------------------------
 */

static bool write_files(const struct record_store *store, const char *draft,
                        const struct text contents[], struct error *err)
{
    auto_free char *review = path_of(store, draft, file_names[0]);
    auto_free char *expect = path_of(store, draft, file_names[1]);
    const struct file_output files[] = { { review, contents[0], 0600 },
                                         { expect, contents[1], 0600 } };

    if (!review || !expect)
        return error_no_memory(err);
    return file_replace_all(files, array_len(files), false, err);
}

/* Make the draft the case. */
static bool publish(const struct record_store *store, const char *draft,
                    const char *final, struct error *err)
{
    int fd;
    bool good;

    if (rename(draft, final) != 0)
        return fail(err, final);
    fd = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
    if (!good)
        (void)fail(err, store->directory);
    if (fd >= 0)
        (void)close(fd);
    return good;
}

bool record_store_add(struct record_store *store,
                      const struct redacted *redacted, struct text expect,
                      struct error *err)
{
    const struct text contents[] = { redacted->review, expect };
    char name[REDACT_NAME_SIZE + SHAPE_LEN + 2];
    char hidden[sizeof(name) + sizeof("..tmp")];
    auto_free char *draft = NULL, *final = NULL;

    (void)snprintf(name, sizeof(name), "%s-%s", redacted->workload,
                   redacted->shape);
    (void)snprintf(hidden, sizeof(hidden), ".%s.tmp", name);
    draft = path_of(store, hidden, NULL);
    final = path_of(store, name, NULL);
    if (!draft || !final)
        return error_no_memory(err);
    if (mkdir(draft, 0700) != 0)
        return fail(err, draft);
    if (!write_files(store, hidden, contents, err) ||
        !publish(store, draft, final, err)) {
        remove_draft(draft);
        return false;
    }
    store->bytes += redacted->review.len + expect.len;
    return note_case(store, redacted->shape, err);
}

void record_store_done(struct record_store *store)
{
    free(store->shapes);
    *store = (struct record_store){ 0 };
}
