/* openssl.c - see openssl.h for the contract. */
#include "spillway/openssl.h"

#include <openssl/err.h>

#include "spillway/buf.h"

bool openssl_fail(struct error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return error_set(err, ERROR_SYSTEM, "%s: %s", what,
                     reason ? reason : "OpenSSL gives no reason");
}

void openssl_drain(BIO *bio, struct buf *out)
{
    char *data;
    long len = BIO_get_mem_data(bio, &data);

    buf_add(out, data, len > 0 ? (size_t)len : 0);
}
