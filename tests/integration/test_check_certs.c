/*
 * test_check_certs.c - `spillway check` on certificates, keys and caBundles:
 * each rule with files that it is about, and with some that are as they should
 * be.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "pki.h"
#include "run.h"
#include "scratch.h"

#include "spillway/check_parts.h"
#include "spillway/macros.h"

#define NAME "spillway.spillway-system.svc"
#define DAY (24L * 60 * 60)

/* What a file of a row is made of; a capital letter is the key of the small
 * one. */
enum piece {
    ROOT = 'r',
    OTHER = 'o',  /* another root */
    MIDDLE = 'm', /* signed by the root */
    LEAF = 'l',   /* the others are signed by the root */
    DEEP = 'd',   /* but for this one, by the middle */
    EXPIRED = 'e',
    EARLY = 'n',
    SOON = 's', /* expires in 20 days */
    NAMELESS = 'x',
    CLIENT = 'c',
    SHORT = 'w', /* RSA 1024 */
    SHA1 = 'h',
    SERVER_CA = 'a', /* a CA that names the server */
};

struct row {
    enum check_rule rule;
    const char *name;
    const char *files[4]; /* letters of `enum piece`; up to a NULL */
    const char *message;  /* NULL when the rule must be silent */
    mode_t mode;          /* of the files; 0: 0600 */
};

