/*
 * certs_rotate.c - `spillway certs rotate`: new certificates in place of those
 * that a directory holds, and the phases of a change of CAs.
 */
#include <stdio.h>
#include <time.h>

#include "spillway/certificate.h"
#include "spillway/certs.h"
#include "spillway/certs_dir.h"
#include "spillway/cmd.h"
#include "spillway/macros.h"
#include "spillway/rotate.h"
#include "spillway/units.h"

struct settings {
    const char *dir;
    long long within_ms, valid_ms; /* UNSET unless given */
    bool ca, ca_finish;
};

enum {
    UNSET = -1,
    DAY_S = 24 * 60 * 60,
    CA_WARNING_S = 90 * DAY_S, /* time to plan a change of CAs */
};

/* clang-format off */
static const struct option options[] = {
    { .name = "dir", .kind = OPTION_STRING,
      .offset = offsetof(struct settings, dir), .argument = "DIR",
      .help = "where `spillway certs issue` put the files" },
    { .name = "within", .kind = OPTION_DURATION,
      .offset = offsetof(struct settings, within_ms), .argument = "DURATION",
      .help = "only if it (with --ca: the CA) expires that soon" },
    { .name = "valid-for", .kind = OPTION_DURATION,
      .offset = offsetof(struct settings, valid_ms), .argument = "DURATION",
      .help = "how long the new serving certificate is valid (365d)" },
    { .name = "ca", .kind = OPTION_FLAG,
      .offset = offsetof(struct settings, ca),
      .help = "make a new CA too; the old one stays trusted" },
    { .name = "ca-finish", .kind = OPTION_FLAG,
      .offset = offsetof(struct settings, ca_finish),
      .help = "drop the old CA, once every replica has the new" },
};
/* clang-format on */

/* --- what is said -------------------------------------------------------- */

static void report_pair(const struct certs_dir *dir, const struct issued *leaf)
{
    char end[CERTIFICATE_TIME_SIZE];

    printf("  %s  the server's certificate, valid until %.10s\n"
           "  %s  the server's key\n\n",
           dir->files[CERTS_TLS_CRT],
           certificate_format_time(leaf->not_after, end),
           dir->files[CERTS_TLS_KEY]);
}

/* How to drop the old CA, as the last of some steps. */
static void report_finish(const char *dir, time_t not_after)
{
    printf("and, once every replica serves that certificate (then "
           "the metric\n"
           "spillway_certificate_not_after_seconds{role=\"serving\"} is %lld), "
           "drop the old CA:\n"
           "  spillway certs rotate --dir %s --ca-finish\n"
           "  spillway manifest webhook %s | kubectl apply -f -\n",
           (long long)not_after, dir, dir);
}

static void report_leaf(const struct rotate_state *state,
                        const struct rotated *rotated)
{
    const char *dir = state->dir->path;
    bool unfinished = state->authorities.n_certificates > 1;

    printf("Wrote\n");
    report_pair(state->dir, &rotated->leaf);
    printf("To use it in a cluster%s:\n",
           unfinished ? ", where a change of CAs is not finished" : "");
    if (unfinished)
        printf("  spillway manifest webhook %s | kubectl apply -f -\n", dir);
    printf("  spillway manifest tls %s | kubectl apply -f -\n", dir);
    if (unfinished)
        report_finish(dir, rotated->leaf.not_after);
}

static void report_authority(const struct certs_dir *dir,
                             const struct rotated *rotated)
{
    char end[CERTIFICATE_TIME_SIZE];

    printf("Wrote\n"
           "  %s   the new CA's certificate, valid until %.10s, and the old "
           "CA's\n"
           "  %s   the new CA's key: keep it to yourself, off the cluster\n",
           dir->files[CERTS_CA_CRT],
           certificate_format_time(rotated->ca.not_after, end),
           dir->files[CERTS_CA_KEY]);
    report_pair(dir, &rotated->leaf);
    printf("To use them in a cluster, first have both CAs trusted:\n"
           "  spillway manifest webhook %s | kubectl apply -f -\n"
           "then have the new certificate served:\n"
           "  spillway manifest tls %s | kubectl apply -f -\n",
           dir->path, dir->path);
    report_finish(dir->path, rotated->leaf.not_after);
}

