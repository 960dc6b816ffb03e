/* The half-bootstrap: coefficients of a raised ciphertext into slots. */
#include "ckks/boot.h"
#include "ckks/boot_impl.h"
#include "ckks/verify.h"

#include <math.h>
#include <stdlib.h>

struct PpdlHalfBoot
{
	const PpdlParams *par;
	PpdlChain	c2s;
};

PpdlStatus
ppdl_boot_encode(PpdlLinTrans **out, PpdlEval *ev, PpdlMatrix *m, const PpdlBootLevel *level, PpdlError *err)
{
	const PpdlLinTransForm form = {
		.limbs = level->limbs, .pt_scale = (double) ev->par->ring->mod[level->limbs - 1].q * level->factor,
		.baby = PPDL_DEEP_BABY, .min_keys = 1, .source = level->rotated.source
	};
	const PpdlPoll poll = ppdl_eval_poller(ev);
	PpdlStatus	status = ppdl_matrix_rotate(m, level->rotated.in, level->rotated.out, err);

	if (status == PPDL_OK)
		status = ppdl_lintrans_create(out, ev->par, m, &form, ev->threads, &poll, err);
	ppdl_matrix_destroy(m);
	return status;
}

void
ppdl_chain_destroy(PpdlChain *chain)
{
	for (int i = 0; i < chain->count; i++)
		ppdl_lintrans_destroy(chain->level[i]);
	chain->count = 0;
}

size_t
ppdl_chain_bytes(const PpdlChain *chain)
{
	size_t		bytes = 0;

	for (int i = 0; i < chain->count; i++)
		bytes += ppdl_lintrans_bytes(chain->level[i]);
	return bytes;
}

PpdlStatus
ppdl_chain_run(const PpdlChain *chain, PpdlEval *ev, PpdlCt *ct, PpdlError *err)
{
	for (int i = 0; i < chain->count; i++)
	{
		const PpdlLinTrans *lt = chain->level[i];
		PpdlCt		out;

		PPDL_TRY(ppdl_lintrans_apply_rescale(ev, &out, &lt, 1, ct, err));
		ppdl_ct_release(ev, ct);
		*ct = out;
	}
	return PPDL_OK;
}

void
ppdl_halfboot_destroy(PpdlHalfBoot *hb)
{
	if (hb == NULL)
		return;
	ppdl_chain_destroy(&hb->c2s);
	free(hb);
}

size_t
ppdl_halfboot_bytes(const PpdlHalfBoot *hb)
{
	return sizeof(*hb) + ppdl_chain_bytes(&hb->c2s);
}

PpdlStatus
ppdl_boot_create_dft(PpdlChain *chain, PpdlEval *ev, int inverse, int limbs, double ratio, PpdlError *err)
{
	const PpdlParams *par = ev->par;
	PpdlBootLevel level = {.limbs = limbs, .factor = pow(ratio, 1.0 / PPDL_BOOT_C2S_LEVELS)};
	size_t		len = inverse ? par->slots : 2;

	chain->count = 0;
	for (int i = 0; i < PPDL_BOOT_C2S_LEVELS; i++, level.limbs--)
	{
		const int	stages = ppdl_deep_stages(par, inverse ? i : PPDL_BOOT_C2S_LEVELS - 1 - i);
		PpdlMatrix *m;
		PpdlStatus	status = ppdl_matrix_dft(&m, par, par->slots, len, stages, inverse, err);

		if (inverse)
			ppdl_c2s_rotation(&level.rotated, i, PPDL_BOOT_C2S_LEVELS, (long) (len >> stages), 0);
		if (status == PPDL_OK)
			status = ppdl_boot_encode(&chain->level[i], ev, m, &level, err);
		if (status != PPDL_OK)
		{
			ppdl_chain_destroy(chain);
			return status;
		}
		chain->count = i + 1;
		len = inverse ? len >> stages : len << stages;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_halfboot_create(PpdlHalfBoot **out, PpdlEval *ev, PpdlError *err)
{
	PpdlHalfBoot *hb = calloc(1, sizeof(*hb));
	const double q0 = (double) ev->par->ring->mod[0].q;
	PpdlStatus	status;

	*out = NULL;
	if (hb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	hb->par = ev->par;
	status = ppdl_boot_create_dft(&hb->c2s, ev, 1, ev->par->nq, PPDL_BOOT_C2S_SCALE / (q0 * PPDL_BOOT_K), err);
	if (status == PPDL_OK)
		*out = hb;
	else
		free(hb);
	return status;
}

PpdlStatus
ppdl_halfboot_parts(const PpdlHalfBoot *hb, PpdlEval *ev, PpdlCt *out, int count, const PpdlCt *in, PpdlError *err)
{
	const double q0 = (double) hb->par->ring->mod[0].q;
	PpdlCt		c = {0},
				part[2] = {{0}};
	PpdlStatus	status;

	for (int h = 0; h < count; h++)
		out[h].b = out[h].a = NULL;
	PPDL_GOTO(done, ppdl_boot_mod_raise(ev, &c, in, hb->par->nq, err));
	c.scale = q0 * PPDL_BOOT_K;
	PPDL_GOTO(done, ppdl_chain_run(&hb->c2s, ev, &c, err));
	PPDL_GOTO(done, ppdl_ct_split(ev, &part[0], count > 1 ? &part[1] : NULL, &c, err));
	for (int h = 0; h < count; h++)
	{
		PPDL_GOTO(done, ppdl_boot_eval_mod(ev, &out[h], &part[h], err));
		ppdl_ct_release(ev, &part[h]);
		out[h].scale *= in->scale / q0;
		out[h].bound = q0 / in->scale / 4;	/* what a hole may reach */
		out[h].noise = hypot(PPDL_HALFBOOT_ERROR(hb->par),
							 in->noise / in->scale) * out[h].scale / sqrt((double) hb->par->n);
		PPDL_GOTO(done, ppdl_check_estimates(out[h].scale, out[h].noise, out[h].bound, PPDL_ERR_RANGE, err));
		PPDL_VERIFY_CT(&out[h]);
	}
done:
	ppdl_ct_release(ev, &c);
	for (int h = 0; h < count; h++)
	{
		ppdl_ct_release(ev, &part[h]);
		if (status != PPDL_OK)
			ppdl_ct_release(ev, &out[h]);
	}
	return status;
}

PpdlStatus
ppdl_halfboot_run(const PpdlHalfBoot *hb, PpdlEval *ev, PpdlCt out[2], const PpdlCt *in, PpdlError *err)
{
	return ppdl_halfboot_parts(hb, ev, out, 2, in, err);
}
