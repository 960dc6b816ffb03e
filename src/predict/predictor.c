/* Running a predictor. */
#include "predict/predictor_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ckks/polyeval.h"

/* ciphertexts between two stages: group g of the i'th of those that are run together is ct[g * each + i] */
typedef struct Groups
{
	int			count,			/* of groups */
				each;			/* ciphertexts of a group */
	PpdlCt	   *ct;
} Groups;

static PpdlStatus
groups_init(Groups *g, int count, int each, PpdlError *err)
{
	g->count = count;
	g->each = each;
	g->ct = calloc((size_t) count * (size_t) each, sizeof(PpdlCt));
	if (g->ct == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

static void
groups_free(PpdlEval *ev, Groups *g)
{
	if (g->ct != NULL)
		ppdl_ct_release_all(ev, g->ct, g->count * g->each);
	free(g->ct);
	g->ct = NULL;
}

/* acc += x, or acc = x (taken over) when acc is empty */
static PpdlStatus
accumulate(PpdlEval *ev, PpdlCt *acc, PpdlCt *x, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	if (acc->b == NULL)
	{
		*acc = *x;
		memset(x, 0, sizeof(*x));
		return PPDL_OK;
	}
	status = ppdl_ct_add(ev, acc, x, err);
	ppdl_ct_release(ev, x);
	return status;
}

/* ct = ct + conj(other), other = ct or another one, which is released */
static PpdlStatus
add_conjugate(PpdlEval *ev, PpdlCt *ct, PpdlCt *other, PpdlError *err)
{
	PpdlCt		conj = {0};
	PpdlStatus	status = ppdl_ct_conjugate(ev, &conj, other, err);

	if (status == PPDL_OK)
		status = ppdl_ct_add(ev, ct, &conj, err);
	ppdl_ct_release(ev, &conj);
	if (other != ct)
		ppdl_ct_release(ev, other);
	return status;
}

/* sum[i * s->nlt + k], empty before: transform k of the i'th ciphertext, of all its groups */
static PpdlStatus
apply_matrices(PpdlEval *ev, const PpdlStage *s, const Groups *in, PpdlCt *sum, PpdlError *err)
{
	const PpdlLinTrans *const *lt = (const PpdlLinTrans *const *) s->lt;
	const int	parts = s->nlt * in->each,
				alone = s->in_groups == 1;	/* nothing is added up before it is rescaled */
	Groups		part = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, groups_init(&part, parts, 1, err));
	for (int from = 0; from < s->in_groups; from++)
	{
		PPDL_GOTO(done, ppdl_lintrans_apply_all(ev, part.ct, lt + from * s->nlt, s->nlt, &in->ct[from * in->each],
												in->each, alone, err));
		for (int i = 0; i < parts; i++)
			PPDL_GOTO(done, accumulate(ev, &sum[i], &part.ct[i], err));
	}
	for (int i = 0; i < parts && !alone; i++)
		PPDL_GOTO(done, ppdl_ct_rescale(ev, &sum[i], err));
done:
	groups_free(ev, &part);
	return status;
}

/* output group `to` of a ciphertext, whose sums are given: these are taken over */
static PpdlStatus
finish_matrix(PpdlEval *ev, const PpdlStage *s, PpdlCt *sum, int to, PpdlCt *out, PpdlError *err)
{
	const int	is_input = s->with_input && to == s->out_groups - 1;
	PpdlCt	   *ct = &sum[to * s->per_group];

	if (s->conjugates && !is_input)
		PPDL_TRY(add_conjugate(ev, ct, ct + s->per_group - 1, err));
	if (s->bias != NULL && !is_input)
		PPDL_TRY(ppdl_ct_add_plain(ev, ct, &s->bias[to], err));
	*out = *ct;
	memset(ct, 0, sizeof(*ct));
	return PPDL_OK;
}

static PpdlStatus
run_matrix(PpdlEval *ev, const PpdlStage *s, const Groups *in, Groups *out, PpdlError *err)
{
	Groups		sum = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, groups_init(&sum, s->nlt * in->each, 1, err));
	PPDL_GOTO(done, apply_matrices(ev, s, in, sum.ct, err));
	for (int to = 0; to < s->out_groups; to++)
		for (int i = 0; i < in->each; i++)
			PPDL_GOTO(done, finish_matrix(ev, s, sum.ct + i * s->nlt, to, &out->ct[to * in->each + i], err));
done:
	groups_free(ev, &sum);
	return status;
}

static PpdlStatus
run_square(PpdlEval *ev, const PpdlStage *s, const Groups *in, Groups *out, PpdlError *err)
{
	for (int i = 0; i < in->count * in->each; i++)
	{
		PPDL_TRY(ppdl_ct_mul(ev, &out->ct[i], &in->ct[i], &in->ct[i], err));
		PPDL_TRY(ppdl_ct_rescale(ev, &out->ct[i], err));
	}
	return PPDL_OK;
}

