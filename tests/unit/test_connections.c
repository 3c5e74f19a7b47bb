/* test_connections.c - deadlines, on a clock that the test turns. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "spillway/connections.h"
#include "spillway/macros.h"

struct fixture {
    struct connections *table;
    int ours[3], theirs[3]; /* ends of socket pairs */
    int event_fd;
};

/* Two ends of a TCP connection. */
static void connect_pair(int *ours, int *theirs)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(address);
    int port = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(port, (const struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(port, 1), 0);
    assert_int_equal(getsockname(port, (struct sockaddr *)&address, &len), 0);
    *theirs = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(*theirs, (const struct sockaddr *)&address, len),
                     0);
    *ours = accept4(port, NULL, NULL, SOCK_NONBLOCK);
    assert_true(*ours >= 0);
    (void)close(port);
}

static int setup(void **state)
{
    static const struct connections_limits limits = { 3, 100, 1000, 300 };
    struct fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    f->table = connections_new(&limits);
    assert_non_null(f->table);
    for (size_t i = 0; i < array_len(f->ours); i++)
        connect_pair(&f->ours[i], &f->theirs[i]);
    f->event_fd = eventfd(0, EFD_NONBLOCK);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    connections_free(f->table);
    for (size_t i = 0; i < array_len(f->ours); i++) {
        (void)close(f->ours[i]);
        (void)close(f->theirs[i]);
    }
    (void)close(f->event_fd);
    free(f);
    return 0;
}

static struct connection *open_one(struct fixture *f, size_t i, long long now)
{
    assert_true(connections_add(f->table, f->ours[i], now));
    return connections_start(f->table, f->ours[i], CONNECTION_HANDSHAKE);
}

/* True when our end was shut down; that is known at once on the loopback. */
static bool was_shut(int their_end)
{
    char byte;

    return recv(their_end, &byte, 1, MSG_DONTWAIT) == 0;
}

/* The kernel tells the other end of a closed connection in its own time. */
static void wait_for_reset(int their_end)
{
    struct pollfd fd = { .fd = their_end };

    while (send(their_end, "x", 1, MSG_NOSIGNAL) == 1)
        assert_true(poll(&fd, 1, 60000) > 0);
}

static void test_states(void **state)
{
    static const struct {
        enum connection_state state;
        long long limit;
    } rows[] = {
        { CONNECTION_HANDSHAKE, 100 },
        { CONNECTION_IDLE, 1000 },
        { CONNECTION_REQUEST, 300 },
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < array_len(rows); i++) {
        struct connection *c = open_one(f, i, 0);

        connection_enter(c, rows[i].state, 0);
        (void)connections_sweep(f->table, rows[i].limit - 1);
        assert_false(was_shut(f->theirs[i]));
        (void)connections_sweep(f->table, rows[i].limit);
        assert_true(was_shut(f->theirs[i]));
        connections_remove(f->table, f->ours[i]);
    }
}

static void test_waiting_for_the_library(void **state)
{
    struct fixture *f = *state;

    assert_true(connections_add(f->table, f->ours[0], 0));
    (void)connections_sweep(f->table, 100000);
    assert_false(was_shut(f->theirs[0]));
    assert_non_null(
        connections_start(f->table, f->ours[0], CONNECTION_HANDSHAKE));
    /* The handshake counts from accept all the same. */
    (void)connections_sweep(f->table, 100000);
    assert_true(was_shut(f->theirs[0]));
}

static void test_same_state_keeps_its_time(void **state)
{
    struct fixture *f = *state;
    struct connection *c = open_one(f, 0, 0);

    connection_enter(c, CONNECTION_REQUEST, 0);
    connection_enter(c, CONNECTION_REQUEST, 200);
    (void)connections_sweep(f->table, 300);
    assert_true(was_shut(f->theirs[0]));
}

static void test_new_state_starts_anew(void **state)
{
    struct fixture *f = *state;
    struct connection *c = open_one(f, 0, 0);

    connection_enter(c, CONNECTION_REQUEST, 0);
    connection_enter(c, CONNECTION_IDLE, 250);
    connection_enter(c, CONNECTION_REQUEST, 250);
    (void)connections_sweep(f->table, 549);
    assert_false(was_shut(f->theirs[0]));
    (void)connections_sweep(f->table, 550);
    assert_true(was_shut(f->theirs[0]));
}

