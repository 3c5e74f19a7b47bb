/*
 * certs_inspect.c - `spillway certs inspect`: what certificates and keys say,
 * and whether they belong together.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/certs.h"
#include "spillway/cmd.h"
#include "spillway/inspect.h"
#include "spillway/jsonout.h"
#include "spillway/macros.h"
#include "spillway/openssl.h"
#include "spillway/units.h"

struct settings {
    const char *output;
};

static const struct option options[] = {
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_CHOICE,
      .offset = offsetof(struct settings, output),
      .argument = "FORMAT",
      .choices = "text|json",
      .help = "text (default) or json" },
};

enum { DAY_S = 24 * 60 * 60 };

/* --- text -------------------------------------------------------------- */

/* How text is marked up: empty strings where colour is not wanted. */
struct paint {
    const char *bold, *red, *yellow, *green, *off;
};

static const struct paint plain = { "", "", "", "", "" };
static const struct paint colours = { "\033[1m", "\033[31m", "\033[33m",
                                      "\033[32m", "\033[0m" };

static void print_row(const char *name, const char *value)
{
    printf("  %-12s %s\n", name, value);
}

static void print_validity(X509 *certificate, time_t now,
                           const struct paint *paint)
{
    char from_text[CERTIFICATE_TIME_SIZE], until_text[CERTIFICATE_TIME_SIZE];
    char span[UNITS_SPAN_SIZE];
    time_t from, until;

    if (!certificate_validity(certificate, &from, &until)) {
        print_row("valid", "dates that cannot be read");
        return;
    }
    printf("  %-12s %s to %s ", "valid",
           certificate_format_time(from, from_text),
           certificate_format_time(until, until_text));
    if (now < from)
        printf("%s(begins in %s)%s\n", paint->red, units_span(from - now, span),
               paint->off);
    else if (now > until)
        printf("%s(expired %s ago)%s\n", paint->red,
               units_span(now - until, span), paint->off);
    else
        printf("(%s left)\n", units_span(until - now, span));
}

/* Names stand below each other, and only the first has the heading. */
static void print_name(void *context, bool is_ip, const char *name)
{
    bool *first = context;

    (void)is_ip;
    print_row(*first ? "names" : "", name);
    *first = false;
}

static void print_certificate(X509 *certificate, time_t now,
                              const struct paint *paint)
{
    auto_buf struct buf text = { 0 };
    bool first = true;

    certificate_subject(certificate, &text);
    print_row("subject", text.len ? text.data : "(empty)");
    buf_clear(&text);
    certificate_issuer(certificate, &text);
    print_row("issuer", text.len ? text.data : "(empty)");
    if (certificate_names(certificate, print_name, &first) == 0 &&
        !certificate_is_ca(certificate))
        print_row("names", "(none)");
    print_validity(certificate, now, paint);
    buf_clear(&text);
    certificate_key_kind(X509_get0_pubkey(certificate), &text);
    print_row("key", text.data);
    print_row("CA", certificate_is_ca(certificate) ? "yes" : "no");
    buf_clear(&text);
    certificate_fingerprint(certificate, &text);
    print_row("SHA-256", text.data);
}

static void print_file(const struct inspect_file *file, time_t now,
                       const struct paint *paint)
{
    const struct pem *pem = &file->pem;

    for (size_t i = 0; i < pem->n_certificates; i++) {
        printf("%s%s%s", paint->bold, file->path, paint->off);
        if (pem->n_certificates > 1)
            printf(", certificate %zu of %zu", i + 1, pem->n_certificates);
        printf("\n");
        print_certificate(pem->certificates[i], now, paint);
        printf("\n");
    }
    for (size_t i = 0; i < pem->n_keys; i++) {
        auto_buf struct buf kind = { 0 };

        certificate_key_kind(pem->keys[i], &kind);
        printf("%s%s%s\n", paint->bold, file->path, paint->off);
        print_row("private key", kind.data);
        printf("\n");
    }
}

