/* testfind.c - see testfind.h for the contract. */
#include "spillway/testfind.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spillway/macros.h"

#define EXPECT_SUFFIX ".expect.yaml"

/* --- names ------------------------------------------------------------- */

/* The entries of a directory, sorted by byte. */
struct listing {
    char **names;
    size_t count;
};

static void listing_done(struct listing *listing)
{
    for (size_t i = 0; i < listing->count; i++)
        free(listing->names[i]);
    free(listing->names);
}

#define auto_listing __attribute__((cleanup(listing_done)))

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static bool add_name(struct listing *listing, const char *name)
{
    char **names =
        realloc(listing->names, (listing->count + 1) * sizeof(*names));

    if (!names)
        return false;
    listing->names = names;
    names[listing->count] = strdup(name);
    return names[listing->count] && ++listing->count;
}

static void close_directory(DIR **directory)
{
    if (*directory)
        (void)closedir(*directory);
}

static bool list(const char *path, struct listing *listing, struct error *err)
{
    __attribute__((cleanup(close_directory))) DIR *directory = opendir(path);
    const struct dirent *entry;

    if (!directory)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    for (errno = 0; (entry = readdir(directory)); errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (!add_name(listing, entry->d_name))
            return error_no_memory(err);
    }
    if (errno)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    if (listing->count)
        qsort(listing->names, listing->count, sizeof(char *), compare_names);
    return true;
}

static bool has_name(const struct listing *listing, const char *name)
{
    for (size_t i = 0; i < listing->count; i++) {
        if (strcmp(listing->names[i], name) == 0)
            return true;
    }
    return false;
}

static char *join(const char *directory, const char *name)
{
    size_t len = strlen(directory);
    char *path = NULL;

    if (asprintf(&path, "%s%s%s", directory,
                 len && directory[len - 1] == '/' ? "" : "/", name) < 0)
        return NULL;
    return path;
}

/* --- cases ------------------------------------------------------------- */

/* The paths of a case's files, owned. */
struct paths {
    char *input, *expect, *patch, *object, *policy;
};

static void paths_done(struct paths *paths)
{
    free(paths->input);
    free(paths->expect);
    free(paths->patch);
    free(paths->object);
    free(paths->policy);
}

#define auto_paths __attribute__((cleanup(paths_done)))

static bool visit(struct testfind *find, const char *name,
                  const struct paths *paths, bool is_review,
                  struct buf *findings, struct error *err)
{
    const struct testcase testcase = {
        paths->input, is_review,     paths->expect,
        paths->patch, paths->object, paths->policy,
    };

    return find->visitor.visit(find->visitor.context, name, &testcase, findings,
                               err);
}

/* Where the path of a file of a case directory goes; NULL for a name that has
 * no place in one. */
static char **slot(struct paths *paths, const char *name)
{
    /* clang-format off */
    const struct {
        const char *name;
        char **slot;
    } slots[] = {
        { "review.json", &paths->input },
        { "pod.yaml",    &paths->input },
        { "expect.yaml", &paths->expect },
        { "patch.json",  &paths->patch },
        { "object.yaml", &paths->object },
        { "policy.yaml", &paths->policy },
    };
    /* clang-format on */

    for (size_t i = 0; i < array_len(slots); i++) {
        if (strcmp(slots[i].name, name) == 0)
            return slots[i].slot;
    }
    return NULL;
}

static bool visit_directory(struct testfind *find, const char *path,
                            size_t name_offset, const struct listing *listing,
                            struct error *err)
{
    auto_paths struct paths paths = { 0 };
    auto_buf struct buf findings = { 0 };
    const char *name;

    for (size_t i = 0; i < listing->count; i++) {
        char **place = slot(&paths, listing->names[i]);

        name = listing->names[i];
        if (!place) {
            buf_printf(&findings, "%s: has no place in a case\n", name);
        } else if (*place) {
            buf_add_string(&findings, "pod.yaml and review.json: a case has "
                                      "one of them\n");
        } else {
            *place = join(path, name);
            if (!*place)
                return error_no_memory(err);
        }
    }
    if (!paths.input)
        buf_add_string(&findings, "there is neither review.json nor "
                                  "pod.yaml\n");
    /* When the path that was asked for is the case, all of it is its name. */
    name = strlen(path) > name_offset ? path + name_offset : path;
    return visit(find, name, &paths, has_name(listing, "review.json"),
                 &findings, err);
}

