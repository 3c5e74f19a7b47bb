/*
 * test_recordings.c - the server and the offline command are one: for every
 * review of tests/golden, both give the same bytes, under the built-in policy.
 */
#include "harness.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"

static struct server_process server;

static int setup(void **state)
{
    (void)state;
    server_start(&server, NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return server_stop(&server);
}

static void test_same_bytes(void **state)
{
    const char *name = *state;
    char *path = review_path(name), *offline = NULL;
    const char *const words[] = { "mutate", "-o", "response", path, NULL };
    int exit_status = program_run(words, NULL, &offline, NULL);
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 };
    size_t len;
    char *review = review_read(name, &len);

    client_open(&client, &server);
    client_post(&client, "", review, len);
    client_read(&client, &reply);
    if (exit_status == 0) {
        assert_int_equal(reply.status, 200);
        assert_string_equal(reply.body, offline);
    } else {
        /* What cannot be decoded here cannot be decoded there. */
        assert_int_equal(exit_status, 2);
        assert_int_equal(reply.status, 400);
    }
    free(review);
    free(offline);
    free(path);
}

int main(void)
{
    size_t count;
    char **names = review_names(&count);
    struct CMUnitTest *tests = calloc(count, sizeof(*tests));
    int failed;

    if (!tests)
        return 1;
    for (size_t i = 0; i < count; i++)
        tests[i] = (struct CMUnitTest){ names[i], test_same_bytes, NULL, NULL,
                                        names[i] };
    /* What cmocka_run_group_tests() does, for an array made at run time. */
    failed =
        _cmocka_run_group_tests("recordings", tests, count, setup, teardown);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    free(tests);
    return failed;
}
