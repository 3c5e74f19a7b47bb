/* test_policy_file.c - the rules in file.h that concern policies. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/macros.h"
#include "spillway/policy.h"

#include "scratch.h"

/* A policy file with one policy of that name. */
static char *policy_text(const char *name)
{
    char *text = NULL;

    assert_true(asprintf(&text,
                         "apiVersion: spillway.dev/v1\n"
                         "kind: Policy\n"
                         "policies:\n"
                         "- name: %s\n"
                         "  match:\n"
                         "    namespaces: [istio-system]\n"
                         "    selectors:\n"
                         "    - matchLabels: {app: gw}\n"
                         "  tolerations:\n"
                         "  - {key: k, operator: Exists}\n",
                         name) > 0);
    return text;
}

static void write_policy(const struct scratch *scratch, const char *file,
                         const char *name)
{
    auto_free char *text = policy_text(name);

    free(scratch_write(scratch, file, text, 0644));
}

/* The names of the policies in `path`, in order, separated by spaces. */
static void assert_policies(const char *path, const char *names)
{
    auto_buf struct buf mistakes = { 0 }, found = { 0 };
    struct error err = { 0 };
    auto_policy_set struct policy_set *set =
        file_load_policy(path, &mistakes, &err);

    if (!set)
        fail_msg("%s%s", err.text, mistakes.data ? mistakes.data : "");
    for (size_t i = 0; i < policy_set_count(set); i++)
        buf_printf(&found, "%s%.*s", i ? " " : "",
                   TEXT_ARG(policy_set_at(set, i)->name));
    assert_string_equal(found.data, names);
}

static void assert_refused(const char *path, enum error_kind kind,
                           const char *part)
{
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    assert_null(file_load_policy(path, &mistakes, &err));
    assert_int_equal(err.kind, kind);
    if (!strstr(err.text, part))
        fail_msg("'%s' does not say '%s'", err.text, part);
}

static void assert_mistake(const char *path, const char *part)
{
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    assert_null(file_load_policy(path, &mistakes, &err));
    assert_int_equal(err.kind, ERROR_NONE);
    if (!strstr(mistakes.data, part))
        fail_msg("'%s' does not say '%s'", mistakes.data, part);
}

static void test_builtin(void **state)
{
    (void)state;
    assert_policies(NULL, "asm-gateway");
}

static void test_file(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *path = scratch_path(scratch, "any-name");

    write_policy(scratch, "any-name", "one");
    assert_policies(path, "one");
}

static void test_order(void **state)
{
    const struct scratch *scratch = *state;

    write_policy(scratch, "b.yaml", "lower");
    write_policy(scratch, "Z.json", "upper");
    write_policy(scratch, "10.yml", "ten");
    write_policy(scratch, "9.yaml", "nine");
    assert_policies(scratch->path, "ten nine upper lower");
}

/* As the kubelet lays out a mounted ConfigMap. */
static void test_config_map(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *dated = scratch_path(scratch, "..2026_11_22");
    auto_free char *data = scratch_path(scratch, "..data");
    auto_free char *file = scratch_path(scratch, "policy.yaml");

    assert_int_equal(mkdir(dated, 0755), 0);
    write_policy(scratch, "..2026_11_22/policy.yaml", "mounted");
    assert_int_equal(symlink("..2026_11_22", data), 0);
    assert_int_equal(symlink("..data/policy.yaml", file), 0);
    assert_policies(scratch->path, "mounted");
}

static void test_hidden(void **state)
{
    const struct scratch *scratch = *state;

    write_policy(scratch, "a.yaml", "a");
    free(scratch_write(scratch, ".swp", "rubbish", 0600));
    free(scratch_write(scratch, ".hidden.yaml", "rubbish", 0600));
    assert_policies(scratch->path, "a");
}

static void test_other_files(void **state)
{
    static const char *const names[] = { "README.md", "a.yaml.bak", "a.YAML",
                                         "yaml" };
    const struct scratch *scratch = *state;

    write_policy(scratch, "a.yaml", "a");
    for (size_t i = 0; i < array_len(names); i++) {
        auto_free char *path = scratch_write(scratch, names[i], "", 0600);

        assert_mistake(scratch->path, path);
        assert_int_equal(unlink(path), 0);
    }
    assert_policies(scratch->path, "a");
}

