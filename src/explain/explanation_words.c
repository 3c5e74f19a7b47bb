/* explanation_words.c - what text and JSON both say; see explanation.h. */
#include "spillway/explanation.h"

#include <stdint.h>

#include "spillway/buf.h"
#include "spillway/policy.h"
#include "spillway/shape.h"
#include "spillway/words.h"

const char *explanation_way_out(enum warning_kind kind)
{
    static const char *const ways[WARNING_KINDS] = {
        [WARNING_NO_FEASIBLE_TERM] =
            "give the pod's required terms a meaning, or remove them",
        [WARNING_TOO_MANY_TERMS] =
            "write fewer terms, or say the policy's in the pod itself",
        [WARNING_UNSCHEDULABLE] =
            "remove the nodeSelector or the requirement that contradicts the "
            "policy, or opt the pod out (annotation spillway.dev/mutate: "
            "\"false\")",
        [WARNING_NO_VIRTUAL_NODE] =
            "if it is meant to spill over, remove the nodeSelector or the "
            "requirement that rules virtual nodes out",
        [WARNING_ECI_UNSUPPORTED] =
            "it would fail on the virtual node: change it, or keep it on ECS "
            "(opt it out)",
        [WARNING_ECI_OVERRIDE] = "remove the label or annotation",
        [WARNING_DELETION_COST] =
            "remove the annotation, or do without scaleInFirst",
    };

    return ways[kind];
}

void explanation_write_failure(struct buf *out,
                               const struct explanation *explanation,
                               const struct selector *selector,
                               const struct trace_selector *traced)
{
    const struct json *metadata =
        json_get(explanation->review->pod, "metadata");
    const struct selector_requirement *failed;
    const struct json *value;
    const char *what;

    if (traced->outcome == SELECTOR_LACKS_CONTAINER) {
        buf_add_string(out, "no container ");
        words_outside(out, selector->has_container);
        return;
    }
    failed = &selector->requirements[traced->failed];
    what = failed->annotation ? "annotation" : "label";
    value = json_get_text(
        json_get(metadata, failed->annotation ? "annotations" : "labels"),
        failed->key);
    buf_printf(out, value ? "%s " : "no %s ", what);
    words_outside(out, failed->key);
    if (!value)
        return;
    buf_add_string(out, value->string.len ? " is " : " is empty");
    words_outside(out, value->string);
}

void explanation_write_node_selector(struct buf *out, const struct json *spec)
{
    size_t written = 0;

    for (const struct json *m = json_first(spec, "nodeSelector"); m;
         m = m->next) {
        buf_add_string(out, written++ ? " and " : "");
        words_outside(out, m->key);
        buf_add_char(out, '=');
        words_outside(out, m->string);
    }
}

/* --- plugins ----------------------------------------------------------- */

static bool has_claims(const struct json *spec)
{
    for (const struct json *v = json_first(spec, "volumes"); v; v = v->next) {
        if (json_get(v, "persistentVolumeClaim") || json_get(v, "ephemeral"))
            return true;
    }
    return false;
}

static bool has_host_ports(const struct json *spec)
{
    for (const struct json *c = json_first(spec, "containers"); c;
         c = c->next) {
        for (const struct json *p = json_first(c, "ports"); p; p = p->next) {
            if (json_get(p, "hostPort"))
                return true;
        }
    }
    return false;
}

static bool has_pod_affinity(const struct json *spec)
{
    const struct json *affinity = json_get(spec, "affinity");

    return json_count(json_get(affinity, "podAffinity")) > 0 ||
           json_count(json_get(affinity, "podAntiAffinity")) > 0;
}

static bool prefers_no_schedule(const struct explained_nodes *nodes)
{
    for (size_t i = 0; i < nodes->count; i++) {
        for (const struct json *t = node_first_taint(&nodes->list[i]); t;
             t = t->next) {
            if (text_is(json_string(t, "effect"), "PreferNoSchedule"))
                return true;
        }
    }
    return false;
}

