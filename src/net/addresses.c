/* addresses.c - see addresses.h for the contract. */
#include "spillway/addresses.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

struct address {
    struct address *next; /* in its bucket */
    size_t count;
    uint64_t key[2];
};

struct addresses {
    uint64_t seed; /* so that nobody can choose addresses that share a bucket */
    size_t mask;   /* buckets minus one; their number is a power of two */
    struct address *buckets[];
};

struct addresses *addresses_new(size_t expected)
{
    struct addresses *addresses;
    size_t n = 64;

    while (n < expected && n < SIZE_MAX / 4 / sizeof(struct address *))
        n *= 2;
    addresses = calloc(1, sizeof(*addresses) + n * sizeof(struct address *));
    if (!addresses)
        return NULL;
    addresses->mask = n - 1;
    if (getrandom(&addresses->seed, sizeof(addresses->seed), 0) < 0)
        addresses->seed = (uintptr_t)addresses;
    return addresses;
}

void addresses_free(struct addresses *addresses)
{
    for (size_t i = 0; addresses && i <= addresses->mask; i++) {
        for (struct address *a = addresses->buckets[i], *next; a; a = next) {
            next = a->next;
            free(a);
        }
    }
    free(addresses);
}

static void key_of(const struct sockaddr *from, uint64_t key[2])
{
    struct sockaddr_in6 six;

    key[0] = key[1] = 0;
    if (from->sa_family == AF_INET) {
        struct sockaddr_in four;

        memcpy(&four, from, sizeof(four));
        key[1] = four.sin_addr.s_addr;
    } else if (from->sa_family == AF_INET6) {
        memcpy(&six, from, sizeof(six));
        if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
            uint32_t four;

            memcpy(&four, &six.sin6_addr.s6_addr[12], sizeof(four));
            key[1] = four;
        } else {
            memcpy(&key[0], &six.sin6_addr, sizeof(key[0]));
        }
    }
}

/* Every bit of the key and of the seed moves every bit of the result. */
static size_t bucket_of(const struct addresses *addresses,
                        const uint64_t key[2])
{
    uint64_t x = addresses->seed;

    for (size_t i = 0; i < 2; i++) {
        x ^= key[i];
        x = (x ^ (x >> 32)) * 0x9e3779b97f4a7c15U;
        x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9U;
        x ^= x >> 32;
    }
    return (size_t)x & addresses->mask;
}

struct address *addresses_enter(struct addresses *addresses,
                                const struct sockaddr *from)
{
    struct address **bucket, *a;
    uint64_t key[2];

    key_of(from, key);
    bucket = &addresses->buckets[bucket_of(addresses, key)];
    for (a = *bucket; a; a = a->next) {
        if (memcmp(a->key, key, sizeof(key)) == 0)
            break;
    }
    if (!a) {
        a = calloc(1, sizeof(*a));
        if (!a)
            return NULL;
        memcpy(a->key, key, sizeof(key));
        a->next = *bucket;
        *bucket = a;
    }
    a->count++;
    return a;
}

size_t address_count(const struct address *address)
{
    return address->count;
}

void addresses_leave(struct addresses *addresses, struct address *address)
{
    struct address **at;

    if (!address || --address->count > 0)
        return;
    at = &addresses->buckets[bucket_of(addresses, address->key)];
    while (*at != address)
        at = &(*at)->next;
    *at = address->next;
    free(address);
}
