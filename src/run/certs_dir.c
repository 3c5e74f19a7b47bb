/* certs_dir.c - see certs_dir.h for the contract. */
#include "spillway/certs_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "spillway/certificate.h"
#include "spillway/file.h"

static const char *const names[CERTS_FILES] = {
    [CERTS_CA_CRT] = "ca.crt",
    [CERTS_CA_KEY] = "ca.key",
    [CERTS_TLS_CRT] = "tls.crt",
    [CERTS_TLS_KEY] = "tls.key",
};

/* Slashes at the end are what completion leaves behind. */
static bool set_paths(struct certs_dir *dir, const char *path,
                      struct error *err)
{
    size_t len = strlen(path);

    while (len > 1 && path[len - 1] == '/')
        len--;
    dir->path = strndup(path, len);
    if (!dir->path)
        return error_no_memory(err);
    for (size_t i = 0; i < CERTS_FILES; i++) {
        if (asprintf(&dir->files[i], "%s/%s", dir->path, names[i]) < 0) {
            dir->files[i] = NULL;
            return error_no_memory(err);
        }
    }
    return true;
}

bool certs_dir_open(struct certs_dir *dir, const char *path, struct error *err)
{
    if (!set_paths(dir, path, err))
        return false;
    dir->lock = open(dir->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir->lock < 0 && errno == ENOENT)
        return error_set(err, ERROR_SYSTEM,
                         "%s: No such file or directory; `spillway certs "
                         "issue` makes it",
                         dir->path);
    if (dir->lock < 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", dir->path,
                         strerror(errno));
    /* Any other failure means that there are no locks here, as on some
     * network file systems; to refuse would help nobody. */
    while (flock(dir->lock, LOCK_EX) != 0 && errno == EINTR)
        continue;
    return true;
}

static bool is_key(size_t file)
{
    return file == CERTS_CA_KEY || file == CERTS_TLS_KEY;
}

bool certs_dir_replace(const struct certs_dir *dir,
                       const char *const contents[CERTS_FILES], bool overwrite,
                       struct error *err)
{
    struct file_output outputs[CERTS_FILES];
    size_t count = 0;

    for (size_t i = 0; i < CERTS_FILES; i++) {
        if (contents[i])
            outputs[count++] =
                (struct file_output){ dir->files[i], text_of(contents[i]),
                                      is_key(i) ? 0600 : 0644 };
    }
    return file_replace_all(outputs, count, overwrite, err);
}

void certs_dir_close(struct certs_dir *dir)
{
    if (dir->lock > 0)
        (void)close(dir->lock);
    for (size_t i = 0; i < CERTS_FILES; i++)
        free(dir->files[i]);
    free(dir->path);
    *dir = (struct certs_dir){ 0 };
}

bool certs_load_authorities(const char *path, struct pem *pem,
                            struct error *err)
{
    if (!pem_load(path, pem, err))
        return false;
    if (pem->n_keys > 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds a private key; leave only the authority's "
                         "certificate in it",
                         path);
    for (size_t i = 0; i < pem->n_certificates; i++) {
        if (!certificate_is_ca(pem->certificates[i]))
            return error_set(err, ERROR_INVALID,
                             "%s: certificate %zu is not that of an authority",
                             path, i + 1);
    }
    return true;
}
