/*
 * One prime modulus q < 2^50, q = 1 mod 2N, and arithmetic on single residues.
 * A residue is "reduced" when it lies in [0, q).  Everything here takes and
 * returns reduced residues unless it says otherwise.  Array work belongs in
 * vec.h and ntt.h, which have vector twins.
 */
#ifndef PPDL_RING_MODULUS_H
#define PPDL_RING_MODULUS_H

#include <stdint.h>

#include "base/error.h"

#define PPDL_MAX_PRIME_BITS 50

typedef struct PpdlNttTables PpdlNttTables; /* private to the NTT */

typedef struct PpdlModulus
{
	uint64_t	q;
	int			bits;			/* bit length of q: a residue is stored in so many bits */
	uint64_t	barrett;		/* floor(2^(2*bits) / q), see ppdl_mod_reduce128 */
	uint64_t	recip;			/* floor(2^64 / q), see ppdl_mod_from_u64 */
	uint64_t	two64;			/* 2^64 mod q */
	uint64_t	one52,			/* floor(2^52 / q) */
				two52,			/* 2^52 mod q */
				two104,			/* 2^104 mod q */
				two52q,			/* their quotients, see ppdl_shoup */
				two104q;
	uint64_t	psi;			/* primitive 2N-th root of unity, see ring.h */
	PpdlNttTables *ntt;
} PpdlModulus;

static inline uint64_t
ppdl_mod_add(const PpdlModulus *m, uint64_t a, uint64_t b)
{
	uint64_t	r = a + b;

	PPDL_ASSERT(a < m->q && b < m->q);
	return r - (m->q & -(uint64_t) (r >= m->q));
}

static inline uint64_t
ppdl_mod_sub(const PpdlModulus *m, uint64_t a, uint64_t b)
{
	uint64_t	r = a - b;

	PPDL_ASSERT(a < m->q && b < m->q);
	return r + (m->q & -(uint64_t) (a < b));
}

static inline uint64_t
ppdl_mod_neg(const PpdlModulus *m, uint64_t a)
{
	PPDL_ASSERT(a < m->q);
	return (m->q - a) & -(uint64_t) (a != 0);
}

/* x < 2^(2*bits) -> x mod q (Barrett, HAC 14.42) */
static inline uint64_t
ppdl_mod_reduce128(const PpdlModulus *m, unsigned __int128 x)
{
	uint64_t	t,
				r;

	PPDL_ASSERT(x >> (2 * m->bits) == 0);
	t = (uint64_t) (((unsigned __int128) (uint64_t) (x >> (m->bits - 1)) * m->barrett) >> (m->bits + 1));
	r = (uint64_t) x - t * m->q;
	r -= (2 * m->q) & -(uint64_t) (r >= 2 * m->q);
	return r - (m->q & -(uint64_t) (r >= m->q));
}

static inline uint64_t
ppdl_mod_mul(const PpdlModulus *m, uint64_t a, uint64_t b)
{
	PPDL_ASSERT(a < m->q && b < m->q);
	return ppdl_mod_reduce128(m, (unsigned __int128) a * b);
}

/* any x -> x mod q, no branch */
static inline uint64_t
ppdl_mod_from_u64(const PpdlModulus *m, uint64_t x)
{
	uint64_t	t = (uint64_t) (((unsigned __int128) x * m->recip) >> 64),
				r = x - t * m->q;

	return r - (m->q & -(uint64_t) (r >= m->q));
}

/* any x -> x mod q, no branch: the one reduction at the end of a long sum of products */
static inline uint64_t
ppdl_mod_from_u128(const PpdlModulus *m, unsigned __int128 x)
{
	uint64_t	hi = ppdl_mod_from_u64(m, (uint64_t) (x >> 64)),
				lo = ppdl_mod_from_u64(m, (uint64_t) x);

	return ppdl_mod_add(m, ppdl_mod_mul(m, hi, m->two64), lo);
}

/* |x| < q -> x mod q, no branch: for secrets and errors */
static inline uint64_t
ppdl_mod_from_small(const PpdlModulus *m, int64_t x)
{
	PPDL_ASSERT(x < (int64_t) m->q && -x < (int64_t) m->q);
	return (uint64_t) x + (m->q & (uint64_t) (x >> 63));
}

/* any x -> x mod q, no branch: x + 2^63 is not negative */
static inline uint64_t
ppdl_mod_from_i64(const PpdlModulus *m, int64_t x)
{
	uint64_t	r = ppdl_mod_from_u64(m, (uint64_t) x + (UINT64_C(1) << 63));

	return ppdl_mod_sub(m, r, ppdl_mod_from_u64(m, UINT64_C(1) << 63));
}

static inline uint64_t
ppdl_mod_from_i128(const PpdlModulus *m, __int128 x)
{
	uint64_t	hi = ppdl_mod_from_i64(m, (int64_t) (x >> 64)),
				lo = ppdl_mod_from_u64(m, (uint64_t) x);

	return ppdl_mod_add(m, ppdl_mod_mul(m, hi, m->two64), lo);
}

/* reduced -> the representative in (-q/2, q/2] */
static inline int64_t
ppdl_mod_center(const PpdlModulus *m, uint64_t a)
{
	return (int64_t) a - (int64_t) (m->q & -(uint64_t) (a > m->q / 2));
}

uint64_t	ppdl_mod_pow(const PpdlModulus *m, uint64_t a, uint64_t e);	/* public exponents */
uint64_t	ppdl_mod_inv(const PpdlModulus *m, uint64_t a);	/* a != 0 */

/* Shoup: for a fixed w < q, x*w mod q costs two multiplications given floor(w * 2^64 / q) */
static inline uint64_t
ppdl_shoup(const PpdlModulus *m, uint64_t w)
{
	return (uint64_t) (((unsigned __int128) w << 64) / m->q);
}

/* any x; a value = x*w mod q in [0, 2q) */
static inline uint64_t
ppdl_mul_shoup_lazy(uint64_t q, uint64_t x, uint64_t w, uint64_t wq)
{
	return x * w - (uint64_t) (((unsigned __int128) x * wq) >> 64) * q;
}

/* deterministic Miller-Rabin for 64-bit numbers */
int			ppdl_is_prime(uint64_t n);

#endif
