/* pem.c - see pem.h for the contract. */
#include "spillway/pem.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/openssl.h"

/* One block as OpenSSL cuts it out of the text. */
struct block {
    char *name, *header;
    unsigned char *data;
    long len;
};

static void block_done(struct block *block)
{
    OPENSSL_free(block->name);
    OPENSSL_free(block->header);
    OPENSSL_clear_free(block->data, (size_t)block->len);
    *block = (struct block){ 0 };
}

#define auto_block __attribute__((cleanup(block_done)))

static bool block_is(const struct block *block, const char *name)
{
    return strcmp(block->name, name) == 0;
}

/* Make room for one more pointer behind `count` of them. */
static void *grow(void *list, size_t count)
{
    return realloc(list, (count + 1) * sizeof(void *));
}

static bool add_certificate(struct pem *pem, const struct block *block,
                            struct error *err)
{
    const unsigned char *at = block->data;
    auto_x509 X509 *certificate = d2i_X509(NULL, &at, block->len);
    X509 **list;

    if (!certificate || at != block->data + block->len)
        return error_set(err, ERROR_INVALID,
                         "certificate %zu is damaged: it cannot be decoded",
                         pem->n_certificates + 1);
    list = grow(pem->certificates, pem->n_certificates);
    if (!list)
        return error_no_memory(err);
    pem->certificates = list;
    list[pem->n_certificates++] = take(&certificate);
    return true;
}

/* Decode a key, PKCS #8 or the older form of its kind; *at is moved. */
static EVP_PKEY *decode_key(const struct block *block, const unsigned char **at)
{
    auto_pkcs8 PKCS8_PRIV_KEY_INFO *info = NULL;

    if (block_is(block, "RSA PRIVATE KEY"))
        return d2i_PrivateKey(EVP_PKEY_RSA, NULL, at, block->len);
    if (block_is(block, "EC PRIVATE KEY"))
        return d2i_PrivateKey(EVP_PKEY_EC, NULL, at, block->len);
    info = d2i_PKCS8_PRIV_KEY_INFO(NULL, at, block->len);
    return info ? EVP_PKCS82PKEY(info) : NULL;
}

static bool add_key(struct pem *pem, const struct block *block,
                    struct error *err)
{
    const unsigned char *at = block->data;
    auto_pkey EVP_PKEY *key = decode_key(block, &at);
    EVP_PKEY **list;

    if (!key || at != block->data + block->len)
        return error_set(err, ERROR_INVALID,
                         "the private key is damaged: it cannot be decoded");
    list = grow(pem->keys, pem->n_keys);
    if (!list)
        return error_no_memory(err);
    pem->keys = list;
    list[pem->n_keys++] = take(&key);
    return true;
}

/* A block of another kind: name it only when its name is fit to print. */
static bool refuse_block(const struct block *block, struct error *err)
{
    size_t plain = strspn(block->name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ");

    return error_set(err, ERROR_INVALID,
                     "holds a PEM block%s%.40s%s; only certificates and "
                     "private keys (PKCS #8, RSA or EC) are read",
                     block->name[plain] ? " of unknown kind" : " '",
                     block->name[plain] ? "" : block->name,
                     block->name[plain] ? "" : "'");
}

static bool add_block(struct pem *pem, const struct block *block,
                      struct error *err)
{
    if (block_is(block, PEM_STRING_X509) ||
        block_is(block, PEM_STRING_X509_OLD))
        return add_certificate(pem, block, err);
    if (block_is(block, "ENCRYPTED PRIVATE KEY") ||
        strstr(block->header, "ENCRYPTED"))
        return error_set(err, ERROR_INVALID,
                         "the private key is encrypted; give it without a "
                         "passphrase (openssl pkey -in OLD -out NEW)");
    if (block_is(block, "PRIVATE KEY") || block_is(block, "RSA PRIVATE KEY") ||
        block_is(block, "EC PRIVATE KEY"))
        return add_key(pem, block, err);
    /* What `openssl ecparam -genkey` writes in front of its key; the key names
     * its curve again. */
    if (block_is(block, PEM_STRING_ECPARAMETERS))
        return true;
    return refuse_block(block, err);
}

/* OpenSSL takes a damaged BEGIN line for text around the blocks: count them. */
static size_t count_begins(struct text in)
{
    static const char begin[] = "-----BEGIN";
    const size_t width = sizeof(begin) - 1;
    size_t count = 0;

    for (const char *at = in.data;
         (at = memmem(at, in.len - (size_t)(at - in.data), begin, width));
         at += width)
        count++;
    return count;
}

static bool parse_blocks(BIO *bio, struct text in, struct pem *pem,
                         struct error *err)
{
    size_t blocks = 0;

    for (;; blocks++) {
        auto_block struct block block = { 0 };

        if (!PEM_read_bio(bio, &block.name, &block.header, &block.data,
                          &block.len))
            break;
        if (!add_block(pem, &block, err))
            return false;
    }
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE ||
        blocks != count_begins(in))
        return error_set(err, ERROR_INVALID,
                         "PEM block %zu is cut short or damaged", blocks + 1);
    if (pem->n_certificates + pem->n_keys == 0)
        return error_set(err, ERROR_INVALID,
                         "holds no certificate and no private key in PEM form "
                         "(-----BEGIN ...)");
    return true;
}

