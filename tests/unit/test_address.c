/* test_address.c - addresses to listen on, good and bad. */
#include "harness.h"

#include <string.h>
#include <unistd.h>

#include "spillway/address.h"
#include "spillway/macros.h"

struct row {
    const char *name, *text;
    const char *local; /* how the bound address begins; NULL when refused */
};

static struct row rows[] = {
    { "IPv4 with port 0 takes a free port", "127.0.0.1:0", "127.0.0.1:" },
    { "a name is looked up", "localhost:0", "" },
    { "no host is any address", ":0", "" },
    { "a missing port is refused", "127.0.0.1", NULL },
    { "an empty port is refused", "127.0.0.1:", NULL },
    { "a service name is refused", "127.0.0.1:https", NULL },
    { "a port beyond 65535 is refused", "127.0.0.1:65536", NULL },
    { "a negative port is refused", "127.0.0.1:-1", NULL },
    { "IPv6 without brackets is refused", "::1:80", NULL },
    { "a malformed address is refused", "1.2.3.4.5:80", NULL },
    { "an empty text is refused", "", NULL },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct error err = { 0 };
    char local[ADDRESS_TEXT];
    int fd = -1;

    if (!row->local) {
        assert_false(address_listen(row->text, &fd, &err));
        assert_int_equal(err.kind, ERROR_INVALID);
        assert_int_equal(fd, -1);
        return;
    }
    assert_true(address_listen(row->text, &fd, &err));
    address_local(fd, local);
    assert_memory_equal(local, row->local, strlen(row->local));
    assert_non_null(strrchr(local, ':'));
    assert_string_not_equal(strrchr(local, ':'), ":0");
    (void)close(fd);
}

static void test_taken(void **state)
{
    struct error err = { 0 };
    char local[ADDRESS_TEXT];
    int first = -1, second = -1;

    (void)state;
    assert_true(address_listen("127.0.0.1:0", &first, &err));
    address_local(first, local);
    assert_false(address_listen(local, &second, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM);
    assert_non_null(strstr(err.text, local));
    assert_non_null(strstr(err.text, "choose another port"));
    (void)close(first);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 1];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    tests[array_len(rows)] =
        (struct CMUnitTest){ "a taken port is named", test_taken, NULL, NULL,
                             NULL };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
