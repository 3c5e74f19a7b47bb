/* generate.c - see generate.h for the contract. */
#include "generate.h"

#include "harness.h"
#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

static const char *const keys[GENERATE_KEYS] = { "zone", "type", "n",
                                                 "a.io/b" };
static const char *const words[] = { "a", "b", "c", "virtual-kubelet" };
static const char *const numbers[] = { "1", "5", "9", "12" };
static const char *const nodes[] = { "n1", "n2", "n3" };

unsigned generate_below(struct generator *generator, unsigned limit)
{
    /* splitmix64 */
    uint64_t z = generator->state += 0x9E3779B97F4A7C15;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return (unsigned)(((z ^ (z >> 31)) >> 16) % limit);
}

bool generate_once_in(struct generator *generator, unsigned times)
{
    return generate_below(generator, times) == 0;
}

#define PICK(generator, list) (list)[generate_below(generator, array_len(list))]

static const char *value_for(struct generator *generator, const char *key)
{
    return *key == 'n' ? PICK(generator, numbers) : PICK(generator, words);
}

static const char *finish(const struct buf *out)
{
    struct error err = { 0 };

    assert_true(buf_ok(out, &err));
    return out->data;
}

/* --- requirements and terms -------------------------------------------- */

/* One that the API server accepts. */
static void add_requirement(struct generator *generator, struct buf *out)
{
    static const char *const operators[] = { "In", "In",           "In",
                                             "In", "NotIn",        "Exists",
                                             "Gt", "DoesNotExist", "Lt" };
    const char *key = PICK(generator, keys), *op = PICK(generator, operators);
    unsigned count = 1 + generate_below(generator, 3);

    if (*op == 'G' || *op == 'L') {
        key = "n";
        count = 1;
    }
    buf_printf(out, "{'key':'%s','operator':'%s'", key, op);
    if (*op != 'E' && *op != 'D') {
        buf_add_string(out, ",'values':[");
        for (unsigned i = 0; i < count; i++)
            buf_printf(out, "%s'%s'", i ? "," : "", value_for(generator, key));
        buf_add_char(out, ']');
    }
    buf_add_char(out, '}');
}

/* What only a pod may hold: odd, or from a later Kubernetes. */
static void add_odd_requirement(struct generator *generator, struct buf *out)
{
    static const char *const odd[] = {
        "{'key':'type','operator':'In','values':['a'],'x':1}",
        "{'key':'type','operator':'In','values':['a'],'x':2}",
        "{'x':{'y':[1.0]},'operator':'Exists','key':'zone'}",
        "{'key':'zone','operator':'Near','values':['a','b']}",
        "{'key':'zone','operator':'Exists','values':null}",
        "{'key':'zone','operator':'In','values':['b','a','b']}",
        "{'operator':'In','key':'\\u007aone','values':['\\u0061']}",
        "{'key':'zone','operator':'In','values':[null]}",
        "{'key':'zone','operator':'In','values':[]}",
        "{'key':'n','operator':'Gt','values':['x']}",
        "{'key':'n','operator':'Lt','values':['1','5']}",
        "{}",
        "null",
    };

    buf_add_string(out, PICK(generator, odd));
}

static void add_requirements(struct generator *generator, struct buf *out,
                             unsigned count, bool odd)
{
    buf_add_string(out, "'matchExpressions':[");
    for (unsigned i = 0; i < count; i++) {
        buf_add_string(out, i ? "," : "");
        if (odd && generate_once_in(generator, 8))
            add_odd_requirement(generator, out);
        else
            add_requirement(generator, out);
    }
    buf_add_char(out, ']');
}

/* A term that is there already, written in another order: requirements from
 * the last to the first, values too; some values are left out. */
static void add_reordered(struct generator *generator, struct buf *out,
                          const struct json *term)
{
    const struct json *list[64];
    size_t count = 0;
    bool narrow = generate_once_in(generator, 2);

    for (const struct json *e = json_first(term, "matchExpressions");
         e && count < array_len(list); e = e->next)
        list[count++] = e;
    buf_add_string(out, "{'matchExpressions':[");
    while (count--) {
        struct json *copy =
            json_edit(generator->arena, list[count], JSON_OBJECT);
        struct json *values = json_array(generator->arena);

        for (const struct json *v = json_first(list[count], "values"); v;
             v = v->next) {
            struct json *first = json_copy(generator->arena, v);

            first->next = values->child;
            values->child = first;
        }
        if (values->child && narrow)
            values->child->next = NULL;
        if (values->child)
            assert_true(json_set(copy, (struct text)TEXT("values"), values));
        buf_add_string(out, pods_print(generator->arena, copy));
        buf_add_string(out, count ? "," : "");
    }
    buf_add_string(out, "]}");
}

