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

void
ppdl_half_join(PpdlHalf *h)
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

void
ppdl_half_free(PpdlHalf *h)
{
	ppdl_free_aligned(h->a);
	ppdl_free_aligned(h->shifted);
	if (h->held != NULL)
		*h->held -= h->bytes;
	memset(h, 0, sizeof(*h));
}
