/*
 * test.c - `spillway test`: replays recorded reviews against a policy and
 * compares with what is expected of them.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spillway/cmd.h"
#include "spillway/coverage.h"
#include "spillway/macros.h"
#include "spillway/matrix.h"
#include "spillway/policy.h"
#include "spillway/progress.h"
#include "spillway/testlist.h"
#include "spillway/testreport.h"
#include "spillway/testrun.h"

enum { MAX_JOBS = 256 };

struct test_options {
    const char *policy, *output, *filter;
    const char *matrix[MATRIX_SIDES];
    bool update, fail_fast, coverage;
    unsigned jobs;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "policy", .kind = OPTION_STRING, .argument = "FILE|DIR",
      .offset = offsetof(struct test_options, policy),
      .help = "for cases that have none (default: the built-in one)" },
    { .name = "output", .letter = 'o', .kind = OPTION_CHOICE,
      .argument = "FORMAT",
      .offset = offsetof(struct test_options, output),
      .choices = "text|junit|json",
      .help = "text, junit or json (default: text)" },
    { .name = "filter", .kind = OPTION_STRING, .argument = "GLOB",
      .offset = offsetof(struct test_options, filter),
      .help = "only cases whose whole name matches" },
    { .name = "fail-fast", .kind = OPTION_FLAG,
      .offset = offsetof(struct test_options, fail_fast),
      .help = "end with the first case that fails" },
    { .name = "jobs", .kind = OPTION_UNSIGNED, .argument = "N",
      .min = 1, .max = MAX_JOBS,
      .offset = offsetof(struct test_options, jobs),
      .help = "cases at a time (default: the number of CPUs)" },
    { .name = "update", .kind = OPTION_FLAG,
      .offset = offsetof(struct test_options, update),
      .help = "rewrite expectations that did not come true" },
    { .name = "coverage", .kind = OPTION_FLAG,
      .offset = offsetof(struct test_options, coverage),
      .help = "say what of the policy the cases exercise" },
    { .name = "matrix", .kind = OPTION_PAIR, .argument = "OLD NEW",
      .offset = offsetof(struct test_options, matrix),
      .help = "which cases two policies decide differently" },
};
/* clang-format on */

/* --- options ----------------------------------------------------------- */

static unsigned count_cpus(void)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);

    if (count < 1)
        return 1;
    return count < MAX_JOBS ? (unsigned)count : MAX_JOBS;
}

/* Report options that contradict each other. */
static int check_options(const struct command *command,
                         const struct test_options *given)
{
    bool is_junit = strcmp(given->output, "junit") == 0;

    if (is_junit && given->coverage)
        return command_usage(command, "JUnit XML has no place for --coverage; "
                                      "take -o text or json");
    if (is_junit && given->update)
        return command_usage(command, "JUnit XML has no place for --update; "
                                      "take -o text or json");
    if (!given->matrix[0])
        return STATUS_OK;
    if (is_junit)
        return command_usage(command, "JUnit XML has no place for --matrix; "
                                      "take -o text or json");
    if (given->policy || given->update || given->fail_fast || given->coverage)
        return command_usage(command,
                             "--matrix has policies of its own and expects "
                             "nothing: leave out --policy, --update, "
                             "--fail-fast and --coverage");
    return STATUS_OK;
}

/* --- running ----------------------------------------------------------- */

/* The status of a run that went through. */
static int status_of(const struct testlist *list, const struct test_options *of,
                     bool complete, bool failed)
{
    if (!complete)
        return STATUS_USAGE;
    if (failed)
        return STATUS_NO;
    if (list->count)
        return STATUS_OK;
    if (list->left_out)
        (void)fprintf(stderr,
                      "spillway test: no case's name matches '%s' (%zu %s "
                      "another name)\n",
                      of->filter, list->left_out,
                      list->left_out == 1 ? "has" : "have");
    else
        (void)fprintf(stderr, "spillway test: no case found (a case is a "
                              "directory with review.json or pod.yaml, and "
                              "expect.yaml)\n");
    return STATUS_NO_CASE;
}

