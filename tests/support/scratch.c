/* scratch.c - see scratch.h for the contract. */
#include "scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"

void scratch_init(struct scratch *scratch)
{
    const char *parent = getenv("TMPDIR");
    int len = snprintf(scratch->path, sizeof(scratch->path),
                       "%s/spillway-test-XXXXXX",
                       parent && *parent ? parent : "/tmp");

    assert_true(len > 0 && (size_t)len < sizeof(scratch->path));
    assert_non_null(mkdtemp(scratch->path));
}

char *scratch_path(const struct scratch *scratch, const char *name)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s/%s", scratch->path, name) > 0);
    return path;
}

char *scratch_write(const struct scratch *scratch, const char *name,
                    const char *content, mode_t mode)
{
    char *path = scratch_path(scratch, name);
    size_t len = strlen(content);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, len), (ssize_t)len);
    assert_int_equal(fchmod(fd, mode), 0);
    assert_int_equal(close(fd), 0);
    return path;
}

size_t scratch_count(const struct scratch *scratch)
{
    DIR *directory = opendir(scratch->path);
    size_t count = 0;

    assert_non_null(directory);
    for (const struct dirent *entry; (entry = readdir(directory));)
        count +=
            strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    (void)closedir(directory);
    return count;
}

static int remove_entry(const char *path, const struct stat *status, int kind,
                        struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void scratch_done(struct scratch *scratch)
{
    if (scratch->path[0])
        (void)nftw(scratch->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    scratch->path[0] = '\0';
}

int scratch_setup(void **state)
{
    struct scratch *scratch = calloc(1, sizeof(*scratch));

    assert_non_null(scratch);
    scratch_init(scratch);
    *state = scratch;
    return 0;
}

int scratch_teardown(void **state)
{
    scratch_done(*state);
    free(*state);
    return 0;
}
