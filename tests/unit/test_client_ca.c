/* test_client_ca.c - who may call, one table row per rule. */
#include "harness.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "pki.h"
#include "scratch.h"
#include "spillway/client_ca.h"
#include "spillway/macros.h"

/* What is in the file. */
enum anchors {
    ANCHORS_ROOT,
    ANCHORS_TWO,          /* another root, and ours: as in a rotation */
    ANCHORS_TWICE,        /* ours, twice */
    ANCHORS_INTERMEDIATE, /* not the root */
    ANCHORS_OTHER,        /* a root of the same name with another key */
};

/* What the client sends. */
enum sent {
    SENT_LEAF,    /* signed by the root */
    SENT_CHAIN,   /* leaf, intermediate */
    SENT_GAP,     /* a leaf of the intermediate, without it */
    SENT_SELF,    /* a leaf that signed itself */
    SENT_BY_LEAF, /* signed by a leaf, which comes along */
    SENT_MISLED,  /* leaf, intermediate, below a root with pathlen:0 */
    SENT_NONE,
    SENT_GARBAGE,  /* no DER */
    SENT_TRAILING, /* a byte behind the DER */
    SENT_TOO_MANY,
    SENT_MANY, /* as many as may be */
};

struct row {
    const char *name;
    struct pki_wish leaf;
    enum anchors anchors;
    enum sent sent;
    const char *caller; /* the name that may call; NULL: any */
    const char *text;   /* part of the refusal; NULL: may call */
};

#define LEAF .name = "apiserver", .usage = "clientAuth"

/* clang-format off */
static struct row rows[] = {
    { "a certificate of the CA may call", .leaf = { LEAF } },
    { "no extended key usage at all may call", .leaf = { .name = "x" } },
    { "RSA may call", .leaf = { LEAF, .key_type = "RSA" } },
    { "Ed25519 may call", .leaf = { LEAF, .key_type = "ED25519" } },
    { "a certificate of one of two CAs may call", .leaf = { LEAF },
      .anchors = ANCHORS_TWO },
    { "the same CA twice is no harm", .leaf = { LEAF },
      .anchors = ANCHORS_TWICE },
    { "an intermediate that is sent along may link", .leaf = { LEAF },
      .sent = SENT_CHAIN },
    { "an intermediate may be the anchor", .leaf = { LEAF },
      .anchors = ANCHORS_INTERMEDIATE, .sent = SENT_GAP },
    { "as many certificates as may be are looked at", .leaf = { LEAF },
      .sent = SENT_MANY },
    { "the CN may be the name", .leaf = { LEAF }, .caller = "apiserver" },
    { "a DNS name may be the name, in any case",
      .leaf = { LEAF, .alt_names = "DNS:a.test,DNS:API.test" },
      .caller = "api.test" },
    { "an IPv4 address may be the name",
      .leaf = { LEAF, .alt_names = "IP:192.0.2.1" }, .caller = "192.0.2.1" },
    { "an IPv6 address may be the name, however written",
      .leaf = { LEAF, .alt_names = "IP:2001:db8::1" },
      .caller = "2001:DB8:0::1" },
    { "a URI may be the name",
      .leaf = { LEAF, .alt_names = "URI:spiffe://cluster/ns/kube" },
      .caller = "spiffe://cluster/ns/kube" },
    { "an email address may be the name",
      .leaf = { LEAF, .alt_names = "email:ops@example.com" },
      .caller = "ops@example.com" },

