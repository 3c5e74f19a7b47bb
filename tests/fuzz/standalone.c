/*
 * standalone.c - a fuzz target without an engine: runs it over the files and
 * directories named on the command line.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fuzz.h"
#include "spillway/buf.h"
#include "spillway/file.h"

enum { INPUT_LIMIT = 16 * 1024 * 1024 };

static bool run_file(const char *path)
{
    auto_buf struct buf bytes = { 0 };
    struct error err = { 0 };
    uint8_t *exact;

    if (!file_read(path, INPUT_LIMIT, &bytes, &err)) {
        (void)fprintf(stderr, "%s\n", err.text);
        return false;
    }
    /* Exactly as long, so that a sanitizer sees a byte read too far. */
    exact = malloc(bytes.len ? bytes.len : 1);
    if (!exact)
        return false;
    if (bytes.len)
        memcpy(exact, bytes.data, bytes.len);
    (void)LLVMFuzzerTestOneInput(exact, bytes.len);
    free(exact);
    return true;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static size_t run_path(const char *path, bool *good)
{
    struct dirent **entries = NULL;
    struct stat status;
    size_t count = 0;
    int n;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        *good = run_file(path) && *good;
        return 1;
    }
    n = scandir(path, &entries, is_visible, alphasort);
    for (int i = 0; i < n; i++) {
        char *inner = NULL;

        if (asprintf(&inner, "%s/%s", path, entries[i]->d_name) > 0)
            count += run_path(inner, good);
        free(inner);
        free(entries[i]);
    }
    free(entries);
    return count;
}

int main(int argc, char *argv[])
{
    const char *name = strrchr(argv[0], '/');
    size_t count = 0;
    bool good = true;

    for (int i = 1; i < argc; i++)
        count += run_path(argv[i], &good);
    printf("%s: %zu inputs\n", name ? name + 1 : argv[0], count);
    return good && count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
