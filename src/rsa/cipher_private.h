/* The pieces of the wire form that several files of the RSA floor read. */
#ifndef PPDL_RSA_CIPHER_PRIVATE_H
#define PPDL_RSA_CIPHER_PRIVATE_H

#include "rsa/cipher.h"

/* layout checks of one part, and its c < n and bound within n */
PpdlStatus	ppdl_rsa_part_check_layout(const PpdlRsaView *view, const uint8_t *part, PpdlError *err);
PpdlStatus	ppdl_rsa_part_check_key(const PpdlRsaView *view, const uint8_t *part,
									const PpdlRsaPublic *pub, PpdlError *err);
/* c of a part, in pub->limbs limbs; an error unless 1 <= c < n */
PpdlStatus	ppdl_rsa_part_limbs(mp_limb_t *c, const PpdlRsaView *view, const uint8_t *part,
								const PpdlRsaPublic *pub, PpdlError *err);

#endif