bool pem_parse(struct text in, struct pem *pem, struct error *err)
{
    auto_bio BIO *bio = NULL;
    bool good;

    if (in.len > INT_MAX)
        return error_set(err, ERROR_TOO_BIG, "is too large");
    if (in.len && memchr(in.data, '\0', in.len))
        return error_set(err, ERROR_INVALID,
                         "is binary, not PEM (openssl x509 -inform DER turns "
                         "a DER certificate into PEM)");
    bio = BIO_new_mem_buf(in.len ? in.data : "", (int)in.len);
    if (!bio)
        return error_no_memory(err);
    ERR_clear_error();
    good = parse_blocks(bio, in, pem, err);
    ERR_clear_error();
    return good;
}

bool pem_load(const char *path, struct pem *pem, struct error *err)
{
    auto_secret struct buf content = { 0 };

    if (!file_read(path, PEM_LIMIT, &content, err))
        return false;
    if (!pem_parse(buf_text(&content), pem, err))
        return error_wrap(err, "%s", path);
    return true;
}

bool pem_load_private(const char *path, struct pem *pem, struct error *err)
{
    struct stat status;

    if (stat(path, &status) != 0)
        return error_set(err, ERROR_SYSTEM, "%s: %s", path, strerror(errno));
    if (!pem_load(path, pem, err))
        return false;
    if (pem->n_keys > 0 && (status.st_mode & 0007) != 0)
        return error_set(err, ERROR_INVALID,
                         "%s: holds a private key that others may use (mode "
                         "%04o); take that away: chmod o= %s",
                         path, (unsigned)status.st_mode & 07777U, path);
    return true;
}

bool pem_format_certificate(X509 *certificate, struct buf *out,
                            struct error *err)
{
    auto_bio BIO *bio = BIO_new(BIO_s_mem());

    if (!bio || !PEM_write_bio_X509(bio, certificate))
        return openssl_fail(err, "writing a certificate");
    openssl_drain(bio, out);
    return buf_ok(out, err);
}

bool pem_format_key(EVP_PKEY *key, struct buf *out, struct error *err)
{
    auto_bio BIO *bio = BIO_new(BIO_s_mem());

    if (!bio ||
        !PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
        return openssl_fail(err, "writing a private key");
    openssl_drain(bio, out);
    return buf_ok(out, err);
}

void pem_done(struct pem *pem)
{
    for (size_t i = 0; i < pem->n_certificates; i++)
        X509_free(pem->certificates[i]);
    for (size_t i = 0; i < pem->n_keys; i++)
        EVP_PKEY_free(pem->keys[i]);
    free(pem->certificates);
    free(pem->keys);
    *pem = (struct pem){ 0 };
}

void pem_wipe(struct buf *buf)
{
    if (buf->data)
        OPENSSL_cleanse(buf->data, buf->capacity);
    buf_done(buf);
}
