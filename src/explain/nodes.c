/* nodes.c - see nodes.h for the contract. */
#include "spillway/nodes.h"

#include "spillway/arena.h"
#include "spillway/dump.h"
#include "spillway/file.h"

/* What is gathered: nodes first, since pods may stand before them. */
struct gathering {
    struct arena *arena;
    const struct json **nodes, **pods;
    size_t n_nodes, nodes_room, n_pods, pods_room;
    bool failed;
};

static void keep(struct gathering *gathering, const struct json ***list,
                 size_t *count, size_t *room, const struct json *root)
{
    if (*count == *room) {
        size_t more = *room ? 2 * *room : 64;
        const struct json **grown =
            arena_grow(gathering->arena, *list, *room * sizeof(const void *),
                       more * sizeof(const void *));

        if (!grown) {
            gathering->failed = true;
            return;
        }
        *list = grown;
        *room = more;
    }
    (*list)[(*count)++] = root;
}

static void gather(void *context, struct json *root,
                   const struct document_place *place)
{
    struct gathering *g = context;
    struct text kind = json_string(root, "kind");
    bool core = text_is(json_string(root, "apiVersion"), "v1");

    (void)place;
    if (core && text_is(kind, "Node"))
        keep(g, &g->nodes, &g->n_nodes, &g->nodes_room, root);
    else if (core && text_is(kind, "Pod"))
        keep(g, &g->pods, &g->n_pods, &g->pods_room, root);
}

/* Pods that have ended hold nothing. */
static bool is_running(const struct json *pod)
{
    struct text phase = json_string(json_get(pod, "status"), "phase");

    return !text_is(phase, "Succeeded") && !text_is(phase, "Failed");
}

static struct node *find_node(const struct explained_nodes *nodes,
                              struct text name)
{
    for (size_t i = 0; name.len && i < nodes->count; i++) {
        if (text_equal(nodes->list[i].name, name))
            return &nodes->list[i];
    }
    return NULL;
}

static bool count_pods(const struct gathering *gathering,
                       struct explained_nodes *nodes)
{
    for (size_t i = 0; i < gathering->n_pods; i++) {
        const struct json *spec = json_get(gathering->pods[i], "spec");
        struct node *node = find_node(nodes, json_string(spec, "nodeName"));

        if (!node || !is_running(gathering->pods[i]))
            continue;
        if (!node_add_pod(node, spec, gathering->arena))
            return false;
    }
    return true;
}

bool nodes_parse(const char *name, struct text bytes, struct arena *arena,
                 struct explained_nodes *nodes, struct error *err)
{
    struct gathering gathering = { .arena = arena };
    const struct dump_visitor visitor = { gather, &gathering };

    if (!dump_parse(name, bytes, arena, &visitor, err))
        return false;
    if (gathering.n_nodes == 0 && !gathering.failed)
        return error_set(err, ERROR_INVALID,
                         "%s: there is no Node in it (kubectl get nodes -o "
                         "json gives them)",
                         name);
    *nodes = (struct explained_nodes){
        .list = arena_array(arena, gathering.n_nodes, sizeof(struct node)),
        .count = gathering.n_nodes,
    };
    if (!nodes->list || gathering.failed)
        return error_no_memory(err);
    for (size_t i = 0; i < nodes->count; i++) {
        if (!node_read(gathering.nodes[i], arena, &nodes->list[i]))
            return error_no_memory(err);
    }
    return count_pods(&gathering, nodes) || error_no_memory(err);
}

bool nodes_read(const char *path, struct arena *arena,
                struct explained_nodes *nodes, struct error *err)
{
    struct buf bytes = { .arena = arena };

    return file_read(path, DOCUMENT_MAX_BYTES, &bytes, err) &&
           nodes_parse(dump_name(path), buf_text(&bytes), arena, nodes, err);
}