static PpdlStatus
run_poly(PpdlEval *ev, const PpdlStage *s, const Groups *in, Groups *out, PpdlError *err)
{
	double complex c[PPDL_MAX_ACT_DEGREE + 1];

	for (int k = 0; k <= s->degree; k++)
		c[k] = s->coef[k];
	for (int i = 0; i < in->count * in->each; i++)
	{
		if (s->chebyshev)
			PPDL_TRY(ppdl_poly_chebyshev(ev, &out->ct[i], &in->ct[i], c, s->degree, s->scale, err));
		else
			PPDL_TRY(ppdl_poly_monomial(ev, &out->ct[i], &in->ct[i], s->coef, s->degree, s->scale, err));
	}
	return PPDL_OK;
}

/* of the i'th ciphertext; products are added up before the one relinearisation */
static PpdlStatus
sum_products(PpdlEval *ev, const PpdlStage *s, const Groups *in, int i, PpdlCt3 *sum, PpdlError *err)
{
	const PpdlCt *ct = &in->ct[i];

	if (s->kind == PPDL_STAGE_SUM_PRODUCT)
		return ppdl_ct_tensor(ev, sum, ct, ct + in->each, err);
	for (int g = 0; g < in->count; g++)
		PPDL_TRY(ppdl_ct3_add_product(ev, sum, ct + g * in->each, ct + g * in->each, err));
	return PPDL_OK;
}

/* of the i'th ciphertext; the outputs are the real parts */
static PpdlStatus
sum_one(const PpdlPredictor *p, PpdlEval *ev, const PpdlStage *s, const Groups *in, int i, PpdlCt *ct, PpdlError *err)
{
	PpdlCt3		sum = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, sum_products(ev, s, in, i, &sum, err));
	PPDL_GOTO(done, ppdl_ct_relinearize(ev, ct, &sum, err));
	PPDL_GOTO(done, ppdl_ct_rotate_and_sum(ev, ct, s->stride, ppdl_log2_width(p->slots / s->stride), err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, ct, err));
	if (s->constant.p != NULL)
		PPDL_GOTO(done, ppdl_ct_add_plain(ev, ct, &s->constant, err));
	else
		PPDL_GOTO(done, ppdl_ct_add_const(ev, ct, s->constant_value, 0, err));
done:
	ppdl_ct3_release(ev, &sum);
	return status;
}

static PpdlStatus
run_sum(const PpdlPredictor *p, PpdlEval *ev, const PpdlStage *s, const Groups *in, Groups *out, PpdlError *err)
{
	for (int i = 0; i < in->each; i++)
		PPDL_TRY(sum_one(p, ev, s, in, i, &out->ct[i], err));
	return PPDL_OK;
}

static PpdlStatus
run_stage(const PpdlPredictor *p, PpdlEval *ev, const PpdlStage *s, const Groups *in, Groups *out, PpdlError *err)
{
	switch (s->kind)
	{
		case PPDL_STAGE_LINEAR:
		case PPDL_STAGE_MATRIX:
			return run_matrix(ev, s, in, out, err);
		case PPDL_STAGE_SQUARE:
			return run_square(ev, s, in, out, err);
		case PPDL_STAGE_POLY:
			return run_poly(ev, s, in, out, err);
		case PPDL_STAGE_SUM_SQUARES:
		case PPDL_STAGE_SUM_PRODUCT:
			return run_sum(p, ev, s, in, out, err);
	}
	return ppdl_error(err, PPDL_ERR_INTERNAL, "unknown stage %d", s->kind);
}

static PpdlStatus
check_input(const PpdlPredictor *p, const PpdlPacked *in, PpdlError *err)
{
	if (in->ct.par != p->par)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "prediction takes rows of ring %s, not of ring %s", p->par->name,
						  in->ct.par->name);
	if (in->width != p->width || in->logk != p->logk)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the network has %d inputs, the rows have %d values", p->width,
						  in->width);
	if (fabs(in->ct.scale / p->in_scale - 1) > 0x1p-40)
		return ppdl_error(err, PPDL_ERR_SCALE, "rows are packed at scale 2^%.3f, the network was prepared for 2^%.3f",
						  log2(in->ct.scale), log2(p->in_scale));
	if (in->ct.limbs < p->limbs)
	{
		ppdl_error(err, PPDL_ERR_LEVEL, "rows have %d limbs, the network takes %d", in->ct.limbs, p->limbs);
		return ppdl_error_hint(err, PPDL_ERR_LEVEL,
							   "Prediction needs full rows; compact ones serve sums and training.");
	}
	if (in->ct.bound > 1 + 0x1p-20)
		return ppdl_error(err, PPDL_ERR_RANGE, "rows may hold values up to %.3g, networks take values within [-1, 1]",
						  in->ct.bound);
	return PPDL_OK;
}

