#include <string.h>

#include "rsa/key_private.h"

#define LIMB_BYTES sizeof(mp_limb_t)

_Static_assert(GMP_LIMB_BITS == 64 && GMP_NAIL_BITS == 0, "GMP must use whole 64-bit limbs");

void
ppdl_rsa_limbs_from_be(mp_limb_t *limb, size_t limbs, const uint8_t *be, size_t bytes)
{
	size_t		i = 0;

	for (; bytes >= LIMB_BYTES; bytes -= LIMB_BYTES)
	{
		uint64_t	v;

		memcpy(&v, be + bytes - LIMB_BYTES, LIMB_BYTES);
		limb[i++] = __builtin_bswap64(v);
	}
	if (bytes > 0)
	{
		mp_limb_t	v = 0;

		for (size_t j = 0; j < bytes; j++)
			v = v << 8 | be[j];
		limb[i++] = v;
	}
	for (; i < limbs; i++)
		limb[i] = 0;
}

void
ppdl_rsa_limbs_to_be(uint8_t *be, size_t bytes, const mp_limb_t *limb)
{
	for (; bytes >= LIMB_BYTES; bytes -= LIMB_BYTES)
	{
		uint64_t	v = __builtin_bswap64(*limb++);

		memcpy(be + bytes - LIMB_BYTES, &v, LIMB_BYTES);
	}
	if (bytes > 0)
	{
		mp_limb_t	v = *limb;

		for (; bytes > 0; bytes--, v >>= 8)
			be[bytes - 1] = (uint8_t) v;
	}
}
