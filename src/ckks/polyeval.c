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

/* what waits to be added together */
#define MAX_TERMS 32

/* a sum at `limbs` limbs and scale `scale`, not rescaled; what is not relinearised is in d */
typedef struct Sum
{
	PpdlCt3		ct;				/* what was added up so far; b = NULL: nothing */
	int			limbs;
	double		scale,
				bound;			/* of all, what waits as well */
	PpdlCt		quotient;		/* its product with y waits; b = NULL: none does */
	const PpdlCt *y,
			   *term[MAX_TERMS];
	double complex c[MAX_TERMS],
				constant;
	int			terms;
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
	const double complex minus = -1;
	const PpdlCt *other;
	PpdlCtSum	sum = {.factor = basis->chebyshev ? 2 : 1, .term = &other, .c = &minus, .limbs = basis->power[1].limbs};
	PpdlCt3		t = {0};

	if (out->b != NULL)
		return PPDL_OK;
	PPDL_TRY(make_power(basis, hi, err));
	PPDL_TRY(make_power(basis, lo, err));
	if (basis->chebyshev && hi > lo)
		PPDL_TRY(make_power(basis, hi - lo, err));
	/* T_k = 2*T_hi*T_lo - T_(hi-lo) */
	sum.x = &basis->power[hi];
	sum.y = other = &basis->power[lo];
	if (basis->chebyshev && hi == lo)
		sum.constant = -1;
	else if (basis->chebyshev)
	{
		other = &basis->power[hi - lo];
		sum.terms = 1;
	}
	PPDL_TRY(ppdl_ct3_sum(ev, &t, &sum, err));
	if (basis->chebyshev)
		t.ct.bound = chebyshev_bound(k, basis->top);
	return ppdl_ct_relinearize_rescale(ev, out, &t, err);
}

static void
sum_release(PpdlEval *ev, Sum *sum)
{
	ppdl_ct3_release(ev, &sum->ct);
	ppdl_ct_release(ev, &sum->quotient);
}

static void
sum_start(Sum *sum, int limbs, double scale)
{
	memset(sum, 0, sizeof(*sum));
	sum->limbs = limbs;
	sum->scale = scale;
}

/* adds what waits; the scale of a product is that of the sum up to rounding of doubles: the caller chose it so */
static PpdlStatus
sum_flush(PpdlEval *ev, Sum *sum, PpdlError *err)
{
	const PpdlCtSum what = {
		.x = sum->quotient.b != NULL ? &sum->quotient : NULL, .y = sum->y, .factor = 1, .term = sum->term, .c = sum->c,
		.terms = sum->terms, .constant = sum->constant, .limbs = sum->limbs, .scale = sum->scale
	};

	PPDL_TRY(ppdl_ct3_sum(ev, &sum->ct, &what, err));
	sum->ct.ct.bound = sum->bound;
	ppdl_ct_release(ev, &sum->quotient);
	sum->terms = 0;
	sum->constant = 0;
	return PPDL_OK;
}

/* sum += c * x, which stays where it is until the sum is flushed */
static PpdlStatus
sum_add_multiple(PpdlEval *ev, Sum *sum, const PpdlCt *x, double complex c, PpdlError *err)
{
	if (sum->terms == MAX_TERMS)
		PPDL_TRY(sum_flush(ev, sum, err));
	sum->term[sum->terms] = x;
	sum->c[sum->terms++] = c;
	sum->bound += x->bound * hypot(creal(c), cimag(c));
	return PPDL_OK;
}

static void
sum_add_constant(Sum *sum, double complex c)
{
	sum->constant += c;
	sum->bound += hypot(creal(c), cimag(c));
}

/* sum += x * y, not relinearised; consumes x, and y stays where it is until the sum is flushed */
static PpdlStatus
sum_add_product(PpdlEval *ev, Sum *sum, PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	PpdlStatus	status = sum->quotient.b != NULL ? sum_flush(ev, sum, err) : PPDL_OK;

	if (status != PPDL_OK)
	{
		ppdl_ct_release(ev, x);
		return status;
	}
	sum->quotient = *x;
	sum->y = y;
	sum->bound += x->bound * y->bound;
	x->b = x->a = NULL;
	return PPDL_OK;
}

/* relinearised if need be, rescaled, at exactly the scale that was planned; consumes sum */
static PpdlStatus
sum_finish(PpdlEval *ev, Sum *sum, PpdlCt *out, double scale, PpdlError *err)
{
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(sum_flush(ev, sum, err));
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
		sum_add_constant(sum, c[0]);
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
		sum_start(&sub, sum->limbs + 1, q_scale * (double) ev->par->ring->mod[sum->limbs].q);
		status = add_polynomial(basis, &sub, c + g, degree - g, leading, err);
		if (status == PPDL_OK)
			status = sum_finish(ev, &sub, &q, q_scale, err);
		sum_release(ev, &sub);
		PPDL_TRY(status);
		if (basis->chebyshev)
			q.bound = q_bound;
		PPDL_TRY(sum_add_product(ev, sum, &q, &basis->power[g], err));
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
		sum_start(&sum, in->limbs, out_scale);
		sum_add_constant(&sum, c[0]);
		PPDL_TRY(sum_flush(ev, &sum, err));
		*out = sum.ct.ct;
		return PPDL_OK;
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
	sum_start(&sum, limbs, out_scale * (double) ev->par->ring->mod[limbs - 1].q);
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
