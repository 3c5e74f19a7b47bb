/* selector.c - see selector.h for the contract. */
#include "spillway/selector.h"

#include <fnmatch.h>

#include "spillway/arena.h"
#include "spillway/json.h"
#include "spillway/macros.h"

static const char *const operator_names[] = {
    [SELECTOR_IN] = "In",         [SELECTOR_NOT_IN] = "NotIn",
    [SELECTOR_EXISTS] = "Exists", [SELECTOR_DOES_NOT_EXIST] = "DoesNotExist",
    [SELECTOR_GLOB] = "Glob",     [SELECTOR_NOT_GLOB] = "NotGlob",
};

const char *selector_operator_name(enum selector_operator op)
{
    return operator_names[op];
}

bool selector_operator_find(struct text name, enum selector_operator *op)
{
    for (size_t i = 0; i < array_len(operator_names); i++) {
        if (text_is(name, operator_names[i])) {
            *op = (enum selector_operator)i;
            return true;
        }
    }
    return false;
}

static bool is_listed(const struct selector_requirement *requirement,
                      struct text value)
{
    for (size_t i = 0; i < requirement->n_values; i++) {
        if (text_equal(requirement->values[i], value))
            return true;
    }
    return false;
}

/* Globs are parsed to be NUL-terminated; values are looked-up strings, which
 * hold no NUL. */
static bool matches_glob(const struct selector_requirement *requirement,
                         const char *value)
{
    for (size_t i = 0; i < requirement->n_values; i++) {
        if (fnmatch(requirement->values[i].data, value, 0) == 0)
            return true;
    }
    return false;
}

static bool holds(const struct selector_requirement *requirement,
                  const struct json *metadata, struct arena *arena)
{
    const struct json *value = json_get_text(
        json_get(metadata, requirement->annotation ? "annotations" : "labels"),
        requirement->key);
    const char *string;

    switch (requirement->op) {
    case SELECTOR_IN:
        return value && is_listed(requirement, value->string);
    case SELECTOR_NOT_IN:
        return !value || !is_listed(requirement, value->string);
    case SELECTOR_EXISTS:
        return value != NULL;
    case SELECTOR_DOES_NOT_EXIST:
        return value == NULL;
    case SELECTOR_GLOB:
        string = value ? arena_string(arena, value->string) : NULL;
        return string && matches_glob(requirement, string);
    case SELECTOR_NOT_GLOB:
        string = value ? arena_string(arena, value->string) : NULL;
        return !string || !matches_glob(requirement, string);
    }
    return false;
}

static bool has_container(const struct json *pod, struct text name)
{
    for (const struct json *c = json_first(json_get(pod, "spec"), "containers");
         c; c = c->next) {
        if (text_equal(json_string(c, "name"), name))
            return true;
    }
    return false;
}

enum selector_outcome selector_examine(const struct selector *selector,
                                       const struct json *pod,
                                       struct arena *arena, size_t *failed)
{
    const struct json *metadata = json_get(pod, "metadata");

    for (*failed = 0; *failed < selector->n_requirements; ++*failed) {
        if (!holds(&selector->requirements[*failed], metadata, arena))
            return SELECTOR_LACKS_REQUIREMENT;
    }
    return !selector->has_container.data ||
                   has_container(pod, selector->has_container)
               ? SELECTOR_MATCHES
               : SELECTOR_LACKS_CONTAINER;
}

bool selector_matches(const struct selector *selector, const struct json *pod,
                      struct arena *arena)
{
    size_t failed;

    return selector_examine(selector, pod, arena, &failed) == SELECTOR_MATCHES;
}
