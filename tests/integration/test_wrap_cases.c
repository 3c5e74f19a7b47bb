/* test_wrap_cases.c - what `spillway wrap` leaves on the disk, and what it
 * takes to read a large input. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "wrapped.h"

#include "spillway/file.h"
#include "spillway/macros.h"

/* --- what is in the files ---------------------------------------------------
 */

static void test_expectation(void **state)
{
    auto_run struct run run = { 0 };
    auto_wrapped struct wrapped cases = { 0 };

    wrapped_run(&run, *state, "out", "", WRAP_POD("gw", "x"));
    wrapped_read(&cases, *state, "out");
    assert_non_null(strstr(cases.text.data,
                           "decision: mutated\nreason: applied\npolicy: "
                           "asm-gateway\nwarnings: []\n"));
}

/* Nothing is left of the life of a pod that ran. */
static void test_created_again(void **state)
{
    static const char *const gone[] = {
        "x7k2p",           "0c1d",     "\"77\"",       "creationTimestamp",
        "managedFields",   "selfLink", "2024-01-02",   "node1",
        "ephemeralContai", "10.0.0.1", "generation\"",
    };
    auto_run struct run run = { 0 };
    auto_wrapped struct wrapped cases = { 0 };

    wrapped_run(&run, *state, "out", "", WRAP_RUNNING);
    wrapped_read(&cases, *state, "out");
    assert_int_equal(cases.count, 1);
    for (size_t i = 0; i < array_len(gone); i++) {
        if (strstr(cases.text.data, gone[i]))
            fail_msg("%s is still there", gone[i]);
    }
    assert_non_null(
        strstr(cases.text.data, "\"generateName\": \"edge-5f8b9b4cb4-\""));
}

#define SECRETIVE(value)                                                       \
    "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: "               \
    "istio-system, " WRAP_LABELS                                               \
    "}\nspec: {containers: [{name: c, env: [{name: PASSWORD, value: " value    \
    "}]}]}\n"

/* Neither what is secret, nor what it could be guessed with: a digest of it. */
static void test_redaction(void **state)
{
    auto_run struct run one = { 0 }, other = { 0 };
    auto_wrapped struct wrapped cases = { 0 };
    auto_free char *first = NULL;

    wrapped_run(&one, *state, "one", "",
                SECRETIVE("hunter2") "---\n" WRAP_SECRET);
    wrapped_run(&other, *state, "other", "", SECRETIVE("tr0ub4dor"));
    wrapped_read(&cases, *state, "one");
    assert_int_equal(cases.count, 1);
    assert_non_null(strstr(cases.text.data, "PASSWORD"));
    assert_null(strstr(cases.text.data, "hunter2"));
    assert_null(strstr(cases.text.data, "aHVudGVyMg"));
    first = strdup(cases.text.data);
    wrapped_done(&cases);
    wrapped_read(&cases, *state, "other");
    assert_string_equal(first, cases.text.data);
}

static void test_log_redaction(void **state)
{
    auto_run struct run run = { 0 };
    auto_wrapped struct wrapped cases = { 0 };

    wrapped_run(
        &run, *state, "out", "",
        WRAP_EVENT("1", "RequestResponse", "ResponseComplete", "create",
                   "\"pods\"",
                   ",\"responseObject\":{\"x\":\"hunter3\"},"
                   "\"requestObject\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\","
                   "\"metadata\":{\"name\":\"p\"},\"spec\":{\"containers\":[{"
                   "\"args\":[\"--password=hunter2\"]}]}}") "\n");
    wrapped_read(&cases, *state, "out");
    assert_int_equal(cases.count, 1);
    assert_non_null(strstr(cases.text.data, "--password=REDACTED"));
    assert_null(strstr(cases.text.data, "hunter"));
}

/* What is there stays as it is, a case that somebody wrote too. */
static void test_stays(void **state)
{
    auto_run struct run first = { 0 }, second = { 0 };
    auto_wrapped struct wrapped cases = { 0 };
    auto_free char *expect = NULL, *name = NULL;
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };

    wrapped_run(&first, *state, "out", "", WRAP_POD("gw", "x"));
    wrapped_read(&cases, *state, "out");
    assert_true(asprintf(&expect, "%s/expect.yaml", cases.last) > 0);
    name = strdup(expect + strlen(((struct scratch *)*state)->path) + 1);
    free(scratch_write(*state, name, "reason: applied\n", 0600));
    wrapped_run(&second, *state, "out", "", WRAP_POD("other", "x"));
    assert_int_equal(second.status, 0);
    assert_string_equal(second.out, "");
    assert_non_null(strstr(second.err, "0 cases written"));
    assert_non_null(strstr(second.err, "1 folded"));
    assert_true(file_read(expect, 1000, &text, &err));
    assert_string_equal(text.data, "reason: applied\n");
}

