/*
 * null.c - the ceiling: a server that does nothing but send a fixed answer.
 *
 * null PORT THREADS CERTIFICATE KEY ANSWER [echo]
 *     HTTPS on loopback with the library, the flags, the pool and the limits
 *     of the real server; the body of each request is read and forgotten, and
 *     the bytes of the file ANSWER are sent.  Ends when its standard input
 *     does.  With `echo` the answer has the uid of the request in place of its
 *     own, without which kube-apiserver would not take it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "process.h"
#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/server.h"

enum {
    CONNECTIONS = 1200,
    UID_LEN = 36,
};

static const char uid_key[] = "\"uid\":\"";

static struct {
    char *text;
    struct MHD_Response *response;
    bool echoes;
} answer;

/* A request: what is to be answered, if that is something of its own. */
struct request {
    char uid[UID_LEN + 1];
};

static struct MHD_Response *make_response(char *text)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), text, MHD_RESPMEM_MUST_COPY);

    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  "application/json");
    return response;
}

static enum MHD_Result echo(struct MHD_Connection *connection,
                            const struct request *request)
{
    char *text = strdup(answer.text);
    char *at = text ? strstr(text, uid_key) : NULL;
    struct MHD_Response *response;
    enum MHD_Result queued;

    if (!at)
        return MHD_NO;
    memcpy(at + strlen(uid_key), request->uid, UID_LEN);
    response = make_response(text);
    queued = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    free(text);
    return queued;
}

/* The request's own uid is the first in a review. */
static void note_uid(struct request *request, const char *data, size_t size)
{
    const char *at = memmem(data, size, uid_key, strlen(uid_key));

    if (at && !*request->uid &&
        (size_t)(data + size - at) > strlen(uid_key) + UID_LEN)
        memcpy(request->uid, at + strlen(uid_key), UID_LEN);
}

static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **state)
{
    static struct request nothing;

    (void)context;
    (void)url;
    (void)method;
    (void)version;
    if (!*state) {
        *state = answer.echoes ? calloc(1, sizeof(nothing)) : &nothing;
        return *state ? MHD_YES : MHD_NO;
    }
    if (*size) {
        if (answer.echoes)
            note_uid(*state, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return answer.echoes
               ? echo(connection, *state)
               : MHD_queue_response(connection, MHD_HTTP_OK, answer.response);
}

static void on_completed(void *context, struct MHD_Connection *connection,
                         void **state, enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    if (answer.echoes)
        free(*state);
}

static char *read_text(const char *path)
{
    struct buf bytes = { 0 };
    struct error err = { 0 };

    if (!file_read(path, SIZE_MAX, &bytes, &err))
        die("null: %s", err.text);
    return bytes.data;
}

static struct MHD_Daemon *start(char **words)
{
    unsigned threads = (unsigned)strtoul(words[2], NULL, 10);
    struct sockaddr_in at = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(words[1], NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };

    return MHD_start_daemon(
        MHD_USE_ITC | MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL,
        on_request, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
        MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_HTTPS_MEM_CERT,
        read_text(words[3]), MHD_OPTION_HTTPS_MEM_KEY, read_text(words[4]),
        MHD_OPTION_HTTPS_PRIORITIES, server_priorities,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS * threads,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads,
        MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *daemon;
    char byte;

    if (argc != 6 && (argc != 7 || strcmp(argv[6], "echo") != 0))
        die("usage: null PORT THREADS CERTIFICATE KEY ANSWER [echo]");
    answer.echoes = argc == 7;
    answer.text = read_text(argv[5]);
    answer.response = make_response(answer.text);
    daemon = start(argv);
    if (!daemon)
        die("null: libmicrohttpd does not start");
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    MHD_stop_daemon(daemon);
    return 0;
}
