/* policy_read.c - one entry of `policies`; its parts are parsed elsewhere. */
#include "spillway/policy_parts.h"

#include "spillway/names.h"

static void parse_name(struct config *config, struct place name,
                       struct policy *policy)
{
    const char *copy;

    if (!name.node)
        return;
    if (!names_is_dns_label(name.node->string))
        config_mistake(config, name,
                       "'%.*s' is not a DNS label (lower-case letters, digits "
                       "and '-', at most 63)",
                       TEXT_ARG(text_clip(name.node->string, 100)));
    copy = config_string(config, name.node->string);
    policy->name = (struct text){ copy, copy ? name.node->string.len : 0 };
}

static void parse_mode(struct config *config, struct place mode,
                       struct policy *policy)
{
    if (!mode.node)
        return;
    policy->shadow = text_is(mode.node->string, "shadow");
    if (!policy->shadow && !text_is(mode.node->string, "enforce"))
        config_mistake(config, mode, "unknown mode '%.*s' (enforce or shadow)",
                       TEXT_ARG(text_clip(mode.node->string, 100)));
}

static void parse_percent(struct config *config, struct place percent,
                          struct policy *policy)
{
    long long value;

    policy->percent = 100;
    if (!percent.node)
        return;
    if (text_parse_integer(percent.node->string, &value) && value >= 0 &&
        value <= 100)
        policy->percent = (unsigned)value;
    else
        config_mistake(config, percent,
                       "%.*s is not a percentage (a whole number from 0 to "
                       "100)",
                       TEXT_ARG(text_clip(percent.node->string, 40)));
}

void policy_parse(struct config *config, struct place at, struct policy *policy)
{
    static const struct config_member members[] = {
        { "name", JSON_STRING, true },
        { "mode", JSON_STRING, false },
        { "percent", JSON_NUMBER, false },
        { "match", JSON_OBJECT, true },
        { "tolerations", JSON_ARRAY, false },
        { "affinity", JSON_OBJECT, false },
        { "spillover", JSON_OBJECT, false },
    };
    struct place match, tolerations, affinity, spillover;
    size_t before = config->n_mistakes;

    policy->line = at.line;
    if (!config_object(config, at, members, array_len(members)))
        return;
    parse_name(config, config_get(config, at, "name", JSON_STRING), policy);
    parse_mode(config, config_get(config, at, "mode", JSON_STRING), policy);
    parse_percent(config, config_get(config, at, "percent", JSON_NUMBER),
                  policy);
    match = config_get(config, at, "match", JSON_OBJECT);
    tolerations = config_get(config, at, "tolerations", JSON_ARRAY);
    affinity = config_get(config, at, "affinity", JSON_OBJECT);
    spillover = config_get(config, at, "spillover", JSON_OBJECT);
    if (match.node)
        policy_parse_match(config, match, policy);
    if (tolerations.node)
        policy_parse_tolerations(config, tolerations, policy);
    if (affinity.node)
        policy_parse_affinity(config, affinity, policy);
    if (spillover.node)
        policy_parse_spillover(config, spillover, policy);
    if (!policy->tolerations && !policy->required && !policy->preferred &&
        (config->n_mistakes == before ||
         (!json_get(at.node, "tolerations") && !json_get(at.node, "affinity"))))
        config_mistake(config, at,
                       "says nothing about scheduling (give tolerations or "
                       "affinity)");
}
