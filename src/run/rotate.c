/* rotate.c - see rotate.h for the contract. */
#include "spillway/rotate.h"

#include <errno.h>
#include <unistd.h>

#include "spillway/certificate.h"
#include "spillway/certs_dir.h"
#include "spillway/keypair.h"
#include "spillway/openssl.h"

/* --- what is there ------------------------------------------------------- */

/* A file that was lost is the one mistake whose mend its text cannot know. */
static bool is_there(const char *path, struct error *err)
{
    if (access(path, F_OK) == 0 || errno != ENOENT)
        return true;
    return error_set(err, ERROR_SYSTEM,
                     "%s: No such file or directory; put it back from a copy, "
                     "or begin anew with `spillway certs issue --force`",
                     path);
}

static bool read_authorities(struct rotate_state *state, struct error *err)
{
    const char *path = state->dir->files[CERTS_CA_CRT];

    return is_there(path, err) &&
           certs_load_authorities(path, &state->authorities, err);
}

/* Find the authority that ca.key belongs to. */
static bool read_authority_key(struct rotate_state *state, struct error *err)
{
    const char *path = state->dir->files[CERTS_CA_KEY];
    const struct pem *authorities = &state->authorities;

    if (!is_there(path, err) ||
        !pem_load_private(path, &state->authority_key, err))
        return false;
    if (state->authority_key.n_keys != 1)
        return error_set(err, ERROR_INVALID,
                         "%s: holds %zu private keys; leave only the CA's in "
                         "it",
                         path, state->authority_key.n_keys);
    while (state->current < authorities->n_certificates &&
           !certificate_has_key(authorities->certificates[state->current],
                                state->authority_key.keys[0]))
        state->current++;
    if (state->current == authorities->n_certificates)
        return error_set(err, ERROR_INVALID,
                         "%s: the key fits no CA in %s; put back the two that "
                         "belong together",
                         path, state->dir->files[CERTS_CA_CRT]);
    return certificate_validity(authorities->certificates[state->current],
                                &state->authority_not_before,
                                &state->authority_not_after) ||
           error_set(err, ERROR_INVALID,
                     "%s: the CA's dates cannot be read; begin anew with "
                     "`spillway certs issue --force`",
                     state->dir->files[CERTS_CA_CRT]);
}

static bool is_signed_by_any(X509 *leaf, const struct pem *authorities)
{
    for (size_t i = 0; i < authorities->n_certificates; i++) {
        if (certificate_is_signed_by(leaf, authorities->certificates[i]))
            return true;
    }
    return false;
}

static bool read_leaf(struct rotate_state *state, struct error *err)
{
    const char *path = state->dir->files[CERTS_TLS_CRT];
    time_t not_before;

    if (!is_there(path, err) || !pem_load(path, &state->chain, err))
        return false;
    if (state->chain.n_certificates == 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds no certificate; put back the server's",
                         path);
    if (!is_signed_by_any(state->chain.certificates[0], &state->authorities))
        return error_set(err, ERROR_INVALID,
                         "%s: is not signed by the CA in %s; put back the "
                         "files that belong together, or begin anew with "
                         "`spillway certs issue --force`",
                         path, state->dir->files[CERTS_CA_CRT]);
    return certificate_validity(state->chain.certificates[0], &not_before,
                                &state->leaf_not_after) ||
           error_set(err, ERROR_INVALID,
                     "%s: the certificate's dates cannot be read; put back the "
                     "server's",
                     path);
}

bool rotate_read(const struct certs_dir *dir, struct rotate_state *state,
                 struct error *err)
{
    state->dir = dir;
    return read_authorities(state, err) && read_authority_key(state, err) &&
           read_leaf(state, err);
}

void rotate_state_done(struct rotate_state *state)
{
    pem_done(&state->authorities);
    pem_done(&state->authority_key);
    pem_done(&state->chain);
    *state = (struct rotate_state){ 0 };
}

/* --- what is made -------------------------------------------------------- */

/* The new certificate must be accepted wherever ca.crt, as it will be, is
 * trusted, and fit its key, as `serve` will ask. */
static bool prove(const struct rotated *rotated, const struct issued *ca,
                  time_t now, struct error *err)
{
    auto_keypair struct keypair *pair =
        keypair_parse(rotated->leaf.certificate, rotated->leaf.key, now, err);
    auto_pem struct pem leaf = { 0 }, authority = { 0 };

    if (!pair || !pem_parse(text_of(pair->certificate), &leaf, err) ||
        !pem_parse(text_of(ca->certificate), &authority, err))
        return error_wrap(err, "the new pair is not good, and not written");
    if (!certificate_is_trusted(leaf.certificates[0], authority.certificates,
                                authority.n_certificates, now))
        return error_set(err, ERROR_INVALID,
                         "whoever trusts the CA would not accept a certificate "
                         "of these names from it (see its key usage, path "
                         "length and name constraints: openssl x509 -text); "
                         "give --ca for a new CA");
    return true;
}

/* Make the pair and prove it. */
static bool make_leaf(const struct rotate_state *state, const struct issued *ca,
                      time_t now, long long seconds, struct rotated *rotated,
                      struct error *err)
{
    auto_issue_names struct issue_names names = { 0 };
    const char *path = state->dir->files[CERTS_TLS_CRT];

