#include "rows/residues.h"

#include "ring/vec.h"

size_t
ppdl_residues_size(const PpdlParams *par, int limbs, size_t n)
{
	size_t		bytes = 0;

	for (int i = 0; i < limbs; i++)
		bytes += ppdl_packed_size(n, par->ring->mod[i].bits);
	return bytes;
}

static size_t
count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	size_t		whole = n & ~(size_t) 7,
				count = whole > 0 ? ppdl_vec_count_unreduced(m, a, whole) : 0;

	for (size_t i = whole; i < n; i++)
		count += a[i] >= m->q;
	return count;
}

PpdlStatus
ppdl_residues_get(const PpdlModulus *m, uint64_t *out, const uint8_t *src, size_t n, PpdlError *err)
{
	size_t		bad;

	ppdl_unpack_bits(out, src, n, m->bits);
	bad = count_unreduced(m, out, n);
	if (bad > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%zu residues are not below their modulus %llu", bad,
						  (unsigned long long) m->q);
	return PPDL_OK;
}

void
ppdl_residues_put(PpdlWriter *w, const PpdlModulus *m, const uint64_t *v, size_t n)
{
	uint8_t    *p = ppdl_write_space(w, ppdl_packed_size(n, m->bits));

	if (p != NULL)
		ppdl_pack_bits(p, v, n, m->bits);
}