static void test_next_sweep(void **state)
{
    struct fixture *f = *state;
    struct connection *c = open_one(f, 0, 0);

    assert_int_equal(connections_sweep(f->table, 30), 70);
    connection_enter(c, CONNECTION_IDLE, 30);
    /* The shortest limit: a new connection may be due then. */
    assert_int_equal(connections_sweep(f->table, 40), 100);
    assert_int_equal(connections_sweep(f->table, 1000), 30);
}

static void test_limit(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++)
        assert_true(connections_add(f->table, f->ours[i], 0));
    assert_false(connections_add(f->table, f->theirs[0], 0));
    connections_remove(f->table, f->ours[1]);
    assert_true(connections_add(f->table, f->theirs[0], 0));
}

static void test_reused_descriptor(void **state)
{
    struct fixture *f = *state;

    /* The library dropped it without telling; the kernel gave it out again. */
    for (int i = 0; i < 10; i++)
        assert_true(connections_add(f->table, f->ours[0], i));
    assert_int_equal(connections_busy(f->table), 1);
}

static void test_quiet(void **state)
{
    struct fixture *f = *state;
    struct connection *c = open_one(f, 0, 0);
    uint64_t events;

    assert_int_equal(connections_busy(f->table), 1);
    connections_notify(f->table, f->event_fd);
    assert_int_equal(read(f->event_fd, &events, sizeof(events)), -1);
    connection_enter(c, CONNECTION_IDLE, 0);
    assert_int_equal(read(f->event_fd, &events, sizeof(events)), 8);
    connection_enter(c, CONNECTION_REQUEST, 0);
    assert_int_equal(connections_busy(f->table), 1);
    /* What is cut is not in flight any more. */
    (void)connections_sweep(f->table, 300);
    assert_int_equal(connections_busy(f->table), 0);
    assert_int_equal(read(f->event_fd, &events, sizeof(events)), 8);
}

static void test_linger(void **state)
{
    struct fixture *f = *state;

    (void)open_one(f, 0, 0);
    connections_wake(f->table, f->event_fd);
    connections_linger(f->table, f->ours[0], 0);
    /* Whoever sweeps is told; the library closes its descriptor. */
    assert_int_equal(read(f->event_fd, &(uint64_t){ 0 }, 8), 8);
    (void)close(f->ours[0]);
    f->ours[0] = -1;
    assert_true(was_shut(f->theirs[0])); /* for what we would write */
    for (int i = 0; i < 100; i++) {
        char bytes[1000] = { 0 };

        assert_int_equal(send(f->theirs[0], bytes, sizeof(bytes), MSG_NOSIGNAL),
                         sizeof(bytes));
        (void)connections_sweep(f->table, i);
    }
    assert_int_equal(connections_busy(f->table), 1);
    (void)shutdown(f->theirs[0], SHUT_WR);
    (void)connections_sweep(f->table, 100);
    assert_int_equal(connections_busy(f->table), 0);
}

static void test_linger_ends(void **state)
{
    struct fixture *f = *state;

    (void)open_one(f, 0, 0);
    connections_linger(f->table, f->ours[0], 0);
    (void)close(f->ours[0]);
    f->ours[0] = -1;
    (void)connections_sweep(f->table, 1999);
    assert_int_equal(connections_busy(f->table), 1);
    (void)connections_sweep(f->table, 2000);
    assert_int_equal(connections_busy(f->table), 0);
    wait_for_reset(f->theirs[0]);
}

#define ROW(name, function)                                                    \
    {                                                                          \
        name, function, setup, teardown, NULL                                  \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW("each state has its limit, to the millisecond", test_states),
        ROW("nothing is shut before the library has it",
            test_waiting_for_the_library),
        ROW("the same state again keeps its time",
            test_same_state_keeps_its_time),
        ROW("another state starts anew", test_new_state_starts_anew),
        ROW("a sweep says when the next is due", test_next_sweep),
        ROW("a full table takes no more", test_limit),
        ROW("a reused descriptor replaces its entry", test_reused_descriptor),
        ROW("quiet is told when the last request ends", test_quiet),
        ROW("lingering reads to the end", test_linger),
        ROW("lingering has an end", test_linger_ends),
    };

    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
