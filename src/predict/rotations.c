#include "predict/rotations.h"

#include "ckks/schedule.h"

int
ppdl_baby_steps(const PpdlParams *par)
{
	return par->id == PPDL_RING_ROW ? PPDL_ROW_C2S_BABY : PPDL_DEEP_BABY;
}

/* ct rotated by `shift` more, in its place */
static PpdlStatus
rotate_on(PpdlEval *ev, PpdlCt *ct, int shift, PpdlError *err)
{
	PpdlCt		rotated;

	PPDL_TRY(ppdl_ct_rotate(ev, &rotated, ct, shift, err));
	ppdl_ct_release(ev, ct);
	*ct = rotated;
	return PPDL_OK;
}

PpdlStatus
ppdl_rotate_far(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int r, PpdlError *err)
{
	const int	baby = ppdl_baby_steps(ev->par);
	PpdlStatus	status = PPDL_OK;

	if (ev->rotations != NULL || r < baby)
		return ppdl_ct_rotate(ev, out, in, r, err);
	PPDL_TRY(ppdl_ct_rotate(ev, out, in, r % baby, err));
	for (int step = baby; step <= r && status == PPDL_OK; step *= 2)
		if (r & step)
			status = rotate_on(ev, out, step, err);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

/* rotations by first .. first + count - 1 of what base is rotated by first already */
static PpdlStatus
rotate_group(PpdlEval *ev, const PpdlCt *base, int first, int count, PpdlRotated take, void *arg, PpdlError *err)
{
	PpdlHoisted h;
	PpdlStatus	status;

	PPDL_TRY(take(arg, first, base, err));
	if (count == 1)
		return PPDL_OK;
	PPDL_TRY(ppdl_hoist(ev, &h, base, err));
	for (int j = 1; j < count; j++)
	{
		PpdlCt		rotated;

		PPDL_GOTO(done, ppdl_hoisted_rotate(ev, &rotated, &h, j, err));
		status = take(arg, first + j, &rotated, err);
		ppdl_ct_release(ev, &rotated);
		PPDL_GOTO(done, status);
	}
	status = PPDL_OK;
done:
	ppdl_hoisted_release(ev, &h);
	return status;
}

PpdlStatus
ppdl_each_rotation(PpdlEval *ev, const PpdlCt *in, int from, int to, PpdlRotated take, void *arg, PpdlError *err)
{
	const int	group = ppdl_baby_steps(ev->par);
	PpdlCt		base;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rotate_far(ev, &base, in, from, err));
	for (int first = from; first <= to; first += group)
	{
		const int	left = to - first + 1;

		if (first > from)
			PPDL_GOTO(done, rotate_on(ev, &base, group, err));
		PPDL_GOTO(done, rotate_group(ev, &base, first, left < group ? left : group, take, arg, err));
	}
	status = PPDL_OK;
done:
	ppdl_ct_release(ev, &base);
	return status;
}
