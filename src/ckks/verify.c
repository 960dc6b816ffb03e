#include "ckks/verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "ring/vec.h"

/* false for NaN as well */
static int
within(double x, double least, double most)
{
	return x >= least && x <= most;
}

static PpdlStatus
check_estimates(double scale, double noise, double bound, int bits, PpdlStatus code, PpdlError *err)
{
	const double most = ldexp(1, bits);

	if (!within(scale, 1 / most, most))
		return ppdl_error(err, code, "ciphertext whose scale %g is not a number from 2^-%d to 2^%d", scale, bits, bits);
	if (!within(noise, 0, most) || !within(bound, 0, most))
		return ppdl_error(err, code, "ciphertext whose noise %g or bound %g is not a number from 0 to 2^%d", noise,
						  bound, bits);
	return PPDL_OK;
}

PpdlStatus
ppdl_check_estimates(double scale, double noise, double bound, PpdlStatus code, PpdlError *err)
{
	return check_estimates(scale, noise, bound, PPDL_ESTIMATE_BITS, code, err);
}

PpdlStatus
ppdl_limbs_verify(const PpdlParams *par, const uint64_t *p, int lo, int hi, PpdlError *err)
{
	if (p == NULL)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "no residues");
	for (int i = lo; i < hi; i++)
	{
		size_t		bad = ppdl_vec_count_unreduced(&par->ring->mod[i], ppdl_climb(par->ring, p, i - lo), par->n);

		if (bad > 0)
			return ppdl_error(err, PPDL_ERR_INTERNAL, "%zu residues of limb %d are not below their prime", bad, i);
	}
	return PPDL_OK;
}

/* all but residues */
static PpdlStatus
verify_head(const PpdlParams *par, PpdlDomain domain, int limbs, double scale, double noise, double bound,
			PpdlError *err)
{
	if (par == NULL)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "no parameters");
	if (domain != PPDL_DOMAIN_NTT)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "domain %d is not that of the NTT, %d", (int) domain,
						  (int) PPDL_DOMAIN_NTT);
	if (limbs < 1 || limbs > par->nq)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "%d limbs; ring %s has 1 to %d", limbs, par->name, par->nq);
	return check_estimates(scale, noise, bound, PPDL_ESTIMATE_BITS + PPDL_ESTIMATE_SLACK, PPDL_ERR_INTERNAL, err);
}

PpdlStatus
ppdl_ct_verify(const PpdlCt *ct, PpdlError *err)
{
	if (ct == NULL)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "no ciphertext");
	PPDL_TRY(verify_head(ct->par, ct->domain, ct->limbs, ct->scale, ct->noise, ct->bound, err));
	PPDL_TRY(ppdl_limbs_verify(ct->par, ct->b, 0, ct->limbs, err));
	return ppdl_limbs_verify(ct->par, ct->a, 0, ct->limbs, err);
}

PpdlStatus
ppdl_ct3_verify(const PpdlCt3 *ct, PpdlError *err)
{
	if (ct == NULL)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "no ciphertext");
	PPDL_TRY(ppdl_ct_verify(&ct->ct, err));
	return ppdl_limbs_verify(ct->ct.par, ct->d, 0, ct->ct.limbs, err);
}

PpdlStatus
ppdl_pt_verify(const PpdlPt *pt, PpdlError *err)
{
	if (pt == NULL)
		return ppdl_error(err, PPDL_ERR_INTERNAL, "no plaintext");
	PPDL_TRY(verify_head(pt->par, pt->domain, pt->limbs, pt->scale, 0, pt->bound, err));
	return ppdl_limbs_verify(pt->par, pt->p, 0, pt->limbs, err);
}

#ifdef PPDL_DEBUG
void
ppdl_verify_failed(const PpdlError *err, const char *function, const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s: %s\n", file, line, function, err->message);
	abort();
}
#endif
