/*
 * Automorphisms, alone and hoisted (Halevi and Shoup 2018, §5).  A Galois key
 * leads to sigma_(d^-1)(s), so the permutation comes last: sigma_d(b + kb, ka).
 */
#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
#include "ckks/schedule.h"

static PpdlStatus
check_galois(const PpdlEval *ev, uint32_t d, PpdlError *err)
{
	if (d % 2 == 0 || d >= 2 * ev->par->n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%u is no Galois element of ring degree %zu", d, ev->par->n);
	return PPDL_OK;
}

static PpdlStatus
load(PpdlEval *ev, PpdlDigits *digits, const PpdlCt *in, PpdlError *err)
{
	const PpdlKsPlan *plan;

	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_check_ring(ev, in->par, "rotate", err));
	PPDL_VERIFY_CT(in);
	PPDL_TRY(ppdl_ks_plan(ev->par, in->limbs, ev->par->np, &plan, err));
	return ppdl_digits_load(ev, digits, plan, in->a, err);
}

static PpdlStatus
apply(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, const PpdlDigits *digits, uint32_t d, PpdlError *err)
{
	PpdlSwitchTo to = {.add_b = in->b};
	const PpdlSwitchKey *key;
	PpdlStatus	status;

	PPDL_TRY(ppdl_find_key(ev, d, in->limbs, &key, err));
	to.perm = ppdl_autom_table(ev->par->ring, d);
	if (to.perm == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_ct_alloc(ev, out, in->limbs, err));
	to.b = out->b;
	to.a = out->a;
	status = ppdl_digits_apply(ev, digits, key, &to, err);
	out->scale = in->scale;
	out->bound = in->bound;
	out->noise = hypot(in->noise, digits->plan->noise);
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	return status;
}

PpdlStatus
ppdl_hoist(PpdlEval *ev, PpdlHoisted *h, const PpdlCt *in, PpdlError *err)
{
	PpdlDigits	d;
	PpdlStatus	status;

	memset(h, 0, sizeof(*h));
	PPDL_TRY(load(ev, &d, in, err));
	h->in = in;
	h->ndigits = d.plan->ndigits;
	status = ppdl_digits_extend(ev, &d, h->digit, err);
	ppdl_digits_release(ev, &d);
	if (status != PPDL_OK)
		ppdl_hoisted_release(ev, h);
	return status;
}

void
ppdl_hoisted_release(PpdlEval *ev, PpdlHoisted *h)
{
	for (int j = 0; j < PPDL_MAX_DIGITS; j++)
	{
		ppdl_pool_put(ev->pool, h->digit[j]);
		h->digit[j] = NULL;
	}
}

PpdlStatus
ppdl_hoisted_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, uint32_t d, PpdlError *err)
{
	PpdlDigits	digits = {.a = h->in->a};

	out->b = out->a = NULL;
	PPDL_TRY(check_galois(ev, d, err));
	if (d == 1)
		return ppdl_ct_copy(ev, out, h->in, h->in->limbs, err);
	PPDL_VERIFY_CT(h->in);
	PPDL_TRY(ppdl_eval_poll(ev, err));
	PPDL_TRY(ppdl_ks_plan(ev->par, h->in->limbs, ev->par->np, &digits.plan, err));
	memcpy(digits.extended, h->digit, sizeof(digits.extended));
	return apply(ev, out, h->in, &digits, d, err);
}

PpdlStatus
ppdl_ct_automorphism(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, uint32_t d, PpdlError *err)
{
	PpdlDigits	digits;
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_TRY(check_galois(ev, d, err));
	if (d == 1)
		return ppdl_ct_copy(ev, out, in, in->limbs, err);
	PPDL_TRY(load(ev, &digits, in, err));
	status = apply(ev, out, in, &digits, d, err);
	ppdl_digits_release(ev, &digits);
	return status;
}

int
ppdl_rotation_has_key(const PpdlEval *ev, int r, int limbs)
{
	int			path[PPDL_MAX_ROTATION_PATH];

	if (ev->rotations != NULL)
		return ppdl_rotset_path(ev->rotations, r, limbs, path) == 1;
	return ev->par->id == PPDL_RING_ROW && limbs <= ppdl_row_rotation_limbs(r);
}

PpdlStatus
ppdl_ct_rotate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, int r, PpdlError *err)
{
	const PpdlCt *from = in;
	PpdlCt		held = {0};
	int			path[PPDL_MAX_ROTATION_PATH],
				steps;
	PpdlStatus	status = PPDL_OK;

	if (ev->rotations == NULL)
		return ppdl_ct_automorphism(ev, out, in, ppdl_galois_rotation(ev->par->ring, r), err);
	out->b = out->a = NULL;
	steps = ppdl_rotset_path(ev->rotations, r, in->limbs, path);
	if (steps < 0)
		return ppdl_error(err, PPDL_ERR_KEY, "the published keys cannot rotate by %d slots at %d limbs", r, in->limbs);
	if (steps == 0)
		return ppdl_ct_copy(ev, out, in, in->limbs, err);
	for (int i = 0; i < steps && status == PPDL_OK; i++)
	{
		status = ppdl_ct_automorphism(ev, out, from, ppdl_galois_rotation(ev->par->ring, path[i]), err);
		ppdl_ct_release(ev, &held);
		held = *out;
		from = &held;
	}
	return status;
}

PpdlStatus
ppdl_ct_conjugate(PpdlEval *ev, PpdlCt *out, const PpdlCt *in, PpdlError *err)
{
	return ppdl_ct_automorphism(ev, out, in, ppdl_galois_conjugate(ev->par->ring), err);
}

PpdlStatus
ppdl_hoisted_rotate(PpdlEval *ev, PpdlCt *out, const PpdlHoisted *h, int r, PpdlError *err)
{
	return ppdl_hoisted_automorphism(ev, out, h, ppdl_galois_rotation(ev->par->ring, r), err);
}