/* An annotation that a policy looks at, and that is too long to be kept. */
static void test_unfaithful(void **state)
{
    auto_buf struct buf policy = { 0 }, pod = { 0 };
    auto_free char *path = NULL, *options = NULL;
    auto_run struct run run = { 0 };
    auto_wrapped struct wrapped cases = { 0 };
    char value[301];

    memset(value, 'v', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    buf_printf(&policy,
               "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n"
               "- name: long\n  match:\n    namespaces: [\"*\"]\n"
               "    selectors:\n    - matchExpressions: [{key: app, operator: "
               "Exists}]\n      matchAnnotations: {a: %s}\n"
               "  tolerations: [{operator: Exists}]\n",
               value);
    buf_printf(&pod,
               "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {app: "
               "x}, annotations: {a: %s}}\nspec: {}\n",
               value);
    path = scratch_write(*state, "policy.yaml", policy.data, 0600);
    assert_true(asprintf(&options, "--policy %s", path) > 0);
    wrapped_run(&run, *state, "out", options, pod.data);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "spillway: Pod default/p: redacted, it "
                                    "would be decided in another way\n"));
    assert_non_null(strstr(run.err, "1 left out for what redaction would"));
    wrapped_read(&cases, *state, "out");
    assert_int_equal(cases.count, 0);
}

/* --- sizes ------------------------------------------------------------------
 */

static void test_many_kinds(void **state)
{
    auto_buf struct buf input = { 0 };
    auto_run struct run run = { 0 };

    for (int i = 0; i < 600; i++)
        buf_printf(&input, "---\napiVersion: v1\nkind: %s%d\n",
                   i % 2 ? "Kind" : "ConfigMap", i % 2 ? i : 0);
    wrapped_run(&run, *state, "out", "", input.data);
    assert_int_equal(run.status, 1);
    assert_non_null(strstr(run.err, "600 objects of other kinds skipped (300 "
                                    "ConfigMap0, 1 Kind1, 1 Kind101, 1 "));
    assert_non_null(strstr(run.err, ", and 296 more)\n"));
}

/* A line of 17 MiB between two that are read. */
static void test_long_line(void **state)
{
    auto_buf struct buf input = { 0 };
    auto_run struct run run = { 0 };
    auto_wrapped struct wrapped cases = { 0 };
    char *to;
    const size_t len = 17 << 20;

    buf_add_string(&input, WRAP_CREATED("1", "x") "\n");
    to = buf_reserve(&input, len);
    assert_non_null(to);
    memset(to, ' ', len);
    input.len += len;
    buf_add_string(&input,
                   WRAP_CREATED("2", "y") "\n" WRAP_CREATED("3", "z") "\n");
    wrapped_run(&run, *state, "out", "", input.data);
    assert_int_equal(run.status, 0);
    assert_non_null(strstr(run.err, "line 2: passed over: longer than 16 MiB"));
    wrapped_read(&cases, *state, "out");
    assert_int_equal(cases.count, 2);
}

static void test_large_dump(void **state)
{
    auto_run struct run run = { 0 };
    auto_free char *path = scratch_write(*state, "big.yaml", "", 0600);

    assert_int_equal(truncate(path, 64L * 1024 * 1024 + 1), 0);
    wrapped_run(&run, *state, "out", path, "");
    assert_int_equal(run.status, 2);
    assert_non_null(strstr(run.err, "is larger than 67108864 bytes"));
}

