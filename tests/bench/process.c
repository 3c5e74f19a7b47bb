/* process.c - see process.h for the contract. */
#include "process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "spillway/buf.h"

_Noreturn void die(const char *fmt, ...)
{
    va_list ap;

    fputs("bench: ", stderr);
    va_start(ap, fmt);
    (void)vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

double now_seconds(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int processors(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof(set), &set) != 0)
        return 1;
    return CPU_COUNT(&set);
}

/* With one processor everybody shares it. */
static void pin(int cpu)
{
    cpu_set_t set;
    int n = processors();

    CPU_ZERO(&set);
    if (cpu == CPU_ANY || n < 2)
        return;
    for (int i = 0; i < n; i++) {
        if (cpu == CPU_REST ? i > 0 : i == cpu)
            CPU_SET((size_t)i, &set);
    }
    (void)sched_setaffinity(0, sizeof(set), &set);
}

/* Start with these descriptors; -1 is /dev/null. */
static pid_t spawn(int cpu, const char *const words[], const int fds[3])
{
    union {
        const char *const *in;
        char *const *out;
    } argv = { words };
    pid_t pid = fork();
    int null;

    if (pid < 0)
        die("fork: %s", strerror(errno));
    if (pid > 0)
        return pid;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing outlives us */
    pin(cpu);
    null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        (void)dup2(fds[i] < 0 ? null : fds[i], i);
    (void)execvp(words[0], argv.out);
    _exit(127);
}

struct process process_start(int cpu, const char *const words[])
{
    struct process process;
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe: %s", strerror(errno));
    process.pid = spawn(cpu, words, (int[]){ ends[0], -1, -1 });
    process.in = ends[1];
    (void)close(ends[0]);
    return process;
}

void process_stop(struct process *process)
{
    (void)close(process->in);
    (void)kill(process->pid, SIGKILL);
    (void)waitpid(process->pid, NULL, 0);
    *process = (struct process){ 0 };
}

static char *capture(int cpu, const char *const words[], int which)
{
    struct buf out = { 0 };
    int ends[2], fds[3] = { -1, -1, -1 }, status;
    ssize_t n;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        die("pipe: %s", strerror(errno));
    fds[which] = ends[1];
    pid = spawn(cpu, words, fds);
    (void)close(ends[1]);
    buf_add_string(&out, "");
    do {
        char *to = buf_reserve(&out, 4096);

        if (!to)
            die("no memory");
        n = read(ends[0], to, 4096);
        out.len += n > 0 ? (size_t)n : 0;
        out.data[out.len] = '\0';
    } while (n > 0 || (n < 0 && errno == EINTR));
    (void)close(ends[0]);
    (void)waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
        die("%s cannot be run; is it installed?", words[0]);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return out.data;
    buf_done(&out);
    return NULL;
}

char *process_run(int cpu, const char *const words[])
{
    return capture(cpu, words, STDOUT_FILENO);
}

char *process_errors(int cpu, const char *const words[])
{
    return capture(cpu, words, STDERR_FILENO);
}

double process_cpu(const struct process *process)
{
    char path[300];
    struct dirent *entry;
    double total = 0;
    DIR *tasks;

    (void)snprintf(path, sizeof(path), "/proc/%d/task", (int)process->pid);
    tasks = opendir(path);
    while (tasks && (entry = readdir(tasks))) {
        unsigned long long ns = 0;
        FILE *file;

        (void)snprintf(path, sizeof(path), "/proc/%d/task/%s/schedstat",
                       (int)process->pid, entry->d_name);
        file = *entry->d_name == '.' ? NULL : fopen(path, "r");
        if (!file)
            continue;
        if (fscanf(file, "%llu", &ns) == 1)
            total += (double)ns / 1e9;
        (void)fclose(file);
    }
    if (tasks)
        (void)closedir(tasks);
    return total;
}

long process_kib(const struct process *process, const char *line)
{
    char path[64], text[256];
    long value = -1;
    FILE *file;

    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)process->pid);
    file = fopen(path, "r");
    while (file && fgets(text, sizeof(text), file)) {
        if (strncmp(text, line, strlen(line)) == 0)
            value = strtol(text + strlen(line), NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return value;
}
