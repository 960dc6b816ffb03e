/* EvalMod: slots S/14.25 -> S mod 1, see boot.h. */
#include "ckks/boot.h"
#include "ckks/boot_impl.h"
#include "ckks/eval_impl.h"
#include "ckks/polyeval.h"

#include <math.h>

/* degree of the Chebyshev series, number of squarings */
#define DEGREE 15
#define SQUARINGS 5
#define CHEBYSHEV_SCALE 0x1p50

/*
 * c_k = (2 - [k = 0]) i^k J_k(A), A = 2 pi K / 2^5: the Jacobi-Anger series of
 * exp(i A t) (Abramowitz and Stegun 9.1.44), even terms real, odd terms imaginary.
 */
static void
exponential_series(double complex *c)
{
	static const double complex power[4] = {1, I, -1, -I};
	const double a = 2 * M_PI * PPDL_BOOT_K / (1 << SQUARINGS);

	for (int k = 0; k <= DEGREE; k++)
		c[k] = (k == 0 ? 1 : 2) * power[k % 4] * jn(k, a);
}

static PpdlStatus
square(PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	PpdlCt		s;

	PPDL_TRY(ppdl_ct_mul_rescale(ev, &s, ct, ct, err));
	ppdl_ct_release(ev, ct);
	*ct = s;
	return PPDL_OK;
}

/* z -> 4/3 z - 1/6 z^2 = -(z^2 - 8z)/6, one level; the sixth goes into the scale */
static PpdlStatus
harmonic(PpdlEval *ev, PpdlCt *z, PpdlError *err)
{
	const PpdlCt *const term = z;
	const double complex c = -8;
	const PpdlCtSum sum = {.x = z, .y = z, .factor = 1, .term = &term, .c = &c, .terms = 1, .limbs = z->limbs};
	PpdlCt3		t = {0};
	PpdlCt		s;

	PPDL_TRY(ppdl_ct3_sum(ev, &t, &sum, err));
	PPDL_TRY(ppdl_ct_relinearize_rescale(ev, &s, &t, err));
	ppdl_ct_neg(ev, &s);
	s.scale *= 6;
	s.bound /= 6;
	ppdl_ct_release(ev, z);
	*z = s;
	return PPDL_OK;
}

double
ppdl_boot_eval_mod_scale(const PpdlParams *par)
{
	int			top = PPDL_BOOT_EVALMOD_LIMBS - ppdl_poly_levels(DEGREE) - 1;
	double		s = CHEBYSHEV_SCALE;

	for (int i = 0; i < SQUARINGS; i++, top--)
		s = s * s / (double) par->ring->mod[top].q;
	return 6 * s * s / (double) par->ring->mod[top].q * 2 * 2 * M_PI;
}

PpdlStatus
ppdl_boot_eval_mod(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err)
{
	double complex c[DEGREE + 1];
	PpdlCt		t = *in,
				z;
	PpdlStatus	status;

	if (in->limbs != PPDL_BOOT_EVALMOD_LIMBS)
		return ppdl_error(err, PPDL_ERR_LEVEL, "EvalMod takes %d limbs, not %d", PPDL_BOOT_EVALMOD_LIMBS, in->limbs);
	PPDL_VERIFY_CT(in);
	exponential_series(c);
	t.bound = 1;				/* of S/14.25 */
	PPDL_TRY(ppdl_poly_chebyshev(ev, &z, &t, c, DEGREE, CHEBYSHEV_SCALE, err));
	z.bound = 1;
	for (int i = 0; i < SQUARINGS; i++)
	{
		PPDL_GOTO(fail, square(ev, &z, err));
		z.bound = 1;
	}
	PPDL_GOTO(fail, harmonic(ev, &z, err));
	PPDL_GOTO(fail, ppdl_ct_split(ev, NULL, out, &z, err));
	out->scale *= 2 * M_PI;
	out->bound = 0.25;
	PPDL_ASSERT(out->limbs == PPDL_BOOT_S2C_LIMBS);
fail:
	ppdl_ct_release(ev, &z);
	return status;
}
