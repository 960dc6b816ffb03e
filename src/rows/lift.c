#include "rows/lift.h"

#include <string.h>

#include "rows/residues.h"

/* k packed residues -> a limb with value f at coefficient f*N/k, NTT domain */
static PpdlStatus
lift_b(const PpdlRing *ring, const PpdlModulus *m, uint64_t *b, uint64_t *scratch, const uint8_t *src, int logk,
	   PpdlError *err)
{
	const size_t k = (size_t) 1 << logk,
				stride = ring->n >> logk;

	PPDL_TRY(ppdl_residues_get(m, scratch, src, k, err));
	memset(b, 0, ring->n * sizeof(uint64_t));
	for (size_t f = 0; f < k; f++)
		b[f * stride] = scratch[f];
	ppdl_ntt(ring, m, b);
	return PPDL_OK;
}

static PpdlStatus
lift_slice_limb(const PpdlCipher *c, int l, const uint8_t **src, uint64_t *b, uint64_t *a, PpdlError *err)
{
	const PpdlRing *ring = c->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	const int64_t g = (int64_t) (ring->n >> (c->logc + c->logk));

	PPDL_TRY(lift_b(ring, m, b, a, *src, c->logk, err));
	*src += ppdl_packed_size((size_t) 1 << c->logk, m->bits);
	PPDL_TRY(ppdl_xof_uniform(m, a, ring->n, c->seed, PPDL_XOF_ROW_A, 0, err));
	ppdl_mul_monomial_ntt(ring, m, a, a, -(int64_t) c->pos * g);
	return PPDL_OK;
}

static PpdlStatus
lift_row_limb(const PpdlCipher *c, int l, const uint8_t **src, uint64_t *b, uint64_t *a, PpdlError *err)
{
	const PpdlRing *ring = c->par->ring;
	const PpdlModulus *m = &ring->mod[l];

	PPDL_TRY(lift_b(ring, m, b, a, *src, c->logk, err));
	*src += ppdl_packed_size((size_t) 1 << c->logk, m->bits);
	PPDL_TRY(ppdl_residues_get(m, a, *src, ring->n, err));
	*src += ppdl_packed_size(ring->n, m->bits);
	return PPDL_OK;
}

static PpdlStatus
lift_chunk_limb(const PpdlCipher *c, int l, const uint8_t **src, uint64_t *b, uint64_t *a, PpdlError *err)
{
	const PpdlRing *ring = c->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	const size_t bytes = ppdl_packed_size(ring->n, m->bits);

	PPDL_TRY(ppdl_residues_get(m, b, *src, ring->n, err));
	PPDL_TRY(ppdl_residues_get(m, a, *src + bytes, ring->n, err));
	*src += 2 * bytes;
	return PPDL_OK;
}

static PpdlStatus
lift(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, const uint8_t *src, int limbs, PpdlError *err)
{
	if (limbs < 1 || limbs > c->limbs)
		return ppdl_error(err, PPDL_ERR_LEVEL, "value of %d limb%s where %d are needed", c->limbs,
						  c->limbs == 1 ? "" : "s", limbs);
	PPDL_TRY(ppdl_ct_alloc(ev, out, limbs, err));
	out->scale = c->scale;
	out->noise = c->noise;
	out->bound = c->bound;
	for (int l = 0; l < limbs; l++)
	{
		uint64_t   *b = ppdl_limb(c->par->ring, out->b, l),
				   *a = ppdl_limb(c->par->ring, out->a, l);
		PpdlStatus	status = c->kind == PPDL_KIND_SLICE ? lift_slice_limb(c, l, &src, b, a, err) :
			c->kind == PPDL_KIND_ROW ? lift_row_limb(c, l, &src, b, a, err) :
			lift_chunk_limb(c, l, &src, b, a, err);

		if (status != PPDL_OK)
		{
			ppdl_ct_release(ev, out);
			return status;
		}
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_lift_vector(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, int limbs, PpdlError *err)
{
	out->b = out->a = NULL;
	if (c->kind == PPDL_KIND_PACKED || c->kind == PPDL_KIND_PARTS)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a %s is no single row",
						  c->kind == PPDL_KIND_PARTS ? "value in parts" : "packed value");
	return lift(ev, out, c, c->residues, limbs, err);
}

PpdlStatus
ppdl_lift_chunk(PpdlEval *ev, PpdlCt *out, const PpdlCipher *c, uint32_t chunk, int limbs, PpdlError *err)
{
	const size_t bytes = 2 * ppdl_residues_size(c->par, c->limbs, c->par->n);

	out->b = out->a = NULL;
	if (c->kind != PPDL_KIND_PACKED || chunk >= c->nchunks)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "no chunk %u in a value of %u chunks", chunk,
						  c->kind == PPDL_KIND_PACKED ? c->nchunks : 0);
	return lift(ev, out, c, c->residues + chunk * bytes, limbs, err);
}
