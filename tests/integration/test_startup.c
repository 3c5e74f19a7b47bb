/* test_startup.c - what is wrong is said before a port opens, with exit 2. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client.h"
#include "scratch.h"
#include "server_process.h"
#include "spillway/macros.h"

static struct scratch pki, other; /* two pairs that do not fit each other */

static void issue(struct scratch *scratch)
{
    const char *const words[] = { "certs",  "issue",     "--dir", scratch->path,
                                  "--name", "localhost", NULL };

    scratch_init(scratch);
    assert_int_equal(program_run(words, NULL, NULL, NULL), 0);
}

static int setup(void **state)
{
    char *open_key, *policy;

    (void)state;
    issue(&pki);
    issue(&other);
    open_key = scratch_path(&other, "tls.key");
    assert_int_equal(chmod(open_key, 0644), 0);
    policy = scratch_write(&pki, "policy.yaml",
                           "apiVersion: spillway.dev/v1\nkind: Policy\n"
                           "policies:\n- name: Bad_Name\n  colour: red\n",
                           0644);
    free(open_key);
    free(policy);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_done(&pki);
    scratch_done(&other);
    return 0;
}

struct row {
    const char *name;
    /* Options; @x is a file of the first pair's directory, +x of the second's.
     */
    const char *options[9];
    const char *says[2]; /* parts of what is on stderr */
};

/* clang-format off */
static struct row rows[] = {
    { "a certificate is required", { "--key", "@tls.key" }, { "--cert" } },
    { "a key is required", { "--cert", "@tls.crt" }, { "--key" } },
    { "every option that is missing is said", { NULL },
      { "--cert is required", "--key is required" } },
    { "every option that is unknown is said", { "--foo", "--bar" },
      { "'--foo'", "'--bar'" } },
    { "a wrong policy does not hide a wrong certificate",
      { "--cert", "@none.crt", "--key", "@tls.key", "--policy", "+tls.crt" },
      { "none.crt", "tls.crt" } },
    { "a certificate that is not there is named",
      { "--cert", "@none.crt", "--key", "@tls.key" },
      { "none.crt", "No such file" } },
    { "a key that does not fit is refused",
      { "--cert", "+tls.crt", "--key", "@tls.key" }, { "tls.key" } },
    { "a key that others may read is refused",
      { "--cert", "+tls.crt", "--key", "+tls.key" }, { "tls.key" } },
    { "a policy's mistakes are all listed",
      { "--cert", "@tls.crt", "--key", "@tls.key",
        "--policy", "@policy.yaml" },
      { "policy.yaml:4: ", "policy.yaml:5: " } },
    { "an address without a port is refused",
      { "--cert", "@tls.crt", "--key", "@tls.key", "--listen", "localhost" },
      { "--listen: 'localhost' is not ADDR:PORT" } },
    { "an operand is refused",
      { "--cert", "@tls.crt", "--key", "@tls.key", "more" }, { "'more'" } },
    { "a path that needs escaping is refused",
      { "--cert", "@tls.crt", "--key", "@tls.key", "--path", "mutate" },
      { "--path", "'mutate'" } },
    { "a timeout of 0 is refused",
      { "--cert", "@tls.crt", "--key", "@tls.key", "--idle-timeout", "0s" },
      { "timeout" } },
    { "an option of the future is unknown today",
      { "--cert", "@tls.crt", "--key", "@tls.key", "--no-such-option" },
      { "--no-such-option" } },
};
/* clang-format on */

