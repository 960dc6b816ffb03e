#include "rows/tag.h"

PpdlStatus
ppdl_tags_check(const PpdlCipher *c, PpdlError *err)
{
	for (int i = 0; i < ppdl_tagged_limbs(c->limbs) * PPDL_TAGS_A_LIMB; i++)
	{
		const int	l = i / PPDL_TAGS_A_LIMB;

		if (ppdl_tag(c->tags, i) >= c->par->ring->mod[l].q)
			return ppdl_error(err, PPDL_ERR_FORMAT, "tag %d of limb %d is not below the modulus %llu",
							  i % PPDL_TAGS_A_LIMB + 1, l + 1, (unsigned long long) c->par->ring->mod[l].q);
	}
	return PPDL_OK;
}
