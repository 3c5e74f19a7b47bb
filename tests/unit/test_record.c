/* test_record.c - recorded cases: whole, within their limits, one of a shape,
 * and true to what was decided. */
#include "harness.h"

#include <dirent.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"
#include "spillway/admit.h"
#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/file.h"
#include "spillway/macros.h"
#include "spillway/policy.h"
#include "spillway/record.h"

static atomic_int results[RECORD_RESULTS];
static char last_detail[512];
static pthread_mutex_t detail_lock = PTHREAD_MUTEX_INITIALIZER;

static void report(enum record_result result, const char *detail)
{
    (void)pthread_mutex_lock(&detail_lock);
    (void)snprintf(last_detail, sizeof(last_detail), "%s", detail);
    (void)pthread_mutex_unlock(&detail_lock);
    atomic_fetch_add(&results[result], 1);
}

struct fixture {
    struct scratch scratch;
    struct policy_set *set;
    char *directory;
    struct recorder *recorder;
};

static void begin(struct fixture *f, size_t limit, size_t bytes, bool shadow)
{
    const struct recorder_settings settings = { .directory = f->directory,
                                                .limit = limit,
                                                .limit_bytes = bytes,
                                                .is_shadow = shadow,
                                                .report = report };
    struct error err = { 0 };

    for (int i = 0; i < RECORD_RESULTS; i++)
        atomic_store(&results[i], 0);
    f->recorder = recorder_new(&settings, &err);
    if (!f->recorder)
        fail_msg("%s", err.text);
}

static int setup(void **state)
{
    const struct policy_source source = { "built-in", policy_builtin() };
    struct fixture *f = calloc(1, sizeof(*f));
    auto_buf struct buf mistakes = { 0 };
    struct error err = { 0 };

    assert_non_null(f);
    scratch_init(&f->scratch);
    f->directory = scratch_path(&f->scratch, "cases");
    f->set = policy_set_parse(&source, 1, &mistakes, &err);
    assert_non_null(f->set);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    recorder_free(f->recorder);
    policy_set_free(f->set);
    scratch_done(&f->scratch);
    free(f->directory);
    free(f);
    return 0;
}

/* A gateway pod; `image` makes the shape, `name` does not. */
static void offer(struct fixture *f, const char *name, const char *image)
{
    auto_buf struct buf body = { 0 };
    auto_arena struct arena arena = { 0 };
    struct admission admission = { 0 };
    struct error err = { 0 };

    buf_printf(&body,
               "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":"
               "\"AdmissionReview\",\"request\":{\"uid\":\"u-%s\",\"kind\":{"
               "\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
               "\"operation\":\"CREATE\",\"namespace\":\"istio-system\","
               "\"object\":{\"metadata\":{\"name\":\"%s\",\"labels\":{"
               "\"istio\":\"ingressgateway\"}},\"spec\":{\"containers\":[{"
               "\"name\":\"istio-proxy\",\"image\":\"%s\"}]}}}}",
               name, name, image);
    if (!admit(f->set, buf_text(&body), &arena, &admission, &err))
        fail_msg("%s", err.text);
    recorder_offer(f->recorder, f->set, buf_text(&body), &admission);
}

/* Write what is queued, and end. */
static void end(struct fixture *f)
{
    recorder_free(take(&f->recorder));
}

static void assert_results(int written, int duplicate, int dropped, int failed)
{
    assert_int_equal(results[RECORD_WRITTEN], written);
    assert_int_equal(results[RECORD_DUPLICATE], duplicate);
    assert_int_equal(results[RECORD_DROPPED], dropped);
    assert_int_equal(results[RECORD_FAILED], failed);
}

/* Cases in the directory; nothing else may be there. */
static size_t count_cases(const struct fixture *f)
{
    DIR *directory = opendir(f->directory);
    const struct dirent *entry;
    size_t count = 0;

    assert_non_null(directory);
    while ((entry = readdir(directory))) {
        struct stat status;
        char path[600];

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        assert_true(entry->d_name[0] != '.');
        (void)snprintf(path, sizeof(path), "%s/%s", f->directory,
                       entry->d_name);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 07777, 0700);
        for (int i = 0; i < 2; i++) {
            (void)snprintf(path, sizeof(path), "%s/%s/%s", f->directory,
                           entry->d_name, i ? "expect.yaml" : "review.json");
            assert_int_equal(stat(path, &status), 0);
            assert_int_equal(status.st_mode & 07777, 0600);
            assert_true(status.st_size > 0);
        }
        count++;
    }
    (void)closedir(directory);
    return count;
}

