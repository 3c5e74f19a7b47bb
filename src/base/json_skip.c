/*
 * json_skip.c - see json_skip.h for the contract.
 *
 * A block of 64 bytes becomes masks, one bit for each byte.  Quotes that are
 * not escaped, summed from the left, tell what is inside of strings (as in
 * Langdale and Lemire, "Parsing Gigabytes of JSON per Second", 2019).  What
 * may follow what is then a matter of shifting masks by one.  Only brackets are
 * gone through one by one, to know for what stands between them whether that is
 * in an object; an empty pair of them is like a scalar.
 */
#include "spillway/json_skip.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#include "spillway/json.h"
#include "spillway/json_classify.h"
#include "spillway/json_scan.h"
#include "spillway/macros.h"
#include "spillway/text.h"

enum {
    STEP = 63,    /* the last byte of a block is the first of the next */
    DEEPEST = 62, /* containers in one word; what is deeper is not skipped */
};

/* What is known before a block. */
struct state {
    uint64_t kinds;     /* of the open containers: the innermost in bit 0, 1 for
                           an object; before the outermost a 1 */
    uint64_t too_deep;  /* as many containers as may be */
    uint64_t escaped;   /* 1 when the first byte is */
    uint64_t in_string; /* all ones when the first byte is in a string */
    uint64_t in_name;   /* 1 when it is of one that may be a member's name */
    const char *low_surrogate; /* one that is part of a pair */
    const char *utf8;          /* the end of what was looked at */
};

/* --- bytes that need a closer look ------------------------------------- */

static ALWAYS_INLINE bool is_end(char c)
{
    return c == ',' || c == '}' || c == ']';
}

/* One number or word, which must end where the next token begins. */
static __attribute__((noinline)) bool is_scalar(const char *at, const char *end)
{
    struct error ignored = { 0 };
    struct json_scan scan = { at, at, end, 0, NULL, &ignored };

    return json_scan_value(&scan) && scan.at < end && is_end(*scan.at);
}

/* The same for what there is most of: small numbers and words. */
static ALWAYS_INLINE bool is_short_scalar(const char *at, const char *end)
{
    const char *first = at;

    if (end - at < 8)
        return false;
    if (memcmp(at, "true", 4) == 0 || memcmp(at, "null", 4) == 0)
        return is_end(at[4]);
    if (memcmp(at, "false", 5) == 0)
        return is_end(at[5]);
    while (at < first + 7 && *at >= '0' && *at <= '9')
        at++;
    return is_end(*at) && at > first && (*first != '0' || at == first + 1);
}

/* The character that is escaped by `u`, at `at`. */
static __attribute__((noinline)) bool
is_unicode(struct state *state, const char *at, const char *end)
{
    int unit = json_scan_hex4(at + 1, end), low;

    if (unit >= 0xDC00 && unit <= 0xDFFF)
        return at == state->low_surrogate;
    if (unit < 0xD800 || unit > 0xDBFF)
        return unit >= 0;
    low = end - at > 7 && at[5] == '\\' && at[6] == 'u'
              ? json_scan_hex4(at + 7, end)
              : -1;
    state->low_surrogate = at + 6;
    return low >= 0xDC00 && low <= 0xDFFF;
}

