/* test_keypair.c - the rules in keypair.h, one table row per rule. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "spillway/buf.h"
#include "spillway/keypair.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

#include "pki.h"
#include "scratch.h"

/* What the certificate file holds. */
enum chain {
    CHAIN_SIGNED,   /* the leaf, signed by the root */
    CHAIN_SELF,     /* the leaf, signed by itself */
    CHAIN_ROOT,     /* leaf, root */
    CHAIN_WHOLE,    /* leaf, intermediate, root */
    CHAIN_REVERSED, /* root, intermediate, leaf */
    CHAIN_SWAPPED,  /* leaf, root, intermediate */
    CHAIN_GAP,      /* leaf of the intermediate, root */
    CHAIN_IMPOSTOR, /* leaf, and a CA of the root's name with another key */
    CHAIN_KEY_ONLY, /* no certificate */
    CHAIN_AND_KEY,  /* both in one file, which is also the key file */
    CHAIN_NONE,     /* nothing */
};

enum key_form {
    KEY_PLAIN,
    KEY_TRADITIONAL, /* EC PARAMETERS and EC PRIVATE KEY, RSA PRIVATE KEY */
    KEY_ENCRYPTED,
    KEY_ENCRYPTED_TRADITIONAL,
    KEY_STRANGER, /* of another certificate */
    KEY_TWICE,
    KEY_NONE, /* a certificate where the key should be */
};

struct row {
    const char *name;
    struct pki_wish leaf;
    enum chain chain;
    enum key_form key;
    mode_t mode; /* of the key file; 0: 0600 */
    enum error_kind kind;
    const char *text; /* part of the message */
};

#define LEAF .name = "gw", .alt_names = "DNS:gw.test", .usage = "serverAuth"

/* clang-format off */
static struct row rows[] = {
    { "a leaf signed by a CA outside the file is good", .leaf = { LEAF } },
    { "a self-signed leaf alone is good", .leaf = { LEAF },
      .chain = CHAIN_SELF },
    { "a leaf followed by its root is good", .leaf = { LEAF },
      .chain = CHAIN_ROOT },
    { "a whole chain in order is good", .leaf = { LEAF },
      .chain = CHAIN_WHOLE },
    { "certificate and key in one file are good", .leaf = { LEAF },
      .chain = CHAIN_AND_KEY },
    { "a root first is refused", .leaf = { LEAF }, .chain = CHAIN_REVERSED,
      .kind = ERROR_INVALID, .text = "certificate 1 (CN=root) is not signed" },
    { "issuers in the wrong order are refused", .leaf = { LEAF },
      .chain = CHAIN_SWAPPED, .kind = ERROR_INVALID,
      .text = "put the server's own first" },
    { "a missing intermediate is refused", .leaf = { LEAF },
      .chain = CHAIN_GAP, .kind = ERROR_INVALID,
      .text = "not signed by certificate 2" },
    { "an issuer of the right name with another key is refused",
      .leaf = { LEAF }, .chain = CHAIN_IMPOSTOR, .kind = ERROR_INVALID,
      .text = "not signed by certificate 2" },
    { "a certificate file with only a key is refused", .leaf = { LEAF },
      .chain = CHAIN_KEY_ONLY, .kind = ERROR_INVALID,
      .text = "no certificate" },
    { "an empty certificate file is refused", .leaf = { LEAF },
      .chain = CHAIN_NONE, .kind = ERROR_INVALID, .text = "tls.crt: holds no" },

