/*
 * testcase_expect.c - expected and actual: expect.yaml; see testcase.h for the
 * contract.
 */
#include "spillway/testcase.h"

#include "spillway/arena.h"
#include "spillway/policy.h"
#include "spillway/words.h"
#include "spillway/yaml.h"

/* What the file would say: a tree beside the one that was read. */
struct expectation {
    struct testcase_result *result;
    struct json *actual;
    bool malformed; /* a finding says how */
    bool same;
};

static struct text outcome(const struct admission *admission, struct text key,
                           bool *known)
{
    *known = true;
    if (text_is(key, "decision"))
        return text_of(decision_name(admission->decision));
    if (text_is(key, "reason"))
        return text_of(reason_name(admission->reason));
    *known = text_is(key, "policy");
    return *known && admission->policy ? admission->policy->name
                                       : (struct text){ 0 };
}

static struct json *word_or_null(struct arena *arena, struct text word)
{
    if (word.len)
        return json_string_new(arena, word);
    return arena_new(arena, struct json); /* JSON_NULL */
}

/* "FILE:LINE: ": where a finding about this member stands. */
static struct buf *finding_at(struct expectation *expectation,
                              const struct json *member)
{
    struct testcase_result *result = expectation->result;

    expectation->malformed = true;
    buf_printf(&result->findings,
               "%s:%u: ", testcase_file_name(result->testcase->expect),
               member->line);
    return &result->findings;
}

static bool set_word(struct expectation *expectation,
                     const struct json *expected, struct text word)
{
    if (expected->type != JSON_STRING && expected->type != JSON_NULL) {
        buf_printf(finding_at(expectation, expected), "%.*s must be a string\n",
                   TEXT_ARG(expected->key));
        return true;
    }
    expectation->same &= text_equal(expected->string, word);
    return json_set(expectation->actual, expected->key,
                    word_or_null(expectation->result->arena, word));
}

static bool contains(const char *text, struct text part)
{
    return part.len == 0 || memmem(text, strlen(text), part.data, part.len);
}

static bool is_list_of_strings(const struct json *value)
{
    if (value->type != JSON_ARRAY)
        return value->type == JSON_NULL;
    for (const struct json *e = value->child; e; e = e->next) {
        if (e->type != JSON_STRING)
            return false;
    }
    return true;
}

/* Warnings that are sent; in shadow mode they are only counted. */
static size_t count_warnings(const struct admission *admission)
{
    return admission->decision == DECISION_SHADOWED ? 0 : admission->n_warnings;
}

/* Each expected text must be in the warning at its place, and is kept then. */
static bool set_warnings(struct expectation *expectation,
                         const struct json *expected)
{
    const struct admission *admission = &expectation->result->admission;
    struct arena *arena = expectation->result->arena;
    struct json *list = json_array(arena);
    const struct json *e = expected->child;

    if (!is_list_of_strings(expected)) {
        buf_add_string(finding_at(expectation, expected),
                       "warnings must be a list of strings\n");
        return true;
    }
    for (size_t i = 0; i < count_warnings(admission); i++) {
        const char *warning = admission->warnings[i].text;
        bool same = e && contains(warning, e->string);

        expectation->same &= same;
        if (!list ||
            !json_append(list, json_string_new(arena, same ? e->string
                                                           : text_of(warning))))
            return false;
        e = e ? e->next : NULL;
    }
    expectation->same &= !e;
    /* Nothing is said about a list that stays as it was, be it null. */
    return list && json_set(expectation->actual, expected->key,
                            expected->child || list->child
                                ? list
                                : json_copy(arena, expected));
}

static bool set_member(struct expectation *expectation,
                       const struct json *expected)
{
    bool known;
    struct text word =
        outcome(&expectation->result->admission, expected->key, &known);

    if (known)
        return set_word(expectation, expected, word);
    if (text_is(expected->key, "warnings"))
        return set_warnings(expectation, expected);
    buf_add_string(finding_at(expectation, expected), "unknown key '");
    words_outside(&expectation->result->findings,
                  text_clip(expected->key, 100));
    buf_add_string(&expectation->result->findings,
                   "' (there are decision, reason, policy and warnings)\n");
    return true;
}

/* What is expected of a case that says nothing: all there is to say. */
static bool set_all(struct expectation *expectation)
{
    static const char *const keys[] = { "decision", "reason", "policy",
                                        "warnings" };
    struct arena *arena = expectation->result->arena;

    for (size_t i = 0; i < array_len(keys); i++) {
        struct json *member = arena_new(arena, struct json);

        if (!member)
            return false;
        member->key = text_of(keys[i]);
        if (text_is(member->key, "warnings"))
            member->type = JSON_ARRAY;
        if (!set_member(expectation, member))
            return false;
    }
    return true;
}

/* expect.yaml beside the input. */
static const char *expect_path(const struct testcase_result *result)
{
    const char *input = result->testcase->input;
    struct buf path = { .arena = result->arena };

    buf_add(&path, input, (size_t)(testcase_file_name(input) - input));
    buf_add_string(&path, "expect.yaml");
    return path.failed ? NULL : path.data;
}

static bool add_expectation(struct expectation *expectation, struct error *err)
{
    const char *path = expect_path(expectation->result);
    auto_buf struct buf none = { 0 }, got = { 0 };

    if (!path || !set_all(expectation))
        return error_no_memory(err);
    return yaml_write(&got, expectation->actual, err) &&
           testcase_differs(expectation->result, path,
                            "nothing is expected (add expect.yaml, "
                            "patch.json or object.yaml)",
                            &none, &got, buf_text(&got), err);
}

bool testcase_compare_expect(struct testcase_result *result,
                             const struct json *root, struct error *err)
{
    struct expectation expectation = { result, json_object(result->arena),
                                       false, true };
    auto_buf struct buf wanted = { 0 }, got = { 0 };

    if (!expectation.actual)
        return error_no_memory(err);
    if (!root)
        return add_expectation(&expectation, err);
    if (root->type != JSON_OBJECT || !root->child) {
        buf_printf(&result->findings,
                   "%s: expects nothing (give decision, reason, policy or "
                   "warnings)\n",
                   testcase_file_name(result->testcase->expect));
        return true;
    }
    for (const struct json *m = root->child; m; m = m->next) {
        if (!set_member(&expectation, m))
            return error_no_memory(err);
    }
    if (expectation.malformed || expectation.same)
        return true;
    return yaml_write(&wanted, root, err) &&
           yaml_write(&got, expectation.actual, err) &&
           testcase_differs(result, result->testcase->expect,
                            "the outcome is another", &wanted, &got,
                            buf_text(&got), err);
}
