/*
 * manifest_policy.c - `spillway manifest policy`: the policy as a ConfigMap, or
 * as it is.
 */
#include <stdio.h>
#include <string.h>

#include "spillway/arena.h"
#include "spillway/cmd.h"
#include "spillway/file.h"
#include "spillway/json.h"
#include "spillway/manifest.h"
#include "spillway/policy.h"

enum {
    CONFIGMAP_LIMIT = 1024 * 1024, /* bytes of keys and values: MaxSecretSize
                                      in k8s.io/api/core/v1 holds for both */
    KEY_MAX = 253,
};

struct settings {
    const char *policy;
    bool bare;
};

/* clang-format off */
static const struct option options[] = {
    { "policy", 0, OPTION_STRING, offsetof(struct settings, policy), "FILE|DIR",
      "the policy (default: the built-in one)", NULL, 0, 0 },
    { "bare", 0, OPTION_FLAG, offsetof(struct settings, bare), NULL,
      "print the policy file alone, byte for byte", NULL, 0, 0 },
};

static const char template[] =
"apiVersion: v1\n"
"kind: ConfigMap\n"
"metadata:\n"
"  name: spillway-policy\n"
"  namespace: spillway-system\n"
"  labels:\n"
"    app.kubernetes.io/name: spillway\n"
"data: {}\n";

static const char comment[] =
"# The policy that Spillway serves. Printed by `spillway manifest policy`;\n"
"# for another one: spillway manifest policy --policy FILE\n";
/* clang-format on */

/* Only a policy without mistakes is worth printing. */
static bool prove(const struct policy_files *files)
{
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };
    auto_policy_set struct policy_set *set =
        file_parse_policy(files, &mistakes, &err);

    if (!set)
        (void)command_mistakes(&mistakes, &err);
    return set != NULL;
}

/* Files of a directory keep their names. */
static const char *key_of(const struct policy_files *files, size_t i)
{
    const char *path = files->sources[i].name, *slash = strrchr(path, '/');

    if (!files->is_directory)
        return "policy.yaml";
    return slash ? slash + 1 : path;
}

static bool is_key(const char *key)
{
    size_t len = strlen(key);

    return len <= KEY_MAX && len == strspn(key, "-._0123456789"
                                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                "abcdefghijklmnopqrstuvwxyz");
}

static bool fill(struct json *data, const struct policy_files *files,
                 struct arena *arena, struct error *err)
{
    size_t bytes = 0;

    for (size_t i = 0; i < files->count; i++) {
        const char *key = key_of(files, i);

        if (!is_key(key))
            return error_set(err, ERROR_INVALID,
                             "%s: a ConfigMap's key has at most %d of the "
                             "characters A-Z a-z 0-9 - _ . (rename the file)",
                             files->sources[i].name, KEY_MAX);
        bytes += strlen(key) + files->sources[i].text.len;
        if (!manifest_set(data, key, files->sources[i].text, arena))
            return error_no_memory(err);
    }
    if (bytes > CONFIGMAP_LIMIT)
        return error_set(err, ERROR_TOO_BIG,
                         "the policy has %zu bytes, and a ConfigMap holds %d",
                         bytes, CONFIGMAP_LIMIT);
    return true;
}

static int print_configmap(const struct policy_files *files)
{
    auto_arena struct arena arena = { 0 };
    struct error err = { 0 };
    struct json *object = manifest_template(template, &arena, &err);

    if (!object || !fill(manifest_member(object, "data"), files, &arena, &err))
        return command_fail(&err);
    return manifest_print(comment, object);
}

static int print_bare(const struct command *command,
                      const struct policy_files *files)
{
    struct text text = files->sources[0].text;

    if (files->count > 1)
        return command_usage(
            command, "--bare prints one file, and there are %zu", files->count);
    (void)fwrite(text.data, 1, text.len, stdout);
    return command_done(STATUS_OK);
}

static int run(const struct command *command, int argc, char *argv[])
{
    auto_policy_files struct policy_files *files = NULL;
    struct settings settings = { 0 };
    struct error err = { 0 };
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, &settings, &status);

    if (operands < 0)
        return status;
    if (operands > 0)
        return command_usage(command,
                             "'%s' is one word too many; a policy is given as "
                             "--policy PATH",
                             argv[0]);
    files = file_read_policy(settings.policy, &err);
    if (!files)
        return command_fail(&err);
    if (!prove(files))
        return STATUS_USAGE;
    return settings.bare ? print_bare(command, files) : print_configmap(files);
}

const struct command cmd_manifest_policy = {
    .name = "manifest policy",
    .operands = "",
    .summary = "Print the policy as a ConfigMap",
    .details =
        "The ConfigMap is named spillway-policy. One file becomes its key "
        "policy.yaml,\nthe files of a directory keep their names. A policy "
        "with mistakes is refused.\n\n"
        "Examples:\n"
        "  spillway manifest policy --bare > policy.yaml\n"
        "  spillway manifest policy --policy policy.yaml | kubectl apply -f "
        "-\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
