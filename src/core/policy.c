/* policy.c - policy sets; see policy.h for the contract. */
#include "spillway/policy.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>

#include "spillway/arena.h"
#include "spillway/config.h"
#include "spillway/policy_parts.h"
#include "spillway/shape.h"
#include "spillway/yaml.h"

enum {
    POLICY_MAX_VALUES = 200000, /* in one file, aliases expanded */
    DIGEST_BYTES = 6,
};

/* Keys to be looked up in a pod's labels or annotations, each once. */
struct key_list {
    struct json_field *fields;
    size_t count, room;
};

struct policy_set {
    atomic_uint references;
    struct arena arena; /* owns everything below, and the sources' text */
    struct policy *policies;
    size_t count;
    char digest[2 * DIGEST_BYTES + 1];
    struct review_shape shape;
    struct buf text; /* the sources, joined */
};

/* --- documents and files ----------------------------------------------- */

static void check_constant(struct config *config, struct place at,
                           const char *right)
{
    if (at.node && !text_is(at.node->string, right))
        config_mistake(config, at, "is '%.*s' (%s is what is understood)",
                       TEXT_ARG(text_clip(at.node->string, 100)), right);
}

static bool set_grow(struct policy_set *set, size_t more)
{
    size_t total = set->count + more;
    struct policy *policies =
        arena_array(&set->arena, total, sizeof(*policies));

    if (!policies)
        return false;
    if (set->count)
        memcpy(policies, set->policies, set->count * sizeof(*policies));
    set->policies = policies;
    return true;
}

/* Names tell policies apart in logs, metrics and audit annotations. */
static void check_unique(struct config *config, const struct policy_set *set,
                         struct place at)
{
    struct place name = config_get(config, at, "name", JSON_STRING);

    for (size_t i = 0; name.node && i + 1 < set->count; i++) {
        if (text_equal(set->policies[i].name, name.node->string))
            config_mistake(config, name,
                           "another policy is named '%.*s' (each needs a name "
                           "of its own)",
                           TEXT_ARG(text_clip(name.node->string, 100)));
    }
}

static void parse_document(struct config *config, struct policy_set *set,
                           const struct json *root)
{
    static const struct config_member members[] = {
        { "apiVersion", JSON_STRING, true },
        { "kind", JSON_STRING, true },
        { "policies", JSON_ARRAY, true },
    };
    struct place document = { root, "", root->line };
    struct place list;
    size_t i = 0;

    if (!config_object(config, document, members, array_len(members)))
        return;
    check_constant(config,
                   config_get(config, document, "apiVersion", JSON_STRING),
                   "spillway.dev/v1");
    check_constant(config, config_get(config, document, "kind", JSON_STRING),
                   "Policy");
    list = config_get(config, document, "policies", JSON_ARRAY);
    if (!list.node)
        return;
    if (!list.node->child)
        config_mistake(config, list, "names no policy");
    if (!set_grow(set, json_count(list.node))) {
        config->no_memory = true;
        return;
    }
    for (const struct json *e = list.node->child; e; e = e->next) {
        struct place at = config_element(config, list, e, i++);

        policy_parse(config, at, &set->policies[set->count++]);
        check_unique(config, set, at);
    }
}

/* "line 7: what" and "byte 99: what" become "FILE:7: what", as all mistakes
 * are written. */
static void report_syntax(struct config *config, struct text text,
                          const struct error *found)
{
    const char *colon = strchr(found->text, ':');
    size_t number = strtoul(found->text + strlen("line "), NULL, 10);
    size_t line = 1;

    config->n_mistakes++;
    if (!colon || strncmp(found->text, "byte ", 5) == 0) {
        for (size_t i = 0; i < number && i < text.len; i++)
            line += text.data[i] == '\n';
    } else {
        line = number;
    }
    buf_printf(config->mistakes, "%s:%zu%s\n", config->file, line,
               colon ? colon : ": not a policy");
}

/* False only when the machine refuses; mistakes are listed. */
static bool parse_source(struct policy_set *set,
                         const struct policy_source *source,
                         struct config *config, struct error *err)
{
    struct yaml_documents documents;
    struct error found = { 0 };
    char *copy = arena_string(&set->arena, source->text);
    struct text text = { copy, source->text.len };

    if (!copy)
        return error_no_memory(err);
    if (set->text.len)
        buf_add_string(&set->text, "---\n");
    buf_add_text(&set->text, text);
    if (text.len && text.data[text.len - 1] != '\n')
        buf_add_char(&set->text, '\n');
    config->file = source->name;
    if (!yaml_read(text, POLICY_MAX_VALUES, &set->arena, &documents, &found)) {
        if (found.kind == ERROR_SYSTEM) {
            *err = found;
            return false;
        }
        report_syntax(config, text, &found);
        return true;
    }
    if (documents.count == 0)
        config_mistake(config, (struct place){ NULL, "", 1 },
                       "holds no policy document");
    for (size_t i = 0; i < documents.count; i++)
        parse_document(config, set, documents.list[i]);
    config_flush(config);
    return config->no_memory ? error_no_memory(err) : true;
}

/* --- what is prepared for the engine ----------------------------------- */

