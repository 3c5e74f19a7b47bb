/* test_term.c - terms and tolerations compared: the rules in term.h. */
#include "harness.h"

#include "pods.h"

#include "spillway/macros.h"
#include "spillway/term.h"

/* clang-format off */
#define TERM(expressions) "{'matchExpressions':[" expressions "]}"
#define R(key, op, values) "{'key':'" key "','operator':'" op "','values':[" values "]}"
#define ON(key, op) "{'key':'" key "','operator':'" op "'}"

/* What is asked of two values, and the answer. */
struct row {
    const char *name, *a, *b;
    bool yes;
};

static struct row equal_rows[] = {
    { "the order of values does not matter", TERM(R("k", "In", "'a','b'")), TERM(R("k", "In", "'b','a'")), true },
    { "a value twice is one value", TERM(R("k", "In", "'a','b','a'")), TERM(R("k", "In", "'b','a'")), true },
    { "the order of expressions does not matter", TERM(R("k", "In", "'a'") "," ON("z", "Exists")), TERM(ON("z", "Exists") "," R("k", "In", "'a'")), true },
    { "an expression twice is one expression", TERM(ON("z", "Exists") "," ON("z", "Exists")), TERM(ON("z", "Exists")), true },
    { "the order of members does not matter", "{'matchExpressions':[{'values':['a'],'operator':'In','key':'k'}]}", TERM(R("k", "In", "'a'")), true },
    { "escapes do not matter", "{'matchExpressions':[{'key':'\\u006b','operator':'In','values':['\\u0061']}]}", TERM(R("k", "In", "'a'")), true },
    { "no values is like an empty list", TERM(ON("k", "Exists")), TERM(R("k", "Exists", "")), true },
    { "null values are like an empty list", "{'matchExpressions':[{'key':'k','operator':'Exists','values':null}]}", TERM(ON("k", "Exists")), true },
    { "another key", TERM(R("k", "In", "'a'")), TERM(R("j", "In", "'a'")), false },
    { "keys differ in case", TERM(R("k", "In", "'a'")), TERM(R("K", "In", "'a'")), false },
    { "another operator", TERM(R("k", "In", "'a'")), TERM(R("k", "NotIn", "'a'")), false },
    { "another value", TERM(R("k", "In", "'a'")), TERM(R("k", "In", "'b'")), false },
    { "a value more", TERM(R("k", "In", "'a'")), TERM(R("k", "In", "'a','b'")), false },
    { "an expression more", TERM(R("k", "In", "'a'")), TERM(R("k", "In", "'a'") "," ON("z", "Exists")), false },
    { "fields are no expressions", "{'matchFields':[" R("k", "In", "'a'") "]}", TERM(R("k", "In", "'a'")), false },
    { "fields are compared", "{'matchFields':[" R("k", "In", "'a','b'") "]}", "{'matchFields':[" R("k", "In", "'b','a'") "]}", true },
    { "an absent list is like an empty one", "{'matchExpressions':[],'matchFields':null}", "{}", true },
    { "null is the empty term", "null", "{}", true },
    { "a null requirement is the empty one", "{'matchExpressions':[null]}", "{'matchExpressions':[{}]}", true },
    { "an unknown member of a term", "{'x':1,'matchExpressions':[" ON("k", "Exists") "]}", TERM(ON("k", "Exists")), false },
    { "the same unknown member of a term", "{'x':{'a':1,'b':2},'matchExpressions':[]}", "{'x':{'b':2,'a':1}}", true },
    { "an unknown member of another value", "{'x':1}", "{'x':2}", false },
    { "an unknown member of a requirement", TERM("{'key':'k','operator':'Exists','x':1}"), TERM(ON("k", "Exists")), false },
    { "the same unknown member of a requirement", TERM("{'key':'k','operator':'Exists','x':[1, 2]}"), TERM("{'x':[1,2],'key':'k','operator':'Exists'}"), true },
    { "requirements that differ in unknown members only, in another order",
      TERM("{'key':'k','operator':'Exists','x':1},{'key':'k','operator':'Exists','x':2}"),
      TERM("{'key':'k','operator':'Exists','x':2},{'key':'k','operator':'Exists','x':1}"), true },
    { "a requirement twice beside one that differs in unknown members",
      TERM("{'key':'k','operator':'Exists','x':1},{'key':'k','operator':'Exists','x':2},{'key':'k','operator':'Exists','x':1}"),
      TERM("{'key':'k','operator':'Exists','x':1},{'key':'k','operator':'Exists','x':2}"), true },
};

