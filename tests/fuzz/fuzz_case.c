/*
 * fuzz_case.c - the files of a case of `spillway test`: whatever is in them, it
 * is found to be right or wrong.  An input is the four files, with "%%" in
 * between: what is evaluated, expect.yaml, patch.json and object.yaml; an empty
 * one is left out.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "spillway/arena.h"
#include "spillway/testcase.h"

enum { FILES = 4 };

/* A file in memory that has a path; 0 when there is none. */
struct memory_file {
    int fd;
    char path[32];
};

static const char *file_open(struct memory_file *file, struct text content)
{
    if (content.len == 0)
        return NULL;
    file->fd = memfd_create("case", MFD_CLOEXEC);
    if (file->fd <= 0 ||
        write(file->fd, content.data, content.len) != (ssize_t)content.len)
        abort();
    (void)snprintf(file->path, sizeof(file->path), "/proc/self/fd/%d",
                   file->fd);
    return file->path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = fuzz_text(data, size);
    struct memory_file files[FILES] = { 0 };
    auto_testcase_result struct testcase_result result = { 0 };
    auto_arena struct arena arena = { 0 };
    struct testcase testcase = { 0 };
    struct error err = { 0 };

    testcase.input = file_open(&files[0], fuzz_part(&rest));
    testcase.expect = file_open(&files[1], fuzz_part(&rest));
    testcase.patch = file_open(&files[2], fuzz_part(&rest));
    testcase.object = file_open(&files[3], rest);
    if (testcase.input)
        fuzz_law(testcase_run(&testcase, fuzz_policy(0), &arena, &result, &err),
                 "memory suffices", err.text);
    for (size_t i = 0; i < FILES; i++) {
        if (files[i].fd > 0)
            (void)close(files[i].fd);
    }
    return 0;
}
