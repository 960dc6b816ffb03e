/* The transforms without vectors, which the vector ones must equal to the last bit. */
#include <string.h>

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

/* all stages of the inverse on n values below the mirrored node k; values stay in [0, 2q): Harvey 2014, algorithm 3 */
static void
inverse_stages(const PpdlModulus *mod, uint64_t *a, size_t n, size_t k)
{
	const PpdlNttTables *tab = mod->ntt;
	const uint64_t q = mod->q;

	for (size_t m = n / 2, t = 1; m > 0; m /= 2, t *= 2)
		for (size_t i = 0; i < m; i++)
		{
			const uint64_t w = tab->w[k * m + m - 1 - i],
						wq = tab->wq[k * m + m - 1 - i];
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
}

/* the last log2 n stages, of which the last one multiplies sums and differences, and reduces */
static void
last_stages(const PpdlModulus *mod, uint64_t *a, size_t n, uint64_t sum, uint64_t sumq, uint64_t diff, uint64_t diffq)
{
	const uint64_t q = mod->q;
	const size_t half = n / 2;

	inverse_stages(mod, a, half, 3);
	inverse_stages(mod, a + half, half, 2);
	for (size_t j = 0; j < half; j++)
	{
		uint64_t	u = a[j],
					v = a[j + half];

		a[j] = reduce_once(ppdl_mul_shoup_lazy(q, u + v, sum, sumq), q);
		a[j + half] = reduce_once(ppdl_mul_shoup_lazy(q, v - u + 2 * q, diff, diffq), q);
	}
}

void
ppdl_scalar_intt(const PpdlModulus *mod, uint64_t *a)
{
	const PpdlNttTables *tab = mod->ntt;

	last_stages(mod, a, tab->n, tab->ninv, tab->ninvq, tab->wlast, tab->wlastq);
}

void
ppdl_scalar_intt_part(const PpdlModulus *mod, uint64_t *out, const uint64_t *in, int part)
{
	const size_t n = mod->ntt->n / PPDL_NTT_PARTS;

	out += (size_t) part * n;
	in += (size_t) part * n;
	if (out != in)
		memcpy(out, in, n * sizeof(*out));
	inverse_stages(mod, out, n, (size_t) (2 * PPDL_NTT_PARTS - 1 - part));
}

void
ppdl_scalar_load_columns(const PpdlModulus *mod, const PpdlLoad *l, const uint64_t *in, size_t from, size_t count)
{
	for (size_t j = 0; j < count; j++)
	{
		uint64_t	column[PPDL_NTT_PARTS];

		for (size_t i = 0; i < PPDL_NTT_PARTS; i++)
			column[i] = in[i * (mod->ntt->n / PPDL_NTT_PARTS) + from + j];
		last_stages(mod, column, PPDL_NTT_PARTS, l->sum, l->sumq, l->diff, l->diffq);
		for (size_t i = 0; i < PPDL_NTT_PARTS; i++)
		{
			l->y[i * l->apart + j] = column[i];
			l->frac[i * count + j] += (uint64_t) (((unsigned __int128) column[i] * l->c) >> mod->bits);
		}
	}
}
