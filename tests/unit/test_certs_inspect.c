/* test_certs_inspect.c - `spillway certs inspect`, as it is called. */
#include "harness.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/macros.h"

#include "capture.h"
#include "pki.h"
#include "scratch.h"

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

/* What a row of files is made of; each file is one or several of these. */
enum piece {
    NOTHING,
    ROOT = 'r',
    MIDDLE = 'm',  /* signed by the root */
    OTHER = 'o',   /* another root */
    LEAF = 'l',    /* signed by the root */
    DEEP = 'd',    /* signed by the middle */
    SELF = 's',    /* self-signed */
    EXPIRED = 'e', /* the rest are signed by the root */
    EARLY = 'n',
    NAMELESS = 'x',
    CLIENT = 'c',
    /* A capital letter is the key of the small one. */
};

struct inspect_row {
    const char *name;
    const char *files[5]; /* letters of `enum piece`; up to a NULL */
    int status;
    const char *says; /* in the text on stdout */
};

/* clang-format off */
static struct inspect_row inspect_rows[] = {
    { "a leaf, its key and its CA fit", { "l", "L", "r" }, STATUS_OK,
      "f0 is signed by a CA in f2" },
    { "all four files fit", { "r", "R", "l", "L" }, STATUS_OK,
      "the key in f1 fits a CA in f0" },
    { "a leaf alone leaves its issuer open", { "l" }, STATUS_OK,
      "note     f0 is signed by 'CN=root', which is not among the files" },
    { "a self-signed leaf needs no CA", { "s", "S" }, STATUS_OK,
      "f0 is self-signed" },
    { "a self-signed leaf is not of the CA given", { "s", "r" }, STATUS_NO,
      "none of the CAs given" },
    { "a CA alone is fine", { "r" }, STATUS_OK, "nothing wrong" },
    { "a key alone is fine", { "L" }, STATUS_OK, "private key  ECDSA P-256" },
    { "another CA's leaf is unchained", { "l", "o" }, STATUS_NO,
      "PROBLEM  f0 is signed by none of the CAs given; its issuer is "
      "'CN=root'" },
    { "one of several CAs is enough", { "l", "or" }, STATUS_OK,
      "f0 is signed by a CA in f1" },
    { "while CAs are changed each is shown", { "ro", "R", "l", "L" }, STATUS_OK,
      "f0, certificate 2 of 2\n  subject      CN=other" },
    { "while CAs are changed the new one's key fits", { "ro", "R", "l", "L" },
      STATUS_OK, "the key in f1 fits a CA in f0" },
    { "while CAs are changed the old one's certificate is good",
      { "or", "O", "l", "L" }, STATUS_OK, "f2 is signed by a CA in f0" },
    { "a third CA's certificate is not", { "mo", "l" }, STATUS_NO,
      "f1 is signed by none of the CAs given" },
    { "a chain to its root is linked", { "dmr" }, STATUS_OK,
      "f0 is a chain of 3 certificates" },
    { "a chain leads to a CA in another file", { "dm", "r" }, STATUS_OK,
      "f0 is signed by a CA in f1" },
    { "an intermediate may be the CA", { "dm", "m" }, STATUS_OK,
      "f0 is signed by a CA in f1" },
    { "a chain in the wrong order is unchained", { "mrd" }, STATUS_NO,
      "certificate 2 in f0 is not signed by certificate 3" },
    { "a CA before the leaf is unchained", { "rl" }, STATUS_NO,
      "certificate 1 in f0 is not signed by certificate 2" },
    { "a chain with a gap is unchained", { "dr" }, STATUS_NO,
      "certificate 1 in f0 is not signed by certificate 2" },
    { "a missing intermediate is unchained", { "d", "r" }, STATUS_NO,
      "none of the CAs given" },
    { "a stranger's key is mismatched", { "l", "S" }, STATUS_NO,
      "the key in f1 fits none of the certificates given" },
    { "one good key does not excuse a bad one", { "l", "L", "S" }, STATUS_NO,
      "the key in f2 fits none of the certificates given" },
    { "the CA's key is not the leaf's", { "l", "r", "R" }, STATUS_NO,
      "no key given fits a server's certificate" },
    { "a key of an issuer in the chain is mismatched", { "dm", "M" },
      STATUS_NO, "but not the first certificate there" },
    { "certificate and key may be in one file", { "lL" }, STATUS_OK,
      "the key in f0 fits f0" },
    { "each key finds its own certificate", { "l", "s", "S", "L" }, STATUS_OK,
      "the key in f3 fits f0" },
    { "an expired leaf is a problem", { "e" }, STATUS_NO, "(expired 2 " },
    { "an early leaf is a problem", { "n" }, STATUS_NO, "is not valid before" },
    { "a leaf without names is worth a note", { "x" }, STATUS_OK,
      "note     f0 has no DNS or IP name" },
    { "a client's certificate is worth a note", { "c" }, STATUS_OK,
      "note     f0 does not allow serverAuth" },
};
/* clang-format on */

