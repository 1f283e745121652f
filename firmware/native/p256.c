// P-256 for boards: multiplication of a point, and ECDSA (FIPS 186-5 6.4) but for hash and nonce.
//
// Numbers are 8 words of 32 bits, lowest first, in Montgomery form where that is said; octets are
// big-endian. Points are projective (X : Y : Z), the one at infinity is (0 : 1 : 0), and they are
// added by formulas without exceptions (Renes, Costello, Batina 2016, algorithm 4, a = -3), which
// double as well. So nothing here branches on a secret or looks it up, but in p256_verify, which
// has none. What is secret is a private key, a nonce, and what is made of them. Not constant-time
// is a processor that multiplies small numbers sooner (Cortex-M3), and what calls this in Python.
//
// Callers check lengths, ranges (1..n-1 for keys, nonces and signatures) and that points are on
// the curve. All large memory is the caller's: a board has little stack.
#include "p256.h"

#define WORDS 8
#define POINT (3 * WORDS)
#define TABLE 16
// Once in the code: a board has little flash, too.
#define ALONE __attribute__((noinline))

typedef struct {
    uint32_t m[WORDS]; // a prime
    uint32_t r2[WORDS]; // 2^512 modulo it
    uint32_t n0; // -1/m modulo 2^32
} prime_t;

static const prime_t P = {
    {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0x00000000,
     0x00000000, 0x00000000, 0x00000001, 0xFFFFFFFF},
    {0x00000003, 0x00000000, 0xFFFFFFFF, 0xFFFFFFFB,
     0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0x00000004},
    0x00000001,
};

static const prime_t N = {
    {0xFC632551, 0xF3B9CAC2, 0xA7179E84, 0xBCE6FAAD,
     0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0xFFFFFFFF},
    {0xBE79EEA2, 0x83244C95, 0x49BD6FA6, 0x4699799C,
     0x2B6BEC59, 0x2845B239, 0xF3D95620, 0x66E12D94},
    0xEE00BC4F,
};

// Modulo p in Montgomery form: b of the curve, and the base point with Z = 1.
static const uint32_t B[WORDS] = {
    0x29C4BDDF, 0xD89CDF62, 0x78843090, 0xACF005CD,
    0xF7212ED6, 0xE5A220AB, 0x04874834, 0xDC30061D,
};
static const uint32_t G[POINT] = {
    0x18A9143C, 0x79E730D4, 0x5FEDB601, 0x75BA95FC,
    0x77622510, 0x79FB732B, 0xA53755C6, 0x18905F76,
    0xCE95560A, 0xDDF25357, 0xBA19E45C, 0x8B4AB8E4,
    0xDD21F325, 0xD2E88688, 0x25885D85, 0x8571FF18,
    0x00000001, 0x00000000, 0x00000000, 0xFFFFFFFF,
    0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0x00000000,
};
// 2^64, 2^128 and 2^192 times the base point, without Z, which is 1.
#define TEETH 4
static const uint32_t G_FAR[TEETH - 1][2 * WORDS] = {
    {0x16A0D2BB, 0x4F922FC5, 0x1A623499, 0x0D5CC16C,
     0x57C62C8B, 0x9241CF3A, 0xFD1B667F, 0x2F5E6961,
     0xF5A01797, 0x5C15C70B, 0x60956192, 0x3D20B44D,
     0x071FDB52, 0x04911B37, 0x8D6F0F7B, 0xF648F916},
    {0xBFE20925, 0x62A8C244, 0x8FDCE867, 0x91C19AC3,
     0xDD387063, 0x5A96A5D5, 0x21D324F6, 0x61D587D4,
     0xA37173EA, 0xE87673A2, 0x53778B65, 0x23848008,
     0x05BAB43E, 0x10F8441E, 0x4621EFBE, 0xFA11FE12},
    {0xF4F8B16A, 0x56F8410E, 0xC47B266A, 0x97241AFE,
     0x6D9C87C1, 0x0A406B8E, 0xCD42AB1B, 0x803F3E02,
     0x04DBEC69, 0x7F0309A8, 0x3BBAD05F, 0xA83B85F7,
     0xAD8E197F, 0xC6097273, 0x5067ADC1, 0xC097440E},
};

