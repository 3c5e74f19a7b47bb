/*
 * test.c - `spillway test`: replays recorded reviews against a policy and
 * compares with what is expected of them.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spillway/arena.h"
#include "spillway/cmd.h"
#include "spillway/macros.h"
#include "spillway/policy.h"
#include "spillway/testcase.h"
#include "spillway/testfind.h"

struct test_options {
    const char *policy;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "policy", .kind = OPTION_STRING, .argument = "FILE|DIR",
      .offset = offsetof(struct test_options, policy),
      .help = "for cases that have none (default: the built-in one)" },
};
/* clang-format on */

/* One run of the command. */
struct tally {
    const struct policy_set *set;
    size_t passed, failed;
    bool colour;
};

static void print_shown(const char *before, struct text text)
{
    auto_buf struct buf shown = { 0 };

    buf_add_shown(&shown, text, SIZE_MAX);
    printf("%s%s\n", before, shown.len ? shown.data : "");
}

/* Each line of the findings, indented. */
static void print_findings(struct text rest)
{
    while (rest.len) {
        const char *end = memchr(rest.data, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.data) : rest.len;

        print_shown("     ", (struct text){ rest.data, len });
        len += end != NULL;
        rest = (struct text){ rest.data + len, rest.len - len };
    }
}

static bool visit(void *context, const char *name,
                  const struct testcase *testcase, struct buf *findings,
                  struct error *err)
{
    struct tally *tally = context;
    auto_arena struct arena arena = { 0 };
    auto_testcase_result struct testcase_result result = { 0 };
    bool passed;

    if (testcase->input &&
        !testcase_run(testcase, tally->set, &arena, &result, err))
        return error_wrap(err, "%s", name);
    if (!buf_ok(findings, err))
        return false;
    passed = !findings->len && !result.findings.len && !result.differences.len;
    tally->passed += passed;
    tally->failed += !passed;
    printf("%s%s%s", tally->colour ? passed ? "\033[32m" : "\033[31m" : "",
           passed ? "ok  " : "FAIL", tally->colour ? "\033[m" : "");
    print_shown(" ", text_of(name));
    print_findings(buf_text(findings));
    print_findings(buf_text(&result.findings));
    print_findings(buf_text(&result.differences));
    return true;
}

/* Names begin behind the path, when there is only one: "arch-affinity" and not
 * "tests/golden/arch-affinity". */
static size_t name_offset(const char *path, int operands)
{
    size_t len = strlen(path);

    if (operands > 1)
        return 0;
    return len + (len > 0 && path[len - 1] != '/');
}

static bool test_path(struct testfind *find, const char *path, int operands)
{
    struct error err = { 0 };

    if (testfind_run(find, path, name_offset(path, operands), &err))
        return true;
    (void)fflush(stdout);
    (void)command_fail(&err);
    return false;
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct test_options given = { 0 };
    auto_policy_set struct policy_set *set = NULL;
    struct tally tally = { .colour = command_colour(STDOUT_FILENO) };
    struct testfind find = { .visitor = { visit, &tally } };
    int status, operands = options_parse(command, argc, argv, &given, &status);
    bool complete = true;

    if (operands < 0)
        return status;
    set = command_policy(given.policy);
    if (!set)
        return STATUS_USAGE;
    tally.set = set;
    if (operands == 0)
        complete = test_path(&find, ".", operands);
    for (int i = 0; i < operands; i++)
        complete = test_path(&find, argv[i], operands) && complete;
    testfind_done(&find);
    printf("%zu passed, %zu failed\n", tally.passed, tally.failed);
    if (complete && tally.passed + tally.failed == 0)
        (void)fprintf(stderr, "spillway test: no case found (a case is a "
                              "directory with review.json or pod.yaml, and "
                              "expect.yaml)\n");
    if (!complete)
        return command_done(STATUS_USAGE);
    if (tally.failed)
        return command_done(STATUS_NO);
    return command_done(tally.passed ? STATUS_OK : STATUS_NO_CASE);
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
        "exactly the object that was meant, and that nothing else differs.\n",
    .exits = "0 all passed\n1 some failed\n2 could not run\n3 no case found",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
