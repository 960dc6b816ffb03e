#include "ckks/periodic.h"

#include <math.h>

#include "ckks/encode_impl.h"
#include "ckks/eval_impl.h"
#include "ckks/runs.h"
#include "ring/vec.h"

/* entries that are expanded at a time: with both halves of a ciphertext they stay in the first cache */
#define BLOCK 512

static size_t
kept(const PpdlPeriodicPt *pt)
{
	return pt->pt.par->n >> pt->logrun;
}

static uint64_t *
limb_of(const PpdlPeriodicPt *pt, int t)
{
	return pt->pt.p + (size_t) t * kept(pt);
}

size_t
ppdl_periodic_bytes(const PpdlPeriodicPt *pt)
{
	return (size_t) pt->pt.limbs * kept(pt) * sizeof(uint64_t);
}

void
ppdl_periodic_release(PpdlPeriodicPt *pt)
{
	ppdl_free_aligned(pt->pt.p);
	pt->pt.p = NULL;
}

PpdlStatus
ppdl_periodic_encode(const PpdlParams *par, PpdlPeriodicPt *out, const double complex *z, size_t count, double scale,
					 int limbs, PpdlError *err)
{
	int64_t    *c = ppdl_alloc_aligned(sizeof(int64_t) * par->n);
	double complex *work = ppdl_alloc_aligned(sizeof(double complex) * count);
	PpdlStatus	status;

	PPDL_ASSERT(count >= 1 && count <= par->slots && (count & (count - 1)) == 0 && limbs >= 1 && limbs <= par->nq);
	*out = (PpdlPeriodicPt) {{.par = par, .domain = PPDL_DOMAIN_NTT, .limbs = limbs, .scale = scale},
							 .logrun = ppdl_runs_log(par, count)};
	out->pt.p = ppdl_alloc_aligned(ppdl_periodic_bytes(out));
	if (c == NULL || work == NULL || out->pt.p == NULL)
		PPDL_GOTO(done, ppdl_error(err, PPDL_ERR_NOMEM, "out of memory"));
	PPDL_GOTO(done, ppdl_slots_to_coeffs(par, c, work, z, count, scale, err));
	for (size_t i = 0; i < count; i++)
		out->pt.bound = fmax(out->pt.bound, cabs(z[i]));
	ppdl_shift_coeffs(par, (uint64_t *) c, c, out->logrun);
	for (int t = 0; t < limbs; t++)
		ppdl_shifted_to_limb(par, &par->ring->mod[t], limb_of(out, t), (const uint64_t *) c, out->logrun);
done:
	ppdl_free_aligned(c);
	ppdl_free_aligned(work);
	if (status != PPDL_OK)
		ppdl_periodic_release(out);
	return status;
}

typedef struct Product
{
	PpdlCt	   *ct;
	const PpdlPeriodicPt *pt;
} Product;

static void
task_mul(void *arg, int t)
{
	const Product *op = arg;
	const PpdlParams *par = op->ct->par;
	const PpdlModulus *m = &par->ring->mod[t];
	const size_t n = par->n < BLOCK ? par->n : BLOCK;
	uint64_t	factor[BLOCK] __attribute__((aligned(64)));
	uint64_t   *b = ppdl_at(par, op->ct->b, t),
			   *a = ppdl_at(par, op->ct->a, t);

	for (size_t from = 0; from < par->n; from += n)
	{
		ppdl_runs_expand(factor, limb_of(op->pt, t), op->pt->logrun, from, n);
		ppdl_vec_mul(m, b + from, b + from, factor, n);
		ppdl_vec_mul(m, a + from, a + from, factor, n);
	}
}

PpdlStatus
ppdl_periodic_mul(PpdlEval *ev, PpdlCt *ct, const PpdlPeriodicPt *pt, PpdlError *err)
{
	Product		op = {ct, pt};

	PPDL_TRY(ppdl_check_ring(ev, ct->par, "multiply by a plaintext", err));
	PPDL_TRY(ppdl_check_ring(ev, pt->pt.par, "multiply by a plaintext", err));
	PPDL_VERIFY_CT(ct);
	ppdl_ct_drop(ct, pt->pt.limbs);
	ppdl_parallel_for(ev->threads, ct->limbs, task_mul, &op);
	ev->products++;
	return ppdl_account_plain_product(ct, &pt->pt, err);
}
