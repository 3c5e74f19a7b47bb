/* generate_spillover.c - what fillFirst and scaleInFirst look at; see
 * generate.h for the contract. */
#include "generate.h"

#include "harness.h"
#include "pods.h"

#include "spillway/buf.h"
#include "spillway/macros.h"

#define PICK(generator, list) (list)[generate_below(generator, array_len(list))]
#define COST "'controller.kubernetes.io/pod-deletion-cost'"

void generate_spread(struct generator *generator, struct buf *out)
{
    static const char *const some[] = {
        "null",
        "[]",
        "[null]",
        "[{}]",
        "[{'maxSkew':2147483647,'topologyKey':'kubernetes.io/hostname',"
        "'whenUnsatisfiable':'DoNotSchedule'}]",
        "[{'maxSkew':1,'topologyKey':'zone','whenUnsatisfiable':'DoNotSchedule'"
        ",'labelSelector':{'matchLabels':{'app':'gw'}},'x':[1.0]}]",
        "[{'maxSkew':1.50,'topologyKey':'a'},{'topologyKey':null}]",
    };

    if (generate_once_in(generator, 2))
        buf_printf(out, ",'topologySpreadConstraints':%s",
                   PICK(generator, some));
}

/* --- Bindings ---------------------------------------------------------- */

const char *generate_scale_in_policies(struct generator *generator)
{
    static const char *const globs[] = { "vk-*",     "n?",  "n1",
                                         "'[vn]*1'", "'*'", "other" };
    static const char *const spaces[] = { "edge", "other", "other, edge",
                                          "'*'" };
    struct buf out = { .arena = generator->arena };
    struct error err = { 0 };

    buf_add_string(&out, "apiVersion: spillway.dev/v1\nkind: Policy\n"
                         "policies:\n");
    for (unsigned i = 0, n = 1 + generate_below(generator, 3); i < n; i++) {
        buf_printf(
            &out,
            "- name: p%u\n  match: {namespaces: [%s], selectors: "
            "[{hasContainer: c}]}\n  tolerations: [{operator: Exists}]\n",
            i, PICK(generator, spaces));
        buf_printf(&out, "  percent: %u\n", generate_below(generator, 101));
        if (generate_once_in(generator, 5))
            buf_add_string(&out, "  mode: shadow\n");
        if (generate_once_in(generator, 4))
            continue;
        buf_printf(&out, "  spillover: {scaleInFirst: true, virtualNodes: [%s",
                   PICK(generator, globs));
        if (generate_once_in(generator, 2))
            buf_printf(&out, ", %s", PICK(generator, globs));
        buf_add_string(&out, "]}\n");
    }
    assert_true(buf_ok(&out, &err));
    return out.data;
}

static void add_annotations(struct generator *generator, struct buf *out,
                            bool twins)
{
    static const char *const values[] = { "'-100'", "'100'", "''", "'-0100'" };

    if (generate_once_in(generator, 4)) {
        buf_add_string(out, ",'annotations':null");
        return;
    }
    buf_add_string(out, ",'annotations':{");
    if (generate_once_in(generator, 2))
        buf_add_string(out, "'a':'\\u0000','b/c~d':''");
    else if (twins)
        buf_add_string(out, "'a':'1','a':'2'");
    else
        buf_add_string(out, "'a':'x'");
    if (generate_once_in(generator, 2))
        buf_printf(out, "," COST ":%s", PICK(generator, values));
    buf_add_char(out, '}');
}

const char *generate_binding(struct generator *generator, bool twins)
{
    static const char *const nodes[] = { "n1", "n2", "vk-1", "VK-1" };
    static const char *const none[] = { "", "'metadata':null,",
                                        "'metadata':{}," };
    struct buf out = { .arena = generator->arena };
    struct error err = { 0 };

    buf_add_string(&out, "{'kind':'Binding',");
    if (twins)
        buf_add_string(&out, "'spec':{'tolerations':1},'spec':2,");
    if (generate_once_in(generator, 6)) {
        buf_add_string(&out, PICK(generator, none));
    } else {
        buf_add_string(&out, "'metadata':{'name':'p','labels':{'app':5}");
        if (!generate_once_in(generator, 4))
            add_annotations(generator, &out, twins);
        buf_add_string(&out, "},");
    }
    buf_printf(&out, "'target':{'kind':'Node','name':'%s','x':1.50}}",
               PICK(generator, nodes));
    assert_true(buf_ok(&out, &err));
    return out.data;
}