/* clang-format off */
static struct row rows[] = {
    { CHECK_CERTIFICATE_TIME, "expired", { "e", "r" }, "f0 expired at ", 0 },
    { CHECK_CERTIFICATE_TIME, "not yet valid", { "n", "r" }, "this machine's clock says", 0 },
    { CHECK_CERTIFICATE_TIME, "valid", { "l", "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_EXPIRES, "in 20 days", { "s", "r" }, "f0 expires at ", 0 },
    { CHECK_CERTIFICATE_EXPIRES, "in a year", { "l", "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_EXPIRES, "expired already", { "e", "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_NAME, "another name", { "x", "r" }, "f0 does not bear the name " NAME, 0 },
    { CHECK_CERTIFICATE_NAME, "the Service's", { "l", "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_NAME, "a CA needs none", { "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_CHAIN, "another CA", { "l", "o" }, "f0 is signed by none of the CAs given", 0 },
    { CHECK_CERTIFICATE_CHAIN, "out of order", { "dlm", "r" }, "certificate 1 in ", 0 },
    { CHECK_CERTIFICATE_CHAIN, "with its issuer", { "dm", "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_CHAIN, "one of two CAs", { "l", "or" }, NULL, 0 },
    { CHECK_CERTIFICATE_CHAIN, "no CA to compare with", { "l" }, NULL, 0 },
    { CHECK_CERTIFICATE_USAGE, "clientAuth only", { "c", "r" }, "does not allow serverAuth", 0 },
    { CHECK_CERTIFICATE_USAGE, "a CA that names a server", { "a" }, "names a server, and is a CA", 0 },
    { CHECK_CERTIFICATE_USAGE, "an issuer that is no CA", { "lx", "r" }, "stands where an issuer does, and is no CA", 0 },
    { CHECK_CERTIFICATE_USAGE, "serverAuth", { "l", "r" }, NULL, 0 },
    { CHECK_CERTIFICATE_WEAK, "a short key", { "w", "r" }, "has a key of RSA 1024", 0 },
    { CHECK_CERTIFICATE_WEAK, "a short private key alone", { "W" }, "is RSA 1024", 0 },
    { CHECK_CERTIFICATE_WEAK, "SHA-1", { "h", "r" }, "is signed with SHA1", 0 },
    { CHECK_CERTIFICATE_WEAK, "P-256 and SHA-256", { "l", "L", "r" }, NULL, 0 },
    { CHECK_KEY_MISMATCH, "another's key", { "l", "X", "r" }, "f1 fits none of the certificates given", 0 },
    { CHECK_KEY_MISMATCH, "its key", { "l", "L", "r" }, NULL, 0 },
    { CHECK_KEY_MISMATCH, "a key alone", { "L" }, NULL, 0 },
    { CHECK_KEY_READABLE, "mode 0644", { "l", "L" }, "others may use the key in ", 0644 },
    { CHECK_KEY_READABLE, "mode 0640", { "l", "L" }, NULL, 0640 },
};
/* clang-format on */

/* All that rows are made of, made once. */
static struct pki pieces[128];

static void make(enum piece piece, const struct pki_wish *wish,
                 enum piece issuer)
{
    pki_init(&pieces[piece], wish, issuer == piece ? NULL : &pieces[issuer]);
}

static int make_all(void **state)
{
    const struct pki_wish leaf = { .name = "leaf",
                                   .alt_names = "DNS:" NAME,
                                   .usage = "serverAuth",
                                   .begin = -DAY,
                                   .end = 365 * DAY };
    struct pki_wish wish = {
        .name = "root", .is_ca = true, .begin = -9 * DAY, .end = 3650 * DAY
    };

    (void)state;
    make(ROOT, &wish, ROOT);
    wish.name = "middle";
    make(MIDDLE, &wish, ROOT);
    wish.name = "other";
    make(OTHER, &wish, OTHER);
    wish.alt_names = "DNS:" NAME;
    make(SERVER_CA, &wish, SERVER_CA);
    make(LEAF, &leaf, ROOT);
    make(DEEP, &leaf, MIDDLE);
    wish = leaf;
    wish.begin = -8 * DAY;
    wish.end = -DAY;
    make(EXPIRED, &wish, ROOT);
    wish.begin = DAY;
    wish.end = 99 * DAY;
    make(EARLY, &wish, ROOT);
    wish = leaf;
    wish.end = 20 * DAY;
    make(SOON, &wish, ROOT);
    wish = leaf;
    wish.alt_names = "DNS:example.com";
    make(NAMELESS, &wish, ROOT);
    wish = leaf;
    wish.usage = "clientAuth";
    make(CLIENT, &wish, ROOT);
    wish = leaf;
    wish.key_type = "RSA 1024";
    make(SHORT, &wish, ROOT);
    wish = leaf;
    wish.digest = "SHA1";
    make(SHA1, &wish, ROOT);
    return 0;
}

static int free_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < array_len(pieces); i++)
        pki_done(&pieces[i]);
    return 0;
}

/* --- rows -------------------------------------------------------------- */

static void add_piece(struct buf *out, char letter)
{
    bool is_key = letter >= 'A' && letter <= 'Z';
    const struct pki *piece = &pieces[letter | 0x20];
    auto_free char *pem = is_key ? pki_key(piece) : pki_certificate(piece);

    buf_add_string(out, pem);
}

static void write_file(const struct scratch *scratch, const struct row *row,
                       size_t i)
{
    auto_buf struct buf content = { 0 };
    auto_free char *path = NULL;
    char name[8];

    for (const char *c = row->files[i]; *c; c++)
        add_piece(&content, *c);
    (void)snprintf(name, sizeof(name), "f%zu.pem", i);
    path = scratch_write(scratch, name, content.data,
                         row->mode ? row->mode : 0600);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const char *id = check_rule_info(row->rule)->id;
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL, *dot = NULL;
    auto_run struct run run = { 0 };
    const char *at;

    scratch_init(&scratch);
    for (size_t i = 0; i < array_len(row->files) && row->files[i]; i++)
        write_file(&scratch, row, i);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(&run, NULL, args);
    while ((dot = strstr(run.out, ".pem"))) /* so that rows can say "f0 " */
        memmove(dot, dot + 4, strlen(dot + 4) + 1);
    assert_string_equal(run.err, "");
    at = strstr(run.out, id);
    if ((at != NULL) != (row->message != NULL) ||
        (at && !strstr(at, row->message)))
        fail_msg("%s: %s\n%s", id, row->message ? row->message : "(none)",
                 run.out);
}

static void test_every_rule(void **state)
{
    (void)state;
    for (size_t rule = CHECK_CERTIFICATE_TIME; rule <= CHECK_KEY_READABLE;
         rule++) {
        size_t found = 0, silent = 0;

        for (size_t i = 0; i < array_len(rows); i++) {
            found += rows[i].rule == rule && rows[i].message;
            silent += rows[i].rule == rule && !rows[i].message;
        }
        if (!found || !silent)
            fail_msg("%s", check_rule_info((enum check_rule)rule)->id);
    }
}

static void test_damaged(void **state)
{
    auto_scratch struct scratch scratch;
    auto_free char *path = NULL, *args = NULL;
    auto_run struct run run = { 0 };

    (void)state;
    scratch_init(&scratch);
    path = scratch_write(&scratch, "a.crt",
                         "-----BEGIN CERTIFICATE-----\nAAAA\n"
                         "-----END CERTIFICATE-----\n",
                         0600);
    assert_true(asprintf(&args, "check %s", path) > 0);
    run_words(&run, NULL, args);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out, "error SPW301: "));
}

/* --- what the program itself makes ------------------------------------- */

/* Certificates, Secret and webhook as the README has them made; `ca` is the
 * directory of the webhook's. */
static void make_manifests(const struct scratch *scratch, const char *ca)
{
    auto_free char *args = NULL, *first = NULL, *second = NULL;
    auto_run struct run issue = { 0 }, other = { 0 };
    const char *const outputs[][2] = { { "tls", "one" }, { "webhook", ca } };

    assert_true(asprintf(&first, "certs issue --dir %s/one --name " NAME,
                         scratch->path) > 0);
    assert_true(asprintf(&second, "certs issue --dir %s/two --name " NAME,
                         scratch->path) > 0);
    run_words(&issue, NULL, first);
    run_words(&other, NULL, second);
    assert_int_equal(issue.status, 0);
    assert_int_equal(other.status, 0);
    for (size_t i = 0; i < array_len(outputs); i++) {
        auto_run struct run run = { 0 };
        auto_free char *path = NULL, *name = NULL;

        free(args);
        assert_true(asprintf(&args, "manifest %s %s/%s", outputs[i][0],
                             scratch->path, outputs[i][1]) > 0);
        run_words(&run, NULL, args);
        assert_int_equal(run.status, 0);
        assert_true(asprintf(&name, "%s.yaml", outputs[i][0]) > 0);
        path = scratch_write(scratch, name, run.out, 0600);
    }
}

static void check_manifests(const char *ca, struct run *run)
{
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL;

    scratch_init(&scratch);
    make_manifests(&scratch, ca);
    assert_true(asprintf(&args,
                         "check --strict %s/one %s/tls.yaml %s/webhook.yaml "
                         "deploy/base/service.yaml deploy/base/deployment.yaml",
                         scratch.path, scratch.path, scratch.path) > 0);
    run_words(run, NULL, args);
}

static void test_what_is_made_is_good(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    check_manifests("one", &run);
    assert_string_equal(run.err, "");
    assert_non_null(strstr(run.out, "nothing found in 8 files\n"));
    assert_int_equal(run.status, 0);
}

static void test_another_ca_in_the_webhook(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    check_manifests("two", &run);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.out,
                           "error SPW215: MutatingWebhookConfiguration "
                           "spillway: caBundle does not verify the "
                           "certificate of "));
    assert_non_null(strstr(run.out, " for " NAME "\n"));
}

