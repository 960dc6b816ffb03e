#include "ring/modulus.h"

uint64_t
ppdl_mod_pow(const PpdlModulus *m, uint64_t a, uint64_t e)
{
	uint64_t	r = 1 % m->q;

	for (; e > 0; e >>= 1)
	{
		if (e & 1)
			r = ppdl_mod_mul(m, r, a);
		a = ppdl_mod_mul(m, a, a);
	}
	return r;
}

uint64_t
ppdl_mod_inv(const PpdlModulus *m, uint64_t a)
{
	PPDL_ASSERT(a != 0);
	return ppdl_mod_pow(m, a, m->q - 2);
}

static uint64_t
mul_u64(uint64_t a, uint64_t b, uint64_t n)
{
	return (uint64_t) ((unsigned __int128) a * b % n);
}

/* Is odd n a strong probable prime to base a?  n - 1 = d * 2^s, d odd. */
static int
strong_probable_prime(uint64_t n, uint64_t d, int s, uint64_t a)
{
	uint64_t	x = 1;

	for (uint64_t b = a % n; d > 0; d >>= 1)
	{
		if (d & 1)
			x = mul_u64(x, b, n);
		b = mul_u64(b, b, n);
	}
	if (x == 1 || x == n - 1)
		return 1;
	for (int i = 1; i < s; i++)
	{
		x = mul_u64(x, x, n);
		if (x == n - 1)
			return 1;
	}
	return 0;
}

/* The first twelve primes as bases decide every n < 2^64 (Sorenson and Webster 2015). */
int
ppdl_is_prime(uint64_t n)
{
	static const uint8_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
	uint64_t	d = n - 1;
	int			s = 0;

	if (n < 2)
		return 0;
	for (int i = 0; i < (int) sizeof(bases); i++)
		if (n % bases[i] == 0)
			return n == bases[i];
	for (; d % 2 == 0; d /= 2)
		s++;
	for (int i = 0; i < (int) sizeof(bases); i++)
		if (!strong_probable_prime(n, d, s, bases[i]))
			return 0;
	return 1;
}