    { "none sent may not call", .leaf = { LEAF }, .sent = SENT_NONE,
      .text = "required" },
    { "a certificate of another CA may not call", .leaf = { LEAF },
      .anchors = ANCHORS_OTHER, .text = "apiserver" },
    { "a missing intermediate may not call", .leaf = { LEAF },
      .sent = SENT_GAP, .text = "unable to get local issuer" },
    { "a self-signed certificate may not call", .leaf = { LEAF },
      .sent = SENT_SELF, .text = "self" },
    { "a certificate that a leaf signed may not call", .leaf = { LEAF },
      .sent = SENT_BY_LEAF, .text = "invalid CA certificate" },
    { "a CA below pathlen:0 signs nothing", .leaf = { LEAF },
      .sent = SENT_MISLED, .text = "path length" },
    { "an expired certificate may not call",
      .leaf = { LEAF, .begin = -200, .end = -100 }, .text = "expired" },
    { "one that is not yet valid may not call",
      .leaf = { LEAF, .begin = 100, .end = 200 }, .text = "not yet valid" },
    { "a server's certificate may not call",
      .leaf = { .name = "x", .usage = "serverAuth" }, .text = "purpose" },
    { "a SHA-1 signature may not call",
      .leaf = { LEAF, .digest = "SHA1" }, .text = "too weak" },
    { "RSA of 1024 bits may not call",
      .leaf = { LEAF, .key_type = "RSA 1024" }, .text = "too weak" },
    { "garbage may not call", .leaf = { LEAF }, .sent = SENT_GARBAGE,
      .text = "cannot be decoded" },
    { "trailing bytes may not call", .leaf = { LEAF }, .sent = SENT_TRAILING,
      .text = "cannot be decoded" },
    { "too many certificates may not call", .leaf = { LEAF },
      .sent = SENT_TOO_MANY, .text = "more than 10" },
    { "another CN may not call", .leaf = { LEAF }, .caller = "API",
      .text = "none of its names" },
    { "a CN in another case may not call", .leaf = { LEAF },
      .caller = "Apiserver", .text = "none of its names" },
    { "a name that only begins the same may not call",
      .leaf = { LEAF, .alt_names = "DNS:api.test.evil.test" },
      .caller = "api.test", .text = "none of its names" },
    { "a wildcard is no name",
      .leaf = { LEAF, .alt_names = "DNS:*.test" },
      .caller = "api.test", .text = "none of its names" },
    { "a name is not cut at a NUL",
      .leaf = { LEAF, .name_len = 9 }, .caller = "api",
      .text = "none of its names" },
};
/* clang-format on */

struct fixture {
    struct scratch scratch;
    struct pki root, other, intermediate, narrow, below, leaf;
    struct text chain[CLIENT_CA_MAX_CHAIN + 1];
    size_t count;
};

static void make(struct pki *pki, const char *name, const struct pki *issuer,
                 bool no_ca_below)
{
    const struct pki_wish wish = { .name = name,
                                   .is_ca = true,
                                   .no_ca_below = no_ca_below };

    pki_init(pki, &wish, issuer);
}

static void send(struct fixture *f, X509 *certificate)
{
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);

    assert_true(len > 0);
    f->chain[f->count++] = (struct text){ (char *)der, (size_t)len };
}

static void send_row(struct fixture *f, const struct row *row)
{
    static const struct pki_wish middle = { .name = "leaf" };
    struct pki *issuer = &f->root;
    struct pki_wish leaf = row->leaf;

    if (leaf.name_len)
        leaf.name = "api\0rest.";
    if (row->sent == SENT_CHAIN || row->sent == SENT_GAP)
        issuer = &f->intermediate;
    else if (row->sent == SENT_MISLED)
        issuer = &f->below;
    else if (row->sent == SENT_BY_LEAF)
        pki_init(issuer = &f->other, &middle, &f->root);
    pki_init(&f->leaf, &leaf, row->sent == SENT_SELF ? NULL : issuer);
    if (row->sent == SENT_NONE)
        return;
    send(f, f->leaf.certificate);
    if (row->sent == SENT_GARBAGE)
        memset((char *)(uintptr_t)f->chain[0].data, 'x', 10);
    if (row->sent == SENT_TRAILING) {
        char *longer =
            realloc((char *)(uintptr_t)f->chain[0].data, f->chain[0].len + 1);

        assert_non_null(longer);
        f->chain[0] = (struct text){ longer, f->chain[0].len + 1 };
    }
    if (issuer != &f->root && row->sent != SENT_GAP)
        send(f, issuer->certificate);
    if (row->sent == SENT_MISLED)
        send(f, f->narrow.certificate);
    while ((row->sent == SENT_MANY && f->count < CLIENT_CA_MAX_CHAIN) ||
           (row->sent == SENT_TOO_MANY && f->count <= CLIENT_CA_MAX_CHAIN))
        send(f, f->root.certificate);
}

