/*
 * wrap.c - `spillway wrap`: makes cases for `spillway test` from what a user
 * has: dumps of a cluster, rendered charts, reviews, audit logs.
 */
#include "spillway/wrap_parts.h"

#include <stdio.h>

#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/dump.h"
#include "spillway/macros.h"
#include "spillway/policy.h"

struct wrap_options {
    const char *policy, *name_space, *dir;
    bool selected;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "dir", .kind = OPTION_STRING, .argument = "DIR",
      .offset = offsetof(struct wrap_options, dir),
      .help = "where the cases go (required)" },
    { .name = "policy", .kind = OPTION_STRING, .argument = "FILE|DIR",
      .offset = offsetof(struct wrap_options, policy),
      .help = "the policy (default: the built-in one)" },
    { .name = "namespace", .letter = 'n', .kind = OPTION_STRING,
      .argument = "NAMESPACE",
      .offset = offsetof(struct wrap_options, name_space),
      .help = "for objects that name none (default: default)" },
    { .name = "selected", .kind = OPTION_FLAG,
      .offset = offsetof(struct wrap_options, selected),
      .help = "leave out what no policy selects" },
};
/* clang-format on */

/* One file that is being read. */
struct input {
    struct wrap *wrap;
    struct wrap_audit audit;
    size_t n_objects;
    bool failed;         /* something in it could not be read */
    struct error broken; /* why the rest is not looked at */
};

/* --- documents ---------------------------------------------------------- */

static bool wrap_one(struct input *input, const struct json *root,
                     const struct document_place *place, struct error *err)
{
    struct wrap *wrap = input->wrap;
    struct json *again;

    arena_reset(&wrap->scratch);
    if (wrap_audit_is(root))
        return wrap_audit_tree(&input->audit, root, root->line, err);
    again = wrap_again(root, &wrap->scratch);
    if (!again)
        return error_no_memory(err);
    return wrap_object(wrap, again, place, wrap->name_space, &wrap->scratch,
                       err);
}

/* What cannot be read is reported, and the others go on; not when memory or
 * the disk is short. */
static void visit(void *context, struct json *root,
                  const struct document_place *place)
{
    struct input *input = context;
    struct error err = { 0 };

    if (input->broken.kind != ERROR_NONE)
        return;
    progress_tick(&input->wrap->progress, ++input->n_objects, 0);
    if (wrap_one(input, root, place, &err))
        return;
    if (err.kind == ERROR_SYSTEM) {
        input->broken = err;
        return;
    }
    input->failed = true;
    progress_end(&input->wrap->progress);
    (void)command_fail(&err);
}

static bool wrap_documents(struct input *input, struct text bytes,
                           struct error *err)
{
    const struct dump_visitor visitor = { visit, input };
    auto_arena struct arena arena = { 0 };

    if (!dump_parse(input->audit.file, bytes, &arena, &visitor, err))
        return false;
    if (input->broken.kind != ERROR_NONE)
        *err = input->broken;
    return input->broken.kind == ERROR_NONE;
}

/* --- files -------------------------------------------------------------- */

static bool is_audit_log(struct text first_line)
{
    auto_arena struct arena arena = { 0 };

    return wrap_audit_is_line(first_line, &arena);
}

static bool wrap_file(struct input *input, const char *path, struct error *err)
{
    auto_wrap_lines struct wrap_lines lines = { .fd = -1 };
    struct text bytes;

    if (!wrap_lines_open(&lines, path, err) ||
        !wrap_lines_peek(&lines, &bytes, err))
        return false;
    if (is_audit_log(bytes))
        return wrap_audit_log(&input->audit, &lines, err);
    return wrap_lines_all(&lines, DOCUMENT_MAX_BYTES, &bytes, err) &&
           wrap_documents(input, bytes, err);
}

/* Read one file and say what was left out of it; false when something could not
 * be read. */
static bool wrap_path(struct wrap *wrap, const char *path)
{
    struct input input = {
        .wrap = wrap,
        .audit = { .wrap = wrap, .file = dump_name(path) },
    };
    auto_buf struct buf words = { 0 };
    struct error err = { 0 };
    bool good = wrap_file(&input, path, &err);

    progress_end(&wrap->progress);
    (void)fflush(stdout);
    wrap_audit_format(&input.audit, &words);
    if (words.len)
        (void)fwrite(words.data, 1, words.len, stderr);
    if (!good)
        (void)command_fail(&err);
    return good && !input.failed;
}

/* --- the command -------------------------------------------------------- */

static void say_summary(struct wrap *wrap, const char *directory)
{
    struct wrap_tally *tally = &wrap->tally;
    auto_buf struct buf words = { 0 };

    if (tally->unfaithful)
        (void)fprintf(stderr, "spillway: %s\n", tally->first_unfaithful.text);
    wrap_tally_format(tally, directory, &words);
    (void)fprintf(stderr, "%s\n", words.data ? words.data : "");
}

static int wrap_paths(struct wrap *wrap, const char *directory, int count,
                      char *paths[])
{
    struct error err = { 0 };
    bool complete = true;

    if (!record_store_open(&wrap->store, directory, &err))
        return command_fail(&err);
    if (count == 0)
        complete = wrap_path(wrap, "-");
    for (int i = 0; i < count; i++)
        complete = wrap_path(wrap, paths[i]) && complete;
    (void)fflush(stdout);
    say_summary(wrap, directory);
    if (!complete)
        return STATUS_USAGE;
    return wrap->tally.written + wrap->tally.folded ? STATUS_OK : STATUS_NO;
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct wrap_options given = { .name_space = "default" };
    auto_policy_set struct policy_set *set = NULL;
    struct wrap wrap = { 0 };
    int status, operands = options_parse(command, argc, argv, &given, &status);

    if (operands < 0)
        return status;
    if (!given.dir || !*given.dir)
        return command_usage(command, "--dir DIR is missing");
    set = command_policy(given.policy);
    if (!set)
        return STATUS_USAGE;
    wrap.set = set;
    wrap.name_space = text_of(given.name_space);
    wrap.only_selected = given.selected;
    progress_start(&wrap.progress, "wrapping");
    status = wrap_paths(&wrap, given.dir, operands, argv);
    record_store_done(&wrap.store);
    arena_done(&wrap.scratch);
    free(wrap.taken_audits);
    return command_done(status);
}

const struct command cmd_wrap = {
    .name = "wrap",
    .operands = "[FILE]...",
    .summary = "Make test cases from dumps, charts, reviews and audit logs",
    .details =
        "Reads what `kubectl get pods,deployments -A -o json` (or yaml) "
        "prints, rendered\n"
        "charts, single objects, AdmissionReviews, and the API server's audit "
        "logs;\n"
        "standard input without FILE or for -.  Of each pod and workload it "
        "writes a\n"
        "directory with review.json, redacted, and expect.yaml, what the "
        "policy decides,\n"
        "for `spillway test`.  Those of the same shape are folded into one; "
        "what is there\n"
        "stays as it is.  A pod that exists is taken as it would be created "
        "again.\n"
        "\n"
        "Of an audit log it takes pods and Bindings that were created, with "
        "level Request\n"
        "or above.  Such a log may be of any size.\n",
    .exits =
        "0 done\n1 nothing could become a case\n2 something could not be read "
        "or written",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
