/*
 * check_read.c - reads the files that `spillway check` looks at; see
 * check_parts.h.
 */
#include "spillway/check_parts.h"

#include <errno.h>
#include <fts.h>
#include <string.h>
#include <sys/stat.h>

#include "spillway/buf.h"
#include "spillway/dump.h"
#include "spillway/file.h"
#include "spillway/yaml.h"

/* --- documents --------------------------------------------------------- */

/* One file. */
struct reading {
    struct check *check;
    const char *file;
};

static void visit(void *context, struct json *root,
                  const struct document_place *place)
{
    struct reading *reading = context;

    (void)place;
    check_sort(reading->check, reading->file, root);
}

/* Does the line belong to a policy?  *begun documents begin before; lines are
 * asked about in their order. */
static bool is_policy_line(const struct yaml_documents *documents, size_t line,
                           size_t *begun)
{
    while (*begun < documents->count && documents->list[*begun]->line <= line)
        ++*begun;
    return *begun == 0 || /* comments in front */
           check_is_policy(documents->list[*begun - 1]);
}

/*
 * The text of the policies alone: the lines of other documents are emptied, so
 * that mistakes are told with the lines of the file.
 */
static struct text policy_text(struct check *check, struct text bytes,
                               const struct yaml_documents *documents)
{
    struct buf out = { .arena = &check->arena };
    size_t line = 1, begun = 0;

    while (bytes.len) {
        const char *end = memchr(bytes.data, '\n', bytes.len);
        size_t len = end ? (size_t)(end - bytes.data) + 1 : bytes.len;

        if (is_policy_line(documents, line++, &begun) ||
            text_has_prefix(bytes, "---"))
            buf_add(&out, bytes.data, len);
        else
            buf_add_char(&out, '\n');
        bytes = (struct text){ bytes.data + len, bytes.len - len };
    }
    check->failed |= out.failed;
    return buf_text(&out);
}

/* Is something in it that has a structure?  *n_policies are policies. */
static bool survey(const struct yaml_documents *documents, size_t *n_policies)
{
    *n_policies = 0;
    for (size_t i = 0; i < documents->count; i++) {
        enum json_type type = documents->list[i]->type;

        if (type != JSON_OBJECT && type != JSON_ARRAY)
            return false;
        *n_policies += check_is_policy(documents->list[i]);
    }
    return true;
}

/* Policies of one file form one list. */
static bool read_documents(struct check *check, const char *file,
                           struct text bytes, struct error *err)
{
    struct reading reading = { check, file };
    const struct dump_visitor visitor = { visit, &reading };
    struct yaml_documents documents;
    size_t n_policies;

    if (!dump_documents(file, bytes, &check->arena, &documents, err))
        return false;
    if (!survey(&documents, &n_policies))
        return error_set(
            err, ERROR_INVALID,
            "%s: neither Kubernetes objects, nor a policy, nor PEM", file);
    if (n_policies == documents.count)
        check_add_policy(check, file, file, bytes);
    else if (n_policies > 0)
        check_add_policy(check, file, file,
                         policy_text(check, bytes, &documents));
    for (size_t i = 0; i < documents.count; i++) {
        const struct document_place place = { file, bytes, documents.is_json[i],
                                              documents.count == 1 };

        if (!check_is_policy(documents.list[i]))
            dump_visit(documents.list[i], &place, &visitor);
    }
    return true;
}

/* --- files ------------------------------------------------------------- */

static bool is_pem(struct text bytes)
{
    return bytes.len && memmem(bytes.data, bytes.len, "-----BEGIN ", 11) &&
           !json_looks_like(bytes);
}

/* Documents begin with a key, PEM with its dashes or with text in front: what
 * is YAML that holds PEM, like a Secret's stringData, is read as YAML. */
bool check_read_bytes(struct check *check, const char *file, mode_t mode,
                      struct text bytes, struct error *err)
{
    struct error found = { 0 };

