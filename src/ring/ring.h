/*
 * The ring Z_Q[X]/(X^N + 1) in residue number system: a list of primes, each
 * with its NTT tables.  A polynomial is an array of N residues a prime ("limb"),
 * limb i of a flat buffer at p + i*N, 64-byte aligned.
 *
 * Conventions (fixed: stored data depends on them)
 *   psi(q, N) = (g^((q-1)/2^v))^(2^v/2N), g the least quadratic non-residue mod
 *   q and 2^v the largest power of two that divides q-1.  So the rings N and 4N
 *   over one prime satisfy psi_N = psi_4N^4.
 *   NTT domain: entry t holds the value at psi^(2*brv(t)+1), brv = bit reversal
 *   on log2 N bits.
 *   Automorphism sigma_d: X -> X^d, d odd, 0 < d < 2N.
 *
 * Transforms are in ntt.c, automorphisms in autom.c.  All takes and leaves reduced residues; a ring is immutable but
 * for its tables of automorphisms, and serves any thread.
 */
#ifndef PPDL_RING_RING_H
#define PPDL_RING_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/ahead.h"
#include "base/error.h"
#include "ring/modulus.h"

typedef struct PpdlAutomCache PpdlAutomCache;	/* private to autom.c */

typedef struct PpdlRing
{
	int			logn;
	size_t		n;
	int			count;			/* primes */
	PpdlModulus *mod;
	PpdlAutomCache *autom;
} PpdlRing;

/*
 * 3 <= logn <= 17; one prime or more, distinct, below 2^50, = 1 mod 2N.  PPDL_ERR_ARGUMENT names the offender.  *out is
 * the caller's to destroy (NULL is allowed), NULL after an error.
 */
PpdlStatus	ppdl_ring_create(PpdlRing **out, int logn, const uint64_t *primes, int count, PpdlError *err);
void		ppdl_ring_destroy(PpdlRing *ring);

static inline uint64_t *
ppdl_limb(const PpdlRing *ring, uint64_t *p, int i)
{
	return p + (size_t) i * ring->n;
}

static inline const uint64_t *
ppdl_climb(const PpdlRing *ring, const uint64_t *p, int i)
{
	return p + (size_t) i * ring->n;
}

/* the lowest `bits` bits of x in reverse */
static inline uint32_t
ppdl_bitrev(uint32_t x, int bits)
{
	x = (x >> 1 & 0x55555555) | (x & 0x55555555) << 1;
	x = (x >> 2 & 0x33333333) | (x & 0x33333333) << 2;
	x = (x >> 4 & 0x0f0f0f0f) | (x & 0x0f0f0f0f) << 4;
	return (uint32_t) ((uint64_t) __builtin_bswap32(x) >> (32 - bits));
}

/*
 * In-place negacyclic NTT of one limb: coefficients, reduced -> values, reduced,
 * in the order above (Harvey 2014 butterflies; Shoup quotients).  Chosen at run
 * time among scalar and vector twins that agree bit for bit.  m is one of ring's.
 */
void		ppdl_ntt(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a);
/*
 * The same for a polynomial in X^(N/2^logn), a[i] its coefficient of that to the power i, 3 <= logn <= the ring's: of
 * the N values, which come in runs of N/2^logn equal ones, one a run.
 */
void		ppdl_ntt_subring(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a, int logn);
/* in place, the inverse, including the factor 1/N */
void		ppdl_intt(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a);

/*
 * Base conversion leaves its results with the first stages of the transform done; then each of ppdl_ntt_parts(ring)
 * aligned parts of the limb, of equal size, is transformed by itself, in any order.  What `ahead` names, or NULL, is
 * fetched meanwhile, a share for each PPDL_AHEAD_STEP points.
 */
int			ppdl_ntt_parts(const PpdlRing *ring);
void		ppdl_ntt_part(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead);
/* the inverse of each part of in (which may be out), in any order; base conversion does the last stages of all */
void		ppdl_intt_part(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part);

/*
 * out[t] = in[perm[t]] applies sigma_d to a limb in the NTT domain; the table
 * (N entries) is made on first use and kept with the ring (thread-safe).
 * Returns NULL when out of memory.
 */
const uint32_t *ppdl_autom_table(const PpdlRing *ring, uint32_t d);
/* n entries; out != in */
void		ppdl_autom_ntt(const PpdlRing *ring, uint64_t *out, const uint64_t *in, const uint32_t *perm);
/*
 * Aligned blocks of n entries, a power of two of at least 8, come from aligned blocks: ppdl_autom_source says where
 * the one that block `from` of the result comes from begins (perm = NULL: from), and ppdl_autom_block makes the one
 * from the other; perm then points to the entries of that block of the table.
 */
static inline size_t
ppdl_autom_source(const uint32_t *perm, size_t from, size_t n)
{
	return perm == NULL ? from : perm[from] & ~(n - 1);
}
void		ppdl_autom_block(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n);
/* sigma_d on a limb in the coefficient domain; out != in */
void		ppdl_autom_coeff(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, uint32_t d);

/* out = in * X^e on a limb in the NTT domain, any integer e (mod 2N); out may be in */
void		ppdl_mul_monomial_ntt(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in,
								  int64_t e);

/* Galois element of the rotation rot_r(z)[p] = z[p + r]: 5^r mod 2N, any integer r; and of the conjugation: 2N - 1 */
uint32_t	ppdl_galois_rotation(const PpdlRing *ring, int r);
uint32_t	ppdl_galois_conjugate(const PpdlRing *ring);
/* d^-1 mod 2N, d odd */
uint32_t	ppdl_galois_inverse(const PpdlRing *ring, uint32_t d);

#endif
