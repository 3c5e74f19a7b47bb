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

static void add_file(EVP_MD_CTX *digest, const char *path)
{
    auto_secret struct buf content = { 0 };
    struct error err = { 0 };
    struct stat status;

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

struct fingerprint fingerprint_policy(const char *path)
{
    struct error err = { 0 };
    auto_policy_files struct policy_files *files = file_read_policy(path, &err);
    EVP_MD_CTX *digest = begin();

    for (size_t i = 0; digest && files && i < files->count; i++) {
        add(digest, text_of(files->sources[i].name));
        add(digest, files->sources[i].text);
    }
    if (digest)
        add(digest, files ? buf_text(&files->strays) : text_of(err.text));
    return finish(digest);
}

bool fingerprint_equal(const struct fingerprint *a, const struct fingerprint *b)
{
    static const struct fingerprint none;

    return memcmp(a, b, sizeof(*a)) == 0 && memcmp(a, &none, sizeof(none)) != 0;
}
