/*
 * RSA public keys: the standard DER and PEM forms, and the raw map m -> m^e modulo n, which runs in OpenSSL; GMP only
 * ever touches ciphertexts and the public modulus.
 */
#ifndef PPDL_RSA_PUBLIC_H
#define PPDL_RSA_PUBLIC_H

#include <stddef.h>
#include <stdint.h>

#include <gmp.h>

#include "base/bytes.h"
#include "base/error.h"

/* Moduli that keys may have, and the ones that are generated: 3072, 4096, 8192. */
#define PPDL_RSA_MIN_BITS 3072
#define PPDL_RSA_MAX_BITS 16384
#define PPDL_RSA_FINGERPRINT_BYTES 8
#define PPDL_RSA_KEY_ID_LEN 16	/* hexadecimal digits of the fingerprint */

/*
 * Sizes of numbers are bounded by their binary logarithm in units of 2^-16
 * bits: adding bounds multiplies numbers, and a bound never underestimates.
 */
#define PPDL_RSA_BOUND_SHIFT 16
#define PPDL_RSA_BOUND_BITS(bits) ((uint32_t) (bits) << PPDL_RSA_BOUND_SHIFT)

/* A public key that has passed every check; read-only. */
typedef struct PpdlRsaPublic
{
	struct evp_pkey_st *pkey;
	uint8_t		fingerprint[PPDL_RSA_FINGERPRINT_BYTES];	/* head of SHA-256 of `der` */
	char		key_id[PPDL_RSA_KEY_ID_LEN + 1];	/* the same in hexadecimal */
	int			bits;			/* of n */
	size_t		bytes;			/* of n: the length of every value on the wire */
	size_t		limbs;			/* of n */
	uint32_t	capacity;		/* log2 n rounded down: what a bound may not exceed */
	mp_limb_t  *n;
	uint8_t    *der;			/* SubjectPublicKeyInfo */
	size_t		der_len;
} PpdlRsaPublic;

/*
 * SubjectPublicKeyInfo, "PUBLIC KEY" in PEM.  Refused: a key that is not plain
 * RSA, n shorter than 3072 bits, even or with a small prime factor, e even or
 * below 65537 (small values would not wrap and a root would read them).
 */
PpdlStatus	ppdl_rsa_public_from_der(PpdlRsaPublic **out, const void *der,
									 size_t len, PpdlError *err);
PpdlStatus	ppdl_rsa_public_from_pem(PpdlRsaPublic **out, const void *pem,
									 size_t len, PpdlError *err);
PpdlStatus	ppdl_rsa_public_to_pem(const PpdlRsaPublic *pub, PpdlWriter *out, PpdlError *err);
void		ppdl_rsa_public_free(PpdlRsaPublic *pub);	/* NULL is allowed */

/* hexadecimal form of a fingerprint, as ppdl_keys.key_id has it */
void		ppdl_rsa_key_id(char out[PPDL_RSA_KEY_ID_LEN + 1], const uint8_t *fingerprint);

/* out = in^e mod n; both are pub->bytes big-endian bytes, in < n. Time does not depend on `in`. */
PpdlStatus	ppdl_rsa_raw_public(const PpdlRsaPublic *pub, const uint8_t *in,
								uint8_t *out, PpdlError *err);
/* log2 of the number in n limbs (top limb not zero), rounded up or down to a bound */
uint32_t	ppdl_rsa_log2(const mp_limb_t *limb, size_t n, int up);

#endif
