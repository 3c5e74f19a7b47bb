/* test_addresses.c - who is one client, and who is another. */
#include "harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "spillway/addresses.h"
#include "spillway/macros.h"

static struct address *enter(struct addresses *addresses, const char *text)
{
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
    struct sockaddr_in four = { .sin_family = AF_INET };

    if (inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return addresses_enter(addresses, (const struct sockaddr *)&four);
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return addresses_enter(addresses, (const struct sockaddr *)&six);
}

static const struct row {
    const char *name, *one, *other;
    bool same;
} rows[] = {
    { "one IPv4 address is one client", "192.0.2.1", "192.0.2.1", true },
    { "two IPv4 addresses are two", "192.0.2.1", "192.0.2.2", false },
    { "a mapped IPv4 address is the same client", "192.0.2.1",
      "::ffff:192.0.2.1", true },
    { "mapped IPv4 addresses are told apart", "::ffff:192.0.2.1",
      "::ffff:192.0.2.2", false },
    { "an IPv6 client is its /64", "2001:db8::1", "2001:db8::ffff:0:0:1",
      true },
    { "another /64 is another client", "2001:db8::1", "2001:db8:0:1::1",
      false },
    { "IPv4 and IPv6 are told apart", "0.0.0.1", "2001:db8::", false },
};

static void test_row(void **state)
{
    const struct row *row = *state;
    struct addresses *addresses = addresses_new(1);
    struct address *one, *other;

    assert_non_null(addresses);
    one = enter(addresses, row->one);
    other = enter(addresses, row->other);
    assert_int_equal(one == other, row->same);
    assert_int_equal(address_count(one), row->same ? 2 : 1);
    addresses_leave(addresses, one);
    addresses_leave(addresses, other);
    addresses_free(addresses);
}

/* Many more than there are buckets, in and out again in another order. */
static void test_many(void **state)
{
    enum { MANY = 5000 };
    static struct address *entered[MANY];
    struct addresses *addresses = addresses_new(1);

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < MANY; i++) {
            char text[32];

            (void)snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250);
            entered[i] = enter(addresses, text);
            assert_int_equal(address_count(entered[i]), 1);
        }
        for (int i = 0; i < MANY; i++)
            addresses_leave(addresses, entered[i * 7 % MANY]);
    }
    addresses_free(addresses);
}

int main(void)
{
    struct CMUnitTest tests[array_len(rows) + 1];

    for (size_t i = 0; i < array_len(rows); i++)
        tests[i] = (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL,
                                        (void *)(uintptr_t)&rows[i] };
    tests[array_len(rows)] =
        (struct CMUnitTest){ "thousands of clients are counted apart",
                             test_many, NULL, NULL, NULL };
    return cmocka_run_group_tests_name("addresses", tests, NULL, NULL);
}
