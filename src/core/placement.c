/* placement.c - see placement.h for the contract. */
#include "spillway/placement.h"

#include <stdint.h>
#include <stdlib.h>

#include "spillway/arena.h"

enum { BEST_SCORE = 100 };

/* The best first, and else in the order in which they were given. */
static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    bool x_runs = x->verdict == NODE_FEASIBLE;
    bool y_runs = y->verdict == NODE_FEASIBLE;

    if (x_runs != y_runs)
        return x_runs ? -1 : 1;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->node > y->node) - (x->node < y->node);
}

/* helper.DefaultNormalizeScore() of k8s.io/kubernetes: integers, rounded
 * down. */
static void scale_scores(struct placement *placement)
{
    long long most = 0;

    for (size_t i = 0; i < placement->count; i++) {
        const struct place *place = &placement->list[i];

        if (place->verdict == NODE_FEASIBLE && place->weights > most)
            most = place->weights;
    }
    for (size_t i = 0; i < placement->count && most > 0; i++) {
        struct place *place = &placement->list[i];

        if (place->verdict == NODE_FEASIBLE)
            place->score = (unsigned)(BEST_SCORE * place->weights / most);
    }
}

static size_t add_room(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

/* Feasible places stand in front, sorted. */
static bool make_groups(struct placement *placement, struct arena *arena)
{
    struct place_group *group = NULL;

    placement->groups =
        arena_array(arena, placement->n_feasible, sizeof(*placement->groups));
    if (!placement->groups)
        return false;
    for (size_t i = 0; i < placement->n_feasible; i++) {
        struct place *place = &placement->list[i];

        if (!group || placement->list[group->first].score != place->score) {
            group = &placement->groups[placement->n_groups++];
            group->first = i;
        }
        group->count++;
        group->n_virtual += place->node->platform != NULL;
        group->room = add_room(group->room, place->room);
        place->rank = placement->n_groups;
    }
    return true;
}

static void fill(struct placement *placement, size_t replicas)
{
    size_t placed = 0;

    for (size_t i = 0; i < placement->n_groups; i++) {
        struct place_group *group = &placement->groups[i];
        size_t left = replicas - placed;

        group->replicas_before = placed;
        group->replicas = left < group->room ? left : group->room;
        placed += group->replicas;
    }
    placement->pending = replicas - placed;
}

bool placement_make(const struct json *spec, const struct node *nodes,
                    size_t count, size_t replicas, struct arena *arena,
                    struct placement *placement, struct error *err)
{
    struct pod_demand demand;

    *placement = (struct placement){
        .list = arena_array(arena, count, sizeof(struct place)),
        .count = count,
    };
    if (!placement->list || !pod_demand_read(spec, arena, &demand))
        return error_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        struct place *place = &placement->list[i];

        place->node = &nodes[i];
        place->verdict =
            node_admits(&nodes[i], &demand, arena, &place->room, &place->cause);
        place->weights = node_preference(&nodes[i], &demand);
        placement->n_feasible += place->verdict == NODE_FEASIBLE;
    }
    scale_scores(placement);
    qsort(placement->list, count, sizeof(*placement->list), compare_places);
    if (!make_groups(placement, arena))
        return error_no_memory(err);
    fill(placement, replicas);
    return true;
}