/* "@x" and "+x" made paths; the caller frees it. */
static char *expand(const char *word)
{
    if (*word == '@' || *word == '+')
        return scratch_path(*word == '@' ? &pki : &other, word + 1);
    return strdup(word);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    const char *words[16] = { "serve", "--admin", "127.0.0.1:0" };
    char *copies[array_len(row->options)] = { NULL }, *err = NULL;
    size_t n = 3;

    for (size_t i = 0; row->options[i]; i++)
        words[n++] = copies[i] = expand(row->options[i]);
    if (!strstr(row->name, "address")) {
        words[n++] = "--listen";
        words[n++] = "127.0.0.1:0";
    }
    assert_int_equal(program_run(words, NULL, NULL, &err), 2);
    for (size_t i = 0; i < array_len(row->says) && row->says[i]; i++) {
        if (!strstr(err, row->says[i]))
            fail_msg("no '%s' in: %s", row->says[i], err);
    }
    assert_null(strstr(err, "listening"));
    for (size_t i = 0; i < array_len(copies); i++)
        free(copies[i]);
    free(err);
}

/* The port of somebody else, who goes on having it. */
static void test_port_taken(void **state)
{
    const char *option = *state;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char taken[32], *cert = expand("@tls.crt"), *key = expand("@tls.key"),
                    *err = NULL;
    const char *words[] = {
        "serve",       "--cert",
        cert,          "--key",
        key,           option,
        taken,         strcmp(option, "--admin") ? "--admin" : "--listen",
        "127.0.0.1:0", NULL,
    };

    assert_int_equal(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(taken, sizeof(taken), "127.0.0.1:%d",
                   ntohs(address.sin_port));
    assert_int_equal(program_run(words, NULL, NULL, &err), 2);
    assert_non_null(strstr(err, option));
    assert_non_null(strstr(err, taken));
    assert_non_null(strstr(err, "in use"));
    (void)close(fd);
    free(cert);
    free(key);
    free(err);
}

static void test_json_log(void **state)
{
    struct server_process *server = *state;
    char *log = server_log(server);

    assert_memory_equal(log, "{\"time\":\"2", 10);
    assert_non_null(strstr(
        log, "\"level\":\"info\",\"msg\":\"listening\",\"addr\":\"127."));
    assert_non_null(strstr(log, "\"}\n"));
    free(log);
}

/* Any address is IPv4 too, whether or not the machine has IPv6. */
static void test_any_address(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply reply = { 0 }, health = { 0 };

    client_open(&client, server);
    client_post(&client, "", "{}", 2);
    client_read(&client, &reply);
    assert_int_equal(reply.status, 400);
    admin_get(server, "/healthz", &health);
    assert_int_equal(health.status, 200);
}

static const char *const json[] = { "--log-format", "json", NULL };
static const char *const any[] = { "--listen", "[::]:0", "--admin", ":0",
                                   NULL };
static const char *const path[] = { "--path", "/admission/v1", NULL };

static void test_path(void **state)
{
    struct server_process *server = *state;
    auto_client struct client client = { 0 };
    auto_reply struct reply there = { 0 }, elsewhere = { 0 };

    client_open(&client, server);
    client_send(&client, "POST /admission/v1 HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Type: application/json\r\n"
                         "Content-Length: 2\r\n\r\n{}");
    client_read(&client, &there);
    assert_int_equal(there.status, 400);
    client_post(&client, "", "{}", 2);
    client_read(&client, &elsewhere);
    assert_int_equal(elsewhere.status, 404);
}

#define STATE(value) (void *)(uintptr_t)(value)

static const struct CMUnitTest plain_tests[] = {
    { "a taken webhook port is named", test_port_taken, NULL, NULL,
      STATE("--listen") },
    { "a taken admin port is named", test_port_taken, NULL, NULL,
      STATE("--admin") },
    { "the log can be JSON", test_json_log, server_setup, server_teardown,
      STATE(json) },
    { "any address is IPv4 too", test_any_address, server_setup,
      server_teardown, STATE(any) },
    { "the path can be chosen", test_path, server_setup, server_teardown,
      STATE(path) },
};

int main(void)
{
    struct CMUnitTest tests[array_len(plain_tests) + array_len(rows)];

    memcpy(tests, plain_tests, sizeof(plain_tests));
    for (size_t i = 0; i < array_len(rows); i++)
        tests[array_len(plain_tests) + i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    return cmocka_run_group_tests_name("startup", tests, setup, teardown);
}
