/*
 * The arithmetic under products and predictions: a number mod n with a bound,
 * and a list of such numbers that together stand for one sum.
 */
#ifndef PPDL_RSA_PARTS_H
#define PPDL_RSA_PARTS_H

#include "rsa/cipher.h"

/* room for one modular multiplication */
typedef struct PpdlRsaScratch
{
	mp_limb_t	product[2 * PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];
	mp_limb_t	quotient[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS + 1];
	mp_limb_t	operand[PPDL_RSA_MAX_BITS / GMP_LIMB_BITS];
} PpdlRsaScratch;

/* out = a·b mod n; a and b are below n, pub->limbs limbs each; out may be either */
void		ppdl_rsa_mulmod(mp_limb_t *out, const mp_limb_t *a, const mp_limb_t *b,
							const PpdlRsaPublic *pub, PpdlRsaScratch *scratch);

/* Parts: closed ones in wire form, and one that still grows. */
typedef struct PpdlRsaParts
{
	PpdlWriter	closed;
	uint32_t	closed_parts;
	mp_limb_t  *open;			/* the number 1 at first */
	uint32_t	bound;			/* of the open part */
} PpdlRsaParts;

PpdlStatus	ppdl_rsa_parts_init(PpdlRsaParts *parts, const PpdlRsaPublic *pub, PpdlError *err);
void		ppdl_rsa_parts_reset(PpdlRsaParts *parts, const PpdlRsaPublic *pub);	/* empty again */
void		ppdl_rsa_parts_free(PpdlRsaParts *parts);

/*
 * Multiplies c <= 2^bound in; where that could reach n, closes the fuller of
 * the two and goes on with the other.  bound <= pub->capacity.
 */
PpdlStatus	ppdl_rsa_parts_times(PpdlRsaParts *parts, const mp_limb_t *c, uint32_t bound,
								 const PpdlRsaPublic *pub, PpdlRsaScratch *scratch, PpdlError *err);

static inline uint32_t
ppdl_rsa_parts_count(const PpdlRsaParts *parts)
{
	return parts->closed_parts + 1;
}

/* appends bound and c of every part */
void		ppdl_rsa_parts_write(const PpdlRsaParts *parts, const PpdlRsaPublic *pub, PpdlWriter *out);

#endif
