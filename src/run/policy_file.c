/*
 * policy_file.c - policies from where they are kept: file.h's
 * file_read_policy() and file_load_policy().
 */
#include "spillway/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void policy_files_free(struct policy_files *files)
{
    if (files)
        arena_done(&files->arena);
    free(files);
}

static bool collect_file(struct policy_files *files, const char *path,
                         struct error *err)
{
    struct buf content = { .arena = &files->arena };
    const char *name = strcmp(path, "-") == 0 ? "stdin" : path;

    name = arena_string(&files->arena, text_of(name));
    if (!name)
        return error_no_memory(err);
    if (files->count == FILE_POLICY_COUNT)
        return error_set(err, ERROR_TOO_BIG,
                         "%s: one directory may hold %d policy files", path,
                         FILE_POLICY_COUNT);
    if (!file_read(path, FILE_POLICY_LIMIT, &content, err))
        return false;
    files->sources[files->count++] =
        (struct policy_source){ name, buf_text(&content) };
    return true;
}

static bool is_policy_name(const char *name)
{
    struct text text = text_of(name);

    return text_has_suffix(text, ".yaml") || text_has_suffix(text, ".yml") ||
           text_has_suffix(text, ".json");
}

static bool collect_entry(struct policy_files *files, const char *directory,
                          const char *name, struct error *err)
{
    struct buf path = { .arena = &files->arena };
    size_t len = strlen(directory);

    buf_printf(&path, "%s%s%s", directory,
               len && directory[len - 1] == '/' ? "" : "/", name);
    if (!buf_ok(&path, err))
        return false;
    if (!is_policy_name(name)) {
        buf_printf(&files->strays,
                   "%s: is not a policy file (.yaml, .yml or .json; move it "
                   "away, or begin its name with a dot)\n",
                   path.data);
        return buf_ok(&files->strays, err);
    }
    return collect_file(files, path.data, err);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool collect_directory(struct policy_files *files, const char *path,
                              struct error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_visible, by_bytes);
    bool good = true;

    if (count < 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        good = good && collect_entry(files, path, entries[i]->d_name, err);
        free(entries[i]);
    }
    free(entries);
    if (good && files->count == 0 && files->strays.len == 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds no policy file (.yaml, .yml or .json)",
                         path);
    return good;
}

static bool collect(struct policy_files *files, const char *path,
                    struct error *err)
{
    struct stat status;

    if (!path) {
        files->sources[files->count++] =
            (struct policy_source){ "built-in", policy_builtin() };
        return true;
    }
    if (strcmp(path, "-") != 0 && stat(path, &status) == 0 &&
        S_ISDIR(status.st_mode)) {
        files->is_directory = true;
        return collect_directory(files, path, err);
    }
    return collect_file(files, path, err);
}

struct policy_files *file_read_policy(const char *path, struct error *err)
{
    auto_policy_files struct policy_files *files = calloc(1, sizeof(*files));

    if (!files) {
        (void)error_no_memory(err);
        return NULL;
    }
    files->strays.arena = &files->arena;
    return collect(files, path, err) ? take(&files) : NULL;
}

struct policy_set *file_parse_policy(const struct policy_files *files,
                                     struct buf *mistakes, struct error *err)
{
    auto_policy_set struct policy_set *set =
        policy_set_parse(files->sources, files->count, mistakes, err);

    if (files->strays.len == 0)
        return take(&set);
    buf_add_text(mistakes, buf_text(&files->strays));
    return NULL;
}

struct policy_set *file_load_policy(const char *path, struct buf *mistakes,
                                    struct error *err)
{
    auto_policy_files struct policy_files *files = file_read_policy(path, err);

    if (!files)
        return NULL;
    return file_parse_policy(files, mistakes, err);
}
