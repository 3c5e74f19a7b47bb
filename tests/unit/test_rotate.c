/* test_rotate.c - the rules in rotate.h: names, proofs, and what is left when a
 * change of CAs is interrupted. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/x509v3.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/keypair.h"
#include "spillway/macros.h"
#include "spillway/openssl.h"
#include "spillway/pem.h"
#include "spillway/rotate.h"

#include "certs_files.h"
#include "pki.h"
#include "scratch.h"

enum { DAY_S = 24 * 60 * 60 };

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not say '%s'", text, part);
}

/* What one call does to a directory. */
enum step {
    STEP_KEEP,
    STEP_LEAF,
    STEP_AUTHORITY,
    STEP_FINISH,
};

/* Do it, and write what comes out. */
static bool take_step(const struct scratch *scratch, enum step step,
                      struct error *err)
{
    auto_certs_dir struct certs_dir dir = { 0 };
    auto_rotate_state struct rotate_state state = { 0 };
    auto_rotated struct rotated rotated = { 0 };
    time_t now = time(NULL);
    bool good = certs_dir_open(&dir, scratch->path, err) &&
                rotate_read(&dir, &state, err);

    if (good && step == STEP_KEEP)
        good = rotate_keep(&state, now, err);
    else if (good && step == STEP_LEAF)
        good = rotate_leaf(&state, now, DAY_S, &rotated, err);
    else if (good && step == STEP_AUTHORITY)
        good = rotate_authority(&state, now, DAY_S, &rotated, err);
    else if (good)
        good = rotate_finish(&state, &rotated, err);
    return good && rotate_write(&dir, &rotated, err);
}

static void succeed(const struct scratch *scratch, enum step step)
{
    struct error err = { 0 };

    if (!take_step(scratch, step, &err))
        fail_msg("%s", err.text);
}

