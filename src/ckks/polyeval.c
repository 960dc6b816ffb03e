/*
 * Paterson-Stockmeyer with exact scales chosen from the top down.  A polynomial
 * is split at the largest power of two g <= degree into quotient and remainder
 * by the basis element of index g; both basis and quotient are shallow enough
 * that degree d costs ceil(log2(d + 1)) levels.  Products are summed before they
 * are relinearised, and every sum is rescaled once.
 */
#include "ckks/polyeval.h"

#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"

#define MAX_DEGREE 2047

int
ppdl_poly_levels(int degree)
{
	int			levels = 0;

	while (degree >= 1 << levels)
		levels++;
	return levels;
}

/* basis elements T_k, made when first needed */
typedef struct Basis
{
	PpdlEval   *ev;
	int			chebyshev;		/* else x^k */
	int			baby;			/* remainders below this degree are plain sums */
	double		top;			/* Chebyshev: |t| is at most this, 1 or more */
	PpdlCt		power[MAX_DEGREE + 1];
	double complex c[MAX_DEGREE + 1];
} Basis;

/* a sum at `limbs` limbs and scale `scale`, not rescaled; what is not relinearised is in d */
typedef struct Sum
{
	PpdlCt3		ct;
	int			limbs;
	double		scale;
} Sum;

static int
largest_power(int degree)
{
	int			g = 1;

	while (2 * g <= degree)
		g *= 2;
	return g;
}

/* of |T_k(t)| over |t| <= top */
static double
chebyshev_bound(int k, double top)
{
	return top > 1 ? cosh(k * acosh(top)) : 1;
}

static PpdlStatus
make_power(Basis *basis, int k, PpdlError *err)
{
	PpdlEval   *ev = basis->ev;
	int			hi = largest_power(k - 1),
				lo = k - hi;
	PpdlCt	   *out = &basis->power[k];
	PpdlCt3		t;
	PpdlStatus	status = PPDL_OK;

	if (out->b != NULL)
		return PPDL_OK;
	PPDL_TRY(make_power(basis, hi, err));
	PPDL_TRY(make_power(basis, lo, err));
	if (basis->chebyshev && hi > lo)
		PPDL_TRY(make_power(basis, hi - lo, err));
	PPDL_TRY(ppdl_ct_tensor_times(ev, &t, &basis->power[hi], &basis->power[lo], basis->chebyshev ? 2 : 1, err));
	/* T_k = 2*T_hi*T_lo - T_(hi-lo) */
	if (basis->chebyshev && hi == lo)
		status = ppdl_ct_add_const(ev, &t.ct, -1, 0, err);
	else if (basis->chebyshev)
		status = ppdl_ct_add_multiple(ev, &t.ct, &basis->power[hi - lo], -1, 0, err);
	if (basis->chebyshev)
		t.ct.bound = chebyshev_bound(k, basis->top);
	if (status == PPDL_OK)
		status = ppdl_ct_relinearize_rescale(ev, out, &t, err);
	ppdl_ct3_release(ev, &t);
	return status;
}

static void
sum_release(PpdlEval *ev, Sum *sum)
{
	ppdl_ct3_release(ev, &sum->ct);
}

static PpdlStatus
sum_start(PpdlEval *ev, Sum *sum, int limbs, double scale, PpdlError *err)
{
	memset(sum, 0, sizeof(*sum));
	sum->limbs = limbs;
	sum->scale = scale;
	PPDL_TRY(ppdl_ct_alloc(ev, &sum->ct.ct, limbs, err));
	sum->ct.ct.scale = scale;
	memset(sum->ct.ct.b, 0, ppdl_limb_bytes(ev->par, limbs));
	memset(sum->ct.ct.a, 0, ppdl_limb_bytes(ev->par, limbs));
	return PPDL_OK;
}

/* bounds of a sum that starts from nothing */
static void
sum_bound(PpdlCt *sum, double before, double term)
{
	sum->bound = before + term;
}

/* sum += c * x */
static PpdlStatus
sum_add_multiple(PpdlEval *ev, Sum *sum, const PpdlCt *x, double complex c, PpdlError *err)
{
	double		before = sum->ct.ct.bound;

	PPDL_TRY(ppdl_ct_add_multiple(ev, &sum->ct.ct, x, creal(c), cimag(c), err));
	sum_bound(&sum->ct.ct, before, x->bound * hypot(creal(c), cimag(c)));
	return PPDL_OK;
}

/* sum += x * y, not relinearised */
static PpdlStatus
sum_add_product(PpdlEval *ev, Sum *sum, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	PpdlCt3		t;
	double		before = sum->ct.ct.bound;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_tensor(ev, &t, x, y, err));
	t.ct.scale = sum->scale;	/* equal up to rounding of doubles: the caller chose x's scale so */
	if (sum->ct.d == NULL)
	{
		/* nothing of second order yet: t takes the rest in */
		PPDL_GOTO(done, ppdl_ct_add(ev, &t.ct, &sum->ct.ct, err));
		sum_bound(&t.ct, before, x->bound * y->bound);
		ppdl_ct3_release(ev, &sum->ct);
		sum->ct = t;
		return PPDL_OK;
	}
	PPDL_GOTO(done, ppdl_ct3_add(ev, &sum->ct, &t, err));
	sum_bound(&sum->ct.ct, before, x->bound * y->bound);
