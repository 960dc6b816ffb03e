/* Sums of rotations, and the parts of complex slots. */
#include "ckks/eval_impl.h"
#include "ckks/rotations_sum.h"

/* doublings that are left to be done */
typedef struct Doublings
{
	int			step,
				count,
				whole,			/* they go on to the number of slots */
				begun;
} Doublings;

/*
 * Doublings that go on to the number of slots leave a sum over all multiples of the first step: it does not matter by
 * what multiples of it copies on the way are off.
 */

/* rotations that do two doublings at once; 0: keys are missing */
static int
find_four(const PpdlEval *ev, int limbs, const Doublings *left, int *rotation)
{
	rotation[0] = 0;
	for (int i = 1; i < 4; i++)
	{
		rotation[i] = i * left->step;
		if (!ppdl_rotation_has_key(ev, rotation[i], limbs) && left->whole)
			rotation[i] -= 4 * left->step;
		if (!ppdl_rotation_has_key(ev, rotation[i], limbs))
			return 0;
	}
	return 1;
}

/* where a doubling has no key of its own: half as far both ways, copies that are off by half of the step */
static int
find_halves(const PpdlEval *ev, int limbs, const Doublings *left, int *rotation)
{
	rotation[0] = left->step / 2;
	rotation[1] = -rotation[0];
	return left->whole && left->begun && !ppdl_rotation_has_key(ev, left->step, limbs) &&
		ppdl_rotation_has_key(ev, rotation[0], limbs) && ppdl_rotation_has_key(ev, rotation[1], limbs);
}

/* acc += its rotation, by several switches if need be */
static PpdlStatus
add_rotated(PpdlEval *ev, PpdlCt *acc, int step, PpdlError *err)
{
	PpdlCt		rot;
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_rotate(ev, &rot, acc, step, err));
	status = ppdl_ct_add(ev, acc, &rot, err);
	ppdl_ct_release(ev, &rot);
	return status;
}

/* *done: how many */
static PpdlStatus
next_doublings(PpdlEval *ev, PpdlCt *acc, const Doublings *left, int *done, PpdlError *err)
{
	int			rotation[4];

	*done = 1;
	if (left->count >= 2 && find_four(ev, acc->limbs, left, rotation))
	{
		*done = 2;
		return ppdl_ct_sum_rotations(ev, acc, rotation, 4, err);
	}
	if (find_halves(ev, acc->limbs, left, rotation))
		return ppdl_ct_sum_rotations(ev, acc, rotation, 2, err);
	return add_rotated(ev, acc, left->step, err);
}

PpdlStatus
ppdl_ct_rotate_and_sum(PpdlEval *ev, PpdlCt *acc, int step, int count, PpdlError *err)
{
	Doublings	left = {step, count, (int64_t) step * ((int64_t) 1 << count) % (int64_t) ev->par->slots == 0, 0};

	for (int done; left.count > 0; left.count -= done, left.step *= 1 << done)
	{
		PPDL_TRY(next_doublings(ev, acc, &left, &done, err));
		left.begun = 1;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_ct_split(PpdlEval *ev, PpdlCt *re, PpdlCt *im, const PpdlCt *in, PpdlError *err)
{
	PpdlCt		conj = {0};
	PpdlStatus	status;

	if (re != NULL)
		re->b = re->a = NULL;
	if (im != NULL)
		im->b = im->a = NULL;
	PPDL_VERIFY_CT(in);
	PPDL_GOTO(done, ppdl_ct_conjugate(ev, &conj, in, err));
	if (re != NULL)
	{
		PPDL_GOTO(done, ppdl_ct_copy(ev, re, in, in->limbs, err));
		PPDL_GOTO(done, ppdl_ct_add(ev, re, &conj, err));
		re->scale *= 2;
		re->bound /= 2;
	}
	if (im != NULL)
	{
		/* (z - conj z)/2 = i*Im; times -i = X^(3N/2) */
		PPDL_GOTO(done, ppdl_ct_copy(ev, im, in, in->limbs, err));
		PPDL_GOTO(done, ppdl_ct_sub(ev, im, &conj, err));
		ppdl_ct_mul_monomial(ev, im, 3 * (int64_t) ev->par->n / 2);
		im->scale *= 2;
		im->bound /= 2;
	}
done:
	ppdl_ct_release(ev, &conj);
	if (status != PPDL_OK)
	{
		if (re != NULL)
			ppdl_ct_release(ev, re);
		if (im != NULL)
			ppdl_ct_release(ev, im);
	}
	return status;
}
