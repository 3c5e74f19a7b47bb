/*
 * check.c - `spillway check`: everything that is wrong with policies, webhook
 * configurations, certificates, nodes and pods, and how to mend it.
 */
#include "spillway/check_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spillway/cmd.h"

struct check_options {
    const char *policy, *output;
    bool strict, rules;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "policy", .kind = OPTION_STRING, .argument = "FILE|DIR",
      .offset = offsetof(struct check_options, policy),
      .help = "what nodes, pods and webhooks are to fit" },
    { .name = "strict", .kind = OPTION_FLAG,
      .offset = offsetof(struct check_options, strict),
      .help = "warnings are an answer of no, too" },
    { .name = "rules", .kind = OPTION_FLAG,
      .offset = offsetof(struct check_options, rules),
      .help = "list the rules, and check nothing" },
    { .name = "output", .letter = 'o', .kind = OPTION_CHOICE,
      .argument = "FORMAT",
      .offset = offsetof(struct check_options, output),
      .choices = "text|json",
      .help = "text (default) or json" },
};
/* clang-format on */

static bool wants_json(const struct check_options *given)
{
    return strcmp(given->output, "json") == 0;
}

static bool print_buf(const struct buf *out, struct error *err)
{
    if (!buf_ok(out, err))
        return false;
    (void)fwrite(out->data, 1, out->len, stdout);
    return true;
}

static int print_rules(const struct check_options *given)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    check_print_rules(command_colour(STDOUT_FILENO), &out);
    if (!(wants_json(given) ? check_print_rules_json(&err)
                            : print_buf(&out, &err)))
        return command_fail(&err);
    return command_done(STATUS_OK);
}

static bool print_findings(const struct check *check,
                           const struct check_options *given, struct error *err)
{
    auto_buf struct buf out = { 0 };

    if (check->failed)
        return error_no_memory(err);
    if (wants_json(given))
        return check_print_json(check, err);
    check_print_text(check, command_colour(STDOUT_FILENO), &out);
    return print_buf(&out, err);
}

/* Print, and say what the answer is. */
static int finish(const struct check *check, const struct check_options *given)
{
    size_t bad = check->counts[CHECK_ERROR] +
                 (given->strict ? check->counts[CHECK_WARNING] : 0);
    struct error err = { 0 };

    if (!print_findings(check, given, &err))
        return command_fail(&err);
    (void)fflush(stdout);
    if (!check->unreadable.len)
        return command_done(bad ? STATUS_NO : STATUS_OK);
    (void)fwrite(check->unreadable.data, 1, check->unreadable.len, stderr);
    return command_done(STATUS_USAGE);
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct check_options given = { .output = "text" };
    auto_policy_set struct policy_set *set = NULL;
    struct check check = { .now = time(NULL) };
    int status, operands = options_parse(command, argc, argv, &given, &status);

    if (operands < 0)
        return status;
    if (given.rules)
        return operands ? command_usage(command, "--rules takes no file")
                        : print_rules(&given);
    if (given.policy && !(set = command_policy(given.policy)))
        return STATUS_USAGE;
    check.given = set;
    if (operands == 0)
        check_read(&check, ".");
    for (int i = 0; i < operands; i++)
        check_read(&check, argv[i]);
    if (check.n_files == 0 && !check.unreadable.len) {
        check_done(&check);
        return command_usage(command, "there is no file to check");
    }
    check_all(&check);
    status = finish(&check, &given);
    check_done(&check);
    return status;
}

const struct command cmd_check = {
    .name = "check",
    .operands = "[FILE|DIR]...",
    .summary = "Find what is wrong, and say what mends it",
    .details =
        "Reads any mix of policies, ConfigMaps that hold one, webhook "
        "configurations,\n"
        "Services and Deployments, certificates and keys (PEM, Secrets), and "
        "dumps of\n"
        "nodes and pods; - is standard input, and the current directory is "
        "read without\n"
        "FILE.  Objects of other kinds are skipped and counted.  Each finding "
        "has the id\n"
        "of its rule, its place, and what mends it; --rules lists the rules:\n"
        "\n"
        "  kubectl get nodes,pods -A -o json | spillway check -\n"
        "\n"
        "What is judged by a policy is judged by --policy, or else by the one "
        "in the same\n"
        "file, in the same directory, or the only one that is given, or else "
        "by the\n"
        "built-in one.\n",
    .exits = "0 no error\n1 an error, or with --strict a warning\n"
             "2 there is no file, or one that could not be read, or is neither "
             "YAML, JSON nor PEM",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