struct cast {
    struct pki members[128]; /* by letter */
};

static void cast_init(struct cast *cast)
{
    /* clang-format off */
    static const struct member {
        char letter, issuer; /* 0: itself */
        struct pki_wish wish;
    } members[] = {
        { ROOT, 0, { .name = "root", .is_ca = true } },
        { MIDDLE, ROOT, { .name = "middle", .is_ca = true } },
        { OTHER, 0, { .name = "other", .is_ca = true } },
        { LEAF, ROOT, { .name = "leaf", .alt_names = "DNS:leaf.test" } },
        { DEEP, MIDDLE, { .name = "deep", .alt_names = "DNS:deep.test" } },
        { SELF, 0, { .name = "self", .alt_names = "DNS:self.test" } },
        { EXPIRED, ROOT, { .name = "old", .alt_names = "DNS:old.test",
                           .begin = -86400 * 9, .end = -86400 * 2 - 3600 } },
        { EARLY, ROOT, { .name = "new", .alt_names = "DNS:new.test",
                         .begin = 86400, .end = 864000 } },
        { NAMELESS, ROOT, { .name = "nameless" } },
        { CLIENT, ROOT, { .name = "client", .alt_names = "DNS:client.test",
                          .usage = "clientAuth" } },
    };
    /* clang-format on */

    for (size_t i = 0; i < array_len(members); i++)
        pki_init(&cast->members[(int)members[i].letter], &members[i].wish,
                 members[i].issuer ? &cast->members[(int)members[i].issuer]
                                   : NULL);
}

static int cast_setup(void **state)
{
    struct cast *cast = calloc(1, sizeof(*cast));

    assert_non_null(cast);
    cast_init(cast);
    *state = cast;
    return 0;
}

static int cast_teardown(void **state)
{
    struct cast *cast = *state;

    for (size_t i = 0; i < array_len(cast->members); i++)
        pki_done(&cast->members[i]);
    free(cast);
    return 0;
}

/* The group's cast: made once, since rows carry their own state. */
static void *shared_cast;

static int group_setup(void **state)
{
    (void)state;
    return cast_setup(&shared_cast);
}

static int group_teardown(void **state)
{
    (void)state;
    return cast_teardown(&shared_cast);
}

/* Write the file "fN" of those letters. */
static char *write_pieces(const struct scratch *scratch, size_t number,
                          const char *letters)
{
    const struct cast *cast = shared_cast;
    auto_buf struct buf text = { 0 };
    char name[8];

    for (; *letters; letters++) {
        bool is_key = *letters < 'a';
        const struct pki *member =
            &cast->members[is_key ? *letters - 'A' + 'a' : *letters];
        auto_free char *pem =
            is_key ? pki_key(member) : pki_certificate(member);

        buf_add_string(&text, pem);
    }
    (void)snprintf(name, sizeof(name), "f%zu", number);
    return scratch_write(scratch, name, text.data, 0600);
}

static void run_row(const struct inspect_row *row, const char *format,
                    const struct scratch *scratch, struct capture *run)
{
    const char *words[array_len(row->files) + 2] = { "-o", format };
    char *paths[array_len(row->files)] = { NULL };
    int before = open(".", O_RDONLY | O_DIRECTORY);

    assert_true(before >= 0);
    assert_int_equal(chdir(scratch->path), 0);
    for (size_t i = 0; row->files[i]; i++) {
        paths[i] = write_pieces(scratch, i, row->files[i]);
        words[i + 2] = strrchr(paths[i], '/') + 1;
    }
    capture_run(run, &cmd_certs_inspect, words);
    for (size_t i = 0; i < array_len(paths); i++)
        free(paths[i]);
    assert_int_equal(fchdir(before), 0);
    (void)close(before);
}

