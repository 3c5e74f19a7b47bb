/*
 * bench.c - measures the engine and the server, and writes what it found.
 *
 * bench [-n ROUNDS] [-d SECONDS] [-o FILE] BUILD
 *     Run from the top of the tree.  BUILD holds the program and, under
 *     tests/bench, the others.  Each round measures everything once, so that
 *     what the machine does to one of two that are compared, it does to the
 *     other; the JSON says median and quartiles of the rounds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <openssl/crypto.h>

#include "bench.h"
#include "figures.h"
#include "inputs.h"
#include "process.h"
#include "spillway/buf.h"
#include "spillway/json_skip.h"
#include "spillway/version.h"

char *text(const char *fmt, ...)
{
    struct buf out = { 0 };
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&out, fmt, ap);
    va_end(ap);
    return out.data;
}

void progress(const char *what)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K%s", what);
}

/* --- where ------------------------------------------------------------- */

static void describe_machine(cJSON *document)
{
    cJSON *machine = cJSON_AddObjectToObject(document, "machine");
    cJSON *versions = cJSON_AddObjectToObject(document, "versions");
    char line[256], *cpu = strdup("unknown");
    FILE *info = fopen("/proc/cpuinfo", "r");
    struct utsname name;

    while (info && fgets(line, sizeof(line), info)) {
        char *value = strstr(line, ": ");

        if (strncmp(line, "model name", 10) == 0 && value)
            cpu = strndup(value + 2, strcspn(value + 2, "\n"));
    }
    if (info)
        (void)fclose(info);
    (void)uname(&name);
    name.release[strcspn(name.release, "-")] = '\0'; /* not who built it */
    (void)cJSON_AddStringToObject(machine, "processor", cpu);
    (void)cJSON_AddNumberToObject(machine, "processors", processors());
    (void)cJSON_AddStringToObject(machine, "kernel", name.release);
    (void)cJSON_AddStringToObject(machine, "architecture", name.machine);
    (void)cJSON_AddStringToObject(versions, "spillway", SPILLWAY_VERSION);
    (void)cJSON_AddStringToObject(versions, "libmicrohttpd", MHD_get_version());
    (void)cJSON_AddStringToObject(versions, "gnutls",
                                  gnutls_check_version(NULL));
    (void)cJSON_AddStringToObject(versions, "openssl",
                                  OpenSSL_version(OPENSSL_VERSION_STRING));
    (void)cJSON_AddStringToObject(versions, "compiler", __VERSION__);
    for (size_t i = 0; i < json_n_skippers; i++) {
        if (json_skippers[i].is_supported()) {
            (void)cJSON_AddStringToObject(machine, "instructions",
                                          json_skippers[i].name);
            break;
        }
    }
}

/* --- the engine -------------------------------------------------------- */

static cJSON *run_engine(const struct bench *bench, const char *policy,
                         const char *const reviews[], size_t count)
{
    const char *words[64] = { text("%s/tests/bench/engine", bench->build),
                              "-n",
                              text("%u", bench->rounds),
                              "-t",
                              "5",
                              policy };
    char *printed;
    cJSON *found;

    if (count > 50)
        die("too many reviews");
    memcpy(words + 6, reviews, count * sizeof(*reviews));
    printed = process_run(0, words);
    found = printed ? cJSON_Parse(printed) : NULL;
    if (!found)
        die("the engine fails");
    free(printed);
    return found;
}

/* One figure for each review, under the names. */
static void engine_figures(struct bench *bench, const char *policy,
                           const char *const reviews[],
                           const char *const names[], const double targets[],
                           size_t count)
{
    cJSON *found = run_engine(bench, policy, reviews, count), *entry;
    size_t i = 0;

    cJSON_ArrayForEach(entry, found)
    {
        struct series ns = { 0 }, bytes = { 0 }, allocations = { 0 };
        const cJSON *value;

        cJSON_ArrayForEach(value, cJSON_GetObjectItem(entry, "ns"))
            series_add(&ns, value->valuedouble);
        series_add(&bytes, figure_number(entry, "bytes"));
        series_add(&allocations, figure_number(entry, "allocations"));
        if (targets && targets[i] > 0)
            figures_add_target(bench->document, text("engine/%s/ns", names[i]),
                               "ns", LOWER, &ns, targets[i]);
        else
            (void)figures_add(bench->document, text("engine/%s/ns", names[i]),
                              "ns", LOWER, &ns);
        (void)figures_add(bench->document, text("engine/%s/bytes", names[i]),
                          "B", NEITHER, &bytes);
        figures_add_target(bench->document,
                           text("engine/%s/allocations", names[i]), "", LOWER,
                           &allocations, 0);
        i++;
    }
    cJSON_Delete(found);
}

static double count_instructions(const struct bench *bench, const char *review)
{
    enum { TIMES = 20 };
    const char *const words[] = { "valgrind",
                                  "--tool=callgrind",
                                  "--callgrind-out-file=/dev/null",
                                  "--toggle-collect=admit",
                                  text("%s/tests/bench/engine", bench->build),
                                  "--once",
                                  "-",
                                  review,
                                  text("%d", TIMES),
                                  NULL };
    char *printed = process_errors(0, words);
    const char *at = printed ? strstr(printed, "Collected : ") : NULL;
    double count = at ? strtod(at + 12, NULL) / TIMES : 0;

    if (count <= 0)
        die("valgrind does not count");
    free(printed);
    return count;
}

