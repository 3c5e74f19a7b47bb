/*
 * keypair.c - see keypair.h for the contract.
 *
 * The pair that is handed on is written anew from what was decoded and proven,
 * so that the TLS library reads exactly that, whatever else the files hold.
 */
#include "spillway/keypair.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/openssl.h"
#include "spillway/pem.h"

/* One half of a pair: a file, or a text that messages call by `path`. */
struct half {
    const char *path;
    struct text text; /* absent: the file is read */
};

static bool load(const struct half *half, struct pem *pem, struct error *err)
{
    if (!half->text.data)
        return pem_load_private(half->path, pem, err);
    if (!pem_parse(half->text, pem, err))
        return error_wrap(err, "%s", half->path);
    return true;
}

/* Each certificate must be signed by the one behind it. */
static bool prove_chain(const struct pem *pem, const char *path,
                        struct error *err)
{
    auto_buf struct buf subject = { 0 };
    size_t unlinked;

    if (pem->n_certificates == 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds a private key but no certificate", path);
    unlinked = certificates_unlinked(pem->certificates, pem->n_certificates);
    if (unlinked == pem->n_certificates)
        return true;
    certificate_subject(pem->certificates[unlinked], &subject);
    return error_set(err, ERROR_INVALID,
                     "%s: certificate %zu (%.100s) is not signed by "
                     "certificate %zu; put the server's own first, and "
                     "behind each the one that signed it",
                     path, unlinked + 1, subject.data ? subject.data : "",
                     unlinked + 2);
}

static bool prove_validity(X509 *leaf, const char *path, time_t now,
                           struct keypair *pair, struct error *err)
{
    char when[CERTIFICATE_TIME_SIZE];

    if (!certificate_validity(leaf, &pair->not_before, &pair->not_after))
        return error_set(err, ERROR_INVALID,
                         "%s: the certificate's dates cannot be read", path);
    if (now < pair->not_before)
        return error_set(err, ERROR_INVALID,
                         "%s: the certificate is not valid before %s; check "
                         "this machine's clock, or issue it anew",
                         path, certificate_format_time(pair->not_before, when));
    if (now > pair->not_after)
        return error_set(err, ERROR_INVALID,
                         "%s: the certificate expired at %s; issue a new one",
                         path, certificate_format_time(pair->not_after, when));
    return true;
}

static bool prove_leaf(X509 *leaf, const char *path, struct error *err)
{
    if (certificate_names(leaf, NULL, NULL) == 0)
        return error_set(err, ERROR_INVALID,
                         "%s: the certificate has no DNS or IP name "
                         "(subjectAltName), without which no client accepts it",
                         path);
    if (!certificate_may_serve(leaf))
        return error_set(err, ERROR_INVALID,
                         "%s: the certificate's extended key usage does not "
                         "allow serverAuth",
                         path);
    return true;
}

static bool prove_key(const struct pem *keys, const char *path,
                      const struct pem *chain, const char *certificate_path,
                      struct error *err)
{
    if (keys->n_keys != 1)
        return error_set(err, ERROR_INVALID,
                         "%s: holds %zu private keys; exactly one is needed",
                         path, keys->n_keys);
    if (certificate_has_key(chain->certificates[0], keys->keys[0]))
        return true;
    return error_set(err, ERROR_INVALID,
                     "%s: the private key does not fit the certificate in %s",
                     path, certificate_path);
}

/* Write the proven pair anew. */
static bool export(const struct pem *chain, const struct pem *keys,
                   struct keypair *pair, struct error *err)
{
    auto_buf struct buf certificate = { 0 };
    auto_secret struct buf key = { 0 };

    for (size_t i = 0; i < chain->n_certificates; i++) {
        if (!pem_format_certificate(chain->certificates[i], &certificate, err))
            return false;
    }
    if (!pem_format_key(keys->keys[0], &key, err))
        return false;
    pair->certificate = take(&certificate.data);
    pair->key = take(&key.data);
    return true;
}

static struct keypair *prove(const struct half *certificate,
                             const struct half *key, time_t now,
                             struct error *err)
{
    auto_keypair struct keypair *pair = calloc(1, sizeof(*pair));
    auto_pem struct pem chain = { 0 }, keys = { 0 };

    if (!pair) {
        (void)error_no_memory(err);
        return NULL;
    }
    if (!load(certificate, &chain, err) ||
        !prove_chain(&chain, certificate->path, err) ||
        !prove_validity(chain.certificates[0], certificate->path, now, pair,
                        err) ||
        !prove_leaf(chain.certificates[0], certificate->path, err) ||
        !load(key, &keys, err) ||
        !prove_key(&keys, key->path, &chain, certificate->path, err) ||
        !export(&chain, &keys, pair, err))
        return NULL;
    return take(&pair);
}

struct keypair *keypair_load(const char *certificate_path, const char *key_path,
                             time_t now, struct error *err)
{
    const struct half certificate = { .path = certificate_path };
    const struct half key = { .path = key_path };

    return prove(&certificate, &key, now, err);
}

struct keypair *keypair_parse(const char *certificate, const char *key,
                              time_t now, struct error *err)
{
    const struct half certificate_half = { "tls.crt", text_of(certificate) };
    const struct half key_half = { "tls.key", text_of(key) };

    return prove(&certificate_half, &key_half, now, err);
}

void keypair_free(struct keypair *pair)
{
    if (!pair)
        return;
    if (pair->key)
        OPENSSL_cleanse(pair->key, strlen(pair->key));
    free(pair->key);
    free(pair->certificate);
    free(pair);
}
