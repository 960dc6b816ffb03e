#include "rows/half.h"

#include <string.h>

#include "base/mem.h"
#include "ring/vec.h"

size_t
ppdl_half_bytes(const PpdlHalf *h)
{
	return (size_t) h->limbs * h->par->n * sizeof(uint64_t);
}

PpdlStatus
ppdl_half_need(PpdlHalf *h, uint64_t **part, PpdlError *err)
{
	const size_t bytes = ppdl_half_bytes(h);

	if (*part != NULL)
		return PPDL_OK;
	*part = ppdl_alloc_aligned(bytes);
	if (*part == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(*part, 0, bytes);
	h->bytes += bytes;
	if (h->held != NULL)
		*h->held += bytes;
	return PPDL_OK;
}

void
ppdl_half_settle(PpdlHalf *h)
{
	const PpdlRing *ring = h->par->ring;

	for (int l = 0; l < h->limbs; l++)
		ppdl_vec_settle(&ring->mod[l], ppdl_limb(ring, h->shifted, l), ppdl_limb(ring, h->shifted, l), ring->n);
	h->shifts = 1;
}

/* limb = the transform of the sum of X^(-pos*g) over all positions, g = N/2^(logc+logk); X^-e = -X^(N-e) */
static void
all_positions(const PpdlHalf *h, int l, uint64_t *limb)
{
	const PpdlRing *ring = h->par->ring;
	const PpdlModulus *m = &ring->mod[l];
	const size_t g = ring->n >> (h->whole_logc + h->logk);

	memset(limb, 0, ring->n * sizeof(uint64_t));
	limb[0] = 1;
	for (size_t pos = 1; pos < (size_t) 1 << h->whole_logc; pos++)
		limb[ring->n - pos * g] = m->q - 1;
	ppdl_ntt(ring, m, limb);
}

/* its bytes are those of when it was made, with as many limbs as there were */
static void
drop_whole(PpdlHalf *h)
{
	ppdl_free_aligned(h->whole);
	h->whole = NULL;
	h->bytes -= h->whole_bytes;
	if (h->held != NULL)
		*h->held -= h->whole_bytes;
}

static PpdlStatus
join_whole(PpdlHalf *h, PpdlError *err)
{
	const PpdlRing *ring = h->par->ring;
	uint64_t   *limb;

	if (h->whole == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_half_need(h, &h->a, err));
	limb = ppdl_alloc_aligned(ring->n * sizeof(uint64_t));
	if (limb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int l = 0; l < h->limbs; l++)
	{
		all_positions(h, l, limb);
		ppdl_vec_mul_add(&ring->mod[l], ppdl_limb(ring, h->a, l), ppdl_limb(ring, h->whole, l), limb, ring->n);
	}
	ppdl_free_aligned(limb);
	drop_whole(h);
	return PPDL_OK;
}

PpdlStatus
ppdl_half_begin_whole(PpdlHalf *h, int logc, int *possible, PpdlError *err)
{
	*possible = h->whole == NULL || h->whole_logc == logc;
	if (h->whole != NULL)
		return PPDL_OK;
	h->whole_logc = logc;
	h->whole_bytes = ppdl_half_bytes(h);
	return ppdl_half_need(h, &h->whole, err);
}

static void
join_shifted(PpdlHalf *h)
{
	const PpdlRing *ring;

	if (h->shifted == NULL || h->shifts == 0)
		return;
	ring = h->par->ring;
	ppdl_half_settle(h);
	for (int l = 0; l < h->limbs; l++)
		ppdl_ntt(ring, &ring->mod[l], ppdl_limb(ring, h->shifted, l));
	h->shifts = 0;
	if (h->a == NULL)
	{
		h->a = h->shifted;
		h->shifted = NULL;
		return;
	}
	for (int l = 0; l < h->limbs; l++)
		ppdl_vec_add(&ring->mod[l], ppdl_limb(ring, h->a, l), ppdl_limb(ring, h->a, l), ppdl_limb(ring, h->shifted, l),
					 ring->n);
	memset(h->shifted, 0, ppdl_half_bytes(h));
}

PpdlStatus
ppdl_half_join(PpdlHalf *h, PpdlError *err)
{
	PPDL_TRY(join_whole(h, err));
	join_shifted(h);
	return PPDL_OK;
}

void
ppdl_half_free(PpdlHalf *h)
{
	ppdl_free_aligned(h->a);
	ppdl_free_aligned(h->shifted);
	ppdl_free_aligned(h->whole);
	if (h->held != NULL)
		*h->held -= h->bytes;
	memset(h, 0, sizeof(*h));
}
