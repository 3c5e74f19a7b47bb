/* server_process.c - see server_process.h for the contract. */
#include "server_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"

enum { MAX_WORDS = 40 };

long long clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void pause_briefly(void)
{
    (void)poll(NULL, 0, 5);
}

/* The whole file; the caller frees it. */
static char *read_file(const char *path)
{
    char *text = NULL;
    size_t len = 0, room = 0;
    FILE *file = fopen(path, "re");

    assert_non_null(file);
    do {
        room += 65536;
        text = realloc(text, room + 1);
        assert_non_null(text);
        len += fread(text + len, 1, room - len, file);
    } while (len == room);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

/* Start the program with its standard streams on files. */
static pid_t start(const char *const words[], const char *in, const char *out,
                   const char *err)
{
    const char *program = getenv("SPILLWAY");
    char *argv[MAX_WORDS + 2] = { (char *)(uintptr_t)program };
    size_t n = 0;
    pid_t pid;

    if (!program)
        fail_msg("SPILLWAY must name the program to be tested");
    for (; words[n]; n++) {
        assert_true(n < MAX_WORDS);
        argv[n + 1] = (char *)(uintptr_t)words[n];
    }
    pid = fork();
    assert_true(pid >= 0);
    if (pid > 0)
        return pid;
    if (dup2(open(in, O_RDONLY | O_CLOEXEC), 0) < 0 ||
        dup2(open(out, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), 1) <
            0 ||
        dup2(open(err, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600), 2) < 0)
        _exit(126);
    (void)execv(program, argv);
    _exit(127);
}

/* The exit status of a child that must end by itself. */
static int wait_for(pid_t pid)
{
    long long end_ms = clock_ms() + PATIENCE_MS;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (clock_ms() > end_ms) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            fail_msg("the program did not end within %d s", PATIENCE_MS / 1000);
        }
        pause_briefly();
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int program_run(const char *const words[], const char *in, char **out,
                char **err)
{
    auto_scratch struct scratch scratch = { 0 };
    char *in_path, *out_path, *err_path;
    int status;

    scratch_init(&scratch);
    in_path = scratch_write(&scratch, "in", in ? in : "", 0600);
    out_path = scratch_write(&scratch, "out", "", 0600);
    err_path = scratch_write(&scratch, "err", "", 0600);
    status = wait_for(start(words, in_path, out_path, err_path));
    if (out)
        *out = read_file(out_path);
    if (err)
        *err = read_file(err_path);
    free(in_path);
    free(out_path);
    free(err_path);
    return status;
}

char *server_log(const struct server_process *server)
{
    char *path = scratch_path(&server->scratch, "log");
    char *text = read_file(path);

    free(path);
    return text;
}

static bool has_logged(const struct server_process *server, const char *text)
{
    char *log = server_log(server);
    bool found = strstr(log, text);

    free(log);
    return found;
}

void server_wait_log(const struct server_process *server, const char *text)
{
    long long end_ms = clock_ms() + PATIENCE_MS;

    while (!has_logged(server, text)) {
        if (clock_ms() > end_ms || waitpid(server->pid, NULL, WNOHANG) != 0) {
            char *log = server_log(server);

            (void)fprintf(stderr, "%s", log);
            free(log);
            fail_msg("the server did not log '%s'", text);
        }
        pause_briefly();
    }
}

/* The port of the address behind a mark in the log; there are two marks, since
 * there are two formats. */
static int logged_port(const struct server_process *server, const char *text,
                       const char *json)
{
    char *log = server_log(server);
    char *at = strstr(log, text);
    long port = 0;

    if (!at)
        at = strstr(log, json);
    if (at) {
        at += strlen(strncmp(at, text, strlen(text)) == 0 ? text : json);
        at[strcspn(at, " \"\n")] = '\0';
        port = strtol(strrchr(at, ':') + 1, NULL, 10);
    }
    free(log);
    assert_in_range(port, 1, 65535);
    return (int)port;
}

static void issue(const struct scratch *scratch)
{
    const char *const words[] = { "certs",       "issue",     "--dir",
                                  scratch->path, "--name",    "localhost",
                                  "--ip",        "127.0.0.1", NULL };

    assert_int_equal(program_run(words, NULL, NULL, NULL), 0);
}

void server_prepare(struct server_process *server)
{
    (void)signal(SIGPIPE, SIG_IGN);
    scratch_init(&server->scratch);
    issue(&server->scratch);
}

void server_start(struct server_process *server, const char *const options[])
{
    const char *words[MAX_WORDS + 1] = { "serve",       "--listen",
                                         "127.0.0.1:0", "--admin",
                                         "127.0.0.1:0", "--cert",
                                         NULL,          "--key" };
    size_t n = 9;
    char *cert, *key, *log;

    if (!*server->scratch.path)
        server_prepare(server);
    words[6] = cert = scratch_path(&server->scratch, "tls.crt");
    words[8] = key = scratch_path(&server->scratch, "tls.key");
    for (size_t i = 0; options && options[i]; i++) {
        assert_true(n < MAX_WORDS);
        words[n++] = options[i];
    }
    log = scratch_write(&server->scratch, "log", "", 0600);
    server->pid = start(words, "/dev/null", "/dev/null", log);
    server_wait_log(server, "listening");
    server->port = logged_port(server, "listening on ", "\"addr\":\"");
    server->admin_port = logged_port(server, " admin=", "\"admin\":\"");
    free(cert);
    free(key);
    free(log);
}

void server_signal(const struct server_process *server, int signal)
{
    assert_int_equal(kill(server->pid, signal), 0);
}

int server_wait(struct server_process *server)
{
    pid_t pid = server->pid;

    server->pid = 0;
    return wait_for(pid);
}

size_t server_descriptors(const struct server_process *server)
{
    char path[64];
    size_t count = 0;
    DIR *directory;

    (void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
    directory = opendir(path);
    assert_non_null(directory);
    while (readdir(directory))
        count++;
    (void)closedir(directory);
    return count;
}

long server_memory_kb(const struct server_process *server, const char *line)
{
    char path[64], text[256];
    long kb = -1;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)server->pid);
    file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(text, sizeof(text), file)) {
        if (strncmp(text, line, strlen(line)) == 0)
            kb = strtol(text + strlen(line), NULL, 10);
    }
    (void)fclose(file);
    assert_true(kb >= 0);
    return kb;
}

void server_done(struct server_process *server)
{
    if (server->pid > 0) {
        (void)kill(server->pid, SIGKILL);
        (void)waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
    scratch_done(&server->scratch);
}

int server_setup(void **state)
{
    struct server_process *server = calloc(1, sizeof(*server));

    assert_non_null(server);
    server_start(server, *state);
    *state = server;
    return 0;
}

int server_stop(struct server_process *server)
{
    int status = 0;

    if (server->pid > 0) {
        server_signal(server, SIGINT);
        status = server_wait(server);
    }
    if (status != 0) {
        char *log = server_log(server);

        (void)fprintf(stderr, "exit status %d; it logged:\n%s", status, log);
        free(log);
    }
    server_done(server);
    return status;
}

int server_teardown(void **state)
{
    struct server_process *server = *state;
    int status = server_stop(server);

    free(server);
    return status;
}
