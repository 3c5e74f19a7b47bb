/* check_pods.c - the rules about pods that exist; see check_parts.h. */
#include "spillway/check_parts.h"

#include "spillway/admit.h"
#include "spillway/buf.h"
#include "spillway/document.h"
#include "spillway/explanation.h"
#include "spillway/placement.h"
#include "spillway/select.h"
#include "spillway/shape.h"
#include "spillway/words.h"

/* A pod, and what would be decided for it today. */
struct subject {
    struct check *check;
    const struct check_object *object;
    const char *name;
    const struct policy *policy; /* that selects it */
    const struct json *spec;     /* as it is */
    struct admission admission;
};

#define tell(subject, rule, ...)                                               \
    check_tell((subject)->check, (rule), (subject)->object->file,              \
               (subject)->object->root->line, __VA_ARGS__)

/* --- what mends it ----------------------------------------------------- */

/* The workload whose restart creates the pod anew. */
static void suggest_restart(const struct subject *subject,
                            struct check_finding *finding)
{
    struct check *check = subject->check;
    const struct json *metadata = json_get(subject->object->root, "metadata");
    const struct json *controller = select_controller(metadata);
    struct text kind = json_string(controller, "kind");
    const char *name_space =
        check_quoted(check, check_shown(check, subject->object->name_space));
    const char *workload =
        check_quoted(check, check_shown(check, select_workload(metadata)));

    if (text_is(kind, "ReplicaSet"))
        check_mend(check, finding,
                   "kubectl -n %s rollout restart deployment/%s", name_space,
                   workload);
    else if (text_is(kind, "StatefulSet") || text_is(kind, "DaemonSet"))
        check_mend(check, finding, "kubectl -n %s rollout restart %s/%s",
                   name_space,
                   text_is(kind, "StatefulSet") ? "statefulset" : "daemonset",
                   workload);
    else
        check_mend(
            check, finding,
            controller ? "kubectl -n %s delete pod %s"
                       : "create it anew: kubectl -n %s delete pod %s, "
                         "and apply its manifest again",
            name_space,
            check_quoted(check, check_shown(check, subject->object->name)));
}

/* --- the rules --------------------------------------------------------- */

static const struct node *find_node(const struct check *check, struct text name)
{
    for (size_t i = 0; i < check->n_nodes; i++) {
        if (text_equal(check->nodes[i].name, name))
            return &check->nodes[i];
    }
    return NULL;
}

static void check_place(const struct subject *subject)
{
    struct text name = json_string(subject->spec, "nodeName");
    const struct node *node = find_node(subject->check, name);

    /* In shadow mode no pod is told where to go. */
    if (!node || subject->policy->shadow ||
        node_matches_any(node, subject->policy->terms,
                         subject->policy->n_terms))
        return;
    suggest_restart(subject,
                    tell(subject, CHECK_POD_MISPLACED,
                         "%s runs on node %s, which policy %s does not allow",
                         subject->name, check_shown(subject->check, name),
                         check_shown(subject->check, subject->policy->name)));
}

/* What the scheduler wrote down. */
static struct text scheduler_message(const struct json *pod)
{
    for (const struct json *c =
             json_first(json_get(pod, "status"), "conditions");
         c; c = c->next) {
        if (text_is(json_string(c, "type"), "PodScheduled") &&
            text_is(json_string(c, "status"), "False"))
            return json_string(c, "message");
    }
    return (struct text){ 0 };
}

/* Why the nodes that are given do not take it; or that some would. */
static void add_verdicts(struct buf *out, const struct subject *subject)
{
    struct check *check = subject->check;
    struct placement placement;
    struct error err = { 0 };

    if (check->n_nodes == 0)
        return;
    if (!placement_make(subject->spec, check->nodes, check->n_nodes, 0,
                        &check->scratch, &placement, &err)) {
        out->failed = true;
        return;
    }
    buf_add_string(out, "; of the nodes given ");
    if (placement.n_feasible) {
        buf_printf(out, "%zu would take it", placement.n_feasible);
        return;
    }
    buf_add_string(out, "none takes it");
    explanation_write_verdicts(out, &placement);
}

