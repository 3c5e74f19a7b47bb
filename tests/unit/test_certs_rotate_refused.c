/* test_certs_rotate_refused.c - what `spillway certs rotate` refuses, leaving
 * every file as it was. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/macros.h"

#include "capture.h"
#include "certs_files.h"
#include "scratch.h"

enum {
    DAY_S = 24 * 60 * 60,
    YEARS_10_S = ISSUE_CA_DAYS * DAY_S,
};

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

/* Run it with these words, and expect one line that says so, and no change. */
static void assert_refused(const struct scratch *scratch,
                           const char *const words[], const char *message)
{
    auto_certs_files struct certs_files before = { 0 };
    auto_capture struct capture run = { 0 };
    const char *all[16] = { "--dir", scratch->path };
    size_t count = scratch_count(scratch);

    for (size_t i = 0; words[i]; i++)
        all[i + 2] = words[i];
    certs_files_read(scratch, &before);
    capture_run(&run, &cmd_certs_rotate, all);
    assert_says(run.err, message);
    assert_int_equal(run.status, STATUS_USAGE);
    assert_string_equal(run.out, "");
    assert_ptr_equal(strchr(run.err, '\n'), run.err + strlen(run.err) - 1);
    certs_files_assert_unchanged(scratch, &before);
    assert_int_equal(scratch_count(scratch), count);
}

static void run_well(const struct scratch *scratch, const char *option)
{
    auto_capture struct capture run = { 0 };

    capture_run(&run, &cmd_certs_rotate, WORDS("--dir", scratch->path, option));
    if (run.status != STATUS_OK)
        fail_msg("%d: %s", run.status, run.err);
}

/* --- what does not fit together ------------------------------------------- */

/* What a row does to one file of a good directory. */
enum harm {
    REMOVE,
    FOREIGN, /* the same file of another directory */
    TWICE,   /* its content two times */
    SWAP,    /* the content of `other` */
    CUT,     /* cut short */
    OPEN,    /* others may read it */
};

struct harm_row {
    const char *name;
    enum certs_file file;
    enum harm harm;
    enum certs_file other; /* SWAP */
    const char *option, *argument;
    const char *message;
};

/* clang-format off */
static struct harm_row harm_rows[] = {
    { "a lost CA is asked for", CERTS_CA_CRT, REMOVE, 0, NULL, NULL,
      "ca.crt: No such file or directory; put it back" },
    { "a lost CA key is asked for", CERTS_CA_KEY, REMOVE, 0, NULL, NULL,
      "ca.key: No such file or directory; put it back" },
    { "a lost certificate is asked for", CERTS_TLS_CRT, REMOVE, 0, NULL, NULL,
      "tls.crt: No such file or directory; put it back" },
    { "--ca asks for a lost certificate too", CERTS_TLS_CRT, REMOVE, 0,
      "--ca", NULL, "tls.crt: No such file" },
    { "--ca-finish asks for a lost key too", CERTS_CA_KEY, REMOVE, 0,
      "--ca-finish", NULL, "ca.key: No such file" },
    { "another CA's key is refused", CERTS_CA_KEY, FOREIGN, 0, NULL, NULL,
      "ca.key: the key fits no CA in" },
    { "another CA is refused", CERTS_CA_CRT, FOREIGN, 0, "--ca", NULL,
      "ca.key: the key fits no CA in" },
    { "another CA's certificate is refused", CERTS_TLS_CRT, FOREIGN, 0, NULL,
      NULL, "tls.crt: is not signed by the CA in" },
    { "another CA's certificate is refused by --ca", CERTS_TLS_CRT, FOREIGN, 0,
      "--ca", NULL, "tls.crt: is not signed by the CA in" },
    { "two CA keys are refused", CERTS_CA_KEY, TWICE, 0, NULL, NULL,
      "ca.key: holds 2 private keys" },
    { "a certificate for the CA's key is refused", CERTS_CA_KEY, SWAP,
      CERTS_CA_CRT, NULL, NULL, "ca.key: holds 0 private keys" },
    { "a CA key that others may read is refused", CERTS_CA_KEY, OPEN, 0, NULL,
      NULL, "chmod o= " },
    { "a damaged CA key is refused", CERTS_CA_KEY, CUT, 0, NULL, NULL,
      "ca.key: PEM block 1 is cut short" },
    { "a key for the CA is refused", CERTS_CA_CRT, SWAP, CERTS_CA_KEY, NULL,
      NULL, "ca.crt: holds a private key" },
    { "a server's certificate for the CA is refused", CERTS_CA_CRT, SWAP,
      CERTS_TLS_CRT, NULL, NULL,
      "ca.crt: certificate 1 is not that of an authority" },
    { "a damaged CA is refused", CERTS_CA_CRT, CUT, 0, "--ca", NULL,
      "ca.crt: PEM block 1 is cut short" },
    { "a key for the certificate is refused", CERTS_TLS_CRT, SWAP,
      CERTS_TLS_KEY, NULL, NULL, "tls.crt: holds no certificate" },
    { "a damaged certificate is refused", CERTS_TLS_CRT, CUT, 0, NULL, NULL,
      "tls.crt: PEM block 1 is cut short" },
    { "a pair is not kept without its key", CERTS_TLS_KEY, REMOVE, 0,
      "--within", "1h", "tls.key: No such file or directory; without --within "
      "a new pair is made" },
    { "a pair is not kept with another key", CERTS_TLS_KEY, FOREIGN, 0,
      "--within", "1h", "tls.key: the private key does not fit" },
    { "a pair is not kept that others may read", CERTS_TLS_KEY, OPEN, 0,
      "--within", "1h", "chmod o= " },
};
/* clang-format on */