static void test_one_of_a_shape(void **state)
{
    struct fixture *f = *state;

    begin(f, 10, SIZE_MAX, false);
    offer(f, "a", "one");
    offer(f, "b", "one");
    offer(f, "c", "two");
    end(f);
    assert_results(2, 1, 0, 0);
    assert_int_equal(count_cases(f), 2);
    /* And in the next run. */
    begin(f, 10, SIZE_MAX, false);
    offer(f, "d", "two");
    offer(f, "e", "three");
    end(f);
    assert_results(1, 1, 0, 0);
    assert_int_equal(count_cases(f), 3);
}

static void test_limit(void **state)
{
    struct fixture *f = *state;

    begin(f, 2, SIZE_MAX, false);
    for (int i = 0; i < 4; i++) {
        char image[16];

        (void)snprintf(image, sizeof(image), "i%d", i);
        offer(f, "a", image);
    }
    end(f);
    assert_results(2, 0, 2, 0);
    assert_int_equal(count_cases(f), 2);
    /* What is there counts. */
    begin(f, 3, SIZE_MAX, false);
    offer(f, "a", "i8");
    offer(f, "a", "i9");
    end(f);
    assert_results(1, 0, 1, 0);
}

static void test_bytes(void **state)
{
    struct fixture *f = *state;

    begin(f, 10, 3000, false);
    for (int i = 0; i < 6; i++) {
        char image[16];

        (void)snprintf(image, sizeof(image), "i%d", i);
        offer(f, "a", image);
    }
    end(f);
    assert_true(results[RECORD_WRITTEN] >= 2);
    assert_true(results[RECORD_DROPPED] >= 1);
    assert_int_equal(count_cases(f), (size_t)results[RECORD_WRITTEN]);
    begin(f, 10, 3000, false);
    offer(f, "a", "another");
    end(f);
    assert_results(0, 0, 1, 0);
}

static char *read_case(const struct fixture *f, const char *file)
{
    DIR *directory = opendir(f->directory);
    const struct dirent *entry;
    auto_buf struct buf text = { 0 };
    struct error err = { 0 };
    char path[600] = "";

    while ((entry = readdir(directory))) {
        if (entry->d_name[0] != '.')
            (void)snprintf(path, sizeof(path), "%s/%s/%s", f->directory,
                           entry->d_name, file);
    }
    (void)closedir(directory);
    assert_true(file_read(path, 1 << 20, &text, &err));
    return take(&text.data);
}

static void test_expectation(void **state)
{
    struct fixture *f = *state;
    char *text;

    begin(f, 10, SIZE_MAX, false);
    offer(f, "a", "one");
    end(f);
    text = read_case(f, "expect.yaml");
    assert_string_equal(text, "decision: mutated\nreason: applied\npolicy: "
                              "asm-gateway\nwarnings: []\n");
    free(text);
}

/* `spillway test` knows nothing of the server's shadow mode. */
static void test_shadow(void **state)
{
    struct fixture *f = *state;
    char *text;

    policy_set_shadow(f->set);
    begin(f, 10, SIZE_MAX, true);
    offer(f, "a", "one");
    end(f);
    text = read_case(f, "expect.yaml");
    assert_string_equal(text, "reason: applied\npolicy: asm-gateway\n");
    free(text);
}

/* An annotation that a selector looks at, and that is too long to be kept: the
 * case would not say what was decided. */
static void test_unfaithful(void **state)
{
    static const char text[] =
        "apiVersion: spillway.dev/v1\nkind: Policy\npolicies:\n- name: long\n"
        "  match:\n    namespaces: [\"*\"]\n    selectors:\n"
        "    - matchExpressions: [{key: app, operator: Exists}]\n"
        "      matchAnnotations: {a: \"";
    struct fixture *f = *state;
    auto_buf struct buf policy = { 0 }, body = { 0 }, mistakes = { 0 };
    auto_arena struct arena arena = { 0 };
    struct admission admission = { 0 };
    struct policy_source source = { "policy.yaml", { 0 } };
    struct error err = { 0 };
    char value[301];

    memset(value, 'v', sizeof(value));
    value[300] = '\0';
    buf_printf(&policy, "%s%s\"}\n  tolerations: [{operator: Exists}]\n", text,
               value);
    source.text = buf_text(&policy);
    policy_set_free(f->set);
    f->set = policy_set_parse(&source, 1, &mistakes, &err);
    if (!f->set)
        fail_msg("%s", mistakes.data);
    buf_printf(&body,
               "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":"
               "\"AdmissionReview\",\"request\":{\"uid\":\"u\",\"kind\":{"
               "\"group\":\"\",\"version\":\"v1\",\"kind\":\"Pod\"},"
               "\"operation\":\"CREATE\",\"object\":{\"metadata\":{\"labels\":"
               "{\"app\":\"x\"},\"annotations\":{\"a\":\"%s\"}},\"spec\":{}}}}",
               value);
    assert_true(admit(f->set, buf_text(&body), &arena, &admission, &err));
    assert_int_equal(admission.decision, DECISION_MUTATED);
    begin(f, 10, SIZE_MAX, false);
    recorder_offer(f->recorder, f->set, buf_text(&body), &admission);
    end(f);
    assert_results(0, 0, 0, 1);
    assert_non_null(strstr(last_detail, "decided in another way"));
    assert_int_equal(count_cases(f), 0);
}

