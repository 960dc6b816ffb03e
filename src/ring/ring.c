#include "ring/ring.h"

#include <stdlib.h>

#include "ring/autom.h"
#include "ring/ntt.h"

/* psi(q, N) of ring.h */
static uint64_t
root_of_unity(const PpdlModulus *m, int logn)
{
	int			v = __builtin_ctzll(m->q - 1);
	uint64_t	g = 2;

	while (ppdl_mod_pow(m, g, (m->q - 1) / 2) == 1)
		g++;
	g = ppdl_mod_pow(m, g, (m->q - 1) >> v);
	return ppdl_mod_pow(m, g, UINT64_C(1) << (v - logn - 1));
}

static PpdlStatus
check_prime(const uint64_t *primes, int i, int logn, PpdlError *err)
{
	const uint64_t q = primes[i];
	const unsigned long long shown = q;

	if (q >> PPDL_MAX_PRIME_BITS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "prime number %d of the ring, %llu, is not below 2^%d", i, shown,
						  PPDL_MAX_PRIME_BITS);
	if ((q & ((UINT64_C(2) << logn) - 1)) != 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "prime number %d of the ring, %llu, is not 1 modulo 2^%d", i, shown,
						  logn + 1);
	if (!ppdl_is_prime(q))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "number %d of the ring's primes, %llu, is not prime", i, shown);
	for (int j = 0; j < i; j++)
		if (primes[j] == q)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "prime numbers %d and %d of the ring are both %llu", j, i, shown);
	return PPDL_OK;
}

static void
modulus_init(PpdlModulus *m, uint64_t q, int logn)
{
	m->q = q;
	m->bits = 64 - __builtin_clzll(q);
	m->barrett = (uint64_t) (((unsigned __int128) 1 << (2 * m->bits)) / q);
	m->recip = UINT64_MAX / q;	/* q is odd: the same as floor(2^64 / q) */
	m->two64 = UINT64_MAX % q + 1;
	m->one52 = (UINT64_C(1) << 52) / q;
	m->two52 = (UINT64_C(1) << 52) % q;
	m->two104 = ppdl_mod_mul(m, m->two52, m->two52);
	m->two52q = ppdl_shoup(m, m->two52);
	m->two104q = ppdl_shoup(m, m->two104);
	m->psi = root_of_unity(m, logn);
}

PpdlStatus
ppdl_ring_create(PpdlRing **out, int logn, const uint64_t *primes, int count, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PpdlRing   *ring;

	*out = NULL;
	if (logn < 3 || logn > 17)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "ring dimension 2^%d is not between 2^3 and 2^17", logn);
	if (count < 1)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a ring needs at least one prime");
	for (int i = 0; i < count; i++)
		PPDL_TRY(check_prime(primes, i, logn, err));
	ring = calloc(1, sizeof(*ring));
	if (ring == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ring->logn = logn;
	ring->n = (size_t) 1 << logn;
	ring->mod = calloc((size_t) count, sizeof(PpdlModulus));
	ring->autom = ppdl_autom_cache_create();
	if (ring->mod == NULL || ring->autom == NULL)
	{
		ppdl_ring_destroy(ring);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (ring->count = 0; ring->count < count && status == PPDL_OK; ring->count++)
	{
		modulus_init(&ring->mod[ring->count], primes[ring->count], logn);
		status = ppdl_ntt_tables_create(&ring->mod[ring->count], logn, err);
	}
	if (status != PPDL_OK)
	{
		ppdl_ring_destroy(ring);
		return status;
	}
	*out = ring;
	return PPDL_OK;
}

void
ppdl_ring_destroy(PpdlRing *ring)
{
	if (ring == NULL)
		return;
	for (int i = 0; i < ring->count; i++)
		ppdl_ntt_tables_destroy(ring->mod[i].ntt);
	ppdl_autom_cache_destroy(ring->autom);
	free(ring->mod);
	free(ring);
}
