/* credentials.c - see credentials.h for the contract. */
#include "spillway/credentials.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "spillway/keypair.h"

struct credentials {
    atomic_uint references;
    gnutls_certificate_credentials_t pair;
    time_t not_after;
};

static gnutls_datum_t datum_of(char *pem)
{
    return (gnutls_datum_t){ (unsigned char *)pem, (unsigned)strlen(pem) };
}

static bool fill(struct credentials *credentials, const struct keypair *pair,
                 struct error *err)
{
    const gnutls_datum_t certificate = datum_of(pair->certificate);
    const gnutls_datum_t key = datum_of(pair->key);
    int code = gnutls_certificate_allocate_credentials(&credentials->pair);

    if (code != GNUTLS_E_SUCCESS)
        return error_no_memory(err);
    code = gnutls_certificate_set_x509_key_mem2(
        credentials->pair, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
    if (code == GNUTLS_E_MEMORY_ERROR)
        return error_no_memory(err);
    if (code < 0)
        return error_set(err, ERROR_INVALID,
                         "GnuTLS cannot serve with this certificate and key: "
                         "%s",
                         gnutls_strerror(code));
    return true;
}

struct credentials *credentials_new(const struct keypair *pair,
                                    struct error *err)
{
    auto_credentials struct credentials *credentials =
        calloc(1, sizeof(*credentials));

    if (!credentials) {
        (void)error_no_memory(err);
        return NULL;
    }
    atomic_init(&credentials->references, 1);
    credentials->not_after = pair->not_after;
    return fill(credentials, pair, err) ? take(&credentials) : NULL;
}

time_t credentials_not_after(const struct credentials *credentials)
{
    return credentials->not_after;
}

bool credentials_use(const struct credentials *credentials,
                     gnutls_session_t session)
{
    return gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
                                  credentials->pair) == GNUTLS_E_SUCCESS;
}

struct credentials *credentials_get(struct credentials *credentials)
{
    atomic_fetch_add_explicit(&credentials->references, 1,
                              memory_order_relaxed);
    return credentials;
}

void credentials_free(struct credentials *credentials)
{
    if (!credentials || atomic_fetch_sub(&credentials->references, 1) > 1)
        return;
    if (credentials->pair)
        gnutls_certificate_free_credentials(credentials->pair);
    free(credentials);
}