static void do_harm(const struct scratch *scratch, const struct harm_row *row)
{
    auto_scratch struct scratch elsewhere = { 0 };
    auto_certs_files struct certs_files own = { 0 }, foreign = { 0 };
    auto_free char *path = certs_files_path(scratch, row->file);
    auto_buf struct buf text = { 0 };

    scratch_init(&elsewhere);
    certs_files_issue(&elsewhere, time(NULL), time(NULL), 30LL * DAY_S);
    certs_files_read(&elsewhere, &foreign);
    certs_files_read(scratch, &own);
    buf_add_string(&text, own.texts[row->file]);
    switch (row->harm) {
    case REMOVE:
        certs_files_remove(scratch, row->file);
        return;
    case OPEN:
        assert_int_equal(chmod(path, 0604), 0);
        return;
    case FOREIGN:
        certs_files_put(scratch, row->file, foreign.texts[row->file]);
        return;
    case SWAP:
        certs_files_put(scratch, row->file, own.texts[row->other]);
        return;
    case TWICE:
        buf_add_string(&text, own.texts[row->file]);
        break;
    case CUT:
        text.data[text.len / 2] = '\0';
        break;
    }
    certs_files_put(scratch, row->file, text.data);
}

static void test_harm(void **state)
{
    const struct harm_row *row = *state;
    auto_scratch struct scratch scratch = { 0 };

    scratch_init(&scratch);
    certs_files_issue(&scratch, time(NULL), time(NULL), 30LL * DAY_S);
    do_harm(&scratch, row);
    assert_refused(&scratch, WORDS(row->option, row->argument), row->message);
}

/* --- dates ---------------------------------------------------------------- */

struct date_row {
    const char *name;
    long long made, signed_at, seconds; /* from now; see certs_files_issue() */
    const char *words[5];
    const char *message; /* NULL: it is done */
};

/* clang-format off */
static struct date_row date_rows[] = {
    { "an expired CA is not signed with", -YEARS_10_S - DAY_S, -2 * DAY_S,
      DAY_S, { NULL }, "make a new one with --ca" },
    { "an expired CA is told of before the certificate is due",
      -YEARS_10_S - DAY_S, -2 * DAY_S, DAY_S, { "--within", "0" },
      "make a new one with --ca" },
    { "a CA of tomorrow is not signed with", DAY_S, DAY_S, DAY_S, { NULL },
      "check this machine's clock" },
    { "no certificate outlives its CA", -YEARS_10_S + 364LL * DAY_S, 0, DAY_S,
      { NULL }, "before the new certificate would; make a new CA with --ca" },
    { "a certificate may last as long as its CA", -YEARS_10_S + 366LL * DAY_S,
      0, DAY_S, { NULL }, NULL },
    { "a short CA signs what is shorter", -YEARS_10_S + 10LL * DAY_S, 0, DAY_S,
      { "--valid-for", "9d" }, NULL },
    { "a short CA does not matter before the certificate is due",
      -YEARS_10_S + 10LL * DAY_S, 0, 9LL * DAY_S, { "--within", "1d" }, NULL },
    { "a certificate of tomorrow is not kept", -DAY_S, DAY_S, DAY_S,
      { "--within", "1h" }, "is not valid before" },
    { "a certificate of tomorrow is replaced", -DAY_S, DAY_S, DAY_S,
      { "--valid-for", "1d" }, NULL },
};
/* clang-format on */

static void test_dates(void **state)
{
    const struct date_row *row = *state;
    auto_scratch struct scratch scratch = { 0 };
    auto_capture struct capture run = { 0 };
    const char *words[array_len(row->words) + 2] = { "--dir", scratch.path };
    time_t now = time(NULL);

    scratch_init(&scratch);
    certs_files_issue(&scratch, now + row->made, now + row->signed_at,
                      row->seconds);
    if (row->message) {
        assert_refused(&scratch, row->words, row->message);
        return;
    }
    memcpy(words + 2, row->words, sizeof(row->words));
    capture_run(&run, &cmd_certs_rotate, words);
    if (run.status != STATUS_OK)
        fail_msg("%s", run.err);
}

