/* wrapped.c - see wrapped.h for the contract. */
#include "wrapped.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness.h"

#include "spillway/file.h"
#include "spillway/macros.h"

void wrapped_run(struct run *run, const struct scratch *scratch,
                 const char *name, const char *options, const char *input)
{
    auto_free char *words = NULL;

    assert_true(asprintf(&words, "wrap%s%s --dir %s/%s", *options ? " " : "",
                         options, scratch->path, name) > 0);
    run_words(run, input, words);
}

static struct wrapped *reading; /* nftw() passes nothing on */

static int visit(const char *path, const struct stat *status, int kind,
                 struct FTW *place)
{
    struct error err = { 0 };

    (void)place;
    if (kind != FTW_F)
        return 0;
    assert_int_equal(status->st_mode & 07777, 0600);
    assert_true(file_read(path, 1 << 24, &reading->text, &err));
    if (!strstr(path, "/review.json"))
        return 0;
    reading->count++;
    free(reading->last);
    reading->last = strndup(path, strlen(path) - strlen("/review.json"));
    return 0;
}

void wrapped_read(struct wrapped *wrapped, const struct scratch *scratch,
                  const char *name)
{
    auto_free char *path = scratch_path(scratch, name);

    reading = wrapped;
    buf_add_char(&wrapped->text, '\n');
    (void)nftw(path, visit, 8, FTW_PHYS);
}

void wrapped_done(struct wrapped *wrapped)
{
    free(wrapped->last);
    buf_done(&wrapped->text);
    *wrapped = (struct wrapped){ 0 };
}
