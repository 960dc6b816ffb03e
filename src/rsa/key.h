/*
 * The owner's RSA keys: generation, the standard PEM form, and the raw map c -> c^d modulo n, which runs, blinded, in
 * OpenSSL.  Public keys are in public.h, files in file.h.
 */
#ifndef PPDL_RSA_KEY_H
#define PPDL_RSA_KEY_H

#include "base/poll.h"
#include "rsa/public.h"

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

/* out = in^d mod n, blinded; thread-safe */
PpdlStatus	ppdl_rsa_raw_private(const PpdlRsaKey *key, const uint8_t *in,
								 uint8_t *out, PpdlError *err);

#endif
