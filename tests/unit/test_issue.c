/* test_issue.c - the rules in issue.h. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/issue.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

enum { HOUR_S = 3600, DAY_S = 24 * HOUR_S };

/* The one certificate of a PEM text; released with pem_done(). */
static X509 *parse(const char *text, struct pem *pem)
{
    struct error err = { 0 };

    if (!pem_parse(text_of(text), pem, &err))
        fail_msg("%s", err.text);
    assert_int_equal(pem->n_certificates, 1);
    return pem->certificates[0];
}

/* An authority and a leaf for gw.test of a day. */
struct fixture {
    struct issued ca, leaf;
    struct pem ca_pem, leaf_pem;
    X509 *ca_certificate, *certificate; /* in the pems */
    time_t now;
};

static int fixture_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));
    auto_issue_names struct issue_names names = { 0 };
    struct error err = { 0 };

    assert_non_null(f);
    f->now = time(NULL);
    assert_true(issue_names_add_dns(&names, "gw.test", &err));
    assert_true(issue_authority(f->now, &f->ca, &err));
    assert_true(issue_serving(&f->ca, &names, f->now, DAY_S, &f->leaf, &err));
    f->ca_certificate = parse(f->ca.certificate, &f->ca_pem);
    f->certificate = parse(f->leaf.certificate, &f->leaf_pem);
    *state = f;
    return 0;
}

static int fixture_teardown(void **state)
{
    struct fixture *f = *state;

    pem_done(&f->ca_pem);
    pem_done(&f->leaf_pem);
    issued_done(&f->ca);
    issued_done(&f->leaf);
    free(f);
    return 0;
}

/* OpenSSL's verification at its strictest, as a client of `host` does it. */
static int verify(const struct fixture *f, const char *host)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509_VERIFY_PARAM *param;
    int error;

    assert_non_null(store);
    assert_non_null(context);
    assert_true(X509_STORE_add_cert(store, f->ca_certificate));
    assert_true(X509_STORE_CTX_init(context, store, f->certificate, NULL));
    param = X509_STORE_CTX_get0_param(context);
    assert_true(X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT));
    assert_true(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER));
    assert_true(X509_VERIFY_PARAM_set1_host(param, host, 0));
    (void)X509_verify_cert(context);
    error = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    return error;
}

static void test_verifies(void **state)
{
    assert_int_equal(verify(*state, "gw.test"), X509_V_OK);
    assert_int_equal(verify(*state, "other.test"),
                     X509_V_ERR_HOSTNAME_MISMATCH);
}

static bool is_critical(X509 *certificate, int nid)
{
    int at = X509_get_ext_by_NID(certificate, nid, -1);

    assert_true(at >= 0);
    return X509_EXTENSION_get_critical(X509_get_ext(certificate, at));
}

static void test_authority(void **state)
{
    const struct fixture *f = *state;

    assert_true(certificate_is_ca(f->ca_certificate));
    assert_true(certificate_is_signed_by(f->ca_certificate, f->ca_certificate));
    assert_int_equal(X509_get_pathlen(f->ca_certificate), 0);
    assert_true(is_critical(f->ca_certificate, NID_basic_constraints));
    assert_true(is_critical(f->ca_certificate, NID_key_usage));
    assert_int_equal(X509_get_key_usage(f->ca_certificate),
                     KU_KEY_CERT_SIGN | KU_CRL_SIGN);
}

static void test_leaf(void **state)
{
    const struct fixture *f = *state;

    assert_false(certificate_is_ca(f->certificate));
    assert_true(is_critical(f->certificate, NID_basic_constraints));
    assert_int_equal(X509_get_key_usage(f->certificate), KU_DIGITAL_SIGNATURE);
    assert_int_equal(X509_get_extended_key_usage(f->certificate),
                     XKU_SSL_SERVER);
    assert_true(certificate_is_signed_by(f->certificate, f->ca_certificate));
}

static void test_key_identifiers(void **state)
{
    const struct fixture *f = *state;
    const ASN1_OCTET_STRING *subject =
        X509_get0_subject_key_id(f->ca_certificate);
    const ASN1_OCTET_STRING *authority =
        X509_get0_authority_key_id(f->certificate);

    assert_non_null(subject);
    assert_non_null(authority);
    assert_non_null(X509_get0_subject_key_id(f->certificate));
    assert_int_equal(ASN1_OCTET_STRING_cmp(subject, authority), 0);
}

static void test_keys(void **state)
{
    const struct fixture *f = *state;
    auto_buf struct buf kind = { 0 };
    auto_pem struct pem pem = { 0 };
    struct error err = { 0 };

    assert_true(pem_parse(text_of(f->leaf.key), &pem, &err));
    assert_true(certificate_has_key(f->certificate, pem.keys[0]));
    assert_false(certificate_has_key(f->ca_certificate, pem.keys[0]));
    certificate_key_kind(pem.keys[0], &kind);
    assert_string_equal(kind.data, "ECDSA P-256");
}

static void test_serials(void **state)
{
    const struct fixture *f = *state;
    const ASN1_INTEGER *a = X509_get0_serialNumber(f->ca_certificate);
    const ASN1_INTEGER *b = X509_get0_serialNumber(f->certificate);

    assert_int_equal(ASN1_STRING_length(a), 16);
    assert_int_equal(ASN1_STRING_length(b), 16);
    assert_int_equal(ASN1_STRING_type(a), V_ASN1_INTEGER); /* not negative */
    assert_int_not_equal(ASN1_INTEGER_cmp(a, b), 0);
}

