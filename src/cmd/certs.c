/*
 * certs.c - `spillway certs issue`: a CA and a serving pair for a directory.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/cmd.h"
#include "spillway/file.h"
#include "spillway/issue.h"
#include "spillway/macros.h"

enum {
    DAY_MS = 24 * 60 * 60 * 1000,
    VALID_MIN_MS = 1000, /* certificates count whole seconds */
};

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

/* The files, in the order in which they are described. */
enum file { FILE_CA_CRT, FILE_CA_KEY, FILE_TLS_CRT, FILE_TLS_KEY, FILE_COUNT };

static const char *const file_names[FILE_COUNT] = {
    [FILE_CA_CRT] = "ca.crt",
    [FILE_CA_KEY] = "ca.key",
    [FILE_TLS_CRT] = "tls.crt",
    [FILE_TLS_KEY] = "tls.key",
};

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

static bool write_files(const char *dir, bool overwrite,
                        const struct issued *ca, const struct issued *leaf,
                        struct error *err)
{
    const struct text contents[FILE_COUNT] = {
        [FILE_CA_CRT] = text_of(ca->certificate),
        [FILE_CA_KEY] = text_of(ca->key),
        [FILE_TLS_CRT] = text_of(leaf->certificate),
        [FILE_TLS_KEY] = text_of(leaf->key),
    };
    struct file_output files[FILE_COUNT];
    auto_buf struct buf paths = { 0 };
    size_t starts[FILE_COUNT];

    for (size_t i = 0; i < FILE_COUNT; i++) {
        starts[i] = paths.len;
        buf_printf(&paths, "%s/%s", dir, file_names[i]);
        buf_add_char(&paths, '\0');
    }
    if (!buf_ok(&paths, err))
        return false;
    for (size_t i = 0; i < FILE_COUNT; i++)
        files[i] = (struct file_output){ paths.data + starts[i], contents[i],
                                         i == FILE_CA_KEY || i == FILE_TLS_KEY
                                             ? 0600
                                             : 0644 };
    if (file_replace_all(files, FILE_COUNT, overwrite, err))
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
    const long long longest = (long long)ISSUE_CA_DAYS * DAY_MS;
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
    if (settings->valid_ms < VALID_MIN_MS || settings->valid_ms > longest)
        status = command_usage(command,
                               "--valid-for: give from 1s to %dd, which is as "
                               "long as the CA is valid",
                               ISSUE_CA_DAYS);
    return status;
}

/* Without the slash that completion leaves behind: paths are built on it. */
static char *plain_directory(const char *dir)
{
    size_t len = strlen(dir);

    while (len > 1 && dir[len - 1] == '/')
        len--;
    return strndup(dir, len);
}

static int issue(const struct settings *settings,
                 const struct issue_names *names)
{
    auto_issued struct issued ca = { 0 }, leaf = { 0 };
    auto_free char *dir = plain_directory(settings->dir);
    struct error err = { 0 };
    time_t now = time(NULL);

    if (!dir) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    if (!issue_authority(now, &ca, &err) ||
        !issue_serving(&ca, names, now, settings->valid_ms / 1000, &leaf,
                       &err) ||
        !make_directory(dir, &err) ||
        !write_files(dir, settings->force, &ca, &leaf, &err))
        return command_fail(&err);
    report(dir, &ca, &leaf);
    return command_done(STATUS_OK);
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings settings = { .valid_ms = 365LL * DAY_MS };
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