static void add_term(struct generator *generator, struct buf *out, bool twins)
{
    static const char *const empty[] = { "null", "{}",
                                         "{'matchExpressions':null}",
                                         "{'matchExpressions':[]}",
                                         "{'matchFields':[],'x':1}" };

    if (generate_once_in(generator, 12)) {
        buf_add_string(out, PICK(generator, empty));
        return;
    }
    buf_add_char(out, '{');
    if (generate_once_in(generator, 10))
        buf_printf(out, "'x':%s,",
                   generate_once_in(generator, 2) ? "1" : "[2]");
    if (twins && generate_once_in(generator, 6))
        buf_add_string(out, "'y':1,'y':2,");
    if (generate_once_in(generator, 8)) {
        /* Arguments have no order, and the seed must give the same pod. */
        const char *op = generate_once_in(generator, 3) ? "NotIn" : "In";

        buf_printf(out,
                   "'matchFields':[{'key':'metadata.name','operator':'%s',"
                   "'values':['%s']}],",
                   op, PICK(generator, nodes));
        if (generate_once_in(generator, 2)) {
            buf_add_string(out, "'matchExpressions':null}");
            return;
        }
    }
    add_requirements(generator, out, 1 + generate_below(generator, 3), true);
    buf_add_char(out, '}');
}

/* --- policies ---------------------------------------------------------- */

static void add_tolerations(struct generator *generator, struct buf *out,
                            bool pod)
{
    static const char *const some[] = {
        "{'key':'k','operator':'Equal','value':'v','effect':'NoSchedule'}",
        "{'key':'k','value':'v','effect':'NoSchedule'}",
        "{'key':'k','value':'v'}",
        "{'key':'k','operator':'Exists'}",
        "{'key':'k','operator':'Exists','effect':'NoSchedule'}",
        "{'key':'j','value':'v','effect':'NoExecute','tolerationSeconds':300}",
        "{'key':'j','operator':'Exists','effect':'NoExecute'}",
        "{'operator':'Exists','effect':'NoExecute'}",
        "{'key':'','operator':'Exists','effect':'PreferNoSchedule'}",
        "{'key':'j','effect':'NoSchedule'}",
        /* from here on only in pods */
        "{'operator':'Exists'}",
        "{'key':'k','operator':'Gt','value':'5','effect':'NoSchedule'}",
        "{'key':'k','value':'v','effect':'NoSchedule','x':[1.0]}",
        "{'key':null,'operator':null,'value':null,'effect':null}",
        "null",
        "{}",
    };
    unsigned limit = pod ? array_len(some) : 10;

    buf_add_char(out, '[');
    for (unsigned i = 0, n = 1 + generate_below(generator, 3); i < n; i++)
        buf_printf(out, "%s%s", i ? "," : "",
                   some[generate_below(generator, limit)]);
    buf_add_char(out, ']');
}

static void add_preferred(struct generator *generator, struct buf *out,
                          const struct policy *policy, bool twins)
{
    buf_add_string(out, "'preferredDuringSchedulingIgnoredDuringExecution':[");
    for (unsigned i = 0, n = 1 + generate_below(generator, 3); i < n; i++) {
        const struct json *some =
            policy && policy->preferred ? policy->preferred->child : NULL;

        buf_printf(out, "%s{'weight':%u,'preference':", i ? "," : "",
                   1 + generate_below(generator, 100));
        if (some && generate_once_in(generator, 2)) {
            add_reordered(generator, out, json_get(some, "preference"));
        } else if (policy) {
            add_term(generator, out, twins);
        } else {
            buf_add_char(out, '{');
            add_requirements(generator, out, 1, false);
            buf_add_char(out, '}');
        }
        buf_add_char(out, '}');
    }
    buf_add_char(out, ']');
}

static void add_policy_affinity(struct generator *generator, struct buf *out)
{
    unsigned terms = generate_below(generator, 4);

    if (terms) {
        buf_add_string(out, "'requiredDuringSchedulingIgnoredDuringExecution':"
                            "{'nodeSelectorTerms':[");
        for (unsigned i = 0; i < terms; i++) {
            buf_add_string(out, i ? ",{" : "{");
            add_requirements(generator, out, 1 + generate_below(generator, 2),
                             false);
            buf_add_char(out, '}');
        }
        buf_add_string(out, "]}");
    }
    if (!terms || generate_once_in(generator, 2)) {
        buf_add_string(out, terms ? "," : "");
        add_preferred(generator, out, NULL, false);
    }
}

const char *generate_policy(struct generator *generator)
{
    struct buf out = { .arena = generator->arena };
    unsigned parts = 1 + generate_below(generator, 7);

    buf_add_string(&out, PODS_POLICY_HEAD);
    if (parts & 1) {
        buf_add_string(&out, "  tolerations: ");
        add_tolerations(generator, &out, false);
        buf_add_char(&out, '\n');
    }
    if (parts > 1) {
        buf_add_string(&out, "  affinity: {nodeAffinity: {");
        add_policy_affinity(generator, &out);
        buf_add_string(&out, "}}\n");
    }
    if (generate_once_in(generator, 2))
        buf_add_string(&out, "  spillover: {fillFirst: true}\n");
    return finish(&out);
}