static void print_text(const struct inspect_file *files, size_t count,
                       time_t now, const struct inspect_findings *findings)
{
    const struct paint *paint =
        command_colour(STDOUT_FILENO) ? &colours : &plain;

    for (size_t i = 0; i < count; i++)
        print_file(&files[i], now, paint);
    for (const struct inspect_finding *f = findings->first; f; f = f->next) {
        if (f->verdict == INSPECT_OK)
            printf("%sok%s       %s\n", paint->green, paint->off, f->text);
        else if (f->verdict == INSPECT_NOTE)
            printf("%snote%s     %s\n", paint->yellow, paint->off, f->text);
        else
            printf("%sPROBLEM%s  %s\n", paint->red, paint->off, f->text);
    }
    if (!findings->first)
        printf("%sok%s       nothing wrong was found\n", paint->green,
               paint->off);
}

/* --- JSON -------------------------------------------------------------- */

/* The two lists that certificate_names() fills. */
struct name_lists {
    cJSON *dns, *ips;
};

static void add_name(void *context, bool is_ip, const char *name)
{
    struct name_lists *lists = context;

    (void)cJSON_AddItemToArray(is_ip ? lists->ips : lists->dns,
                               cJSON_CreateString(name));
}

/* Add `text` as a string and empty it. */
static void add_text(cJSON *object, const char *name, struct buf *text)
{
    (void)cJSON_AddStringToObject(object, name, text->len ? text->data : "");
    buf_clear(text);
}

static void add_validity(cJSON *object, X509 *certificate, time_t now)
{
    char text[CERTIFICATE_TIME_SIZE];
    time_t from, until;
    long long days;

    if (!certificate_validity(certificate, &from, &until))
        return;
    /* Rounded down: -1 when it expired a minute ago. */
    days = (until - now - (until < now ? DAY_S - 1 : 0)) / DAY_S;
    (void)cJSON_AddStringToObject(object, "notBefore",
                                  certificate_format_time(from, text));
    (void)cJSON_AddStringToObject(object, "notAfter",
                                  certificate_format_time(until, text));
    (void)cJSON_AddNumberToObject(object, "daysLeft", (double)days);
    (void)cJSON_AddBoolToObject(object, "validNow",
                                from <= now && now <= until);
}

static cJSON *certificate_json(X509 *certificate, time_t now)
{
    cJSON *object = cJSON_CreateObject();
    auto_buf struct buf text = { 0 };
    struct name_lists lists;

    certificate_subject(certificate, &text);
    add_text(object, "subject", &text);
    certificate_issuer(certificate, &text);
    add_text(object, "issuer", &text);
    lists.dns = cJSON_AddArrayToObject(object, "dnsNames");
    lists.ips = cJSON_AddArrayToObject(object, "ipAddresses");
    (void)certificate_names(certificate, add_name, &lists);
    add_validity(object, certificate, now);
    certificate_key_kind(X509_get0_pubkey(certificate), &text);
    add_text(object, "key", &text);
    (void)cJSON_AddBoolToObject(object, "isCA", certificate_is_ca(certificate));
    certificate_fingerprint(certificate, &text);
    add_text(object, "sha256", &text);
    return object;
}

static cJSON *file_json(const struct inspect_file *file, time_t now)
{
    cJSON *object = cJSON_CreateObject(), *list;

    (void)cJSON_AddStringToObject(object, "file", file->path);
    list = cJSON_AddArrayToObject(object, "certificates");
    for (size_t i = 0; i < file->pem.n_certificates; i++)
        (void)cJSON_AddItemToArray(
            list, certificate_json(file->pem.certificates[i], now));
    list = cJSON_AddArrayToObject(object, "privateKeys");
    for (size_t i = 0; i < file->pem.n_keys; i++) {
        auto_buf struct buf kind = { 0 };

        certificate_key_kind(file->pem.keys[i], &kind);
        (void)cJSON_AddItemToArray(list, cJSON_CreateString(kind.data));
    }
    return object;
}