static char *anchors_of(struct fixture *f, enum anchors anchors)
{
    char *ours = pki_certificate(&f->root), *more = NULL, *all = NULL;

    if (anchors == ANCHORS_INTERMEDIATE) {
        free(ours);
        return pki_certificate(&f->intermediate);
    }
    if (anchors == ANCHORS_TWICE)
        more = pki_certificate(&f->root);
    if (anchors == ANCHORS_TWO || anchors == ANCHORS_OTHER) {
        make(&f->other, "root", NULL, false);
        more = pki_certificate(&f->other);
    }
    if (anchors == ANCHORS_OTHER) {
        free(ours);
        return more;
    }
    assert_true(asprintf(&all, "%s%s", more ? more : "", ours) > 0);
    free(more);
    free(ours);
    return all;
}

static struct client_ca *load(struct fixture *f, const char *pem,
                              const char *const *names, size_t n_names)
{
    struct error err = { 0 };
    char *path = scratch_write(&f->scratch, "clients.crt", pem, 0644);
    struct client_ca *ca =
        client_ca_load(path, names, n_names, time(NULL), &err);

    assert_string_equal(err.text, "");
    assert_non_null(ca);
    free(path);
    return ca;
}

static void fixture_init(struct fixture *f)
{
    scratch_init(&f->scratch);
    make(&f->root, "root", NULL, false);
    make(&f->intermediate, "intermediate", &f->root, false);
    make(&f->narrow, "narrow", &f->root, true);
    make(&f->below, "below", &f->narrow, false);
}

static void fixture_done(struct fixture *f)
{
    for (size_t i = 0; i < f->count; i++)
        free((char *)(uintptr_t)f->chain[i].data);
    pki_done(&f->root);
    pki_done(&f->other);
    pki_done(&f->intermediate);
    pki_done(&f->narrow);
    pki_done(&f->below);
    pki_done(&f->leaf);
    scratch_done(&f->scratch);
}

#define auto_fixture __attribute__((cleanup(fixture_done)))

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_fixture struct fixture f = { 0 };
    auto_client_ca struct client_ca *ca = NULL;
    struct error err = { 0 };
    char *pem;
    bool may_call;

    fixture_init(&f);
    send_row(&f, row);
    pem = anchors_of(&f, row->anchors);
    ca = load(&f, pem, &row->caller, row->caller ? 1 : 0);
    free(pem);
    may_call = client_ca_verify(ca, f.chain, f.count, time(NULL), &err);
    assert_string_equal(row->text || may_call ? "" : err.text, "");
    assert_int_equal(may_call, !row->text);
    if (row->text) {
        assert_int_equal(err.kind, ERROR_INVALID);
        if (!strstr(err.text, row->text))
            fail_msg("'%s' does not say '%s'", err.text, row->text);
    }
    assert_int_equal(ERR_peek_error(), 0);
}

/* --- what a file may hold ------------------------------------------------- */

struct file_row {
    const char *name;
    struct pki_wish wish; /* no name: no certificate */
    bool with_key;
    enum error_kind kind;
    const char *text;
};

/* clang-format off */
static struct file_row file_rows[] = {
    { "a CA is loaded", .wish = { .name = "ca", .is_ca = true } },
    { "a certificate that is no CA's is refused", .wish = { .name = "leaf" },
      .kind = ERROR_INVALID, .text = "not a CA's certificate" },
    { "an expired CA is refused",
      .wish = { .name = "ca", .is_ca = true, .begin = -20, .end = -10 },
      .kind = ERROR_INVALID, .text = "expired at" },
    { "a CA that is not yet valid is refused",
      .wish = { .name = "ca", .is_ca = true, .begin = 10, .end = 20 },
      .kind = ERROR_INVALID, .text = "not valid before" },
    { "a private key has no business there",
      .wish = { .name = "ca", .is_ca = true }, .with_key = true,
      .kind = ERROR_INVALID, .text = "private key" },
    { "an empty file is refused", .kind = ERROR_INVALID,
      .text = "holds no certificate" },
};
/* clang-format on */

