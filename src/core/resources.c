/* resources.c - see resources.h for the contract. */
#include "spillway/resources.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "spillway/arena.h"
#include "spillway/json.h"

/* --- quantities -------------------------------------------------------- */

/* What most quantities are: a few digits, with or without an `m`. */
static bool plain_quantity(struct text quantity, double scale, double *result)
{
    unsigned value = 0;
    size_t i = 0;

    for (; i < quantity.len && i < 6; i++) {
        if (quantity.data[i] < '0' || quantity.data[i] > '9')
            break;
        value = value * 10 + (unsigned)(quantity.data[i] - '0');
    }
    if (i == 0)
        return false;
    *result = value * scale;
    if (i == quantity.len)
        return true;
    *result = ceil(value * scale / 1000);
    return i + 1 == quantity.len && quantity.data[i] == 'm';
}

double quantity_scaled(const struct json *quantity, double scale)
{
    static const struct {
        const char *suffix;
        double factor;
    } suffixes[] = {
        { "", 1 },        { "m", 1e-3 },    { "u", 1e-6 },
        { "n", 1e-9 },    { "k", 1e3 },     { "M", 1e6 },
        { "G", 1e9 },     { "T", 1e12 },    { "P", 1e15 },
        { "E", 1e18 },    { "Ki", 1024 },   { "Mi", 1048576.0 },
        { "Gi", 0x1p30 }, { "Ti", 0x1p40 }, { "Pi", 0x1p50 },
        { "Ei", 0x1p60 },
    };
    char copy[64], *end;
    double value;

    if (!quantity || quantity->string.len >= sizeof(copy))
        return 0;
    if (plain_quantity(quantity->string, scale, &value))
        return value;
    (void)snprintf(copy, sizeof(copy), "%.*s", TEXT_ARG(quantity->string));
    if (strspn(copy, "+-.0123456789eEmunkMGTPKi") != strlen(copy))
        return 0; /* strtod() would take "inf" and hexadecimal */
    value = strtod(copy, &end);
    for (size_t i = 0; end > copy && i < array_len(suffixes); i++) {
        if (strcmp(end, suffixes[i].suffix) == 0)
            return ceil(value * suffixes[i].factor * scale - 1e-7);
    }
    return 0;
}

/* --- lists ------------------------------------------------------------- */

static struct amount *find(const struct resources *resources, struct text name)
{
    for (size_t i = 0; i < resources->count; i++) {
        if (text_equal(resources->list[i].name, name))
            return &resources->list[i];
    }
    return NULL;
}

double resources_get(const struct resources *resources, struct text name)
{
    const struct amount *amount = find(resources, name);

    return amount ? amount->value : 0;
}

/* The amount of that name, 0 at first; NULL when memory is short. */
static struct amount *provide(struct resources *resources, struct text name,
                              struct arena *arena)
{
    struct amount *amount = find(resources, name);

    if (amount)
        return amount;
    if (resources->count == resources->room) {
        size_t room = resources->room ? 2 * resources->room : 8;
        struct amount *list =
            arena_grow(arena, resources->list, resources->room * sizeof(*list),
                       room * sizeof(*list));

        if (!list)
            return NULL;
        resources->list = list;
        resources->room = room;
    }
    amount = &resources->list[resources->count++];
    *amount = (struct amount){ .name = name };
    return amount;
}

bool resources_add(struct resources *resources, struct text name, double value,
                   struct arena *arena)
{
    struct amount *amount = provide(resources, name, arena);

    if (amount)
        amount->value += value;
    return amount != NULL;
}

bool resources_add_all(struct resources *resources,
                       const struct resources *other, struct arena *arena)
{
    for (size_t i = 0; i < other->count; i++) {
        if (!resources_add(resources, other->list[i].name, other->list[i].value,
                           arena))
            return false;
    }
    return true;
}

static double amount_of(struct text name, const struct json *quantity)
{
    return quantity_scaled(quantity, text_is(name, "cpu") ? 1000 : 1);
}

