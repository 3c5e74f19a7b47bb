/* test_pem.c - the rules in pem.h, one table row per rule. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

#include "pki.h"

/* What stands before and after one good certificate. */
struct row {
    const char *name, *before, *after;
    const char *message; /* NULL: both are as good as not there */
};

/* clang-format off */
static struct row rows[] = {
    { "text around a block is ignored", "# the gateway's\n", "\n# the end\n",
      NULL },
    { "lines may end as on Windows", "a\r\n\r\n", "\r\n", NULL },
    { "a block cut short is refused", "",
      "-----BEGIN CERTIFICATE-----\nMIIB\n",
      "PEM block 2 is cut short or damaged" },
    { "a damaged BEGIN line is refused", "",
      "-----BEGIN CERTIFICATE----\nMIIB\n-----END CERTIFICATE-----\n",
      "PEM block 2 is cut short or damaged" },
    { "another END than BEGIN is refused",
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END X-----\n", "",
      "PEM block 1 is cut short or damaged" },
    { "what is not base64 is refused", "",
      "-----BEGIN CERTIFICATE-----\nM*IB\n-----END CERTIFICATE-----\n",
      "PEM block 2 is cut short or damaged" },
    { "a block that is no certificate is refused", "",
      "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
      "certificate 2 is damaged" },
    { "a block that is no key is refused", "",
      "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
      "the private key is damaged" },
    { "a block of another kind is refused by name", "",
      "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
      "'PUBLIC KEY'" },
    { "a block's name is not printed with what a terminal obeys", "",
      "-----BEGIN \033[2J-----\nMIIB\n-----END \033[2J-----\n",
      "a PEM block of unknown kind" },
};
/* clang-format on */

static void test_row(void **state)
{
    const struct row *row = *state;
    const struct pki_wish wish = { .name = "a" };
    auto_pki struct pki pki = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_buf struct buf text = { 0 };
    auto_free char *certificate = NULL;
    struct error err = { 0 };
    bool good;

    pki_init(&pki, &wish, NULL);
    certificate = pki_certificate(&pki);
    buf_printf(&text, "%s%s%s", row->before, certificate, row->after);
    good = pem_parse(buf_text(&text), &pem, &err);
    assert_int_equal(good, row->message == NULL);
    if (good) {
        assert_int_equal(pem.n_certificates, 1);
        assert_int_equal(pem.n_keys, 0);
        return;
    }
    assert_int_equal(err.kind, ERROR_INVALID);
    if (!strstr(err.text, row->message))
        fail_msg("'%s' does not say '%s'", err.text, row->message);
}

static void test_binary(void **state)
{
    auto_pem struct pem pem = { 0 };
    struct error err = { 0 };

    (void)state;
    assert_false(pem_parse((struct text)TEXT("0\202\1\0x"), &pem, &err));
    assert_non_null(strstr(err.text, "binary, not PEM"));
}

/* A block that hides an encrypted key under another name. */
static void test_disguised(void **state)
{
    const struct pki_wish wish = { .name = "a" };
    auto_pki struct pki leaf = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_buf struct buf text = { 0 };
    auto_free char *encrypted = NULL;
    char *body_end;
    struct error err = { 0 };

    (void)state;
    pki_init(&leaf, &wish, NULL);
    encrypted = pki_key_encrypted(&leaf);
    body_end = strstr(encrypted, "\n-----END");
    assert_non_null(body_end);
    *body_end = '\0';
    buf_printf(&text,
               "-----BEGIN EC PRIVATE KEY-----%s\n"
               "-----END EC PRIVATE KEY-----\n",
               strchr(encrypted, '\n'));
    assert_false(pem_parse(buf_text(&text), &pem, &err));
    assert_non_null(strstr(err.text, "damaged"));
}

/* What is written is read again as the same. */
static void test_round_trip(void **state)
{
    const struct pki_wish wish = { .name = "a" };
    auto_pki struct pki pki = { 0 };
    auto_pem struct pem pem = { 0 };
    auto_buf struct buf text = { 0 }, again = { 0 };
    struct error err = { 0 };

    (void)state;
    pki_init(&pki, &wish, NULL);
    assert_true(pem_format_key(pki.key, &text, &err));
    assert_true(pem_format_certificate(pki.certificate, &text, &err));
    assert_true(pem_parse(buf_text(&text), &pem, &err));
    assert_int_equal(pem.n_certificates, 1);
    assert_int_equal(pem.n_keys, 1);
    assert_true(pem_format_key(pem.keys[0], &again, &err));
    assert_true(pem_format_certificate(pem.certificates[0], &again, &err));
    assert_string_equal(text.data, again.data);
}

int main(void)
{
    /* clang-format off */
    const struct CMUnitTest others[] = {
        { "a DER file is told apart", test_binary, NULL, NULL, NULL },
        { "an encrypted key under another name is refused", test_disguised,
          NULL, NULL, NULL },
        { "what is written is read as the same", test_round_trip, NULL, NULL,
          NULL },
    };
    /* clang-format on */
    struct CMUnitTest tests[array_len(rows) + array_len(others)];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    memcpy(tests + array_len(rows), others, sizeof(others));
    return cmocka_run_group_tests_name("pem", tests, NULL, NULL);
}
