/* fingerprint.c - see fingerprint.h for the contract. */
#include "spillway/fingerprint.h"

#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "spillway/file.h"
#include "spillway/pem.h"

/* Lengths first, so that no two lists of texts give the same bytes. */
static void add(EVP_MD_CTX *digest, struct text text)
{
    (void)EVP_DigestUpdate(digest, &text.len, sizeof(text.len));
    if (text.len)
        (void)EVP_DigestUpdate(digest, text.data, text.len);
}

bool fingerprint_is_stream(const char *path)
{
    struct stat status;

    if (strcmp(path, "-") == 0)
        return true;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) &&
           !S_ISDIR(status.st_mode);
}

static void add_file(EVP_MD_CTX *digest, const char *path)
{
    auto_secret struct buf content = { 0 };
    struct error err = { 0 };
    struct stat status;

    if (fingerprint_is_stream(path)) {
        add(digest, text_of(path));
        return;
    }
    if (stat(path, &status) == 0)
        (void)EVP_DigestUpdate(digest, &status.st_mode, sizeof(status.st_mode));
    if (file_read(path, PEM_LIMIT, &content, &err))
        add(digest, buf_text(&content));
    else
        add(digest, text_of(err.text));
}

/* Without memory for a digest there is none, which equals no other. */
static struct fingerprint finish(EVP_MD_CTX *digest)
{
    struct fingerprint fingerprint = { 0 };

    if (!digest || !EVP_DigestFinal_ex(digest, fingerprint.bytes, NULL))
        ERR_clear_error();
    EVP_MD_CTX_free(digest);
    return fingerprint;
}

static EVP_MD_CTX *begin(void)
{
    EVP_MD_CTX *digest = EVP_MD_CTX_new();

    if (digest && EVP_DigestInit_ex(digest, EVP_sha256(), NULL))
        return digest;
    EVP_MD_CTX_free(digest);
    return NULL;
}

struct fingerprint fingerprint_files(const char *const paths[], size_t count)
{
    EVP_MD_CTX *digest = begin();

    for (size_t i = 0; digest && i < count; i++) {
        if (paths[i])
            add_file(digest, paths[i]);
    }
    return finish(digest);
}

static void add_policy(EVP_MD_CTX *digest, const char *path)
{
    struct error err = { 0 };
    auto_policy_files struct policy_files *files = file_read_policy(path, &err);

    for (size_t i = 0; files && i < files->count; i++) {
        add(digest, text_of(files->sources[i].name));
        add(digest, files->sources[i].text);
    }
    add(digest, files ? buf_text(&files->strays) : text_of(err.text));
}

struct fingerprint fingerprint_policy(const char *path)
{
    EVP_MD_CTX *digest;

    if (path && fingerprint_is_stream(path))
        return fingerprint_files(&path, 1);
    digest = begin();
    if (digest)
        add_policy(digest, path);
    return finish(digest);
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
    static const struct fingerprint none;

    return memcmp(a, b, sizeof(*a)) == 0 && memcmp(a, &none, sizeof(none)) != 0;
}
