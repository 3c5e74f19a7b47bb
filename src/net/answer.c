/* answer.c - see answer.h for the contract. */
#include "spillway/answer.h"

#include <cjson/cJSON.h>

#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/macros.h"
#include "spillway/peer.h"
#include "spillway/transport.h"

static bool add_header(struct MHD_Response *response, const char *name,
                       const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool add_headers(struct MHD_Response *response,
                        const struct answer *answer)
{
    return (!answer->allow ||
            add_header(response, MHD_HTTP_HEADER_ALLOW, answer->allow)) &&
           (!answer->retry ||
            add_header(response, MHD_HTTP_HEADER_RETRY_AFTER, "1")) &&
           (!answer->close ||
            add_header(response, MHD_HTTP_HEADER_CONNECTION, "close"));
}

struct MHD_Response *answer_prepare(const struct answer *answer)
{
    /* The library copies, but its parameter is not const. */
    const union {
        const char *data;
        void *buffer;
    } body = { answer->body.data };
    struct MHD_Response *response = MHD_create_response_from_buffer(
        answer->body.len, body.buffer, MHD_RESPMEM_MUST_COPY);

    if (response && !add_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                answer->content_type)) {
        MHD_destroy_response(response);
        return NULL;
    }
    return response;
}

enum MHD_Result answer_queue(struct MHD_Connection *connection,
                             const struct answer *answer,
                             struct MHD_Response *response)
{
    enum MHD_Result queued = MHD_NO;
    struct peer *peer = peer_of(connection);

    if (!response)
        return MHD_NO;
    if (peer && answer->body.len > 0)
        transport_gather(peer_transport(peer));
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

struct MHD_Response *answer_prepare_status(const struct answer *answer,
                                           const char *message)
{
    auto_buf struct buf quoted = { 0 };
    struct answer whole = *answer;
    struct MHD_Response *response;
    char *text = NULL;

    /* cJSON would pass on bytes that are not UTF-8. */
    json_write_string(&quoted, text_of(message));
    if (!quoted.failed)
        text = status_text(answer->code, quoted.data);
    whole.content_type = "application/json";
    whole.body = text_of(text);
    response = answer_prepare(&whole);
    cJSON_free(text);
    return response;
}
