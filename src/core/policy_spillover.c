/* policy_spillover.c - the `spillover` of a policy. */
#include "spillway/policy_parts.h"

static void parse_virtual_node(struct config *config, struct place at,
                               struct policy *policy)
{
    const char *glob;

    if (!config_is_string(config, at))
        return;
    if (at.node->string.len == 0)
        config_mistake(config, at,
                       "an empty glob fits no node (give a node's name, with "
                       "* for what differs)");
    else
        policy_check_glob(config, at);
    glob = config_string(config, at.node->string);
    if (glob)
        policy->virtual_nodes[policy->n_virtual_nodes++] =
            (struct text){ glob, at.node->string.len };
}

void policy_parse_spillover(struct config *config, struct place spillover,
                            struct policy *policy)
{
    static const struct config_member members[] = {
        { "fillFirst", JSON_BOOL, false },
        { "scaleInFirst", JSON_BOOL, false },
        { "virtualNodes", JSON_ARRAY, false },
    };
    struct place nodes;
    size_t i = 0;

    if (!config_object(config, spillover, members, array_len(members)))
        return;
    policy->fill_first = json_true(spillover.node, "fillFirst");
    policy->scale_in_first = json_true(spillover.node, "scaleInFirst");
    nodes = config_get(config, spillover, "virtualNodes", JSON_ARRAY);
    if (!nodes.node && json_get(spillover.node, "virtualNodes"))
        return; /* of another type, which has been said */
    if (policy->scale_in_first && !json_count(nodes.node))
        config_mistake(config, nodes,
                       "scaleInFirst needs at least one (globs on the names "
                       "of the virtual nodes, as \"virtual-kubelet-*\")");
    if (!policy->scale_in_first && nodes.node)
        config_mistake(config, nodes,
                       "is only used with scaleInFirst (set that to true, or "
                       "remove this)");
    policy->virtual_nodes =
        config_array(config, json_count(nodes.node), sizeof(struct text));
    for (const struct json *e = nodes.node ? nodes.node->child : NULL;
         e && policy->virtual_nodes; e = e->next)
        parse_virtual_node(config, config_element(config, nodes, e, i++),
                           policy);
}
