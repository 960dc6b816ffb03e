#include "rows/tag.h"

PpdlStatus
ppdl_tags_check(const PpdlCipher *c, PpdlError *err)
{
	for (int l = 0; l < ppdl_tagged_limbs(c->limbs); l++)
		for (int i = 0; i < PPDL_TAGS_A_LIMB; i++)
			if (ppdl_tag(c, l, i) >= c->par->ring->mod[l].q)
				return ppdl_error(err, PPDL_ERR_FORMAT, "tag %d of limb %d is not below the modulus %llu", i + 1, l + 1,
								  (unsigned long long) c->par->ring->mod[l].q);
	return PPDL_OK;
}
