#include "rsa/parts.h"

#include <stdlib.h>
#include <string.h>

#include "rsa/error.h"
#include "rsa/key_private.h"

void
ppdl_rsa_mulmod(mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b,
				const PpdlRsaPublic *pub, PpdlRsaScratch *scratch)
{
	mp_size_t	limbs = (mp_size_t) pub->limbs;

	if (a == b)
		mpn_sqr(scratch->product, a, limbs);
	else
		mpn_mul_n(scratch->product, a, b, limbs);
	mpn_tdiv_qr(scratch->quotient, out, 0, scratch->product, 2 * limbs, pub->n, limbs);
}

PpdlStatus
ppdl_rsa_parts_init(PpdlRsaParts *parts, const PpdlRsaPublic *pub, PpdlError *err)
{
	memset(parts, 0, sizeof(*parts));
	parts->open = malloc(pub->limbs * sizeof(mp_limb_t));
	if (parts->open == NULL)
		return ppdl_rsa_nomem(err);
	ppdl_rsa_parts_reset(parts, pub);
	return PPDL_OK;
}

void
ppdl_rsa_parts_reset(PpdlRsaParts *parts, const PpdlRsaPublic *pub)
{
	parts->closed.len = 0;
	parts->closed_parts = 0;
	parts->bound = 0;
	memset(parts->open, 0, pub->limbs * sizeof(mp_limb_t));
	parts->open[0] = 1;
}

void
ppdl_rsa_parts_free(PpdlRsaParts *parts)
{
	ppdl_writer_free(&parts->closed);
	free(parts->open);
	parts->open = NULL;
}

static void
write_part(PpdlWriter *out, const mp_limb_t *c, uint32_t bound, const PpdlRsaPublic *pub)
{
	uint8_t    *be;

	ppdl_write_u32(out, bound);
	be = ppdl_write_space(out, pub->bytes);
	if (be != NULL)
		ppdl_rsa_limbs_to_be(be, pub->bytes, c);
}

PpdlStatus
ppdl_rsa_parts_times(PpdlRsaParts *parts, const mp_limb_t *c, uint32_t bound,
					 const PpdlRsaPublic *pub, PpdlRsaScratch *scratch, PpdlError *err)
{
	PPDL_ASSERT(bound <= pub->capacity && parts->bound <= pub->capacity);
	if (bound <= pub->capacity - parts->bound)
	{
		/* the first factor is copied, not multiplied by one */
		if (parts->bound == 0 && parts->open[0] == 1 &&
			mpn_zero_p(parts->open + 1, (mp_size_t) pub->limbs - 1))
			memcpy(parts->open, c, pub->limbs * sizeof(mp_limb_t));
		else
			ppdl_rsa_mulmod(parts->open, parts->open, c, pub, scratch);
		parts->bound += bound;
		return PPDL_OK;
	}
	if (parts->closed_parts + 2 > PPDL_RSA_MAX_PARTS)
		return ppdl_error(err, PPDL_ERR_RANGE, "rsa_cipher sum needs more than %d parts", PPDL_RSA_MAX_PARTS);
	if (bound > parts->bound)
		write_part(&parts->closed, c, bound, pub);
	else
	{
		write_part(&parts->closed, parts->open, parts->bound, pub);
		memcpy(parts->open, c, pub->limbs * sizeof(mp_limb_t));
		parts->bound = bound;
	}
	parts->closed_parts++;
	return parts->closed.bad ? ppdl_rsa_nomem(err) : PPDL_OK;
}

void
ppdl_rsa_parts_write(const PpdlRsaParts *parts, const PpdlRsaPublic *pub, PpdlWriter *out)
{
	ppdl_write_bytes(out, parts->closed.buf, parts->closed.len);
	write_part(out, parts->open, parts->bound, pub);
}