/* --- when the disk does not play along ---------------------------------------
 */

/* EFBIG in the middle of a file, as ENOSPC would come. */
static void test_full_disk(void **state)
{
    struct fixture *f = *state;
    struct rlimit limit, small;

    begin(f, 10, SIZE_MAX, false);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    small = (struct rlimit){ 100, limit.rlim_max };
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    offer(f, "a", "one");
    while (results[RECORD_FAILED] == 0)
        (void)usleep(1000);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(count_cases(f), 0);
    /* There is room again: the same review is recorded after all. */
    offer(f, "a", "one");
    end(f);
    assert_results(1, 0, 0, 1);
    assert_int_equal(count_cases(f), 1);
}

static void test_lost_directory(void **state)
{
    struct fixture *f = *state;

    begin(f, 10, SIZE_MAX, false);
    assert_int_equal(rmdir(f->directory), 0);
    offer(f, "a", "one");
    while (results[RECORD_FAILED] == 0)
        (void)usleep(1000);
    assert_int_equal(mkdir(f->directory, 0700), 0);
    offer(f, "a", "one");
    end(f);
    assert_results(1, 0, 0, 1);
}

static void test_drafts(void **state)
{
    struct fixture *f = *state;
    char draft[400], inside[500];
    FILE *file;

    assert_int_equal(mkdir(f->directory, 0700), 0);
    (void)snprintf(draft, sizeof(draft), "%s/.gw-0123456789ab.tmp",
                   f->directory);
    (void)snprintf(inside, sizeof(inside), "%s/.review.json.aBcDeF", draft);
    assert_int_equal(mkdir(draft, 0700), 0);
    file = fopen(inside, "we");
    assert_non_null(file);
    (void)fclose(file);
    begin(f, 10, SIZE_MAX, false);
    end(f);
    assert_int_equal(count_cases(f), 0);
}

static void test_no_directory(void **state)
{
    struct fixture *f = *state;
    char *path = scratch_write(&f->scratch, "file", "", 0600);
    struct recorder_settings settings = { .directory = path,
                                          .limit = 1,
                                          .report = report };
    struct error err = { 0 };

    assert_null(recorder_new(&settings, &err));
    assert_int_equal(err.kind, ERROR_INVALID);
    settings.directory = "/nonexistent/cases";
    assert_null(recorder_new(&settings, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    free(path);
}

/* --- many at once ------------------------------------------------------------
 */

static void *offer_many(void *argument)
{
    for (int i = 0; i < 200; i++) {
        char image[16];

        (void)snprintf(image, sizeof(image), "i%d", i % 20);
        offer(argument, "a", image);
    }
    return NULL;
}

static void test_many(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];

    begin(f, 1000, SIZE_MAX, false);
    for (size_t i = 0; i < array_len(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, offer_many, f), 0);
    for (size_t i = 0; i < array_len(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    end(f);
    /* Each has one end, and no shape comes twice. */
    assert_int_equal(results[RECORD_WRITTEN] + results[RECORD_DUPLICATE] +
                         results[RECORD_DROPPED] + results[RECORD_FAILED],
                     800);
    assert_int_equal(results[RECORD_FAILED], 0);
    assert_in_range(results[RECORD_WRITTEN], 1, 20);
    assert_int_equal(count_cases(f), (size_t)results[RECORD_WRITTEN]);
}

#define ROW(name, function)                                                    \
    {                                                                          \
        name, function, setup, teardown, NULL                                  \
    }

int main(void)
{
    static const struct CMUnitTest tests[] = {
        ROW("one of each shape is written, whatever ran before",
            test_one_of_a_shape),
        ROW("the limit of cases holds", test_limit),
        ROW("the limit of bytes holds", test_bytes),
        ROW("the decision is what is expected", test_expectation),
        ROW("of a server in shadow mode no decision is expected", test_shadow),
        ROW("what redaction would change is not written", test_unfaithful),
        ROW("a full disk leaves nothing half-written", test_full_disk),
        ROW("a lost directory costs no more than recordings",
            test_lost_directory),
        ROW("drafts of an earlier run are removed", test_drafts),
        ROW("what is no directory is refused", test_no_directory),
        ROW("threads lose no count", test_many),
    };

    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
