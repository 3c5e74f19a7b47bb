/*
 * json_classify.h - which of 64 bytes mean something in JSON; only json_skip.c
 * uses it.
 *
 * Every processor gets the instructions that it has for certain, and those of
 * AVX2 where they are found at run time.  (AVX-512 was not faster.)  The
 * functions are inlined into a loop that is compiled once for each.
 */
#ifndef SPILLWAY_JSON_CLASSIFY_H
#define SPILLWAY_JSON_CLASSIFY_H

#include <stdint.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif
#ifdef __aarch64__
#include <arm_neon.h>
#endif

#define ALWAYS_INLINE inline __attribute__((always_inline))

enum { BLOCK = 64 };

/* Which bytes of a block are what; bit 0 is the first. */
struct masks {
    uint64_t quote, backslash;
    uint64_t strange;     /* control characters, and bytes beyond ASCII */
    uint64_t open, close; /* of both kinds */
    uint64_t brace;       /* tells the kinds apart, where there is one */
    uint64_t comma, colon;
};

typedef void classify_function(const char *at, struct masks *masks);
typedef uint64_t sum_function(uint64_t bits);

/* Bit i becomes the parity of bits 0 to i. */
static ALWAYS_INLINE uint64_t sum_portable(uint64_t bits)
{
    for (unsigned i = 1; i < 64; i *= 2)
        bits ^= bits << i;
    return bits;
}

/* --- everywhere -------------------------------------------------------- */

/* Bit i is set when byte i of the word has its top bit set; `tops` holds
 * nothing but top bits. */
static ALWAYS_INLINE uint64_t gather(uint64_t tops)
{
    return ((tops >> 7) * 0x0102040810204080) >> 56;
}

/* The bytes of `word` that are `byte`, both below 0x80 where it matters. */
static ALWAYS_INLINE uint64_t equal_bytes(uint64_t word, char byte)
{
    const uint64_t low = 0x7F7F7F7F7F7F7F7F;
    uint64_t x = word ^ ((uint64_t)(unsigned char)byte * 0x0101010101010101);

    /* No borrow or carry crosses a byte, so each is told rightly. */
    return gather(~(((x & low) + low) | x) & ~low);
}

static ALWAYS_INLINE uint64_t load_word(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? word
                                                     : __builtin_bswap64(word);
}

static ALWAYS_INLINE void classify_portable(const char *at, struct masks *masks)
{
    const uint64_t case_bit = 0x2020202020202020, tops = 0x8080808080808080;

    *masks = (struct masks){ 0 };
    for (unsigned i = 0; i < BLOCK; i += 8) {
        uint64_t word = load_word(at + i), folded = word | case_bit;
        /* Of the three top bits ASCII text has one of the lower two. */
        uint64_t visible = (word & 0x6060606060606060) + 0x6060606060606060;

        masks->quote |= equal_bytes(word, '"') << i;
        masks->backslash |= equal_bytes(word, '\\') << i;
        masks->strange |= gather((~visible | word) & tops) << i;
        masks->open |= equal_bytes(folded, '{') << i;
        masks->close |= equal_bytes(folded, '}') << i;
        masks->brace |= gather((word << 2) & tops) << i;
        masks->comma |= equal_bytes(word, ',') << i;
        masks->colon |= equal_bytes(word, ':') << i;
    }
}

/* --- x86-64 ------------------------------------------------------------ */

#ifdef __x86_64__
#define AVX2_TARGET __attribute__((target("avx2,bmi,pclmul")))

static ALWAYS_INLINE uint64_t equal_sse2(const __m128i part[4], char byte)
{
    const __m128i wanted = _mm_set1_epi8(byte);
    uint64_t mask = 0;

    for (unsigned i = 0; i < 4; i++)
        mask |= (uint64_t)(unsigned)_mm_movemask_epi8(
                    _mm_cmpeq_epi8(part[i], wanted))
                << (16 * i);
    return mask;
}

static ALWAYS_INLINE uint64_t tops_sse2(const __m128i part[4])
{
    uint64_t mask = 0;

    for (unsigned i = 0; i < 4; i++)
        mask |= (uint64_t)(unsigned)_mm_movemask_epi8(part[i]) << (16 * i);
    return mask;
}

static ALWAYS_INLINE void classify_sse2(const char *at, struct masks *masks)
{
    __m128i part[4], folded[4], moved[4], strange[4];

    for (unsigned i = 0; i < 4; i++) {
        part[i] = _mm_loadu_si128((const __m128i *)(const void *)at + i);
        folded[i] = _mm_or_si128(part[i], _mm_set1_epi8(0x20));
        moved[i] = _mm_slli_epi16(part[i], 2);
        /* Signed, so bytes beyond ASCII are below, too. */
        strange[i] = _mm_cmplt_epi8(part[i], _mm_set1_epi8(0x20));
    }
    masks->quote = equal_sse2(part, '"');
    masks->backslash = equal_sse2(part, '\\');
    masks->strange = tops_sse2(strange);
    masks->open = equal_sse2(folded, '{');
    masks->close = equal_sse2(folded, '}');
    masks->brace = tops_sse2(moved);
    masks->comma = equal_sse2(part, ',');
    masks->colon = equal_sse2(part, ':');
}

