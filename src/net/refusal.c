/* refusal.c - see refusal.h for the contract. */
#include "spillway/refusal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "spillway/macros.h"
#include "spillway/text.h"

static bool printf_like(3, 4)
    refuse(struct refusal *refusal, unsigned code, const char *fmt, ...)
{
    va_list ap;

    refusal->code = code;
    refusal->allow = NULL;
    va_start(ap, fmt);
    (void)vsnprintf(refusal->message, sizeof(refusal->message), fmt, ap);
    va_end(ap);
    return true;
}

/* RFC 9112, sections 3.2 and 6: the way requests are smuggled. */
bool refusal_find_framing(const struct request_head *head,
                          struct refusal *refusal)
{
    bool is_1_0 = strcmp(head->version, "HTTP/1.0") == 0;

    if (head->is_malformed)
        return refuse(refusal, 400, "a malformed header");
    if (head->n_transfer_encodings && head->n_content_lengths)
        return refuse(refusal, 400,
                      "Transfer-Encoding and Content-Length in one request");
    if (head->n_content_lengths > 1)
        return refuse(refusal, 400, "more than one Content-Length");
    if (head->n_hosts > 1)
        return refuse(refusal, 400, "more than one Host");
    if (head->n_hosts == 0 && !is_1_0)
        return refuse(refusal, 400, "no Host");
    if (head->n_transfer_encodings > 1 ||
        (head->n_transfer_encodings &&
         strcasecmp(head->transfer_encoding, "chunked") != 0))
        return refuse(refusal, 400, "Transfer-Encoding other than chunked");
    if (head->n_transfer_encodings && is_1_0)
        return refuse(refusal, 400, "Transfer-Encoding in HTTP/1.0");
    return false;
}

/* "application/json", in any case, with or without parameters. */
static bool is_json(const char *type)
{
    static const char json[] = "application/json";
    const char *rest = type + sizeof(json) - 1;

    if (strncasecmp(type, json, sizeof(json) - 1) != 0)
        return false;
    rest += strspn(rest, " \t");
    return *rest == '\0' || *rest == ';';
}

static bool find_media_type(const struct request_head *head,
                            struct refusal *refusal)
{
    if (head->has_content_encoding)
        return refuse(refusal, 415,
                      "Content-Encoding is not supported; send the review as "
                      "it is");
    if (head->n_content_types != 1 || !is_json(head->content_type))
        return refuse(refusal, 415, "Content-Type must be application/json");
    return false;
}

static bool is_number(const char *text)
{
    const char *at = text;

    while (*at >= '0' && *at <= '9')
        at++;
    return at > text && *at == '\0';
}

static bool find_length(const struct request_head *head, size_t max_body,
                        size_t *length, struct refusal *refusal)
{
    long long value = 0;

    *length = 0;
    if (head->n_transfer_encodings)
        return false;
    if (!head->n_content_lengths)
        return refuse(refusal, 411,
                      "neither Content-Length nor Transfer-Encoding: chunked");
    if (is_number(head->content_length)) {
        if (!text_parse_integer(text_of(head->content_length), &value) ||
            (unsigned long long)value > max_body) {
            refusal_too_big(max_body, refusal);
            return true;
        }
        *length = (size_t)value;
        return false;
    }
    return refuse(refusal, 400, "Content-Length is not a number");
}

bool refusal_find(const struct request_head *head, const char *path,
                  size_t max_body, size_t *length, struct refusal *refusal)
{
    /* The path may be all that keeps strangers out: it is not told. */
    if (strcmp(head->path, path) != 0)
        return refuse(refusal, 404, "no such path");
    if (strcmp(head->method, "POST") != 0) {
        (void)refuse(refusal, 405, "reviews are sent with POST");
        refusal->allow = "POST";
        return true;
    }
    if (find_media_type(head, refusal))
        return true;
    if (head->expect && strcasecmp(head->expect, "100-continue") != 0)
        return refuse(refusal, 417, "Expect must be 100-continue");
    return find_length(head, max_body, length, refusal);
}

bool refusal_ends_connection(const struct request_head *head,
                             const struct refusal *refusal)
{
    bool has_body =
        head->n_transfer_encodings ||
        (head->content_length && strcmp(head->content_length, "0") != 0);

    return refusal->code == 400 || refusal->code == 403 ||
           refusal->code == 503 || has_body;
}

void refusal_too_big(size_t max_body, struct refusal *refusal)
{
    (void)refuse(refusal, 413, "the review is larger than %zu bytes", max_body);
}

void refusal_forbidden(const char *why, struct refusal *refusal)
{
    (void)refuse(refusal, 403, "%s", why);
}

void refusal_overloaded(struct refusal *refusal)
{
    (void)refuse(refusal, 503,
                 "the webhook is busy: too many bytes of reviews in flight");
}