/* a implies b. */
static struct row implies_rows[] = {
    { "a term implies itself", TERM(R("k", "In", "'a'")), TERM(R("k", "In", "'a'")), true },
    { "a set-equal term is implied", TERM(R("k", "NotIn", "'a','b'")), TERM(R("k", "NotIn", "'b','a','a'")), true },
    { "more expressions imply fewer", TERM(R("k", "In", "'a'") "," ON("z", "Exists")), TERM(ON("z", "Exists")), true },
    { "fewer expressions do not imply more", TERM(ON("z", "Exists")), TERM(R("k", "In", "'a'") "," ON("z", "Exists")), false },
    { "In implies In of more values", TERM(R("k", "In", "'a'")), TERM(R("k", "In", "'b','a'")), true },
    { "In implies the equal In", TERM(R("k", "In", "'a','b'")), TERM(R("k", "In", "'b','a'")), true },
    { "In does not imply In of fewer values", TERM(R("k", "In", "'a','b'")), TERM(R("k", "In", "'a'")), false },
    { "In does not imply In of other values", TERM(R("k", "In", "'a','c'")), TERM(R("k", "In", "'a','b'")), false },
    { "In without values implies nothing", TERM(R("k", "In", "")), TERM(R("k", "In", "'a'")), false },
    { "In of another key", TERM(R("j", "In", "'a'")), TERM(R("k", "In", "'a'")), false },
    { "NotIn of more values is not seen through", TERM(R("k", "NotIn", "'a','b'")), TERM(R("k", "NotIn", "'a'")), false },
    { "In is not seen to imply Exists", TERM(R("k", "In", "'a'")), TERM(ON("k", "Exists")), false },
    { "Gt implies the same Gt", TERM(R("k", "Gt", "'5'")), TERM(R("k", "Gt", "'5'")), true },
    { "a greater Gt is not seen through", TERM(R("k", "Gt", "'9'")), TERM(R("k", "Gt", "'5'")), false },
    { "one In of two is enough", TERM(R("k", "In", "'z'") "," R("k", "In", "'a'")), TERM(R("k", "In", "'a','b'")), true },
    { "an expression with unknown members implies nothing", TERM("{'key':'k','operator':'In','values':['a'],'x':1}"), TERM(R("k", "In", "'a'")), false },
    { "unknown members of the term do not matter", "{'x':1,'matchExpressions':[" R("k", "In", "'a'") "]}", TERM(R("k", "In", "'a'")), true },
    { "fields besides do not matter", "{'matchFields':[" R("f", "In", "'n'") "],'matchExpressions':[" R("k", "In", "'a'") "]}", TERM(R("k", "In", "'a'")), true },
    { "fields are no expressions", "{'matchFields':[" R("k", "In", "'a'") "]}", TERM(R("k", "In", "'a'")), false },
    { "the empty term implies nothing", "{}", TERM(R("k", "In", "'a'")), false },
};