static void check_pending(const struct subject *subject)
{
    struct check *check = subject->check;
    struct text message = scheduler_message(subject->object->root);

    (void)tell(subject, CHECK_POD_PENDING, "%s is not placed%s%s%s",
               subject->name, message.len ? ": " : "",
               check_shown(check, message),
               check_said(check, add_verdicts, subject));
}

static void check_decision(const struct subject *subject)
{
    const struct admission *admission = &subject->admission;
    const char *policy = check_shown(subject->check, subject->policy->name);

    if (admission->reason == REASON_OPTED_OUT)
        (void)tell(subject, CHECK_POD_OPTED_OUT, "%s opts out of policy %s",
                   subject->name, policy);
    if (admission->decision == DECISION_MUTATED)
        suggest_restart(subject, tell(subject, CHECK_POD_WITHOUT_POLICY,
                                      "%s runs without policy %s",
                                      subject->name, policy));
}

/* --- which pods -------------------------------------------------------- */

/* Guards that leave the pod alone: it is not asked where it runs. */
static bool is_left_alone(enum reason reason)
{
    return reason == REASON_MIRROR_POD || reason == REASON_ROLLOUT ||
           reason == REASON_DAEMONSET || reason == REASON_OPTED_OUT;
}

/* A pod of a cluster, that has not ended; a manifest has nothing to mend. */
static bool is_there(const struct json *pod)
{
    struct text phase = json_string(json_get(pod, "status"), "phase");
    struct text node = json_string(json_get(pod, "spec"), "nodeName");

    return (phase.len || node.len) && !text_is(phase, "Succeeded") &&
           !text_is(phase, "Failed");
}

/* The pod as it would be created today: on no node yet. */
static struct json *unplaced(struct check *check, const struct json *pod)
{
    struct arena *arena = &check->scratch;
    struct json *copy = json_edit(arena, pod, JSON_OBJECT);
    struct json *spec = json_edit(arena, json_get(pod, "spec"), JSON_OBJECT);

    if (!copy || !spec ||
        !json_set(spec, text_of("nodeName"),
                  json_string_new(arena, text_of(""))) ||
        !json_set(copy, text_of("spec"), spec))
        return NULL;
    return copy;
}

/* Decide for the pod, in the scratch arena; false when it cannot be read. */
static bool decide(struct check *check, const struct check_object *object,
                   struct subject *subject)
{
    const struct document_place place = { .file = object->file };
    const char *label;
    const struct policy_set *set =
        check_policy_for(check, object->file, &label);
    struct json *pod = unplaced(check, object->root);
    struct document document;
    struct error err = { 0 };

    if (!pod || !set) {
        check->failed = true;
        return false;
    }
    return document_open(pod, &place, text_of("default"), &check->scratch,
                         &document, &err) &&
           document_admit(&document, &place, set, &check->scratch,
                          &subject->admission, &err);
}

static void check_pod(struct check *check, const struct check_object *object)
{
    struct subject subject = {
        .check = check,
        .object = object,
        .spec = json_get(object->root, "spec"),
    };

    if (!is_there(object->root) || !decide(check, object, &subject) ||
        !subject.admission.policy)
        return;
    subject.name = check_name(check, object);
    subject.policy = subject.admission.policy;
    check_decision(&subject);
    if (is_left_alone(subject.admission.reason))
        return;
    if (json_string(subject.spec, "nodeName").len)
        check_place(&subject);
    else if (text_is(json_string(json_get(object->root, "status"), "phase"),
                     "Pending"))
        check_pending(&subject);
}

void check_pods(struct check *check)
{
    for (const struct check_object *o = check->objects; o; o = o->next) {
        if (!text_is(o->kind, "Pod"))
            continue;
        arena_reset(&check->scratch);
        check_pod(check, o);
    }
}
