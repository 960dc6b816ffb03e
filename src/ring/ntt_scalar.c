/* The transforms without vectors, which the vector ones must equal to the last bit. */
#include "ring/kernels.h"

/* x < 2*bound -> x mod bound, no branch */
static inline uint64_t
reduce_once(uint64_t x, uint64_t bound)
{
	return x - (bound & -(uint64_t) (x >= bound));
}

/* `count` stages on n values below node k, which stay in [0, 4q): Harvey 2014, algorithm 4 */
static void
stages(const PpdlModulus *mod, uint64_t *a, size_t n, size_t k, int count)
{
	const PpdlNttTables *tab = mod->ntt;
	const uint64_t q = mod->q;

	for (size_t m = 1, t = n / 2; m >> count == 0; m *= 2, t /= 2)
		for (size_t i = 0; i < m; i++)
		{
			const uint64_t w = tab->w[k * m + i],
						wq = tab->wq[k * m + i];
			uint64_t   *x = a + 2 * i * t,
					   *y = x + t;

			for (size_t j = 0; j < t; j++)
			{
				uint64_t	u = reduce_once(x[j], 2 * q),
							v = ppdl_mul_shoup_lazy(q, y[j], w, wq);

				x[j] = u + v;
				y[j] = u - v + 2 * q;
			}
		}
}

static void
reduce(uint64_t q, uint64_t *a, size_t n)
{
	for (size_t j = 0; j < n; j++)
		a[j] = reduce_once(reduce_once(a[j], 2 * q), q);
}

void
ppdl_scalar_ntt(const PpdlModulus *mod, uint64_t *a)
{
	stages(mod, a, mod->ntt->n, 1, mod->ntt->logn);
	reduce(mod->q, a, mod->ntt->n);
}

void
ppdl_scalar_ntt_first(const PpdlModulus *mod, uint64_t *out, const uint64_t *in, size_t from, size_t count)
{
	for (size_t j = 0; j < count; j++)
	{
		uint64_t	column[PPDL_NTT_PARTS];

		for (size_t i = 0; i < PPDL_NTT_PARTS; i++)
			column[i] = in[i * count + j];
		stages(mod, column, PPDL_NTT_PARTS, 1, PPDL_NTT_FIRST);
		for (size_t i = 0; i < PPDL_NTT_PARTS; i++)
			out[i * (mod->ntt->n / PPDL_NTT_PARTS) + from + j] = column[i];
	}
}

void
ppdl_scalar_ntt_part(const PpdlModulus *mod, uint64_t *a, int part, PpdlAhead *ahead)
{
	const size_t n = mod->ntt->n / PPDL_NTT_PARTS;

	(void) ahead;
	a += (size_t) part * n;
	stages(mod, a, n, PPDL_NTT_PARTS + (size_t) part, mod->ntt->logn - PPDL_NTT_FIRST);
	reduce(mod->q, a, n);
}

/* Values stay in [0, 2q): Harvey 2014, algorithm 3. */
void
ppdl_scalar_intt(const PpdlModulus *mod, uint64_t *a)
{
	const PpdlNttTables *tab = mod->ntt;
	const uint64_t q = mod->q;
	const size_t half = tab->n / 2;

	for (size_t m = half, t = 1; m > 1; m /= 2, t *= 2)
		for (size_t i = 0; i < m; i++)
		{
			const uint64_t w = tab->w[2 * m - 1 - i],
						wq = tab->wq[2 * m - 1 - i];
			uint64_t   *x = a + 2 * i * t,
					   *y = x + t;

			for (size_t j = 0; j < t; j++)
			{
				uint64_t	u = x[j],
							v = y[j];

				x[j] = reduce_once(u + v, 2 * q);
				y[j] = ppdl_mul_shoup_lazy(q, v - u + 2 * q, w, wq);
			}
		}
	for (size_t j = 0; j < half; j++)
	{
		uint64_t	u = a[j],
					v = a[j + half];

		a[j] = reduce_once(ppdl_mul_shoup_lazy(q, u + v, tab->ninv, tab->ninvq), q);
		a[j + half] = reduce_once(ppdl_mul_shoup_lazy(q, v - u + 2 * q, tab->wlast, tab->wlastq), q);
	}
}
