/* answer.c - see answer.h for the contract. */
#include "spillway/answer.h"

#include <cjson/cJSON.h>

#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"

static bool add_header(struct MHD_Response *response, const char *name,
                       const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response,
                        const struct answer *answer)
{
    return add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                      answer->content_type) &&
           (!answer->allow ||
            add_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow)) &&
           (!answer->retry ||
            add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1")) &&
           (!answer->close ||
            add_header(response, MHD_HTTP_HEADER_CONNECTION, "close"));
}

enum MHD_Result answer_send(struct MHD_Connection *connection,
                            const struct answer *answer)
{
    enum MHD_Result queued = MHD_NO;
    /* The library copies, but its parameter is not const. */
    const union {
        const char *data;
        void *buffer;
    } body = { answer->body.data };
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.len, body.buffer, MHD_RESPMEM_MUST_COPY);

    if (!response)
        return MHD_NO;
    if (add_headers(response, answer))
        queued = MHD_queue_response(connection, answer->code, response);
    MHD_destroy_response(response);
    return queued;
}

/* What k8s.io/apimachinery calls it (metav1.StatusReason).  It has no names
 * for 411 and 417, which are bad requests of a kind. */
static const char *reason_of(unsigned code)
{
    switch (code) {
    case 403:
        return "Forbidden";
    case 404:
        return "NotFound";
    case 405:
        return "MethodNotAllowed";
    case 413:
        return "RequestEntityTooLarge";
    case 415:
        return "UnsupportedMediaType";
    case 500:
        return "InternalError";
    case 503:
        return "ServiceUnavailable";
    default:
        return "BadRequest";
    }
}

/* Members that could not be added for want of memory are missing; a Status
 * without them still says what went wrong. */
static char *status_text(unsigned code, const char *quoted_message)
{
    cJSON *status = cJSON_CreateObject();
    char *text;

    (void)cJSON_AddStringToObject(status, "kind", "Status");
    (void)cJSON_AddStringToObject(status, "apiVersion", "v1");
    (void)cJSON_AddObjectToObject(status, "metadata");
    (void)cJSON_AddStringToObject(status, "status", "Failure");
    (void)cJSON_AddRawToObject(status, "message", quoted_message);
    (void)cJSON_AddStringToObject(status, "reason", reason_of(code));
    (void)cJSON_AddNumberToObject(status, "code", code);
    text = status ? cJSON_PrintUnformatted(status) : NULL;
    cJSON_Delete(status);
    return text;
}

enum MHD_Result answer_status(struct MHD_Connection *connection,
                              const struct answer *answer, const char *message)
{
    auto_buf struct buf quoted = { 0 };
    struct answer whole = *answer;
    char *text = NULL;
    enum MHD_Result queued;

    /* cJSON would pass on bytes that are not UTF-8. */
    json_write_string(&quoted, text_of(message));
    if (!quoted.failed)
        text = status_text(answer->code, quoted.data);
    whole.content_type = "application/json";
    whole.body = text_of(text);
    queued = answer_send(connection, &whole);
    cJSON_free(text);
    return queued;
}
