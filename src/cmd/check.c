/*
 * check.c - `spillway check`: everything that is wrong with policies, webhook
 * configurations, certificates, nodes and pods, and how to mend it.
 */
#include "spillway/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
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

/* --- findings ---------------------------------------------------------- */

static const char *format(struct check *check, const char *fmt, va_list ap)
    printf_like(2, 0);

static const char *format(struct check *check, const char *fmt, va_list ap)
{
    struct buf text = { .arena = &check->arena };

    buf_vprintf(&text, fmt, ap);
    check->failed |= text.failed;
    return text.data ? text.data : "";
}

/* Where the file stands among all, for the order of what is printed. */
static size_t order_of(const struct check *check, const char *file)
{
    size_t i = 0;

    for (; i < check->n_files; i++) {
        size_t len = strlen(check->files[i]);

        /* A policy of a ConfigMap: "FILE (policy.yaml of ...)". */
        if (strncmp(check->files[i], file, len) == 0 &&
            (file[len] == '\0' || file[len] == ' '))
            break;
    }
    return i;
}

/* Where the next finding goes; it is nowhere when memory is short. */
static struct check_finding *next_finding(struct check *check)
{
    static struct check_finding nowhere;

    if (check->n_findings == check->findings_room) {
        size_t room = check->findings_room ? 2 * check->findings_room : 16;
        struct check_finding *list = arena_grow(
            &check->arena, check->findings,
            check->findings_room * sizeof(*list), room * sizeof(*list));

        if (!list) {
            check->failed = true;
            return &nowhere;
        }
        check->findings = list;
        check->findings_room = room;
    }
    return &check->findings[check->n_findings++];
}

struct check_finding *check_tell(struct check *check, enum check_rule rule,
                                 const char *file, unsigned line,
                                 const char *fmt, ...)
{
    const struct check_rule_info *info = check_rule_info(rule);
    struct check_finding *finding = next_finding(check);
    va_list ap;

    check->counts[info->severity]++;
    *finding = (struct check_finding){
        .rule = rule,
        .order = order_of(check, file),
        .file = file,
        .line = line,
        .mend = info->mend,
    };
    va_start(ap, fmt);
    finding->message = format(check, fmt, ap);
    va_end(ap);
    return finding;
}

void check_mend(struct check *check, struct check_finding *finding,
                const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    finding->mend = format(check, fmt, ap);
    va_end(ap);
}

void check_done(struct check *check)
{
    for (struct check_policy *p = check->policies; p; p = p->next)
        policy_set_free(p->set);
    for (struct check_pem *p = check->pems; p; p = p->next)
        pem_done(&p->pem);
    policy_set_free(check->builtin);
    arena_done(&check->scratch);
    arena_done(&check->arena);
    *check = (struct check){ 0 };
}

/* --- the command ------------------------------------------------------- */

/* By file and line; what is about the whole file comes last. */
static int compare_findings(const void *a, const void *b)
{
    const struct check_finding *x = a, *y = b;
    unsigned x_line = x->line ? x->line : ~0U, y_line = y->line ? y->line : ~0U;

    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    if (x_line != y_line)
        return x_line < y_line ? -1 : 1;
    if (x->rule != y->rule)
        return x->rule < y->rule ? -1 : 1;
    return strcmp(x->message, y->message);
}

static void check_everything(struct check *check)
{
    check_gather_nodes(check);
    check_policies(check);
    check_webhooks(check);
    check_certificates(check);
    check_nodes(check);
    check_pods(check);
    if (check->n_findings)
        qsort(check->findings, check->n_findings, sizeof(*check->findings),
              compare_findings);
}

static bool wants_json(const struct check_options *given)
{
    return strcmp(given->output, "json") == 0;
}

static int print_rules(const struct check_options *given)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };

    check_print_rules(wants_json(given), command_colour(STDOUT_FILENO), &out);
    if (!buf_ok(&out, &err))
        return command_fail(&err);
    (void)fwrite(out.data, 1, out.len, stdout);
    return command_done(STATUS_OK);
}

static int print_findings(struct check *check,
                          const struct check_options *given)
{
    auto_buf struct buf out = { 0 };
    struct error err = { 0 };
    size_t bad = check->counts[CHECK_ERROR];

    if (wants_json(given))
        check_print_json(check, &out);
    else
        check_print_text(check, command_colour(STDOUT_FILENO), &out);
    if (check->failed || out.failed) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    (void)fwrite(out.data, 1, out.len, stdout);
    (void)fflush(stdout);
    if (given->strict)
        bad += check->counts[CHECK_WARNING];
    if (check->unreadable.len) {
        (void)fwrite(check->unreadable.data, 1, check->unreadable.len, stderr);
        return command_done(STATUS_USAGE);
    }
    return command_done(bad ? STATUS_NO : STATUS_OK);
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
    check_everything(&check);
    status = print_findings(&check, &given);
    check_done(&check);
    return status;
}

const struct command cmd_check = {
    .name = "check",
    .operands = "[FILE|DIR]...",
    .summary = "Find mistakes in policies, manifests, certificates, dumps",
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
             "2 a file could not be read, or is neither YAML, JSON nor PEM",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
