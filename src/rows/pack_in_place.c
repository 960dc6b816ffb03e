/* The uniform half of a batch, as a ciphertext (0, a), has to lose the coefficients of missing rows (ckks/keep.h). */
#include "rows/pack_in_place.h"

#include <stdlib.h>
#include <string.h>

#include "ckks/keep.h"
#include "rows/pack_leaf.h"

/* rows of one batch */
typedef struct Part
{
	const PpdlPlaced *placed;
	uint32_t	count;
	PpdlCt		ct;				/* the uniform half where the rows go */
	uint8_t    *keep;
} Part;

/* the parts, as many as there are batches; *out: the caller's to free */
static PpdlStatus
find_parts(const PpdlPacking *p, Part **out, int *count, PpdlError *err)
{
	Part	   *part;

	*count = 0;
	for (uint32_t i = 0; i < p->count; i++)
		*count += i == 0 || p->placed[i].block.batch != p->placed[i - 1].block.batch;
	*out = part = calloc((size_t) *count, sizeof(*part));
	if (part == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < p->count; i++)
	{
		if (i > 0 && p->placed[i].block.batch != p->placed[i - 1].block.batch)
			part++;
		if (part->count++ == 0)
			part->placed = &p->placed[i];
	}
	return PPDL_OK;
}

static PpdlStatus
fill_part(PpdlPacking *p, Part *part, PpdlError *err)
{
	const PpdlRing *ring = p->col->par->ring;
	const PpdlPlaced *first = &part->placed[0];
	PpdlRowBatch *batch = first->block.batch;
	const int64_t shift = (int64_t) ppdl_bitrev(first->at, p->height) -
		((int64_t) ppdl_bitrev(batch->entry[first->block.first].index, batch->logc) << (p->height - batch->logc));

	part->keep = calloc((size_t) 1 << p->height, 1);
	if (part->keep == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (uint32_t i = 0; i < part->count; i++)
		part->keep[ppdl_bitrev(part->placed[i].at, p->height)] = 1;
	PPDL_TRY(ppdl_pack_expand(p, batch, err));
	PPDL_TRY(ppdl_ct_alloc(p->ev, &part->ct, p->col->limbs, err));
	for (int l = 0; l < p->col->limbs; l++)
	{
		uint64_t   *b = ppdl_limb(ring, part->ct.b, l);

		ppdl_mul_monomial_ntt(ring, &ring->mod[l], ppdl_limb(ring, part->ct.a, l), ppdl_climb(ring, p->uniform, l),
							  shift);
		if (p->uniform_b == NULL)
			memset(b, 0, ring->n * sizeof(uint64_t));
		else
			ppdl_mul_monomial_ntt(ring, &ring->mod[l], b, ppdl_climb(ring, p->uniform_b, l), shift);
	}
	part->ct.scale = p->col->scale;
	part->ct.noise = ppdl_pack_noise(p, batch);
	part->ct.bound = batch->bound;
	return PPDL_OK;
}

static PpdlStatus
select_rows(PpdlPacking *p, Part *part, int count, PpdlCt *out, PpdlError *err)
{
	PpdlKeep   *from = malloc((size_t) count * sizeof(*from));
	PpdlStatus	status;

	if (from == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < count; i++)
		from[i] = (PpdlKeep) {&part[i].ct, part[i].keep};
	status = ppdl_ct_keep(p->ev, out, from, count, p->height, err);
	free(from);
	return status;
}

PpdlStatus
ppdl_pack_in_place(PpdlPacking *p, PpdlCt *out, PpdlError *err)
{
	Part	   *part;
	int			count;
	PpdlStatus	status;

	PPDL_TRY(find_parts(p, &part, &count, err));
	for (int i = 0; i < count; i++)
		PPDL_GOTO(done, fill_part(p, &part[i], err));
	status = select_rows(p, part, count, out, err);
done:
	for (int i = 0; i < count; i++)
	{
		ppdl_ct_release(p->ev, &part[i].ct);
		free(part[i].keep);
	}
	free(part);
	return status;
}