// --- Words ---------------------------------------------------------------------------------------

static inline uint64_t product(uint32_t a, uint32_t b) {
    #if defined(__ARM_ARCH_6M__)
    // This processor multiplies to 32 bits; the compiler would call a library for 64.
    uint32_t al = a & 0xFFFF, ah = a >> 16, bl = b & 0xFFFF, bh = b >> 16;
    uint32_t low = al * bl;
    uint32_t cross = al * bh + (low >> 16);
    uint32_t other = ah * bl + (cross & 0xFFFF);
    uint32_t high = ah * bh + (cross >> 16) + (other >> 16);
    return (uint64_t)high << 32 | (other << 16 | (low & 0xFFFF));
    #else
    return (uint64_t)a * b;
    #endif
}

static void copy(uint32_t *out, const uint32_t *a, int words) {
    for (int i = 0; i < words; i++) {
        out[i] = a[i];
    }
}

static void clear(uint32_t *out, int words) {
    for (int i = 0; i < words; i++) {
        out[i] = 0;
    }
}

// out = a - b, and whether that was borrowed for.
ALONE static uint32_t subtract(uint32_t *out, const uint32_t *a, const uint32_t *b) {
    int64_t d = 0;
    #pragma GCC unroll 8
    for (int i = 0; i < WORDS; i++) {
        d += (int64_t)a[i] - b[i];
        out[i] = (uint32_t)d;
        d >>= 32;
    }
    return (uint32_t)d & 1;
}

// out = a + (b or 0), and what is carried.
ALONE static uint32_t add_if(uint32_t *out, const uint32_t *a, const uint32_t *b, uint32_t yes) {
    uint64_t s = 0;
    #pragma GCC unroll 8
    for (int i = 0; i < WORDS; i++) {
        s += (uint64_t)a[i] + (b[i] & -yes);
        out[i] = (uint32_t)s;
        s >>= 32;
    }
    return (uint32_t)s;
}

// a less m unless it is less already; `top` is its word above the others.
static void once_less(uint32_t *a, uint32_t top, const prime_t *prime) {
    uint32_t borrow = subtract(a, a, prime->m);
    add_if(a, a, prime->m, borrow & ~top & 1);
}

ALONE static void plus(uint32_t *out, const uint32_t *a, const uint32_t *b, const prime_t *prime) {
    uint32_t carry = add_if(out, a, b, 1);
    once_less(out, carry, prime);
}

ALONE static void minus(uint32_t *out, const uint32_t *a, const uint32_t *b, const prime_t *prime) {
    uint32_t borrow = subtract(out, a, b);
    add_if(out, out, prime->m, borrow);
}

// t, of 10 words, less its lowest word by adding the prime so often; then the others move down.
static inline void reduce(uint32_t *t, const prime_t *prime) {
    uint32_t f = t[0] * prime->n0;
    uint64_t s = product(f, prime->m[0]) + t[0];
    for (int j = 1; j < WORDS; j++) {
        s = product(f, prime->m[j]) + t[j] + (s >> 32);
        t[j - 1] = (uint32_t)s;
    }
    s = (uint64_t)t[WORDS] + (s >> 32);
    t[WORDS - 1] = (uint32_t)s;
    t[WORDS] = t[WORDS + 1] + (uint32_t)(s >> 32);
}

// The same for p, which is 2^256 - 2^224 + 2^192 + 2^96 - 1, without a multiplication.
static inline void reduce_p(uint32_t *t) {
    uint32_t f = t[0];
    uint64_t high = ((uint64_t)f << 32) - f; // f times 2^256 - 2^224, from word 7 on
    t[0] = t[1];
    t[1] = t[2];
    uint64_t s = (uint64_t)t[3] + f;
    t[2] = (uint32_t)s;
    s = (uint64_t)t[4] + (s >> 32);
    t[3] = (uint32_t)s;
    s = (uint64_t)t[5] + (s >> 32);
    t[4] = (uint32_t)s;
    s = (uint64_t)t[6] + f + (s >> 32);
    t[5] = (uint32_t)s;
    s = (uint64_t)t[7] + (uint32_t)high + (s >> 32);
    t[6] = (uint32_t)s;
    s = (uint64_t)t[8] + (high >> 32) + (s >> 32);
    t[7] = (uint32_t)s;
    t[8] = t[9] + (uint32_t)(s >> 32);
}

