/* What those tests of the ring floor share that compare with GMP. */
#ifndef PPDL_TEST_RING_COMMON_H
#define PPDL_TEST_RING_COMMON_H

#include "ring_values.h"

#include <gmp.h>

#include "base/bytes.h"
#include "ring/random.h"
#include "ring/rns.h"
#include "ring/vec.h"

/* a*b mod q in GMP */
static inline uint64_t
gmp_mulmod(uint64_t a, uint64_t b, uint64_t q)
{
	mpz_t		z;
	uint64_t	r;

	mpz_init_set_ui(z, a);
	mpz_mul_ui(z, z, b);
	r = mpz_fdiv_ui(z, q);
	mpz_clear(z);
	return r;
}

static inline uint64_t
gmp_powmod(uint64_t a, uint64_t e, uint64_t q)
{
	mpz_t		z,
				m;
	uint64_t	r;

	mpz_init_set_ui(z, a);
	mpz_init_set_ui(m, q);
	mpz_powm_ui(z, z, e, m);
	r = mpz_get_ui(z);
	mpz_clears(z, m, NULL);
	return r;
}

#endif
