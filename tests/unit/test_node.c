/* test_node.c - which nodes admit a pod, and which it prefers: the rules of
 * node.h, resources.h and placement.h. */
#include "harness.h"

#include "pods.h"

#include "spillway/macros.h"
#include "spillway/placement.h"
#include "spillway/platform.h"

struct row {
    const char *name;
    const char *node; /* spec, labels and allocatable, without the braces */
    const char *spec; /* of the pod, without the braces */
    enum node_verdict verdict;
    const char *cause;
};

/* clang-format off */
#define NODE(labels, spec, have) "'metadata':{'name':'n','labels':{" labels "}},'spec':{" spec "},'status':{'allocatable':{" have "}}"
#define TAINT(key, value, effect) "'taints':[{'key':'" key "','value':'" value "','effect':'" effect "'}]"
#define TOLERATION(members) "'tolerations':[{" members "}]"
#define REQUIRED(terms) "'affinity':{'nodeAffinity':{'requiredDuringSchedulingIgnoredDuringExecution':{'nodeSelectorTerms':[" terms "]}}}"
#define TERM(key, op, values) "{'matchExpressions':[{'key':'" key "','operator':'" op "','values':[" values "]}]}"
#define EMPTY_TERM(key, op) "{'matchExpressions':[{'key':'" key "','operator':'" op "'}]}"
#define FIELD(op, values) "{'matchFields':[{'key':'metadata.name','operator':'" op "','values':[" values "]}]}"
#define CPU(requests) "'containers':[{'resources':{'requests':{" requests "}}}]"

