#include <math.h>

#include "owner/owner_impl.h"
#include "rows/cipher_read.h"

/*
 * What a decrypted value tells about the key hangs on its error in units of 1/scale.  A server that states none, or a
 * scale that is too large, would get digits from which the key can be computed (Li and Micciancio 2021).  So the owner
 * counts with the error that every honest value has at least: that of its encryption, which nothing takes away.
 */

/* are all residues of `a` zero? no parts */
static int
free_of_key(const PpdlCipher *c)
{
	const uint8_t *p = c->residues,
			   *end = p + c->residue_bytes;
	const int	row = c->kind == PPDL_KIND_ROW;
	const size_t nb = row ? (size_t) 1 << c->logk : c->par->n;
	const uint32_t chunks = row ? 1 : c->nchunks;
	uint8_t		any = 0;

	if (c->kind == PPDL_KIND_SLICE)
		return 0;
	for (uint32_t chunk = 0; chunk < chunks; chunk++)
		for (int l = 0; l < c->limbs; l++)
		{
			const int	bits = c->par->ring->mod[l].bits;
			const size_t b = ppdl_packed_size(nb, bits),
						a = ppdl_packed_size(c->par->n, bits);

			if ((size_t) (end - p) < b + a)
				return 0;
			for (size_t i = 0; i < a; i++)
				any |= p[b + i];
			p += b + a;
		}
	return any == 0;
}

/* of a coefficient */
static double
least_noise(const PpdlCipher *c)
{
	/*
	 * Results of networks on rows were rescaled last, which rounds both halves of the ciphertext: 1/12 + |s|^2/12, with
	 * |s|^2 = 2N/3; so were second moments.  Encrypted weights, in the deep ring, may be fresh.
	 */
	if (c->kind == PPDL_KIND_PACKED && (c->layout == PPDL_LAYOUT_GRAM ||
										(c->layout == PPDL_LAYOUT_SLOTS && c->par->id == PPDL_RING_ROW)))
		return sqrt((1 + 2.0 * (double) c->par->n / 3) / 12);
	return PPDL_SIGMA;
}

static double
least_error(const PpdlCipher *c)
{
	PpdlCipher	least = *c;

	if (free_of_key(c))
		return 0;
	least.noise = least_noise(c);
	return ppdl_cipher_error(&least);
}

double
ppdl_cipher_floor(const PpdlCipher *c)
{
	PpdlReader	parts = ppdl_reader(c->residues, c->residue_bytes);
	double		error = 0;
	PpdlCipher	part;

	if (c->kind != PPDL_KIND_PARTS)
		return least_error(c);
	for (uint32_t i = 0; i < c->nparts && ppdl_cipher_next_part(&part, NULL, &parts, c, NULL) == PPDL_OK; i++)
		error += least_error(&part);
	return error;
}
