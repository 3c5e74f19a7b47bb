/* head.c - see head.h for the contract. */
#include "spillway/head.h"

#include <string.h>
#include <strings.h>

#include "spillway/macros.h"

/* All of it is a token (RFC 9110, section 5.6.2). */
static bool is_token(const char *text, size_t len)
{
    static const bool in_token[256] = {
        ['!'] = true,         ['#' ... '\''] = true, ['*'] = true,
        ['+'] = true,         ['-'] = true,          ['.'] = true,
        ['^' ... '`'] = true, ['|'] = true,          ['~'] = true,
        ['0' ... '9'] = true, ['A' ... 'Z'] = true,  ['a' ... 'z'] = true,
    };

    for (size_t i = 0; i < len; i++) {
        if (!in_token[(unsigned char)text[i]])
            return false;
    }
    return true;
}

/*
 * A header that the library took and others would read in another way (RFC
 * 9112, section 5): a space before the colon, a NUL in the value, and what is
 * left of a folded line, which it glues to the name ("Content-Length5").
 */
static bool is_malformed(const char *key, size_t key_len, const char *value,
                         size_t value_len)
{
    static const char *const framing[] = { "Content-Length",
                                           "Transfer-Encoding",
                                           "Content-Encoding" };

    if (!is_token(key, key_len) ||
        (value_len && memchr(value, '\0', value_len)))
        return true;
    for (size_t i = 0; i < array_len(framing); i++) {
        size_t len = strlen(framing[i]);

        if (key_len > len && strncasecmp(key, framing[i], len) == 0)
            return true;
    }
    return false;
}

static enum MHD_Result note_header(void *context, enum MHD_ValueKind kind,
                                   const char *key, size_t key_len,
                                   const char *value, size_t value_len)
{
    struct request_head *head = context;

    (void)kind;
    value = value ? value : "";
    head->is_malformed |= is_malformed(key, key_len, value, value_len);
    if (strcasecmp(key, "Host") == 0) {
        head->n_hosts++;
    } else if (strcasecmp(key, "Content-Length") == 0) {
        head->n_content_lengths++;
        head->content_length = value;
    } else if (strcasecmp(key, "Transfer-Encoding") == 0) {
        head->n_transfer_encodings++;
        head->transfer_encoding = value;
    } else if (strcasecmp(key, "Content-Type") == 0) {
        head->n_content_types++;
        head->content_type = value;
    } else if (strcasecmp(key, "Content-Encoding") == 0) {
        head->has_content_encoding = true;
    } else if (strcasecmp(key, "Expect") == 0 &&
               (!head->expect ||
                strcasecmp(head->expect, "100-continue") == 0)) {
        head->expect = value; /* the first that we do not know */
    }
    return MHD_YES;
}

void head_read(struct MHD_Connection *connection, struct request_head *head)
{
    (void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, note_header,
                                      head);
}