// out = a * b / 2^256 modulo the prime: less than it where a or b is, both being below 2^256.
ALONE static void times(uint32_t *out, const uint32_t *a, const uint32_t *b, const prime_t *prime) {
    uint32_t t[WORDS + 2];
    clear(t, WORDS + 2);
    for (int i = 0; i < WORDS; i++) {
        uint64_t s = 0;
        #pragma GCC unroll 8
        for (int j = 0; j < WORDS; j++) {
            s = product(a[j], b[i]) + t[j] + (s >> 32);
            t[j] = (uint32_t)s;
        }
        s = (uint64_t)t[WORDS] + (s >> 32);
        t[WORDS] = (uint32_t)s;
        t[WORDS + 1] = (uint32_t)(s >> 32);
        if (prime == &P) {
            reduce_p(t);
        } else {
            reduce(t, prime);
        }
    }
    once_less(t, t[WORDS], prime);
    copy(out, t, WORDS);
}

static void into_form(uint32_t *a, const prime_t *prime) {
    times(a, a, prime->r2, prime);
}

static void out_of_form(uint32_t *a, const prime_t *prime) {
    uint32_t one[WORDS];
    clear(one, WORDS);
    one[0] = 1;
    times(a, a, one, prime);
}

// 1/a, both in Montgomery form: a to the power of m - 2, whose bits are no secret. out is not a.
static void inverse(uint32_t *out, const uint32_t *a, const prime_t *prime) {
    copy(out, a, WORDS); // the top bit of m - 2 is 1
    for (int bit = 254; bit >= 0; bit--) {
        uint32_t word = prime->m[bit >> 5] - (bit >> 5 ? 0 : 2);
        times(out, out, out, prime);
        if (word >> (bit & 31) & 1) {
            times(out, out, a, prime);
        }
    }
}

