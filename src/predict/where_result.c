/* What sums over a condition come to: count and sums of all rows, in one row of slots. */
#include "predict/where_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/rotations.h"
#include "rows/packed_writer.h"

/* results fill the lowest prime but for this: 2^50, less a sign and what slots without a value may hold */
#define RESULT_BITS 45

/* slots of a row of the result */
static int
result_slots(const PpdlWhere *w)
{
	const int	room = 1 << ppdl_log2_width(1 + w->values.width);

	return room > w->stride ? room : w->stride;
}

typedef struct Places
{
	int			slots;
	double		scale;			/* that places are chosen with, before the rescale */
} Places;

/* what fills the lowest prime in the end; states are read from anywhere: PPDL_ERR_SCALE */
static PpdlStatus
plan_places(Places *p, const PpdlWhere *w, const PpdlWhereSums *s, const PpdlCt *sums, PpdlError *err)
{
	p->slots = result_slots(w);
	p->scale = ldexp(ppdl_where_prime(w->par, sums->limbs), RESULT_BITS - ppdl_log2_width((int) s->rows)) / sums->scale;
	if (p->scale >= 0x1p16 && p->scale < 0x1p60)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_SCALE, "sums over a condition at scale 2^%.1f have no result", log2(sums->scale));
}

/* all rows onto each of them, rescaled: *out has two limbs */
static PpdlStatus
fold(const PpdlWhere *w, PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err)
{
	const int	count = __builtin_ctzll(w->par->slots / (size_t) w->stride);
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_copy(ev, out, in, in->limbs, err));
	PPDL_GOTO(fail, ppdl_ct_rotate_and_sum(ev, out, w->stride, count, err));
	PPDL_GOTO(fail, ppdl_ct_rescale(ev, out, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, out);
	return status;
}

/* value f to slot 1 + f; those in imaginary parts times -i */
static PpdlStatus
make_places(const PpdlWhere *w, const Places *p, PpdlMatrix **out, PpdlError *err)
{
	PPDL_TRY(ppdl_matrix_create(out, (size_t) p->slots, err));
	for (int f = 0; f < w->values.width; f++)
	{
		const int	from = ppdl_where_slot(&w->values, f),
					to = 1 + f;
		double complex *diag = ppdl_matrix_diag(*out, (from - to + p->slots) % w->stride);

		if (diag == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		diag[to] = ppdl_where_part(&w->values, f) == 0 ? 1 : -I;
	}
	return PPDL_OK;
}

static PpdlStatus
place_sums(const PpdlWhere *w, const Places *p, PpdlEval *ev, PpdlCt *out, const PpdlCt *sums, PpdlError *err)
{
	const PpdlLinTransForm form = ppdl_where_transform(w, sums->limbs, p->scale);
	const PpdlPoll poll = ppdl_eval_poller(ev);
	PpdlMatrix *m = NULL;
	PpdlLinTrans *lt = NULL;
	PpdlStatus	status;

	PPDL_GOTO(done, make_places(w, p, &m, err));
	PPDL_GOTO(done, ppdl_lintrans_create(&lt, w->par, m, &form, ev->threads, &poll, err));
	PPDL_GOTO(done, ppdl_lintrans_apply_rescale(ev, out, (const PpdlLinTrans *const *) &lt, 1, sums, err));
done:
	ppdl_lintrans_destroy(lt);
	ppdl_matrix_destroy(m);
	return status;
}

/* the count, in slot 0 of each row of the result; it is in the last slot before */
static PpdlStatus
place_count(const PpdlWhere *w, const Places *p, PpdlEval *ev, PpdlCt *out, const PpdlCt *count, PpdlError *err)
{
	double complex *z = calloc((size_t) p->slots, sizeof(*z));
	PpdlPt		last = {0};
	PpdlCt		one = {0};
	PpdlStatus	status;

	if (z == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	z[0] = 1;
	PPDL_GOTO(done, ppdl_where_plain(w->par, &last, z, (size_t) p->slots, p->scale, count->limbs, err));
	PPDL_GOTO(done, ppdl_rotate_far(ev, &one, count, w->stride - 1, err));
	PPDL_GOTO(done, ppdl_ct_mul_plain(ev, &one, &last, err));
	PPDL_GOTO(done, ppdl_ct_rescale(ev, &one, err));
	status = ppdl_ct_add(ev, out, &one, err);
done:
	ppdl_ct_release(ev, &one);
	free(last.p);
	free(z);
	return status;
}

static PpdlStatus
check_rows(const PpdlWhereSums *s, PpdlError *err)
{
	if (s->sums.b == NULL || s->count.b == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "sums over the rows that meet a condition, without rows");
	if (s->rows <= PPDL_WHERE_MAX_ROWS)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_RANGE, "sum_where adds up %.0f rows at most, here are %.0f", PPDL_WHERE_MAX_ROWS, s->rows);
	return ppdl_error_hint(err, PPDL_ERR_RANGE, "Sum groups of rows, and add up what they decrypt to.");
}

PpdlStatus
ppdl_where_result(const PpdlWhere *w, const PpdlWhereSums *s, PpdlEval *ev, PpdlCt *out, PpdlError *err)
{
	PpdlCt		sums = {0},
				count = {0};
	Places		places;
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	PPDL_TRY(check_rows(s, err));
	PPDL_GOTO(done, fold(w, ev, &sums, &s->sums, err));
	PPDL_GOTO(done, fold(w, ev, &count, &s->count, err));
	sums.bound = count.bound = s->rows;
	PPDL_GOTO(done, plan_places(&places, w, s, &sums, err));
	PPDL_GOTO(done, place_sums(w, &places, ev, out, &sums, err));
	PPDL_GOTO(done, place_count(w, &places, ev, out, &count, err));
	out->noise += s->bias * out->scale / sqrt((double) w->par->n);
	out->bound = fmax(s->rows, 8 * out->noise * sqrt((double) w->par->n) / out->scale);
done:
	ppdl_ct_release(ev, &sums);
	ppdl_ct_release(ev, &count);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_where_write(const PpdlWhere *w, const PpdlWhereSums *s, PpdlEval *ev, const PpdlCipher *rows, PpdlWriter *out,
				 PpdlError *err)
{
	const int	logk = ppdl_log2_width(result_slots(w)) + 1;
	PpdlPackedWriter *pw = NULL;
	uint32_t   *ordinal = NULL;
	PpdlCt		ct;
	PpdlStatus	status;

	PPDL_TRY(ppdl_where_result(w, s, ev, &ct, err));
	ordinal = malloc((w->par->n >> logk) * sizeof(*ordinal));
	if (ordinal == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	memset(ordinal, 0xFF, (w->par->n >> logk) * sizeof(*ordinal));
	ordinal[0] = 0;
	PPDL_GOTO(done, ppdl_packed_writer_create(&pw, PPDL_LAYOUT_SLOTS, 1 + w->values.width, logk,
											  rows->fingerprint, err));
	ppdl_packed_writer_set_encoding(pw, rows->encoding);
	PPDL_GOTO(done, ppdl_packed_writer_add(pw, ev, &ct, ordinal, err));
	PPDL_GOTO(done, ppdl_packed_writer_finish(pw, 1, out, err));
done:
	ppdl_packed_writer_destroy(pw);
	free(ordinal);
	ppdl_ct_release(ev, &ct);
	return status;
}
