/* test_progress.c - a line of progress, seen on a pseudo-terminal. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spillway/macros.h"
#include "spillway/progress.h"

static long long clock_ms;
static unsigned clock_reads;

static long long read_clock(void)
{
    clock_reads++;
    return clock_ms;
}

/* Where stderr goes meanwhile: a terminal's or a pipe's far end. */
struct screen {
    int near_fd, far_fd, stderr_fd;
    char seen[4096];
};

static void divert(struct screen *screen)
{
    screen->stderr_fd = dup(STDERR_FILENO);
    assert_true(screen->stderr_fd >= 0);
    assert_true(dup2(screen->near_fd, STDERR_FILENO) >= 0);
    assert_int_equal(fcntl(screen->far_fd, F_SETFL, O_NONBLOCK), 0);
    clock_ms = 5000;
    clock_reads = 0;
}

static void open_terminal(struct screen *screen)
{
    screen->far_fd = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(screen->far_fd >= 0);
    assert_int_equal(grantpt(screen->far_fd), 0);
    assert_int_equal(unlockpt(screen->far_fd), 0);
    screen->near_fd = open(ptsname(screen->far_fd), O_RDWR | O_NOCTTY);
    assert_true(screen->near_fd >= 0);
    divert(screen);
}

static void open_pipe(struct screen *screen)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    screen->far_fd = ends[0];
    screen->near_fd = ends[1];
    divert(screen);
}

/* Put stderr back, and keep what was written. */
static void read_screen(struct screen *screen)
{
    ssize_t got;

    (void)dup2(screen->stderr_fd, STDERR_FILENO);
    got = read(screen->far_fd, screen->seen, sizeof(screen->seen) - 1);
    screen->seen[got > 0 ? got : 0] = '\0';
    (void)close(screen->stderr_fd);
    (void)close(screen->near_fd);
    (void)close(screen->far_fd);
}

static void test_pipe(void **state)
{
    struct screen screen;
    struct progress progress;

    (void)state;
    open_pipe(&screen);
    progress_start_at(&progress, "testing", read_clock);
    clock_ms += 60000;
    progress_tick(&progress, 1, 2);
    progress_end(&progress);
    read_screen(&screen);
    assert_string_equal(screen.seen, "");
}

static void test_patience(void **state)
{
    struct screen screen;
    struct progress progress;

    (void)state;
    open_terminal(&screen);
    progress_start_at(&progress, "testing", read_clock);
    clock_ms += 999;
    progress_tick(&progress, 1, 2);
    progress_end(&progress);
    read_screen(&screen);
    assert_string_equal(screen.seen, "");
}

static void test_line(void **state)
{
    struct screen screen;
    struct progress progress;

    (void)state;
    open_terminal(&screen);
    progress_start_at(&progress, "testing", read_clock);
    clock_ms += 1000;
    progress_tick(&progress, 7, 12);
    clock_ms += 100;
    progress_tick(&progress, 8, 0);
    progress_end(&progress);
    progress_end(&progress);
    read_screen(&screen);
    assert_string_equal(screen.seen, "testing 7 of 12"
                                     "\r               \r"
                                     "testing 8"
                                     "\r         \r");
}

static void test_rate(void **state)
{
    struct screen screen;
    struct progress progress;
    size_t lines = 0;

    (void)state;
    open_terminal(&screen);
    progress_start_at(&progress, "testing", read_clock);
    for (size_t i = 0; i < 2000; i++) {
        clock_ms++;
        progress_tick(&progress, i, 2000);
    }
    progress_end(&progress);
    read_screen(&screen);
    for (char *at = screen.seen; (at = strstr(at, "testing")); at++)
        lines++;
    assert_in_range(lines, 9, 11);
    assert_int_equal(clock_reads, 2001);
}

static void test_own_clock(void **state)
{
    struct screen screen;
    struct progress progress;

    (void)state;
    open_terminal(&screen);
    progress_start(&progress, "testing");
    progress_tick(&progress, 1, 2);
    (void)usleep(1050 * 1000);
    progress_tick(&progress, 2, 2);
    read_screen(&screen);
    assert_string_equal(screen.seen, "testing 2 of 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "nothing goes to a pipe", test_pipe, NULL, NULL, NULL },
        { "nothing is shown within a second", test_patience, NULL, NULL, NULL },
        { "a line is rewritten, and erased at the end", test_line, NULL, NULL,
          NULL },
        { "ten lines a second, one clock read a tick", test_rate, NULL, NULL,
          NULL },
        { "its own clock runs", test_own_clock, NULL, NULL, NULL },
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
