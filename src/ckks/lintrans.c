/* Linear transforms: encoding of their diagonals. */
#include "ckks/lintrans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/encode_impl.h"
#include "ckks/eval_impl.h"
#include "ckks/lintrans_impl.h"
#include "ckks/runs.h"

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

/* A diagonal of that period has equal values in runs of 2^this (runs.h).  Short runs are not worth it. */
static int
logrun(const PpdlParams *par, size_t period)
{
	int			run = ppdl_runs_log(par, period);

	return run >= 3 ? run : 0;
}

double
ppdl_lintrans_bytes_most(const PpdlParams *par, int limbs, int diagonals, size_t period)
{
	return (double) diagonals * (limbs + par->np) * (double) (par->n >> logrun(par, period)) * sizeof(uint64_t);
}

size_t
ppdl_lintrans_bytes(const PpdlLinTrans *lt)
{
	size_t		bytes = sizeof(*lt);

	for (int i = 0; i < lt->count; i++)
		bytes += sizeof(PpdlTerm) + term_bytes(lt, &lt->term[i]);
	return bytes;
}

double
ppdl_lintrans_norm(const PpdlLinTrans *lt)
{
	return lt->row_norm;
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
		const PpdlBsgsStep *step = &lt->term[i].step;

		needed[ppdl_bsgs_baby_rotation(plan, step->baby)] = 1;
		needed[ppdl_bsgs_giant_rotation(plan, !plan->min_keys ? step->giant :
										(step->giant > 0) - (step->giant < 0))] = 1;
	}
	needed[ppdl_bsgs_source_rotation(plan)] = 1;
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
	int			first;			/* term of task 0 */
	PpdlError	error;			/* of the first task that fails */
	int			failed;
} Encoding;

static void
find_period(const PpdlParams *par, PpdlTerm *term, const double complex *diag, size_t period)
{
	size_t		p = period;

	while (p > 1 && memcmp(diag, diag + p / 2, p / 2 * sizeof(*diag)) == 0)
		p /= 2;
	term->filled = (double) p / (double) par->slots;
	term->logrun = logrun(par, p);
}