/* No node can match both a and b. */
static struct row contradicts_rows[] = {
    { "the empty term matches nothing", "{}", NULL, true },
    { "null matches nothing", "null", NULL, true },
    { "an unknown member does not fill a term", "{'x':1}", NULL, true },
    { "In of other values", TERM(R("k", "In", "'a'")), TERM(R("k", "In", "'b'")), true },
    { "In of a common value", TERM(R("k", "In", "'a','b'")), TERM(R("k", "In", "'b','c'")), false },
    { "three Ins without a common value", TERM(R("k", "In", "'a','b'") "," R("k", "In", "'b','c'") "," R("k", "In", "'a','c'")), NULL, true },
    { "other keys do not meet", TERM(R("k", "In", "'a'")), TERM(R("j", "In", "'b'")), false },
    { "In and NotIn of all values", TERM(R("k", "In", "'a','b'")), TERM(R("k", "NotIn", "'b','a'")), true },
    { "In and NotIn of some values", TERM(R("k", "In", "'a','b'")), TERM(R("k", "NotIn", "'b'")), false },
    { "In and two NotIns", TERM(R("k", "NotIn", "'a'") "," R("k", "In", "'a','b'")), TERM(R("k", "NotIn", "'b'")), true },
    { "NotIn alone excludes nothing certain", TERM(R("k", "NotIn", "'a'")), TERM(R("k", "NotIn", "'b'")), false },
    { "In and DoesNotExist", TERM(R("k", "In", "'a'")), TERM(ON("k", "DoesNotExist")), true },
    { "Exists and DoesNotExist", TERM(ON("k", "Exists")), TERM(ON("k", "DoesNotExist")), true },
    { "Gt and DoesNotExist", TERM(R("k", "Gt", "'1'")), TERM(ON("k", "DoesNotExist")), true },
    { "NotIn and DoesNotExist go together", TERM(R("k", "NotIn", "'a'")), TERM(ON("k", "DoesNotExist")), false },
    { "In and Exists go together", TERM(R("k", "In", "'a'")), TERM(ON("k", "Exists")), false },
    { "Gt and Lt without an integer between", TERM(R("k", "Gt", "'5'")), TERM(R("k", "Lt", "'6'")), true },
    { "Gt and Lt with one integer between", TERM(R("k", "Gt", "'5'")), TERM(R("k", "Lt", "'7'")), false },
    { "In below Gt", TERM(R("k", "Gt", "'5'")), TERM(R("k", "In", "'5','4'")), true },
    { "In above Gt", TERM(R("k", "Gt", "'5'")), TERM(R("k", "In", "'4','6'")), false },
    { "In that is no number, and Gt", TERM(R("k", "Gt", "'5'")), TERM(R("k", "In", "'x'")), true },
    { "Gt of the largest integer", TERM(R("k", "Gt", "'9223372036854775807'")), NULL, true },
    { "Lt of the smallest integer", TERM(R("k", "Lt", "'-9223372036854775808'")), NULL, true },
    { "the largest integer is beyond the last but one", TERM(R("k", "Gt", "'9223372036854775806'")), NULL, false },
    { "nothing is beyond the largest integer", TERM(R("k", "Gt", "'9223372036854775807'")), NULL, true },
    { "the smallest integer is below the next", TERM(R("k", "Lt", "'-9223372036854775807'")), NULL, false },
    { "nothing is below the smallest integer", TERM(R("k", "Lt", "'-9223372036854775808'")), NULL, true },
    { "an operator we do not know contradicts nothing", TERM(R("k", "Near", "'a'")), TERM(R("k", "In", "'b'")), false },
    { "fields meet fields", "{'matchFields':[" R("metadata.name", "In", "'a'") "]}", "{'matchFields':[" R("metadata.name", "In", "'b'") "]}", true },
    { "fields do not meet labels", "{'matchFields':[" R("k", "In", "'a'") "]}", TERM(R("k", "In", "'b'")), false },
};

/* Term and nodeSelector. */
static struct row selector_rows[] = {
    { "a nodeSelector of another value", TERM(R("k", "In", "'a'")), "{'k':'b'}", true },
    { "a nodeSelector of a common value", TERM(R("k", "In", "'a'")), "{'k':'a','j':'b'}", false },
    { "a nodeSelector against NotIn", TERM(R("k", "NotIn", "'b'")), "{'k':'b'}", true },
    { "a nodeSelector against DoesNotExist", TERM(ON("k", "DoesNotExist")), "{'k':'b'}", true },
    { "a nodeSelector below Gt", TERM(R("k", "Gt", "'5'")), "{'k':'5'}", true },
    { "an empty nodeSelector", TERM(R("k", "In", "'a'")), "{}", false },
    { "a nodeSelector on a field's key", "{'matchFields':[" R("k", "In", "'a'") "]}", "{'k':'b'}", false },
};

