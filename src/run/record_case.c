/* record_case.c - see record_case.h for the contract. */
#include "spillway/record_case.h"

#include <string.h>

#include "spillway/arena.h"
#include "spillway/buf.h"
#include "spillway/json.h"
#include "spillway/policy.h"
#include "spillway/yaml.h"

struct record_decision record_decision_of(const struct admission *admission)
{
    struct record_decision decision = {
        .policy = admission->policy,
        .decision = admission->decision,
        .reason = admission->reason,
        .n_warnings = admission->n_warnings,
    };

    memcpy(decision.warnings, admission->warnings, sizeof(decision.warnings));
    return decision;
}

bool record_case_is_faithful(const struct record_decision *decision,
                             const struct policy_set *set, struct text redacted,
                             struct arena *arena, struct error *err)
{
    struct admission again = { 0 };

    if (!admit(set, redacted, arena, &again, err))
        return error_wrap(err, "redacted");
    if (again.decision != decision->decision ||
        again.reason != decision->reason || again.policy != decision->policy ||
        again.n_warnings != decision->n_warnings)
        return error_set(err, ERROR_INVALID,
                         "redacted, it would be decided in another way");
    for (size_t i = 0; i < again.n_warnings; i++) {
        if (strcmp(again.warnings[i].text, decision->warnings[i].text) != 0)
            return error_set(err, ERROR_INVALID,
                             "redacted, it would be warned of in another way");
    }
    return true;
}

/* Those that were sent. */
static struct json *warnings_of(const struct record_decision *decision,
                                struct arena *arena)
{
    struct json *list = json_array(arena);
    bool sent = decision->decision == DECISION_MUTATED ||
                decision->decision == DECISION_UNCHANGED;

    for (size_t i = 0; list && sent && i < decision->n_warnings; i++) {
        if (!json_append(list, json_string_new(
                                   arena, text_of(decision->warnings[i].text))))
            return NULL;
    }
    return list;
}

static bool set_word(struct json *object, const char *key, struct text word,
                     struct arena *arena)
{
    return json_set(object, text_of(key), json_string_new(arena, word));
}

bool record_case_expect(const struct record_decision *decision, bool is_shadow,
                        struct arena *arena, struct buf *out, struct error *err)
{
    struct json *expect = json_object(arena);
    bool whole = !is_shadow;

    if (!expect ||
        (whole &&
         !set_word(expect, "decision",
                   text_of(decision_name(decision->decision)), arena)) ||
        !set_word(expect, "reason", text_of(reason_name(decision->reason)),
                  arena) ||
        (decision->policy &&
         !set_word(expect, "policy", decision->policy->name, arena)) ||
        (whole &&
         !json_set(expect, text_of("warnings"), warnings_of(decision, arena))))
        return error_no_memory(err);
    return yaml_write(out, expect, err);
}
