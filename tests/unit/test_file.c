/* test_file.c - the rules in file.h that concern reading and replacing. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spillway/file.h"
#include "spillway/macros.h"

#include "scratch.h"

/* --- reading ----------------------------------------------------------- */

static bool replace_one(const char *path, struct text content, mode_t mode,
                        struct error *err)
{
    const struct file_output file = { path, content, mode };

    return file_replace_all(&file, 1, true, err);
}

static void assert_content(const char *path, const char *content)
{
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    if (!file_read(path, 1024 * 1024, &text, &err))
        fail_msg("%s", err.text);
    assert_int_equal(text.len, strlen(content));
    assert_memory_equal(text.data, content, text.len);
}

static void test_appends(void **state)
{
    auto_free char *path = scratch_write(*state, "a", "two", 0600);
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    buf_add_string(&text, "one ");
    assert_true(file_read(path, 3, &text, &err));
    assert_string_equal(text.data, "one two");
}

static void test_limit(void **state)
{
    auto_free char *path = scratch_write(*state, "a", "12345", 0600);
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    buf_add_string(&text, "kept");
    assert_false(file_read(path, 4, &text, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
    assert_non_null(strstr(err.text, path));
    assert_string_equal(text.data, "kept");
    assert_int_equal(text.len, 4);
}

static void test_empty(void **state)
{
    auto_free char *path = scratch_write(*state, "a", "", 0600);
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    assert_true(file_read(path, 0, &text, &err));
    assert_int_equal(text.len, 0);
}

static void test_unreadable(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *missing = scratch_path(scratch, "missing");
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    assert_false(file_read(missing, 10, &text, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, "missing: No such file or directory"));
    assert_false(file_read(scratch->path, 10, &text, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, "Is a directory"));
}

/* /dev/zero never ends, and says that it is empty. */
static void test_endless(void **state)
{
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_false(file_read("/dev/zero", 100000, &text, &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void test_stdin(void **state)
{
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };
    int ends[2], saved = dup(STDIN_FILENO);
    bool good;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "piped", 5), 5);
    (void)close(ends[1]);
    (void)dup2(ends[0], STDIN_FILENO);
    (void)close(ends[0]);
    good = file_read("-", 5, &text, &err);
    if (saved >= 0) {
        (void)dup2(saved, STDIN_FILENO);
        (void)close(saved);
    }
    assert_true(good);
    assert_string_equal(text.data, "piped");
}

/* --- replacing --------------------------------------------------------- */

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void test_replaces(void **state)
{
    auto_free char *path = scratch_write(*state, "a", "old", 0666);
    struct error err = { 0 };

    assert_true(replace_one(path, text_of("new"), 0600, &err));
    assert_content(path, "new");
    assert_int_equal(mode_of(path), 0600);
    assert_int_equal(scratch_count(*state), 1);
}

/* A reader that has the old file open keeps it whole. */
static void test_old_stays_whole(void **state)
{
    auto_free char *path = scratch_write(*state, "a", "old", 0600);
    struct error err = { 0 };
    char text[4] = "";
    int fd = open(path, O_RDONLY);

    assert_true(fd >= 0);
    assert_true(replace_one(path, text_of("new"), 0600, &err));
    assert_int_equal(read(fd, text, 3), 3);
    (void)close(fd);
    assert_string_equal(text, "old");
}

static void test_umask(void **state)
{
    static const mode_t masks[] = { 0, 022, 0777 };
    auto_free char *path = scratch_path(*state, "a");
    struct error err = { 0 };

    for (size_t i = 0; i < array_len(masks); i++) {
        mode_t before = umask(masks[i]);
        bool good = replace_one(path, text_of("x"), 0640, &err);

        (void)umask(before);
        assert_true(good);
        assert_int_equal(mode_of(path), 0640);
    }
}

static void test_working_directory(void **state)
{
    const struct scratch *scratch = *state;
    struct error err = { 0 };
    int before = open(".", O_RDONLY | O_DIRECTORY);
    bool good;

    assert_true(before >= 0);
    assert_int_equal(chdir(scratch->path), 0);
    good = replace_one("bare", text_of("x"), 0600, &err);
    assert_int_equal(fchdir(before), 0);
    (void)close(before);
    assert_true(good);
    assert_int_equal(scratch_count(scratch), 1);
}

static void test_no_directory(void **state)
{
    auto_free char *path = scratch_path(*state, "missing/a");
    struct error err = { 0 };

    assert_false(replace_one(path, text_of("x"), 0600, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, path));
    assert_int_equal(scratch_count(*state), 0);
}

/* --- several together
 * --------------------------------------------------------- */

struct group {
    char *paths[3];
    struct file_output files[3];
};

static void group_init(struct group *group, const struct scratch *scratch)
{
    static const char *const names[] = { "a", "b", "c" };

    for (size_t i = 0; i < array_len(names); i++) {
        group->paths[i] = scratch_path(scratch, names[i]);
        group->files[i] =
            (struct file_output){ group->paths[i], text_of(names[i]), 0600 };
    }
}

static void group_done(struct group *group)
{
    for (size_t i = 0; i < array_len(group->paths); i++)
        free(group->paths[i]);
}

#define auto_group __attribute__((cleanup(group_done)))

static void test_group(void **state)
{
    auto_group struct group group = { 0 };
    struct error err = { 0 };

    group_init(&group, *state);
    assert_true(file_replace_all(group.files, 3, false, &err));
    for (size_t i = 0; i < 3; i++)
        assert_content(group.paths[i], group.files[i].content.data);
    assert_int_equal(scratch_count(*state), 3);
}

static void test_group_exists(void **state)
{
    auto_group struct group group = { 0 };
    struct error err = { 0 };

    group_init(&group, *state);
    free(scratch_write(*state, "c", "old", 0600));
    assert_false(file_replace_all(group.files, 3, false, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_non_null(strstr(err.text, group.paths[2]));
    assert_content(group.paths[2], "old");
    assert_int_equal(scratch_count(*state), 1);
    assert_true(file_replace_all(group.files, 3, true, &err));
    assert_content(group.paths[2], "c");
}

/* A link that leads nowhere is a file that exists. */
static void test_group_dangling(void **state)
{
    auto_group struct group group = { 0 };
    struct error err = { 0 };

    group_init(&group, *state);
    assert_int_equal(symlink("nowhere", group.paths[1]), 0);
    assert_false(file_replace_all(group.files, 3, false, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_int_equal(scratch_count(*state), 1);
}

static void test_group_blocked(void **state)
{
    auto_group struct group group = { 0 };
    struct error err = { 0 };

    group_init(&group, *state);
    free(scratch_write(*state, "a", "old", 0600));
    assert_int_equal(mkdir(group.paths[2], 0700), 0);
    assert_false(file_replace_all(group.files, 3, true, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_content(group.paths[0], "old");
    assert_int_equal(scratch_count(*state), 2);
}

/* The last one cannot be written: the first stays as it was. */
static void test_group_unwritable(void **state)
{
    auto_group struct group group = { 0 };
    struct error err = { 0 };

    group_init(&group, *state);
    free(scratch_write(*state, "a", "old", 0600));
    free(group.paths[2]);
    group.paths[2] = scratch_path(*state, "missing/c");
    group.files[2].path = group.paths[2];
    assert_false(file_replace_all(group.files, 3, true, &err));
    assert_content(group.paths[0], "old");
    assert_int_equal(scratch_count(*state), 1);
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("reading appends", test_appends),
        CASE("one byte over the limit is refused, and nothing appended",
             test_limit),
        CASE("an empty file is read", test_empty),
        CASE("what cannot be read is named with the reason", test_unreadable),
        CASE("a file without end stops at the limit", test_endless),
        CASE("a dash is standard input", test_stdin),
        CASE("a file is replaced with content and mode", test_replaces),
        CASE("who reads the old file keeps it whole", test_old_stays_whole),
        CASE("the mode is exact under any umask", test_umask),
        CASE("a bare name is in the working directory", test_working_directory),
        CASE("a missing directory leaves nothing behind", test_no_directory),
        CASE("several files are written together", test_group),
        CASE("a file that exists keeps all from being written",
             test_group_exists),
        CASE("a dangling link exists", test_group_dangling),
        CASE("a directory in the way keeps all from being written",
             test_group_blocked),
        CASE("one that cannot be written keeps all from being replaced",
             test_group_unwritable),
    };

    return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
