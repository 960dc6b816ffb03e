#include "predict/packed_slots.h"

#include <math.h>
#include <stdlib.h>

struct PpdlPackedSlots
{
	const PpdlParams *par;
	PpdlPackedSlotsForm form;
	double		size[PPDL_ROW_C2S_LEVELS];	/* of slots before each level, in the mean */
	PpdlLinTrans *lt[PPDL_ROW_C2S_LEVELS];
};

static PpdlStatus
encode_level(PpdlPackedSlots *s, int i, PpdlC2sRotation *rotated, PpdlThreads *threads, const PpdlPoll *poll,
			 PpdlError *err)
{
	const PpdlC2sLevel *level = &ppdl_row_c2s[i];
	const int	limbs = PPDL_PACKED_ROWS_LIMBS(s->form.left) - i;
	/* to the scale of slots in equal steps */
	const double step = pow(s->form.scale / s->form.in_scale, 1.0 / PPDL_ROW_C2S_LEVELS);
	PpdlLinTransForm form = {
		.limbs = limbs, .pt_scale = step * (double) s->par->ring->mod[limbs - 1].q, .baby = PPDL_ROW_C2S_BABY,
		.min_keys = 1
	};
	PpdlMatrix *m;
	PpdlStatus	status;

	ppdl_c2s_rotation(rotated, i, PPDL_ROW_C2S_LEVELS, level->stride, 0);
	form.source = rotated->source;
	PPDL_TRY(ppdl_matrix_dft(&m, s->par, level->period, level->len, level->stages, 1, err));
	status = ppdl_matrix_rotate(m, rotated->in, rotated->out, err);
	if (status == PPDL_OK)
		status = ppdl_lintrans_create(&s->lt[i], s->par, m, &form, threads, poll, err);
	ppdl_matrix_destroy(m);
	return status;
}

PpdlStatus
ppdl_packed_slots_create(PpdlPackedSlots **out, const PpdlPackedSlotsForm *form, PpdlThreads *threads,
						 const PpdlPoll *poll, PpdlError *err)
{
	PpdlPackedSlots *s = calloc(1, sizeof(*s));
	PpdlC2sRotation	rotated = {0};
	PpdlStatus	status;

	*out = NULL;
	if (s == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	s->form = *form;
	PPDL_GOTO(fail, ppdl_params_get(PPDL_RING_ROW, &s->par, err));
	for (int i = 0; i < PPDL_ROW_C2S_LEVELS; i++)
		PPDL_GOTO(fail, encode_level(s, i, &rotated, threads, poll, err));
	/* coefficients within [-1, 1] are as large as sqrt(N) in the mean, as slots */
	s->size[0] = sqrt((double) s->par->n);
	for (int i = 1; i < PPDL_ROW_C2S_LEVELS; i++)
		s->size[i] = s->size[i - 1] * ppdl_lintrans_norm(s->lt[i - 1]);
	*out = s;
	return PPDL_OK;
fail:
	ppdl_packed_slots_destroy(s);
	return status;
}

void
ppdl_packed_slots_destroy(PpdlPackedSlots *s)
{
	if (s == NULL)
		return;
	for (int i = 0; i < PPDL_ROW_C2S_LEVELS; i++)
		ppdl_lintrans_destroy(s->lt[i]);
	free(s);
}

const PpdlPackedSlotsForm *
ppdl_packed_slots_form(const PpdlPackedSlots *s)
{
	return &s->form;
}

static PpdlStatus
check_input(const PpdlPackedSlots *s, const PpdlPacked *in, PpdlError *err)
{
	if (in->ct.par != s->par)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "packed rows of ring %s, not of ring %s", in->ct.par->name,
						  s->par->name);
	if (fabs(in->ct.scale / s->form.in_scale - 1) > 0x1p-40)
		return ppdl_error(err, PPDL_ERR_SCALE, "rows are packed at scale 2^%.3f, not at 2^%.3f", log2(in->ct.scale),
						  log2(s->form.in_scale));
	if (in->ct.limbs < PPDL_PACKED_ROWS_LIMBS(s->form.left))
		return ppdl_error(err, PPDL_ERR_LEVEL, "packed rows of %d limbs, %d are needed", in->ct.limbs,
						  PPDL_PACKED_ROWS_LIMBS(s->form.left));
	if (in->ct.bound > 1 + 0x1p-20)
		return ppdl_error(err, PPDL_ERR_RANGE, "rows may hold values up to %.3g, not just within [-1, 1]",
						  in->ct.bound);
	return PPDL_OK;
}

/* all levels, in place; next: room for as many */
static PpdlStatus
run_levels(const PpdlPackedSlots *s, PpdlEval *ev, PpdlCt *ct, PpdlCt *next, int count, PpdlError *err)
{
	for (int level = 0; level < PPDL_ROW_C2S_LEVELS; level++)
	{
		const PpdlLinTrans *lt = s->lt[level];

		for (int i = 0; i < count; i++)
			ct[i].bound = s->size[level];
		PPDL_TRY(ppdl_lintrans_apply_all(ev, next, &lt, 1, ct, count, 1, err));
		ppdl_ct_release_all(ev, ct, count);
		memcpy(ct, next, (size_t) count * sizeof(*ct));
	}
	for (int i = 0; i < count; i++)
		ct[i].bound = M_SQRT2;
	return PPDL_OK;
}

PpdlStatus
ppdl_packed_slots_run(const PpdlPackedSlots *s, PpdlEval *ev, PpdlCt *out, const PpdlPacked *in, int count,
					  PpdlError *err)
{
	PpdlCt	   *next;
	PpdlStatus	status;

	memset(out, 0, (size_t) count * sizeof(*out));
	for (int i = 0; i < count; i++)
		PPDL_TRY(check_input(s, &in[i], err));
	next = malloc((size_t) count * sizeof(*next));
	if (next == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < count; i++)
		PPDL_GOTO(done, ppdl_ct_copy(ev, &out[i], &in[i].ct, PPDL_PACKED_ROWS_LIMBS(s->form.left), err));
	PPDL_GOTO(done, run_levels(s, ev, out, next, count, err));
done:
	free(next);
	if (status != PPDL_OK)
		ppdl_ct_release_all(ev, out, count);
	return status;
}