/* --- pods -------------------------------------------------------------- */

static void add_required(struct generator *generator, struct buf *out,
                         const struct policy *policy, bool twins)
{
    static const char *const none[] = { "null", "{'nodeSelectorTerms':null}",
                                        "{'nodeSelectorTerms':[]}", "{}" };
    unsigned count = generate_once_in(generator, 20)
                         ? 15 + generate_below(generator, 60)
                         : 1 + generate_below(generator, 4);

    buf_add_string(out, "'requiredDuringSchedulingIgnoredDuringExecution':");
    if (generate_once_in(generator, 12)) {
        buf_add_string(out, PICK(generator, none));
        return;
    }
    buf_add_string(out, "{'nodeSelectorTerms':[");
    for (unsigned i = 0; i < count; i++) {
        buf_add_string(out, i ? "," : "");
        if (policy->n_terms && generate_once_in(generator, 3))
            add_reordered(generator, out,
                          policy
                              ->terms[generate_below(generator,
                                                     (unsigned)policy->n_terms)]
                              .node);
        else
            add_term(generator, out, twins);
    }
    buf_printf(out, "]%s}", generate_once_in(generator, 10) ? ",'x':true" : "");
}

static void add_affinity(struct generator *generator, struct buf *out,
                         const struct policy *policy, bool twins)
{
    static const char *const none[] = { "null", "{}", "{'nodeAffinity':null}",
                                        "{'nodeAffinity':{}}",
                                        "{'podAffinity':{'a':[1.50]}}" };
    bool required = !generate_once_in(generator, 5);

    if (generate_once_in(generator, 6)) {
        buf_add_string(out, PICK(generator, none));
        return;
    }
    buf_add_char(out, '{');
    if (generate_once_in(generator, 6))
        buf_add_string(out, "'podAffinity':{'a':1},");
    if (twins && generate_once_in(generator, 2))
        buf_add_string(out, "'podAffinity':{'a':2},'podAffinity':{'a':3},");
    buf_add_string(out, "'nodeAffinity':{");
    if (generate_once_in(generator, 10))
        buf_add_string(out, "'x':{'y':'\\u0000'},");
    if (required)
        add_required(generator, out, policy, twins);
    if (!required || generate_once_in(generator, 2)) {
        buf_add_string(out, required ? "," : "");
        add_preferred(generator, out, policy, twins);
    }
    buf_add_string(out, "}}");
}

static void add_spec(struct generator *generator, struct buf *out,
                     const struct policy *policy, bool twins)
{
    buf_add_string(out, "{'containers':[{'name':'c','image':'i'}]");
    if (twins)
        buf_add_string(out, ",'x':1,'x':9007199254740993");
    if (!generate_once_in(generator, 4)) {
        buf_add_string(out, ",'affinity':");
        add_affinity(generator, out, policy, twins);
    }
    if (!generate_once_in(generator, 4)) {
        buf_add_string(out, ",'tolerations':");
        if (generate_once_in(generator, 5))
            buf_add_string(out, generate_once_in(generator, 2) ? "null" : "[]");
        else
            add_tolerations(generator, out, true);
    }
    generate_spread(generator, out);
    if (generate_once_in(generator, 3))
        buf_printf(out, ",'nodeSelector':{'type':'%s'}",
                   PICK(generator, words));
    buf_add_char(out, '}');
}

const char *generate_pod(struct generator *generator,
                         const struct policy *policy, bool twins)
{
    struct buf out = { .arena = generator->arena };

    buf_add_string(&out, "{'metadata':{'labels':{'app':'gw'}");
    if (generate_once_in(generator, 20))
        buf_add_string(&out, ",'ownerReferences':[{'kind':'DaemonSet',"
                             "'name':'d','controller':true}]");
    buf_add_char(&out, '}');
    if (!generate_once_in(generator, 40)) {
        buf_add_string(&out, ",'spec':");
        if (generate_once_in(generator, 40))
            buf_add_string(&out, "null");
        else
            add_spec(generator, &out, policy, twins);
    }
    buf_add_string(&out, ",'status':{'n':1.50}}");
    return finish(&out);
}

struct node generate_node(struct generator *generator)
{
    struct node node = { .name = PICK(generator, nodes) };

    for (size_t i = 0; i < GENERATE_KEYS; i++) {
        node.labels[i].key = keys[i];
        if (!generate_once_in(generator, 4))
            node.labels[i].value = value_for(generator, keys[i]);
    }
    return node;
}