static struct row rows[] = {
    { "a plain node", NODE("", "", ""), "", NODE_FEASIBLE, "" },
    /* NodeUnschedulable */
    { "a cordoned node", NODE("", "'unschedulable':true", ""), "", NODE_UNSCHEDULABLE, "" },
    { "a pod that tolerates cordoning", NODE("", "'unschedulable':true", ""),
      TOLERATION("'key':'node.kubernetes.io/unschedulable','operator':'Exists'"), NODE_FEASIBLE, "" },
    { "cordoning is asked before taints", NODE("", "'unschedulable':true," TAINT("k", "v", "NoSchedule"), ""), "",
      NODE_UNSCHEDULABLE, "" },
    /* TaintToleration */
    { "NoSchedule", NODE("", TAINT("k", "v", "NoSchedule"), ""), "", NODE_TAINT, "k=v:NoSchedule" },
    { "NoExecute", NODE("", TAINT("k", "", "NoExecute"), ""), "", NODE_TAINT, "k:NoExecute" },
    { "PreferNoSchedule keeps nobody away", NODE("", TAINT("k", "v", "PreferNoSchedule"), ""), "", NODE_FEASIBLE, "" },
    { "tolerated by value", NODE("", TAINT("k", "v", "NoSchedule"), ""), TOLERATION("'key':'k','value':'v'"), NODE_FEASIBLE, "" },
    { "another value", NODE("", TAINT("k", "v", "NoSchedule"), ""), TOLERATION("'key':'k','value':'w'"), NODE_TAINT, "k=v:NoSchedule" },
    { "another effect", NODE("", TAINT("k", "v", "NoSchedule"), ""), TOLERATION("'key':'k','value':'v','effect':'NoExecute'"),
      NODE_TAINT, "k=v:NoSchedule" },
    { "Exists without a key", NODE("", TAINT("k", "v", "NoExecute"), ""), TOLERATION("'operator':'Exists'"), NODE_FEASIBLE, "" },
    { "an operator we do not know tolerates nothing", NODE("", TAINT("k", "5", "NoSchedule"), ""),
      TOLERATION("'key':'k','operator':'Gt','value':'1'"), NODE_TAINT, "k=5:NoSchedule" },
    /* NodeAffinity */
    { "a nodeSelector", NODE("'a':'x'", "", ""), "'nodeSelector':{'a':'x'}", NODE_FEASIBLE, "" },
    { "another nodeSelector", NODE("'a':'y'", "", ""), "'nodeSelector':{'a':'x'}", NODE_SELECTOR, "a=x" },
    { "a nodeSelector and terms are ANDed", NODE("'a':'x'", "", ""), "'nodeSelector':{'a':'x'}," REQUIRED(TERM("a", "In", "'y'")),
      NODE_AFFINITY, "no required term matches" },
    { "terms are ORed", NODE("'a':'x'", "", ""), REQUIRED(TERM("a", "In", "'y'") "," TERM("a", "In", "'z','x'")), NODE_FEASIBLE, "" },
    { "an empty term matches nothing", NODE("'a':'x'", "", ""), REQUIRED("{}"), NODE_AFFINITY, "no required term matches" },
    { "no terms match nothing", NODE("", "", ""), REQUIRED(""), NODE_AFFINITY, "no required term matches" },
    { "NotIn holds where the label is absent", NODE("", "", ""), REQUIRED(TERM("a", "NotIn", "'x'")), NODE_FEASIBLE, "" },
    { "NotIn of the value", NODE("'a':'x'", "", ""), REQUIRED(TERM("a", "NotIn", "'x'")), NODE_AFFINITY, "no required term matches" },
    { "Exists", NODE("'a':''", "", ""), REQUIRED(EMPTY_TERM("a", "Exists")), NODE_FEASIBLE, "" },
    { "DoesNotExist", NODE("'a':''", "", ""), REQUIRED(EMPTY_TERM("a", "DoesNotExist")), NODE_AFFINITY, "no required term matches" },
    { "Gt", NODE("'a':'5'", "", ""), REQUIRED(TERM("a", "Gt", "'4'")), NODE_FEASIBLE, "" },
    { "Gt is greater", NODE("'a':'4'", "", ""), REQUIRED(TERM("a", "Gt", "'4'")), NODE_AFFINITY, "no required term matches" },
    { "Lt of what is no integer", NODE("'a':'x'", "", ""), REQUIRED(TERM("a", "Lt", "'4'")), NODE_AFFINITY, "no required term matches" },
    { "an operator we do not know matches nothing", NODE("'a':'x'", "", ""), REQUIRED(TERM("a", "Like", "'x'")),
      NODE_AFFINITY, "no required term matches" },
    { "the node's name", NODE("", "", ""), REQUIRED(FIELD("In", "'n'")), NODE_FEASIBLE, "" },
    { "another node's name", NODE("", "", ""), REQUIRED(FIELD("NotIn", "'n'")), NODE_AFFINITY, "no required term matches" },
    /* NodeResourcesFit */
    { "it fits exactly", NODE("", "", "'cpu':'500m','pods':1"), CPU("'cpu':'0.5'"), NODE_FEASIBLE, "" },
    { "a thousandth too much", NODE("", "", "'cpu':'500m','pods':1"), CPU("'cpu':'501m'"), NODE_RESOURCES, "cpu" },
    { "no room for a pod", NODE("", "", "'cpu':1,'pods':0"), "", NODE_RESOURCES, "pods" },
    { "a resource that the node lacks", NODE("", "", "'cpu':1,'pods':9"), CPU("'gpu.io/x':1"), NODE_RESOURCES, "gpu.io/x" },
    { "memory in other units", NODE("", "", "'memory':'1Gi','pods':9"), CPU("'memory':'1073741825'"), NODE_RESOURCES, "memory" },
    { "a limit stands in for a request", NODE("", "", "'cpu':1,'pods':9"),
      "'containers':[{'resources':{'limits':{'cpu':'1100m'}}}]", NODE_RESOURCES, "cpu" },
    { "containers add up", NODE("", "", "'cpu':1,'pods':9"),
      "'containers':[{'resources':{'requests':{'cpu':'600m'}}},{'resources':{'requests':{'cpu':'600m'}}}]", NODE_RESOURCES, "cpu" },
    { "an init container counts alone", NODE("", "", "'cpu':1,'pods':9"),
      "'initContainers':[{'resources':{'requests':{'cpu':'900m'}}}]," CPU("'cpu':'600m'"), NODE_FEASIBLE, "" },
    { "the largest init container counts", NODE("", "", "'cpu':1,'pods':9"),
      "'initContainers':[{'resources':{'requests':{'cpu':'1100m'}}}]," CPU("'cpu':'600m'"), NODE_RESOURCES, "cpu" },
    { "a sidecar adds", NODE("", "", "'cpu':1,'pods':9"),
      "'initContainers':[{'restartPolicy':'Always','resources':{'requests':{'cpu':'500m'}}}]," CPU("'cpu':'600m'"), NODE_RESOURCES, "cpu" },
    { "a sidecar stands beside later init containers", NODE("", "", "'cpu':1,'pods':9"),
      "'initContainers':[{'restartPolicy':'Always','resources':{'requests':{'cpu':'500m'}}},{'resources':{'requests':{'cpu':'600m'}}}]",
      NODE_RESOURCES, "cpu" },
    { "but not beside earlier ones", NODE("", "", "'cpu':1,'pods':9"),
      "'initContainers':[{'resources':{'requests':{'cpu':'600m'}}},{'restartPolicy':'Always','resources':{'requests':{'cpu':'500m'}}}]",
      NODE_FEASIBLE, "" },
    { "the pod's own resources replace the sum", NODE("", "", "'cpu':1,'pods':9"),
      "'resources':{'requests':{'cpu':'800m'}}," CPU("'cpu':'2'"), NODE_FEASIBLE, "" },
    { "the pod's own limit stands in for a request", NODE("", "", "'cpu':1,'pods':9"),
      "'resources':{'limits':{'cpu':'2'}},'containers':[{}]", NODE_RESOURCES, "cpu" },
    { "but not for what a container asks for", NODE("", "", "'cpu':1,'pods':9"),
      "'resources':{'limits':{'cpu':'2'}}," CPU("'cpu':'100m'"), NODE_FEASIBLE, "" },
    { "the sum is not replaced then", NODE("", "", "'cpu':1,'pods':9"),
      "'resources':{'limits':{'cpu':'2'}}," CPU("'cpu':'1100m'"), NODE_RESOURCES, "cpu" },
    { "overhead adds", NODE("", "", "'cpu':1,'pods':9"), "'overhead':{'cpu':'500m'}," CPU("'cpu':'600m'"), NODE_RESOURCES, "cpu" },
    { "a node that does not say what it has", NODE("", "", ""), CPU("'cpu':'1000'"), NODE_FEASIBLE, "" },
};
/* clang-format on */

