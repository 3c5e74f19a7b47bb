/* certs_files.c - see certs_files.h for the contract. */
#include "certs_files.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spillway/buf.h"
#include "spillway/certificate.h"
#include "spillway/file.h"
#include "spillway/macros.h"
#include "spillway/pem.h"

#include "harness.h"

static const char *const names[CERTS_FILES] = { "ca.crt", "ca.key", "tls.crt",
                                                "tls.key" };

void certs_files_sign(const struct issued *ca, time_t now, long long seconds,
                      struct issued *leaf)
{
    auto_issue_names struct issue_names list = { 0 };
    struct error err = { 0 };

    assert_true(issue_names_add_dns(&list, "s.n.svc", &err));
    assert_true(issue_names_add_ip(&list, "10.1.2.3", &err));
    if (!issue_serving(ca, &list, now, seconds, leaf, &err))
        fail_msg("%s", err.text);
}

void certs_files_issue(const struct scratch *scratch, time_t made,
                       time_t signed_at, long long seconds)
{
    auto_issued struct issued ca = { 0 }, leaf = { 0 };
    struct error err = { 0 };

    assert_true(issue_authority(made, &ca, &err));
    certs_files_sign(&ca, signed_at, seconds, &leaf);
    certs_files_put(scratch, CERTS_CA_CRT, ca.certificate);
    certs_files_put(scratch, CERTS_CA_KEY, ca.key);
    certs_files_put(scratch, CERTS_TLS_CRT, leaf.certificate);
    certs_files_put(scratch, CERTS_TLS_KEY, leaf.key);
}

void certs_files_put(const struct scratch *scratch, enum certs_file file,
                     const char *text)
{
    bool is_key = file == CERTS_CA_KEY || file == CERTS_TLS_KEY;

    free(scratch_write(scratch, names[file], text, is_key ? 0600 : 0644));
}

char *certs_files_path(const struct scratch *scratch, enum certs_file file)
{
    return scratch_path(scratch, names[file]);
}

void certs_files_remove(const struct scratch *scratch, enum certs_file file)
{
    auto_free char *path = certs_files_path(scratch, file);

    assert_int_equal(unlink(path), 0);
}

void certs_files_read(const struct scratch *scratch, struct certs_files *files)
{
    for (size_t i = 0; i < CERTS_FILES; i++) {
        auto_free char *path = certs_files_path(scratch, (enum certs_file)i);
        auto_buf struct buf text = { 0 };
        struct error err = { 0 };

        if (file_read(path, 65536, &text, &err))
            files->texts[i] = take(&text.data);
        else
            assert_non_null(strstr(err.text, "No such file"));
    }
}

void certs_files_assert_unchanged(const struct scratch *scratch,
                                  const struct certs_files *before)
{
    auto_certs_files struct certs_files after = { 0 };

    certs_files_read(scratch, &after);
    for (size_t i = 0; i < CERTS_FILES; i++) {
        if (!before->texts[i] != !after.texts[i] ||
            (before->texts[i] && strcmp(before->texts[i], after.texts[i]) != 0))
            fail_msg("%s has changed", names[i]);
    }
}

bool certs_files_trust(const char *authorities, const char *certificate)
{
    auto_pem struct pem trusted = { 0 }, leaf = { 0 };
    struct error err = { 0 };

    assert_true(pem_parse(text_of(authorities), &trusted, &err));
    assert_true(pem_parse(text_of(certificate), &leaf, &err));
    return certificate_is_trusted(leaf.certificates[0], trusted.certificates,
                                  trusted.n_certificates, time(NULL));
}

void certs_files_done(struct certs_files *files)
{
    for (size_t i = 0; i < CERTS_FILES; i++)
        free(files->texts[i]);
    *files = (struct certs_files){ 0 };
}
