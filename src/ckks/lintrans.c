/* Linear transforms: encoding of their diagonals. */
#include "ckks/lintrans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encode_impl.h"
#include "ckks/eval_impl.h"
#include "ckks/lintrans_impl.h"

void
ppdl_lintrans_destroy(PpdlLinTrans *lt)
{
	if (lt == NULL)
		return;
	for (int i = 0; i < lt->count; i++)
		ppdl_free_aligned(lt->term[i].p);
	free(lt->term);
	free(lt);
}

static size_t
term_bytes(const PpdlLinTrans *lt, const PpdlTerm *t)
{
	return (size_t) lt->ks->total * (lt->par->n >> t->logrun) * sizeof(uint64_t);
}

size_t
ppdl_lintrans_bytes(const PpdlLinTrans *lt)
{
	size_t		bytes = sizeof(*lt);

	for (int i = 0; i < lt->count; i++)
		bytes += sizeof(PpdlTerm) + term_bytes(lt, &lt->term[i]);
	return bytes;
}

int
ppdl_lintrans_rotations(const PpdlLinTrans *lt, int *rotations, int max)
{
	const PpdlBsgs *plan = &lt->plan;
	uint8_t    *needed = calloc(plan->slots, 1);
	int			count = 0;

	if (needed == NULL)
		return 0;
	for (int i = 0; i < lt->count; i++)
	{
		const PpdlTerm *t = &lt->term[i];

		needed[ppdl_bsgs_baby_rotation(plan, t->baby)] = 1;
		needed[ppdl_bsgs_giant_rotation(plan, !plan->min_keys ? t->giant : (t->giant > 0) - (t->giant < 0))] = 1;
	}
	for (size_t r = 1; r < plan->slots; r++)
	{
		if (!needed[r])
			continue;
		if (count < max)
			rotations[count] = (int) r;
		count++;
	}
	free(needed);
	return count;
}

typedef struct Encoding
{
	const PpdlMatrix *m;
	PpdlLinTrans *lt;
	const int  *source;			/* diagonal of each term */
	PpdlError	error;			/* of the first turn that fails */
	int			failed;
} Encoding;

/*
 * A diagonal of period P encodes to a polynomial in X^(slots/P), whose values at
 * the roots, in bit-reversed order, are equal in runs of slots/P.  Short runs are not worth it.
 */
static int
find_logrun(const PpdlParams *par, const double complex *diag, size_t period)
{
	size_t		p = period;
	int			run;

	while (p > 1 && memcmp(diag, diag + p / 2, p / 2 * sizeof(*diag)) == 0)
		p /= 2;
	run = __builtin_ctzll((unsigned long long) (par->slots / p));
	return run >= 3 ? run : 0;
}