static void refuse(const struct scratch *scratch, enum step step,
                   const char *message)
{
    auto_certs_files struct certs_files before = { 0 };
    struct error err = { 0 };

    certs_files_read(scratch, &before);
    assert_false(take_step(scratch, step, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_says(err.text, message);
    certs_files_assert_unchanged(scratch, &before);
}

static void issue(const struct scratch *scratch)
{
    certs_files_issue(scratch, time(NULL), time(NULL), DAY_S);
}

/* --- interrupted ------------------------------------------------------------
 */

/* A change of CAs of which only the first files, in the order in which they are
 * replaced, have come to be. */
static void interrupt(const struct scratch *scratch, size_t done,
                      struct certs_files *before)
{
    auto_certs_files struct certs_files after = { 0 };

    issue(scratch);
    certs_files_read(scratch, before);
    succeed(scratch, STEP_AUTHORITY);
    certs_files_read(scratch, &after);
    for (size_t i = 0; i < CERTS_FILES; i++)
        certs_files_put(scratch, (enum certs_file)i,
                        i < done ? after.texts[i] : before->texts[i]);
}

/* The new CA is there without its key, and nobody has heard of it. */
static void test_without_key(void **state)
{
    const struct scratch *scratch = *state;
    auto_certs_files struct certs_files before = { 0 };

    interrupt(scratch, 1, &before);
    refuse(scratch, STEP_LEAF, "--ca-finish drops the others");
    refuse(scratch, STEP_KEEP, "--ca-finish drops the others");
    refuse(scratch, STEP_AUTHORITY, "--ca-finish drops the others");
    succeed(scratch, STEP_FINISH);
    certs_files_assert_unchanged(scratch, &before);
}

/* Both CAs are there, and the key of the new one. */
static void test_without_pair(void **state)
{
    const struct scratch *scratch = *state;
    auto_certs_files struct certs_files before = { 0 };

    interrupt(scratch, 2, &before);
    refuse(scratch, STEP_FINISH, "tls.crt: is signed by another CA");
    succeed(scratch, STEP_KEEP);
    succeed(scratch, STEP_LEAF);
    succeed(scratch, STEP_FINISH);
    succeed(scratch, STEP_KEEP);
}

static void test_half_a_pair(void **state)
{
    const struct scratch *scratch = *state;
    auto_certs_files struct certs_files before = { 0 };

    interrupt(scratch, 3, &before);
    refuse(scratch, STEP_KEEP, "tls.key: the private key does not fit");
    succeed(scratch, STEP_LEAF);
    succeed(scratch, STEP_KEEP);
}

/* --- names ------------------------------------------------------------------
 */

/* The CA in the directory, for pki_init(). */
static void read_authority(const struct scratch *scratch, struct pem *pem,
                           struct pki *ca)
{
    auto_free char *certificate = certs_files_path(scratch, CERTS_CA_CRT);
    auto_free char *key = certs_files_path(scratch, CERTS_CA_KEY);
    struct error err = { 0 };

    assert_true(pem_load(certificate, pem, &err));
    assert_true(pem_load(key, pem, &err));
    *ca = (struct pki){ pem->certificates[0], pem->keys[0] };
}

/* Let the CA have signed a certificate with these names. */
static void put_names(const struct scratch *scratch, const char *names)
{
    const struct pki_wish wish = { .name = "x", .alt_names = names };
    auto_pem struct pem pem = { 0 };
    auto_pki struct pki leaf = { 0 };
    auto_free char *certificate = NULL, *key = NULL;
    struct pki ca;

    read_authority(scratch, &pem, &ca);
    pki_init(&leaf, &wish, &ca);
    certificate = pki_certificate(&leaf);
    key = pki_key(&leaf);
    certs_files_put(scratch, CERTS_TLS_CRT, certificate);
    certs_files_put(scratch, CERTS_TLS_KEY, key);
}

static void add_name(void *context, bool is_ip, const char *name)
{
    buf_printf(context, "%s:%s ", is_ip ? "IP" : "DNS", name);
}

static void test_names(void **state)
{
    const struct scratch *scratch = *state;
    auto_free char *path = certs_files_path(scratch, CERTS_TLS_CRT);
    auto_buf struct buf names = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_general_names GENERAL_NAMES *all = NULL;
    struct error err = { 0 };

    issue(scratch);
    put_names(scratch, "IP:::1,DNS:B.test,email:a@b.test,DNS:s.n.svc,"
                       "URI:spiffe://x/y,DNS:_a.test,IP:10.0.0.1");
    succeed(scratch, STEP_LEAF);
    assert_true(pem_load(path, &pem, &err));
    (void)certificate_names(pem.certificates[0], add_name, &names);
    assert_string_equal(names.data, "IP:::1 DNS:B.test DNS:s.n.svc "
                                    "DNS:_a.test IP:10.0.0.1 ");
    all =
        X509_get_ext_d2i(pem.certificates[0], NID_subject_alt_name, NULL, NULL);
    assert_int_equal(sk_GENERAL_NAME_num(all), 5);
}

static void test_no_names(void **state)
{
    const struct scratch *scratch = *state;

    issue(scratch);
    put_names(scratch, "email:a@b.test");
    refuse(scratch, STEP_LEAF, "tls.crt: the certificate has no DNS or IP");
    put_names(scratch, NULL);
    refuse(scratch, STEP_AUTHORITY,
           "tls.crt: the certificate has no DNS or IP");
}

static void test_many_names(void **state)
{
    const struct scratch *scratch = *state;
    auto_buf struct buf names = { 0 };

    issue(scratch);
    for (int i = 0; i < ISSUE_MAX_NAMES; i++)
        buf_printf(&names, "%sDNS:a%d.test", i ? "," : "", i);
    put_names(scratch, names.data);
    succeed(scratch, STEP_LEAF);
    buf_add_string(&names, ",DNS:b.test");
    put_names(scratch, names.data);
    refuse(scratch, STEP_LEAF, "tls.crt: one certificate may have at most");
}

/* --- proofs
 * ------------------------------------------------------------------- */

/* Give the CA one more extension, and sign it anew. */
static void constrain(const struct scratch *scratch, int nid, const char *value)
{
    auto_pem struct pem pem = { 0 };
    auto_free char *text = NULL;
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    struct pki ca;
    int old;

    read_authority(scratch, &pem, &ca);
    assert_non_null(extension);
    old = X509_get_ext_by_NID(ca.certificate, nid, -1);
    if (old >= 0)
        X509_EXTENSION_free(X509_delete_ext(ca.certificate, old));
    assert_true(X509_add_ext(ca.certificate, extension, -1));
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(ca.certificate, ca.key, EVP_sha256()) > 0);
    text = pki_certificate(&ca);
    certs_files_put(scratch, CERTS_CA_CRT, text);
}

/* Such a CA is not of our making, but fits its key and its certificate. */
static void test_proof(void **state)
{
    const struct scratch *scratch = *state;

    issue(scratch);
    constrain(scratch, NID_name_constraints, "critical,permitted;DNS:n.svc");
    refuse(scratch, STEP_LEAF, "would not accept a certificate");
    refuse(scratch, STEP_KEEP, "tls.crt: whoever trusts");
    issue(scratch);
    constrain(scratch, NID_key_usage, "critical,cRLSign");
    refuse(scratch, STEP_LEAF, "would not accept a certificate");
    succeed(scratch, STEP_AUTHORITY);
    succeed(scratch, STEP_KEEP);
}

static void test_pair_in_memory(void **state)
{
    const struct scratch *scratch = *state;
    auto_certs_files struct certs_files files = { 0 };
    auto_keypair struct keypair *pair = NULL;
    struct error err = { 0 };

    issue(scratch);
    certs_files_read(scratch, &files);
    pair = keypair_parse(files.texts[CERTS_TLS_CRT], files.texts[CERTS_TLS_KEY],
                         time(NULL), &err);
    assert_non_null(pair);
    assert_string_equal(pair->certificate, files.texts[CERTS_TLS_CRT]);
    assert_null(keypair_parse(files.texts[CERTS_TLS_CRT],
                              files.texts[CERTS_CA_KEY], time(NULL), &err));
    assert_string_equal(err.text, "tls.key: the private key does not fit the "
                                  "certificate in tls.crt");
    assert_null(keypair_parse(files.texts[CERTS_TLS_CRT],
                              files.texts[CERTS_TLS_KEY],
                              time(NULL) + 2L * DAY_S, &err));
    assert_says(err.text, "tls.crt: the certificate expired");
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("a new CA without its key is dropped again", test_without_key),
        CASE("a new CA with its key signs another pair", test_without_pair),
        CASE("half of a new pair is replaced", test_half_a_pair),
        CASE("DNS and IP names stay as they are, in their order", test_names),
        CASE("without a name there is nothing to renew", test_no_names),
        CASE("100 names are renewed and 101 refused", test_many_names),
        CASE("what nobody would accept is not written", test_proof),
        CASE("a pair in memory is proven like one in files",
             test_pair_in_memory),
    };

    return cmocka_run_group_tests_name("rotate", tests, NULL, NULL);
}