static struct json *object(struct arena *arena, const char *members)
{
    auto_buf struct buf text = { 0 };

    buf_printf(&text, "{%s}", members);
    return pods_json(arena, text.data);
}

static void test_row(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct pod_demand demand;
    struct node node;
    struct text cause;
    size_t room;

    assert_true(node_read(object(&arena, row->node), &arena, &node));
    assert_true(pod_demand_read(object(&arena, row->spec), &arena, &demand));
    assert_string_equal(
        node_verdict_name(node_admits(&node, &demand, &arena, &room, &cause)),
        node_verdict_name(row->verdict));
    assert_string_equal(cause.data ? cause.data : "", row->cause);
}

/* --- placement --------------------------------------------------------- */

#define PREFERENCE(weight, key)                                                \
    "{'weight':" weight ",'preference':" EMPTY_TERM(key, "Exists") "}"
#define PREFERRED(list)                                                        \
    "'affinity':{'nodeAffinity':{"                                             \
    "'preferredDuringSchedulingIgnoredDuringExecution':[" list "]}}"

/* Three nodes: two with label e and room for three pods each, one virtual. */
static void read_nodes(struct arena *arena, struct node nodes[3])
{
    static const char *const texts[] = {
        NODE("'type':'virtual-kubelet','v':''", "", ""),
        NODE("'e':''", "", "'cpu':'3','pods':10"),
        NODE("'e':''", "", "'cpu':'3500m','pods':10"),
    };

    for (size_t i = 0; i < array_len(texts); i++)
        assert_true(node_read(object(arena, texts[i]), arena, &nodes[i]));
}

static void place(struct arena *arena, const struct node *nodes,
                  const char *spec, size_t replicas,
                  struct placement *placement)
{
    struct error err = { 0 };

    assert_true(placement_make(object(arena, spec), nodes, 3, replicas, arena,
                               placement, &err));
}

