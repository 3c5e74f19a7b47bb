/* cases.c - see cases.h. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"

#include "spillway/macros.h"

void cases_put(const struct scratch *scratch, const struct case_file *file)
{
    auto_free char *path = scratch_path(scratch, file->name);

    for (char *at = path + strlen(scratch->path) + 1; (at = strchr(at, '/'));
         at++) {
        *at = '\0';
        (void)mkdir(path, 0700); /* it may be there */
        *at = '/';
    }
    free(scratch_write(scratch, file->name, file->content, 0600));
}

void cases_put_all(const struct scratch *scratch, const struct case_file *files,
                   size_t count)
{
    for (size_t i = 0; i < count && files[i].name; i++)
        cases_put(scratch, &files[i]);
}

void cases_run(struct run *run, const struct scratch *scratch,
               const char *options, const char *path)
{
    static const struct case_file policy = { ".policy.yaml", POLICY("k") };
    auto_free char *args = NULL;

    cases_put(scratch, &policy);
    assert_true(asprintf(&args, "test --policy %s/.policy.yaml%s%s %s",
                         scratch->path, *options ? " " : "", options,
                         path) > 0);
    run_words(run, NULL, args);
}

void cases_check(const struct run *run, int status, const char *out,
                 const char *err)
{
    if (run->status != status || !strstr(run->out, out))
        fail_msg("expected %d: %s\ngot %d: %s%s", status, out, run->status,
                 run->out, run->err);
    if (err ? !strstr(run->err, err) : *run->err)
        fail_msg("on standard error: %s", run->err);
}
