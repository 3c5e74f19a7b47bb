/* check_webhook.c - the rules about webhook configurations; see check_parts.h.
 */
#include "spillway/check_parts.h"

#include "spillway/buf.h"
#include "spillway/manifest.h"
#include "spillway/words.h"

enum {
    LONGEST_TIMEOUT_S = 10, /* also what there is without timeoutSeconds */
    LONGEST_BINDING_TIMEOUT_S = 2,
};

/* One webhook of a configuration. */
struct subject {
    struct check *check;
    const struct check_object *config;
    const struct json *hook;
    const char *name;
    bool bindings;             /* it is sent pods/binding */
    const struct json *wanted; /* what `manifest webhook` prints, or NULL */
    const char *policy;        /* for which policies */
};

/* The line of a member of the webhook, or of the webhook. */
static unsigned line_of(const struct subject *subject, const char *key)
{
    const struct json *member = json_get_text(subject->hook, text_of(key));

    return member && member->line ? member->line : subject->hook->line;
}

#define tell(subject, rule, key, ...)                                          \
    ((void)check_tell((subject)->check, (rule), (subject)->config->file,       \
                      line_of((subject), (key)), __VA_ARGS__))

/* --- whom it is called for --------------------------------------------- */

/* Does a namespaceSelector let a namespace through that has only the label that
 * every namespace has?  metav1.LabelSelector. */
static bool admits_namespace(const struct subject *subject,
                             struct text name_space)
{
    struct arena *arena = &subject->check->arena;
    const struct json *selector = json_get(subject->hook, "namespaceSelector");
    struct json *labels = json_object(arena);
    struct node named = { .labels = labels };
    struct term by_labels, by_expressions;

    if (!labels ||
        !json_set(labels, text_of("kubernetes.io/metadata.name"),
                  json_string_new(arena, name_space)) ||
        !term_compile_selector(json_get(selector, "matchLabels"), arena,
                               &by_labels) ||
        !term_compile(selector, arena, &by_expressions)) {
        subject->check->failed = true;
        return false;
    }
    return (term_is_empty(&by_labels) || node_matches(&named, &by_labels)) &&
           (term_is_empty(&by_expressions) ||
            node_matches(&named, &by_expressions));
}

static bool is_empty(const struct json *value)
{
    return json_count(value) == 0;
}

/* A selector or condition that keeps something out. */
static bool selects(const struct subject *subject)
{
    return !is_empty(json_get(subject->hook, "namespaceSelector")) ||
           !is_empty(json_get(subject->hook, "objectSelector")) ||
           !is_empty(json_get(subject->hook, "matchConditions"));
}

/* The API server asks the same questions of the conditions: what they say is
 * known only when they are ours. */
static bool has_our_conditions(const struct subject *subject)
{
    const struct json *ours = json_get(subject->wanted, "matchConditions");
    const struct json *theirs = json_get(subject->hook, "matchConditions");

    return ours && theirs && json_equal(ours, theirs, &subject->check->arena);
}

static struct text own_namespace(const struct subject *subject)
{
    return json_string(
        json_get(json_get(subject->hook, "clientConfig"), "service"),
        "namespace");
}

static void check_scope(const struct subject *subject)
{
    struct text own = own_namespace(subject);
    bool fails = text_is(json_string(subject->hook, "failurePolicy"), "Fail") ||
                 !json_string(subject->hook, "failurePolicy").len;

    if (!selects(subject)) {
        tell(subject, CHECK_NO_SELECTOR, "rules",
             "webhook %s is called for every %s", subject->name,
             subject->bindings ? "binding" : "pod");
    } else if (own.len && admits_namespace(subject, own) &&
               !has_our_conditions(subject)) {
        tell(subject, CHECK_OWN_NAMESPACE, "namespaceSelector",
             "webhook %s is called for pods in %s, where it runs itself",
             subject->name, check_shown(subject->check, own));
    }
    if (!fails)
        return;
    if (subject->bindings)
        tell(subject, CHECK_FAIL_CLOSED, "failurePolicy",
             "webhook %s has failurePolicy Fail: while it is down no pod is "
             "placed",
             subject->name);
    else if (admits_namespace(subject, text_of("kube-system")))
        tell(subject, CHECK_FAIL_CLOSED, "failurePolicy",
             "webhook %s has failurePolicy Fail, and its namespaceSelector "
             "does not exclude kube-system",
             subject->name);
}

