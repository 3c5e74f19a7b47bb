/* exposition_process.c - exposition_process(): the process as the kernel sees
 * it, read from proc(5). */
#include "spillway/exposition.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/error.h"
#include "spillway/file.h"

enum { PROC_LIMIT = 65536 };

/* Descriptors that are open, but for the one that looks; -1: not known. */
static long long count_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    const struct dirent *entry;
    long long count = -1;

    if (!directory)
        return -1;
    while ((entry = readdir(directory)))
        count += entry->d_name[0] != '.';
    (void)closedir(directory);
    return count;
}

/* The system's start, in seconds since 1970; 0: not known. */
static long long boot_time(void)
{
    auto_buf struct buf stat = { 0 };
    struct error err;
    const char *at;

    if (!file_read("/proc/stat", (size_t)16 * 1024 * 1024, &stat, &err) ||
        !stat.data)
        return 0;
    at = strstr(stat.data, "\nbtime ");
    return at ? strtoll(at + strlen("\nbtime "), NULL, 10) : 0;
}

static void write_limit(struct buf *out, const char *name, const char *help,
                        __rlimit_resource_t resource)
{
    struct rlimit limit;

    if (getrlimit(resource, &limit) != 0)
        return;
    exposition_family(out, name, "gauge", help);
    if (limit.rlim_cur == RLIM_INFINITY)
        buf_printf(out, "%s +Inf\n", name);
    else
        buf_printf(out, "%s %llu\n", name, (unsigned long long)limit.rlim_cur);
}

static void write_times(struct buf *out, double cpu_ticks, double start_ticks)
{
    double ticks = (double)sysconf(_SC_CLK_TCK);
    long long boot = boot_time();

    exposition_family(out, "process_cpu_seconds_total", "counter",
                      "User and system CPU time.");
    buf_printf(out, "process_cpu_seconds_total %.2f\n", cpu_ticks / ticks);
    if (boot == 0)
        return;
    exposition_family(out, "process_start_time_seconds", "gauge",
                      "When the process started, since 1970.");
    buf_printf(out, "process_start_time_seconds %.2f\n",
               (double)boot + start_ticks / ticks);
}

/* Fields of /proc/self/stat, counted as proc(5) does; the second, a name, is in
 * parentheses and may hold anything. */
static void write_stat(struct buf *out)
{
    enum { UTIME = 14, STIME = 15, START = 22, VSIZE = 23, RSS = 24 };
    auto_buf struct buf stat = { 0 };
    double values[RSS + 1] = { 0 };
    struct error err;
    char *at;

    if (!file_read("/proc/self/stat", PROC_LIMIT, &stat, &err) || !stat.data)
        return;
    at = strrchr(stat.data, ')');
    if (!at || !at[1])
        return;
    at += strcspn(at + 2, " ") + 2; /* behind the third, a letter */
    for (int field = 4; field <= RSS; field++)
        values[field] = strtod(at, &at);
    write_times(out, values[UTIME] + values[STIME], values[START]);
    exposition_single(out, "process_virtual_memory_bytes", "gauge",
                      "Virtual memory.", (long long)values[VSIZE]);
    exposition_single(out, "process_resident_memory_bytes", "gauge",
                      "Resident memory.",
                      (long long)values[RSS] * sysconf(_SC_PAGESIZE));
}

void exposition_process(struct buf *out)
{
    long long descriptors = count_descriptors();

    write_stat(out);
    write_limit(out, "process_virtual_memory_max_bytes",
                "The most virtual memory that there may be.", RLIMIT_AS);
    if (descriptors >= 0)
        exposition_single(out, "process_open_fds", "gauge",
                          "Open file descriptors.", descriptors);
    write_limit(out, "process_max_fds",
                "The most file descriptors that may be open.", RLIMIT_NOFILE);
}
