/* test_certs_rotate.c - `spillway certs rotate`, as it is called: what it does.
 * What it refuses is in test_certs_rotate_refused.c. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/cmd.h"
#include "spillway/keypair.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

#include "capture.h"
#include "certs_files.h"
#include "scratch.h"

enum {
    DAY_S = 24 * 60 * 60,
    YOUNG = ISSUE_CA_DAYS - 2, /* days that are left of a CA of yesterday */
};

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

/* A directory whose CA has so many days and an hour left, its pair so many
 * seconds. */
static void issue(const struct scratch *scratch, int ca_days, long long seconds)
{
    time_t now = time(NULL);
    time_t made = now + 3600 - (time_t)(ISSUE_CA_DAYS - ca_days) * DAY_S;

    certs_files_issue(scratch, made, now - DAY_S, seconds + DAY_S);
}

/* Run it for that directory, and expect success. */
#define rotate(scratch, run, ...)                                              \
    do {                                                                       \
        capture_run(run, &cmd_certs_rotate,                                    \
                    WORDS("--dir", (scratch)->path, __VA_ARGS__));             \
        if ((run)->status != STATUS_OK)                                        \
            fail_msg("%d: %s", (run)->status, (run)->err);                     \
    } while (0)

static size_t count_certificates(const char *text)
{
    auto_pem struct pem pem = { 0 };
    struct error err = { 0 };

    assert_true(pem_parse(text_of(text), &pem, &err));
    return pem.n_certificates;
}

static void add_name(void *context, bool is_ip, const char *name)
{
    struct buf *out = context;

    (void)is_ip;
    buf_printf(out, "%s%s", out->len ? " " : "", name);
}

/* The pair on disk is one that `serve` takes, for the names that were issued,
 * until `seconds` from now, and whoever trusts ca.crt accepts it. */
static void assert_good(const struct scratch *scratch, long long seconds)
{
    auto_certs_files struct certs_files files = { 0 };
    auto_free char *certificate = certs_files_path(scratch, CERTS_TLS_CRT);
    auto_free char *key = certs_files_path(scratch, CERTS_TLS_KEY);
    auto_buf struct buf names = { 0 };
    auto_pem struct pem pem = { 0 };
    struct error err = { 0 };
    auto_keypair struct keypair *pair =
        keypair_load(certificate, key, time(NULL), &err);

    if (!pair)
        fail_msg("%s", err.text);
    assert_in_range(pair->not_after - time(NULL), seconds - 60, seconds);
    certs_files_read(scratch, &files);
    assert_true(
        certs_files_trust(files.texts[CERTS_CA_CRT], pair->certificate));
    assert_true(pem_parse(text_of(pair->certificate), &pem, &err));
    (void)certificate_names(pem.certificates[0], add_name, &names);
    assert_string_equal(names.data, CERTS_FILES_NAMES);
    assert_int_equal(scratch_count(scratch), CERTS_FILES);
}

static mode_t mode_of(const struct scratch *scratch, enum certs_file file)
{
    auto_free char *path = certs_files_path(scratch, file);
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void assert_modes(const struct scratch *scratch)
{
    assert_int_equal(mode_of(scratch, CERTS_CA_CRT), 0644);
    assert_int_equal(mode_of(scratch, CERTS_CA_KEY), 0600);
    assert_int_equal(mode_of(scratch, CERTS_TLS_CRT), 0644);
    assert_int_equal(mode_of(scratch, CERTS_TLS_KEY), 0600);
}

/* --- the server's certificate --------------------------------------------- */

static void test_leaf(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files before = { 0 }, after = { 0 };

    issue(scratch, YOUNG, DAY_S);
    certs_files_read(scratch, &before);
    rotate(scratch, &run, "--valid-for", "48h");
    assert_string_equal(run.err, "");
    assert_says(run.out, "spillway manifest tls");
    assert_null(strstr(run.out, "manifest webhook"));
    certs_files_read(scratch, &after);
    assert_string_equal(before.texts[CERTS_CA_CRT], after.texts[CERTS_CA_CRT]);
    assert_string_equal(before.texts[CERTS_CA_KEY], after.texts[CERTS_CA_KEY]);
    assert_string_not_equal(before.texts[CERTS_TLS_KEY],
                            after.texts[CERTS_TLS_KEY]);
    assert_good(scratch, 2LL * DAY_S);
    assert_modes(scratch);
    rotate(scratch, &run, NULL);
    assert_good(scratch, 365LL * DAY_S);
}

static void test_expired(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };

    issue(scratch, YOUNG, -3600);
    rotate(scratch, &run, "--within", "0");
    assert_good(scratch, 365LL * DAY_S);
}

