/*
 * resources.h - what pods ask for and nodes have: amounts of CPU, memory and
 * whatever else a cluster counts.
 *
 * Amounts are those that kube-scheduler compares: CPU in thousandths of a CPU,
 * everything else in whole units (bytes, pieces), rounded up.
 */
#ifndef SPILLWAY_RESOURCES_H
#define SPILLWAY_RESOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "spillway/macros.h"
#include "spillway/text.h"

struct arena;
struct json;

struct amount {
    struct text name; /* "cpu", "memory", "nvidia.com/gpu" */
    double value;
};

/* Zeroed, it is empty.  The memory is in an arena. */
struct resources {
    struct amount *list;
    size_t count, room;
};

/*
 * A resource.Quantity (a number or a string: "500m", "1Gi", "2e3") times
 * `scale`, rounded up as Quantity.MilliValue and .Value do; 0 when it is none.
 */
double quantity_scaled(const struct json *quantity, double scale);

/* The amount of that name; 0 when there is none. */
double resources_get(const struct resources *resources, struct text name);

/* Add to the amount of that name.  False when memory is short. */
bool resources_add(struct resources *resources, struct text name, double value,
                   struct arena *arena) must_check;

/* Add all amounts of another list. */
bool resources_add_all(struct resources *resources,
                       const struct resources *other,
                       struct arena *arena) must_check;

/* Add a v1.ResourceList, such as a node's status.allocatable; NULL is fine. */
bool resources_add_list(struct resources *resources, const struct json *list,
                        struct arena *arena) must_check;

/*
 * What the scheduler sets aside for a pod (a PodSpec): the sum of its
 * containers and sidecars, or the largest init container where that is more;
 * spec.resources instead, where given; and the overhead.  A limit without a
 * request counts as one, since that is what the API server makes of it; one of
 * spec.resources only where no container asks for that resource.  And one of
 * "pods".
 */
bool resources_of_pod(const struct json *spec, struct arena *arena,
                      struct resources *resources) must_check;

/*
 * How many pods that ask for `wanted` fit into what is left of `whole` when
 * `used` is taken: *lacking is the resource that ends it.  Everything that is
 * asked for and that `whole` does not have at all lacks.
 */
size_t resources_room(const struct resources *whole,
                      const struct resources *used,
                      const struct resources *wanted, struct text *lacking);

#endif