/* Every recorded review, by its case. */
static const char *const recorded[] = {
    "ingressgateway",
    "egressgateway",
    "asm-gateway",
    "helm-gateway",
    "gateway-api",
    "waypoint",
    "own-affinity",
    "arch-affinity",
    "tolerates-everything",
    "empty-node-affinity",
    "eci-incompatible",
    "contradicting-node-selector",
    "dry-run",
    "daemonset",
    "opted-out",
    "node-name-set",
    "other-namespace",
    "istiod",
    "update",
    "ephemeral-containers",
    "v1beta1",
    "smallest",
    "large",
};

static void measure_engine(struct bench *bench)
{
    const char *reviews[array_len(recorded)];
    double targets[array_len(recorded)] = { 0 };

    progress("the engine");
    for (size_t i = 0; i < array_len(recorded); i++) {
        reviews[i] = input_recorded(recorded[i]);
        if (strcmp(recorded[i], "ingressgateway") == 0)
            targets[i] = 5000;
        if (strcmp(recorded[i], "large") == 0)
            targets[i] = 288222; /* 1 GB/s */
    }
    engine_figures(bench, "-", reviews, recorded, targets, array_len(recorded));
}

static void measure_instructions(struct bench *bench)
{
    for (size_t i = 0; i < array_len(recorded); i++) {
        struct series count = { 0 };

        progress(text("instructions: %s", recorded[i]));
        series_add(&count,
                   count_instructions(bench, input_recorded(recorded[i])));
        (void)figures_add(bench->document,
                          text("engine/%s/instructions", recorded[i]), "",
                          LOWER, &count);
    }
}

static const size_t sizes[] = { 12288,  32768,   65536,  131072,
                                262144, 1048576, 3145728 };

static void measure_growth(struct bench *bench)
{
    static const unsigned counts[] = { 1, 2, 4, 8, 16, 32, 64 };
    const char *reviews[array_len(sizes)], *names[array_len(sizes)];

    progress("growth");
    for (size_t i = 0; i < array_len(sizes); i++) {
        reviews[i] = input_of_size(bench->dir, sizes[i]);
        names[i] = text("size/%zu", sizes[i]);
    }
    engine_figures(bench, "-", reviews, names, NULL, array_len(sizes));
    for (size_t i = 0; i < array_len(counts); i++) {
        reviews[i] = input_with_terms(bench->dir, counts[i]);
        names[i] = text("terms/%u", counts[i]);
    }
    engine_figures(bench, "-", reviews, names, NULL, array_len(counts));
    for (size_t i = 0; i < array_len(counts); i++) {
        const char *review = input_recorded("ingressgateway");
        const char *name = text("policies/%u", counts[i]);

        engine_figures(bench, input_policies(bench->dir, counts[i]), &review,
                       &name, NULL, 1);
    }
}

/* --- everything -------------------------------------------------------- */

static void prepare(struct bench *bench)
{
    const char *dir = text("%s/tests/bench/data", bench->build);
    const char *const issue[] = { text("%s/spillway", bench->build),
                                  "certs",
                                  "issue",
                                  "--dir",
                                  dir,
                                  "--name",
                                  "localhost",
                                  "--ip",
                                  "127.0.0.1",
                                  "--force",
                                  NULL };
    char *printed = process_run(CPU_ANY, issue);

    if (!printed)
        die("no certificate");
    bench->dir = dir;
    free(printed);
}

static int usage(void)
{
    fputs("usage: bench [-n ROUNDS] [-d SECONDS] [-o FILE] [OPTION] BUILD\n"
          "  -i            count the engine's instructions, and nothing else\n"
          "  -p WEBHOOK    compare with that webhook, and nothing else\n"
          "  -c PODCREATE  create pods at an API server, and nothing else\n"
          "What -p and -c find is added to FILE.\n",
          stderr);
    return 2;
}

static bool read_options(int argc, char **argv, struct bench *bench)
{
    int option;

    while ((option = getopt(argc, argv, "n:d:o:ip:c:")) >= 0) {
        if (option == 'n')
            bench->rounds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'd')
            bench->seconds = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'o')
            bench->out = optarg;
        else if (option == 'i')
            bench->only_instructions = true;
        else if (option == 'p')
            bench->peer = optarg;
        else if (option == 'c')
            bench->podcreate = optarg;
        else
            return false;
    }
    bench->build = argv[optind];
    return bench->build && !argv[optind + 1] && bench->seconds > 0 &&
           bench->rounds > 0 && bench->rounds < MAX_VALUES;
}

static cJSON *new_document(const struct bench *bench)
{
    cJSON *document = cJSON_CreateObject();
    time_t now = time(NULL);
    char when[32];
    struct tm utc;

    (void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%MZ", gmtime_r(&now, &utc));
    (void)cJSON_AddStringToObject(document, "when", when);
    describe_machine(document);
    (void)cJSON_AddNumberToObject(document, "rounds", bench->rounds);
    return document;
}

int main(int argc, char **argv)
{
    struct bench bench = { .rounds = 11, .seconds = 1, .out = "/dev/stdout" };
    bool peers;

    if (!read_options(argc, argv, &bench))
        return usage();
    peers = bench.peer || bench.podcreate;
    bench.document = peers && access(bench.out, R_OK) == 0
                         ? figures_read(bench.out)
                         : new_document(&bench);
    if (!bench.only_instructions)
        prepare(&bench);
    if (peers) {
        measure_peers(&bench);
    } else {
        if (!bench.only_instructions) {
            measure_engine(&bench);
            measure_growth(&bench);
            measure_servers(&bench);
        }
        measure_instructions(&bench);
    }
    progress("");
    figures_write(bench.document, bench.out);
    return 0;
}
