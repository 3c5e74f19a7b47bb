/* testupdate.c - see testupdate.h for the contract. */
#include "spillway/testupdate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spillway/diff.h"
#include "spillway/document.h"
#include "spillway/file.h"
#include "spillway/testcase.h"

/* Where the file really is, its mode and what is in it. */
static bool look(const struct testcase_change *change, struct arena *arena,
                 struct file_output *output, struct buf *before,
                 struct error *err)
{
    auto_free char *real = realpath(change->path, NULL);
    struct stat status;

    *output = (struct file_output){ change->path, change->content, 0644 };
    if (!real && errno == ENOENT)
        return true; /* it is to be made */
    if (!real || stat(real, &status) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", change->path,
                         strerror(errno));
    output->path = arena_string(arena, text_of(real));
    output->mode = status.st_mode & 0777;
    if (!output->path)
        return error_no_memory(err);
    return file_read(real, DOCUMENT_MAX_BYTES, before, err);
}

static bool add_diff(const struct file_output *output, const char *path,
                     const struct buf *before, struct buf *out,
                     struct error *err)
{
    const char *name = testcase_file_name(path);
    const struct diff_style style = { name, name, false, "  " };

    buf_printf(out, "%s: %s\n", name, before->len ? "updated" : "added");
    return diff_write(out, buf_text(before), output->content, &style, err);
}

bool testupdate(const struct testcase_result *result, struct buf *out,
                struct error *err)
{
    struct file_output outputs[TESTCASE_EXPECTATIONS];

    for (size_t i = 0; i < result->n_changes; i++) {
        struct buf before = { .arena = result->arena };

        if (!look(&result->changes[i], result->arena, &outputs[i], &before,
                  err) ||
            !add_diff(&outputs[i], result->changes[i].path, &before, out, err))
            return false;
    }
    return buf_ok(out, err) &&
           file_replace_all(outputs, result->n_changes, true, err);
}
