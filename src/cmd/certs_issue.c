/*
 * certs_issue.c - `spillway certs issue`: a CA and a serving pair for a
 * directory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "spillway/certificate.h"
#include "spillway/certs.h"
#include "spillway/certs_dir.h"
#include "spillway/cmd.h"
#include "spillway/issue.h"
#include "spillway/macros.h"

struct settings {
    const char *dir;
    struct option_list names, ips;
    long long valid_ms;
    bool force;
};

/* clang-format off */
static const struct option options[] = {
    { .name = "dir", .kind = OPTION_STRING,
      .offset = offsetof(struct settings, dir), .argument = "DIR",
      .help = "where the files go; made if its parent exists" },
    { .name = "name", .kind = OPTION_LIST,
      .offset = offsetof(struct settings, names), .argument = "NAME",
      .help = "a DNS name of the server; may be repeated" },
    { .name = "ip", .kind = OPTION_LIST,
      .offset = offsetof(struct settings, ips), .argument = "IP",
      .help = "an IP address of the server; may be repeated" },
    { .name = "valid-for", .kind = OPTION_DURATION,
      .offset = offsetof(struct settings, valid_ms), .argument = "DURATION",
      .help = "how long the serving certificate is valid (365d)" },
    { .name = "force", .kind = OPTION_FLAG,
      .offset = offsetof(struct settings, force),
      .help = "replace files that exist" },
};
/* clang-format on */

/* Take the names; each that is wrong gets its line. */
static int collect_names(const struct command *command,
                         const struct settings *settings,
                         struct issue_names *names)
{
    struct error err = { 0 };
    int status = STATUS_OK;

    for (size_t i = 0; i < settings->names.count; i++) {
        if (!issue_names_add_dns(names, settings->names.items[i], &err))
            status = command_usage(command, "--name: %s", err.text);
    }
    for (size_t i = 0; i < settings->ips.count; i++) {
        if (!issue_names_add_ip(names, settings->ips.items[i], &err))
            status = command_usage(command, "--ip: %s", err.text);
    }
    return status;
}

static bool make_directory(const char *path, struct error *err)
{
    struct stat status;

    if (mkdir(path, 0755) == 0)
        return true;
    if (errno == ENOENT)
        return error_set(err, ERROR_SYSTEM,
                         "%s: its parent directory does not exist (mkdir -p "
                         "makes it)",
                         path);
    if (errno != EEXIST)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))
        return error_set(err, ERROR_SYSTEM, "%s: is not a directory", path);
    return true;
}

static bool write_files(const struct certs_dir *dir, bool overwrite,
                        const struct issued *ca, const struct issued *leaf,
                        struct error *err)
{
    const char *const contents[CERTS_FILES] = {
        [CERTS_CA_CRT] = ca->certificate,
        [CERTS_CA_KEY] = ca->key,
        [CERTS_TLS_CRT] = leaf->certificate,
        [CERTS_TLS_KEY] = leaf->key,
    };

    if (certs_dir_replace(dir, contents, overwrite, err))
        return true;
    /* The only input it refuses is a file that is there already. */
    if (err->kind == ERROR_INVALID) {
        const struct error inner = *err;

        return error_set(err, inner.kind,
                         "%.300s; nothing was written (--force replaces all "
                         "four files)",
                         inner.text);
    }
    return false;
}

/* Say what was made, and what one does with it. */
static void report(const char *dir, const struct issued *ca,
                   const struct issued *leaf)
{
    char ca_end[CERTIFICATE_TIME_SIZE], leaf_end[CERTIFICATE_TIME_SIZE];

    printf("Wrote\n"
           "  %s/ca.crt   the CA's certificate, valid until %.10s\n"
           "  %s/ca.key   the CA's key: keep it to yourself, off the cluster\n"
           "  %s/tls.crt  the server's certificate, valid until %.10s\n"
           "  %s/tls.key  the server's key\n\n",
           dir, certificate_format_time(ca->not_after, ca_end), dir, dir,
           certificate_format_time(leaf->not_after, leaf_end), dir);
    printf("To serve with it here:\n"
           "  spillway serve --cert %s/tls.crt --key %s/tls.key\n"
           "To use it in a cluster:\n"
           "  spillway manifest tls %s | kubectl apply -f -\n"
           "  spillway manifest webhook %s | kubectl apply -f -\n"
           "To look at it:\n"
           "  spillway certs inspect %s/tls.crt %s/tls.key %s/ca.crt\n",
           dir, dir, dir, dir, dir, dir, dir);
}

/* Everything that is wrong with the command line, one line each. */
static int check_settings(const struct command *command, int operands,
                          char *argv[], const struct settings *settings,
                          struct issue_names *names)
{
    int status = collect_names(command, settings, names);

    if (operands > 0)
        status = command_usage(command,
                               "'%s' is one word too many; names are given "
                               "as --name NAME",
                               argv[0]);
    if (!settings->dir)
        status = command_usage(command, "--dir DIR is missing");
    if (settings->names.count == 0)
        status = command_usage(command,
                               "at least one --name NAME is needed, such as "
                               "spillway.spillway-system.svc");
    if (!certs_check_valid_for(command, settings->valid_ms))
        status = STATUS_USAGE;
    return status;
}

static int issue(const struct settings *settings,
                 const struct issue_names *names)
{
    auto_issued struct issued ca = { 0 }, leaf = { 0 };
    auto_certs_dir struct certs_dir dir = { 0 };
    struct error err = { 0 };
    time_t now = time(NULL);

    if (!issue_authority(now, &ca, &err) ||
        !issue_serving(&ca, names, now, settings->valid_ms / 1000, &leaf,
                       &err) ||
        !make_directory(settings->dir, &err) ||
        !certs_dir_open(&dir, settings->dir, &err) ||
        !write_files(&dir, settings->force, &ca, &leaf, &err))
        return command_fail(&err);
    report(dir.path, &ca, &leaf);
    return command_done(STATUS_OK);
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings settings = { .valid_ms = CERTS_VALID_MS };
    auto_issue_names struct issue_names names = { 0 };
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, &settings, &status);

    if (operands >= 0) {
        status = check_settings(command, operands, argv, &settings, &names);
        if (status == STATUS_OK)
            status = issue(&settings, &names);
    }
    option_list_done(&settings.names);
    option_list_done(&settings.ips);
    return status;
}

const struct command cmd_certs_issue = {
    .name = "certs issue",
    .operands = "",
    .summary = "Make a CA and a serving certificate that it signed",
    .details =
        "Writes ca.crt, ca.key, tls.crt and tls.key; the keys (ECDSA P-256) "
        "can be read\nby their owner only. The CA is valid for ten years. A "
        "Service's name,\nSVC.NS.svc, also stands for "
        "SVC.NS.svc.cluster.local.\n\n"
        "Example:\n"
        "  spillway certs issue --dir certs \\\n"
        "      --name spillway.spillway-system.svc --name localhost "
        "--ip 127.0.0.1\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