static int run_cases(const struct test_options *given,
                     const struct testlist *list, bool complete)
{
    auto_policy_set struct policy_set *set = command_policy(given->policy);
    auto_coverage struct coverage coverage = { 0 };
    __attribute__((cleanup(testreport_done))) struct testreport report = {
        .format = testreport_format_find(given->output),
        .colour = command_colour(STDOUT_FILENO),
        .may_update = given->update,
        .may_stop = given->fail_fast,
    };
    struct progress progress = { 0 };
    struct testrun run = {
        .list = list,
        .set = set,
        .report = &report,
        .update = given->update,
        .fail_fast = given->fail_fast,
        .jobs = given->jobs,
        /* A line for each case says enough, where it can be seen. */
        .progress = isatty(STDOUT_FILENO) ? NULL : &progress,
    };
    struct error err = { 0 };
    bool good;

    if (!set)
        return STATUS_USAGE;
    if (given->coverage) {
        if (!coverage_init(&coverage, set, &err))
            return command_fail(&err);
        run.coverage = &coverage;
        report.coverage = &coverage;
    }
    progress_start(&progress, "testing");
    good = testrun(&run, &err);
    progress_end(&progress);
    if (!good || !testreport_finish(&report, &err)) {
        (void)fflush(stdout);
        return command_fail(&err);
    }
    return command_done(status_of(list, given, complete, report.failed > 0));
}

static int run_matrix(const struct test_options *given,
                      const struct testlist *list, bool complete)
{
    auto_policy_set struct policy_set *old = command_policy(given->matrix[0]);
    auto_policy_set struct policy_set *new = command_policy(given->matrix[1]);
    const struct matrix matrix = {
        .list = list,
        .names = { given->matrix[0], given->matrix[1] },
        .sets = { old, new },
        .json = strcmp(given->output, "json") == 0,
        .colour = command_colour(STDOUT_FILENO),
        .jobs = given->jobs,
    };
    struct matrix_count count;
    struct error err = { 0 };

    if (!old || !new)
        return STATUS_USAGE;
    if (!matrix_run(&matrix, &count, &err)) {
        (void)fflush(stdout);
        return command_fail(&err);
    }
    return command_done(status_of(
        list, given, complete && count.unreadable == 0, count.differ > 0));
}

static int run(const struct command *command, int argc, char *argv[])
{
    static char here[] = ".";
    struct test_options given = { .output = "text", .jobs = count_cpus() };
    auto_testlist struct testlist list = { 0 };
    int status, operands = options_parse(command, argc, argv, &given, &status);
    char *paths[] = { here };
    bool complete;

    if (operands < 0)
        return status;
    status = check_options(command, &given);
    if (status != STATUS_OK)
        return status;
    complete = testlist_find(&list, operands ? argv : paths,
                             operands ? (size_t)operands : 1, given.filter,
                             command_fail);
    return given.matrix[0] ? run_matrix(&given, &list, complete)
                           : run_cases(&given, &list, complete);
}

const struct command cmd_test = {
    .name = "test",
    .operands = "[PATH]...",
    .summary = "Replay recorded reviews and compare with what is expected",
    .details =
        "Finds the cases below each PATH (default: the current directory).  A "
        "case is a\n"
        "directory with review.json or pod.yaml (any object that `spillway "
        "mutate` reads)\n"
        "and at least one of\n"
        "\n"
        "  expect.yaml  decision, reason, policy, warnings (each contained in "
        "the one at\n"
        "               its place)\n"
        "  patch.json   the JSON Patch, operation by operation; [] for none\n"
        "  object.yaml  the object that results\n"
        "\n"
        "and, when it has its own, policy.yaml; or NAME.json beside "
        "NAME.expect.yaml.\n"
        "Every case also proves that a second pass changes nothing, that the "
        "patch gives\n"
        "exactly the object that was meant, and that nothing else differs.\n"
        "\n"
        "--update rewrites those of the files that are there and did not come "
        "true (of\n"
        "expect.yaml the keys that are there; comments are lost); a case "
        "without any gets\n"
        "an expect.yaml.  What is wrong otherwise still fails.\n"
        "\n"
        "--coverage tells for how many cases each requirement of a selector "
        "held, and for\n"
        "how many it was the first to fail; it is covered when both happened. "
        " Cases with\n"
        "another policy of their own are left out.\n",
    .exits = "0 all passed\n1 some failed (with --matrix: differ)\n"
             "2 could not run\n3 no case found",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