static void test_lost_key(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };

    issue(scratch, YOUNG, DAY_S);
    certs_files_remove(scratch, CERTS_TLS_KEY);
    rotate(scratch, &run, NULL);
    assert_good(scratch, 365LL * DAY_S);
}

static void test_within(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files before = { 0 };

    issue(scratch, YOUNG, 30LL * DAY_S + 3600);
    certs_files_read(scratch, &before);
    rotate(scratch, &run, "--within", "30d");
    assert_string_equal(run.err, "");
    assert_says(run.out, "(30 days left): nothing was changed");
    assert_ptr_equal(strchr(run.out, '\n'), run.out + strlen(run.out) - 1);
    certs_files_assert_unchanged(scratch, &before);
    rotate(scratch, &run, "--within", "31d");
    assert_good(scratch, 365LL * DAY_S);
}

static void test_warning(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };

    issue(scratch, 91, 60LL * DAY_S);
    rotate(scratch, &run, "--valid-for", "60d");
    assert_string_equal(run.err, "");
    issue(scratch, 89, 60LL * DAY_S);
    rotate(scratch, &run, "--valid-for", "60d");
    assert_says(run.err, "warning: the CA in");
    assert_says(run.err, "in 89 days; make a new one: spillway certs rotate");
    assert_says(run.err, "--ca\n");
    rotate(scratch, &run, "--within", "30d");
    assert_says(run.out, "nothing was changed");
    assert_says(run.err, "warning: the CA in");
}

/* --- the CA --------------------------------------------------------------- */

static void test_authority(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files old = { 0 }, both = { 0 }, new = { 0 };
    const char *webhook, *tls;

    issue(scratch, YOUNG, DAY_S);
    certs_files_read(scratch, &old);
    rotate(scratch, &run, "--ca");
    assert_string_equal(run.err, "");
    webhook = strstr(run.out, "manifest webhook");
    tls = strstr(run.out, "manifest tls");
    assert_true(webhook && tls && webhook < tls);
    assert_says(tls, "--ca-finish");
    assert_good(scratch, 365LL * DAY_S);
    assert_modes(scratch);
    certs_files_read(scratch, &both);
    assert_int_equal(count_certificates(both.texts[CERTS_CA_CRT]), 2);
    assert_true(
        certs_files_trust(both.texts[CERTS_CA_CRT], old.texts[CERTS_TLS_CRT]));
    assert_false(
        certs_files_trust(old.texts[CERTS_CA_CRT], both.texts[CERTS_TLS_CRT]));
    assert_says(both.texts[CERTS_CA_CRT], old.texts[CERTS_CA_CRT]);

    rotate(scratch, &run, "--ca-finish");
    assert_says(run.out, "manifest webhook");
    certs_files_read(scratch, &new);
    assert_int_equal(count_certificates(new.texts[CERTS_CA_CRT]), 1);
    assert_false(
        certs_files_trust(new.texts[CERTS_CA_CRT], old.texts[CERTS_TLS_CRT]));
    assert_string_equal(both.texts[CERTS_CA_KEY], new.texts[CERTS_CA_KEY]);
    assert_string_equal(both.texts[CERTS_TLS_CRT], new.texts[CERTS_TLS_CRT]);
    assert_good(scratch, 365LL * DAY_S);
    assert_modes(scratch);
}

static void test_nothing_to_finish(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files before = { 0 };

    issue(scratch, YOUNG, DAY_S);
    certs_files_read(scratch, &before);
    rotate(scratch, &run, "--ca-finish");
    assert_says(run.out, "there is nothing to finish");
    certs_files_assert_unchanged(scratch, &before);
}

static void test_leaf_between(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files old = { 0 }, new = { 0 };

    issue(scratch, YOUNG, DAY_S);
    certs_files_read(scratch, &old);
    rotate(scratch, &run, "--ca");
    rotate(scratch, &run, NULL);
    assert_says(run.out, "--ca-finish");
    assert_true(strstr(run.out, "manifest webhook") <
                strstr(run.out, "manifest tls"));
    certs_files_read(scratch, &new);
    assert_false(
        certs_files_trust(old.texts[CERTS_CA_CRT], new.texts[CERTS_TLS_CRT]));
    assert_good(scratch, 365LL * DAY_S);
}

