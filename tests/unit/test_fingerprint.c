/* test_fingerprint.c - what counts as a change of files. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "spillway/fingerprint.h"
#include "spillway/macros.h"

static void assert_changed(const struct fingerprint *before,
                           const struct fingerprint *after, bool changed)
{
    assert_int_equal(!fingerprint_equal(before, after), changed);
}

static void test_files(void **state)
{
    struct scratch *scratch = *state;
    char *path = scratch_write(scratch, "a", "one", 0600);
    const char *const paths[] = { path, NULL };
    struct fingerprint before = fingerprint_files(paths, 2), after;

    after = fingerprint_files(paths, 2);
    assert_changed(&before, &after, false);
    /* The same size, and perhaps the same time. */
    free(scratch_write(scratch, "a", "two", 0600));
    after = fingerprint_files(paths, 2);
    assert_changed(&before, &after, true);
    /* The same content again is the same again. */
    free(scratch_write(scratch, "a", "one", 0600));
    after = fingerprint_files(paths, 2);
    assert_changed(&before, &after, false);
    /* Who may read a key is part of whether it is good. */
    assert_int_equal(chmod(path, 0604), 0);
    after = fingerprint_files(paths, 2);
    assert_changed(&before, &after, true);
    assert_int_equal(unlink(path), 0);
    before = after;
    after = fingerprint_files(paths, 2);
    assert_changed(&before, &after, true);
    before = fingerprint_files(paths, 2);
    assert_changed(&before, &after, false);
    free(path);
}

static void test_border(void **state)
{
    struct scratch *scratch = *state;
    char *a = scratch_write(scratch, "a", "12", 0600);
    char *b = scratch_write(scratch, "b", "3", 0600);
    const char *const paths[] = { a, b };
    struct fingerprint before = fingerprint_files(paths, 2), after;

    free(scratch_write(scratch, "a", "1", 0600));
    free(scratch_write(scratch, "b", "23", 0600));
    after = fingerprint_files(paths, 2);
    assert_changed(&before, &after, true);
    free(a);
    free(b);
}

static void test_directory(void **state)
{
    struct scratch *scratch = *state;
    char *a = scratch_write(scratch, "a.yaml", "x", 0600);
    char *b = scratch_path(scratch, "b.yaml");
    struct fingerprint before = fingerprint_policy(scratch->path), after;

    after = fingerprint_policy(scratch->path);
    assert_changed(&before, &after, false);
    assert_int_equal(rename(a, b), 0);
    after = fingerprint_policy(scratch->path);
    assert_changed(&before, &after, true);
    /* What is no policy is a mistake, and so a change. */
    before = after;
    free(scratch_write(scratch, "stray.txt", "", 0600));
    after = fingerprint_policy(scratch->path);
    assert_changed(&before, &after, true);
    /* Hidden files are nobody's business. */
    before = after;
    free(scratch_write(scratch, ".hidden", "", 0600));
    after = fingerprint_policy(scratch->path);
    assert_changed(&before, &after, false);
    free(a);
    free(b);
}

static void test_none(void **state)
{
    struct fingerprint none = { 0 };

    (void)state;
    assert_false(fingerprint_equal(&none, &none));
}

#define ROW(name, function)                                                    \
    {                                                                          \
        name, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW("content and permissions count, times do not", test_files),
        ROW("what moves from one file to the next is a change", test_border),
        ROW("the names in a directory count", test_directory),
        ROW("no fingerprint equals none", test_none),
    };

    return cmocka_run_group_tests_name("fingerprint", tests, NULL, NULL);
}
