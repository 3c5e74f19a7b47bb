/*
 * fuzz_pem.c - certificates and keys: refused with a reason, or read, written
 * and read again alike; as a pair, and as a client's certificate, judged
 * without harm.  An input is a certificate file, "%%" and a key file.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/x509.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/inspect.h"
#include "spillway/keypair.h"
#include "spillway/pem.h"

/* What was read, written and read again, is as much. */
static void check_round_trip(const struct pem *pem)
{
    auto_buf struct buf out = { 0 };
    auto_pem struct pem again = { 0 };
    struct error err = { 0 };

    for (size_t i = 0; i < pem->n_certificates; i++) {
        auto_buf struct buf words = { 0 };

        fuzz_law(pem_format_certificate(pem->certificates[i], &out, &err),
                 "a certificate can be written", err.text);
        certificate_subject(pem->certificates[i], &words);
        certificate_issuer(pem->certificates[i], &words);
        (void)certificate_names(pem->certificates[i], NULL, NULL);
        for (size_t j = 0; j < words.len; j++)
            fuzz_law((unsigned char)words.data[j] >= ' ',
                     "a subject is safe to print", words.data);
    }
    for (size_t i = 0; i < pem->n_keys; i++)
        fuzz_law(pem_format_key(pem->keys[i], &out, &err),
                 "a key can be written", err.text);
    fuzz_law(pem_parse(buf_text(&out), &again, &err),
             "what was written can be read", err.text);
    fuzz_law(again.n_certificates == pem->n_certificates &&
                 again.n_keys == pem->n_keys,
             "nothing is lost on the way", NULL);
}

static void check_inspect(struct text text)
{
    struct inspect_file file = { .path = "input", .mode = 0600 };
    auto_inspect struct inspect_findings findings = { 0 };
    struct error err = { 0 };

    if (pem_parse(text, &file.pem, &err))
        fuzz_law(inspect_files(&file, 1, 1800000000, &findings, &err),
                 "anything can be inspected", err.text);
    pem_done(&file.pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size), part;
    auto_pem struct pem pem = { 0 };
    auto_keypair struct keypair *pair = NULL;
    struct error err = { 0 };
    char *certificate, *key;

    if (pem_parse(rest, &pem, &err))
        check_round_trip(&pem);
    else
        fuzz_law(err.kind == ERROR_INVALID && *err.text,
                 "a refusal has a reason", NULL);
    check_inspect(rest);
    part = fuzz_part(&rest);
    certificate = strndup(part.len ? part.data : "", part.len);
    key = strndup(rest.len ? rest.data : "", rest.len);
    err = (struct error){ 0 };
    pair = certificate && key
               ? keypair_parse(certificate, key, 1800000000, &err)
               : NULL;
    if (pair)
        fuzz_law(pair->not_before <= 1800000000 &&
                     pair->not_after >= 1800000000,
                 "a pair that is taken is valid", NULL);
    free(certificate);
    free(key);
    fuzz_law(ERR_peek_error() == 0, "OpenSSL's queue is left empty", NULL);
    return 0;
}
