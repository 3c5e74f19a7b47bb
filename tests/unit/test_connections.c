/* test_connections.c - deadlines, on a clock that the test turns. */
#include "harness.h"

#include <arpa/inet.h>
#include <fcntl.h>
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
    static const struct connections_limits limits = {
        .max = 3,
        .max_per_address = 3,
        .handshake_ms = 100,
        .idle_ms = 1000,
        .request_ms = 300,
        .age_ms = 5000,
    };
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

/* A client of its own for each number. */
static enum connections_entry add(struct fixture *f, int fd, uint32_t client,
                                  long long now)
{
    const struct sockaddr_in from = { .sin_family = AF_INET,
                                      .sin_addr = { htonl(client) } };

    return connections_add(f->table, fd, (const struct sockaddr *)&from, now);
}

static struct connection *open_one(struct fixture *f, size_t i, long long now)
{
    assert_true(connections_entered(add(f, f->ours[i], (uint32_t)i, now)));
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

    assert_int_equal(add(f, f->ours[0], 0, 0), CONNECTIONS_ENTERED);
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

/* Complete a request. */
static void serve(struct connection *c)
{
    connection_enter(c, CONNECTION_IDLE, 0);
    connection_enter(c, CONNECTION_REQUEST, 0);
    connection_serve(c);
    connection_enter(c, CONNECTION_IDLE, 0);
}

static void test_limit(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++)
        serve(open_one(f, i, 0));
    assert_int_equal(add(f, f->theirs[0], 9, 0), CONNECTIONS_FULL);
    assert_false(connections_is_jammed(f->table)); /* waiting would not help */
    for (size_t i = 0; i < 3; i++)
        assert_false(was_shut(f->theirs[i]));
    connections_remove(f->table, f->ours[1]);
    assert_int_equal(add(f, f->theirs[0], 9, 0), CONNECTIONS_ENTERED);
}

/* Which of three connections has to go for a fourth: those that have served
 * stay, and of the others the oldest goes, whatever it is doing. */
static void test_room(void **state)
{
    static const enum connection_state states[] = { CONNECTION_HANDSHAKE,
                                                    CONNECTION_IDLE,
                                                    CONNECTION_REQUEST };

    for (size_t i = 0; i < array_len(states); i++) {
        struct fixture *f = *state;
        struct connection *c;

        serve(open_one(f, 0, 0));
        c = open_one(f, 1, 5);
        connection_enter(c, states[i], 50);
        (void)open_one(f, 2, 6);
        assert_int_equal(add(f, f->theirs[0], 9, 60), CONNECTIONS_MADE_ROOM);
        assert_false(was_shut(f->theirs[2]));
        assert_true(was_shut(f->theirs[1]));
        /* It stays where it was until the library has closed it. */
        connection_enter(c, CONNECTION_IDLE, 61);
        assert_int_equal(add(f, f->theirs[1], 9, 60), CONNECTIONS_MADE_ROOM);
        assert_true(was_shut(f->theirs[2]));
        (void)teardown(state);
        (void)setup(state);
    }
}

static void test_room_before_the_library(void **state)
{
    struct fixture *f = *state;

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(add(f, f->ours[i], 0, 0), CONNECTIONS_ENTERED);
    assert_int_equal(add(f, f->theirs[0], 9, 0), CONNECTIONS_FULL);
    assert_true(connections_is_jammed(f->table));
    assert_false(connections_make_room(f->table));
    assert_non_null(
        connections_start(f->table, f->ours[1], CONNECTION_HANDSHAKE));
    assert_false(connections_is_jammed(f->table));
    assert_true(connections_make_room(f->table));
    assert_true(was_shut(f->theirs[1]));
    assert_false(was_shut(f->theirs[0]));
}

static void test_room_of_lingering(void **state)
{
    struct fixture *f = *state;

    serve(open_one(f, 0, 0));
    serve(open_one(f, 1, 0));
    (void)open_one(f, 2, 0);
    connections_linger(f->table, f->ours[2], 0);
    (void)close(f->ours[2]);
    f->ours[2] = -1;
    assert_int_equal(add(f, f->theirs[0], 9, 0), CONNECTIONS_MADE_ROOM);
    wait_for_reset(f->theirs[2]);
}

/* Shut connections that the library is slow to close do not let descriptors
 * run out. */
static void test_ending_is_bounded(void **state)
{
    struct fixture *f = *state;
    size_t most = connections_descriptors(3), entered = 0;

    for (size_t i = 0; i < most + 10; i++) {
        int fd = fcntl(f->ours[0], F_DUPFD_CLOEXEC, 100 + (int)i);

        if (connections_entered(add(f, fd, (uint32_t)i, 0))) {
            entered++;
            assert_non_null(
                connections_start(f->table, fd, CONNECTION_HANDSHAKE));
        }
        (void)close(fd);
    }
    assert_int_equal(entered, most);
    assert_true(connections_is_jammed(f->table));
}

static void test_address_limit(void **state)
{
    struct fixture *f = *state;
    int more[2];

    connect_pair(&more[0], &more[1]);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(add(f, f->ours[i], 7, 0), CONNECTIONS_ENTERED);
    assert_int_equal(add(f, f->ours[2], 7, 0), CONNECTIONS_ENTERED);
    assert_int_equal(add(f, more[0], 7, 0), CONNECTIONS_ADDRESS_FULL);
    /* Refused ones do not count, and who leaves makes room. */
    assert_int_equal(add(f, more[0], 7, 0), CONNECTIONS_ADDRESS_FULL);
    connections_remove(f->table, f->ours[0]);
    assert_int_equal(add(f, more[0], 7, 0), CONNECTIONS_ENTERED);
    (void)close(more[0]);
    (void)close(more[1]);
}

static void test_age(void **state)
{
    struct fixture *f = *state;
    long long least = 0, most = 0;

    for (int i = 0; i < 200; i++) {
        struct connection *c = open_one(f, 0, 1000);
        long long age = 0;

        while (!connection_is_aged(c, 1000 + age))
            age += 10;
        assert_true(age >= 4000 && age <= 6010);
        least = i == 0 || age < least ? age : least;
        most = age > most ? age : most;
        connections_remove(f->table, f->ours[0]);
    }
    /* They do not all go at once. */
    assert_true(most - least > 1000);
}

static void test_reused_descriptor(void **state)
{
    struct fixture *f = *state;

    /* The library dropped it without telling; the kernel gave it out again. */
    for (int i = 0; i < 10; i++)
        assert_int_equal(add(f, f->ours[0], 0, i), CONNECTIONS_ENTERED);
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
        ROW("a table full of served connections takes no more", test_limit),
        ROW("the oldest that never served makes room", test_room),
        ROW("nothing makes room before the library has it",
            test_room_before_the_library),
        ROW("a lingering connection makes room", test_room_of_lingering),
        ROW("connections being closed are bounded", test_ending_is_bounded),
        ROW("an address has its limit", test_address_limit),
        ROW("ages differ by a fifth either way", test_age),
        ROW("a reused descriptor replaces its entry", test_reused_descriptor),
        ROW("quiet is told when the last request ends", test_quiet),
        ROW("lingering reads to the end", test_linger),
        ROW("lingering has an end", test_linger_ends),
    };

    return cmocka_run_group_tests_name("connections", tests, NULL, NULL);
}
