/* change.c - see change.h for the contract. */
#include "change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "server_process.h"
#include "spillway/macros.h"

char *change_content(const char *path)
{
    char text[65536];
    FILE *file = fopen(path, "re");
    size_t len;

    assert_non_null(file);
    len = fread(text, 1, sizeof(text), file);
    (void)fclose(file);
    return strndup(text, len);
}

void change_in_place(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

void change_by_rename(const char *path, const char *text)
{
    char draft[512];

    (void)snprintf(draft, sizeof(draft), "%s.new", path);
    change_in_place(draft, text);
    assert_int_equal(chmod(draft, 0600), 0);
    assert_int_equal(rename(draft, path), 0);
}

char *change_policy_named(const char *name)
{
    static const char *const words[] = { "manifest", "policy", "--bare", NULL };
    char *text = NULL, *at, *out = NULL;

    assert_int_equal(program_run(words, NULL, &text, NULL), 0);
    at = strstr(text, "asm-gateway");
    assert_non_null(at);
    assert_true(asprintf(&out, "%.*s%s%s", (int)(at - text), text, name,
                         at + strlen("asm-gateway")) > 0);
    free(text);
    return out;
}

void change_pair_init(struct change_pair *pair)
{
    const char *const words[] = { "certs",  "issue",     "--dir", NULL,
                                  "--name", "localhost", NULL };
    const char *full[array_len(words)];
    char *path;

    scratch_init(&pair->scratch);
    memcpy(full, words, sizeof(words));
    full[3] = pair->scratch.path;
    assert_int_equal(program_run(full, NULL, NULL, NULL), 0);
    path = scratch_path(&pair->scratch, "tls.crt");
    pair->certificate = change_content(path);
    free(path);
    path = scratch_path(&pair->scratch, "tls.key");
    pair->key = change_content(path);
    free(path);
}

void change_pair_done(struct change_pair *pair)
{
    free(pair->certificate);
    free(pair->key);
    scratch_done(&pair->scratch);
}

void change_mount(const char *directory, const char *generation,
                  const struct change_pair *pair)
{
    char path[512], draft[512], data[512];

    (void)snprintf(path, sizeof(path), "%s/%s", directory, generation);
    assert_int_equal(mkdir(path, 0755), 0);
    (void)snprintf(path, sizeof(path), "%s/%s/tls.crt", directory, generation);
    change_in_place(path, pair->certificate);
    (void)snprintf(path, sizeof(path), "%s/%s/tls.key", directory, generation);
    change_in_place(path, pair->key);
    assert_int_equal(chmod(path, 0600), 0);
    (void)snprintf(draft, sizeof(draft), "%s/..data_tmp", directory);
    (void)snprintf(data, sizeof(data), "%s/..data", directory);
    assert_int_equal(symlink(generation, draft), 0);
    assert_int_equal(rename(draft, data), 0);
}
