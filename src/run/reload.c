/*
 * reload.c - see reload.h for the contract.
 *
 * Three parts, each by itself: a policy with a mistake does not keep a new
 * certificate out.  Files are compared by content, once a second and whenever
 * the kernel says that something changed.
 */
#include "spillway/reload.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/client_ca.h"
#include "spillway/credentials.h"
#include "spillway/log.h"
#include "spillway/policy.h"
#include "spillway/snapshot.h"
#include "spillway/watch.h"

enum {
    LOOK_MS = 1000,    /* between two looks without a hint */
    STIR_MS = 100,     /* from a hint to the look: files change in company */
    PATIENCE_MS = 500, /* for files that are half written */
    RETRY_MS = 10000,  /* for what was refused: the clock may have been wrong */
    ATTEMPTS = 3,      /* at files that change while they are read */
    EXPIRY_DAYS = 14,  /* of life left when a certificate is warned about */
    DAY_S = 24 * 3600,
};

/* Something that is loaded and proven as a whole. */
struct part {
    struct fingerprint in_force, refused;
    bool is_refused;           /* what the files hold now, and that was said */
    char why[512];             /* it was; one line */
    long long refused_ms;      /* since when, by the monotonic clock */
    long long retry_ms;        /* when it is tried again, unchanged */
    long long next_warning_ms; /* of its expiry */
};

struct reload {
    struct sources sources;
    struct snapshots *snapshots; /* borrowed */
    pthread_mutex_t lock;        /* of what is described */
    struct part parts[RELOADABLES];
    struct snapshot now; /* the parts in force; our references */
    int watch_fd;
    long long due_ms;
};

struct reload *reload_new(const struct sources *sources,
                          struct snapshots *snapshots)
{
    struct reload *reload = calloc(1, sizeof(*reload));

    if (!reload)
        return NULL;
    reload->sources = *sources;
    reload->snapshots = snapshots;
    reload->watch_fd = -1;
    (void)pthread_mutex_init(&reload->lock, NULL);
    return reload;
}

void reload_free(struct reload *reload)
{
    if (!reload)
        return;
    if (reload->watch_fd >= 0)
        (void)close(reload->watch_fd);
    snapshot_drop_parts(&reload->now);
    (void)pthread_mutex_destroy(&reload->lock);
    free(reload);
}

/* Put what was loaded in the place of what we held. */
static void install(struct reload *reload, struct snapshot *loaded)
{
    struct snapshot *now = &reload->now;

    if (loaded->policy) {
        policy_set_free(now->policy);
        now->policy = take(&loaded->policy);
    }
    if (loaded->serving) {
        credentials_free(now->serving);
        now->serving = take(&loaded->serving);
        metrics_certificate(CERTIFICATE_SERVING,
                            credentials_not_after(now->serving));
    }
    if (loaded->client_ca) {
        client_ca_free(now->client_ca);
        now->client_ca = take(&loaded->client_ca);
        metrics_certificate(CERTIFICATE_CLIENT_CA,
                            client_ca_not_after(now->client_ca));
    }
}

bool reload_first(struct reload *reload, enum reloadable what,
                  struct buf *mistakes, struct error *err)
{
    struct snapshot loaded = { 0 };

    if (!sources_has(&reload->sources, what))
        return true;
    /* Before it is read: a change from now on is seen by the next look. */
    reload->parts[what].in_force = sources_fingerprint(&reload->sources, what);
    if (!sources_load(&reload->sources, what, &loaded, mistakes, err))
        return false;
    install(reload, &loaded);
    metrics_loaded(what, time(NULL));
    return true;
}

/* --- taking up changes ------------------------------------------------- */

static void publish(struct reload *reload, struct snapshot *loaded,
                    const char *name)
{
    (void)pthread_mutex_lock(&reload->lock);
    install(reload, loaded);
    (void)pthread_mutex_unlock(&reload->lock);
    if (!snapshots_publish(reload->snapshots, &reload->now))
        log_event(LOG_LEVEL_ERROR, "out of memory, the old one stays in force",
                  log_string("what", name));
}

