/*
 * null.c - the ceiling: a server that does nothing but send a fixed answer.
 *
 * null PORT THREADS CERTIFICATE KEY ANSWER
 *     HTTPS on loopback with the library, the flags, the pool and the limits
 *     of the real server; the body of each request is read and forgotten, and
 *     the bytes of the file ANSWER are sent.  Says "ready" once it listens, and
 *     ends when its standard input does.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/macros.h"

enum { CONNECTIONS = 1200, CONNECTION_MEMORY = 32 * 1024 };

static enum MHD_Result on_request(void *context,
                                  struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **state)
{
    static int begun;

    (void)url;
    (void)method;
    (void)version;
    (void)data;
    if (!*state) {
        *state = &begun;
        return MHD_YES;
    }
    if (*size) {
        *size = 0;
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, context);
}

static char *read_text(const char *path)
{
    struct buf bytes = { 0 };
    struct error err = { 0 };

    if (!file_read(path, SIZE_MAX, &bytes, &err)) {
        fprintf(stderr, "null: %s\n", err.text);
        exit(1);
    }
    return bytes.data;
}

int main(int argc, char **argv)
{
    static const char priorities[] =
        "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
        ":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
        ":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
        ":-MAC-ALL:+AEAD:%SERVER_PRECEDENCE";
    struct sockaddr_in at = { .sin_family = AF_INET };
    struct MHD_Response *response;
    struct MHD_Daemon *daemon;
    unsigned threads;
    char *answer, byte;

    if (argc != 6) {
        fputs("usage: null PORT THREADS CERTIFICATE KEY ANSWER\n", stderr);
        return 2;
    }
    at.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    threads = (unsigned)strtoul(argv[2], NULL, 10);
    answer = read_text(argv[5]);
    response = MHD_create_response_from_buffer(strlen(answer), answer,
                                               MHD_RESPMEM_PERSISTENT);
    (void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                  "application/json");
    daemon = MHD_start_daemon(
        MHD_USE_ITC | MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS, 0, NULL, NULL,
        on_request, response, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_HTTPS_MEM_CERT, read_text(argv[3]), MHD_OPTION_HTTPS_MEM_KEY,
        read_text(argv[4]), MHD_OPTION_HTTPS_PRIORITIES, priorities,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS * threads,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, threads,
        MHD_OPTION_END);
    if (!response || !daemon) {
        fputs("null: libmicrohttpd does not start\n", stderr);
        return 1;
    }
    puts("ready");
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    MHD_stop_daemon(daemon);
    MHD_destroy_response(response);
    return 0;
}
