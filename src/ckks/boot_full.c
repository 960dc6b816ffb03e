/* The full bootstrap: all slots of one or two ciphertexts, refreshed. */
#include "ckks/boot.h"
#include "ckks/boot_impl.h"
#include "ckks/verify.h"

#include <math.h>
#include <stdlib.h>

struct PpdlFullBoot
{
	PpdlChain	s2c;
};

/* slots up to 1 come to 2^-8 of q0, as rows do (rows/bridge.h) */
static double
raised_scale(const PpdlParams *par)
{
	return ldexp((double) par->ring->mod[0].q, -8);
}

PpdlStatus
ppdl_boot_create_s2c(PpdlChain *chain, PpdlEval *ev, PpdlError *err)
{
	return ppdl_boot_create_dft(chain, ev, 0, PPDL_BOOT_FULL_LIMBS, raised_scale(ev->par) / PPDL_BOOT_FULL_SCALE, err);
}

void
ppdl_fullboot_destroy(PpdlFullBoot *fb)
{
	if (fb == NULL)
		return;
	ppdl_chain_destroy(&fb->s2c);
	free(fb);
}

size_t
ppdl_fullboot_bytes(const PpdlFullBoot *fb)
{
	return sizeof(*fb) + ppdl_chain_bytes(&fb->s2c);
}

PpdlStatus
ppdl_fullboot_create(PpdlFullBoot **out, PpdlEval *ev, PpdlError *err)
{
	PpdlFullBoot *fb = calloc(1, sizeof(*fb));
	PpdlStatus	status;

	*out = NULL;
	if (fb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_boot_create_s2c(&fb->s2c, ev, err);
	if (status == PPDL_OK)
		*out = fb;
	else
		free(fb);
	return status;
}

static PpdlStatus
check(const PpdlCt *ct, int count, PpdlError *err)
{
	if (count < 1 || count > 2)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "cannot bootstrap %d ciphertexts together", count);
	for (int v = 0; v < count; v++)
	{
		if (ct[v].limbs < PPDL_BOOT_FULL_LIMBS)
			return ppdl_error(err, PPDL_ERR_LEVEL, "a full bootstrap takes %d limbs, not %d", PPDL_BOOT_FULL_LIMBS,
							  ct[v].limbs);
		if (!(ct[v].scale > PPDL_BOOT_FULL_SCALE / 2 && ct[v].scale < PPDL_BOOT_FULL_SCALE * 2))
			return ppdl_error(err, PPDL_ERR_SCALE, "a full bootstrap takes scales near 2^%.0f, not 2^%.2f",
							  log2(PPDL_BOOT_FULL_SCALE), log2(ct[v].scale));
		PPDL_VERIFY_CT(&ct[v]);
	}
	return PPDL_OK;
}

/* *z = ct[0] + i ct[1], at the limbs of S2C; ct is used up */
static PpdlStatus
gather(PpdlEval *ev, PpdlCt *z, PpdlCt *ct, int count, PpdlError *err)
{
	for (int v = 0; v < count; v++)
		ppdl_ct_drop(&ct[v], PPDL_BOOT_FULL_LIMBS);
	*z = ct[0];
	ct[0].b = ct[0].a = NULL;
	if (count == 1)
		return PPDL_OK;
	ppdl_ct_mul_monomial(ev, &ct[1], (int64_t) (ev->par->n / 2));
	PPDL_TRY(ppdl_ct_add(ev, z, &ct[1], err));
	ppdl_ct_release(ev, &ct[1]);
	return PPDL_OK;
}

PpdlStatus
ppdl_fullboot_run(const PpdlFullBoot *fb, const PpdlHalfBoot *hb, PpdlEval *ev, PpdlCt *ct, int count, PpdlError *err)
{
	PpdlCt		z = {0},
				sparse = {0};
	double		bound[2];
	PpdlStatus	status;

	PPDL_TRY(check(ct, count, err));
	for (int v = 0; v < count; v++)
		bound[v] = ct[v].bound;
	PPDL_GOTO(done, gather(ev, &z, ct, count, err));
	PPDL_GOTO(done, ppdl_chain_run(&fb->s2c, ev, &z, err));
	z.bound = fmax(bound[0], bound[count - 1]);	/* of a coefficient, from here on */
	PPDL_GOTO(done, ppdl_boot_encapsulate(ev, &sparse, &z, err));
	ppdl_ct_release(ev, &z);
	PPDL_GOTO(done, ppdl_halfboot_parts(hb, ev, ct, count, &sparse, err));
	for (int v = 0; v < count; v++)
		ct[v].bound = bound[v];
done:
	ppdl_ct_release(ev, &z);
	ppdl_ct_release(ev, &sparse);
	return status;
}