    { "an IP name is a name", .leaf = { .name = "gw",
      .alt_names = "IP:2001:db8::1" } },
    { "a leaf without subjectAltName is refused", .leaf = { .name = "gw.test" },
      .kind = ERROR_INVALID, .text = "no DNS or IP name" },
    { "an e-mail address is no name of a server",
      .leaf = { .name = "gw", .alt_names = "email:a@gw.test" },
      .kind = ERROR_INVALID, .text = "no DNS or IP name" },
    { "no extended key usage allows everything",
      .leaf = { .name = "gw", .alt_names = "DNS:gw.test" } },
    { "any extended key usage allows serverAuth",
      .leaf = { .name = "gw", .alt_names = "DNS:gw.test",
                .usage = "anyExtendedKeyUsage" } },
    { "serverAuth beside clientAuth is good",
      .leaf = { .name = "gw", .alt_names = "DNS:gw.test",
                .usage = "clientAuth,serverAuth" } },
    { "clientAuth alone is refused",
      .leaf = { .name = "gw", .alt_names = "DNS:gw.test",
                .usage = "clientAuth" },
      .kind = ERROR_INVALID, .text = "does not allow serverAuth" },
    { "an expired leaf is refused", .leaf = { LEAF, .begin = -7200,
      .end = -60 }, .kind = ERROR_INVALID, .text = "expired at 20" },
    { "a leaf that is not yet valid is refused", .leaf = { LEAF, .begin = 600,
      .end = 7200 }, .kind = ERROR_INVALID, .text = "not valid before 20" },

    { "an RSA key is good", .leaf = { LEAF, .key_type = "RSA" } },
    { "an Ed25519 key is good", .leaf = { LEAF, .key_type = "ED25519" } },
    { "an EC key in its older form is good", .leaf = { LEAF },
      .key = KEY_TRADITIONAL },
    { "an RSA key in its older form is good",
      .leaf = { LEAF, .key_type = "RSA" }, .key = KEY_TRADITIONAL },
    { "an encrypted key is refused without asking", .leaf = { LEAF },
      .key = KEY_ENCRYPTED, .kind = ERROR_INVALID,
      .text = "tls.key: the private key is encrypted" },
    { "an encrypted key in the older form is refused without asking",
      .leaf = { LEAF }, .key = KEY_ENCRYPTED_TRADITIONAL,
      .kind = ERROR_INVALID, .text = "tls.key: the private key is encrypted" },
    { "a key that does not fit is refused", .leaf = { LEAF },
      .key = KEY_STRANGER, .kind = ERROR_INVALID,
      .text = "tls.key: the private key does not fit" },
    { "a key of another kind does not fit",
      .leaf = { LEAF, .key_type = "RSA" }, .key = KEY_STRANGER,
      .kind = ERROR_INVALID, .text = "does not fit" },
    { "two keys are refused", .leaf = { LEAF }, .key = KEY_TWICE,
      .kind = ERROR_INVALID, .text = "holds 2 private keys" },
    { "a certificate is not a key", .leaf = { LEAF }, .key = KEY_NONE,
      .kind = ERROR_INVALID, .text = "holds 0 private keys" },
    { "a key that others may read is refused", .leaf = { LEAF }, .mode = 0644,
      .kind = ERROR_INVALID, .text = "mode 0644" },
    { "a key that others may only execute is refused", .leaf = { LEAF },
      .mode = 0601, .kind = ERROR_INVALID, .text = "chmod o=" },
    { "a key that the group may read is good", .leaf = { LEAF },
      .mode = 0640 },
};
/* clang-format on */

/* The certificates that a row's leaf may be chained to. */
struct authorities {
    struct pki root, intermediate, impostor;
};

static void authorities_init(struct authorities *all)
{
    const struct pki_wish root = { .name = "root", .is_ca = true };
    const struct pki_wish middle = { .name = "middle", .is_ca = true };

    pki_init(&all->root, &root, NULL);
    pki_init(&all->impostor, &root, NULL);
    pki_init(&all->intermediate, &middle, &all->root);
}

static void authorities_done(struct authorities *all)
{
    pki_done(&all->root);
    pki_done(&all->impostor);
    pki_done(&all->intermediate);
}

#define auto_authorities __attribute__((cleanup(authorities_done)))

static const struct pki *issuer_of(const struct row *row,
                                   const struct authorities *all)
{
    switch (row->chain) {
    case CHAIN_SELF:
        return NULL;
    case CHAIN_WHOLE:
    case CHAIN_REVERSED:
    case CHAIN_SWAPPED:
    case CHAIN_GAP:
        return &all->intermediate;
    default:
        return &all->root;
    }
}