/* Sanitizers keep what is freed for a while. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_SANITIZED = 1 };
#else
enum { IS_SANITIZED = 0 };
#endif

static void start_wrap(const char *directory, const int pipe_fds[2])
{
    const char *program = getenv("SPILLWAY");

    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

    (void)dup2(pipe_fds[0], STDIN_FILENO);
    (void)dup2(null, STDOUT_FILENO);
    (void)dup2(null, STDERR_FILENO);
    (void)close(pipe_fds[0]);
    (void)close(pipe_fds[1]);
    (void)alarm(120);
    (void)execl(program ? program : "build/spillway", "spillway", "wrap",
                "--dir", directory, (char *)NULL);
    _exit(127);
}

/* Peak memory in KiB of a run that reads a log of that many bytes: creations of
 * a few shapes among other events. */
static long peak_kb(const struct scratch *scratch, size_t bytes)
{
    auto_free char *directory = scratch_path(scratch, "out");
    static const char other[] = WRAP_EVENT("o", "Metadata", "ResponseComplete",
                                           "get", "\"pods\"", "") "\n";
    int pipe_fds[2], status;
    struct rusage usage;
    size_t written = 0;
    FILE *out;
    pid_t pid;

    assert_int_equal(pipe(pipe_fds), 0);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        start_wrap(directory, pipe_fds);
    (void)close(pipe_fds[0]);
    out = fdopen(pipe_fds[1], "w");
    assert_non_null(out);
    for (unsigned i = 0; written < bytes; i++) {
        int len =
            fprintf(out,
                    "%s{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\","
                    "\"level\":\"Request\",\"auditID\":\"id-%u\",\"stage\":"
                    "\"ResponseComplete\",\"verb\":\"create\",\"objectRef\":{"
                    "\"resource\":\"pods\"},\"responseObject\":\"%01500d\","
                    "\"requestObject\":{\"kind\":\"Pod\",\"apiVersion\":"
                    "\"v1\",\"metadata\":{\"name\":\"p-%u\"},\"spec\":{"
                    "\"containers\":[{\"image\":\"i%u\"}]}}}\n",
                    other, i, 0, i, i % 5);

        assert_true(len > 0);
        written += (size_t)len;
    }
    assert_int_equal(fclose(out), 0);
    assert_int_equal(wait4(pid, &status, 0, &usage), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return usage.ru_maxrss;
}

static void test_flat(void **state)
{
    enum { MIB = 1024 * 1024, SLACK_KB = 4096 };
    auto_wrapped struct wrapped cases = { 0 };
    long small, large;

    if (IS_SANITIZED)
        skip();
    small = peak_kb(*state, 10UL * MIB);
    large = peak_kb(*state, 100UL * MIB);
    print_message("10 MiB: %ld KiB, 100 MiB: %ld KiB\n", small, large);
    wrapped_read(&cases, *state, "out");
    assert_int_equal(cases.count, 5);
    assert_in_range(large, 0, small + SLACK_KB);
}

/* --- the directory ----------------------------------------------------------
 */

static void test_directory(void **state)
{
    auto_run struct run none = { 0 }, orphan = { 0 }, file = { 0 };

    (void)state;
    run_words(&none, WRAP_POD("gw", "x"), "wrap");
    assert_int_equal(none.status, 2);
    assert_non_null(strstr(none.err, "--dir DIR is missing"));
    wrapped_run(&orphan, *state, "a/b", "", WRAP_POD("gw", "x"));
    assert_int_equal(orphan.status, 2);
    assert_non_null(strstr(orphan.err, "/a/b: No such file or directory\n"));
    free(scratch_write(*state, "file", "", 0600));
    wrapped_run(&file, *state, "file", "", WRAP_POD("gw", "x"));
    assert_int_equal(file.status, 2);
    assert_non_null(strstr(file.err, "/file: Not a directory\n"));
}

#define TEST(name, function)                                                   \
    {                                                                          \
        name, function, scratch_setup, scratch_teardown, NULL                  \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST("the decision is what is expected", test_expectation),
        TEST("nothing is left of a pod's life", test_created_again),
        TEST("secrets are in no file, nor a digest of them", test_redaction),
        TEST("nor those of a log", test_log_redaction),
        TEST("what is there stays", test_stays),
        TEST("what redaction would change is left out", test_unfaithful),
        TEST("kinds without end", test_many_kinds),
        TEST("a line that is too long", test_long_line),
        TEST("a dump that is too large", test_large_dump),
        TEST("memory does not grow with the log", test_flat),
        TEST("the directory", test_directory),
    };
    return cmocka_run_group_tests_name("wrapped cases", tests, NULL, NULL);
}
