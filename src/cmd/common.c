/* common.c - what the commands share: messages, policies, exit statuses. */
#include "spillway/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spillway/file.h"
#include "spillway/policy.h"

int command_fail(const struct error *err)
{
    (void)fprintf(stderr, "spillway: %s\n", err->text);
    return STATUS_USAGE;
}

int command_mistakes(const struct buf *mistakes, const struct error *err)
{
    if (err->kind != ERROR_NONE)
        return command_fail(err);
    (void)fwrite(mistakes->data, 1, mistakes->len, stderr);
    return STATUS_USAGE;
}

struct policy_set *command_policy(const char *path)
{
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    struct policy_set *set = file_load_policy(path, &mistakes, &err);

    if (!set)
        (void)command_mistakes(&mistakes, &err);
    return set;
}

int command_done(int status)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    if (errno != EPIPE)
        (void)fprintf(stderr, "spillway: writing to standard output: %s\n",
                      strerror(errno));
    return STATUS_USAGE;
}

bool command_colour(int fd)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return (!no_colour || !*no_colour) && isatty(fd) &&
           (!term || strcmp(term, "dumb") != 0);
}