static void accept_change(struct reload *reload, enum reloadable what,
                          struct snapshot *loaded,
                          const struct fingerprint *found)
{
    struct part *part = &reload->parts[what];
    bool is_new = !fingerprint_equal(found, &part->in_force);

    if (is_new)
        publish(reload, loaded, sources_name(what));
    (void)pthread_mutex_lock(&reload->lock);
    part->in_force = *found;
    part->is_refused = false;
    part->refused = (struct fingerprint){ 0 };
    (void)pthread_mutex_unlock(&reload->lock);
    part->next_warning_ms = 0;
    metrics_reload(what, true, time(NULL));
    log_event(
        LOG_LEVEL_INFO, is_new ? "reloaded" : "reloaded, unchanged",
        log_string("what", sources_name(what)),
        log_string("policy_digest", policy_set_digest(reload->now.policy)));
}

/* The first mistake, and how many there are. */
static void summarize(const struct buf *mistakes, char *out, size_t size)
{
    const char *text = mistakes->data ? mistakes->data : "";
    size_t lines = 0;

    for (const char *at = text; (at = strchr(at, '\n')); at++)
        lines++;
    (void)snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
    if (lines > 1) {
        size_t len = strlen(out);

        len = len < size - 40 ? len : size - 40;
        (void)snprintf(out + len, size - len, " (and %zu more)", lines - 1);
    }
}

/* True when what was found had been found some time ago already, and so is not
 * being written just now. */
static bool is_settled(struct part *part, const struct fingerprint *found,
                       long long now_ms)
{
    if (!fingerprint_equal(found, &part->refused)) {
        part->refused = *found;
        part->refused_ms = now_ms;
        part->is_refused = false;
    }
    return now_ms - part->refused_ms >= PATIENCE_MS;
}

/* What was said already is said again only when somebody asked. */
static void refuse_change(struct reload *reload, enum reloadable what,
                          const char *why, bool forced, long long now_ms)
{
    struct part *part = &reload->parts[what];
    bool is_known = part->is_refused && strcmp(part->why, why) == 0;

    part->retry_ms = now_ms + RETRY_MS;
    if (is_known && !forced)
        return;
    (void)pthread_mutex_lock(&reload->lock);
    part->is_refused = true;
    (void)snprintf(part->why, sizeof(part->why), "%s", why);
    (void)pthread_mutex_unlock(&reload->lock);
    metrics_reload(what, false, time(NULL));
    log_event(LOG_LEVEL_ERROR, "cannot reload, the old one stays in force",
              log_string("what", sources_name(what)), log_string("error", why));
}

/* Load what the files hold, all of them as they were at one time.  False when
 * they do not prove right, with the reason in `why`. */
static bool load_whole(struct reload *reload, enum reloadable what,
                       struct fingerprint *found, struct snapshot *loaded,
                       char *why, size_t size)
{
    for (int attempt = 0;; attempt++) {
        auto_buf struct buf mistakes = { 0 };
        struct error err = { 0 };
        bool good =
            sources_load(&reload->sources, what, loaded, &mistakes, &err);
        struct fingerprint after = sources_fingerprint(&reload->sources, what);

        if (fingerprint_equal(&after, found) || attempt == ATTEMPTS) {
            if (err.kind != ERROR_NONE)
                (void)snprintf(why, size, "%s", err.text);
            else
                summarize(&mistakes, why, size);
            return good && fingerprint_equal(&after, found);
        }
        snapshot_drop_parts(loaded);
        *found = after;
    }
}

static void look(struct reload *reload, enum reloadable what, bool forced,
                 long long now_ms)
{
    struct part *part = &reload->parts[what];
    struct fingerprint found = sources_fingerprint(&reload->sources, what);
    struct snapshot loaded = { 0 };
    char why[sizeof(part->why)] = "the files change all the time";

    if (!forced && fingerprint_equal(&found, &part->in_force) &&
        !part->is_refused)
        return;
    if (!forced && part->is_refused &&
        fingerprint_equal(&found, &part->refused) && now_ms < part->retry_ms)
        return;
    if (load_whole(reload, what, &found, &loaded, why, sizeof(why)))
        accept_change(reload, what, &loaded, &found);
    else if (is_settled(part, &found, now_ms) || forced)
        refuse_change(reload, what, why, forced, now_ms);
    else
        reload->due_ms = now_ms + STIR_MS;
    snapshot_drop_parts(&loaded);
}