done:
	ppdl_ct3_release(ev, &t);
	return status;
}

/* relinearised if need be, rescaled, at exactly the scale that was planned; consumes sum */
static PpdlStatus
sum_finish(PpdlEval *ev, Sum *sum, PpdlCt *out, double scale, PpdlError *err)
{
	PpdlStatus	status;

	if (sum->ct.d != NULL)
		status = ppdl_ct_relinearize_rescale(ev, out, &sum->ct, err);
	else
	{
		*out = sum->ct.ct;
		sum->ct.ct.b = sum->ct.ct.a = NULL;
		status = ppdl_ct_rescale(ev, out, err);
	}
	out->scale = scale;
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

/* points between -1 and 1 where a polynomial is looked at, for each of its degrees */
#define POINTS 8

/* sum_k c[k]*T_k(cos(angle)), Clenshaw's recurrence */
static double complex
series_at(const double complex *c, int degree, double angle)
{
	const double x = cos(angle);
	double complex next = 0,
				after = 0;

	for (int k = degree; k >= 1; k--)
	{
		double complex b = 2 * x * next - after + c[k];

		after = next;
		next = b;
	}
	return x * next - after + c[0];
}

/* of |sum_k c[k]*T_k(t)| over |t| <= top: seen on a grid, as sums of |c[k]| say much more; beyond [-1,1] just these */
static double
series_bound(const double complex *c, int degree, double top)
{
	double		most = 0;

	for (int i = 0; i <= POINTS * degree; i++)
	{
		double complex value = series_at(c, degree, M_PI * i / (POINTS * degree));

		most = fmax(most, hypot(creal(value), cimag(value)));
	}
	if (top > 1)
	{
		double		sum = 0;

		for (int k = 0; k <= degree; k++)
			sum += hypot(creal(c[k]), cimag(c[k])) * chebyshev_bound(k, top);
		most = fmax(most, sum);
	}
	return most;
}

/*
 * p = quotient * T_g + remainder, g a power of two, g <= degree < 2g; in place: the remainder is c[0 .. g-1], the
 * quotient's coefficients begin at c[g]
 */
static void
divide(const Basis *basis, double complex *c, int degree, int g)
{
	if (!basis->chebyshev)
		return;
	/* T_(g+j) = 2*T_g*T_j - T_(g-j) */
	for (int j = 1; j <= degree - g; j++)
	{
		c[g - j] -= c[g + j];
		c[g + j] *= 2;
	}
}

/* sum += p, coefficients c, which are overwritten; on the leading path only degree 1 is left to a plain sum */
static PpdlStatus
add_polynomial(Basis *basis, Sum *sum, double complex *c, int degree, int leading, PpdlError *err)
{
	PpdlEval   *ev = basis->ev;
	PpdlCt		q;
	int			g;
	double		q_scale,
				q_bound = 0;
	Sum			sub;
	PpdlStatus	status;

	if (degree <= (leading ? 1 : basis->baby - 1))
	{
		for (int k = 1; k <= degree; k++)
		{
			if (c[k] == 0)
				continue;
			PPDL_TRY(make_power(basis, k, err));
			PPDL_TRY(sum_add_multiple(ev, sum, &basis->power[k], c[k], err));
		}
		if (c[0] != 0)
		{
			double		before = sum->ct.ct.bound;

			PPDL_TRY(ppdl_ct_add_const(ev, &sum->ct.ct, creal(c[0]), cimag(c[0]), err));
			sum_bound(&sum->ct.ct, before, hypot(creal(c[0]), cimag(c[0])));
		}
		return PPDL_OK;
	}
	g = largest_power(degree);
	divide(basis, c, degree, g);
	PPDL_TRY(make_power(basis, g, err));
	if (degree == g)
		PPDL_TRY(sum_add_multiple(ev, sum, &basis->power[g], c[g], err));
	else
	{
		if (basis->chebyshev)
			q_bound = series_bound(c + g, degree - g, basis->top);
		q_scale = sum->scale / basis->power[g].scale;
		PPDL_TRY(sum_start(ev, &sub, sum->limbs + 1, q_scale * (double) ev->par->ring->mod[sum->limbs].q, err));
		status = add_polynomial(basis, &sub, c + g, degree - g, leading, err);
		if (status == PPDL_OK)
			status = sum_finish(ev, &sub, &q, q_scale, err);
		sum_release(ev, &sub);
		PPDL_TRY(status);
		if (basis->chebyshev)
			q.bound = q_bound;
		status = sum_add_product(ev, sum, &q, &basis->power[g], err);
		ppdl_ct_release(ev, &q);
		PPDL_TRY(status);
	}
	return add_polynomial(basis, sum, c, g - 1, 0, err);
}

/* products that evaluation takes with this many babies, if every coefficient counts */
static int
count_products(int degree, int baby, int leading, uint8_t *made)
{
	int			g = largest_power(degree),
				count = 0;

	if (degree <= (leading ? 1 : baby - 1))
	{
		for (int k = 2; k <= degree; k++)
			count += !made[k];
		memset(made, 1, (size_t) (degree > 0 ? degree + 1 : 1));
		return count;
	}
	for (int k = 2; k <= g; k *= 2)
	{
		count += !made[k];
		made[k] = 1;
	}
	if (degree > g)
		count += 1 + count_products(degree - g, baby, leading, made);
	return count + count_products(g - 1, baby, 0, made);
}

static int
choose_baby(int degree)
{
	int			best = 2,
				best_count = 0;

	for (int baby = 2; baby <= (degree > 127 ? 32 : 16); baby *= 2)
	{
		uint8_t		made[MAX_DEGREE + 1] = {0};
		int			count = count_products(degree, baby, 1, made);

		if (baby == 2 || count < best_count)
		{
			best = baby;
			best_count = count;
		}
	}
	return best;
}

static PpdlStatus
evaluate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double complex *c, int degree, double out_scale,
		 int chebyshev, PpdlError *err)
{
	int			levels = ppdl_poly_levels(degree),
				limbs = in->limbs - levels + 1;	/* before the last rescale */
	Basis	   *basis;
	Sum			sum;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_check_ring(ev, in->par, "evaluate a polynomial", err));
	PPDL_VERIFY_CT(in);
	if (!(out_scale > 0) || !isfinite(out_scale))
		return ppdl_error(err, PPDL_ERR_SCALE, "cannot evaluate a polynomial to scale %g", out_scale);
	if (in->limbs <= levels)
		return ppdl_error(err, PPDL_ERR_LEVEL, "a polynomial of degree %d takes %d levels, the ciphertext has %d",
						  degree, levels, in->limbs - 1);
	if (degree == 0)
	{
		PPDL_TRY(sum_start(ev, &sum, in->limbs, out_scale, err));
		*out = sum.ct.ct;
		status = ppdl_ct_add_const(ev, out, creal(c[0]), cimag(c[0]), err);
		out->bound = hypot(creal(c[0]), cimag(c[0]));
		if (status != PPDL_OK)
			ppdl_ct_release(ev, out);
		return status;
	}
	basis = ppdl_pool_get(ev->pool, sizeof(Basis));
	if (basis == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(basis, 0, sizeof(*basis));
	memset(&sum, 0, sizeof(sum));
	basis->ev = ev;
	basis->chebyshev = chebyshev;
	basis->baby = choose_baby(degree);
	PPDL_GOTO(done, ppdl_ct_copy(ev, &basis->power[1], in, in->limbs, err));
	basis->top = fmax(1, in->bound);
	if (chebyshev)
		basis->power[1].bound = basis->top;
	PPDL_GOTO(done, sum_start(ev, &sum, limbs, out_scale * (double) ev->par->ring->mod[limbs - 1].q, err));
	memcpy(basis->c, c, sizeof(*c) * (size_t) (degree + 1));
	PPDL_GOTO(done, add_polynomial(basis, &sum, basis->c, degree, 1, err));
	status = sum_finish(ev, &sum, out, out_scale, err);
	if (chebyshev)
		out->bound = series_bound(c, degree, basis->top);
	else if (!(in->bound > 0))
		out->bound = 0;
done:
	sum_release(ev, &sum);
	for (int k = 0; k <= MAX_DEGREE; k++)
		ppdl_ct_release(ev, &basis->power[k]);
	ppdl_pool_put(ev->pool, basis);
	return status;
}

PpdlStatus
ppdl_poly_chebyshev(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double complex *c, int degree,
					double out_scale, PpdlError *err)
{
	if (degree < 0 || degree > MAX_DEGREE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "polynomial degree %d is not between 0 and %d", degree, MAX_DEGREE);
	return evaluate(ev, out, in, c, degree, out_scale, 1, err);
}

#define MAX_MONOMIAL_DEGREE 15

PpdlStatus
ppdl_poly_monomial(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const double *c, int degree,
				   double out_scale, PpdlError *err)
{
	double complex z[MAX_MONOMIAL_DEGREE + 1];

	if (degree < 0 || degree > MAX_MONOMIAL_DEGREE)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "polynomial degree %d is not between 0 and %d; longer ones need the Chebyshev basis", degree,
						  MAX_MONOMIAL_DEGREE);
	for (int k = 0; k <= degree; k++)
		z[k] = c[k];
	return evaluate(ev, out, in, z, degree, out_scale, 0, err);
}
