/*
 * mutate.c - `spillway mutate`: what would become of these objects?
 *
 * A filter: reads documents, evaluates each as the server would, and prints
 * the answer, the patch, the changed object or a diff.
 */
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/cmd.h"
#include "spillway/document.h"
#include "spillway/dump.h"
#include "spillway/file.h"
#include "spillway/macros.h"
#include "spillway/mutate.h"
#include "spillway/policy.h"
#include "spillway/yaml.h"

struct mutate_options {
    const char *policy, *name_space, *output;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "policy", .kind = OPTION_STRING, .argument = "FILE|DIR",
      .offset = offsetof(struct mutate_options, policy),
      .help = "the policy (default: the built-in one)" },
    { .name = "namespace", .letter = 'n', .kind = OPTION_STRING,
      .argument = "NAMESPACE",
      .offset = offsetof(struct mutate_options, name_space),
      .help = "for objects that name none (default: default)" },
    { .name = "output", .letter = 'o', .kind = OPTION_CHOICE,
      .argument = "FORMAT",
      .offset = offsetof(struct mutate_options, output),
      .choices = "diff|response|patch|object|review",
      .help = "diff (default), response, patch, object or review" },
};
/* clang-format on */

/* One run of the command. */
struct mutate {
    const struct policy_set *set;
    struct text name_space;
    const struct mutate_format *format;
    struct mutate_output output;
    struct arena file;    /* for a file and the objects that are kept, or */
    struct arena scratch; /* for one object, when nothing of it is */
    bool failed;
};

/* --- documents and files ----------------------------------------------- */

static void report(struct mutate *mutate, const struct error *err)
{
    mutate->failed = true;
    (void)command_fail(err);
}

/* Evaluate one object.  What fails is reported, and the others go on. */
static void mutate_one(void *context, struct json *root,
                       const struct document_place *place)
{
    struct mutate *mutate = context;
    struct arena *arena = &mutate->file;
    struct document document;
    struct admission admission;
    struct error err = { 0 };

    if (!mutate->format->add_root) {
        arena_reset(&mutate->scratch);
        arena = &mutate->scratch;
    }
    if (!document_open(root, place, mutate->name_space, arena, &document,
                       &err) ||
        !document_admit(&document, place, mutate->set, arena, &admission,
                        &err) ||
        !mutate->format->add(&mutate->output, &document, &admission, arena,
                             &err))
        report(mutate, &err);
}

static void mutate_document(struct mutate *mutate, struct json *root,
                            const struct document_place *place)
{
    const struct dump_visitor visitor = { mutate_one, mutate };
    bool failed_before = mutate->failed, failed;
    struct error err = { 0 };

    mutate->failed = false;
    dump_visit(root, place, &visitor);
    failed = mutate->failed;
    mutate->failed = failed_before || failed;
    /* A List goes on without what could not be read of it. */
    if (mutate->format->add_root && (!failed || document_is_list(root)) &&
        !mutate->format->add_root(&mutate->output, root, place->is_json, &err))
        report(mutate, &err);
}

static bool mutate_file(struct mutate *mutate, const char *path,
                        struct error *err)
{
    const char *name = dump_name(path);
    auto_buf struct buf bytes = { 0 };
    struct yaml_documents documents;

    if (!file_read(path, DOCUMENT_MAX_BYTES, &bytes, err))
        return false;
    if (!yaml_read(buf_text(&bytes), DOCUMENT_MAX_VALUES, &mutate->file,
                   &documents, err))
        return error_wrap(err, "%s", name);
    if (documents.count == 0)
        return error_set(err, ERROR_INVALID, "%s: there is no document in it",
                         name);
    for (size_t i = 0; i < documents.count; i++) {
        struct document_place place = { name, buf_text(&bytes),
                                        documents.is_json[i],
                                        documents.count == 1 };

        mutate_document(mutate, documents.list[i], &place);
    }
    return true;
}

static void print(struct text text)
{
    if (text.len)
        (void)fwrite(text.data, 1, text.len, stdout);
    /* Keep what is said on both streams in order. */
    (void)fflush(stdout);
}

static void mutate_path(struct mutate *mutate, const char *path)
{
    struct buf *out = &mutate->output.buf;
    struct error err = { 0 };

    if (!mutate_file(mutate, path, &err))
        report(mutate, &err);
    arena_done(&mutate->file);
    if (mutate->format->finish)
        return;
    print(buf_text(out));
    buf_clear(out);
}

/* Objects go to `kubectl apply`, so they are printed all or not at all. */
static void finish(struct mutate *mutate)
{
    if (!mutate->format->finish)
        return;
    if (mutate->failed)
        (void)fprintf(stderr, "spillway: nothing is printed, since not "
                              "everything could be read\n");
    else
        print(mutate->format->finish(&mutate->output));
}

/* --- the command ------------------------------------------------------- */

/* Columns of the terminal on stdout, at most what is easy to read. */
static size_t terminal_width(void)
{
    enum { WIDEST = 110, NARROWEST = 40 };
    struct winsize size = { 0 };

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < NARROWEST)
        return 0;
    return size.ws_col < WIDEST ? size.ws_col : WIDEST;
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct mutate_options given = { .name_space = "default", .output = "diff" };
    struct mutate mutate = { 0 };
    auto_policy_set struct policy_set *set = NULL;
    int status, operands = options_parse(command, argc, argv, &given, &status);

    if (operands < 0)
        return status;
    set = command_policy(given.policy);
    if (!set)
        return STATUS_USAGE;
    mutate.set = set;
    mutate.name_space = text_of(given.name_space);
    mutate.format = mutate_format_find(given.output);
    mutate.output.colour = command_colour(STDOUT_FILENO);
    mutate.output.width = terminal_width();
    if (operands == 0)
        mutate_path(&mutate, "-");
    for (int i = 0; i < operands; i++)
        mutate_path(&mutate, argv[i]);
    finish(&mutate);
    buf_done(&mutate.output.buf);
    buf_done(&mutate.output.json);
    arena_done(&mutate.scratch);
    return command_done(mutate.failed ? STATUS_USAGE : STATUS_OK);
}

const struct command cmd_mutate = {
    .name = "mutate",
    .operands = "[FILE]...",
    .summary = "Show what becomes of pods and workloads",
    .details =
        "Reads AdmissionReviews, Pods, workloads (Deployment, ReplicaSet,\n"
        "StatefulSet, DaemonSet, Job, CronJob), Lists and any other objects, "
        "as YAML\n"
        "or JSON, several documents too; standard input without FILE or for "
        "-.\n"
        "A workload is evaluated as the pod that its controller would create.\n"
        "\n"
        "  diff      what changes, in words and as a diff\n"
        "  response  the AdmissionReview that `spillway serve` would answer\n"
        "  patch     the JSON Patch of what was given, [] for no change\n"
        "  object    every document, changed\n"
        "  review    the AdmissionReview that was evaluated\n",
    .exits = "0 whatever was decided\n2 when something could not be read",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