/* An expired certificate is an outage that nobody sees: failing open, the API
 * server lets pods through unchanged. */
static void warn_of_expiry(struct part *part, const char *what,
                           time_t not_after, long long now_ms)
{
    long long left_s = (long long)not_after - time(NULL);

    if (left_s >= (long long)EXPIRY_DAYS * DAY_S ||
        now_ms < part->next_warning_ms)
        return;
    part->next_warning_ms = now_ms + (long long)DAY_S * 1000;
    if (left_s < 0)
        log_event(LOG_LEVEL_ERROR, "the certificate has expired",
                  log_string("what", what));
    else
        log_event(LOG_LEVEL_WARN, "the certificate expires soon",
                  log_string("what", what),
                  log_number("hours", (unsigned long long)left_s / 3600));
}

static void look_at_all(struct reload *reload, bool forced, long long now_ms)
{
    const struct sources *s = &reload->sources;
    const char *const paths[] = { s->policy, s->certificate, s->key,
                                  s->client_ca };

    reload->due_ms = now_ms + LOOK_MS;
    for (int i = 0; i < RELOADABLES; i++) {
        enum reloadable what = (enum reloadable)i;

        if (sources_has(s, what) && sources_can_change(s, what))
            look(reload, what, forced, now_ms);
    }
    /* After they were read: what changes in between is seen by the clock. */
    for (size_t i = 0; i < array_len(paths); i++) {
        if (paths[i])
            watch_path(reload->watch_fd, paths[i]);
    }
    warn_of_expiry(&reload->parts[RELOADABLE_SERVING], "serving",
                   credentials_not_after(reload->now.serving), now_ms);
    if (reload->now.client_ca)
        warn_of_expiry(&reload->parts[RELOADABLE_CLIENT_CA], "client-ca",
                       client_ca_not_after(reload->now.client_ca), now_ms);
}

bool reload_begin(struct reload *reload, long long now_ms)
{
    if (!snapshots_publish(reload->snapshots, &reload->now))
        return false;
    reload->watch_fd = watch_open();
    look_at_all(reload, false, now_ms);
    return true;
}

int reload_fd(const struct reload *reload)
{
    return reload->watch_fd;
}

long long reload_due_ms(const struct reload *reload)
{
    return reload->due_ms;
}

void reload_stir(struct reload *reload, long long now_ms)
{
    watch_clear(reload->watch_fd);
    if (reload->due_ms > now_ms + STIR_MS)
        reload->due_ms = now_ms + STIR_MS;
}

void reload_look(struct reload *reload, long long now_ms)
{
    if (now_ms >= reload->due_ms)
        look_at_all(reload, false, now_ms);
}

void reload_all(struct reload *reload, long long now_ms)
{
    log_event(LOG_LEVEL_INFO, "reloading");
    look_at_all(reload, true, now_ms);
}

/* --- describing -------------------------------------------------------- */

static void describe(const struct reload *reload, enum reloadable what,
                     struct buf *out)
{
    const struct part *part = &reload->parts[what];
    char until[CERTIFICATE_TIME_SIZE];

    if (part->is_refused)
        buf_printf(out, "[-]%s reload failed, the old one stays in force: %s\n",
                   sources_name(what), part->why);
    if (what == RELOADABLE_POLICY)
        buf_printf(out, "[+]policy ok: %s%s\n",
                   policy_set_digest(reload->now.policy),
                   reload->sources.shadow ? ", in shadow mode" : "");
    else
        buf_printf(out, "[+]%s ok: until %s\n", sources_name(what),
                   certificate_format_time(
                       what == RELOADABLE_SERVING
                           ? credentials_not_after(reload->now.serving)
                           : client_ca_not_after(reload->now.client_ca),
                       until));
}

void reload_describe(struct reload *reload, struct buf *out)
{
    (void)pthread_mutex_lock(&reload->lock);
    for (int what = 0; what < RELOADABLES; what++) {
        if (sources_has(&reload->sources, (enum reloadable)what))
            describe(reload, (enum reloadable)what, out);
    }
    (void)pthread_mutex_unlock(&reload->lock);
}