static void add(struct buf *out, char *text)
{
    buf_add_string(out, text);
    free(text);
}

static void add_chain(const struct row *row, const struct pki *leaf,
                      const struct authorities *all, struct buf *out)
{
    const struct pki *order[3] = { leaf };

    switch (row->chain) {
    case CHAIN_ROOT:
    case CHAIN_GAP:
        order[1] = &all->root;
        break;
    case CHAIN_IMPOSTOR:
        order[1] = &all->impostor;
        break;
    case CHAIN_WHOLE:
        order[1] = &all->intermediate;
        order[2] = &all->root;
        break;
    case CHAIN_REVERSED:
        order[0] = &all->root;
        order[1] = &all->intermediate;
        order[2] = leaf;
        break;
    case CHAIN_SWAPPED:
        order[1] = &all->root;
        order[2] = &all->intermediate;
        break;
    case CHAIN_KEY_ONLY:
        add(out, pki_key(leaf));
        return;
    case CHAIN_NONE:
        return;
    default:
        break;
    }
    for (size_t i = 0; i < array_len(order) && order[i]; i++)
        add(out, pki_certificate(order[i]));
    if (row->chain == CHAIN_AND_KEY)
        add(out, pki_key(leaf));
}

static char *key_text(const struct row *row, const struct pki *leaf,
                      const struct authorities *all)
{
    char *one, *two;

    switch (row->key) {
    case KEY_TRADITIONAL:
        return pki_key_traditional(leaf);
    case KEY_ENCRYPTED:
        return pki_key_encrypted(leaf);
    case KEY_ENCRYPTED_TRADITIONAL:
        return pki_key_encrypted_traditional(leaf);
    case KEY_STRANGER:
        return pki_key(&all->impostor);
    case KEY_NONE:
        return pki_certificate(leaf);
    case KEY_TWICE:
        one = pki_key(leaf);
        two = NULL;
        assert_true(asprintf(&two, "%s%s", one, one) > 0);
        free(one);
        return two;
    default:
        return pki_key(leaf);
    }
}

/* What was handed on is exactly what was read. */
static void assert_pair(const struct keypair *pair, const struct pki *leaf)
{
    auto_free char *certificate = pki_certificate(leaf);
    auto_free char *key = pki_key(leaf);

    assert_int_equal(
        strncmp(pair->certificate, certificate, strlen(certificate)), 0);
    assert_string_equal(pair->key, key);
    assert_true(pair->not_before < pair->not_after);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_scratch struct scratch scratch = { 0 };
    auto_authorities struct authorities all = { 0 };
    auto_pki struct pki leaf = { 0 };
    auto_keypair struct keypair *pair = NULL;
    auto_buf struct buf chain = { 0 };
    auto_free char *certificate_path = NULL, *key_path = NULL, *key = NULL;
    struct error err = { 0 };
    mode_t mode = row->mode ? row->mode : 0600;

    scratch_init(&scratch);
    authorities_init(&all);
    pki_init(&leaf, &row->leaf, issuer_of(row, &all));
    buf_add_string(&chain, ""); /* also when no piece follows */
    add_chain(row, &leaf, &all, &chain);
    certificate_path = scratch_write(&scratch, "tls.crt", chain.data,
                                     row->chain == CHAIN_AND_KEY ? 0600 : 0644);
    if (row->chain == CHAIN_KEY_ONLY)
        assert_int_equal(chmod(certificate_path, 0600), 0);
    key = key_text(row, &leaf, &all);
    key_path = row->chain == CHAIN_AND_KEY
                   ? strdup(certificate_path)
                   : scratch_write(&scratch, "tls.key", key, mode);

    pair = keypair_load(certificate_path, key_path, time(NULL), &err);
    if (row->kind == ERROR_NONE && !pair)
        fail_msg("%s", err.text);
    assert_int_equal(err.kind, row->kind);
    if (row->kind == ERROR_NONE) {
        assert_pair(pair, &leaf);
        return;
    }
    assert_null(pair);
    if (!strstr(err.text, row->text))
        fail_msg("'%s' does not say '%s'", err.text, row->text);
    assert_non_null(strstr(err.text, scratch.path));
}

