/* attack.c - see attack.h for the contract. */
#include "attack.h"

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"
#include "spillway/buf.h"
#include "spillway/macros.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

enum {
    USUAL_ROUNDS = 20,
    UNUSUAL = 20,         /* times as long is still usual */
    SPARE_MS = 5000,      /* and so much, for a machine that has to do */
    SPARE_KB = 16 * 1024, /* of memory: what allocators keep */
};

#define REVIEW                                                                 \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\","    \
    "\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"\",\"version\":\"v1\","  \
    "\"kind\":\"Pod\"},\"operation\":\"CREATE\",\"namespace\":"                \
    "\"istio-system\",\"object\":{\"metadata\":{\"generateName\":\"gw-\","     \
    "\"labels\":{\"istio\":\"ingressgateway\"}},\"spec\":{\"containers\":["    \
    "{\"name\":\"istio-proxy\"}]}}}}"

struct server_process attacked;

static long long usual_ms;
static size_t descriptors;
static long memory_kb;
static double decided_before;

static double decided(void)
{
    return admin_metric(&attacked, "spillway_admission_duration_seconds_count");
}

/* How long a good request takes, a new connection included. */
static long long good_request_ms(void)
{
    long long start_ms = clock_ms();
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };

    client_open(&client, &attacked);
    client_post_review(&client, &reply);
    assert_int_equal(reply.status, 200);
    assert_non_null(strstr(reply.body, "\"patchType\":\"JSONPatch\""));
    return clock_ms() - start_ms;
}

int attack_begin(void **state)
{
    (void)state;
    server_start(&attacked,
                 (const char *const[]){
                     "--handshake-timeout", "1.5s", "--request-timeout", "1.5s",
                     "--idle-timeout", "1.5s", "--max-body", "1Mi", NULL });
    for (int i = 0; i < USUAL_ROUNDS; i++) {
        long long ms = good_request_ms();

        usual_ms = ms > usual_ms ? ms : usual_ms;
    }
    return 0;
}

int attack_end(void **state)
{
    (void)state;
    return server_stop(&attacked);
}

/* Until nothing is left of what was before. */
static void wait_still(void)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (admin_metric(&attacked, "spillway_connections") > 0) {
        if (clock_ms() > end_ms)
            fail_msg("connections are left over");
        pause_briefly();
    }
}

int attack_before(void **state)
{
    (void)state;
    wait_still();
    if (descriptors == 0) {
        descriptors = server_descriptors(&attacked);
        memory_kb = server_memory_kb(&attacked, "RssAnon:");
    }
    decided_before = decided();
    return 0;
}

int attack_decided(void)
{
    return (int)(decided() - decided_before);
}

int attack_after(void **state)
{
    long long end_ms = clock_ms() + PATIENCE_MS, ms = good_request_ms();

    (void)state;
    if (ms > UNUSUAL * usual_ms + SPARE_MS)
        fail_msg("a good request takes %lld ms, and %lld ms usually", ms,
                 usual_ms);
    wait_still();
    while (server_descriptors(&attacked) > descriptors) {
        if (clock_ms() > end_ms)
            fail_msg("%zu descriptors, before there were %zu",
                     server_descriptors(&attacked), descriptors);
        pause_briefly();
    }
    while (!IS_SANITIZED &&
           server_memory_kb(&attacked, "RssAnon:") > memory_kb + SPARE_KB) {
        if (clock_ms() > end_ms)
            fail_msg("%ld KB of memory, before there were %ld",
                     server_memory_kb(&attacked, "RssAnon:"), memory_kb);
        pause_briefly();
    }
    return 0;
}

char *attack_expand(const char *text, size_t *len)
{
    struct buf out = { 0 };

    for (const char *at = text; *at; at++) {
        if (*at != '$') {
            buf_add_char(&out, *at);
            continue;
        }
        switch (*++at) {
        case 'R':
            buf_add_string(&out, REVIEW);
            break;
        case 'L':
            buf_printf(&out, "%zu", strlen(REVIEW));
            break;
        case 'X':
            buf_printf(&out, "%zx", strlen(REVIEW));
            break;
        case 'Z':
            buf_printf(&out, "%01000d", 0);
            break;
        case 'N':
            buf_add_char(&out, '\0');
            break;
        default:
            fail_msg("no such placeholder: $%c", *at);
        }
    }
    *len = out.len;
    return out.data;
}

void attack_reset_on_close(int fd)
{
    const struct linger now = { 1, 0 };

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
                     0);
}
