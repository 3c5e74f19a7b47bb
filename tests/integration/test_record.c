/*
 * test_record.c - what the server records, `spillway test` replays, and it is
 * decided as it was live.
 */
#include "harness.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "reviews.h"
#include "server_process.h"
#include "spillway/macros.h"

static char directory[300];

static int setup(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));
    const char *extra = *state;

    assert_non_null(server);
    server_prepare(server);
    (void)snprintf(directory, sizeof(directory), "%s/recorded",
                   server->scratch.path);
    server_start(server,
                 (const char *const[]){ "--record", directory, extra, NULL });
    *state = server;
    return 0;
}

static double recorded(const struct server_process *server, const char *result)
{
    char sample[100];

    (void)snprintf(sample, sizeof(sample),
                   "spillway_recorded_total{result=\"%s\"}", result);
    return admin_metric(server, sample);
}

/* Send every recording of tests/golden; returns how many there were. */
static int send_all(const struct server_process *server)
{
    DIR *golden = opendir("tests/golden");
    const struct dirent *entry;
    int sent = 0;

    assert_non_null(golden);
    while ((entry = readdir(golden))) {
        auto_client struct client client = { 0 };
        auto_reply struct reply reply = { 0 };
        char path[600];
        FILE *file;
        size_t len;
        char *review;

        (void)snprintf(path, sizeof(path), "tests/golden/%s/review.json",
                       entry->d_name);
        file = fopen(path, "re");
        if (!file)
            continue;
        (void)fclose(file);
        review = review_read(entry->d_name, &len);
        client_open(&client, server);
        client_post(&client, "", review, len);
        client_read(&client, &reply);
        assert_int_equal(reply.status, 200);
        free(review);
        sent++;
    }
    (void)closedir(golden);
    return sent;
}

static void wait_recorded(const struct server_process *server, int count)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (recorded(server, "written") + recorded(server, "duplicate") +
               recorded(server, "dropped") + recorded(server, "failed") <
           count) {
        assert_true(clock_ms() < end_ms);
        pause_briefly();
    }
}

static void test_round_trip(void **state)
{
    struct server_process *server = *state;
    const char *const words[] = { "test", directory, NULL };
    char *out = NULL, *err = NULL, summary[64];
    int status;

    wait_recorded(server, send_all(server));
    assert_true(recorded(server, "failed") == 0);
    assert_true(recorded(server, "dropped") == 0);
    assert_true(recorded(server, "written") > 20);
    status = program_run(words, NULL, &out, &err);
    if (status != 0)
        fail_msg("%s%s", out, err);
    (void)snprintf(summary, sizeof(summary), "%d passed, 0 failed",
                   (int)recorded(server, "written"));
    assert_non_null(strstr(out, summary));
    free(out);
    free(err);
}

int main(void)
{
    static char shadow[] = "--shadow";
    static const struct CMUnitTest tests[] = {
        { "every recording replays as it was decided", test_round_trip, setup,
          server_teardown, NULL },
        { "in shadow mode, too", test_round_trip, setup, server_teardown,
          shadow },
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
