#include "ring/autom.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ring/kernels.h"
#include "ring/vec.h"

typedef struct Entry
{
	struct Entry *next;
	uint32_t	d;
	uint32_t   *perm;
} Entry;

/* Readers walk the list without the lock; entries are only ever put in front. */
struct PpdlAutomCache
{
	Entry	   *first;			/* atomic */
	pthread_mutex_t lock;
};

PpdlAutomCache *
ppdl_autom_cache_create(void)
{
	PpdlAutomCache *cache = calloc(1, sizeof(*cache));

	if (cache != NULL)
		pthread_mutex_init(&cache->lock, NULL);
	return cache;
}

static void
free_entry(Entry *e)
{
	ppdl_free_aligned(e->perm);
	free(e);
}

void
ppdl_autom_cache_destroy(PpdlAutomCache *cache)
{
	if (cache == NULL)
		return;
	for (Entry *e = cache->first, *next; e != NULL; e = next)
	{
		next = e->next;
		free_entry(e);
	}
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/*
 * sigma_d(f)(psi^e) = f(psi^(d*e)): entry t, the value at 2*brv(t)+1, comes from
 * the entry of exponent d*(2*brv(t)+1) mod 2N.
 */
static Entry *
make_entry(const PpdlRing *ring, uint32_t d)
{
	const uint32_t mask = (uint32_t) (2 * ring->n - 1);
	Entry	   *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->d = d;
	e->perm = ppdl_alloc_aligned(ring->n * sizeof(uint32_t));
	if (e->perm == NULL)
	{
		free(e);
		return NULL;
	}
	for (uint32_t t = 0; t < ring->n; t++)
	{
		uint32_t	exponent = d * (2 * ppdl_bitrev(t, ring->logn) + 1) & mask;

		e->perm[t] = ppdl_bitrev(exponent >> 1, ring->logn);
	}
	return e;
}

static const uint32_t *
lookup(PpdlAutomCache *cache, uint32_t d)
{
	for (Entry *e = __atomic_load_n(&cache->first, __ATOMIC_ACQUIRE); e != NULL; e = e->next)
		if (e->d == d)
			return e->perm;
	return NULL;
}

const uint32_t *
ppdl_autom_table(const PpdlRing *ring, uint32_t d)
{
	PpdlAutomCache *cache = ring->autom;
	const uint32_t *perm = lookup(cache, d);
	Entry	   *e;

	PPDL_ASSERT(d % 2 == 1 && d < 2 * ring->n);
	if (perm != NULL)
		return perm;
	pthread_mutex_lock(&cache->lock);
	perm = lookup(cache, d);
	if (perm == NULL && (e = make_entry(ring, d)) != NULL)
	{
		e->next = cache->first;
		__atomic_store_n(&cache->first, e, __ATOMIC_RELEASE);
		perm = e->perm;
	}
	pthread_mutex_unlock(&cache->lock);
	return perm;
}

void
ppdl_autom_ntt(const PpdlRing *ring, uint64_t *out, const uint64_t *in, const uint32_t *perm)
{
	PPDL_ASSERT(out != in);
	ppdl_kernels()->permute(out, in, perm, ring->n);
}

void
ppdl_autom_block(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	/* where the limb would begin that has this block in its place */
	uintptr_t	limb = (uintptr_t) in - ppdl_autom_source(perm, 0, n) * sizeof(uint64_t);

	PPDL_ASSERT(out != in);
	ppdl_kernels()->permute(out, (const uint64_t *) limb, perm, n);
}

void
ppdl_autom_coeff(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, uint32_t d)
{
	const uint32_t mask = (uint32_t) (2 * ring->n - 1);
	uint32_t	e = 0;

	PPDL_ASSERT(out != in && d % 2 == 1 && d < 2 * ring->n);
	for (size_t i = 0; i < ring->n; i++)
	{
		out[e & (mask >> 1)] = e < ring->n ? in[i] : ppdl_mod_neg(m, in[i]);
		e = (e + d) & mask;
	}
}

/*
 * Entry t of X^e is psi^(e*(2*brv(t)+1)), a root that the NTT table holds at brv
 * of its exponent.  With e = 2^v * odd, aligned runs of 2^v entries share one
 * factor, and the next run has minus that.
 */
typedef struct Factor
{
	uint64_t	w,
				wq;
} Factor;

/* psi^exponent and its quotient, exponent modulo 2N */
static Factor
factor(const PpdlRing *ring, const PpdlModulus *m, uint32_t exponent)
{
	uint32_t	at = ppdl_bitrev(exponent, ring->logn);
	Factor		f = {m->ntt->w[at], m->ntt->wq[at]};

	if (exponent >> ring->logn & 1)
	{
		f.w = m->q - f.w;
		f.wq = ~f.wq;			/* q does not divide w * 2^64 */
	}
	return f;
}

static void
monomial_by_runs(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, uint32_t e, size_t run)
{
	const PpdlKernels *kernels = ppdl_kernels();

	for (size_t t = 0; t < ring->n; t += 2 * run)
	{
		Factor		f = factor(ring, m, e * (2 * ppdl_bitrev((uint32_t) t, ring->logn) + 1));

		kernels->mul_w(m, out + t, in + t, f.w, f.wq, run);
		kernels->mul_w(m, out + t + run, in + t + run, m->q - f.w, ~f.wq, run);
	}
}

/* brv(8b + s) = brv(8b) + brv(s): eight factors for s, times one for each block */
static void
monomial_by_blocks(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, uint32_t e)
{
	enum { CHUNK = 64 };
	const PpdlKernels *kernels = ppdl_kernels();
	uint64_t	s[8],
				sq[8],
				b[CHUNK],
				bq[CHUNK];

	for (uint32_t i = 0; i < 8; i++)
	{
		Factor		f = factor(ring, m, e * (2 * ppdl_bitrev(i, ring->logn) + 1));

		s[i] = f.w;
		sq[i] = f.wq;
	}
	for (size_t t = 0; t < ring->n; t += 8 * CHUNK)
	{
		size_t		blocks = (ring->n - t) / 8 < CHUNK ? (ring->n - t) / 8 : CHUNK;

		for (size_t i = 0; i < blocks; i++)
		{
			Factor		f = factor(ring, m, e * 2 * ppdl_bitrev((uint32_t) (t + 8 * i), ring->logn));

			b[i] = f.w;
			bq[i] = f.wq;
		}
		kernels->mul_outer(m, out + t, in + t, s, sq, b, bq, blocks);
	}
}

void
ppdl_mul_monomial_ntt(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, int64_t e)
{
	const uint32_t exponent = (uint32_t) e & (uint32_t) (2 * ring->n - 1);
	const size_t run = exponent & -exponent;	/* 0 for X^0 */

	if (run == ring->n)			/* X^N = -1 */
		ppdl_kernels()->neg(m, out, in, ring->n);
	else if (run >= 8)
		monomial_by_runs(ring, m, out, in, exponent, run);
	else if (run > 0)
		monomial_by_blocks(ring, m, out, in, exponent);
	else if (out != in)
		memcpy(out, in, ring->n * sizeof(uint64_t));
}

uint32_t
ppdl_galois_rotation(const PpdlRing *ring, int r)
{
	const uint32_t mask = (uint32_t) (2 * ring->n - 1);
	uint32_t	e = (uint32_t) r & (uint32_t) (ring->n / 2 - 1);	/* 5 has order N/2 */
	uint32_t	d = 1;

	for (uint32_t b = 5; e > 0; e >>= 1, b = b * b & mask)
		if (e & 1)
			d = d * b & mask;
	return d;
}

uint32_t
ppdl_galois_conjugate(const PpdlRing *ring)
{
	return (uint32_t) (2 * ring->n - 1);
}

uint32_t
ppdl_galois_inverse(const PpdlRing *ring, uint32_t d)
{
	uint32_t	x = d;			/* right modulo 8; each task doubles the bits */

	PPDL_ASSERT(d % 2 == 1);
	for (int i = 0; i < 3; i++)
		x *= 2 - d * x;
	return x & (uint32_t) (2 * ring->n - 1);
}
