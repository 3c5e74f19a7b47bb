/* admin.c - see admin.h for the contract. */
#include "spillway/admin.h"

#include <string.h>

#include <cjson/cJSON.h>
#include <gnutls/gnutls.h>

#include "spillway/answer.h"
#include "spillway/buf.h"
#include "spillway/macros.h"
#include "spillway/metrics.h"
#include "spillway/policy.h"
#include "spillway/reload.h"
#include "spillway/server.h"
#include "spillway/snapshot.h"
#include "spillway/version.h"

static unsigned show_health(const struct admin *admin, bool verbose,
                            struct buf *out)
{
    (void)admin;
    (void)verbose;
    buf_add_string(out, "ok\n");
    return MHD_HTTP_OK;
}

/* Laid out as kube-apiserver's own /readyz?verbose. */
static unsigned show_readiness(const struct admin *admin, bool verbose,
                               struct buf *out)
{
    bool draining = atomic_load(admin->draining);

    if (verbose) {
        reload_describe(admin->reload, out);
        buf_add_string(out, draining ? "[-]shutdown failed: draining\n"
                                     : "[+]shutdown ok\n");
    }
    if (draining)
        buf_add_string(out, verbose ? "readyz check failed\n" : "draining\n");
    else
        buf_add_string(out, verbose ? "readyz check passed\n" : "ok\n");
    return draining ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
}

static unsigned show_metrics(const struct admin *admin, bool verbose,
                             struct buf *out)
{
    auto_snapshot struct snapshot *now = snapshots_now(admin->snapshots);

    (void)verbose;
    metrics_write(out, policy_set_digest(now->policy));
    return MHD_HTTP_OK;
}

static unsigned show_version(const struct admin *admin, bool verbose,
                             struct buf *out)
{
    cJSON *version = cJSON_CreateObject();
    char *text = NULL;

    (void)admin;
    (void)verbose;
    if (cJSON_AddStringToObject(version, "version", SPILLWAY_VERSION) &&
        cJSON_AddStringToObject(version, "libmicrohttpd", MHD_get_version()) &&
        cJSON_AddStringToObject(version, "gnutls", gnutls_check_version(NULL)))
        text = cJSON_PrintUnformatted(version);
    cJSON_Delete(version);
    if (!text)
        return MHD_HTTP_INTERNAL_SERVER_ERROR;
    buf_printf(out, "%s\n", text);
    cJSON_free(text);
    return MHD_HTTP_OK;
}

static unsigned show_policy(const struct admin *admin, bool verbose,
                            struct buf *out)
{
    auto_snapshot struct snapshot *now = snapshots_now(admin->snapshots);

    (void)verbose;
    buf_add_text(out, policy_set_text(now->policy));
    return MHD_HTTP_OK;
}

static const struct route {
    const char *path, *content_type;
    unsigned (*show)(const struct admin *admin, bool verbose, struct buf *out);
} routes[] = {
    { "/healthz", "text/plain; charset=utf-8", show_health },
    { "/readyz", "text/plain; charset=utf-8", show_readiness },
    { "/metrics", "text/plain; version=0.0.4; charset=utf-8", show_metrics },
    { "/version", "application/json", show_version },
    { "/policy", "application/yaml", show_policy },
};

static const struct route *find_route(const char *path)
{
    for (size_t i = 0; i < array_len(routes); i++) {
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    }
    return NULL;
}

static enum MHD_Result send_text(struct MHD_Connection *connection,
                                 unsigned code, const char *allow,
                                 const char *text)
{
    const struct answer answer = {
        .code = code,
        .content_type = "text/plain; charset=utf-8",
        .body = text_of(text),
        .allow = allow,
    };

    return answer_queue(connection, &answer, answer_prepare(&answer));
}

static bool wants_verbose(struct MHD_Connection *connection)
{
    return MHD_lookup_connection_value_n(connection, MHD_GET_ARGUMENT_KIND,
                                         "verbose", strlen("verbose"), NULL,
                                         NULL) == MHD_YES;
}

static enum MHD_Result admin_head(void *context, void *request,
                                  struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version)
{
    (void)context;
    (void)request;
    (void)connection;
    (void)url;
    (void)method;
    (void)version;
    return MHD_YES;
}

static void admin_body(void *context, void *request,
                       struct MHD_Connection *connection, const char *data,
                       size_t size)
{
    (void)context;
    (void)request;
    (void)connection;
    (void)data;
    (void)size;
}

static enum MHD_Result admin_answer(void *context, void *request,
                                    struct MHD_Connection *connection,
                                    const char *url, const char *method)
{
    const struct admin *admin = context;
    const struct route *route = find_route(url);
    auto_buf struct buf body = { 0 };
    struct answer answer = { 0 };

    (void)request;
    if (!route)
        return send_text(connection, MHD_HTTP_NOT_FOUND, NULL,
                         "not found; there are /healthz /readyz /metrics "
                         "/version /policy\n");
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "GET, HEAD",
                         "only GET and HEAD\n");
    answer.code = route->show(admin, wants_verbose(connection), &body);
    if (body.failed)
        return MHD_NO;
    answer.content_type = route->content_type;
    answer.body = buf_text(&body);
    return answer_queue(connection, &answer, answer_prepare(&answer));
}

static void admin_end(void *context, void *request, unsigned status,
                      long long elapsed_ms)
{
    (void)elapsed_ms;
    (void)context;
    (void)request;
    (void)status;
}

const struct server_handler admin_handler = {
    .head = admin_head,
    .body = admin_body,
    .answer = admin_answer,
    .end = admin_end,
};
