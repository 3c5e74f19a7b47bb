/* file.c - see file.h for the contract. */
#include "spillway/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spillway/macros.h"

/* A descriptor that closes itself; -1 is none. */
static void release_fd(int *fd)
{
    if (*fd > STDIN_FILENO)
        (void)close(*fd);
    *fd = -1;
}

#define auto_fd __attribute__((cleanup(release_fd)))

static bool fail(struct error *err, const char *path)
{
    return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
}

/* --- reading ----------------------------------------------------------- */

/* How much to ask for at a time: all of a regular file, whose content (a key,
 * perhaps) is then not copied about by a growing buffer. */
static size_t step_of(int fd, size_t limit)
{
    const size_t step = 65536;
    struct stat status;

    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
        status.st_size <= 0)
        return step;
    return (size_t)status.st_size > limit ? limit + 1
                                          : (size_t)status.st_size + 1;
}

static bool read_all(int fd, const char *path, size_t limit, struct buf *out,
                     struct error *err)
{
    const size_t start = out->len, step = step_of(fd, limit);

    for (;;) {
        char *to = buf_reserve(out, step);
        ssize_t got;

        if (!to)
            return error_no_memory(err);
        got = read(fd, to, step);
        if (got < 0 && errno == EINTR)
            continue;
        to[got > 0 ? got : 0] = '\0';
        if (got < 0)
            return fail(err, path);
        if (got == 0)
            return true;
        out->len += (size_t)got;
        if (out->len - start > limit)
            return error_set(err, ERROR_TOO_BIG, "%s: is larger than %zu bytes",
                             path, limit);
    }
}

bool file_read(const char *path, size_t limit, struct buf *out,
               struct error *err)
{
    const size_t start = out->len;
    auto_fd int fd = STDIN_FILENO;

    if (strcmp(path, "-") != 0)
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return fail(err, path);
    if (read_all(fd, path, limit, out, err))
        return true;
    out->len = start;
    if (out->data)
        out->data[start] = '\0';
    return false;
}

/* --- writing ----------------------------------------------------------- */

/* The directory that a path is in: "." when it names none. */
static char *directory_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash)
        return strdup(".");
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* Make a rename in the directory of `path` last. */
static bool sync_directory(const char *path, struct error *err)
{
    auto_free char *directory = directory_of(path);
    auto_fd int fd = -1;

    if (!directory)
        return error_no_memory(err);
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* Some file systems cannot sync a directory, and say EINVAL. */
    if (fd < 0 || (fsync(fd) != 0 && errno != EINVAL))
        return fail(err, directory);
    return true;
}

static bool write_all(int fd, struct text content)
{
    for (size_t done = 0; done < content.len;) {
        ssize_t put = write(fd, content.data + done, content.len - done);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

/* Where a file is written before it is renamed: ".NAME.XXXXXX" beside it. */
static char *draft_path(const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t before = slash ? (size_t)(slash - path) + 1 : 0;
    char *draft = NULL;

    if (asprintf(&draft, "%.*s.%s.XXXXXX", (int)before, path, path + before) <
        0)
        return NULL;
    return draft;
}

/* Write and sync the draft of one file.  Returns its path, or NULL with *err
 * set and nothing left behind. */
static char *write_draft(const struct file_output *file, struct error *err)
{
    auto_free char *draft = draft_path(file->path);
    auto_fd int fd = -1;

    if (!draft) {
        (void)error_no_memory(err);
        return NULL;
    }
    /* Created 0600; wider permissions come last. */
    fd = mkostemp(draft, O_CLOEXEC);
    if (fd < 0) {
        (void)fail(err, file->path);
        return NULL;
    }
    if (!write_all(fd, file->content) || fchmod(fd, file->mode) != 0 ||
        fsync(fd) != 0) {
        (void)fail(err, file->path);
        (void)unlink(draft);
        return NULL;
    }
    return take(&draft);
}

/* Refuse what cannot be replaced before anything is written. */
static bool may_write(const struct file_output *files, size_t count,
                      bool overwrite, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        struct stat status;

        if (lstat(files[i].path, &status) != 0) {
            if (errno != ENOENT)
                return fail(err, files[i].path);
            continue;
        }
        if (S_ISDIR(status.st_mode))
            return error_set(err, ERROR_SYSTEM, "%s: %s", files[i].path,
                             strerror(EISDIR));
        if (!overwrite)
            return error_set(err, ERROR_INVALID, "%s: %s", files[i].path,
                             strerror(EEXIST));
    }
    return true;
}

/* Put a draft in its place.  Unless `overwrite`, a file that somebody made in
 * the meantime is not replaced, where the file system can promise that. */
static bool publish(const char *draft, const char *path, bool overwrite)
{
    if (overwrite)
        return rename(draft, path) == 0;
    if (renameat2(AT_FDCWD, draft, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    return rename(draft, path) == 0;
}

static bool publish_all(const struct file_output *files, char **drafts,
                        size_t count, bool overwrite, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!publish(drafts[i], files[i].path, overwrite)) {
            (void)fail(err, files[i].path);
            while (!overwrite && i-- > 0)
                (void)unlink(files[i].path);
            return false;
        }
        free(take(&drafts[i]));
    }
    for (size_t i = 0; i < count; i++) {
        if (!sync_directory(files[i].path, err))
            return false;
    }
    return true;
}

bool file_replace_all(const struct file_output *files, size_t count,
                      bool overwrite, struct error *err)
{
    auto_free char **drafts = calloc(count ? count : 1, sizeof(*drafts));
    bool good;

    if (!drafts)
        return error_no_memory(err);
    good = may_write(files, count, overwrite, err);
    for (size_t i = 0; good && i < count; i++) {
        drafts[i] = write_draft(&files[i], err);
        good = drafts[i] != NULL;
    }
    good = good && publish_all(files, drafts, count, overwrite, err);
    for (size_t i = 0; i < count; i++) {
        if (drafts[i])
            (void)unlink(drafts[i]);
        free(drafts[i]);
    }
    return good;
}