/* --- single members ---------------------------------------------------- */

static void check_timeout(const struct subject *subject)
{
    const struct json *value = json_get(subject->hook, "timeoutSeconds");
    long long seconds = LONGEST_TIMEOUT_S + 1;
    long long most =
        subject->bindings ? LONGEST_BINDING_TIMEOUT_S : LONGEST_TIMEOUT_S - 1;

    if (!value)
        tell(subject, CHECK_TIMEOUT, "name",
             "webhook %s has no timeoutSeconds, which means 10", subject->name);
    else if (!text_parse_integer(value->string, &seconds) || seconds > most)
        tell(subject, CHECK_TIMEOUT, "timeoutSeconds",
             "webhook %s has timeoutSeconds %s; %lld and less is right",
             subject->name, check_shown(subject->check, value->string), most);
}

/* A member that must be one of some words; NULL ends them. */
static void check_word(const struct subject *subject, enum check_rule rule,
                       const char *key, const char *const right[])
{
    struct text value = json_string_text(subject->hook, text_of(key));

    for (size_t i = 0; right[i]; i++) {
        if (text_is(value, right[i]))
            return;
    }
    tell(subject, rule, key, "webhook %s: %s is %s, and should be %s",
         subject->name, key,
         value.len ? check_shown(subject->check, value) : "not set", right[0]);
}

static bool has_word(const struct json *list, const char *word)
{
    for (const struct json *e = list ? list->child : NULL; e; e = e->next) {
        if (text_is(e->string, word))
            return true;
    }
    return false;
}

static bool is_only(const struct json *list, const char *word)
{
    return json_count(list) == 1 && has_word(list, word);
}

/* False when something was wrong with the rules. */
static bool check_rules_member(const struct subject *subject)
{
    const char *resource = subject->bindings ? "pods/binding" : "pods";
    size_t before = subject->check->n_findings;

    for (const struct json *r = json_first(subject->hook, "rules"); r;
         r = r->next) {
        const struct json *groups = json_get(r, "apiGroups");

        if (!is_only(json_get(r, "operations"), "CREATE"))
            tell(subject, CHECK_OPERATIONS, "rules",
                 "webhook %s is called for other operations than CREATE",
                 subject->name);
        if (!is_only(json_get(r, "resources"), resource) ||
            !is_only(groups, ""))
            tell(subject, CHECK_RESOURCES, "rules",
                 "webhook %s is called for other resources than %s",
                 subject->name, resource);
    }
    return subject->check->n_findings == before;
}

static void check_members(const struct subject *subject)
{
    static const char *const none[] = { "None", "NoneOnDryRun", NULL };
    static const char *const again[] = { "IfNeeded", NULL };
    static const char *const once[] = { "Never", "", NULL };
    static const char *const equivalent[] = { "Equivalent", "", NULL };
    const struct json *versions =
        json_get(subject->hook, "admissionReviewVersions");

    check_timeout(subject);
    check_word(subject, CHECK_SIDE_EFFECTS, "sideEffects", none);
    check_word(subject, CHECK_REINVOCATION, "reinvocationPolicy",
               subject->bindings ? once : again);
    check_word(subject, CHECK_MATCH_POLICY, "matchPolicy", equivalent);
    if (!has_word(versions, "v1") && !has_word(versions, "v1beta1"))
        tell(subject, CHECK_REVIEW_VERSIONS, "admissionReviewVersions",
             "webhook %s: admissionReviewVersions has neither v1 nor v1beta1",
             subject->name);
}

/* --- against what the policy asks for ---------------------------------- */

