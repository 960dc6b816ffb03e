#include "rows/combine.h"

#include <math.h>

#include "rows/lift.h"
#include "rows/row.h"

/* integers are kept where doubles are exact */
#define MAX_FACTOR 0x1p52
#define RATIO_ERROR 0x1p-40

/* one operand: c times a factor, as sign * multiple of what it would be at the common scale */
typedef struct Term
{
	const PpdlCipher *c;
	double		factor,
				scale;			/* c's, over |factor| */
	double		multiple;		/* an integer */
} Term;

/*
 * The smallest integers x, y with |x/y - ratio| <= ratio * 2^-40, ratio >= 1: the convergents of
 * the continued fraction (Khinchin 1964, theorem 16).  0 when they grow too large, the first one included.
 */
static int
integer_ratio(double ratio, double *x, double *y)
{
	double		x0 = 1,
				y0 = 0,
				rest = ratio,
				whole = floor(rest);

	*x = whole;
	*y = 1;
	while (*x < MAX_FACTOR && *y < MAX_FACTOR && fabs(*x / *y - ratio) > ratio * RATIO_ERROR)
	{
		double		x1 = *x,
					y1 = *y;

		rest = 1 / (rest - whole);
		whole = floor(rest);
		*x = whole * x1 + x0;
		*y = whole * y1 + y0;
		x0 = x1;
		y0 = y1;
	}
	return *x >= 1 && *x < MAX_FACTOR && *y < MAX_FACTOR;
}

static PpdlStatus
bad_factor(double factor, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_RANGE, "a value cannot be multiplied by %g", factor);
}

static PpdlStatus
set_term(Term *t, const PpdlCipher *c, double factor, PpdlError *err)
{
	if (c->kind == PPDL_KIND_PACKED)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "packed values have no arithmetic; only slices and rows do");
	if (!isfinite(factor))
		return bad_factor(factor, err);
	t->c = c;
	t->factor = factor;
	t->multiple = 1;
	t->scale = factor == 0 ? c->scale : c->scale / fabs(factor);
	if (!isnormal(t->scale) || t->scale < 0x1p-900 || t->scale > 0x1p900)
		return bad_factor(factor, err);
	return PPDL_OK;
}

static PpdlStatus
scale_hint(PpdlError *err)
{
	return ppdl_error_hint(err, PPDL_ERR_RANGE,
						   "Values of very different scales (after division or multiplication by numbers "
						   "that are no simple fractions of each other) need large integers to be added; "
						   "multiply after adding, or use rows with more limbs.");
}

/* a factor of zero stands for no message at all: the integer 0 */
static PpdlStatus
match_scales(Term *t, int terms, PpdlError *err)
{
	for (int i = 0; i < terms; i++)
		if (t[i].factor == 0)
			t[i].multiple = 0;
	if (terms == 2 && t[0].multiple == 0)
		t[0].scale = t[1].scale;
	if (terms == 2 && t[1].multiple == 0)
		t[1].scale = t[0].scale;
	if (terms == 2 && t[0].multiple != 0 && t[1].multiple != 0 &&
		!(t[1].scale >= t[0].scale ?
		  integer_ratio(t[1].scale / t[0].scale, &t[0].multiple, &t[1].multiple) :
		  integer_ratio(t[0].scale / t[1].scale, &t[1].multiple, &t[0].multiple)))
	{
		ppdl_error(err, PPDL_ERR_RANGE, "scales 2^%.4f and 2^%.4f cannot be brought together", log2(t[0].scale),
				   log2(t[1].scale));
		return scale_hint(err);
	}
	return PPDL_OK;
}

/* the result must fit its limbs */
static PpdlStatus
check_room(const PpdlParams *par, int limbs, double scale, double bound, double noise, PpdlError *err)
{
	double		need = log2(2 * (bound * scale + 32 * noise) + 1),
				have = ppdl_params_log2_q(par, limbs) - 0x1p-18;

	if (!(need < have))
	{
		ppdl_error(err, PPDL_ERR_RANGE, "result may overflow: it takes %.1f bits, and %d limb%s hold%s %.1f",
				   need, limbs, limbs == 1 ? "" : "s", limbs == 1 ? "s" : "", have);
		return scale_hint(err);
	}
	return PPDL_OK;
}

static PpdlStatus
add_terms(PpdlEval *ev, PpdlCt *sum, const Term *t, int terms, int limbs, PpdlError *err)
{
	for (int i = 0; i < terms; i++)
	{
		double		signed_multiple = copysign(t[i].multiple, t[i].factor);
		PpdlStatus	status;
		PpdlCt		ct;

		PPDL_TRY(ppdl_lift_vector(ev, i == 0 ? sum : &ct, t[i].c, limbs, err));
		status = ppdl_ct_mul_int(ev, i == 0 ? sum : &ct, (__int128) signed_multiple, err);
		if (i > 0)
		{
			ct.scale = sum->scale;
			if (status == PPDL_OK)
				status = ppdl_ct_add(ev, sum, &ct, err);
			ppdl_ct_release(ev, &ct);
		}
		PPDL_TRY(status);
	}
	return PPDL_OK;
}

static PpdlStatus
combine(PpdlEval *ev, PpdlWriter *w, Term *t, int terms, PpdlError *err)
{
	const PpdlParams *par = t[0].c->par;
	double		bound = 0,
				noise = 0,
				scale;
	int			limbs = par->nq;
	PpdlCt		sum = {0};

	PPDL_TRY(match_scales(t, terms, err));
	for (int i = 0; i < terms; i++)
	{
		bound += t[i].c->bound * fabs(t[i].factor);
		noise += t[i].c->noise * t[i].multiple; /* the operands may be the same value */
		if (t[i].c->limbs < limbs)
			limbs = t[i].c->limbs;
	}
	scale = t[0].multiple > 0 ? t[0].scale * t[0].multiple : t[0].scale;
	if (terms == 2)
		noise += RATIO_ERROR * bound * scale;
	PPDL_TRY(check_room(par, limbs, scale, bound, noise, err));
	PPDL_TRY(add_terms(ev, &sum, t, terms, limbs, err));
	sum.scale = scale;
	sum.bound = bound;
	sum.noise = noise;
	return ppdl_row_write(w, &sum, t[0].c->width, t[0].c->fingerprint, err);
}

PpdlStatus
ppdl_cipher_combine(PpdlWriter *w, const PpdlCipher *a, double wa, const PpdlCipher *b, double wb, PpdlError *err)
{
	const int	terms = b == NULL ? 1 : 2;
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;
	Term		t[2];

	PPDL_TRY(set_term(&t[0], a, wa, err));
	if (b != NULL)
	{
		PpdlCipher	alike = *b;

		alike.scale = a->scale;
		PPDL_TRY(ppdl_cipher_check_same(a, &alike, "combination", err));
		PPDL_TRY(set_term(&t[1], b, wb, err));
	}
	pool = ppdl_pool_create();
	if (pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, a->par, pool, NULL, err));
	status = combine(&ev, w, t, terms, err);
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	return status;
}
