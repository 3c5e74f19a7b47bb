/* body.c - see body.h for the contract. */
#include "spillway/body.h"

#include "spillway/metrics.h"

enum {
    FIRST_RESERVE = 64 * 1024, /* memory beyond this is taken as bytes come */
};

/* Note what the buffer holds by now.  False when that is too much. */
static bool account(struct body *body, struct inflight *inflight)
{
    size_t more = body->bytes.capacity - body->held;
    size_t before;

    if (more == 0)
        return true;
    body->held += more;
    before =
        atomic_fetch_add_explicit(&inflight->held, more, memory_order_relaxed);
    metrics_inflight_bytes((long long)more);
    return more <= inflight->limit && before <= inflight->limit - more;
}

static size_t first_reserve(size_t expected)
{
    return expected < FIRST_RESERVE ? expected : FIRST_RESERVE;
}

bool body_fits(const struct inflight *inflight, size_t expected,
               bool is_chunked)
{
    size_t held = atomic_load_explicit(&inflight->held, memory_order_relaxed);
    size_t need = is_chunked ? first_reserve(expected) : expected;

    return held <= inflight->limit && need <= inflight->limit - held;
}

bool body_begin(struct body *body, struct inflight *inflight, size_t expected,
                bool is_chunked)
{
    body->expected = expected;
    if (!body_fits(inflight, expected, is_chunked))
        return false;
    (void)buf_reserve_exactly(&body->bytes, first_reserve(expected));
    return account(body, inflight);
}

bool body_add(struct body *body, struct inflight *inflight, const char *data,
              size_t size)
{
    struct buf *bytes = &body->bytes;

    /* Twice as much each time, but never more than will come. */
    if (size + 1 > bytes->capacity - bytes->len) {
        size_t twice = bytes->capacity * 2, need = bytes->len + size;
        size_t goal = twice < body->expected ? twice : body->expected;

        (void)buf_reserve_exactly(bytes,
                                  (goal > need ? goal : need) - bytes->len);
        if (!account(body, inflight)) {
            body_done(body, inflight);
            return false;
        }
    }
    buf_add(bytes, data, size);
    return true;
}

void body_done(struct body *body, struct inflight *inflight)
{
    buf_done(&body->bytes);
    atomic_fetch_sub_explicit(&inflight->held, body->held,
                              memory_order_relaxed);
    metrics_inflight_bytes(-(long long)body->held);
    body->held = 0;
}