/* A change of CAs takes planning: say so in time. */
static void warn_of_authority(const struct rotate_state *state, time_t now)
{
    char when[CERTIFICATE_TIME_SIZE], span[UNITS_SPAN_SIZE];
    long long left = state->authority_not_after - now;

    if (left >= CA_WARNING_S)
        return;
    (void)fprintf(stderr,
                  "spillway: warning: the CA in %s expires at %s, in %s; make "
                  "a new one: spillway certs rotate --dir %s --ca\n",
                  state->dir->files[CERTS_CA_CRT],
                  certificate_format_time(state->authority_not_after, when),
                  units_span(left, span), state->dir->path);
}

/* --- what is done -------------------------------------------------------- */

static bool is_due(const struct settings *settings, time_t not_after,
                   time_t now)
{
    return settings->within_ms == UNSET ||
           (not_after - now) * 1000LL <= settings->within_ms;
}

/* Nothing is due: in one line. */
static void report_idle(const char *what, const char *path, time_t not_after,
                        time_t now, const char *more)
{
    char when[CERTIFICATE_TIME_SIZE], span[UNITS_SPAN_SIZE];

    printf("The %s in %s is valid until %s (%s left): nothing was changed%s\n",
           what, path, certificate_format_time(not_after, when),
           units_span(not_after - now, span), more);
}

static bool make_leaf(const struct settings *settings,
                      const struct rotate_state *state, time_t now,
                      struct error *err)
{
    auto_rotated struct rotated rotated = { 0 };

    if (!rotate_leaf(state, now, settings->valid_ms / 1000, &rotated, err) ||
        !rotate_write(state->dir, &rotated, err))
        return false;
    report_leaf(state, &rotated);
    return true;
}

static bool keep_leaf(const struct rotate_state *state, time_t now,
                      struct error *err)
{
    if (!rotate_keep(state, now, err))
        return false;
    report_idle("certificate", state->dir->files[CERTS_TLS_CRT],
                state->leaf_not_after, now, "");
    return true;
}

static bool renew_leaf(const struct settings *settings,
                       const struct rotate_state *state, time_t now,
                       struct error *err)
{
    bool good = is_due(settings, state->leaf_not_after, now)
                    ? make_leaf(settings, state, now, err)
                    : keep_leaf(state, now, err);

    if (good)
        warn_of_authority(state, now);
    return good;
}

static bool renew_authority(const struct settings *settings,
                            const struct rotate_state *state, time_t now,
                            struct error *err)
{
    auto_rotated struct rotated rotated = { 0 };

    if (!is_due(settings, state->authority_not_after, now)) {
        report_idle("CA", state->dir->files[CERTS_CA_CRT],
                    state->authority_not_after, now,
                    state->authorities.n_certificates > 1
                        ? "; --ca-finish is still to drop the old CA"
                        : "");
        return true;
    }
    if (!rotate_authority(state, now, settings->valid_ms / 1000, &rotated,
                          err) ||
        !rotate_write(state->dir, &rotated, err))
        return false;
    report_authority(state->dir, &rotated);
    return true;
}

static bool finish_authority(const struct rotate_state *state,
                             struct error *err)
{
    const char *path = state->dir->files[CERTS_CA_CRT];
    auto_rotated struct rotated rotated = { 0 };

    if (state->authorities.n_certificates == 1) {
        printf("%s holds one CA: there is nothing to finish\n", path);
        return true;
    }
    if (!rotate_finish(state, &rotated, err) ||
        !rotate_write(state->dir, &rotated, err))
        return false;
    printf("Wrote\n"
           "  %s  the CA's certificate, without the old CA's\n\n"
           "To use it in a cluster:\n"
           "  spillway manifest webhook %s | kubectl apply -f -\n",
           path, state->dir->path);
    return true;
}

