#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/cache.h"
#include "ckks/lintrans.h"

PpdlStatus
ppdl_matrix_create(PpdlMatrix **out, size_t period, PpdlError *err)
{
	*out = NULL;
	if (period == 0 || (period & (period - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "matrix period %zu is not a power of two", period);
	*out = calloc(1, sizeof(PpdlMatrix));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->period = period;
	return PPDL_OK;
}

void
ppdl_matrix_destroy(PpdlMatrix *m)
{
	if (m == NULL)
		return;
	for (int i = 0; i < m->count; i++)
		free(m->diag[i]);
	free(m->diag);
	free(m->offset);
	free(m);
}

double complex *
ppdl_matrix_diag(PpdlMatrix *m, long t)
{
	int			offset = (int) ((unsigned long) t & (m->period - 1)),
				at = 0;
	double complex *diag;
	double complex **diags;
	int		   *offsets;

	while (at < m->count && m->offset[at] < offset)
		at++;
	if (at < m->count && m->offset[at] == offset)
		return m->diag[at];
	diag = calloc(m->period, sizeof(*diag));
	diags = realloc(m->diag, sizeof(*diags) * (size_t) (m->count + 1));
	if (diags != NULL)
		m->diag = diags;
	offsets = realloc(m->offset, sizeof(*offsets) * (size_t) (m->count + 1));
	if (offsets != NULL)
		m->offset = offsets;
	if (diag == NULL || diags == NULL || offsets == NULL)
	{
		free(diag);
		return NULL;
	}
	memmove(diags + at + 1, diags + at, sizeof(*diags) * (size_t) (m->count - at));
	memmove(offsets + at + 1, offsets + at, sizeof(*offsets) * (size_t) (m->count - at));
	diags[at] = diag;
	offsets[at] = offset;
	m->count++;
	return diag;
}

static void
drop_zero_diagonals(PpdlMatrix *m)
{
	int			kept = 0;

	for (int i = 0; i < m->count; i++)
	{
		int			zero = 1;

		for (size_t p = 0; p < m->period && zero; p++)
			zero = creal(m->diag[i][p]) == 0 && cimag(m->diag[i][p]) == 0;
		if (zero)
		{
			free(m->diag[i]);
			continue;
		}
		m->diag[kept] = m->diag[i];
		m->offset[kept++] = m->offset[i];
	}
	m->count = kept;
}

PpdlStatus
ppdl_matrix_mul(PpdlMatrix **out, const PpdlMatrix *b, const PpdlMatrix *a, PpdlError *err)
{
	const size_t mask = a->period - 1;
	PpdlMatrix *m;

	*out = NULL;
	if (a->period != b->period)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot multiply matrices of periods %zu and %zu", b->period,
						  a->period);
	PPDL_TRY(ppdl_matrix_create(&m, a->period, err));
	for (int i = 0; i < b->count; i++)
	{
		for (int j = 0; j < a->count; j++)
		{
			size_t		shift = (size_t) b->offset[i];
			double complex *diag = ppdl_matrix_diag(m, (long) shift + a->offset[j]);

			if (diag == NULL)
			{
				ppdl_matrix_destroy(m);
				return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
			}
			for (size_t p = 0; p < m->period; p++)
				diag[p] += b->diag[i][p] * a->diag[j][(p + shift) & mask];
		}
	}
	drop_zero_diagonals(m);
	*out = m;
	return PPDL_OK;
}

void
ppdl_matrix_scale(PpdlMatrix *m, double complex f)
{
	for (int i = 0; i < m->count; i++)
		for (size_t p = 0; p < m->period; p++)
			m->diag[i][p] *= f;
}

/* rot_-in v at p + t + in is v at p + t: diagonals keep what they multiply, and move with the rows by out */
PpdlStatus
ppdl_matrix_rotate(PpdlMatrix *m, long in, long out, PpdlError *err)
{
	const size_t mask = m->period - 1;
	PpdlMatrix *rotated,
				old;

	PPDL_TRY(ppdl_matrix_create(&rotated, m->period, err));
	for (int i = 0; i < m->count; i++)
	{
		double complex *diag = ppdl_matrix_diag(rotated, m->offset[i] + in - out);

		if (diag == NULL)
		{
			ppdl_matrix_destroy(rotated);
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		}
		for (size_t p = 0; p < m->period; p++)
			diag[p] = m->diag[i][(p - (size_t) out) & mask];
	}
	old = *m;
	*m = *rotated;
	*rotated = old;
	ppdl_matrix_destroy(rotated);
	return PPDL_OK;
}

void
ppdl_matrix_apply(const PpdlMatrix *m, double complex *out, const double complex *v)
{
	memset(out, 0, sizeof(*out) * m->period);
	for (int i = 0; i < m->count; i++)
		for (size_t p = 0; p < m->period; p++)
			out[p] += m->diag[i][p] * v[(p + (size_t) m->offset[i]) & (m->period - 1)];
}

/*
 * One butterfly stage.  Inverse, in each block of len: (a, b) -> ((a+b)/2,
 * (a-b)*conj(w_j)/2); forward: (a + w_j*b, a - w_j*b).
 */
static PpdlStatus
dft_stage(PpdlMatrix **out, const PpdlParams *par, size_t period, size_t len, int inverse, PpdlError *err)
{
	const double complex *roots = par->cache->roots + (len / 2 - 1);
	long		half = (long) len / 2;
	double complex *own,
			   *up,
			   *down;

	PPDL_TRY(ppdl_matrix_create(out, period, err));
	own = ppdl_matrix_diag(*out, 0);
	up = ppdl_matrix_diag(*out, half);
	down = ppdl_matrix_diag(*out, -half);	/* the same as up when len is the period */
	if (own == NULL || up == NULL || down == NULL)
	{
		ppdl_matrix_destroy(*out);
		*out = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (size_t p = 0; p < period; p++)
	{
		size_t		j = p & (len - 1);
		double complex w;

		if (j < len / 2)
		{
			own[p] = inverse ? 0.5 : 1;
			up[p] = inverse ? 0.5 : roots[j];
			continue;
		}
		w = roots[j - len / 2];
		own[p] = inverse ? -conj(w) / 2 : -w;
		down[p] = inverse ? conj(w) / 2 : 1;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_matrix_dft(PpdlMatrix **out, const PpdlParams *par, size_t period, size_t len, int stages, int inverse,
				PpdlError *err)
{
	PpdlMatrix *m = NULL;

	*out = NULL;
	for (int i = 0; i < stages; i++)
	{
		PpdlMatrix *stage,
				   *product;
		PpdlStatus	status;

		if (len < 2 || len > period || period > par->slots || (len & (len - 1)) != 0)
		{
			ppdl_matrix_destroy(m);
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "no butterfly stage of length %zu in vectors of period %zu", len,
							  period);
		}
		status = dft_stage(&stage, par, period, len, inverse, err);
		if (status != PPDL_OK)
		{
			ppdl_matrix_destroy(m);
			return status;
		}
		len = inverse ? len / 2 : len * 2;
		if (m == NULL)
		{
			m = stage;
			continue;
		}
		status = ppdl_matrix_mul(&product, stage, m, err);
		ppdl_matrix_destroy(stage);
		ppdl_matrix_destroy(m);
		if (status != PPDL_OK)
			return status;
		m = product;
	}
	if (m == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a transform needs at least one stage");
	*out = m;
	return PPDL_OK;
}
