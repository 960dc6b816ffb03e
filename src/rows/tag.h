/*
 * What follows the residues of a slice that was encrypted with a receipt (doc/algorithms.md, 10): for each of its
 * lowest two limbs two tags, then a MAC.  Tags add up as the rows do, modulo the limb's prime; only their owner can
 * make or check them (owner/receipt.h).
 *
 *   limb by limb: u64[2] tags, below the limb's prime
 *   u8[16] MAC
 */
#ifndef PPDL_ROWS_TAG_H
#define PPDL_ROWS_TAG_H

#include "rows/cipher.h"

#define PPDL_TAG_LIMBS 2		/* limbs that have tags: those that sums read */
#define PPDL_TAGS_A_LIMB 2
#define PPDL_MAX_TAGS (PPDL_TAG_LIMBS * PPDL_TAGS_A_LIMB)
#define PPDL_MAC_BYTES 16

static inline int
ppdl_tagged_limbs(int limbs)
{
	return limbs < PPDL_TAG_LIMBS ? limbs : PPDL_TAG_LIMBS;
}

/* of tags and MAC of a row of so many limbs: 32 or 48 */
static inline size_t
ppdl_tag_bytes(int limbs)
{
	return (size_t) ppdl_tagged_limbs(limbs) * PPDL_TAGS_A_LIMB * sizeof(uint64_t) + PPDL_MAC_BYTES;
}

/* tag i, counted limb by limb, as it is stored */
static inline uint64_t
ppdl_tag(const uint8_t *tags, int i)
{
	uint64_t	tag;

	memcpy(&tag, tags + (size_t) i * sizeof(tag), sizeof(tag));
	return tag;
}

static inline const uint8_t *
ppdl_mac(const PpdlCipher *c)
{
	return c->tags + ppdl_tag_bytes(c->limbs) - PPDL_MAC_BYTES;
}

/* PPDL_ERR_FORMAT unless all tags of a slice that has them are below their primes */
PpdlStatus	ppdl_tags_check(const PpdlCipher *c, PpdlError *err);

#endif