/* Without constraints a ReplicaSet's pods get the scheduler's own. */
static const char *spreading_of(const struct explanation *explanation)
{
    const struct json *own =
        json_get(explanation->before, "topologySpreadConstraints");
    const struct json *result =
        json_get(explanation->after, "topologySpreadConstraints");

    if (json_count(own))
        return "PodTopologySpread (constraints of its own)";
    return json_count(result) ? NULL : "PodTopologySpread (default spreading)";
}

void explanation_write_plugins(struct buf *out,
                               const struct explanation *explanation)
{
    const struct json *spec = explanation->after;
    const struct {
        const char *name;
        bool applies;
    } plugins[] = {
        { spreading_of(explanation), spreading_of(explanation) != NULL },
        { "InterPodAffinity (podAffinity or podAntiAffinity)",
          has_pod_affinity(spec) },
        { "NodePorts (hostPort)", has_host_ports(spec) },
        { "VolumeBinding and VolumeZone (claims)", has_claims(spec) },
        { "TaintToleration (PreferNoSchedule)",
          explanation->nodes && prefers_no_schedule(explanation->nodes) },
        { "NodeResourcesFit and NodeResourcesBalancedAllocation (how full "
          "nodes are)",
          true },
        { "ImageLocality", true },
    };
    size_t written = 0;

    for (size_t i = 0; i < array_len(plugins); i++) {
        if (plugins[i].applies)
            buf_printf(out, "%s%s", written++ ? ", " : "", plugins[i].name);
    }
}

/* --- the summary ------------------------------------------------------- */

size_t explanation_spill(const struct placement *placement)
{
    for (size_t i = 0; i < placement->n_groups; i++) {
        const struct place_group *group = &placement->groups[i];

        if (group->n_virtual > 0 && group->replicas > 0)
            return group->replicas_before + 1;
    }
    return 0;
}

static void add_group(struct buf *out, const struct explanation *explanation,
                      const struct place_group *group)
{
    const struct policy *policy = explanation->admission.policy;
    const char *real = policy && policy->tolerates_eci ? "ECS" : "real";
    size_t n_real = group->count - group->n_virtual;

    if (n_real)
        buf_printf(out, "%zu %s", n_real, real);
    if (n_real && group->n_virtual)
        buf_add_string(out, " and ");
    if (group->n_virtual)
        buf_printf(out, "%zu virtual", group->n_virtual);
}

void explanation_write_verdicts(struct buf *out,
                                const struct placement *placement)
{
    size_t counts[NODE_VERDICTS] = { 0 }, written = 0;

    for (size_t i = 0; i < placement->count; i++)
        counts[placement->list[i].verdict]++;
    for (size_t i = 0; i < NODE_VERDICTS; i++) {
        if (i != NODE_FEASIBLE && counts[i])
            buf_printf(out, "%s%zu %s", written++ ? ", " : ": ", counts[i],
                       node_verdict_name((enum node_verdict)i));
    }
}

void explanation_write_summary(struct buf *out,
                               const struct explanation *explanation)
{
    const struct placement *placement = &explanation->placement;
    const struct place_group *group = placement->groups;

    if (placement->n_feasible == 0) {
        buf_printf(out, "none of %zu node%s is feasible", placement->count,
                   placement->count == 1 ? "" : "s");
        explanation_write_verdicts(out, placement);
        return;
    }
    buf_printf(out, "%zu node%s feasible: ", placement->n_feasible,
               placement->n_feasible == 1 ? "" : "s");
    add_group(out, explanation, &group[0]);
    if (placement->n_groups == 1) {
        buf_add_string(out, group->count > 1 ? ", equally preferred" : "");
        return;
    }
    buf_add_string(out, " first");
    for (size_t i = 1; i < placement->n_groups; i++) {
        buf_add_string(out, i == 1 ? ", " : ", then ");
        add_group(out, explanation, &group[i]);
        if (i == 1)
            buf_add_string(out, group->count == 1 ? " when it is full"
                                                  : " when they are full");
    }
}
