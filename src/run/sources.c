/* sources.c - see sources.h for the contract. */
#include "spillway/sources.h"

#include <time.h>

#include "spillway/client_ca.h"
#include "spillway/credentials.h"
#include "spillway/file.h"
#include "spillway/keypair.h"
#include "spillway/policy.h"
#include "spillway/snapshot.h"

bool sources_has(const struct sources *sources, enum reloadable what)
{
    return what != RELOADABLE_CLIENT_CA || sources->client_ca;
}

bool sources_can_change(const struct sources *sources, enum reloadable what)
{
    switch (what) {
    case RELOADABLE_POLICY:
        return !sources->policy || !fingerprint_is_stream(sources->policy);
    case RELOADABLE_SERVING:
        return !fingerprint_is_stream(sources->certificate) &&
               !fingerprint_is_stream(sources->key);
    default:
        return !fingerprint_is_stream(sources->client_ca);
    }
}

const char *sources_name(enum reloadable what)
{
    static const char *const names[RELOADABLES] = {
        [RELOADABLE_POLICY] = "policy",
        [RELOADABLE_SERVING] = "certificate",
        [RELOADABLE_CLIENT_CA] = "client-ca",
    };

    return names[what];
}

struct fingerprint sources_fingerprint(const struct sources *sources,
                                       enum reloadable what)
{
    const char *const pair[] = { sources->certificate, sources->key };

    switch (what) {
    case RELOADABLE_POLICY:
        return fingerprint_policy(sources->policy);
    case RELOADABLE_SERVING:
        return fingerprint_files(pair, array_len(pair));
    default:
        return fingerprint_files(&sources->client_ca, 1);
    }
}

static struct policy_set *load_policy(const struct sources *sources,
                                      struct buf *mistakes, struct error *err)
{
    struct policy_set *set = file_load_policy(sources->policy, mistakes, err);

    if (set && sources->shadow)
        policy_set_shadow(set);
    return set;
}

static struct credentials *load_serving(const struct sources *sources,
                                        struct error *err)
{
    auto_keypair struct keypair *pair =
        keypair_load(sources->certificate, sources->key, time(NULL), err);
    struct credentials *credentials = pair ? credentials_new(pair, err) : NULL;

    if (pair && !credentials)
        (void)error_wrap(err, "%s", sources->certificate);
    return credentials;
}

bool sources_load(const struct sources *sources, enum reloadable what,
                  struct snapshot *loaded, struct buf *mistakes,
                  struct error *err)
{
    switch (what) {
    case RELOADABLE_POLICY:
        loaded->policy = load_policy(sources, mistakes, err);
        return loaded->policy;
    case RELOADABLE_SERVING:
        loaded->serving = load_serving(sources, err);
        return loaded->serving;
    default:
        loaded->client_ca =
            client_ca_load(sources->client_ca, sources->client_names,
                           sources->n_client_names, time(NULL), err);
        return loaded->client_ca;
    }
}