static void test_dates(void **state)
{
    const struct fixture *f = *state;
    time_t from, until;

    assert_true(certificate_validity(f->certificate, &from, &until));
    assert_int_equal(from, f->now - ISSUE_BACKDATE_S);
    assert_int_equal(until, f->now + DAY_S);
    assert_int_equal(until, f->leaf.not_after);
    assert_true(certificate_validity(f->ca_certificate, &from, &until));
    assert_int_equal(until, f->now + (time_t)ISSUE_CA_DAYS * DAY_S);
    assert_int_equal(until, f->ca.not_after);
}

static void test_differ(void **state)
{
    const struct fixture *f = *state;
    auto_issued struct issued other = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_buf struct buf a = { 0 }, b = { 0 };
    struct error err = { 0 };

    assert_true(issue_authority(f->now, &other, &err));
    certificate_subject(f->ca_certificate, &a);
    certificate_subject(parse(other.certificate, &pem), &b);
    assert_string_not_equal(a.data, b.data);
}

/* Issue for gw.test from f's authority at another time. */
static bool issue_at(const struct fixture *f, time_t now, long long seconds,
                     struct issued *leaf, struct error *err)
{
    auto_issue_names struct issue_names names = { 0 };

    return issue_names_add_dns(&names, "gw.test", err) &&
           issue_serving(&f->ca, &names, now, seconds, leaf, err);
}

static void test_never_outlives(void **state)
{
    const struct fixture *f = *state;
    auto_issued struct issued leaf = { 0 };
    struct error err = { 0 };

    assert_true(issue_at(f, f->ca.not_after - HOUR_S, DAY_S, &leaf, &err));
    assert_int_equal(leaf.not_after, f->ca.not_after);
}

static void test_expired_authority(void **state)
{
    const struct fixture *f = *state;
    auto_issued struct issued leaf = { 0 };
    struct error err = { 0 };

    assert_false(issue_at(f, f->ca.not_after + 1, DAY_S, &leaf, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    assert_null(leaf.certificate);
}

static void test_unfit_authority(void **state)
{
    const struct fixture *f = *state;
    const struct issued mixed = { f->ca.certificate, f->leaf.key, 0 };
    const struct issued not_ca = { f->leaf.certificate, f->leaf.key, 0 };
    const struct issued no_pem = { (char[]){ "x" }, f->ca.key, 0 };
    auto_issued struct issued leaf = { 0 };
    auto_issue_names struct issue_names names = { 0 };
    struct error err = { 0 };

    assert_true(issue_names_add_dns(&names, "gw.test", &err));
    assert_false(issue_serving(&mixed, &names, f->now, DAY_S, &leaf, &err));
    assert_non_null(strstr(err.text, "key does not fit"));
    assert_false(issue_serving(&not_ca, &names, f->now, DAY_S, &leaf, &err));
    assert_non_null(strstr(err.text, "not that of a CA"));
    assert_false(issue_serving(&no_pem, &names, f->now, DAY_S, &leaf, &err));
    assert_non_null(strstr(err.text, "the CA's certificate: holds no"));
}

static void test_no_names(void **state)
{
    const struct fixture *f = *state;
    const struct issue_names names = { 0 };
    auto_issued struct issued leaf = { 0 };
    struct error err = { 0 };

    assert_false(issue_serving(&f->ca, &names, f->now, DAY_S, &leaf, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
}

#define LABEL_63                                                               \
    "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz12345678901"

/* A common name holds 64 characters, a DNS name more. */
static void test_common_name(void **state)
{
    const struct fixture *f = *state;
    auto_issue_names struct issue_names names = { 0 };
    auto_issued struct issued leaf = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_buf struct buf subject = { 0 };
    struct error err = { 0 };

    assert_true(issue_names_add_dns(&names, LABEL_63 ".test", &err));
    assert_true(issue_names_add_dns(&names, "short.test", &err));
    assert_true(issue_serving(&f->ca, &names, f->now, DAY_S, &leaf, &err));
    certificate_subject(parse(leaf.certificate, &pem), &subject);
    assert_string_equal(subject.data, "CN=short.test");
}

#define CASE(rule, function)                                                   \
    {                                                                          \
        rule, function, fixture_setup, fixture_teardown, NULL                  \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE("a strict client accepts the leaf for its name only",
             test_verifies),
        CASE("an authority signs, and nothing stands between", test_authority),
        CASE("a leaf serves, and nothing else", test_leaf),
        CASE("the leaf points to its authority's key", test_key_identifiers),
        CASE("keys are on P-256 and fit their certificates", test_keys),
        CASE("serial numbers are long, positive and differ", test_serials),
        CASE("validity begins five minutes back", test_dates),
        CASE("authorities can be told apart by name", test_differ),
        CASE("a leaf never outlives its authority", test_never_outlives),
        CASE("an expired authority signs nothing", test_expired_authority),
        CASE("an authority that does not fit signs nothing",
             test_unfit_authority),
        CASE("a leaf needs a name", test_no_names),
        CASE("the common name is the first that fits", test_common_name),
    };

    return cmocka_run_group_tests_name("issue", tests, NULL, NULL);
}
