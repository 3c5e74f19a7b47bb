/*
 * explain.c - `spillway explain`: why is a pod changed as it is, and where
 * could it run?
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/dump.h"
#include "spillway/explanation.h"
#include "spillway/file.h"
#include "spillway/macros.h"
#include "spillway/nodes.h"
#include "spillway/policy.h"

enum { MAX_REPLICAS = 1000000 };

struct explain_options {
    const char *policy, *name_space, *nodes, *output;
    unsigned replicas;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "policy", .kind = OPTION_STRING, .argument = "FILE|DIR",
      .offset = offsetof(struct explain_options, policy),
      .help = "the policy (default: the built-in one)" },
    { .name = "namespace", .letter = 'n', .kind = OPTION_STRING,
      .argument = "NAMESPACE",
      .offset = offsetof(struct explain_options, name_space),
      .help = "for objects that name none (default: default)" },
    { .name = "nodes", .kind = OPTION_STRING, .argument = "FILE",
      .offset = offsetof(struct explain_options, nodes),
      .help = "Nodes, and the Pods on them; - is stdin" },
    { .name = "replicas", .kind = OPTION_UNSIGNED, .argument = "N",
      .offset = offsetof(struct explain_options, replicas),
      .min = 1, .max = MAX_REPLICAS,
      .help = "where so many would go (with --nodes)" },
    { .name = "output", .letter = 'o', .kind = OPTION_CHOICE,
      .argument = "FORMAT",
      .offset = offsetof(struct explain_options, output),
      .choices = "text|json",
      .help = "text (default) or json" },
};
/* clang-format on */

/* One run of the command. */
struct explain {
    const struct policy_set *set;
    struct text name_space;
    const struct explained_nodes *nodes; /* NULL for none */
    bool json, colour, failed;
    struct arena scratch; /* for one object */
    size_t printed;
};

static void report(struct explain *explain, const struct error *err)
{
    explain->failed = true;
    (void)fflush(stdout);
    (void)command_fail(err);
}

static bool print_text(struct explain *explain,
                       const struct explanation *explanation, struct error *err)
{
    auto_buf struct buf out = { 0 };

    if (explain->printed++)
        buf_add_char(&out, '\n');
    if (!explanation_write_text(&out, explanation, explain->colour,
                                &explain->scratch, err))
        return false;
    (void)fwrite(out.data, 1, out.len, stdout);
    return true;
}

static bool print(struct explain *explain,
                  const struct explanation *explanation, struct error *err)
{
    return explain->json
               ? explanation_print_json(explanation, &explain->scratch, err)
               : print_text(explain, explanation, err);
}

/* What fails is reported, and the others go on. */
static void explain_one(void *context, struct json *root,
                        const struct document_place *place)
{
    struct explain *explain = context;
    struct explanation explanation;
    struct error err = { 0 };

    arena_reset(&explain->scratch);
    if (!explanation_make(explain->set, root, place, explain->name_space,
                          explain->nodes, &explain->scratch, &explanation,
                          &err) ||
        !print(explain, &explanation, &err))
        report(explain, &err);
}

static void explain_path(struct explain *explain, const char *path)
{
    const struct dump_visitor visitor = { explain_one, explain };
    auto_arena struct arena arena = { 0 };
    struct buf bytes = { .arena = &arena };
    struct error err = { 0 };

    if (!file_read(path, DOCUMENT_MAX_BYTES, &bytes, &err) ||
        !dump_parse(dump_name(path), buf_text(&bytes), &arena, &visitor, &err))
        report(explain, &err);
}

static int explain_all(const struct explain_options *given,
                       const struct policy_set *set,
                       const struct explained_nodes *nodes, int count,
                       char *paths[])
{
    struct explain explain = {
        .set = set,
        .name_space = text_of(given->name_space),
        .nodes = nodes,
        .json = strcmp(given->output, "json") == 0,
        .colour = command_colour(STDOUT_FILENO),
    };

    if (count == 0)
        explain_path(&explain, "-");
    for (int i = 0; i < count; i++)
        explain_path(&explain, paths[i]);
    arena_done(&explain.scratch);
    return command_done(explain.failed ? STATUS_USAGE : STATUS_OK);
}

/* Standard input can only be read once. */
static bool reads_stdin_twice(const struct explain_options *given, int count,
                              char *paths[])
{
    int times = given->nodes && strcmp(given->nodes, "-") == 0;

    times += count == 0;
    for (int i = 0; i < count; i++)
        times += strcmp(paths[i], "-") == 0;
    return times > 1;
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct explain_options given = { .name_space = "default",
                                     .output = "text" };
    auto_policy_set struct policy_set *set = NULL;
    auto_arena struct arena arena = { 0 };
    struct explained_nodes nodes = { 0 };
    struct error err = { 0 };
    int status, operands = options_parse(command, argc, argv, &given, &status);

    if (operands < 0)
        return status;
    if (given.replicas && !given.nodes)
        return command_usage(command, "--replicas needs --nodes");
    if (reads_stdin_twice(&given, operands, argv))
        return command_usage(command, "standard input is asked for twice");
    set = command_policy(given.policy);
    if (!set)
        return STATUS_USAGE;
    if (given.nodes && !nodes_read(given.nodes, &arena, &nodes, &err))
        return command_fail(&err);
    nodes.replicas = given.replicas;
    return explain_all(&given, set, given.nodes ? &nodes : NULL, operands,
                       argv);
}

const struct command cmd_explain = {
    .name = "explain",
    .operands = "[FILE]...",
    .summary = "Say why a pod is changed as it is, and where it could run",
    .details =
        "Reads what `spillway mutate` reads, and says of each object which "
        "policy and\n"
        "selector matched, or what the first thing was that did not; each "
        "guard in order;\n"
        "which tolerations are added or covered; where it may run, before "
        "and after; what\n"
        "it prefers; and each warning with a way out.\n"
        "\n"
        "With --nodes, each node is feasible or has the first predicate that "
        "fails\n"
        "(unschedulable, taint, nodeSelector, affinity, resources), the score "
        "of\n"
        "kube-scheduler's NodeAffinity plugin, and a rank.  Pods in that file "
        "count as\n"
        "running on their nodes:\n"
        "\n"
        "  kubectl get nodes,pods -A -o json >cluster.json\n",
    .exits = "0 whatever was decided\n2 when something could not be read",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