/* Toleration a covers toleration b. */
static struct row covers_rows[] = {
    { "the same toleration", "{'key':'k','operator':'Equal','value':'v','effect':'NoSchedule'}", "{'key':'k','operator':'Equal','value':'v','effect':'NoSchedule'}", true },
    { "a missing operator means Equal", "{'key':'k','value':'v'}", "{'key':'k','operator':'Equal','value':'v'}", true },
    { "an empty operator means Equal", "{'key':'k','operator':'','value':'v'}", "{'key':'k','operator':'Equal','value':'v'}", true },
    { "another key", "{'key':'j','value':'v'}", "{'key':'k','value':'v'}", false },
    { "another value", "{'key':'k','value':'w'}", "{'key':'k','value':'v'}", false },
    { "another effect", "{'key':'k','value':'v','effect':'NoExecute'}", "{'key':'k','value':'v','effect':'NoSchedule'}", false },
    { "no effect is all effects", "{'key':'k','value':'v'}", "{'key':'k','value':'v','effect':'NoSchedule'}", true },
    { "one effect is not all effects", "{'key':'k','value':'v','effect':'NoSchedule'}", "{'key':'k','value':'v'}", false },
    { "Exists covers every value", "{'key':'k','operator':'Exists'}", "{'key':'k','value':'v','effect':'NoSchedule'}", true },
    { "Exists covers Exists", "{'key':'k','operator':'Exists'}", "{'key':'k','operator':'Exists'}", true },
    { "Equal does not cover Exists", "{'key':'k','value':'v'}", "{'key':'k','operator':'Exists'}", false },
    { "Equal of the empty value does not cover Exists", "{'key':'k'}", "{'key':'k','operator':'Exists'}", false },
    { "Exists of another key", "{'key':'j','operator':'Exists'}", "{'key':'k','operator':'Exists'}", false },
    { "Exists without key covers everything", "{'operator':'Exists'}", "{'key':'k','value':'v','effect':'NoExecute'}", true },
    { "Exists with an empty key covers everything", "{'key':'','operator':'Exists'}", "{'key':'k','operator':'Exists'}", true },
    { "Exists without key is held to its effect", "{'operator':'Exists','effect':'NoExecute'}", "{'key':'k','value':'v','effect':'NoSchedule'}", false },
    { "Equal without key covers no key", "{'value':'v'}", "{'key':'k','value':'v'}", false },
    { "tolerationSeconds are not compared", "{'key':'k','effect':'NoExecute','value':'v','tolerationSeconds':3}", "{'key':'k','effect':'NoExecute','value':'v'}", true },
    { "an operator we do not know covers nothing", "{'key':'k','operator':'Gt','value':'v'}", "{'key':'k','value':'v'}", false },
    { "operators differ in case", "{'key':'k','operator':'exists'}", "{'key':'k','operator':'Exists'}", false },
    { "a null toleration covers nothing", "null", "{'key':'k','value':'v'}", false },
    { "null members are absent", "{'key':null,'operator':'Exists','effect':null,'value':null}", "{'key':'k','value':'v'}", true },
    { "no value is the empty value", "{'key':'k'}", "{'key':'k','value':''}", true },
};
/* clang-format on */

static struct term compile(struct arena *arena, const char *text)
{
    struct term term = { 0 };

    assert_true(term_compile(pods_json(arena, text), arena, &term));
    return term;
}

static void test_equal(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct term a = compile(&arena, row->a), b = compile(&arena, row->b);

    assert_int_equal(term_equal(&a, &b), row->yes);
    assert_int_equal(term_equal(&b, &a), row->yes);
}

static void test_implies(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct term a = compile(&arena, row->a), b = compile(&arena, row->b);

    assert_int_equal(term_implies(&a, &b), row->yes);
}

static void test_contradicts(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct term a = compile(&arena, row->a), b = { 0 };

    if (row->b)
        b = compile(&arena, row->b);
    assert_int_equal(term_contradicts(&a, row->b ? &b : NULL, NULL, &arena),
                     row->yes);
    if (row->b)
        assert_int_equal(term_contradicts(&b, &a, NULL, &arena), row->yes);
}

static void test_selector(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct term term = compile(&arena, row->a), selector;

    assert_true(
        term_compile_selector(pods_json(&arena, row->b), &arena, &selector));
    assert_int_equal(term_contradicts(&term, NULL, &selector, &arena),
                     row->yes);
    assert_int_equal(term_contradicts(&term, &term, &selector, &arena),
                     row->yes);
}

static void test_covers(void **state)
{
    const struct row *row = *state;
    auto_arena struct arena arena = { 0 };
    struct toleration a = toleration_read(pods_json(&arena, row->a));
    struct toleration b = toleration_read(pods_json(&arena, row->b));

    assert_int_equal(toleration_covers(&a, &b), row->yes);
}

static size_t add_rows(struct CMUnitTest *tests, size_t n, struct row *rows,
                       size_t count, CMUnitTestFunction test)
{
    for (size_t i = 0; i < count; i++)
        tests[n++] =
            (struct CMUnitTest){ rows[i].name, test, NULL, NULL, &rows[i] };
    return n;
}

#define ADD(rows, test) add_rows(tests, n, rows, array_len(rows), test)

int main(void)
{
    struct CMUnitTest tests[array_len(equal_rows) + array_len(implies_rows) +
                            array_len(contradicts_rows) +
                            array_len(selector_rows) + array_len(covers_rows)];
    size_t n = 0;

    n = ADD(equal_rows, test_equal);
    n = ADD(implies_rows, test_implies);
    n = ADD(contradicts_rows, test_contradicts);
    n = ADD(selector_rows, test_selector);
    n = ADD(covers_rows, test_covers);
    assert_int_equal(n, array_len(tests));
    return cmocka_run_group_tests_name("term", tests, NULL, NULL);
}