/* diagonal turned back by its giant step: D[p - giant rotation] */
static PpdlStatus
encode_term(const PpdlLinTrans *lt, const PpdlMatrix *m, const PpdlTerm *term, const double complex *diag,
			PpdlError *err)
{
	const PpdlParams *par = lt->par;
	size_t		task = m->period - ((size_t) ppdl_bsgs_giant_rotation(&lt->plan, term->step.giant) & (m->period - 1));
	int64_t    *c = ppdl_alloc_aligned(sizeof(int64_t) * par->n);
	double complex *z = ppdl_alloc_aligned(sizeof(double complex) * m->period),
			   *work = ppdl_alloc_aligned(sizeof(double complex) * m->period);
	PpdlStatus	status;

	if (c == NULL || z == NULL || work == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else
	{
		for (size_t p = 0; p < m->period; p++)
			z[p] = diag[(p + task) & (m->period - 1)];
		status = ppdl_slots_to_coeffs(par, c, work, z, m->period, lt->scale, err);
	}
	if (status == PPDL_OK)
	{
		ppdl_shift_coeffs(par, (uint64_t *) c, c, term->logrun);
		for (int t = 0; t < lt->ks->total; t++)
			ppdl_shifted_to_limb(par, ppdl_qp_mod(par, lt->limbs, t), ppdl_term_limb(par, term, t),
								 (const uint64_t *) c, term->logrun);
	}
	ppdl_free_aligned(c);
	ppdl_free_aligned(z);
	ppdl_free_aligned(work);
	return status;
}

static void
task_encode(void *arg, int i)
{
	Encoding   *op = arg;
	PpdlError	err;

	i += op->first;
	if (encode_term(op->lt, op->m, &op->lt->term[i], op->m->diag[op->source[i]], &err) != PPDL_OK
		&& __atomic_exchange_n(&op->failed, 1, __ATOMIC_RELAXED) == 0)
		op->error = err;
}

static PpdlStatus
measure_entries(PpdlLinTrans *lt, const PpdlMatrix *m, PpdlError *err)
{
	double	   *row = calloc(2 * m->period, sizeof(double)),
			   *squares = row + m->period;

	if (row == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < m->count; i++)
	{
		for (size_t p = 0; p < m->period; p++)
		{
			double		re = creal(m->diag[i][p]),
						im = cimag(m->diag[i][p]);

			row[p] += sqrt(re * re + im * im);
			squares[p] += re * re + im * im;
		}
	}
	for (size_t p = 0; p < m->period; p++)
	{
		lt->row_bound = fmax(lt->row_bound, row[p]);
		lt->row_norm = fmax(lt->row_norm, sqrt(squares[p]));
	}
	free(row);
	return PPDL_OK;
}

static int
compare_terms(const void *a, const void *b)
{
	const PpdlBsgsStep *x = &((const PpdlTerm *) a)->step,
			   *y = &((const PpdlTerm *) b)->step;

	if (x->giant != y->giant)
		return x->giant - y->giant;
	return x->source != y->source ? x->source - y->source : x->baby - y->baby;
}

/* terms in the order they are applied in, each with room for its plaintext; source: the diagonal of each */
static PpdlStatus
plan_terms(PpdlLinTrans *lt, const PpdlMatrix *m, int *source, PpdlError *err)
{
	for (int i = 0; i < m->count; i++)
	{
		PpdlTerm   *t = &lt->term[i];

		t->step = ppdl_bsgs_split(&lt->plan, m->offset[i]);
		find_period(lt->par, t, m->diag[i], m->period);
		t->p = ppdl_alloc_aligned(term_bytes(lt, t));
		lt->count++;
		if (t->p == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for diagonal %d of %d", i, m->count);
	}
	qsort(lt->term, (size_t) lt->count, sizeof(PpdlTerm), compare_terms);
	for (int i = 0; i < lt->count; i++)
	{
		for (int k = 0; k < m->count; k++)
		{
			const PpdlBsgsStep step = ppdl_bsgs_split(&lt->plan, m->offset[k]);

			if (memcmp(&step, &lt->term[i].step, sizeof(step)) == 0)
				source[i] = k;
		}
	}
	return PPDL_OK;
}

/* diagonals encoded between two questions whether to go on */
#define TERMS_A_POLL 32

static PpdlStatus
encode_terms(Encoding *op, PpdlThreads *threads, const PpdlPoll *poll, PpdlError *err)
{
	const int	count = op->lt->count;

	for (op->first = 0; op->first < count && !op->failed; op->first += TERMS_A_POLL)
	{
		int			left = count - op->first;

		PPDL_TRY(ppdl_poll(poll, err));
		ppdl_parallel_for(threads, left < TERMS_A_POLL ? left : TERMS_A_POLL, task_encode, op);
	}
	if (!op->failed)
		return PPDL_OK;
	if (err != NULL)
		*err = op->error;
	return op->error.code;
}

PpdlStatus
ppdl_lintrans_create(PpdlLinTrans **out, const PpdlParams *par, const PpdlMatrix *m, const PpdlLinTransForm *form,
					 PpdlThreads *threads, const PpdlPoll *poll, PpdlError *err)
{
	PpdlLinTrans *lt;
	Encoding	op = {.m = m};
	int		   *source = NULL;
	PpdlStatus	status;

	*out = NULL;
	if (form->limbs < 1 || form->limbs > par->nq)
		return ppdl_error(err, PPDL_ERR_LEVEL, "no linear transform at %d limbs in ring %s: must be 1 to %d",
						  form->limbs, par->name, par->nq);
	lt = calloc(1, sizeof(*lt));
	if (lt == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	lt->par = par;
	lt->limbs = form->limbs;
	lt->scale = form->pt_scale;
	PPDL_GOTO(done, ppdl_ks_plan(par, form->limbs, par->np, &lt->ks, err));
	PPDL_GOTO(done, ppdl_bsgs_plan(&lt->plan, m, par->slots, form, err));
	PPDL_GOTO(done, measure_entries(lt, m, err));
	lt->term = calloc((size_t) m->count, sizeof(PpdlTerm));
	op.lt = lt;
	op.source = source = malloc(sizeof(int) * (size_t) m->count);
	if (lt->term == NULL || source == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	PPDL_GOTO(done, plan_terms(lt, m, source, err));
	status = encode_terms(&op, threads, poll, err);
done:
	free(source);
	if (status == PPDL_OK)
		*out = lt;
	else
		ppdl_lintrans_destroy(lt);
	return status;
}