/* NAME.json beside NAME.expect.yaml, which is `expect`. */
static bool visit_pair(struct testfind *find, const char *path,
                       size_t name_offset, const char *expect,
                       const struct listing *listing, struct error *err)
{
    size_t len = strlen(expect) - strlen(EXPECT_SUFFIX);
    auto_paths struct paths paths = { .expect = join(path, expect) };
    auto_buf struct buf findings = { 0 }, name = { 0 }, input = { 0 };

    buf_printf(&input, "%.*s.json", (int)len, expect);
    if (!paths.expect || !buf_ok(&input, err))
        return error_no_memory(err);
    if (has_name(listing, input.data))
        paths.input = join(path, input.data);
    else
        buf_printf(&findings, "%s: there is no %s beside it\n", expect,
                   input.data);
    buf_add(&name, paths.expect, strlen(paths.expect) - strlen(EXPECT_SUFFIX));
    if (!buf_ok(&name, err))
        return false;
    return visit(find, name.data + name_offset, &paths, false, &findings, err);
}

/* --- the search -------------------------------------------------------- */

/* Enter a directory for the first time; *again when it was entered before. */
static bool enter(struct testfind *find, const struct stat *status, bool *again,
                  struct error *err)
{
    struct testfind_seen *seen;

    *again = false;
    for (size_t i = 0; i < find->n_seen; i++) {
        if (find->seen[i].device == status->st_dev &&
            find->seen[i].inode == status->st_ino) {
            *again = true;
            return true;
        }
    }
    seen = realloc(find->seen, (find->n_seen + 1) * sizeof(*seen));
    if (!seen)
        return error_no_memory(err);
    find->seen = seen;
    seen[find->n_seen++] =
        (struct testfind_seen){ status->st_dev, status->st_ino };
    return true;
}

static bool search(struct testfind *find, const char *path, size_t name_offset,
                   struct error *err);

/* An entry of a directory that is no case itself. */
static bool search_entry(struct testfind *find, const char *path,
                         size_t name_offset, const char *name,
                         const struct listing *listing, struct error *err)
{
    auto_free char *child = join(path, name);
    struct stat status;

    if (!child)
        return error_no_memory(err);
    if (text_has_suffix(text_of(name), EXPECT_SUFFIX))
        return visit_pair(find, path, name_offset, name, listing, err);
    if (name[0] == '.' || stat(child, &status) != 0 || !S_ISDIR(status.st_mode))
        return true;
    return search(find, child, name_offset, err);
}

/* A directory: a case, or what may hold cases.  expect.yaml alone is a case
 * that has lost its input, and is told. */
static bool search(struct testfind *find, const char *path, size_t name_offset,
                   struct error *err)
{
    auto_listing struct listing listing = { 0 };
    struct stat status;
    bool again;

    if (stat(path, &status) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    if (!enter(find, &status, &again, err))
        return false;
    if (again)
        return true;
    if (!list(path, &listing, err))
        return false;
    if (has_name(&listing, "review.json") || has_name(&listing, "pod.yaml") ||
        has_name(&listing, "expect.yaml"))
        return visit_directory(find, path, name_offset, &listing, err);
    for (size_t i = 0; i < listing.count; i++) {
        if (!search_entry(find, path, name_offset, listing.names[i], &listing,
                          err))
            return false;
    }
    return true;
}

/* A file that was named: the case it belongs to. */
static bool search_file(struct testfind *find, const char *path,
                        struct error *err)
{
    const char *base = strrchr(path, '/');
    auto_free char *directory =
        base ? strndup(path, (size_t)(base - path) + (base == path))
             : strdup(".");
    auto_listing struct listing listing = { 0 };
    auto_buf struct buf expect = { 0 };

    base = base ? base + 1 : path;
    if (!directory)
        return error_no_memory(err);
    if (strcmp(base, "review.json") == 0 || strcmp(base, "pod.yaml") == 0)
        return search(find, directory, 0, err);
    if (!list(directory, &listing, err))
        return false;
    if (text_has_suffix(text_of(base), ".json"))
        buf_printf(&expect, "%.*s%s", (int)(strlen(base) - strlen(".json")),
                   base, EXPECT_SUFFIX);
    else
        buf_add_string(&expect, base);
    if (!buf_ok(&expect, err))
        return false;
    if (!text_has_suffix(text_of(expect.data), EXPECT_SUFFIX) ||
        !has_name(&listing, expect.data))
        return error_set(err, ERROR_INVALID,
                         "%s: not a case (that is a directory with review.json "
                         "or pod.yaml, or NAME.json beside NAME.expect.yaml)",
                         path);
    return visit_pair(find, directory, 0, expect.data, &listing, err);
}

bool testfind_run(struct testfind *find, const char *path, size_t name_offset,
                  struct error *err)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    return S_ISDIR(status.st_mode) ? search(find, path, name_offset, err)
                                   : search_file(find, path, err);
}

void testfind_done(struct testfind *find)
{
    free(find->seen);
    find->seen = NULL;
    find->n_seen = 0;
}
