/* test_certs_issue.c - `spillway certs issue`, as it is called. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/file.h"
#include "spillway/keypair.h"
#include "spillway/macros.h"

#include "capture.h"
#include "scratch.h"

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

static mode_t mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void test_issue(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_free char *dir = scratch_path(scratch, "new/");
    auto_free char *certificate = scratch_path(scratch, "new/tls.crt");
    auto_free char *key = scratch_path(scratch, "new/tls.key");
    auto_free char *ca = scratch_path(scratch, "new/ca.crt");
    auto_free char *ca_key = scratch_path(scratch, "new/ca.key");
    auto_keypair struct keypair *pair = NULL;
    struct error err = { 0 };

    capture_run(&run, &cmd_certs_issue,
                WORDS("--dir", dir, "--name", "s.n.svc", "--ip=::1",
                      "--valid-for", "36h"));
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, STATUS_OK);
    assert_says(run.out, "spillway serve --cert");
    assert_says(run.out, certificate);
    assert_int_equal(mode_of(key), 0600);
    assert_int_equal(mode_of(ca_key), 0600);
    assert_int_equal(mode_of(certificate), 0644);
    pair = keypair_load(certificate, key, time(NULL), &err);
    assert_non_null(pair);
    assert_in_range(pair->not_after - time(NULL), 36 * 3600 - 60, 36 * 3600);

    capture_run(&run, &cmd_certs_inspect, WORDS(certificate, key, ca, ca_key));
    assert_int_equal(run.status, STATUS_OK);
    assert_says(run.out, "s.n.svc.cluster.local");
    assert_says(run.out, "::1");
    assert_says(run.out, "(1 day left)");
}

/* All four bytes for bytes, one after the other. */
static char *read_all(const struct scratch *scratch)
{
    static const char *const names[] = { "ca.crt", "ca.key", "tls.crt",
                                         "tls.key" };
    struct buf all = { 0 };
    struct error err = { 0 };

    for (size_t i = 0; i < array_len(names); i++) {
        auto_free char *path = scratch_path(scratch, names[i]);

        assert_true(file_read(path, 65536, &all, &err));
    }
    return all.data;
}

static void test_issue_again(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_free char *before = NULL, *after = NULL, *forced = NULL;

    capture_run(&run, &cmd_certs_issue,
                WORDS("--dir", scratch->path, "--name", "a.test"));
    assert_int_equal(run.status, STATUS_OK);
    before = read_all(scratch);
    capture_run(&run, &cmd_certs_issue,
                WORDS("--dir", scratch->path, "--name", "a.test"));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "ca.crt: File exists");
    assert_says(run.err, "--force");
    assert_string_equal(run.out, "");
    after = read_all(scratch);
    assert_string_equal(before, after);

    capture_run(&run, &cmd_certs_issue,
                WORDS("--dir", scratch->path, "--name", "a.test", "--force"));
    assert_int_equal(run.status, STATUS_OK);
    forced = read_all(scratch);
    assert_string_not_equal(before, forced);
    assert_int_equal(scratch_count(scratch), 4);
}

static void test_issue_nowhere(void **state)
{
    auto_free char *dir = scratch_path(*state, "no/parent");
    auto_free char *file = scratch_write(*state, "file", "", 0600);
    auto_capture struct capture run = { 0 };

    capture_run(&run, &cmd_certs_issue,
                WORDS("--dir", dir, "--name", "a.test"));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "parent directory does not exist");
    capture_run(&run, &cmd_certs_issue,
                WORDS("--dir", file, "--name", "a.test"));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "is not a directory");
    assert_int_equal(scratch_count(*state), 1);
}

/* Words after --dir DIR, and what the one line on stderr says. */
struct usage_row {
    const char *name;
    const char *words[8];
    const char *message;
};

/* clang-format off */
static struct usage_row usage_rows[] = {
    { "issue needs a name", { "--ip", "10.0.0.1" }, "at least one --name" },
    { "issue points from an address to --ip", { "--name", "10.0.0.1" },
      "--name: '10.0.0.1' is an IP address" },
    { "issue refuses a bad name", { "--name", "a_b" }, "--name: 'a_b'" },
    { "issue refuses a bad address", { "--name", "a", "--ip", "b" },
      "--ip: 'b'" },
    { "issue takes no operands", { "--name", "a", "b" },
      "'b' is one word too many" },
    { "issue refuses less than a second",
      { "--name", "a", "--valid-for", "999ms" }, "from 1s to 3650d" },
    { "issue refuses more than the CA's ten years",
      { "--name", "a", "--valid-for", "3651d" }, "from 1s to 3650d" },
    { "issue refuses a duration without a unit",
      { "--name", "a", "--valid-for", "30" }, "--valid-for: '30'" },
};
/* clang-format on */

static void test_usage(void **state)
{
    const struct usage_row *row = *state;
    auto_scratch struct scratch scratch = { 0 };
    auto_capture struct capture run = { 0 };
    const char *words[array_len(row->words) + 3] = { "--dir", scratch.path };

    scratch_init(&scratch);
    memcpy(words + 2, row->words, sizeof(row->words));
    capture_run(&run, &cmd_certs_issue, words);
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, row->message);
    assert_ptr_equal(strchr(run.err, '\n'), run.err + strlen(run.err) - 1);
    assert_int_equal(scratch_count(&scratch), 0);
}

static void test_every_mistake(void **state)
{
    auto_capture struct capture run = { 0 };

    (void)state;
    capture_run(&run, &cmd_certs_issue,
                WORDS("--name", "a_b", "--name", "c_d", "--valid-for", "1ms"));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "'a_b'");
    assert_says(run.err, "'c_d'");
    assert_says(run.err, "--dir DIR is missing");
    assert_says(run.err, "--valid-for");
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest others[] = {
        CASE("issue writes four files that fit", test_issue),
        CASE("issue replaces files only by force, all or none",
             test_issue_again),
        CASE("issue needs a directory to write to", test_issue_nowhere),
        CASE("issue names every mistake", test_every_mistake),
    };
    struct CMUnitTest tests[array_len(others) + array_len(usage_rows)];
    size_t n = array_len(others);

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < array_len(usage_rows); i++)
        tests[n++] = (struct CMUnitTest){ usage_rows[i].name, test_usage, NULL,
                                          NULL, &usage_rows[i] };
    return cmocka_run_group_tests_name("certs_issue", tests, NULL, NULL);
}