static void test_file(void **state)
{
    const struct file_row *row = *state;
    auto_scratch struct scratch scratch = { 0 };
    auto_pki struct pki pki = { 0 };
    struct error err = { 0 };
    struct client_ca *ca;
    char *certificate = NULL, *key = NULL, *text = NULL, *path;

    scratch_init(&scratch);
    if (row->wish.name) {
        pki_init(&pki, &row->wish, NULL);
        certificate = pki_certificate(&pki);
        key = pki_key(&pki);
    }
    assert_true(asprintf(&text, "%s%s", certificate ? certificate : "",
                         row->with_key ? key : "") >= 0);
    path = scratch_write(&scratch, "ca.crt", text, 0644);
    ca = client_ca_load(path, NULL, 0, time(NULL), &err);
    assert_int_equal(err.kind, row->kind);
    assert_int_equal(ca == NULL, row->kind != ERROR_NONE);
    if (row->text) {
        assert_non_null(strstr(err.text, row->text));
        assert_memory_equal(err.text, path, strlen(path));
    }
    client_ca_free(ca);
    free(certificate);
    free(key);
    free(text);
    free(path);
}

static void test_missing(void **state)
{
    struct error err = { 0 };

    (void)state;
    assert_null(client_ca_load("/nonexistent/ca.crt", NULL, 0, 0, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
}

static void test_first_to_expire(void **state)
{
    static const struct pki_wish
        late = { .name = "late", .is_ca = true, .begin = -10, .end = 5000 },
        early = { .name = "early", .is_ca = true, .begin = -10, .end = 500 };
    auto_fixture struct fixture f = { 0 };
    auto_client_ca struct client_ca *ca = NULL;
    time_t now = time(NULL);
    char *one, *two, *both = NULL;

    (void)state;
    scratch_init(&f.scratch);
    pki_init(&f.root, &late, NULL);
    pki_init(&f.other, &early, NULL);
    one = pki_certificate(&f.root);
    two = pki_certificate(&f.other);
    assert_true(asprintf(&both, "%s%s", one, two) > 0);
    ca = load(&f, both, NULL, 0);
    assert_in_range(client_ca_not_after(ca), now + 400, now + 700);
    free(one);
    free(two);
    free(both);
}

/* --- threads ---------------------------------------------------------------
 */

struct caller {
    struct client_ca *ca;
    const struct fixture *fixture;
    int allowed;
};

static void *call_often(void *argument)
{
    struct caller *caller = argument;

    for (int i = 0; i < 50; i++) {
        struct error err = { 0 };

        caller->allowed +=
            client_ca_verify(caller->ca, caller->fixture->chain,
                             caller->fixture->count, time(NULL), &err);
    }
    client_ca_free(caller->ca);
    return NULL;
}

static void test_threads(void **state)
{
    static const struct row row = { "", .leaf = { LEAF }, .sent = SENT_CHAIN };
    struct caller callers[4];
    pthread_t threads[array_len(callers)];
    auto_fixture struct fixture f = { 0 };
    struct client_ca *ca;
    char *pem;

    (void)state;
    fixture_init(&f);
    send_row(&f, &row);
    pem = anchors_of(&f, ANCHORS_ROOT);
    ca = load(&f, pem, NULL, 0);
    free(pem);
    for (size_t i = 0; i < array_len(callers); i++) {
        callers[i] = (struct caller){ client_ca_get(ca), &f, 0 };
        assert_int_equal(
            pthread_create(&threads[i], NULL, call_often, &callers[i]), 0);
    }
    client_ca_free(ca);
    for (size_t i = 0; i < array_len(callers); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(callers[i].allowed, 50);
    }
}

int main(void)
{
    static const struct CMUnitTest others[] = {
        { "a missing file is the system's word", test_missing, NULL, NULL,
          NULL },
        { "what expires first counts", test_first_to_expire, NULL, NULL, NULL },
        { "threads share it, and the last one releases it", test_threads, NULL,
          NULL, NULL },
    };
    struct CMUnitTest
        tests[array_len(rows) + array_len(file_rows) + array_len(others)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(file_rows); i++)
        tests[n++] = (struct CMUnitTest){ file_rows[i].name, test_file, NULL,
                                          NULL, &file_rows[i] };
    for (size_t i = 0; i < array_len(others); i++)
        tests[n++] = others[i];
    return cmocka_run_group_tests_name("client_ca", tests, NULL, NULL);
}