static int rotate(const struct settings *settings)
{
    auto_certs_dir struct certs_dir dir = { 0 };
    auto_rotate_state struct rotate_state state = { 0 };
    struct error err = { 0 };
    time_t now;
    bool good;

    if (!certs_dir_open(&dir, settings->dir, &err) ||
        !rotate_read(&dir, &state, &err))
        return command_fail(&err);
    now = time(NULL); /* who holds the directory may have been waited for */
    if (settings->ca)
        good = renew_authority(settings, &state, now, &err);
    else if (settings->ca_finish)
        good = finish_authority(&state, &err);
    else
        good = renew_leaf(settings, &state, now, &err);
    return good ? command_done(STATUS_OK) : command_fail(&err);
}

/* Everything that is wrong with the command line, one line each. */
static int check_settings(const struct command *command, int operands,
                          char *argv[], struct settings *settings)
{
    int status = STATUS_OK;

    if (operands > 0)
        status = command_usage(command,
                               "'%s' is one word too many; the directory is "
                               "given as --dir DIR",
                               argv[0]);
    if (!settings->dir)
        status = command_usage(command, "--dir DIR is missing");
    if (settings->ca && settings->ca_finish)
        status = command_usage(command,
                               "--ca and --ca-finish are not done at once: "
                               "--ca-finish comes when all replicas serve the "
                               "certificate that --ca made");
    else if (settings->ca_finish &&
             (settings->within_ms != UNSET || settings->valid_ms != UNSET))
        status =
            command_usage(command, "--ca-finish makes no certificate: leave "
                                   "--within and --valid-for out");
    if (settings->valid_ms == UNSET)
        settings->valid_ms = CERTS_VALID_MS;
    if (!certs_check_valid_for(command, settings->valid_ms))
        status = STATUS_USAGE;
    return status;
}

static int run(const struct command *command, int argc, char *argv[])
{
    struct settings settings = { .within_ms = UNSET, .valid_ms = UNSET };
    int status = STATUS_USAGE;
    int operands = options_parse(command, argc, argv, &settings, &status);

    if (operands >= 0)
        status = check_settings(command, operands, argv, &settings);
    return status == STATUS_OK && operands >= 0 ? rotate(&settings) : status;
}

const struct command cmd_certs_rotate = {
    .name = "certs rotate",
    .operands = "",
    .summary = "Renew the serving certificate, or change the CA in phases",
    .details =
        "Makes a new tls.crt and tls.key, for the names that tls.crt has now, "
        "signed by\nthe CA in DIR. With --within it can run every day: unless "
        "the certificate\nexpires so soon, it says so and exits 0.\n\n"
        "A new CA takes steps, so that kube-apiserver trusts each certificate "
        "before a\nreplica serves it, and until the last replica has "
        "stopped:\n\n"
        "  1. spillway certs rotate --dir DIR --ca\n"
        "       ca.crt then holds the new CA and the old; the new signs "
        "tls.crt\n"
        "  2. spillway manifest webhook DIR | kubectl apply -f -\n"
        "  3. spillway manifest tls DIR | kubectl apply -f -\n"
        "  4. wait until every replica serves the new certificate\n"
        "  5. spillway certs rotate --dir DIR --ca-finish\n"
        "       ca.crt then holds the new CA alone\n"
        "  6. spillway manifest webhook DIR | kubectl apply -f -\n\n"
        "With --ca, --within asks when the CA expires, and nothing else. "
        "Files that do\nnot fit together are refused with exit status 2, and "
        "none is changed. Of two\ncalls for one directory the second waits for "
        "the first.\n\n"
        "Example:\n"
        "  spillway certs rotate --dir certs --within 30d &&\n"
        "      spillway manifest tls certs | kubectl apply -f -\n",
    .options = options,
    .n_options = array_len(options),
    .run = run,
};