/* --- the command line ----------------------------------------------------- */

struct usage_row {
    const char *name;
    const char *words[7];
    const char *message;
};

/* clang-format off */
static struct usage_row usage_rows[] = {
    { "--ca and --ca-finish exclude each other", { "--ca", "--ca-finish" },
      "--ca and --ca-finish are not done at once" },
    { "--ca-finish takes no --within", { "--ca-finish", "--within", "1d" },
      "--ca-finish makes no certificate" },
    { "--ca-finish takes no --valid-for",
      { "--ca-finish", "--valid-for", "1d" },
      "--ca-finish makes no certificate" },
    { "rotate takes no operands", { "certs" }, "'certs' is one word too many" },
    { "rotate refuses less than a second", { "--valid-for", "0" },
      "from 1s to 3650d" },
    { "rotate refuses more than ten years",
      { "--ca", "--valid-for", "3651d" }, "from 1s to 3650d" },
    { "rotate refuses a --within without a unit", { "--within", "30" },
      "--within: '30'" },
};
/* clang-format on */

static void test_usage(void **state)
{
    const struct usage_row *row = *state;
    auto_scratch struct scratch scratch = { 0 };

    scratch_init(&scratch);
    certs_files_issue(&scratch, time(NULL), time(NULL), 30LL * DAY_S);
    assert_refused(&scratch, row->words, row->message);
}

static void test_no_directory(void **state)
{
    auto_free char *missing = scratch_path(*state, "missing");
    auto_free char *file = scratch_write(*state, "file", "", 0600);
    auto_capture struct capture run = { 0 };

    capture_run(&run, &cmd_certs_rotate, WORDS(NULL));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "--dir DIR is missing");
    capture_run(&run, &cmd_certs_rotate, WORDS("--dir", missing));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err,
                "missing: No such file or directory; `spillway certs issue`");
    capture_run(&run, &cmd_certs_rotate, WORDS("--dir", file));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "file: Not a directory");
}

/* --- what cannot be written, and what is not the time for ----------------- */

static void test_unfinished(void **state)
{
    const struct scratch *scratch = *state;

    certs_files_issue(scratch, time(NULL), time(NULL), 30LL * DAY_S);
    run_well(scratch, "--ca");
    assert_refused(scratch, WORDS("--ca"),
                   "ca.crt: holds 2 CAs: the change to the first is not "
                   "finished; when every replica serves a certificate of it, "
                   "--ca-finish drops the others");
    assert_refused(scratch, WORDS("--ca", "--within", "3651d"), "holds 2 CAs");
}

/* All four files are replaced, or none. */
static void test_unwritable(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *key = certs_files_path(scratch, CERTS_TLS_KEY);
    auto_certs_files struct certs_files before = { 0 };
    auto_capture struct capture run = { 0 };

    certs_files_issue(scratch, time(NULL), time(NULL), 30LL * DAY_S);
    certs_files_remove(scratch, CERTS_TLS_KEY);
    certs_files_read(scratch, &before);
    assert_int_equal(mkdir(key, 0700), 0);
    capture_run(&run, &cmd_certs_rotate, WORDS("--dir", scratch->path, "--ca"));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "tls.key: Is a directory");
    assert_string_equal(run.out, "");
    assert_int_equal(scratch_count(scratch), CERTS_FILES);
    assert_int_equal(rmdir(key), 0);
    certs_files_assert_unchanged(scratch, &before);
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest others[] = {
        CASE("rotate needs a directory that is there", test_no_directory),
        CASE("--ca waits for the last change to be finished", test_unfinished),
        CASE("when one file cannot be replaced, none is", test_unwritable),
    };
    struct CMUnitTest tests[array_len(others) + array_len(harm_rows) +
                            array_len(date_rows) + array_len(usage_rows)];
    size_t n = array_len(others);

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < array_len(harm_rows); i++)
        tests[n++] = (struct CMUnitTest){ harm_rows[i].name, test_harm, NULL,
                                          NULL, &harm_rows[i] };
    for (size_t i = 0; i < array_len(date_rows); i++)
        tests[n++] = (struct CMUnitTest){ date_rows[i].name, test_dates, NULL,
                                          NULL, &date_rows[i] };
    for (size_t i = 0; i < array_len(usage_rows); i++)
        tests[n++] = (struct CMUnitTest){ usage_rows[i].name, test_usage, NULL,
                                          NULL, &usage_rows[i] };
    return cmocka_run_group_tests_name("certs_rotate_refused", tests, NULL,
                                       NULL);
}
