/*
 * report.c - what bench found, for people: tables, plots, comparisons.
 *
 * report table FILE
 *     Markdown: the figures that have a target, then every review.
 * report latency|size FILE
 *     A plot as SVG: latency against rate; cost against the size of a body.
 * report compare BASE FILE
 *     What got slower or larger since BASE by more than the noise; status 1 if
 *     anything did.  Noise is where the quartiles of both still meet, and
 *     whatever is below 2 %.
 * report instructions BASE FILE
 *     The same for counts of instructions, which have no noise: 5 % and more
 *     is too much.  Counts are comparable only with the same compiler and
 *     processor; otherwise the status is 0, and it says so.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "plot.h"
#include "process.h"
#include "spillway/macros.h"
#include "spillway/text.h"

/* --- tables ------------------------------------------------------------ */

static const struct {
    const char *name, *says;
} lines[] = {
    { "engine/ingressgateway/ns", "one decision, 11.6 KB review" },
    { "engine/large/ns", "one decision, 288 KB review (1 GB/s)" },
    { "engine/ingressgateway/allocations", "allocations for one decision" },
    { "server/8/ratio", "requests/s against the null server, 8 connections" },
    { "server/100/ratio",
      "requests/s against the null server, 100 connections" },
    { "server/8/cpu-above-null",
      "processor time for a request beyond the null server, 8 connections" },
    { "server/100/cpu-above-null",
      "processor time for a request beyond the null server, 100 connections" },
    { "latency/50/p99-to-p50", "p99 to p50 at half of the highest rate" },
    { "latency/50/null-p99-to-p50", "the same of the null server" },
    { "server/8/rate", "requests/s of one thread, 8 connections" },
    { "server/100/rate", "requests/s of one thread, 100 connections" },
    { "memory/idle", "private memory, idle, 4 threads" },
    { "memory/100-connections",
      "private memory, 100 connections that were served" },
    { "memory/body-beyond-twice",
      "peak memory for a body of 3 MB, beyond twice its size" },
    { "start/first-answer", "start to first answer" },
    { "size/stripped", "stripped program" },
    { "threads/2-to-1", "two threads against one" },
    { "peers/go/ratio", "requests/s against a controller-runtime webhook" },
    { "peers/go/cpu", "processor time for a request of the latter" },
    { "peers/pod-create/p50-to-null",
      "p50 of what a pod create takes more, against a webhook that does "
      "nothing" },
    { "peers/pod-create/p99-to-null", "p99 of the same" },
    { "peers/pod-create/p50-to-policy",
      "p50 of the same, against a MutatingAdmissionPolicy" },
    { "peers/pod-create/p99-to-policy", "p99 of the same" },
    { "peers/pod-create/none/p50", "p50 of a pod create without a webhook" },
    { "peers/pod-create/spillway/p50", "p50 of a pod create with Spillway" },
};

/* A number with three digits that mean something. */
static void print_number(double value, const char *unit)
{
    if (strcmp(unit, "ns") == 0)
        printf("%.2f µs", value / 1000);
    else if (fabs(value) >= 100 || value == floor(value))
        printf("%.0f%s%s", value, *unit ? " " : "",
               strcmp(unit, "us") == 0 ? "µs" : unit);
    else
        printf("%.2f%s%s", value, *unit ? " " : "",
               strcmp(unit, "us") == 0 ? "µs" : unit);
}

static bool is_met(const cJSON *figure)
{
    double median = figure_number(figure, "median");
    double target = figure_number(figure, "target");

    return strcmp(figure_text(figure, "better"), "higher") == 0
               ? median >= target
               : median <= target;
}

static void print_figure(const cJSON *figure, const char *says)
{
    const char *unit = figure_text(figure, "unit");

    printf("| %s | ", says);
    print_number(figure_number(figure, "median"), unit);
    printf(" | ");
    print_number(figure_number(figure, "low"), unit);
    printf(" to ");
    print_number(figure_number(figure, "high"), unit);
    if (!cJSON_HasObjectItem(figure, "target")) {
        printf(" | | |\n");
        return;
    }
    printf(" | %s ",
           strcmp(figure_text(figure, "better"), "higher") == 0 ? "≥" : "≤");
    print_number(figure_number(figure, "target"), unit);
    printf(" | %s |\n", is_met(figure) ? "yes" : "no");
}

/* engine/NAME/ns and what goes with it. */
static void print_review(const cJSON *document, const char *name)
{
    char path[200];
    double ns, bytes;

    (void)snprintf(path, sizeof(path), "engine/%s/ns", name);
    ns = figure_number(figures_find(document, path), "median");
    (void)snprintf(path, sizeof(path), "engine/%s/bytes", name);
    bytes = figure_number(figures_find(document, path), "median");
    (void)snprintf(path, sizeof(path), "engine/%s/instructions", name);
    printf("| %s | %.0f | %.2f | %.0f | %.0f | %.0f |\n", name, bytes, ns / 1e3,
           bytes / ns * 1e3,
           figure_number(figures_find(document, path), "median"),
           figure_number(figures_find(document, path), "median") / bytes);
}

static void print_machine(const cJSON *document)
{
    const cJSON *machine = cJSON_GetObjectItem(document, "machine");
    const cJSON *versions = cJSON_GetObjectItem(document, "versions");

    printf("%s, %.0f processors (%s), Linux %s; libmicrohttpd %s, GnuTLS %s, "
           "gcc or clang %s; %.0f rounds, %s.\n\n",
           figure_text(machine, "processor"),
           figure_number(machine, "processors"),
           figure_text(machine, "instructions"), figure_text(machine, "kernel"),
           figure_text(versions, "libmicrohttpd"),
           figure_text(versions, "gnutls"), figure_text(versions, "compiler"),
           figure_number(document, "rounds"), figure_text(document, "when"));
}

