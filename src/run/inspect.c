/* inspect.c - see inspect.h for the contract. */
#include "spillway/inspect.h"

#include <stdarg.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"

/* What all checks look at, and where they write. */
struct inspection {
    const struct inspect_file *files;
    size_t count;
    time_t now;
    struct inspect_findings *findings;
};

static void tell(const struct inspection *inspection,
                 enum inspect_verdict verdict, const char *fmt, ...)
    printf_like(3, 4);

static void tell(const struct inspection *inspection,
                 enum inspect_verdict verdict, const char *fmt, ...)
{
    struct inspect_findings *findings = inspection->findings;
    struct inspect_finding *finding =
        arena_new(&findings->arena, struct inspect_finding);
    struct buf text = { .arena = &findings->arena };
    va_list ap;

    va_start(ap, fmt);
    buf_vprintf(&text, fmt, ap);
    va_end(ap);
    if (!finding || text.failed) {
        findings->failed = true;
        return;
    }
    *finding = (struct inspect_finding){ verdict, text.data, NULL };
    if (findings->last)
        findings->last->next = finding;
    else
        findings->first = finding;
    findings->last = finding;
    findings->problems += verdict == INSPECT_PROBLEM;
}

/* "tls.crt", or "certificate 2 in tls.crt" where there are several. */
static const char *label_of(const struct inspection *inspection,
                            const struct inspect_file *file, size_t i)
{
    struct buf label = { .arena = &inspection->findings->arena };

    if (file->pem.n_certificates == 1)
        return file->path;
    buf_printf(&label, "certificate %zu in %s", i + 1, file->path);
    return label.failed ? file->path : label.data;
}

static bool is_authorities(const struct inspect_file *file)
{
    return certificates_are_ca(file->pem.certificates,
                               file->pem.n_certificates);
}

static bool is_chain(const struct inspect_file *file)
{
    return file->pem.n_certificates > 0 && !is_authorities(file);
}

static void check_validity(const struct inspection *inspection,
                           const struct inspect_file *file, size_t i)
{
    const char *label = label_of(inspection, file, i);
    char when[CERTIFICATE_TIME_SIZE];
    time_t from, until;

    if (!certificate_validity(file->pem.certificates[i], &from, &until))
        tell(inspection, INSPECT_PROBLEM, "%s has dates that cannot be read",
             label);
    else if (inspection->now < from)
        tell(inspection, INSPECT_PROBLEM, "%s is not valid before %s", label,
             certificate_format_time(from, when));
    else if (inspection->now > until)
        tell(inspection, INSPECT_PROBLEM, "%s expired at %s", label,
             certificate_format_time(until, when));
}

/* What `serve` or its clients would refuse, though this command need not. */
static void check_server(const struct inspection *inspection,
                         const struct inspect_file *file)
{
    X509 *server = file->pem.certificates[0];

    if (certificate_names(server, NULL, NULL) == 0)
        tell(inspection, INSPECT_NOTE,
             "%s has no DNS or IP name: no client accepts it as a server's",
             label_of(inspection, file, 0));
    if (!certificate_may_serve(server))
        tell(inspection, INSPECT_NOTE,
             "%s does not allow serverAuth: no client accepts it as a "
             "server's",
             label_of(inspection, file, 0));
}

/* The authority that signed one of a chain's certificates, or is one; NULL
 * when there is none. */
static const struct inspect_file *
find_authority(const struct inspection *inspection, const struct pem *chain,
               bool *any)
{
    for (size_t f = 0; f < inspection->count; f++) {
        const struct inspect_file *file = &inspection->files[f];

        if (!is_authorities(file))
            continue;
        *any = true;
        for (size_t a = 0; a < file->pem.n_certificates; a++) {
            for (size_t i = 0; i < chain->n_certificates; i++) {
                if (certificate_is_signed_by(chain->certificates[i],
                                             file->pem.certificates[a]))
                    return file;
            }
        }
    }
    return NULL;
}

/* Does the chain lead to an authority among the files? */
static void check_authority(const struct inspection *inspection,
                            const struct inspect_file *file)
{
    const struct pem *chain = &file->pem;
    X509 *last = chain->certificates[chain->n_certificates - 1];
    auto_buf struct buf issuer = { 0 };
    bool any = false;
    const struct inspect_file *authority =
        find_authority(inspection, chain, &any);

    certificate_issuer(last, &issuer);
    if (authority)
        tell(inspection, INSPECT_OK, "%s is signed by a CA in %s", file->path,
             authority->path);
    else if (any)
        tell(inspection, INSPECT_PROBLEM,
             "%s is signed by none of the CAs given; its issuer is '%s'",
             file->path, issuer.len ? issuer.data : "");
    else if (certificate_is_signed_by(last, last))
        tell(inspection, INSPECT_OK, "%s %s", file->path,
             chain->n_certificates == 1 ? "is self-signed"
                                        : "ends in a self-signed certificate");
    else
        tell(inspection, INSPECT_NOTE,
             "%s is signed by '%s', which is not among the files; give the "
             "CA's certificate too and the signature is checked",
             file->path, issuer.len ? issuer.data : "");
}