    if (bytes.len >= 10 && memcmp(bytes.data, "-----BEGIN", 10) == 0) {
        check_add_pem(check, file, file, 0, mode, bytes);
        return true;
    }
    if (read_documents(check, file, bytes, &found))
        return true;
    if (found.kind == ERROR_INVALID && is_pem(bytes)) {
        check_add_pem(check, file, file, 0, mode, bytes);
        return true;
    }
    /* What calls itself a policy is one with a mistake. */
    if (found.kind == ERROR_INVALID && check_is_policy_text(bytes)) {
        check_add_policy(check, file, file, bytes);
        return true;
    }
    *err = found;
    return false;
}

static bool note_file(struct check *check, const char *file)
{
    if (check->n_files == check->files_room) {
        size_t room = check->files_room ? 2 * check->files_room : 16;
        const char **files = arena_grow(&check->arena, check->files,
                                        check->files_room * sizeof(*files),
                                        room * sizeof(*files));

        if (!files)
            return false;
        check->files = files;
        check->files_room = room;
    }
    check->files[check->n_files++] = file;
    return true;
}

static void tell_unreadable(struct check *check, const struct error *err)
{
    check->unreadable.arena = &check->arena;
    buf_add_string(&check->unreadable, "spillway: ");
    buf_add_shown(&check->unreadable, text_of(err->text), sizeof(err->text));
    buf_add_char(&check->unreadable, '\n');
    check->failed |= check->unreadable.failed;
}

static void read_file(struct check *check, const char *path)
{
    const char *file = arena_string(&check->arena, text_of(dump_name(path)));
    struct buf bytes = { .arena = &check->arena };
    struct stat status = { 0 };
    struct error err = { 0 };

    if (!file) {
        check->failed = true;
        return;
    }
    if (strcmp(path, "-") != 0)
        (void)stat(path, &status);
    if (!file_read(path, DOCUMENT_MAX_BYTES, &bytes, &err) ||
        !check_read_bytes(check, file, status.st_mode & 07777, buf_text(&bytes),
                          &err))
        tell_unreadable(check, &err);
    else if (!note_file(check, file))
        check->failed = true;
}

/* --- directories ------------------------------------------------------- */

static bool has_ending(const char *name)
{
    static const char *const endings[] = { ".yaml", ".yml", ".json", ".pem",
                                           ".crt",  ".key", ".cer" };

    for (size_t i = 0; i < array_len(endings); i++) {
        if (text_has_suffix(text_of(name), endings[i]))
            return true;
    }
    return false;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void close_tree(FTS **tree)
{
    if (*tree)
        (void)fts_close(*tree);
}

/* One entry of a directory; a directory that was seen is passed by. */
static void read_entry(struct check *check, FTS *tree, FTSENT *entry)
{
    struct error err = { 0 };

    if (entry->fts_level > 0 && entry->fts_name[0] == '.') {
        (void)fts_set(tree, entry, FTS_SKIP);
        return;
    }
    switch (entry->fts_info) {
    case FTS_DNR:
    case FTS_ERR:
    case FTS_NS:
        (void)error_set(&err, ERROR_SYSTEM, "%s: %s", entry->fts_path,
                        strerror(entry->fts_errno));
        tell_unreadable(check, &err);
        return;
    case FTS_F:
        if (has_ending(entry->fts_name))
            read_file(check, entry->fts_path);
        return;
    default:
        return;
    }
}

static void read_directory(struct check *check, const char *path)
{
    char *copy = arena_string(&check->arena, text_of(path));
    char *const paths[] = { copy, NULL };
    __attribute__((cleanup(close_tree))) FTS *tree =
        copy ? fts_open(paths, FTS_LOGICAL | FTS_NOCHDIR, by_name) : NULL;
    struct error err = { 0 };
    FTSENT *entry;

    while (tree && (entry = fts_read(tree)))
        read_entry(check, tree, entry);
    if (tree)
        return;
    (void)error_set(&err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    tell_unreadable(check, &err);
}

void check_read(struct check *check, const char *path)
{
    struct stat status;

    if (strcmp(path, "-") != 0 && stat(path, &status) == 0 &&
        S_ISDIR(status.st_mode))
        read_directory(check, path);
    else
        read_file(check, path);
}