static void test_missing_files(void **state)
{
    const struct scratch *scratch = *state;
    const struct pki_wish wish = { LEAF };
    auto_pki struct pki leaf = { 0 };
    auto_free char *text = NULL, *path = NULL;
    auto_free char *missing = scratch_path(scratch, "missing");
    struct error err = { 0 };

    pki_init(&leaf, &wish, NULL);
    text = pki_certificate(&leaf);
    path = scratch_write(scratch, "tls.crt", text, 0644);
    assert_null(keypair_load(missing, path, time(NULL), &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, "missing: No such file"));
    err = (struct error){ 0 };
    assert_null(keypair_load(path, missing, time(NULL), &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    keypair_free(NULL); /* as a caller does who has got no pair */
}

/* One byte more than PEM_LIMIT is refused; that many are not. */
static void test_size(void **state)
{
    const struct scratch *scratch = *state;
    const struct pki_wish wish = { LEAF };
    auto_pki struct pki leaf = { 0 };
    auto_buf struct buf padded = { 0 };
    auto_free char *key = NULL, *key_path = NULL, *path = NULL;
    struct error err = { 0 };
    struct keypair *pair;

    pki_init(&leaf, &wish, NULL);
    add(&padded, pki_certificate(&leaf));
    key = pki_key(&leaf);
    key_path = scratch_write(scratch, "tls.key", key, 0600);
    while (padded.len < PEM_LIMIT)
        buf_add_char(&padded, '\n');
    path = scratch_write(scratch, "tls.crt", padded.data, 0644);
    pair = keypair_load(path, key_path, time(NULL), &err);
    assert_non_null(pair);
    keypair_free(pair);

    buf_add_char(&padded, '\n');
    free(scratch_write(scratch, "tls.crt", padded.data, 0644));
    assert_null(keypair_load(path, key_path, time(NULL), &err));
    assert_int_equal(err.kind, ERROR_TOO_BIG);
}

/* Both ends of the validity belong to it. */
static void test_edges(void **state)
{
    const struct scratch *scratch = *state;
    const struct pki_wish wish = { LEAF };
    auto_pki struct pki leaf = { 0 };
    auto_free char *text = NULL, *key = NULL, *path = NULL, *key_path = NULL;
    struct error err = { 0 };
    struct keypair *pair;
    time_t edges[2];

    pki_init(&leaf, &wish, NULL);
    text = pki_certificate(&leaf);
    key = pki_key(&leaf);
    path = scratch_write(scratch, "tls.crt", text, 0644);
    key_path = scratch_write(scratch, "tls.key", key, 0600);
    pair = keypair_load(path, key_path, time(NULL), &err);
    assert_non_null(pair);
    edges[0] = pair->not_before;
    edges[1] = pair->not_after;
    keypair_free(pair);
    for (int i = 0; i < 2; i++) {
        pair = keypair_load(path, key_path, edges[i], &err);
        assert_non_null(pair);
        keypair_free(pair);
        assert_null(
            keypair_load(path, key_path, edges[i] + (i ? 1 : -1), &err));
    }
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest others[] = {
        { "a file that is missing is the machine's fault", test_missing_files,
          scratch_setup, scratch_teardown, NULL },
        { "1 MiB is read and one byte more is refused", test_size,
          scratch_setup, scratch_teardown, NULL },
        { "the first and the last second are valid", test_edges, scratch_setup,
          scratch_teardown, NULL },
    };
    /* clang-format on */
    struct CMUnitTest tests[array_len(rows) + array_len(others)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    memcpy(tests + array_len(rows), others, sizeof(others));
    return cmocka_run_group_tests_name("keypair", tests, NULL, NULL);
}
