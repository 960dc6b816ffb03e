/*
 * Relinearisation, rescaling and exact matching of scales.
 */
#include <math.h>

#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
#include "ckks/noise.h"
#include "ring/vec.h"

static PpdlStatus
relinearize(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, int rescale, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	const int	limbs = in->ct.limbs;
	const PpdlSwitchKey *key;
	PpdlSwitchTo to = {.add_b = in->ct.b, .add_a = in->ct.a, .rescale = rescale};
	PpdlStatus	status;

	out->b = out->a = NULL;
	PPDL_GOTO(done, ppdl_eval_poll(ev, err));
	PPDL_GOTO(done, ppdl_check_ring(ev, in->ct.par, "relinearise", err));
	PPDL_VERIFY_CT3(in);
	if (rescale && limbs < 2)
	{
		status = ppdl_error(err, PPDL_ERR_LEVEL, "cannot rescale a product at the last limb");
		goto done;
	}
	PPDL_GOTO(done, ppdl_find_key(ev, PPDL_KEY_RELIN, limbs, &key, err));
	PPDL_GOTO(done, ppdl_ct_alloc(ev, out, limbs - rescale, err));
	to.b = out->b;
	to.a = out->a;
	PPDL_GOTO(done, ppdl_keyswitch_to(ev, in->d, limbs, key, &to, err));
	out->scale = in->ct.scale;
	out->bound = in->ct.bound;
	out->noise = hypot(in->ct.noise, ppdl_keyswitch_noise(par, limbs));
	if (rescale)
	{
		double		q = (double) par->ring->mod[limbs - 1].q;

		out->scale /= q;
		out->noise = hypot(out->noise / q, ppdl_rescale_noise(par));
	}
	status = ppdl_check_result(out, "relinearise", err);
done:
	if (status != PPDL_OK)
		ppdl_ct_release(ev, out);
	ppdl_ct3_release(ev, in);
	return status;
}

PpdlStatus
ppdl_ct_relinearize(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlError *err)
{
	return relinearize(ev, out, in, 0, err);
}

PpdlStatus
ppdl_ct_relinearize_rescale(PpdlEval *ev, PpdlCt *out, PpdlCt3 *in, PpdlError *err)
{
	return relinearize(ev, out, in, 1, err);
}

PpdlStatus
ppdl_ct_mul(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	PpdlCt3		t;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_ct_tensor(ev, &t, x, y, err));
	return relinearize(ev, out, &t, 0, err);
}

PpdlStatus
ppdl_ct_mul_rescale(PpdlEval *ev, PpdlCt *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	PpdlCt3		t;

	out->b = out->a = NULL;
	PPDL_TRY(ppdl_ct_tensor(ev, &t, x, y, err));
	return relinearize(ev, out, &t, 1, err);
}

PpdlStatus
ppdl_ct_rescale(PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	double		q;

	PPDL_TRY(ppdl_check_ring(ev, ct->par, "rescale", err));
	PPDL_VERIFY_CT(ct);
	if (ct->limbs < 2)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot rescale: the ciphertext is at its last limb");
	q = (double) par->ring->mod[ct->limbs - 1].q;
	PPDL_TRY(ppdl_rns_rescale(par->ring, ct->b, ct->limbs, ev->pool, ev->threads, err));
	PPDL_TRY(ppdl_rns_rescale(par->ring, ct->a, ct->limbs, ev->pool, ev->threads, err));
	ct->limbs--;
	ct->scale /= q;
	ct->noise = hypot(ct->noise / q, ppdl_rescale_noise(par));
	return ppdl_check_result(ct, "rescale", err);
}

/* below this factor the rounding of the factor itself would show */
#define MIN_FACTOR 0x1p10

PpdlStatus
ppdl_ct_match(PpdlEval *ev, PpdlCt *ct, int limbs, double scale, PpdlError *err)
{
	double		factor,
				rounded;

	PPDL_TRY(ppdl_check_ring(ev, ct->par, "match", err));
	PPDL_VERIFY_CT(ct);
	if (limbs < 1 || limbs > ct->limbs)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot match to %d limbs: the ciphertext has %d", limbs, ct->limbs);
	if (ppdl_check_scales(ct->scale, scale, "match", NULL) == PPDL_OK)
	{
		ppdl_ct_drop(ct, limbs);
		return PPDL_OK;
	}
	if (ct->limbs == limbs)
		return ppdl_error(err, PPDL_ERR_LEVEL, "cannot match scale 2^%.9f to 2^%.9f without a limb to spare above %d",
						  log2(ct->scale), log2(scale), limbs);
	factor = scale * (double) ev->par->ring->mod[limbs].q / ct->scale;
	if (!(factor >= MIN_FACTOR && factor < 0x1p126))
		return ppdl_error(err, PPDL_ERR_SCALE, "cannot match scale 2^%.3f to 2^%.3f at %d limbs", log2(ct->scale),
						  log2(scale), limbs);
	rounded = rint(factor);
	ppdl_ct_drop(ct, limbs + 1);
	ct->noise = hypot(ct->noise * rounded, ppdl_factor_noise(ct, factor - rounded));
	{
		double		noise = ct->noise,
					bound = ct->bound;

		PPDL_TRY(ppdl_ct_mul_int(ev, ct, (__int128) rounded, err));
		ct->noise = noise;
		ct->bound = bound;
	}
	PPDL_TRY(ppdl_ct_rescale(ev, ct, err));
	ct->scale = scale;
	return PPDL_OK;
}