/* A job that asks each day begins one change of CAs, and no second one. */
static void test_authority_within(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files before = { 0 }, between = { 0 };

    issue(scratch, 101, DAY_S);
    certs_files_read(scratch, &before);
    rotate(scratch, &run, "--ca", "--within", "101d");
    assert_says(run.out, "The CA in");
    assert_says(run.out, "nothing was changed\n");
    certs_files_assert_unchanged(scratch, &before);
    rotate(scratch, &run, "--ca", "--within", "102d");
    certs_files_read(scratch, &between);
    assert_int_equal(count_certificates(between.texts[CERTS_CA_CRT]), 2);
    rotate(scratch, &run, "--ca", "--within", "102d");
    assert_says(run.out, "--ca-finish is still to drop the old CA\n");
    certs_files_assert_unchanged(scratch, &between);
}

static void test_expired_authority(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };

    certs_files_issue(scratch, time(NULL) - (ISSUE_CA_DAYS + 1LL) * DAY_S,
                      time(NULL) - 2LL * DAY_S, DAY_S);
    rotate(scratch, &run, "--ca");
    assert_good(scratch, 365LL * DAY_S);
    rotate(scratch, &run, "--ca-finish");
    assert_good(scratch, 365LL * DAY_S);
}

static void test_webhook(void **state)
{
    const struct scratch *scratch = *state;
    auto_capture struct capture run = { 0 };
    auto_certs_files struct certs_files both = { 0 };
    auto_buf struct buf bundle = { 0 };

    issue(scratch, YOUNG, DAY_S);
    rotate(scratch, &run, "--ca");
    certs_files_read(scratch, &both);
    buf_add_string(&bundle, "caBundle: ");
    buf_add_base64(&bundle, text_of(both.texts[CERTS_CA_CRT]));
    capture_run(&run, &cmd_manifest_webhook, WORDS(scratch->path));
    assert_int_equal(run.status, STATUS_OK);
    assert_says(run.out, bundle.data);
}

/* --- several at once ------------------------------------------------------ */

/* Run it as a process of its own, whose exit status is the command's. */
static pid_t start(const struct scratch *scratch, const char *option)
{
    pid_t pid = fork();

    assert_true(pid >= 0);
    if (pid == 0) {
        auto_capture struct capture run = { 0 };

        capture_run(&run, &cmd_certs_rotate,
                    WORDS("--dir", scratch->path, option));
        _exit(run.status);
    }
    return pid;
}

static int exit_of(pid_t pid)
{
    int status;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* However many change the CA at once, one does, and the others find that it is
 * being changed. */
static void test_at_once(void **state)
{
    const struct scratch *scratch = *state;
    pid_t pids[8];
    size_t done = 0;

    issue(scratch, YOUNG, DAY_S);
    for (size_t i = 0; i < array_len(pids); i++)
        pids[i] = start(scratch, "--ca");
    for (size_t i = 0; i < array_len(pids); i++) {
        int status = exit_of(pids[i]);

        assert_true(status == STATUS_OK || status == STATUS_USAGE);
        done += status == STATUS_OK;
    }
    assert_int_equal(done, 1);
    assert_good(scratch, 365LL * DAY_S);
    for (size_t i = 0; i < array_len(pids); i++)
        pids[i] = start(scratch, NULL);
    for (size_t i = 0; i < array_len(pids); i++)
        assert_int_equal(exit_of(pids[i]), STATUS_OK);
    assert_good(scratch, 365LL * DAY_S);
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("rotate renews the pair, and leaves names and CA alone",
             test_leaf),
        CASE("rotate renews a certificate that has expired", test_expired),
        CASE("rotate needs no key of the old pair", test_lost_key),
        CASE("--within renews what expires so soon, and nothing else",
             test_within),
        CASE("a CA with less than 90 days left is warned of", test_warning),
        CASE("--ca has both CAs trusted until --ca-finish", test_authority),
        CASE("--ca-finish has nothing to finish with one CA",
             test_nothing_to_finish),
        CASE("while CAs are changed the new one signs", test_leaf_between),
        CASE("--ca --within asks the CA, and changes it once",
             test_authority_within),
        CASE("--ca replaces a CA that has expired", test_expired_authority),
        CASE("manifest webhook publishes both CAs", test_webhook),
        CASE("of several at once one changes the CA", test_at_once),
    };

    return cmocka_run_group_tests_name("certs_rotate", tests, NULL, NULL);
}
