/* test_limits.c - what a server's process cannot do any more. */
#include "harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "spillway/limits.h"

/* In a child: what is given up does not come back. */
static int in_child(int (*look)(void))
{
    pid_t pid = fork();
    int status;

    assert_true(pid >= 0);
    if (pid == 0) {
        limits_apply();
        _exit(look());
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int privileges(void)
{
    return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
}

static int dumpable(void)
{
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

static int core_bytes(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 ? 0 : 1;
}

static void test_privileges(void **state)
{
    (void)state;
    assert_int_equal(in_child(privileges), 1);
}

static void test_dumpable(void **state)
{
    (void)state;
#if defined(__SANITIZE_ADDRESS__)
    /* LeakSanitizer could not look. */
    assert_int_equal(in_child(dumpable), 1);
#else
    assert_int_equal(in_child(dumpable), 0);
#endif
}

static void test_core(void **state)
{
    (void)state;
    assert_int_equal(in_child(core_bytes), 0);
}

/* As many as asked for, as far as the hard limit goes, and never fewer than
 * there are. */
static int descriptors(void)
{
    struct rlimit limit = { 50, 100 };

    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 1;
    if (limits_descriptors(20) != 50)
        return 2;
    if (limits_descriptors(80) != 80)
        return 3;
    if (limits_descriptors(200) != 100)
        return 4;
    return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 100 ? 0
                                                                          : 5;
}

static void test_descriptors(void **state)
{
    (void)state;
    assert_int_equal(in_child(descriptors), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        { "no new privileges can be had", test_privileges, NULL, NULL, NULL },
        { "no other process reads the memory", test_dumpable, NULL, NULL,
          NULL },
        { "no core is dumped", test_core, NULL, NULL, NULL },
        { "descriptors are raised up to the hard limit", test_descriptors, NULL,
          NULL, NULL },
    };

    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
