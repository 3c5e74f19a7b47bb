/*
 * process.h - the programs that are measured: each on one processor, and what
 * it took.  Whatever fails ends the benchmark with a message.
 */
#ifndef SPILLWAY_BENCH_PROCESS_H
#define SPILLWAY_BENCH_PROCESS_H

#include <stddef.h>
#include <sys/types.h>

#include "spillway/macros.h"

/* Processors are numbered from 0; this stands for all but the first. */
enum { CPU_REST = -1, CPU_ANY = -2 };

/* Print a line and end. */
_Noreturn void die(const char *fmt, ...) printf_like(1, 2);

/* Monotonic seconds. */
double now_seconds(void);

/* How many processors there are to run on. */
int processors(void);

struct process {
    pid_t pid;
    int in; /* its standard input; it may end when that does */
};

/* Start a program that goes on; it says nothing. */
struct process process_start(int cpu, const char *const words[]);

/* End it, and wait for that. */
void process_stop(struct process *process);

/* Run a program to its end.  Returns what it printed on standard output, or
 * NULL when its status was not 0; the caller frees it. */
char *process_run(int cpu, const char *const words[]);

/* The same, of standard error. */
char *process_errors(int cpu, const char *const words[]);

/* Seconds of processor time that all its threads have had. */
double process_cpu(const struct process *process);

/* A line of its /proc/PID/status in KiB: "RssAnon:", "VmHWM:". */
long process_kib(const struct process *process, const char *line);

#endif