static void test_order(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct placement placement;
    struct node nodes[3];

    (void)state;
    read_nodes(&arena, nodes);
    place(&arena, nodes,
          PREFERRED(PREFERENCE("20", "v") "," PREFERENCE("79", "e")) "," CPU(
              "'cpu':1"),
          8, &placement);
    assert_int_equal(placement.n_feasible, 3);
    assert_int_equal(placement.n_groups, 2);
    assert_ptr_equal(placement.list[0].node, &nodes[1]);
    assert_ptr_equal(placement.list[1].node, &nodes[2]);
    assert_int_equal(placement.list[1].rank, 1);
    assert_int_equal(placement.list[1].room, 3);
    assert_int_equal(placement.list[0].score, 100);
    /* 100 * 20 / 79, rounded down */
    assert_int_equal(placement.list[2].score, 25);
    assert_int_equal(placement.list[2].rank, 2);
    assert_int_equal(placement.groups[0].replicas, 6);
    assert_int_equal(placement.groups[1].replicas, 2);
    assert_int_equal(placement.groups[1].replicas_before, 6);
    assert_int_equal(placement.groups[1].n_virtual, 1);
    assert_int_equal(placement.pending, 0);
}

static void test_infeasible_nodes_do_not_scale(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct placement placement;
    struct node nodes[3];

    (void)state;
    read_nodes(&arena, nodes);
    nodes[1].unschedulable = nodes[2].unschedulable = true;
    place(&arena, nodes,
          PREFERRED(PREFERENCE("20", "v") "," PREFERENCE("80", "e")), 0,
          &placement);
    assert_int_equal(placement.n_feasible, 1);
    assert_int_equal(placement.list[0].score, 100);
    assert_int_equal(placement.list[1].rank, 0);
}

static void test_without_preferences(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct placement placement;
    struct node nodes[3];

    (void)state;
    read_nodes(&arena, nodes);
    place(&arena, nodes, CPU("'cpu':1"), 3, &placement);
    assert_int_equal(placement.n_groups, 1);
    assert_int_equal(placement.list[0].score, 0);
    assert_int_equal(placement.groups[0].room, SIZE_MAX);
    assert_int_equal(placement.groups[0].replicas, 3);
}

/* What the API server refuses is not added up, and does not overflow. */
static void test_weights_out_of_range(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct placement placement;
    struct node nodes[3];

    (void)state;
    read_nodes(&arena, nodes);
    place(&arena, nodes,
          PREFERRED(PREFERENCE("9223372036854775807", "e") "," PREFERENCE(
              "9223372036854775807",
              "e") "," PREFERENCE("-5",
                                  "e") "," PREFERENCE("101",
                                                      "e") "," PREFERENCE("1",
                                                                          "v")),
          0, &placement);
    assert_ptr_equal(placement.list[0].node, &nodes[0]);
    assert_int_equal(placement.list[0].score, 100);
    assert_int_equal(placement.list[1].weights, 0);
    assert_int_equal(placement.list[1].score, 0);
}

static void test_pods_take_room(void **state)
{
    auto_arena struct arena arena = { 0 };
    struct placement placement;
    struct node nodes[3];

    (void)state;
    read_nodes(&arena, nodes);
    nodes[0].unschedulable = true;
    assert_true(
        node_add_pod(&nodes[1], object(&arena, CPU("'cpu':'2500m'")), &arena));
    assert_true(
        node_add_pod(&nodes[2], object(&arena, CPU("'cpu':1")), &arena));
    place(&arena, nodes, CPU("'cpu':1"), 9, &placement);
    assert_int_equal(placement.n_feasible, 1);
    assert_int_equal(placement.list[0].room, 2);
    assert_int_equal(placement.groups[0].replicas, 2);
    assert_int_equal(placement.pending, 7);
}

int main(void)
{
    static const struct CMUnitTest placements[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_infeasible_nodes_do_not_scale),
        cmocka_unit_test(test_without_preferences),
        cmocka_unit_test(test_weights_out_of_range),
        cmocka_unit_test(test_pods_take_room),
    };
    struct CMUnitTest tests[array_len(rows) + array_len(placements)];
    size_t n = 0;

    for (size_t i = 0; i < array_len(rows); i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test_row, NULL, NULL, &rows[i] };
    for (size_t i = 0; i < array_len(placements); i++)
        tests[n++] = placements[i];
    return cmocka_run_group_tests_name("node", tests, NULL, NULL);
}