    if (!issue_names_copy(&names, state->chain.certificates[0], err))
        return error_wrap(err, "%s", path);
    if (!names.list)
        return error_set(err, ERROR_INVALID,
                         "%s: the certificate has no DNS or IP name to keep; "
                         "begin anew with `spillway certs issue --force`",
                         path);
    return issue_serving(ca, &names, now, seconds, &rotated->leaf, err) &&
           prove(rotated, ca, now, err);
}

/* Prove that the CA in force is to sign, and can. */
static bool check_authority(const struct rotate_state *state, time_t now,
                            long long seconds, struct error *err)
{
    const char *path = state->dir->files[CERTS_CA_CRT];
    char when[CERTIFICATE_TIME_SIZE];

    if (state->current > 0)
        return error_set(err, ERROR_INVALID,
                         "%s: certificate %zu is the one that ca.key fits, and "
                         "not the first, as when making a new CA was "
                         "interrupted; --ca-finish drops the others",
                         path, state->current + 1);
    if (now < state->authority_not_before)
        return error_set(
            err, ERROR_INVALID,
            "%s: the CA is not valid before %s; check this machine's clock",
            path, certificate_format_time(state->authority_not_before, when));
    if (now > state->authority_not_after)
        return error_set(
            err, ERROR_INVALID,
            "%s: the CA expired at %s; make a new one with --ca", path,
            certificate_format_time(state->authority_not_after, when));
    if (seconds > state->authority_not_after - now)
        return error_set(
            err, ERROR_INVALID,
            "%s: the CA expires at %s, before the new certificate would; make "
            "a new CA with --ca, or give a shorter --valid-for",
            path, certificate_format_time(state->authority_not_after, when));
    return true;
}

/* The CA in force as issue_serving() takes it. */
static bool export_authority(const struct rotate_state *state,
                             struct buf *certificate, struct buf *key,
                             struct error *err)
{
    return pem_format_certificate(
               state->authorities.certificates[state->current], certificate,
               err) &&
           pem_format_key(state->authority_key.keys[0], key, err);
}

bool rotate_keep(const struct rotate_state *state, time_t now,
                 struct error *err)
{
    char *const *files = state->dir->files;
    auto_keypair struct keypair *pair = NULL;

    if (!check_authority(state, now, 0, err))
        return false;
    pair = keypair_load(files[CERTS_TLS_CRT], files[CERTS_TLS_KEY], now, err);
    if (!pair) {
        const struct error inner = *err;

        return error_set(err, inner.kind,
                         "%.400s; without --within a new pair is made",
                         inner.text);
    }
    return certificate_is_trusted(state->chain.certificates[0],
                                  state->authorities.certificates,
                                  state->authorities.n_certificates, now) ||
           error_set(err, ERROR_INVALID,
                     "%s: whoever trusts %s would not accept it; without "
                     "--within a new pair is made",
                     files[CERTS_TLS_CRT], files[CERTS_CA_CRT]);
}

bool rotate_leaf(const struct rotate_state *state, time_t now,
                 long long seconds, struct rotated *rotated, struct error *err)
{
    auto_buf struct buf certificate = { 0 };
    auto_secret struct buf key = { 0 };
    struct issued ca;

    if (!check_authority(state, now, seconds, err) ||
        !export_authority(state, &certificate, &key, err))
        return false;
    ca = (struct issued){ certificate.data, key.data,
                          state->authority_not_after };
    return make_leaf(state, &ca, now, seconds, rotated, err);
}

bool rotate_authority(const struct rotate_state *state, time_t now,
                      long long seconds, struct rotated *rotated,
                      struct error *err)
{
    const struct pem *old = &state->authorities;

    if (old->n_certificates > 1)
        return error_set(err, ERROR_INVALID,
                         "%s: holds %zu CAs: the change to the first is not "
                         "finished; when every replica serves a certificate of "
                         "it, --ca-finish drops the others",
                         state->dir->files[CERTS_CA_CRT], old->n_certificates);
    if (!issue_authority(now, &rotated->ca, err) ||
        !make_leaf(state, &rotated->ca, now, seconds, rotated, err))
        return false;
    buf_add_string(&rotated->authorities, rotated->ca.certificate);
    return pem_format_certificate(old->certificates[0], &rotated->authorities,
                                  err);
}

bool rotate_finish(const struct rotate_state *state, struct rotated *rotated,
                   struct error *err)
{
    X509 *kept = state->authorities.certificates[state->current];

    if (!certificate_is_signed_by(state->chain.certificates[0], kept))
        return error_set(err, ERROR_INVALID,
                         "%s: is signed by another CA than the one that ca.key "
                         "fits, which would be left; make a certificate of it "
                         "first (without --ca-finish), and have every replica "
                         "serve that",
                         state->dir->files[CERTS_TLS_CRT]);
    return pem_format_certificate(kept, &rotated->authorities, err);
}

bool rotate_write(const struct certs_dir *dir, const struct rotated *rotated,
                  struct error *err)
{
    const char *const contents[CERTS_FILES] = {
        [CERTS_CA_CRT] = rotated->authorities.data,
        [CERTS_CA_KEY] = rotated->ca.key,
        [CERTS_TLS_CRT] = rotated->leaf.certificate,
        [CERTS_TLS_KEY] = rotated->leaf.key,
    };

    return certs_dir_replace(dir, contents, true, err);
}

void rotated_done(struct rotated *rotated)
{
    buf_done(&rotated->authorities);
    issued_done(&rotated->ca);
    issued_done(&rotated->leaf);
}
