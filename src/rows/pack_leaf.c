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

/* limb l of an explicit row's b; other coefficients are zero */
static PpdlStatus
place_row(const PpdlPacking *p, const PpdlBlock *block, int l, size_t offset, uint64_t *b, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;

	memset(b, 0, ring->n * sizeof(uint64_t));
	PPDL_TRY(ppdl_pack_place(p, block, l, offset, 0, 0, b, err));
	ppdl_ntt(ring, &ring->mod[l], b);
	return PPDL_OK;
}

/* out = A * X^(-i0*g), A a half of the batch's uniform ciphertext */
static void
place_uniform(const PpdlPacking *p, const PpdlBlock *block, int l, uint64_t *out, const uint64_t *half)
{
	const PpdlRing *ring = p->col->par->ring;
	const PpdlRowBatch *batch = block->batch;
	const int64_t shift = (int64_t) ppdl_bitrev(batch->entry[block->first].index, batch->logc)
		<< (p->height - batch->logc);

	ppdl_mul_monomial_ntt(ring, &ring->mod[l], out, ppdl_climb(ring, half, l), -shift);
}

static PpdlStatus
fill_explicit(const PpdlPacking *p, const PpdlBlock *block, PpdlCt *ct, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;
	const PpdlRowBatch *batch = block->batch;
	size_t		offset = 0;

	for (int l = 0; l < ct->limbs; l++)
	{
		PPDL_TRY(place_row(p, block, l, offset, ppdl_limb(ring, ct->b, l), err));
		offset += ppdl_packed_size((size_t) 1 << p->col->logk, ring->mod[l].bits);
		PPDL_TRY(ppdl_residues_get(&ring->mod[l], ppdl_limb(ring, ct->a, l), batch->residues + offset, ring->n, err));
		offset += ppdl_packed_size(ring->n, ring->mod[l].bits);
	}
	return ppdl_key_ring_switch(&p->col->keys, batch->key, p->ev, ct->b, ct->a, ct->limbs, err);
}

static PpdlStatus
fill_uniform(PpdlPacking *p, const PpdlBlock *block, PpdlCt *ct, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;

	PPDL_TRY(ppdl_pack_expand(p, block->batch, err));
	for (int l = 0; l < ct->limbs; l++)
	{
		place_uniform(p, block, l, ppdl_limb(ring, ct->a, l), p->uniform);
		if (p->uniform_b != NULL)
			place_uniform(p, block, l, ppdl_limb(ring, ct->b, l), p->uniform_b);
		else
			memset(ppdl_limb(ring, ct->b, l), 0, ring->n * sizeof(uint64_t));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_pack_leaf(PpdlPacking *p, const PpdlBlock *block, PpdlCt *out, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_alloc(p->ev, out, p->col->limbs, err));
	PPDL_GOTO(done, block->batch->explicit_row ? fill_explicit(p, block, out, err) : fill_uniform(p, block, out, err));
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

/* limb l of the rows of all blocks; offset: of the limb in a row's residues */
static PpdlStatus
place_rows(const PpdlPacking *p, int l, size_t offset, uint64_t *b, PpdlError *err)
{
	memset(b, 0, p->col->par->n * sizeof(uint64_t));
	for (uint32_t i = 0; i < p->count; i++)
		if (!p->placed[i].block.batch->explicit_row)
			PPDL_TRY(ppdl_pack_place(p, &p->placed[i].block, l, offset, p->placed[i].at, p->height, b, err));
	ppdl_ntt(p->col->par->ring, &p->col->par->ring->mod[l], b);
	return PPDL_OK;
}

PpdlStatus
ppdl_pack_add_rows(const PpdlPacking *p, PpdlCt *ct, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;
	uint64_t   *rows = ppdl_pool_get(p->ev->pool, ring->n * sizeof(uint64_t));
	size_t		offset = 0;
	PpdlStatus	status = rows != NULL ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");

	for (int l = 0; l < ct->limbs && status == PPDL_OK; l++)
	{
		status = place_rows(p, l, offset, rows, err);
		if (status == PPDL_OK)
			ppdl_vec_mul_scalar_add(&ring->mod[l], ppdl_limb(ring, ct->b, l), rows, (uint64_t) 1 << p->height, ring->n);
		offset += ppdl_packed_size((size_t) 1 << p->col->logk, ring->mod[l].bits);
	}
	ppdl_pool_put(p->ev->pool, rows);
	return status;
}