/* diagonal turned back by its giant step: D[p - giant rotation] */
static PpdlStatus
encode_term(const PpdlLinTrans *lt, const PpdlMatrix *m, const PpdlTerm *term, const double complex *diag, PpdlError *err)
{
	const PpdlParams *par = lt->par;
	size_t		turn = m->period - ((size_t) ppdl_bsgs_giant_rotation(&lt->plan, term->giant) & (m->period - 1));
	int64_t    *c = ppdl_alloc_aligned(sizeof(int64_t) * par->n);
	uint64_t   *limb = ppdl_alloc_aligned(sizeof(uint64_t) * par->n);
	const size_t kept = par->n >> term->logrun;
	double complex *z = ppdl_alloc_aligned(sizeof(double complex) * m->period),
			   *work = ppdl_alloc_aligned(sizeof(double complex) * m->period);
	PpdlStatus	status;

	if (c == NULL || limb == NULL || z == NULL || work == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
	{
		for (size_t p = 0; p < m->period; p++)
			z[p] = diag[(p + turn) & (m->period - 1)];
		status = ppdl_slots_to_coeffs(par, c, work, z, m->period, lt->scale, err);
	}
	if (status == PPDL_OK)
		ppdl_shift_coeffs(par, (uint64_t *) c, c);
	if (status == PPDL_OK)
		for (int t = 0; t < lt->ks->total; t++)
		{
			ppdl_shifted_to_limb(par, ppdl_qp_mod(par, lt->limbs, t), limb, (const uint64_t *) c);
			for (size_t i = 0; i < kept; i++)
				term->p[(size_t) t * kept + i] = limb[i << term->logrun];
		}
	ppdl_free_aligned(c);
	ppdl_free_aligned(limb);
	ppdl_free_aligned(z);
	ppdl_free_aligned(work);
	return status;
}

static void
turn_encode(void *arg, int i)
{
	Encoding   *op = arg;
	PpdlError	err;

	if (encode_term(op->lt, op->m, &op->lt->term[i], op->m->diag[op->source[i]], &err) != PPDL_OK
		&& __atomic_exchange_n(&op->failed, 1, __ATOMIC_RELAXED) == 0)
		op->error = err;
}

static PpdlStatus
measure_entries(PpdlLinTrans *lt, const PpdlMatrix *m, PpdlError *err)
{
	double		sum = 0,
			   *row = calloc(m->period, sizeof(double));

	if (row == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < m->count; i++)
	{
		for (size_t p = 0; p < m->period; p++)
		{
			double		re = creal(m->diag[i][p]),
						im = cimag(m->diag[i][p]);

			row[p] += sqrt(re * re + im * im);
			sum += re * re + im * im;
		}
	}
	for (size_t p = 0; p < m->period; p++)
		lt->row_bound = fmax(lt->row_bound, row[p]);
	lt->rms = sqrt(sum / (double) m->period);
	free(row);
	return PPDL_OK;
}

static int
compare_terms(const void *a, const void *b)
{
	const PpdlTerm *x = a,
			   *y = b;

	return x->giant != y->giant ? x->giant - y->giant : x->baby - y->baby;
}

PpdlStatus
ppdl_lintrans_create(PpdlLinTrans **out, const PpdlParams *par, const PpdlMatrix *m, int limbs,
					 double pt_scale, int baby, int min_keys, PpdlThreads *threads, PpdlError *err)
{
	PpdlLinTrans *lt;
	Encoding	op = {.m = m};
	int		   *source = NULL;
	PpdlStatus	status;

	*out = NULL;
	if (limbs < 1 || limbs > par->nq)
		return ppdl_error(err, PPDL_ERR_LEVEL, "no linear transform at %d limbs in ring %s: must be 1 to %d", limbs, par->name, par->nq);
	lt = calloc(1, sizeof(*lt));
	if (lt == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	lt->par = par;
	lt->limbs = limbs;
	lt->scale = pt_scale;
	PPDL_GOTO(fail, ppdl_ks_plan(par, limbs, par->np, &lt->ks, err));
	PPDL_GOTO(fail, ppdl_bsgs_plan(&lt->plan, m, par->slots, baby, min_keys, err));
	PPDL_GOTO(fail, measure_entries(lt, m, err));
	lt->term = calloc((size_t) m->count, sizeof(PpdlTerm));
	source = malloc(sizeof(int) * (size_t) m->count);
	if (lt->term == NULL || source == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto fail;
	}
	for (int i = 0; i < m->count; i++)
	{
		PpdlTerm	   *t = &lt->term[i];

		ppdl_bsgs_split(&lt->plan, m->offset[i], &t->giant, &t->baby);
		t->logrun = find_logrun(par, m->diag[i], m->period);
		t->p = ppdl_alloc_aligned(term_bytes(lt, t));
		lt->count++;
		if (t->p == NULL)
		{
			status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for diagonal %d of %d", i, m->count);
			goto fail;
		}
	}
	qsort(lt->term, (size_t) lt->count, sizeof(PpdlTerm), compare_terms);
	for (int i = 0; i < lt->count; i++)
	{
		for (int k = 0; k < m->count; k++)
		{
			int			g,
						b;

			ppdl_bsgs_split(&lt->plan, m->offset[k], &g, &b);
			if (g == lt->term[i].giant && b == lt->term[i].baby)
				source[i] = k;
		}
	}
	op.lt = lt;
	op.source = source;
	ppdl_parallel_for(threads, lt->count, turn_encode, &op);
	if (op.failed)
	{
		if (err != NULL)
			*err = op.error;
		status = op.error.code;
		goto fail;
	}
	free(source);
	*out = lt;
	return PPDL_OK;
fail:
	free(source);
	ppdl_lintrans_destroy(lt);
	return status;
}