/* What `serve` refuses of a key, wherever it belongs. */
static void check_mode(const struct inspection *inspection,
                       const struct inspect_file *file)
{
    if (file->pem.n_keys > 0 && (file->mode & 0007) != 0)
        tell(inspection, INSPECT_NOTE,
             "others may use the key in %s (mode %04o), and `serve` refuses "
             "it; chmod o= %s",
             file->path, (unsigned)file->mode, file->path);
}

static void check_chain(const struct inspection *inspection,
                        const struct inspect_file *file)
{
    const struct pem *chain = &file->pem;
    bool linked = true;

    for (size_t i = 0; i + 1 < chain->n_certificates; i++) {
        if (certificate_is_signed_by(chain->certificates[i],
                                     chain->certificates[i + 1]))
            continue;
        linked = false;
        tell(inspection, INSPECT_PROBLEM,
             "certificate %zu in %s is not signed by certificate %zu; the "
             "server's own comes first, then each one's issuer",
             i + 1, file->path, i + 2);
    }
    if (linked && chain->n_certificates > 1)
        tell(inspection, INSPECT_OK,
             "%s is a chain of %zu certificates, each signed by the next",
             file->path, chain->n_certificates);
    check_authority(inspection, file);
}

/* Where a key belongs. */
enum owner {
    OWNER_NONE,
    OWNER_LATER,     /* a certificate of a chain that is not its first */
    OWNER_AUTHORITY, /* a CA */
    OWNER_SERVER,    /* the first certificate of a chain */
};

static enum owner owner_in(const struct inspect_file *file, EVP_PKEY *key)
{
    for (size_t i = 0; i < file->pem.n_certificates; i++) {
        if (!certificate_has_key(file->pem.certificates[i], key))
            continue;
        if (is_authorities(file))
            return OWNER_AUTHORITY;
        return i == 0 ? OWNER_SERVER : OWNER_LATER;
    }
    return OWNER_NONE;
}

/* The best owner among all files; *where is its file. */
static enum owner find_owner(const struct inspection *inspection, EVP_PKEY *key,
                             const struct inspect_file **where)
{
    enum owner best = OWNER_NONE;

    for (size_t f = 0; f < inspection->count; f++) {
        enum owner owner = owner_in(&inspection->files[f], key);

        if (owner > best) {
            best = owner;
            *where = &inspection->files[f];
        }
    }
    return best;
}

static enum owner check_key(const struct inspection *inspection,
                            const char *path, EVP_PKEY *key)
{
    const struct inspect_file *where = NULL;
    enum owner owner = find_owner(inspection, key, &where);

    switch (owner) {
    case OWNER_SERVER:
        tell(inspection, INSPECT_OK, "the key in %s fits %s", path,
             where->path);
        break;
    case OWNER_AUTHORITY:
        tell(inspection, INSPECT_OK, "the key in %s fits a CA in %s", path,
             where->path);
        break;
    case OWNER_LATER:
        tell(inspection, INSPECT_PROBLEM,
             "the key in %s fits %s, but not the first certificate there", path,
             where->path);
        break;
    case OWNER_NONE:
        tell(inspection, INSPECT_PROBLEM,
             "the key in %s fits none of the certificates given", path);
        break;
    }
    return owner;
}

static void check_keys(const struct inspection *inspection)
{
    size_t certificates = 0, chains = 0, authority_keys = 0, other_keys = 0;

    for (size_t f = 0; f < inspection->count; f++) {
        certificates += inspection->files[f].pem.n_certificates;
        chains += is_chain(&inspection->files[f]);
    }
    if (certificates == 0)
        return;
    for (size_t f = 0; f < inspection->count; f++) {
        const struct inspect_file *file = &inspection->files[f];

        for (size_t i = 0; i < file->pem.n_keys; i++) {
            if (check_key(inspection, file->path, file->pem.keys[i]) ==
                OWNER_AUTHORITY)
                authority_keys++;
            else
                other_keys++;
        }
    }
    /* The CA's key given where the server's was meant. */
    if (chains > 0 && authority_keys > 0 && other_keys == 0)
        tell(inspection, INSPECT_PROBLEM,
             "no key given fits a server's certificate, only a CA's");
}

bool inspect_files(const struct inspect_file *files, size_t count, time_t now,
                   struct inspect_findings *findings, struct error *err)
{
    const struct inspection inspection = { files, count, now, findings };

    for (size_t f = 0; f < count; f++) {
        for (size_t i = 0; i < files[f].pem.n_certificates; i++)
            check_validity(&inspection, &files[f], i);
        if (is_chain(&files[f])) {
            check_chain(&inspection, &files[f]);
            check_server(&inspection, &files[f]);
        }
        check_mode(&inspection, &files[f]);
    }
    check_keys(&inspection);
    return !findings->failed || error_no_memory(err);
}

void inspect_done(struct inspect_findings *findings)
{
    arena_done(&findings->arena);
    *findings = (struct inspect_findings){ 0 };
}
