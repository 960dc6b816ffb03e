#include "ckks/encoder.h"

#include <math.h>
#include <string.h>

#include "ckks/cache.h"
#include "ckks/encode_impl.h"
#include "ckks/verify.h"
#include "ring/vec.h"

/* coefficients stay below this in magnitude */
#define COEFF_LIMIT 0x1p62

static void
permute_bitrev(const PpdlParams *par, double complex *v, size_t count)
{
	const uint32_t *rev = par->cache->bitrev;
	int			shift = 0;

	while (par->slots >> shift != count)
		shift++;
	for (size_t i = 0; i < count; i++)
	{
		size_t		j = rev[i] >> shift;

		if (j > i)
		{
			double complex t = v[i];

			v[i] = v[j];
			v[j] = t;
		}
	}
}

/*
 * The stages work on real and imaginary parts by hand: C's complex product
 * checks for infinities.
 */
static void
fft_stages(const double complex *roots, double *v, size_t count)
{
	for (size_t half = 1; half < count; half *= 2)
	{
		const double *w = (const double *) (roots + half - 1);

		for (double *a = v; a < v + 2 * count; a += 4 * half)
		{
			double	   *b = a + 2 * half;

			for (size_t j = 0; j < 2 * half; j += 2)
			{
				double		re = b[j] * w[j] - b[j + 1] * w[j + 1],
							im = b[j] * w[j + 1] + b[j + 1] * w[j];

				b[j] = a[j] - re;
				b[j + 1] = a[j + 1] - im;
				a[j] += re;
				a[j + 1] += im;
			}
		}
	}
}

static void
ifft_stages(const double complex *roots, double *v, size_t count)
{
	for (size_t half = count / 2; half >= 1; half /= 2)
	{
		const double *w = (const double *) (roots + half - 1);

		for (double *a = v; a < v + 2 * count; a += 4 * half)
		{
			double	   *b = a + 2 * half;

			for (size_t j = 0; j < 2 * half; j += 2)
			{
				double		re = a[j] - b[j],
							im = a[j + 1] - b[j + 1];

				a[j] += b[j];
				a[j + 1] += b[j + 1];
				b[j] = re * w[j] + im * w[j + 1];
				b[j + 1] = im * w[j] - re * w[j + 1];
			}
		}
	}
}

PpdlStatus
ppdl_special_fft(const PpdlParams *par, double complex *v, PpdlError *err)
{
	permute_bitrev(par, v, par->slots);
	fft_stages(par->cache->roots, (double *) v, par->slots);
	return PPDL_OK;
}

PpdlStatus
ppdl_special_ifft(const PpdlParams *par, double complex *v, PpdlError *err)
{
	double	   *d = (double *) v,
				f = 1.0 / (double) par->slots;

	ifft_stages(par->cache->roots, d, par->slots);
	permute_bitrev(par, v, par->slots);
	for (size_t i = 0; i < 2 * par->slots; i++)
		d[i] *= f;
	return PPDL_OK;
}

PpdlStatus
ppdl_slots_to_coeffs(const PpdlParams *par, int64_t *c, double complex *work,
					 const double complex *z, size_t count, double scale, PpdlError *err)
{
	const double *d = (const double *) work;
	double		f = scale / (double) count;
	size_t		gap;
	int			bad = 0;

	if (count == 0 || count > par->slots || (count & (count - 1)) != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot encode %zu values: must be a power of two up to %zu", count,
						  par->slots);
	if (!(scale > 0) || !isfinite(scale))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot encode at scale %g", scale);
	gap = par->slots / count;
	memcpy(work, z, sizeof(*z) * count);
	/* a vector of period `count` is a polynomial in X^gap */
	ifft_stages(par->cache->roots, (double *) work, count);
	permute_bitrev(par, work, count);
	if (gap > 1)
		memset(c, 0, sizeof(int64_t) * par->n);
	for (size_t i = 0; i < count; i++)
	{
		double		re = d[2 * i] * f,
					im = d[2 * i + 1] * f;

		/* false for NaN as well */
		if (!(fabs(re) < COEFF_LIMIT && fabs(im) < COEFF_LIMIT))
		{
			bad = 1;
			break;
		}
		c[i * gap] = llrint(re);
		c[i * gap + par->slots] = llrint(im);
	}
	if (!bad)
		return PPDL_OK;
	for (size_t i = 0; i < count; i++)
		if (!isfinite(creal(z[i])) || !isfinite(cimag(z[i])))
			return ppdl_error(err, PPDL_ERR_RANGE, "cannot encode: value %zu is not a finite number", i);
	return ppdl_error(err, PPDL_ERR_RANGE, "cannot encode: the values are too large for scale 2^%.1f", log2(scale));
}