/* What JSON says agrees with the exit status. */
static void assert_json(const struct capture *run)
{
    cJSON *root = cJSON_Parse(run->out);

    assert_non_null(root);
    assert_int_equal(cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "ok")),
                     run->status == STATUS_OK);
    assert_true(cJSON_GetArraySize(
                    cJSON_GetObjectItemCaseSensitive(root, "files")) > 0);
    cJSON_Delete(root);
}

static void test_inspect(void **state)
{
    const struct inspect_row *row = *state;
    auto_scratch struct scratch scratch = { 0 };
    auto_capture struct capture run = { 0 };

    scratch_init(&scratch);
    run_row(row, "text", &scratch, &run);
    assert_string_equal(run.err, "");
    assert_int_equal(run.status, row->status);
    assert_says(run.out, row->says);
    run_row(row, "json", &scratch, &run);
    assert_int_equal(run.status, row->status);
    assert_json(&run);
}

static void test_inspect_unreadable(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *missing = scratch_path(scratch, "missing");
    auto_free char *text = scratch_write(scratch, "text", "hello\n", 0600);
    auto_free char *empty = scratch_write(scratch, "empty", "", 0600);
    auto_free char *good = write_pieces(scratch, 0, "l");
    auto_capture struct capture run = { 0 };

    capture_run(&run, &cmd_certs_inspect,
                WORDS(missing, good, text, empty, scratch->path));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_string_equal(run.out, "");
    assert_says(run.err, "missing: No such file or directory");
    assert_says(run.err, "text: holds no certificate");
    assert_says(run.err, "empty: holds no certificate");
    assert_says(run.err, "Is a directory");
}

static void test_inspect_encrypted(void **state)
{
    const struct cast *cast = shared_cast;
    auto_free char *key = pki_key_encrypted(&cast->members[LEAF]);
    auto_free char *path = scratch_write(*state, "key", key, 0600);
    auto_capture struct capture run = { 0 };

    capture_run(&run, &cmd_certs_inspect, WORDS(path));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "key: the private key is encrypted");
}

static void test_inspect_usage(void **state)
{
    auto_capture struct capture run = { 0 };

    (void)state;
    capture_run(&run, &cmd_certs_inspect, WORDS(NULL));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "give the files");
    capture_run(&run, &cmd_certs_inspect, WORDS("-o", "yaml", "x"));
    assert_int_equal(run.status, STATUS_USAGE);
    assert_says(run.err, "text|json");
}

static void test_inspect_mode(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *path = write_pieces(scratch, 0, "L");
    auto_capture struct capture run = { 0 };

    assert_int_equal(chmod(path, 0604), 0);
    capture_run(&run, &cmd_certs_inspect, WORDS(path));
    assert_int_equal(run.status, STATUS_OK);
    assert_says(run.out, "note     others may use the key");
    assert_says(run.out, "(mode 0604)");
    assert_int_equal(chmod(path, 0640), 0);
    capture_run(&run, &cmd_certs_inspect, WORDS(path));
    assert_null(strstr(run.out, "note"));
}

/* What a certificate says is data, not orders to the terminal. */
static void test_inspect_escapes(void **state)
{
    const struct pki_wish wish = { .name = "a\033[2J\nb\303\274",
                                   .alt_names = "DNS:a.test" };
    auto_pki struct pki pki = { 0 };
    auto_free char *text = NULL, *path = NULL;
    auto_capture struct capture run = { 0 };

    pki_init(&pki, &wish, NULL);
    text = pki_certificate(&pki);
    path = scratch_write(*state, "crt", text, 0600);
    capture_run(&run, &cmd_certs_inspect, WORDS(path));
    assert_int_equal(run.status, STATUS_OK);
    assert_says(run.out, "CN=a\\1B[2J\\0Ab\303\274");
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest others[] = {
        CASE("inspect names every file that it cannot read",
             test_inspect_unreadable),
        CASE("inspect asks for no passphrase", test_inspect_encrypted),
        CASE("inspect needs a file and a known format", test_inspect_usage),
        CASE("inspect notes a key that others may use", test_inspect_mode),
        CASE("inspect escapes what a terminal would obey",
             test_inspect_escapes),
    };
    struct CMUnitTest tests[array_len(others) + array_len(inspect_rows)];
    size_t n = array_len(others);

    memcpy(tests, others, sizeof(others));
    for (size_t i = 0; i < array_len(inspect_rows); i++)
        tests[n++] = (struct CMUnitTest){ inspect_rows[i].name, test_inspect,
                                          NULL, NULL, &inspect_rows[i] };
    return cmocka_run_group_tests_name("certs_inspect", tests, group_setup,
                                       group_teardown);
}
