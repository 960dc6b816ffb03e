#include "rows/pack_batch.h"

#include <stdlib.h>
#include <string.h>

#include "rows/pack_leaf.h"
#include "rows/residues.h"

/* limb l of all rows of the batch at their places, NTT domain; offset: of the limb in a row's residues */
static PpdlStatus
fill_b(const PpdlPacking *p, const PpdlRowBatch *batch, int l, size_t offset, uint64_t *b, PpdlError *err)
{
	const PpdlCollector *col = p->col;
	const PpdlRing *ring = col->par->ring;
	const size_t k = (size_t) 1 << col->logk;

	memset(b, 0, ring->n * sizeof(uint64_t));
	for (uint32_t e = 0; e < batch->rows; e++)
	{
		size_t		u = ppdl_bitrev(batch->entry[e].index, p->height);

		PPDL_TRY(ppdl_residues_get(&ring->mod[l], p->scratch, batch->residues + e * batch->each + offset, k, err));
		for (size_t f = 0; f < k; f++)
			b[u + (f << p->height)] = p->scratch[f];
	}
	ppdl_ntt(ring, &ring->mod[l], b);
	return PPDL_OK;
}

static PpdlStatus
fill(PpdlPacking *p, PpdlRowBatch *batch, PpdlCt *ct, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;
	size_t		offset = 0;

	if (!batch->explicit_row)
		PPDL_TRY(ppdl_pack_expand(p, batch, err));
	for (int l = 0; l < ct->limbs; l++)
	{
		uint64_t   *a = ppdl_limb(ring, ct->a, l);

		PPDL_TRY(fill_b(p, batch, l, offset, ppdl_limb(ring, ct->b, l), err));
		offset += ppdl_packed_size((size_t) 1 << p->col->logk, ring->mod[l].bits);
		if (!batch->explicit_row)
		{
			memcpy(a, ppdl_climb(ring, p->uniform, l), ring->n * sizeof(uint64_t));
			continue;
		}
		PPDL_TRY(ppdl_residues_get(&ring->mod[l], a, batch->residues + offset, ring->n, err));
		offset += ppdl_packed_size(ring->n, ring->mod[l].bits);
	}
	ct->scale = p->col->scale;
	ct->noise = batch->noise;
	ct->bound = batch->bound;
	return PPDL_OK;
}

static PpdlStatus
describe(const PpdlPacking *p, const PpdlRowBatch *batch, PpdlPacked *out, PpdlError *err)
{
	const size_t places = (size_t) 1 << p->height;

	out->ordinal = malloc(places * sizeof(uint32_t));
	if (out->ordinal == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(out->ordinal, 0xFF, places * sizeof(uint32_t));
	for (uint32_t e = 0; e < batch->rows; e++)
		out->ordinal[batch->entry[e].index] = batch->entry[e].ordinal;
	out->rows = batch->rows;
	out->width = p->col->width;
	out->logk = p->col->logk;
	memcpy(out->fingerprint, ppdl_key_ring_key(&p->col->keys, batch->key), PPDL_FINGERPRINT_BYTES);
	return PPDL_OK;
}

PpdlStatus
ppdl_pack_batch(PpdlPacking *p, PpdlPacked *out, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(ppdl_ct_alloc(p->ev, &out->ct, p->col->limbs, err));
	status = fill(p, p->whole, &out->ct, err);
	if (status == PPDL_OK)
		status = describe(p, p->whole, out, err);
	if (status != PPDL_OK)
		ppdl_ct_release(p->ev, &out->ct);
	return status;
}