bool resources_add_list(struct resources *resources, const struct json *list,
                        struct arena *arena)
{
    if (!list || list->type != JSON_OBJECT)
        return true;
    for (const struct json *m = list->child; m; m = m->next) {
        if (!resources_add(resources, m->key, amount_of(m->key, m), arena))
            return false;
    }
    return true;
}

/* --- pods -------------------------------------------------------------- */

/* Raise every amount to that of the other list. */
static bool raise(struct resources *resources, const struct resources *other,
                  struct arena *arena)
{
    for (size_t i = 0; i < other->count; i++) {
        struct amount *amount = provide(resources, other->list[i].name, arena);

        if (!amount)
            return false;
        amount->value = fmax(amount->value, other->list[i].value);
    }
    return true;
}

/* Requests, and limits in place of those that are neither given nor settled
 * (NULL: nothing is). */
static bool add_given(struct resources *resources, const struct json *given,
                      const struct resources *settled, struct arena *arena)
{
    const struct json *requests = json_get(given, "requests");

    if (!resources_add_list(resources, requests, arena))
        return false;
    for (const struct json *m = json_first(given, "limits"); m; m = m->next) {
        if (!json_get_text(requests, m->key) &&
            !(settled && find(settled, m->key)) &&
            !resources_add(resources, m->key, amount_of(m->key, m), arena))
            return false;
    }
    return true;
}

static bool add_container(struct resources *resources,
                          const struct json *container, struct arena *arena)
{
    return add_given(resources, json_get(container, "resources"), NULL, arena);
}

/*
 * Init containers run one after the other, beside the sidecars (restartPolicy
 * Always) that were started before them.  Sidecars add to the containers.
 */
static bool add_init_containers(struct resources *total,
                                const struct json *spec, struct arena *arena)
{
    struct resources sidecars = { 0 }, most = { 0 };

    for (const struct json *c = json_first(spec, "initContainers"); c;
         c = c->next) {
        struct resources now = { 0 };

        if (text_is(json_string(c, "restartPolicy"), "Always")) {
            if (!add_container(&sidecars, c, arena) ||
                !raise(&most, &sidecars, arena))
                return false;
        } else if (!add_container(&now, c, arena) ||
                   !resources_add_all(&now, &sidecars, arena) ||
                   !raise(&most, &now, arena)) {
            return false;
        }
    }
    return resources_add_all(total, &sidecars, arena) &&
           raise(total, &most, arena);
}

/* What is said for the pod as a whole replaces the sum; but a limit alone does
 * not, where containers ask for some. */
static bool override(struct resources *total, const struct json *spec,
                     struct arena *arena)
{
    struct resources whole = { 0 };

    if (!add_given(&whole, json_get(spec, "resources"), total, arena))
        return false;
    for (size_t i = 0; i < whole.count; i++) {
        struct amount *amount = provide(total, whole.list[i].name, arena);

        if (!amount)
            return false;
        amount->value = whole.list[i].value;
    }
    return true;
}

bool resources_of_pod(const struct json *spec, struct arena *arena,
                      struct resources *resources)
{
    *resources = (struct resources){ 0 };
    for (const struct json *c = json_first(spec, "containers"); c;
         c = c->next) {
        if (!add_container(resources, c, arena))
            return false;
    }
    return add_init_containers(resources, spec, arena) &&
           override(resources, spec, arena) &&
           resources_add_list(resources, json_get(spec, "overhead"), arena) &&
           resources_add(resources, text_of("pods"), 1, arena);
}

size_t resources_room(const struct resources *whole,
                      const struct resources *used,
                      const struct resources *wanted, struct text *lacking)
{
    double room = (double)UINT32_MAX;

    *lacking = (struct text){ 0 };
    for (size_t i = 0; i < wanted->count; i++) {
        const struct amount *amount = &wanted->list[i];
        double left = resources_get(whole, amount->name) -
                      resources_get(used, amount->name);

        if (amount->value <= 0 || floor(left / amount->value) >= room)
            continue;
        room = fmax(floor(left / amount->value), 0);
        *lacking = amount->name;
    }
    return (size_t)room;
}
