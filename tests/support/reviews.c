/* reviews.c - see reviews.h for the contract. */
#include "reviews.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const char directory[] = "tests/golden/";

char *review_path(const char *name)
{
    char *path = NULL;

    assert_true(asprintf(&path, "%s%s/review.json", directory, name) > 0);
    return path;
}

char *review_read(const char *name, size_t *len)
{
    enum { ROOM = 1 << 20 };
    char *path = review_path(name), *text = malloc(ROOM + 1);
    FILE *file = fopen(path, "re");

    if (!file)
        fail_msg("%s cannot be read (tests run in the top directory)", path);
    assert_non_null(text);
    *len = fread(text, 1, ROOM, file);
    assert_true(*len < ROOM);
    text[*len] = '\0';
    (void)fclose(file);
    free(path);
    return text;
}

char **review_names(size_t *count)
{
    glob_t found = { 0 };
    char **names;

    assert_int_equal(glob("tests/golden/*/review.json", 0, NULL, &found), 0);
    names = calloc(found.gl_pathc, sizeof(*names));
    assert_non_null(names);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *name = found.gl_pathv[i] + strlen(directory);

        names[i] = strndup(name, strcspn(name, "/"));
        assert_non_null(names[i]);
    }
    *count = found.gl_pathc;
    globfree(&found);
    return names;
}