static ALWAYS_INLINE bool are_escapes(struct state *state, uint64_t escaped,
                                      const char *at, const char *end)
{
    static const bool simple[256] = {
        ['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true,
        ['f'] = true, ['n'] = true,  ['r'] = true, ['t'] = true,
    };

    for (; escaped; escaped &= escaped - 1) {
        const char *c = at + __builtin_ctzll(escaped);

        if (!simple[(unsigned char)*c] &&
            (*c != 'u' || !is_unicode(state, c, end)))
            return false;
    }
    return true;
}

static ALWAYS_INLINE bool are_scalars(uint64_t starts, const char *at,
                                      const char *end)
{
    for (; starts; starts &= starts - 1) {
        const char *first = at + __builtin_ctzll(starts);

        if (!is_short_scalar(first, end) && !is_scalar(first, end))
            return false;
    }
    return true;
}

/* Strange bytes are UTF-8 in strings; elsewhere they are no scalar. */
static ALWAYS_INLINE bool are_utf8(struct state *state, uint64_t strange,
                                   const char *at, const char *end)
{
    for (; strange; strange &= strange - 1) {
        const char *first = at + __builtin_ctzll(strange);
        size_t len;

        if (first < state->utf8)
            continue;
        len = text_utf8_sequence(first, (size_t)(end - first));
        if (len < 2)
            return false;
        state->utf8 = first + len;
    }
    return true;
}

/* --- one block --------------------------------------------------------- */

/* The bytes that a backslash escapes. */
static ALWAYS_INLINE uint64_t find_escaped(const struct state *state,
                                           uint64_t backslash)
{
    const uint64_t even = 0x5555555555555555;
    uint64_t follows, odd_starts;

    if (!backslash)
        return state->escaped;
    /* A run of backslashes escapes every second byte from its start. */
    backslash &= ~state->escaped;
    follows = backslash << 1 | state->escaped;
    odd_starts = backslash & ~even & ~follows;
    return (even ^ ((odd_starts + backslash) << 1)) & follows;
}

/* The closing quotes of the strings that may be names: a sum runs from an
 * opening quote to the byte behind the string. */
static ALWAYS_INLINE uint64_t end_names(struct state *state, uint64_t opening,
                                        uint64_t in_string, uint64_t closing)
{
    unsigned long long sum;
    bool a = __builtin_uaddll_overflow(in_string, opening, &sum);
    bool b = __builtin_uaddll_overflow(sum, state->in_name, &sum);

    /* Of the string, if any, that has the last byte. */
    state->in_name = a | b | (sum & closing) >> STEP;
    return sum & closing;
}

/* What may only stand in an object, and only in an array. */
struct places {
    uint64_t in_object, in_array;
};

static ALWAYS_INLINE uint64_t misplaced(const struct places *places,
                                        uint64_t kinds, uint64_t segment)
{
    return ((kinds & 1) ? places->in_array : places->in_object) & segment;
}

/*
 * Go through the brackets.  Returns the bytes that are wrong; of *live, those
 * that are in the text, it leaves what belongs to the container.
 */
static ALWAYS_INLINE uint64_t walk(struct state *state, const struct masks *m,
                                   const struct places *places, uint64_t *live)
{
    const uint64_t known = 1; /* the first byte was the last block's */
    /* An empty pair of the same kind in this block is like any other value. */
    uint64_t empty = m->open & (m->close >> 1) & ~(m->brace ^ (m->brace >> 1)) &
                     INT64_MAX & ~known;
    uint64_t open = m->open & ~empty;
    uint64_t brackets = (open | (m->close & ~(empty << 1))) & ~known;
    uint64_t kinds = state->kinds, wrong = 0, rest = ~known;

    *live &= ~known;
    for (; brackets; brackets &= brackets - 1) {
        uint64_t up_to = brackets ^ (brackets - 1);
        uint64_t bit = brackets & -brackets;
        bool is_object = m->brace & bit;

        wrong |= misplaced(places, kinds, rest & up_to);
        rest = ~up_to;
        if (open & bit) {
            if (kinds >= state->too_deep)
                return ~(uint64_t)0;
            kinds = kinds << 1 | is_object;
            continue;
        }
        if ((kinds & 1) != is_object)
            return ~(uint64_t)0;
        kinds >>= 1;
        if (kinds == 1) {
            *live &= up_to;
            state->kinds = kinds;
            return wrong;
        }
    }
    state->kinds = kinds;
    return wrong | misplaced(places, kinds, rest);
}

/* Look at the 64 bytes at `block`, which stand at `at` in the text; the first
 * of them is known.  False when something may be wrong; *live as in walk(). */
static ALWAYS_INLINE bool skip_block(struct state *state, const char *block,
                                     const char *at, const char *end,
                                     classify_function *classify,
                                     sum_function *sum, uint64_t *live)
{
    uint64_t escaped, in_string, outside, opening, closing, scalar, wrong;
    uint64_t after_name, before_name, start;
    struct places places;
    struct masks m;

    classify(block, &m);
    escaped = find_escaped(state, m.backslash);
    state->escaped = escaped >> STEP;
    m.quote &= ~escaped;
    in_string = sum(m.quote) ^ state->in_string;
    state->in_string = -(in_string >> (STEP - 1) & 1);
    opening = m.quote & in_string;
    closing = m.quote & ~in_string;
    outside = ~(in_string | m.quote);
    m.open &= outside;
    m.close &= outside;
    m.comma &= outside;
    m.colon &= outside;
    scalar = outside & ~(m.open | m.close | m.comma | m.colon);
    start = opening | m.open | (scalar & ~(scalar << 1));
    before_name = ((m.open & m.brace) | m.comma) << 1;
    after_name = end_names(state, opening & before_name, in_string, closing)
                 << 1;

    /* What may follow what. */
    wrong = start & ~((m.open | m.comma | m.colon) << 1);
    wrong |= m.colon & ~after_name;
    wrong |= m.comma & ~((closing | m.close | scalar) << 1);
    wrong |= m.close & ~((closing | m.close | scalar | m.open) << 1);
    places.in_object = m.colon;
    places.in_array =
        (after_name & ~m.colon) | (start & ~opening & before_name);
    wrong |= walk(state, &m, &places, live);
    return !(wrong & *live) && are_escapes(state, escaped & *live, at, end) &&
           are_scalars(scalar & start & *live, at, end) &&
           are_utf8(state, m.strange & *live, at, end);
}

static ALWAYS_INLINE const char *skip(const char *at, const char *end,
                                      unsigned room, const char **stuck,
                                      classify_function *classify,
                                      sum_function *sum)
{
    struct state state;
    char padded[BLOCK];
    uint64_t live;

    *stuck = at + 1;
    if (room < 2)
        return NULL;
    /* Room is left for an empty container in the innermost. */
    state = (struct state){
        .kinds = 2 | (*at == '{'),
        .too_deep = (uint64_t)1 << (room < DEEPEST ? room - 1 : DEEPEST - 1),
        .utf8 = at,
    };
    for (; at < end; at += STEP) {
        const char *block = at;
        uint64_t within = ~(uint64_t)0;

        if (end - at < BLOCK) {
            memset(padded, ' ', sizeof(padded));
            memcpy(padded, at, (size_t)(end - at));
            block = padded;
            within = ((uint64_t)1 << (end - at)) - 1;
        }
        live = within;
        if (!skip_block(&state, block, at, end, classify, sum, &live))
            break;
        if (state.kinds == 1)
            return at + BLOCK - __builtin_clzll(live);
    }
    *stuck = end - at < BLOCK ? end : at + BLOCK;
    return NULL;
}

/* --- for each processor ------------------------------------------------ */

static const char *skip_portable(const char *at, const char *end, unsigned room,
                                 const char **stuck)
{
    return skip(at, end, room, stuck, classify_portable, sum_portable);
}

static bool is_always(void)
{
    return true;
}

#ifdef __x86_64__
static const char *skip_sse2(const char *at, const char *end, unsigned room,
                             const char **stuck)
{
    return skip(at, end, room, stuck, classify_sse2, sum_portable);
}

static AVX2_TARGET const char *skip_avx2(const char *at, const char *end,
                                         unsigned room, const char **stuck)
{
    return skip(at, end, room, stuck, classify_avx2, sum_pclmul);
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("pclmul");
}
#endif

#ifdef __aarch64__
static const char *skip_neon(const char *at, const char *end, unsigned room,
                             const char **stuck)
{
    return skip(at, end, room, stuck, classify_neon, sum_portable);
}
#endif

/* --- which one --------------------------------------------------------- */

const struct json_skipper json_skippers[] = {
#ifdef __x86_64__
    { "avx2", has_avx2, skip_avx2 },
    { "sse2", is_always, skip_sse2 },
#endif
#ifdef __aarch64__
    { "neon", is_always, skip_neon },
#endif
    { "portable", is_always, skip_portable },
};
const size_t json_n_skippers = array_len(json_skippers);

const char *json_skip(const char *at, const char *end, unsigned room,
                      const char **stuck)
{
    static _Atomic(json_skip_function *) best;
    json_skip_function *function =
        atomic_load_explicit(&best, memory_order_relaxed);

    for (size_t i = 0; !function; i++) {
        if (!json_skippers[i].is_supported())
            continue;
        function = json_skippers[i].run;
        atomic_store_explicit(&best, function, memory_order_relaxed);
    }
    return function(at, end, room, stuck);
}
