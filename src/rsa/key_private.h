/* Helpers shared by the files of the RSA floor; they are in public.c and limbs.c. */
#ifndef PPDL_RSA_KEY_PRIVATE_H
#define PPDL_RSA_KEY_PRIVATE_H

#include <openssl/evp.h>

#include "rsa/key.h"

/* checks the key and makes a public key object that shares pkey */
PpdlStatus	ppdl_rsa_public_from_pkey(PpdlRsaPublic **out, EVP_PKEY *pkey, PpdlError *err);

/*
 * big-endian bytes to limbs, least significant first, and back; spare limbs are zero. Time depends on the lengths only.
 */
void		ppdl_rsa_limbs_from_be(mp_limb_t *limb, size_t limbs, const uint8_t *be, size_t bytes);
void		ppdl_rsa_limbs_to_be(uint8_t *be, size_t bytes, const mp_limb_t *limb);

#endif
