/* testlist.c - see testlist.h for the contract. */
#include "spillway/testlist.h"

#include <fnmatch.h>
#include <stdlib.h>

#include "spillway/testfind.h"

/* What the visitor needs to know. */
struct collector {
    struct testlist *list;
    const char *glob;
    size_t capacity;
};

/* A copy of a string that may be NULL; false when memory is short. */
static bool keep(struct testlist *list, const char **string)
{
    if (*string)
        *string = arena_string(&list->arena, text_of(*string));
    else
        return true;
    return *string != NULL;
}

static bool reserve(struct collector *collector)
{
    size_t capacity = collector->capacity ? 2 * collector->capacity : 64;
    struct testlist_case *cases;

    if (collector->list->count < collector->capacity)
        return true;
    cases = reallocarray(collector->list->cases, capacity, sizeof(*cases));
    if (!cases)
        return false;
    collector->list->cases = cases;
    collector->capacity = capacity;
    return true;
}

static bool visit(void *context, const char *name,
                  const struct testcase *testcase, struct buf *findings,
                  struct error *err)
{
    struct collector *collector = context;
    struct testlist *list = collector->list;
    struct testlist_case found = { name, *testcase, buf_text(findings) };
    const char *misfits;

    if (!buf_ok(findings, err))
        return false;
    if (collector->glob && fnmatch(collector->glob, name, 0) != 0) {
        list->left_out++;
        return true;
    }
    misfits = arena_string(&list->arena, found.misfits);
    if (!misfits || !reserve(collector) || !keep(list, &found.name) ||
        !keep(list, &found.testcase.input) ||
        !keep(list, &found.testcase.expect) ||
        !keep(list, &found.testcase.patch) ||
        !keep(list, &found.testcase.object) ||
        !keep(list, &found.testcase.policy))
        return error_no_memory(err);
    found.misfits.data = misfits;
    list->cases[list->count++] = found;
    return true;
}

/* Names begin behind the path, when there is only one: "arch-affinity" and not
 * "tests/golden/arch-affinity". */
static size_t name_offset(const char *path, size_t count)
{
    size_t len = strlen(path);

    if (count > 1)
        return 0;
    return len + (len > 0 && path[len - 1] != '/');
}

bool testlist_find(struct testlist *list, char *const paths[], size_t count,
                   const char *glob, int (*fail)(const struct error *err))
{
    struct collector collector = { .list = list, .glob = glob };
    struct testfind find = { .visitor = { visit, &collector } };
    bool complete = true;

    for (size_t i = 0; i < count; i++) {
        struct error err = { 0 };

        if (testfind_run(&find, paths[i], name_offset(paths[i], count), &err))
            continue;
        (void)fail(&err);
        complete = false;
    }
    testfind_done(&find);
    return complete;
}

void testlist_done(struct testlist *list)
{
    free(list->cases);
    arena_done(&list->arena);
    *list = (struct testlist){ 0 };
}
