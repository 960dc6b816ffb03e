/* Sums of rotations, and the parts of complex slots. */
#include "ckks/eval.h"
#include "ckks/verify.h"

PpdlStatus
ppdl_ct_rotate_and_sum(PpdlEval *ev, PpdlCt *acc, int step, int count, PpdlError *err)
{
	for (int i = 0; i < count; i++, step *= 2)
	{
		PpdlCt		rot;
		PpdlStatus	status;

		PPDL_TRY(ppdl_ct_rotate(ev, &rot, acc, step, err));
		status = ppdl_ct_add(ev, acc, &rot, err);
		ppdl_ct_release(ev, &rot);
		PPDL_TRY(status);
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
