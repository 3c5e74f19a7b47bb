/* test_issue_names.c - which names issue.h takes, and in what spelling. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/issue.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

enum { DAY_S = 24 * 60 * 60 };

#define LABEL_63                                                               \
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz12345678901"
#define NAME_191 LABEL_63 "." LABEL_63 "." LABEL_63
#define LABEL_61 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz123456789"

/* Words are names, or addresses behind an '@'.  What comes out, or part of the
 * message. */
struct name_row {
    const char *name;
    const char *words[4];
    const char *names; /* separated by spaces; NULL when refused */
    const char *message;
};

/* clang-format off */
static struct name_row name_rows[] = {
    { "a host name is taken as it is", { "gw.example.com" },
      "gw.example.com", NULL },
    { "one label is a name", { "localhost" }, "localhost", NULL },
    { "letters become small", { "GW.Example.COM" }, "gw.example.com", NULL },
    { "a digit may begin a label", { "3com.example" }, "3com.example", NULL },
    { "an IDN in its ASCII form is a name", { "xn--bcher-kva.example" },
      "xn--bcher-kva.example", NULL },
    { "a wildcard may be the first label", { "*.example.com" },
      "*.example.com", NULL },
    { "a Service brings its cluster name", { "spillway.spillway-system.svc" },
      "spillway.spillway-system.svc "
      "spillway.spillway-system.svc.cluster.local", NULL },
    { "two labels before svc make a Service, three do not", { "a.b.c.svc" },
      "a.b.c.svc", NULL },
    { "one label before svc is no Service", { "a.svc" }, "a.svc", NULL },
    { "a name given twice is there once", { "a.test", "A.test" },
      "a.test", NULL },
    { "a Service's cluster name given too is there once",
      { "s.n.svc", "s.n.svc.cluster.local" }, "s.n.svc s.n.svc.cluster.local",
      NULL },
    { "a label of 63 characters is a name", { LABEL_63 }, LABEL_63, NULL },
    { "a label of 64 characters is refused", { LABEL_63 "x" }, NULL,
      "more than 63" },
    { "a name of 253 characters is a name", { NAME_191 "." LABEL_61 },
      NAME_191 "." LABEL_61, NULL },
    { "a name of 254 characters is refused", { NAME_191 "." LABEL_61 "x" },
      NULL, "longer than 253" },
    { "an empty name is refused", { "" }, NULL, "empty label" },
    { "a final dot is refused", { "a.test." }, NULL, "empty label" },
    { "two dots in a row are refused", { "a..test" }, NULL, "empty label" },
    { "a wildcard alone is refused", { "*" }, NULL, "*.example.com" },
    { "a wildcard over nothing is refused", { "*." }, NULL, "empty label" },
    { "a wildcard in the middle is refused", { "a.*.test" }, NULL,
      "not the whole first label" },
    { "a wildcard in part of a label is refused", { "a*.test" }, NULL,
      "not the whole first label" },
    { "a hyphen first is refused", { "-a.test" }, NULL, "'-'" },
    { "a hyphen last is refused", { "a-.test" }, NULL, "'-'" },
    { "an underscore is refused", { "a_b.test" }, NULL, "letters, digits" },
    { "a space is refused", { "a b" }, NULL, "letters, digits" },
    { "a port is refused", { "gw.test:8443" }, NULL, "leave out scheme" },
    { "a URL is refused", { "https://gw.test" }, NULL, "leave out scheme" },
    { "what is not ASCII is refused", { "b\303\274cher.test" }, NULL, "xn--" },
    { "an IPv4 address as a name is sent to --ip", { "10.0.0.1" }, NULL,
      "--ip" },
    { "an IPv6 address as a name is sent to --ip", { "::1" }, NULL, "--ip" },
    { "an address in brackets as a name is sent to --ip", { "[::1]" }, NULL,
      "--ip" },
    { "a mistyped address is no name", { "10.0.0.256" }, NULL,
      "neither a DNS name nor an IP address" },

    { "an IPv4 address is a name", { "@127.0.0.1" }, "127.0.0.1", NULL },
    { "an IPv6 address is written in its short form",
      { "@2001:DB8:0:0:0:0:0:1" }, "2001:db8::1", NULL },
    { "an IPv6 address may stand in brackets", { "@[::1]" }, "::1", NULL },
    { "an address given twice is there once", { "@::1", "@0::1" }, "::1",
      NULL },
    { "names and addresses keep their order", { "b.test", "@::1", "a.test" },
      "b.test ::1 a.test", NULL },
    { "an address with a prefix length is refused", { "@10.0.0.0/8" }, NULL,
      "not an IPv4 or IPv6 address" },
    { "an address with a zone is refused", { "@fe80::1%eth0" }, NULL,
      "not an IPv4 or IPv6 address" },
    { "a short IPv4 address is refused", { "@10.1" }, NULL,
      "not an IPv4 or IPv6 address" },
    { "an empty address is refused", { "@" }, NULL,
      "not an IPv4 or IPv6 address" },
    { "a name is no address", { "@gw.test" }, NULL,
      "not an IPv4 or IPv6 address" },
};
/* clang-format on */

static bool add_word(struct issue_names *names, const char *word,
                     struct error *err)
{
    return *word == '@' ? issue_names_add_ip(names, word + 1, err)
                        : issue_names_add_dns(names, word, err);
}

static void collect_name(void *context, bool is_ip, const char *name)
{
    struct buf *out = context;

    (void)is_ip;
    buf_printf(out, "%s%s", out->len ? " " : "", name);
}

static void test_names(void **state)
{
    const struct name_row *row = *state;
    auto_issue_names struct issue_names names = { 0 };
    auto_issued struct issued ca = { 0 }, leaf = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };
    const time_t now = time(NULL);
    bool good = true;

    for (size_t i = 0; good && row->words[i]; i++)
        good = add_word(&names, row->words[i], &err);
    assert_int_equal(good, row->names != NULL);
    if (!good) {
        assert_int_equal(err.kind, ERROR_INVALID);
        if (!strstr(err.text, row->message))
            fail_msg("'%s' does not say '%s'", err.text, row->message);
        return;
    }
    assert_true(issue_authority(now, &ca, &err));
    assert_true(issue_serving(&ca, &names, now, DAY_S, &leaf, &err));
    assert_true(pem_parse(text_of(leaf.certificate), &pem, &err));
    (void)certificate_names(pem.certificates[0], collect_name, &text);
    assert_string_equal(text.data, row->names);
}

static void test_name_limit(void **state)
{
    auto_issue_names struct issue_names names = { 0 };
    struct error err = { 0 };
    char name[32];

    (void)state;
    for (int i = 0; i < ISSUE_MAX_NAMES; i++) {
        (void)snprintf(name, sizeof(name), "a%d.test", i);
        assert_true(issue_names_add_dns(&names, name, &err));
    }
    assert_true(issue_names_add_dns(&names, name, &err));
    assert_false(issue_names_add_dns(&names, "one-more.test", &err));
    assert_non_null(strstr(err.text, "at most 100"));
}

int main(void)
{
    struct CMUnitTest tests[array_len(name_rows) + 1];

    for (size_t i = 0; i < array_len(name_rows); i++)
        tests[i] = (struct CMUnitTest){ name_rows[i].name, test_names, NULL,
                                        NULL, &name_rows[i] };
    tests[array_len(name_rows)] =
        (struct CMUnitTest){ "100 names are taken, and no more",
                             test_name_limit, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("issue_names", tests, NULL, NULL);
}
