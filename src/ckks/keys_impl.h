/* Private to the floor: keys whose contents come from elsewhere (keys.c, switchkey.c). */
#ifndef PPDL_CKKS_KEYS_IMPL_H
#define PPDL_CKKS_KEYS_IMPL_H

#include "ckks/keys.h"
#include "ring/vec.h"

/* seed and contents undefined */
PpdlStatus	ppdl_public_key_alloc(PpdlPublicKey **out, const PpdlParams *par, PpdlError *err);
/* the same; PPDL_ERR_ARGUMENT for a ring without special primes */
PpdlStatus	ppdl_public_special_alloc(PpdlPublicSpecial **out, const PpdlParams *par, PpdlError *err);

/* a half's limb number `task`, = digit*(limbs + np) + place over QP; packed */
static inline uint8_t *
ppdl_key_limb(const PpdlSwitchKey *key, uint8_t *half, int task)
{
	return half + (size_t) task * ppdl_vec_packed_bytes(key->par->n);
}

/* is there such a key? code is the error of one there is not */
PpdlStatus	ppdl_switch_key_check(const PpdlParams *par, uint32_t id, int limbs, int np, PpdlStatus code,
								  PpdlError *err);
/* digits of the key `id` when it serves `limbs` limbs */
int			ppdl_switch_key_digits(const PpdlParams *par, uint32_t id, int limbs);
/* checks the shape (PPDL_ERR_ARGUMENT); seed and contents undefined */
PpdlStatus	ppdl_switch_key_alloc(PpdlSwitchKey **out, const PpdlParams *par, uint32_t id, int limbs, int np,
								  PpdlError *err);
/* fills key->a from key->seed */
PpdlStatus	ppdl_switch_key_expand(PpdlSwitchKey *key, PpdlThreads *threads, PpdlError *err);

#endif
