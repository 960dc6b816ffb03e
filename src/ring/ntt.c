#include "ring/ntt.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "ring/kernels.h"

PpdlStatus
ppdl_ntt_tables_create(PpdlModulus *mod, int logn, PpdlError *err)
{
	const size_t n = (size_t) 1 << logn;
	PpdlNttTables *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	mod->ntt = t;
	t->logn = logn;
	t->n = n;
	t->w = ppdl_alloc_aligned(2 * n * sizeof(uint64_t));
	if (t->w == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for the roots of unity of prime %llu",
						  (unsigned long long) mod->q);
	t->wq = t->w + n;
	t->w[0] = 1;
	/* brv(m + i) = brv(i) + N/(2m) for i < m */
	for (size_t m = 1; m < n; m *= 2)
	{
		uint64_t	step = ppdl_mod_pow(mod, mod->psi, n / (2 * m));

		for (size_t i = 0; i < m; i++)
			t->w[m + i] = ppdl_mod_mul(mod, t->w[i], step);
	}
	for (size_t i = 0; i < n; i++)
		t->wq[i] = ppdl_shoup(mod, t->w[i]);
	t->ninv = ppdl_mod_inv(mod, n % mod->q);
	t->ninvq = ppdl_shoup(mod, t->ninv);
	t->wlast = ppdl_mod_mul(mod, t->w[1], t->ninv);
	t->wlastq = ppdl_shoup(mod, t->wlast);
	return PPDL_OK;
}

void
ppdl_ntt_tables_destroy(PpdlNttTables *t)
{
	if (t == NULL)
		return;
	ppdl_free_aligned(t->w);
	free(t);
}

void
ppdl_ntt(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a)
{
	PPDL_ASSERT(m >= ring->mod && m < ring->mod + ring->count);
	ppdl_kernels()->ntt(m, a);
}

int
ppdl_ntt_parts(const PpdlRing *ring)
{
	return ring->n >= PPDL_NTT_SPLIT ? PPDL_NTT_PARTS : 1;
}

void
ppdl_ntt_part(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead)
{
	PPDL_ASSERT(m >= ring->mod && m < ring->mod + ring->count && part >= 0 && part < ppdl_ntt_parts(ring));
	if (ppdl_ntt_parts(ring) > 1)
		ppdl_kernels()->ntt_part(m, a, part, ahead);
	else
		ppdl_kernels()->ntt(m, a);
}

/* psi of the subring is psi^(N/2^logn), and its table the beginning of the ring's */
void
ppdl_ntt_subring(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a, int logn)
{
	PpdlNttTables tables = *m->ntt;
	PpdlModulus sub = *m;

	PPDL_ASSERT(m >= ring->mod && m < ring->mod + ring->count && logn >= 3 && logn <= ring->logn);
	tables.logn = logn;
	tables.n = (size_t) 1 << logn;
	sub.ntt = &tables;
	ppdl_kernels()->ntt(&sub, a);
}

void
ppdl_intt(const PpdlRing *ring, const PpdlModulus *m, uint64_t *a)
{
	PPDL_ASSERT(m >= ring->mod && m < ring->mod + ring->count);
	ppdl_kernels()->intt(m, a);
}

void
ppdl_intt_part(const PpdlRing *ring, const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part)
{
	PPDL_ASSERT(m >= ring->mod && m < ring->mod + ring->count && part >= 0 && part < ppdl_ntt_parts(ring));
	if (ppdl_ntt_parts(ring) > 1)
		ppdl_kernels()->intt_part(m, out, in, part);
	else
	{
		if (out != in)
			memcpy(out, in, ring->n * sizeof(*out));
		ppdl_kernels()->intt(m, out);
	}
}
