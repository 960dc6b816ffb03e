/* The transforms without vectors, which the vector ones must equal to the last bit. */
#include "ring/kernels.h"

/* x < 2*bound -> x mod bound, no branch */
static inline uint64_t
reduce_once(uint64_t x, uint64_t bound)
{
	return x - (bound & -(uint64_t) (x >= bound));
}

/* Values stay in [0, 4q): Harvey 2014, algorithm 4. */
void
ppdl_scalar_ntt(const PpdlModulus *mod, uint64_t *a)
{
	const PpdlNttTables *tab = mod->ntt;
	const uint64_t q = mod->q;

	for (size_t m = 1, t = tab->n / 2; m < tab->n; m *= 2, t /= 2)
		for (size_t i = 0; i < m; i++)
		{
			const uint64_t w = tab->w[m + i],
						wq = tab->wq[m + i];
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
	for (size_t j = 0; j < tab->n; j++)
		a[j] = reduce_once(reduce_once(a[j], 2 * q), q);
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