/* A webhook whose caBundle is the root, for a Service in that namespace. */
static void write_webhook(const struct scratch *scratch, const char *name_space)
{
    auto_free char *root = pki_certificate(&pieces[ROOT]), *path = NULL;
    auto_buf struct buf webhook = { 0 };

    buf_printf(&webhook,
               "apiVersion: admissionregistration.k8s.io/v1\n"
               "kind: MutatingWebhookConfiguration\n"
               "metadata: {name: other}\n"
               "webhooks:\n"
               "- name: gateways.example.com\n"
               "  clientConfig:\n"
               "    service: {name: spillway, namespace: %s}\n"
               "    caBundle: ",
               name_space);
    buf_add_base64(&webhook, text_of(root));
    buf_add_char(&webhook, '\n');
    path = scratch_write(scratch, "webhook.yaml", webhook.data, 0600);
}

static void check_served(const char *letters, const char *name_space,
                         struct run *run)
{
    const struct row row = { .files = { letters } };
    auto_scratch struct scratch scratch;
    auto_free char *args = NULL;

    scratch_init(&scratch);
    write_file(&scratch, &row, 0);
    write_webhook(&scratch, name_space);
    assert_true(asprintf(&args, "check %s", scratch.path) > 0);
    run_words(run, NULL, args);
    assert_string_equal(run->err, "");
}

/* The API server gets the issuers that the server sends. */
static void test_issuer_beside_the_certificate(void **state)
{
    auto_run struct run with = { 0 }, without = { 0 };

    (void)state;
    check_served("dm", "spillway-system", &with);
    check_served("d", "spillway-system", &without);
    assert_null(strstr(with.out, "SPW215"));
    assert_non_null(strstr(without.out, "error SPW215: "));
}

/* The name that is expected is that of the webhook's Service, whatever the
 * webhook is called. */
static void test_another_namespace(void **state)
{
    auto_run struct run run = { 0 };

    (void)state;
    check_served("l", "edge", &run);
    assert_non_null(
        strstr(run.out, " does not bear the name spillway.edge.svc\n"));
}

/* The Secret of some other server is not judged; one that the server's
 * Deployment mounts is, whatever it is called. */
static void test_other_secrets(void **state)
{
    static const char secret[] =
        "---\napiVersion: v1\nkind: Secret\n"
        "metadata: {name: shop-tls, namespace: ns}\ntype: kubernetes.io/tls\n"
        "data: {tls.crt: aGVsbG8=, tls.key: aGVsbG8=}\n";
    static const char deployment[] =
        "apiVersion: apps/v1\nkind: Deployment\n"
        "metadata: {name: s, namespace: ns}\nspec: {template: {spec: {"
        "containers: [{name: s, args: [serve]}], "
        "volumes: [{name: t, secret: {secretName: shop-tls}}]}}}\n";
    auto_run struct run alone = { 0 }, mounted = { 0 };
    auto_free char *both = NULL;

    (void)state;
    assert_true(asprintf(&both, "%s%s", deployment, secret) > 0);
    run_words(&alone, secret, "check -");
    run_words(&mounted, both, "check -");
    assert_non_null(strstr(alone.out, "nothing found in 1 file (1 object of "));
    assert_non_null(strstr(mounted.out, "error SPW301: tls.crt of Secret "
                                        "ns/shop-tls"));
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        cmocka_unit_test(test_every_rule),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_other_secrets),
        cmocka_unit_test(test_what_is_made_is_good),
        cmocka_unit_test(test_another_ca_in_the_webhook),
        cmocka_unit_test(test_issuer_beside_the_certificate),
        cmocka_unit_test(test_another_namespace),
    };
    struct CMUnitTest tests[array_len(rows) + array_len(others)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(others); i++)
        tests[n++] = others[i];
    return cmocka_run_group_tests_name("check certificates", tests, make_all,
                                       free_all);
}