static void load(uint32_t *out, const uint8_t *octets) {
    for (int i = 0; i < WORDS; i++) {
        const uint8_t *at = octets + 4 * (WORDS - 1 - i);
        out[i] = (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
    }
}

static void store(uint8_t *octets, const uint32_t *a) {
    for (int i = 0; i < WORDS; i++) {
        uint8_t *at = octets + 4 * (WORDS - 1 - i);
        at[0] = (uint8_t)(a[i] >> 24);
        at[1] = (uint8_t)(a[i] >> 16);
        at[2] = (uint8_t)(a[i] >> 8);
        at[3] = (uint8_t)a[i];
    }
}

// 1 if a is 0, else 0.
static uint32_t is_zero(const uint32_t *a) {
    uint32_t any = 0;
    for (int i = 0; i < WORDS; i++) {
        any |= a[i];
    }
    return 1 ^ ((any | -any) >> 31);
}

// --- Points --------------------------------------------------------------------------------------

// sum = p + q, any of which may be the same; `t` is 8 numbers to work in.
static void add(uint32_t *sum, const uint32_t *p, const uint32_t *q, uint32_t *t) {
    const uint32_t *x1 = p, *y1 = p + WORDS, *z1 = p + 2 * WORDS;
    const uint32_t *x2 = q, *y2 = q + WORDS, *z2 = q + 2 * WORDS;
    uint32_t *t0 = t, *t1 = t + 8, *t2 = t + 16, *t3 = t + 24, *t4 = t + 32;
    uint32_t *x3 = t + 40, *y3 = t + 48, *z3 = t + 56;
    times(t0, x1, x2, &P);
    times(t1, y1, y2, &P);
    times(t2, z1, z2, &P);
    plus(t3, x1, y1, &P);
    plus(t4, x2, y2, &P);
    times(t3, t3, t4, &P);
    plus(t4, t0, t1, &P);
    minus(t3, t3, t4, &P);
    plus(t4, y1, z1, &P);
    plus(x3, y2, z2, &P);
    times(t4, t4, x3, &P);
    plus(x3, t1, t2, &P);
    minus(t4, t4, x3, &P);
    plus(x3, x1, z1, &P);
    plus(y3, x2, z2, &P);
    times(x3, x3, y3, &P);
    plus(y3, t0, t2, &P);
    minus(y3, x3, y3, &P);
    times(z3, B, t2, &P);
    minus(x3, y3, z3, &P);
    plus(z3, x3, x3, &P);
    plus(x3, x3, z3, &P);
    minus(z3, t1, x3, &P);
    plus(x3, t1, x3, &P);
    times(y3, B, y3, &P);
    plus(t1, t2, t2, &P);
    plus(t2, t1, t2, &P);
    minus(y3, y3, t2, &P);
    minus(y3, y3, t0, &P);
    plus(t1, y3, y3, &P);
    plus(y3, t1, y3, &P);
    plus(t1, t0, t0, &P);
    plus(t0, t1, t0, &P);
    minus(t0, t0, t2, &P);
    times(t1, t4, y3, &P);
    times(t2, t0, y3, &P);
    times(y3, x3, z3, &P);
    plus(y3, y3, t2, &P);
    times(x3, t3, x3, &P);
    minus(x3, x3, t1, &P);
    times(z3, t4, z3, &P);
    times(t1, t3, t0, &P);
    plus(z3, z3, t1, &P);
    copy(sum, x3, POINT);
}

static void infinity(uint32_t *point) {
    clear(point, POINT);
    copy(point + WORDS, G + 2 * WORDS, WORDS); // 1
}

static void load_point(uint32_t *out, const uint8_t *octets) {
    load(out, octets);
    load(out + WORDS, octets + 32);
    into_form(out, &P);
    into_form(out + WORDS, &P);
    copy(out + 2 * WORDS, G + 2 * WORDS, WORDS);
}

// Entry `which` of a table, having read all of it.
static void pick(uint32_t *out, const uint32_t *table, uint32_t which) {
    clear(out, POINT);
    for (uint32_t entry = 0; entry < TABLE; entry++) {
        uint32_t other = entry ^ which;
        uint32_t same = 1 ^ ((other | -other) >> 31);
        for (int i = 0; i < POINT; i++) {
            out[i] |= table[entry * POINT + i] & -same;
        }
    }
}

// Memory to work in: the table, then these.
#define SUM (TABLE * POINT)
#define PICKED (SUM + POINT)
#define SCRATCH (PICKED + POINT)
typedef char work_is_large_enough[SCRATCH + 8 * WORDS == P256_WORK_WORDS ? 1 : -1];

// SUM = a times the point whose multiples are in the table, four bits a step; with b it is
// a * Q + b * G, two bits of each a step, where entry 4 * i + j is i * Q + j * G.
static void ladder(const uint8_t *a, const uint8_t *b, uint32_t *work) {
    int width = b ? 2 : 4;
    infinity(work + SUM);
    for (int i = 0; i < 32; i++) {
        for (int shift = 8 - width; shift >= 0; shift -= width) {
            for (int twice = 0; twice < width; twice++) {
                add(work + SUM, work + SUM, work + SUM, work + SCRATCH);
            }
            uint32_t entry = b ? (a[i] >> shift & 3) << 2 | (b[i] >> shift & 3)
                               : a[i] >> shift & 15u;
            pick(work + PICKED, work, entry);
            add(work + SUM, work + SUM, work + PICKED, work + SCRATCH);
        }
    }
}

// Entries `first` to `end` - 1 of the table: each the one `back` before it, plus a point.
static void fill(int first, int end, int back, const uint32_t *point, uint32_t *work) {
    for (int i = first; i < end; i++) {
        add(work + i * POINT, work + (i - back) * POINT, point, work + SCRATCH);
    }
}

// SUM = k times the base point: entry i of the table is the sum of 2^(64 * n) * G for each bit n of
// i, so that 64 steps, of one doubling each, take four bits of k at a time.
static void multiply_base(const uint8_t *k, uint32_t *work) {
    infinity(work);
    copy(work + POINT, G, POINT);
    for (int tooth = 1; tooth < TEETH; tooth++) {
        int first = 1 << tooth;
        uint32_t *point = work + first * POINT;
        copy(point, G_FAR[tooth - 1], 2 * WORDS);
        copy(point + 2 * WORDS, G + 2 * WORDS, WORDS);
        fill(first + 1, 2 * first, first, point, work);
    }
    infinity(work + SUM);
    for (int bit = 63; bit >= 0; bit--) {
        uint32_t entry = 0;
        for (int tooth = 0; tooth < TEETH; tooth++) {
            entry |= (k[31 - 8 * tooth - (bit >> 3)] >> (bit & 7) & 1u) << tooth;
        }
        add(work + SUM, work + SUM, work + SUM, work + SCRATCH);
        pick(work + PICKED, work, entry);
        add(work + SUM, work + SUM, work + PICKED, work + SCRATCH);
    }
}

// SUM's coordinate, affine and out of Montgomery form; SUM is not infinity.
static void affine(uint32_t *x, uint32_t *y, uint32_t *work) {
    uint32_t *inverted = work + PICKED;
    inverse(inverted, work + SUM + 2 * WORDS, &P);
    times(x, work + SUM, inverted, &P);
    out_of_form(x, &P);
    if (y) {
        times(y, work + SUM + WORDS, inverted, &P);
        out_of_form(y, &P);
    }
}

// SUM = k times a point in Montgomery form.
static void multiply(const uint8_t *k, const uint32_t *point, uint32_t *work) {
    infinity(work);
    fill(1, TABLE, 1, point, work);
    ladder(k, 0, work);
}

// --- What is called ------------------------------------------------------------------------------

// out = x || y of k times a point x || y on the curve, or times the base point where `point` is 0;
// k is in 1..n-1.
void p256_multiply(const uint8_t *k, const uint8_t *point, uint8_t *out, uint32_t *work) {
    uint32_t base[POINT], *x = work + SCRATCH, *y = x + WORDS;
    if (point) {
        load_point(base, point);
        multiply(k, base, work);
    } else {
        multiply_base(k, work);
    }
    affine(x, y, work);
    store(out, x);
    store(out + 32, y);
}

// out = r || s, a signature of a digest e by private key d with nonce k, both in 1..n-1. Returns 0
// where r or s is 0, and another nonce is needed.
int p256_sign(const uint8_t *d, const uint8_t *k, const uint8_t *e, uint8_t *out, uint32_t *work) {
    uint32_t *r = work, *s = r + WORDS, *a = s + WORDS; // when the table is no longer needed
    multiply_base(k, work);
    affine(work + SCRATCH, 0, work);
    copy(r, work + SCRATCH, WORDS);
    once_less(r, 0, &N); // p is less than 2 n
    store(out, r);
    uint32_t none = is_zero(r);
    load(s, d);
    into_form(s, &N);
    times(r, r, s, &N); // r * d
    load(s, e);
    into_form(s, &N);
    out_of_form(s, &N); // e may have been more than n
    plus(r, r, s, &N);
    load(a, k);
    into_form(a, &N);
    inverse(s, a, &N);
    times(s, s, r, &N); // (e + r * d) / k
    store(out + 32, s);
    return !(none | is_zero(s));
}

// Whether r || s, both in 1..n-1, is a signature of a digest e by the key x || y on the curve.
int p256_verify(
    const uint8_t *public, const uint8_t *e, const uint8_t *signature, uint32_t *work) {
    uint32_t q[POINT], *r = work, *s = r + WORDS, *w = s + WORDS;
    uint8_t of_q[32], of_g[32];
    load(r, signature + 32);
    into_form(r, &N);
    inverse(w, r, &N);
    load(s, e);
    times(s, s, w, &N); // e / s
    store(of_g, s);
    load(r, signature);
    times(s, r, w, &N); // r / s
    store(of_q, s);
    load_point(q, public);
    infinity(work);
    fill(1, 4, 1, G, work);
    fill(4, TABLE, 4, q, work);
    ladder(of_q, of_g, work);
    if (is_zero(work + SUM + 2 * WORDS)) {
        return 0;
    }
    affine(work + SCRATCH, 0, work);
    once_less(work + SCRATCH, 0, &N);
    load(work, signature);
    subtract(work, work, work + SCRATCH);
    return (int)is_zero(work);
}
