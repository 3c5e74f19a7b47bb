/* progress.c - a line of progress on stderr, for whoever looks at it. */
#include "spillway/progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_MS = 1000, INTERVAL_MS = 100 };

static long long monotonic_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_start_at(struct progress *progress, const char *what,
                       long long (*now_ms)(void))
{
    *progress = (struct progress){
        .what = what,
        .now_ms = now_ms,
        .next_ms = now_ms() + PATIENCE_MS,
        .is_terminal = isatty(STDERR_FILENO) == 1,
    };
}

void progress_start(struct progress *progress, const char *what)
{
    progress_start_at(progress, what, monotonic_ms);
}

/* Blanks and not an escape sequence, as every terminal knows them. */
void progress_end(struct progress *progress)
{
    if (progress->width > 0)
        (void)fprintf(stderr, "\r%*s\r", progress->width, "");
    progress->width = 0;
}

void progress_tick(struct progress *progress, size_t done, size_t total)
{
    long long now;
    char line[80];

    if (!progress->is_terminal)
        return;
    now = progress->now_ms();
    if (now < progress->next_ms)
        return;
    progress->next_ms = now + INTERVAL_MS;
    if (total > 0)
        (void)snprintf(line, sizeof(line), "%s %zu of %zu", progress->what,
                       done, total);
    else
        (void)snprintf(line, sizeof(line), "%s %zu", progress->what, done);
    progress_end(progress);
    progress->width = fprintf(stderr, "%s", line);
    (void)fflush(stderr);
}
