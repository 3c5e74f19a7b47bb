/* openssl.c - see openssl.h for the contract. */
#include "spillway/openssl.h"

#include <openssl/err.h>

bool openssl_fail(struct error *err, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return error_set(err, ERROR_SYSTEM, "%s: %s", what,
                     reason ? reason : "OpenSSL gives no reason");
}