/* ---- errors ---- */

/* standard deviation of the error of a real slot, as a value: that of a complex one has a half in each part */
static double
slot_error(const PpdlCt *ct, int real)
{
	return ct->noise / ct->scale * sqrt((double) ct->par->n / (real ? 1 : 2));
}

/* of an output, from the noise of the rows as they come: coefficients, or slots that hold two inputs */
static double
error_of_rows(const PpdlPredictor *p, const PpdlCt *in)
{
	if (p->entry->transforms > 0)
		return p->estimate.input_gain * in->noise / in->scale;
	return p->estimate.input_slots_gain * slot_error(in, 0);
}

/* what a stage left of the i'th ciphertext, as the error of an output that it leads to */
static double
error_of_stage(const PpdlStage *s, const Groups *out, int i)
{
	const int	real = s->conjugates && s->per_group == 1;
	double		most = 0;

	for (int g = 0; g < out->count; g++)
		most = fmax(most, slot_error(&out->ct[g * out->each + i], real));
	return s->gain * most;
}

/* see there */
static void
forget_errors(const PpdlStage *next, Groups *in)
{
	for (int i = 0; i < in->count * in->each; i++)
	{
		in->ct[i].noise = 0;
		in->ct[i].bound = next->size;
	}
}

/* the error of a value is noise*sqrt(N)/scale */
static void
state_error(PpdlCt *out, double error, double bound)
{
	out->noise = error * out->scale / sqrt((double) out->par->n);
	out->bound = fmax(bound, 8 * error);
}

/* *cur becomes what stage s makes of it */
static PpdlStatus
step(const PpdlPredictor *p, PpdlEval *ev, const PpdlStage *s, Groups *cur, PpdlError *err)
{
	Groups		next = {0};
	PpdlStatus	status;

	forget_errors(s, cur);
	PPDL_GOTO(fail, groups_init(&next, s->out_groups, cur->each, err));
	PPDL_GOTO(fail, run_stage(p, ev, s, cur, &next, err));
	groups_free(ev, cur);
	*cur = next;
	return PPDL_OK;
fail:
	groups_free(ev, &next);
	return status;
}

/* error[i]: of the i'th ciphertext */
static PpdlStatus
run_stages(const PpdlPredictor *p, PpdlEval *ev, Groups *cur, double *error, PpdlError *err)
{
	for (int i = 0; i < cur->each; i++)
		error[i] = error_of_rows(p, &cur->ct[i]);
	for (int k = 0; k < p->nstages; k++)
	{
		PPDL_TRY(step(p, ev, &p->stage[k], cur, err));
		for (int i = 0; i < cur->each; i++)
			error[i] = hypot(error[i], error_of_stage(&p->stage[k], cur, i));
	}
	for (int i = 0; i < cur->each; i++)
		state_error(&cur->ct[i], error[i], p->stage[p->nstages - 1].bound);
	return PPDL_OK;
}

PpdlStatus
ppdl_predictor_stages(const PpdlPredictor *p, PpdlEval *ev, PpdlCt *ct, int count, PpdlError *err)
{
	const size_t bytes = (size_t) count * sizeof(*ct);
	Groups		cur = {0};
	double	   *error = malloc((size_t) count * sizeof(*error));
	PpdlStatus	status;

	if (error == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	PPDL_GOTO(done, groups_init(&cur, 1, count, err));
	memcpy(cur.ct, ct, bytes);
	memset(ct, 0, bytes);
	PPDL_GOTO(done, run_stages(p, ev, &cur, error, err));
	memcpy(ct, cur.ct, bytes);
	memset(cur.ct, 0, bytes);
done:
	groups_free(ev, &cur);
	free(error);
	if (status != PPDL_OK)
		ppdl_ct_release_all(ev, ct, count);
	return status;
}

PpdlStatus
ppdl_predictor_run(const PpdlPredictor *p, PpdlEval *ev, PpdlCt *out, const PpdlPacked *in, int count, PpdlError *err)
{
	PpdlStatus	status;

	memset(out, 0, (size_t) count * sizeof(*out));
	for (int i = 0; i < count; i++)
		PPDL_TRY(check_input(p, &in[i], err));
	for (int i = 0; i < count; i++)
		PPDL_GOTO(fail, ppdl_ct_copy(ev, &out[i], &in[i].ct, p->limbs, err));
	return ppdl_predictor_stages(p, ev, out, count, err);
fail:
	ppdl_ct_release_all(ev, out, count);
	return status;
}