static cJSON *findings_json(const struct inspect_findings *findings)
{
    static const char *const names[] = {
        [INSPECT_OK] = "ok",
        [INSPECT_NOTE] = "note",
        [INSPECT_PROBLEM] = "problem",
    };
    cJSON *list = cJSON_CreateArray();

    for (const struct inspect_finding *f = findings->first; f; f = f->next) {
        cJSON *object = cJSON_CreateObject();

        (void)cJSON_AddStringToObject(object, "result", names[f->verdict]);
        (void)cJSON_AddStringToObject(object, "text", f->text);
        (void)cJSON_AddItemToArray(list, object);
    }
    return list;
}

static bool print_json(const struct inspect_file *files, size_t count,
                       time_t now, const struct inspect_findings *findings,
                       struct error *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *list = cJSON_AddArrayToObject(root, "files");

    for (size_t i = 0; i < count; i++)
        (void)cJSON_AddItemToArray(list, file_json(&files[i], now));
    (void)cJSON_AddItemToObject(root, "checks", findings_json(findings));
    (void)cJSON_AddBoolToObject(root, "ok", findings->problems == 0);
    return jsonout_print(root, err);
}

/* --- the command ------------------------------------------------------- */

/* The files of one call. */
struct file_list {
    struct inspect_file *files;
    size_t count;
};

static void file_list_done(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        pem_done(&list->files[i].pem);
    free(list->files);
    *list = (struct file_list){ 0 };
}

#define auto_file_list __attribute__((cleanup(file_list_done)))

/* Who may use the file; nobody when that cannot be told. */
static mode_t mode_of(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && S_ISREG(status.st_mode)
               ? status.st_mode & 07777
               : 0;
}

/* Read all files; each that cannot be read gets its line. */
static int load_files(char *paths[], size_t count, struct file_list *list)
{
    int status = STATUS_OK;
    struct error err = { 0 };

    list->files = calloc(count, sizeof(*list->files));
    if (!list->files) {
        (void)error_no_memory(&err);
        return command_fail(&err);
    }
    list->count = count;
    for (size_t i = 0; i < count; i++) {
        bool is_stdin = strcmp(paths[i], "-") == 0;

        list->files[i].path = is_stdin ? "stdin" : paths[i];
        list->files[i].mode = is_stdin ? 0 : mode_of(paths[i]);
        if (!pem_load(paths[i], &list->files[i].pem, &err))
            status = command_fail(&err);
    }
    return status;
}

static int inspect(const struct settings *settings, char *paths[], size_t count)
{
    auto_file_list struct file_list list = { 0 };
    auto_inspect struct inspect_findings findings = { 0 };
    struct error err = { 0 };
    time_t now = time(NULL);
    int status = load_files(paths, count, &list);

    if (status != STATUS_OK)
        return status;
    if (!inspect_files(list.files, list.count, now, &findings, &err))
        return command_fail(&err);
    if (strcmp(settings->output, "json") != 0)
        print_text(list.files, list.count, now, &findings);
    else if (!print_json(list.files, list.count, now, &findings, &err))
        return command_fail(&err);
    return command_done(findings.problems ? STATUS_NO : STATUS_OK);
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings settings = { .output = "text" };
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, &settings, &status);

    if (operands < 0)
        return status;
    if (operands == 0)
        return command_usage(command,
                             "give the files to look at, such as tls.crt "
                             "tls.key ca.crt");
    return inspect(&settings, argv, (size_t)operands);
}

const struct command cmd_certs_inspect = {
    .name = "certs inspect",
    .operands = "FILE...",
    .summary = "Show certificates and keys, and whether they fit together",
    .details =
        "Files are PEM: certificates, chains, sets of CAs, private keys (- is "
        "stdin).\nGiven together, chains are checked against the CAs, and keys "
        "against the\ncertificates.\n\n"
        "Example:\n"
        "  spillway certs inspect certs/tls.crt certs/tls.key certs/ca.crt\n",
    .exits = "0 all is well\n"
             "1 something has expired, is not valid yet, does not match or is "
             "not signed as it should be\n"
             "2 could not run",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
