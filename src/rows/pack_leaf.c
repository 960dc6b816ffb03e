#include "rows/pack_leaf.h"

#include <math.h>
#include <string.h>

#include "ring/vec.h"
#include "rows/residues.h"

/* (0, A) under a writer's key is one and the same (b, a) under the owner's for all rows of the batch */
static PpdlStatus
switch_uniform(PpdlPacking *p, const PpdlRowBatch *b, PpdlError *err)
{
	const size_t bytes = (size_t) p->col->limbs * p->col->par->n * sizeof(uint64_t);

	p->uniform_b = ppdl_pool_get(p->ev->pool, bytes);
	if (p->uniform_b == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(p->uniform_b, 0, bytes);
	return ppdl_key_ring_switch(&p->col->keys, b->key, p->ev, p->uniform_b, p->uniform, p->col->limbs, err);
}

PpdlStatus
ppdl_pack_expand(PpdlPacking *p, PpdlRowBatch *b, PpdlError *err)
{
	const PpdlCollector *col = p->col;
	const PpdlRing *ring = col->par->ring;

	if (p->uniform_of == b)
		return PPDL_OK;
	p->uniform_of = NULL;
	ppdl_pool_put(p->ev->pool, p->uniform_b);
	p->uniform_b = NULL;
	if (p->uniform == NULL)
		p->uniform = ppdl_pool_get(p->ev->pool, (size_t) col->limbs * ring->n * sizeof(uint64_t));
	if (p->uniform == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int l = 0; l < col->limbs; l++)
		PPDL_TRY(ppdl_xof_uniform(&ring->mod[l], ppdl_limb(ring, p->uniform, l), ring->n, b->seed, PPDL_XOF_ROW_A, 0,
								  err));
	/* without switching keys rows stay under theirs */
	if (b->key > 0 && col->par->np > 0)
		PPDL_TRY(switch_uniform(p, b, err));
	p->uniform_of = b;
	return PPDL_OK;
}

PpdlStatus
ppdl_pack_place(const PpdlPacking *p, const PpdlBlock *block, int l, size_t offset, uint32_t at, int h, uint64_t *b,
				PpdlError *err)
{
	const PpdlCollector *col = p->col;
	const PpdlRowBatch *batch = block->batch;
	const size_t k = (size_t) 1 << col->logk;
	const uint32_t start = batch->entry[block->first].index;

	for (uint32_t e = block->first; e < block->first + (1u << block->h); e++)
	{
		size_t		u = (size_t) ppdl_bitrev(at + (batch->entry[e].index - start), h) << (p->height - h);

		PPDL_TRY(ppdl_residues_get(&col->par->ring->mod[l], p->scratch, batch->residues + e * batch->each + offset, k,
								   err));
		for (size_t f = 0; f < k; f++)
			b[u + (f << p->height)] = p->scratch[f];
	}
	return PPDL_OK;
}

double
ppdl_pack_noise(const PpdlPacking *p, const PpdlRowBatch *b)
{
	return ppdl_key_ring_noise(&p->col->keys, b->key, p->col->par, p->col->limbs, b->noise);
}

/* limb l of a block; other coefficients are zero */
static PpdlStatus
place_rows(const PpdlPacking *p, const PpdlBlock *block, int l, size_t offset, uint64_t *b, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;

	memset(b, 0, ring->n * sizeof(uint64_t));
	PPDL_TRY(ppdl_pack_place(p, block, l, offset, 0, block->h, b, err));
	ppdl_ntt(ring, &ring->mod[l], b);
	return PPDL_OK;
}

/* a = A * X^(-i0*g), or as it was stored */
static PpdlStatus
place_uniform(const PpdlPacking *p, const PpdlBlock *block, int l, size_t offset, uint64_t *a, PpdlError *err)
{
	const PpdlCollector *col = p->col;
	const PpdlRing *ring = col->par->ring;
	const PpdlRowBatch *b = block->batch;
	int64_t		shift;

	if (b->explicit_row)
		return ppdl_residues_get(&ring->mod[l], a, b->residues + offset, ring->n, err);
	shift = (int64_t) ppdl_bitrev(b->entry[block->first].index, b->logc) << (p->height - b->logc);
	ppdl_mul_monomial_ntt(ring, &ring->mod[l], a, ppdl_climb(ring, p->uniform, l), -shift);
	return PPDL_OK;
}

/* the writer's share of b, in the same place as its a; scratch: a limb */
static void
add_uniform_b(const PpdlPacking *p, const PpdlBlock *block, int l, uint64_t *b, uint64_t *scratch)
{
	const PpdlRing *ring = p->col->par->ring;
	const PpdlRowBatch *batch = block->batch;
	const int64_t shift = (int64_t) ppdl_bitrev(batch->entry[block->first].index, batch->logc)
		<< (p->height - batch->logc);

	ppdl_mul_monomial_ntt(ring, &ring->mod[l], scratch, ppdl_climb(ring, p->uniform_b, l), -shift);
	ppdl_vec_add(&ring->mod[l], b, b, scratch, ring->n);
}

static PpdlStatus
fill_leaf(PpdlPacking *p, const PpdlBlock *block, PpdlCt *ct, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;
	size_t		offset = 0;

	if (!block->batch->explicit_row)
		PPDL_TRY(ppdl_pack_expand(p, block->batch, err));
	for (int l = 0; l < ct->limbs; l++)
	{
		PPDL_TRY(place_rows(p, block, l, offset, ppdl_limb(ring, ct->b, l), err));
		offset += ppdl_packed_size((size_t) 1 << p->col->logk, ring->mod[l].bits);
		/* a is filled next: until then it is scratch */
		if (!block->batch->explicit_row && p->uniform_b != NULL)
			add_uniform_b(p, block, l, ppdl_limb(ring, ct->b, l), ppdl_limb(ring, ct->a, l));
		PPDL_TRY(place_uniform(p, block, l, offset, ppdl_limb(ring, ct->a, l), err));
		if (block->batch->explicit_row)
			offset += ppdl_packed_size(ring->n, ring->mod[l].bits);
	}
	if (block->batch->explicit_row)
		return ppdl_key_ring_switch(&p->col->keys, block->batch->key, p->ev, ct->b, ct->a, ct->limbs, err);
	return PPDL_OK;
}

PpdlStatus
ppdl_pack_leaf(PpdlPacking *p, const PpdlBlock *block, PpdlCt *out, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_alloc(p->ev, out, p->col->limbs, err));
	PPDL_GOTO(done, fill_leaf(p, block, out, err));
	out->scale = p->col->scale;
	out->noise = ppdl_pack_noise(p, block->batch);
	if (block->h > 0)
		PPDL_GOTO(done, ppdl_ct_mul_int(p->ev, out, (__int128) 1 << block->h, err));
	out->scale *= ldexp(1, block->h);
	out->bound = block->batch->bound;
done:
	if (status != PPDL_OK)
		ppdl_ct_release(p->ev, out);
	return status;
}
