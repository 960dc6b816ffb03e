/*
 * NEON (Advanced SIMD of arm64), as fma.h wants it: two residues a vector.
 *
 * Why doubles here, too: NEON has no product of 64-bit integers; from halves (umull) each product modulo q takes at
 * least ten multiplications.  In scalar registers it takes three, of which umulh and the 64-bit mul keep the one
 * multiplier of many cores for 2 to 4 cycles each.  Counted in what gcc 12 makes, a butterfly of the NTT is 19
 * instructions (17 inverse) in scalar registers, 5.7 (6.2) in a pass of radix 8 here; the models of cores in llvm-mca
 * give 0.2 to 0.7 of the cycles.
 */
#ifndef PPDL_RING_NEON_H
#define PPDL_RING_NEON_H

#include <arm_neon.h>
#include <stdint.h>

#define LANES 2

typedef float64x2_t D;
typedef uint64x2_t W;

static inline D
splat(double x)
{
	return vdupq_n_f64(x);
}

static inline W
splat_words(uint64_t x)
{
	return vdupq_n_u64(x);
}

static inline W
load_words(const uint64_t *p)
{
	return vld1q_u64(p);
}

static inline void
store_words(uint64_t *p, W x)
{
	vst1q_u64(p, x);
}

static inline W
bits_of(D x)
{
	return vreinterpretq_u64_f64(x);
}

static inline D
of_bits(W x)
{
	return vreinterpretq_f64_u64(x);
}

static inline W
add_words(W x, W y)
{
	return vaddq_u64(x, y);
}

static inline W
sub_words(W x, W y)
{
	return vsubq_u64(x, y);
}

static inline W
and_words(W x, W y)
{
	return vandq_u64(x, y);
}

#define shift_right(x, bits) vshlq_u64(x, vdupq_n_s64(-(bits)))

/* words below 2^52 -> doubles */
static inline D
to_double(W x)
{
	return vcvtq_f64_u64(x);
}

/* a*b + c, a*b - c, c - a*b, rounded once */
static inline D
fma_add(D a, D b, D c)
{
	return vfmaq_f64(c, a, b);
}

static inline D
fma_sub(D a, D b, D c)
{
	return vfmaq_f64(vnegq_f64(c), a, b);
}

static inline D
fma_from(D a, D b, D c)
{
	return vfmsq_f64(c, a, b);
}

/* the integer next to x*y, |x*y| <= 2^51 */
static inline D
nearest(D x, D y)
{
	return vrndnq_f64(vmulq_f64(x, y));
}

/* y where x > bound, else 0 */
static inline D
where_above(D x, D bound, D y)
{
	return of_bits(vandq_u64(vcgtq_f64(x, bound), bits_of(y)));
}

/* y where x < 0, else 0 */
static inline D
where_negative(D x, D y)
{
	return of_bits(vandq_u64(vcltzq_f64(x), bits_of(y)));
}

typedef struct Lift
{
	W			q;
} Lift;

static inline Lift
lift_of(uint64_t q)
{
	Lift		l = {splat_words(q)};

	return l;
}

/* words in (-q, q), two's complement -> [0, q) */
static inline W
unfold(W x, W q)
{
	return vaddq_u64(x, vandq_u64(vcltzq_s64(vreinterpretq_s64_u64(x)), q));
}

/* integers -q <= x < q -> words in [0, q) */
static inline W
lift(const Lift *l, D x)
{
	return unfold(vreinterpretq_u64_s64(vcvtq_s64_f64(x)), l->q);
}

/* words below 2q -> below q */
static inline W
reduce_once(W x, W q)
{
	return vsubq_u64(x, vandq_u64(vcgeq_u64(x, q), q));
}

/* number of words above `most`, unsigned, in each lane: count + (x > most) */
static inline W
count_above(W count, W x, W most)
{
	return vsubq_u64(count, vcgtq_u64(x, most));
}

#endif
