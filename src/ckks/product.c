/*
 * Products, rescaling and exact matching of scales.
 */
#include <math.h>

#include "ckks/eval_impl.h"
#include "ckks/keyswitch.h"
#include "ckks/noise.h"
#include "ring/vec.h"

typedef struct Tensor
{
	const PpdlParams *par;
	const PpdlCt *x,
			   *y;
	PpdlCt3    *out;
	int			twice;
} Tensor;

static void
task_tensor(void *arg, int i)
{
	Tensor	   *op = arg;
	const PpdlParams *par = op->par;
	const PpdlModulus *m = &par->ring->mod[i];
	const uint64_t *xb = ppdl_cat(par, op->x->b, i),
			   *xa = ppdl_cat(par, op->x->a, i),
			   *yb = ppdl_cat(par, op->y->b, i),
			   *ya = ppdl_cat(par, op->y->a, i);
	const uint64_t *left[2] = {xb, xa},
			   *right[2] = {ya, yb};
	uint64_t   *out[3] = {ppdl_at(par, op->out->ct.b, i), ppdl_at(par, op->out->ct.a, i), ppdl_at(par, op->out->d, i)};

	ppdl_vec_mul(m, out[0], xb, yb, par->n);
	ppdl_vec_dot(m, &(PpdlDot) {.out = {out[1]}, .a = left, .k = {right}, .terms = 2}, par->n);
	ppdl_vec_mul(m, out[2], xa, ya, par->n);
	for (int h = 0; op->twice && h < 3; h++)
		ppdl_vec_add(m, out[h], out[h], out[h], par->n);
}

PpdlStatus
ppdl_ct_tensor(PpdlEval *ev, PpdlCt3 *out, const PpdlCt *x, const PpdlCt *y, PpdlError *err)
{
	return ppdl_ct_tensor_times(ev, out, x, y, 1, err);
}

PpdlStatus
ppdl_ct_tensor_times(PpdlEval *ev, PpdlCt3 *out, const PpdlCt *x, const PpdlCt *y, int factor, PpdlError *err)
{
	Tensor		op = {.par = ev->par, .x = x, .y = y, .out = out, .twice = factor == 2};
	int			limbs = x->limbs < y->limbs ? x->limbs : y->limbs;
	PpdlStatus	status;

	PPDL_ASSERT(factor == 1 || factor == 2);
	out->d = NULL;
	out->ct.b = out->ct.a = NULL;
	PPDL_TRY(ppdl_check_ring(ev, x->par, "multiply", err));
	PPDL_TRY(ppdl_check_ring(ev, y->par, "multiply", err));
	PPDL_VERIFY_CT(x);
	PPDL_VERIFY_CT(y);
	PPDL_TRY(ppdl_ct_alloc(ev, &out->ct, limbs, err));
	status = ppdl_buffer(ev, limbs, &out->d, err);
	if (status != PPDL_OK)
	{
		ppdl_ct3_release(ev, out);
		return status;
	}
	ppdl_parallel_for(ev->threads, limbs, task_tensor, &op);
	out->ct.scale = x->scale * y->scale;
	out->ct.noise = factor * ppdl_product_noise(x, y);
	out->ct.bound = factor * x->bound * y->bound;
	ev->products++;
	status = ppdl_check_result(&out->ct, "multiply", err);
	if (status != PPDL_OK)
		ppdl_ct3_release(ev, out);
	return status;
}

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