#define SHIFT (UINT64_C(1) << 62)

void
ppdl_shift_coeffs(const PpdlParams *par, uint64_t *out, const int64_t *c, int logrun)
{
	for (size_t i = 0; i < par->n >> logrun; i++)
		out[i] = (uint64_t) c[i << logrun] + SHIFT;
}

void
ppdl_shifted_to_limb(const PpdlParams *par, const PpdlModulus *m, uint64_t *limb, const uint64_t *shifted, int logrun)
{
	const size_t kept = par->n >> logrun;

	ppdl_vec_reduce(m, limb, shifted, kept);
	ppdl_vec_add_scalar(m, limb, limb, ppdl_mod_neg(m, ppdl_mod_from_u64(m, SHIFT)), kept);
	ppdl_ntt_subring(par->ring, m, limb, par->logn - logrun);
}

static PpdlStatus
check_limbs(const PpdlParams *par, int limbs, PpdlError *err)
{
	if (limbs < 1 || limbs > par->nq)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot encode to %d limbs: must be 1 to %d", limbs, par->nq);
	return PPDL_OK;
}

static void
fill_limbs(const PpdlParams *par, PpdlPt *out, const uint64_t *shifted, double scale, int limbs)
{
	for (int i = 0; i < limbs; i++)
		ppdl_shifted_to_limb(par, &par->ring->mod[i], ppdl_at(par, out->p, i), shifted, 0);
	out->par = par;
	out->domain = PPDL_DOMAIN_NTT;
	out->limbs = limbs;
	out->scale = scale;
}

PpdlStatus
ppdl_encode_slots(const PpdlParams *par, PpdlPt *out, const double complex *z, size_t count,
				  double scale, int limbs, PpdlError *err)
{
	int64_t    *c;
	double complex *work;
	double		bound = 0;
	PpdlStatus	status;

	PPDL_TRY(check_limbs(par, limbs, err));
	c = ppdl_alloc_aligned(sizeof(int64_t) * par->n);
	work = ppdl_alloc_aligned(sizeof(double complex) * par->slots);
	if (c == NULL || work == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
		status = ppdl_slots_to_coeffs(par, c, work, z, count, scale, err);
	if (status == PPDL_OK)
	{
		ppdl_shift_coeffs(par, (uint64_t *) c, c, 0);
		fill_limbs(par, out, (const uint64_t *) c, scale, limbs);
		for (size_t i = 0; i < count; i++)
		{
			double		square = creal(z[i]) * creal(z[i]) + cimag(z[i]) * cimag(z[i]);

			bound = square > bound ? square : bound;
		}
		out->bound = sqrt(bound);
		PPDL_VERIFY_PT(out);
	}
	/* may hold an owner's values */
	ppdl_free_secret(c, sizeof(int64_t) * par->n);
	ppdl_free_secret(work, sizeof(double complex) * par->slots);
	return status;
}

PpdlStatus
ppdl_encode_coeffs(const PpdlParams *par, PpdlPt *out, const int64_t *c, double scale, int limbs, PpdlError *err)
{
	uint64_t	max = 0,
			   *shifted;

	PPDL_TRY(check_limbs(par, limbs, err));
	for (size_t i = 0; i < par->n; i++)
	{
		uint64_t	v = c[i] < 0 ? -(uint64_t) c[i] : (uint64_t) c[i];

		max = v > max ? v : max;
	}
	if (max >= UINT64_C(1) << 62)
		return ppdl_error(err, PPDL_ERR_RANGE, "cannot encode: a coefficient reaches 2^62");
	shifted = ppdl_alloc_aligned(sizeof(uint64_t) * par->n);
	if (shifted == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	ppdl_shift_coeffs(par, shifted, c, 0);
	fill_limbs(par, out, shifted, scale, limbs);
	ppdl_free_secret(shifted, sizeof(uint64_t) * par->n);
	out->bound = (double) max / scale;
	PPDL_VERIFY_PT(out);
	return PPDL_OK;
}