static AVX2_TARGET ALWAYS_INLINE uint64_t sum_pclmul(uint64_t bits)
{
    const __m128i ones = _mm_set1_epi8((char)0xFF);
    __m128i product =
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)bits), ones, 0);

    return (uint64_t)_mm_cvtsi128_si64(product);
}

static AVX2_TARGET ALWAYS_INLINE uint64_t join_avx2(__m256i a, __m256i b)
{
    return (uint64_t)(unsigned)_mm256_movemask_epi8(a) |
           (uint64_t)(unsigned)_mm256_movemask_epi8(b) << 32;
}

static AVX2_TARGET ALWAYS_INLINE uint64_t equal_avx2(__m256i a, __m256i b,
                                                     char byte)
{
    const __m256i wanted = _mm256_set1_epi8(byte);

    return join_avx2(_mm256_cmpeq_epi8(a, wanted),
                     _mm256_cmpeq_epi8(b, wanted));
}

static AVX2_TARGET ALWAYS_INLINE void classify_avx2(const char *at,
                                                    struct masks *masks)
{
    const __m256i space = _mm256_set1_epi8(0x20);
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)at);
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)at + 1);
    __m256i folded_a = _mm256_or_si256(a, space);
    __m256i folded_b = _mm256_or_si256(b, space);

    masks->quote = equal_avx2(a, b, '"');
    masks->backslash = equal_avx2(a, b, '\\');
    masks->strange =
        join_avx2(_mm256_cmpgt_epi8(space, a), _mm256_cmpgt_epi8(space, b));
    masks->open = equal_avx2(folded_a, folded_b, '{');
    masks->close = equal_avx2(folded_a, folded_b, '}');
    masks->brace = join_avx2(_mm256_slli_epi16(a, 2), _mm256_slli_epi16(b, 2));
    masks->comma = equal_avx2(a, b, ',');
    masks->colon = equal_avx2(a, b, ':');
}

#endif

/* --- AArch64 ------------------------------------------------------------ */

#ifdef __aarch64__
static ALWAYS_INLINE uint64_t join_neon(const uint8x16_t part[4])
{
    static const uint8_t weights[16] = { 1, 2, 4, 8, 16, 32, 64, 128,
                                         1, 2, 4, 8, 16, 32, 64, 128 };
    const uint8x16_t weight = vld1q_u8(weights);
    uint8x16_t low =
        vpaddq_u8(vandq_u8(part[0], weight), vandq_u8(part[1], weight));
    uint8x16_t high =
        vpaddq_u8(vandq_u8(part[2], weight), vandq_u8(part[3], weight));
    uint8x16_t sum = vpaddq_u8(low, high);

    sum = vpaddq_u8(sum, sum);
    return vgetq_lane_u64(vreinterpretq_u64_u8(sum), 0);
}

static ALWAYS_INLINE uint64_t equal_neon(const uint8x16_t part[4], char byte)
{
    const uint8x16_t wanted = vdupq_n_u8((uint8_t)byte);
    uint8x16_t found[4];

    for (unsigned i = 0; i < 4; i++)
        found[i] = vceqq_u8(part[i], wanted);
    return join_neon(found);
}

static ALWAYS_INLINE void classify_neon(const char *at, struct masks *masks)
{
    const uint8x16_t space = vdupq_n_u8(0x20);
    uint8x16_t part[4], folded[4], bit[4], strange[4];

    for (unsigned i = 0; i < 4; i++) {
        part[i] = vld1q_u8((const uint8_t *)at + 16 * (size_t)i);
        folded[i] = vorrq_u8(part[i], space);
        bit[i] = vtstq_u8(part[i], space);
        /* Signed, so bytes beyond ASCII are below a space, too. */
        strange[i] =
            vcltq_s8(vreinterpretq_s8_u8(part[i]), vreinterpretq_s8_u8(space));
    }
    masks->quote = equal_neon(part, '"');
    masks->backslash = equal_neon(part, '\\');
    masks->strange = join_neon(strange);
    masks->open = equal_neon(folded, '{');
    masks->close = equal_neon(folded, '}');
    masks->brace = join_neon(bit);
    masks->comma = equal_neon(part, ',');
    masks->colon = equal_neon(part, ':');
}
#endif

#endif
