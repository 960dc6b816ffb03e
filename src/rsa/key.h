/*
 * RSA keys: generation, the standard PEM and DER forms, and the two raw maps
 * m -> m^e and c -> c^d modulo n.  Both maps run in OpenSSL (the private one
 * blinded); GMP only ever touches ciphertexts and the public modulus.
 */
#ifndef PPDL_RSA_KEY_H
#define PPDL_RSA_KEY_H

#include <stddef.h>
#include <stdint.h>

#include <gmp.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/poll.h"

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

/* The owner's key pair. */
typedef struct PpdlRsaKey PpdlRsaKey;

/*
 * bits is 3072, 4096 or 8192 (seconds, a minute for the last); e = 65537.  poll (may be NULL) is asked at each
 * candidate for a prime.
 */
PpdlStatus	ppdl_rsa_generate(PpdlRsaKey **out, int bits, const PpdlPoll *poll, PpdlError *err);
void		ppdl_rsa_key_free(PpdlRsaKey *key);	/* wipes; NULL is allowed */
const PpdlRsaPublic *ppdl_rsa_key_public(const PpdlRsaKey *key);

/*
 * PKCS#8 "ENCRYPTED PRIVATE KEY" (PBES2: scrypt and AES-256-CBC), as `openssl
 * pkey` reads it.  An empty passphrase and unencrypted files are refused.
 */
PpdlStatus	ppdl_rsa_key_to_pem(const PpdlRsaKey *key, const char *passphrase,
								PpdlWriter *out, PpdlError *err);
PpdlStatus	ppdl_rsa_key_from_pem(PpdlRsaKey **out, const void *pem, size_t len,
								  const char *passphrase, PpdlError *err);
/* what needs no passphrase: is there a whole block of that kind? */
PpdlStatus	ppdl_rsa_key_check_pem(const void *pem, size_t len, PpdlError *err);
/* The same to and from a file: created with mode 0600, never overwritten. */
PpdlStatus	ppdl_rsa_key_save(const PpdlRsaKey *key, const char *path,
							  const char *passphrase, PpdlError *err);
PpdlStatus	ppdl_rsa_key_load(PpdlRsaKey **out, const char *path,
							  const char *passphrase, PpdlError *err);

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
PpdlStatus	ppdl_rsa_public_save(const PpdlRsaPublic *pub, const char *path, PpdlError *err);
PpdlStatus	ppdl_rsa_public_load(PpdlRsaPublic **out, const char *path, PpdlError *err);
void		ppdl_rsa_public_free(PpdlRsaPublic *pub);	/* NULL is allowed */

/* hexadecimal form of a fingerprint, as ppdl_keys.key_id has it */
void		ppdl_rsa_key_id(char out[PPDL_RSA_KEY_ID_LEN + 1], const uint8_t *fingerprint);

/* out = in^e mod n; both are pub->bytes big-endian bytes, in < n. Time does not depend on `in`. */
PpdlStatus	ppdl_rsa_raw_public(const PpdlRsaPublic *pub, const uint8_t *in,
								uint8_t *out, PpdlError *err);
/* out = in^d mod n, blinded; thread-safe */
PpdlStatus	ppdl_rsa_raw_private(const PpdlRsaKey *key, const uint8_t *in,
								 uint8_t *out, PpdlError *err);

/* log2 of the number in n limbs (top limb not zero), rounded up or down to a bound */
uint32_t	ppdl_rsa_log2(const mp_limb_t *limb, size_t n, int up);

#endif