static bool differs(const struct subject *subject, const char *key)
{
    const struct json *wanted = json_get_text(subject->wanted, text_of(key));
    const struct json *value = json_get_text(subject->hook, text_of(key));

    if (is_empty(wanted) || is_empty(value))
        return is_empty(wanted) != is_empty(value);
    return !json_equal(wanted, value, &subject->check->arena);
}

/* Rules that are wrong have been told already. */
static void check_difference(const struct subject *subject, bool rules_too)
{
    static const char *const keys[] = { "namespaceSelector", "objectSelector",
                                        "matchConditions", "rules" };

    for (size_t i = 0; i < array_len(keys) - !rules_too; i++) {
        if (differs(subject, keys[i]))
            tell(subject, CHECK_WEBHOOK_DIFFERS, keys[i],
                 "webhook %s: %s is not what `manifest webhook` prints for %s",
                 subject->name, keys[i], subject->policy);
    }
}

/* --- configurations ---------------------------------------------------- */

static bool is_binding_hook(const struct json *hook)
{
    for (const struct json *r = json_first(hook, "rules"); r; r = r->next) {
        if (has_word(json_get(r, "resources"), "pods/binding"))
            return true;
    }
    return false;
}

bool check_is_ours(const struct check_object *config, const struct json *hook)
{
    const struct json *service =
        json_get(json_get(hook, "clientConfig"), "service");

    return text_has_suffix(json_string(hook, "name"), ".spillway.dev") ||
           text_is(json_string(service, "name"), "spillway") ||
           text_is(config->name, "spillway");
}

/* The webhook that `manifest webhook` prints for the same requests. */
static const struct json *find_wanted(const struct json *config, bool bindings)
{
    for (const struct json *h = json_first(config, "webhooks"); h;
         h = h->next) {
        if (is_binding_hook(h) == bindings)
            return h;
    }
    return NULL;
}

static void check_hook(const struct subject *subject)
{
    bool rules_are_right = check_rules_member(subject);

    check_scope(subject);
    check_members(subject);
    check_client_config(subject->check, subject->config, subject->hook);
    check_ca_bundle(subject->check, subject->config, subject->hook);
    if (subject->wanted)
        check_difference(subject, rules_are_right);
    else
        tell(subject, CHECK_WEBHOOK_DIFFERS, "name",
             "webhook %s is sent bindings, and no policy of %s has "
             "scaleInFirst",
             subject->name, subject->policy);
}

/* scaleInFirst without the webhook that it needs. */
static void check_missing(struct check *check,
                          const struct check_object *config, bool has_bindings,
                          const struct json *wanted, const char *policy)
{
    if (!has_bindings && find_wanted(wanted, true))
        (void)check_tell(check, CHECK_WEBHOOK_DIFFERS, config->file,
                         config->root->line,
                         "%s has no webhook for pods/binding, which "
                         "scaleInFirst of %s needs",
                         check_name(check, config), policy);
}

static void check_config(struct check *check, const struct check_object *config)
{
    bool any = false, has_bindings = false;
    struct error err = { 0 };
    const char *policy = NULL;
    const struct policy_set *set =
        check_policy_for(check, config->file, &policy);
    const struct json *wanted =
        set ? manifest_make_webhook(set, "/mutate", &check->arena, &err) : NULL;

    if (!wanted) {
        check->failed = true;
        return;
    }
    for (const struct json *h = json_first(config->root, "webhooks"); h;
         h = h->next) {
        bool bindings = is_binding_hook(h);
        const struct subject subject = {
            check,    config,
            h,        check_shown(check, json_string(h, "name")),
            bindings, find_wanted(wanted, bindings),
            policy,
        };

        if (!check_is_ours(config, h))
            continue;
        any = true;
        has_bindings = has_bindings || bindings;
        check_hook(&subject);
    }
    if (any)
        check_missing(check, config, has_bindings, wanted, policy);
}

void check_webhooks(struct check *check)
{
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (text_is(o->kind, "MutatingWebhookConfiguration"))
            check_config(check, o);
    }
}
