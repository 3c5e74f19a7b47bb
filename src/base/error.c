/* error.c - see error.h for the contract. */
#include "spillway/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void error_record(struct error *err, enum error_kind kind, const char *fmt, ...)
{
    va_list ap;

    err->kind = kind;
    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);
}

void error_add_context(struct error *err, const char *fmt, ...)
{
    const struct error inner = *err;
    va_list ap;
    size_t used;

    va_start(ap, fmt);
    (void)vsnprintf(err->text, sizeof(err->text), fmt, ap);
    va_end(ap);

    /* Truncation is fine: the context in front is what matters most. */
    used = strlen(err->text);
    (void)snprintf(err->text + used, sizeof(err->text) - used, ": %.*s",
                   (int)(sizeof(err->text) - used), inner.text);
}