static int print_table(const cJSON *document)
{
    const cJSON *figure;

    print_machine(document);
    printf("| what | median | quartiles | target | met |\n"
           "|---|---|---|---|---|\n");
    for (size_t i = 0; i < array_len(lines); i++) {
        figure = figures_find(document, lines[i].name);
        if (figure)
            print_figure(figure, lines[i].says);
        else if (strcmp(lines[i].name, "threads/2-to-1") == 0)
            printf("| %s | needs 4 processors | | ≥ 1.80 | |\n", lines[i].says);
    }
    printf("\n| review | bytes | µs | MB/s | instructions | per byte |\n"
           "|---|---|---|---|---|---|\n");
    cJSON_ArrayForEach(figure, cJSON_GetObjectItem(document, "figures"))
    {
        struct text name = text_of(figure_text(figure, "name"));
        char copy[100];

        if (!text_has_prefix(name, "engine/") ||
            !text_has_suffix(name, "/instructions"))
            continue;
        (void)snprintf(copy, sizeof(copy), "%.*s",
                       (int)(name.len - strlen("engine//instructions")),
                       name.data + strlen("engine/"));
        print_review(document, copy);
    }
    return 0;
}

/* --- comparing --------------------------------------------------------- */

/* By how much it is worse, as a share; negative when it is better. */
static double change_of(const cJSON *before, const cJSON *after)
{
    double a = figure_number(before, "median");
    double b = figure_number(after, "median");
    double change = a != 0 ? (b - a) / fabs(a) : b != 0;

    return strcmp(figure_text(after, "better"), "higher") == 0 ? -change
                                                               : change;
}

static bool is_noise(const cJSON *before, const cJSON *after)
{
    return (figure_number(before, "low") <= figure_number(after, "high") &&
            figure_number(after, "low") <= figure_number(before, "high")) ||
           fabs(change_of(before, after)) < 0.02;
}

static int compare(const cJSON *base, const cJSON *document)
{
    const cJSON *after;
    unsigned worse = 0, better = 0, same = 0;

    cJSON_ArrayForEach(after, cJSON_GetObjectItem(document, "figures"))
    {
        const char *name = figure_text(after, "name");
        const cJSON *before = figures_find(base, name);
        double change = before ? change_of(before, after) : 0;

        if (!before || strcmp(figure_text(after, "better"), "none") == 0)
            continue;
        if (is_noise(before, after)) {
            same++;
            continue;
        }
        worse += change > 0;
        better += change < 0;
        printf(
            "%-7s %-44s %12.2f -> %12.2f %s (%+.1f %%)\n",
            change > 0 ? "worse" : "better", name,
            figure_number(before, "median"), figure_number(after, "median"),
            figure_text(after, "unit"),
            (figure_number(after, "median") / figure_number(before, "median") -
             1) *
                100);
    }
    printf("%u worse, %u better, %u as before within the noise\n", worse,
           better, same);
    return worse > 0;
}

/* --- instructions ------------------------------------------------------ */

static const char *environment(const cJSON *document, char *out, size_t size)
{
    (void)snprintf(
        out, size, "compiler %s, %s %s",
        figure_text(cJSON_GetObjectItem(document, "versions"), "compiler"),
        figure_text(cJSON_GetObjectItem(document, "machine"), "architecture"),
        figure_text(cJSON_GetObjectItem(document, "machine"), "instructions"));
    return out;
}

static int compare_instructions(const cJSON *base, const cJSON *document)
{
    char old[200], new[200];
    const cJSON *after;
    unsigned worse = 0, count = 0;

    if (strcmp(environment(base, old, sizeof(old)),
               environment(document, new, sizeof(new))) != 0) {
        printf("instructions were counted with %s, here it is %s: not "
               "compared\n",
               old, new);
        return 0;
    }
    cJSON_ArrayForEach(after, cJSON_GetObjectItem(document, "figures"))
    {
        const char *name = figure_text(after, "name");
        const cJSON *before = figures_find(base, name);
        double a = figure_number(before, "median");
        double b = figure_number(after, "median");

        if (!before || !text_has_suffix(text_of(name), "/instructions"))
            continue;
        count++;
        if (b < a * 1.05)
            continue;
        worse++;
        printf("%s: %.0f instructions, before %.0f (%+.1f %%)\n", name, b, a,
               (b / a - 1) * 100);
    }
    printf("%u reviews counted, %u need 5 %% more instructions or worse\n",
           count, worse);
    return worse > 0 || count == 0;
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";

    if (argc == 3 && strcmp(what, "table") == 0)
        return print_table(figures_read(argv[2]));
    if (argc == 3 && strcmp(what, "latency") == 0)
        return plot_latency(figures_read(argv[2]));
    if (argc == 3 && strcmp(what, "size") == 0)
        return plot_size(figures_read(argv[2]));
    if (argc == 4 && strcmp(what, "compare") == 0)
        return compare(figures_read(argv[2]), figures_read(argv[3]));
    if (argc == 4 && strcmp(what, "instructions") == 0)
        return compare_instructions(figures_read(argv[2]),
                                    figures_read(argv[3]));
    fputs("usage: report table|latency|size FILE\n"
          "       report compare|instructions BASE FILE\n",
          stderr);
    return 2;
}