static void test_all_mistakes(void **state)
{
    const struct scratch *scratch = *state;

    free(scratch_write(scratch, "a.yaml", "kind: Pod\n", 0600));
    free(scratch_write(scratch, "x.txt", "", 0600));
    free(scratch_write(scratch, "y.txt", "", 0600));
    assert_mistake(scratch->path, "/a.yaml:1: ");
    assert_mistake(scratch->path, "/x.txt: ");
    assert_mistake(scratch->path, "/y.txt: ");
}

static void test_directory_inside(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *path = scratch_path(scratch, "sub.yaml");

    assert_int_equal(mkdir(path, 0755), 0);
    assert_refused(scratch->path, ERROR_SYSTEM, "sub.yaml: Is a directory");
}

static void test_empty_directory(void **state)
{
    const struct scratch *scratch = *state;

    assert_refused(scratch->path, ERROR_INVALID, "holds no policy file");
}

static void test_missing(void **state)
{
    auto_free char *path = scratch_path(*state, "missing");

    assert_refused(path, ERROR_SYSTEM, "missing: No such file or directory");
}

static void test_mistakes(void **state)
{
    const struct scratch *scratch = *state;
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    write_policy(scratch, "a.yaml", "a");
    free(scratch_write(scratch, "b.yaml", "apiVersion: v1\nkind: Pod\n", 0644));
    assert_null(file_load_policy(scratch->path, &mistakes, &err));
    assert_int_equal(err.kind, ERROR_NONE);
    assert_non_null(strstr(mistakes.data, "/b.yaml:1: "));
}

/* A policy padded to exactly `len` bytes. */
static void write_padded(const struct scratch *scratch, size_t len)
{
    auto_free char *text = policy_text("padded");
    auto_buf struct buf padded = { 0 };

    buf_add_string(&padded, text);
    buf_add_char(&padded, '#');
    while (padded.len < len)
        buf_add_char(&padded, 'x');
    free(scratch_write(scratch, "a.yaml", padded.data, 0644));
}

static void test_size(void **state)
{
    const struct scratch *scratch = *state;

    write_padded(scratch, FILE_POLICY_LIMIT);
    assert_policies(scratch->path, "padded");
    write_padded(scratch, FILE_POLICY_LIMIT + 1);
    assert_refused(scratch->path, ERROR_TOO_BIG, "a.yaml: is larger than");
}

static void test_count(void **state)
{
    const struct scratch *scratch = *state;
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    struct policy_set *set;
    char file[32], name[32];

    for (int i = 0; i < FILE_POLICY_COUNT; i++) {
        (void)snprintf(file, sizeof(file), "%03d.yaml", i);
        (void)snprintf(name, sizeof(name), "p%d", i);
        write_policy(scratch, file, name);
    }
    set = file_load_policy(scratch->path, &mistakes, &err);
    assert_non_null(set);
    assert_int_equal(policy_set_count(set), FILE_POLICY_COUNT);
    policy_set_free(set);
    write_policy(scratch, "one-more.yaml", "one-more");
    assert_refused(scratch->path, ERROR_TOO_BIG, "256 policy files");
}

static void test_stdin(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *path = scratch_path(scratch, "p");
    int saved = dup(STDIN_FILENO), fd;

    write_policy(scratch, "p", "piped");
    fd = open(path, O_RDONLY);
    assert_true(fd > 0);
    (void)dup2(fd, STDIN_FILENO);
    (void)close(fd);
    assert_policies("-", "piped");
    if (saved >= 0) {
        (void)dup2(saved, STDIN_FILENO);
        (void)close(saved);
    }
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("without a path the built-in policy is loaded", test_builtin),
        CASE("a file may have any name", test_file),
        CASE("a directory's files are read in byte order of name", test_order),
        CASE("a mounted ConfigMap is read once", test_config_map),
        CASE("names that begin with a dot are skipped", test_hidden),
        CASE("any other file in a directory is refused by name",
             test_other_files),
        CASE("stray files and mistakes are all listed", test_all_mistakes),
        CASE("a directory inside is refused", test_directory_inside),
        CASE("a directory without policies is refused", test_empty_directory),
        CASE("a path that is missing is the machine's fault", test_missing),
        CASE("mistakes name the file", test_mistakes),
        CASE("1 MiB is read and one byte more is refused", test_size),
        CASE("256 files are read and one more is refused", test_count),
        CASE("a dash is standard input", test_stdin),
    };

    return cmocka_run_group_tests_name("policy_file", tests, NULL, NULL);
}