static bool add_key(struct policy_set *set, struct key_list *keys,
                    struct text key)
{
    struct json_field *fields;

    for (size_t i = 0; i < keys->count; i++) {
        if (text_equal(keys->fields[i].key, key))
            return true;
    }
    fields =
        arena_grow(&set->arena, keys->fields, keys->count * sizeof(*fields),
                   (keys->count + 1) * sizeof(*fields));
    if (!fields)
        return false;
    fields[keys->count++] = (struct json_field){ key, &review_value_shape };
    keys->fields = fields;
    return true;
}

static bool add_policy_keys(struct policy_set *set, const struct policy *policy,
                            struct key_list *labels,
                            struct key_list *annotations)
{
    for (size_t i = 0; i < policy->n_selectors; i++) {
        const struct selector *selector = &policy->selectors[i];

        for (size_t j = 0; j < selector->n_requirements; j++) {
            const struct selector_requirement *r = &selector->requirements[j];

            if (!add_key(set, r->annotation ? annotations : labels, r->key))
                return false;
        }
    }
    return true;
}

static bool prepare_shape(struct policy_set *set)
{
    struct key_list labels = { 0 }, annotations = { 0 };

    if (!add_key(set, &labels, text_of(LABEL_POD_TEMPLATE_HASH)) ||
        !add_key(set, &labels, text_of(LABEL_ECI)) ||
        !add_key(set, &annotations, text_of(ANNOTATION_MUTATE)) ||
        !add_key(set, &annotations, text_of(ANNOTATION_MIRROR)) ||
        !add_key(set, &annotations, text_of(ANNOTATION_BURST)))
        return false;
    if (policy_set_scales_in_first(set) &&
        !add_key(set, &annotations, text_of(ANNOTATION_DELETION_COST)))
        return false;
    for (size_t i = 0; i < set->count; i++) {
        if (!add_policy_keys(set, &set->policies[i], &labels, &annotations))
            return false;
    }
    review_shape_init(&set->shape, labels.fields, labels.count,
                      annotations.fields, annotations.count);
    return true;
}

static bool prepare_digest(struct policy_set *set,
                           const struct policy_source *sources, size_t count)
{
    unsigned char sum[EVP_MAX_MD_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    for (size_t i = 0; good && i < count; i++)
        good = EVP_DigestUpdate(context, sources[i].text.data,
                                sources[i].text.len) == 1;
    good = good && EVP_DigestFinal_ex(context, sum, NULL) == 1;
    EVP_MD_CTX_free(context);
    for (size_t i = 0; good && i < DIGEST_BYTES; i++)
        (void)snprintf(set->digest + 2 * i, 3, "%02x", sum[i]);
    return good;
}

static bool prepare(struct policy_set *set, const struct policy_source *sources,
                    size_t count, struct error *err)
{
    for (size_t i = 0; i < set->count; i++) {
        if (!policy_prepare(&set->policies[i], &set->arena))
            return error_no_memory(err);
    }
    if (!prepare_shape(set) || !prepare_digest(set, sources, count))
        return error_no_memory(err);
    return true;
}

struct policy_set *policy_set_parse(const struct policy_source *sources,
                                    size_t count, struct buf *mistakes,
                                    struct error *err)
{
    auto_policy_set struct policy_set *set = calloc(1, sizeof(*set));
    struct config config = { .mistakes = mistakes };

    if (!set) {
        error_no_memory(err);
        return NULL;
    }
    atomic_init(&set->references, 1);
    config.arena = &set->arena;
    set->text.arena = &set->arena;
    for (size_t i = 0; i < count; i++) {
        if (!parse_source(set, &sources[i], &config, err))
            return NULL;
    }
    if (config.n_mistakes > 0 || !buf_ok(&set->text, err) ||
        !prepare(set, sources, count, err))
        return NULL;
    return take(&set);
}

/* --- asking ------------------------------------------------------------ */

const char *policy_set_digest(const struct policy_set *set)
{
    return set->digest;
}

struct text policy_set_text(const struct policy_set *set)
{
    return buf_text(&set->text);
}

size_t policy_set_count(const struct policy_set *set)
{
    return set->count;
}

const struct policy *policy_set_at(const struct policy_set *set, size_t i)
{
    return &set->policies[i];
}

const struct json_shape *policy_set_shape(const struct policy_set *set)
{
    return &set->shape.review;
}

bool policy_set_scales_in_first(const struct policy_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->policies[i].scale_in_first)
            return true;
    }
    return false;
}

bool policy_has_namespace(const struct policy *policy, struct text name)
{
    for (size_t i = 0; i < policy->n_namespaces; i++) {
        if (text_is(policy->namespaces[i], "*") ||
            text_equal(policy->namespaces[i], name))
            return true;
    }
    return false;
}

/* --- sharing ----------------------------------------------------------- */

void policy_set_shadow(struct policy_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        set->policies[i].shadow = true;
}

struct policy_set *policy_set_get(struct policy_set *set)
{
    atomic_fetch_add_explicit(&set->references, 1, memory_order_relaxed);
    return set;
}

void policy_set_free(struct policy_set *set)
{
    if (!set || atomic_fetch_sub(&set->references, 1) > 1)
        return;
    arena_done(&set->arena);
    free(set);
}
