/*
 * Numbers into rsa_ciphers (encrypt.c) and back (decrypt.c): algorithms.md, 8.
 *
 * Product encoding: a positive integer m, encrypted as it is.  Deterministic:
 * whoever has the public key can test a guess, and 1 encrypts to 1.  Zero would
 * encrypt to zero and is refused.
 *
 * Exponent encoding: an integer 0 <= q <= max as m = 2^q·rho, rho a fresh odd
 * number of `random_bits` bits.  Half the bits of rho is the work of the known
 * meet-in-the-middle attack on products of small numbers (Boneh, Joux, Nguyen:
 * "Why textbook ElGamal and RSA encryption are insecure", Asiacrypt 2000), so
 * 256 bits stand for 2^128; no proof says that nothing better exists.  With
 * random_bits = 0, rho = 1: deterministic, shorter, and equal values show.
 */
#ifndef PPDL_RSA_VALUE_H
#define PPDL_RSA_VALUE_H

#include "rsa/cipher.h"

#define PPDL_RSA_RANDOM_BITS 256	/* the default, and the least that is not 0 */
#define PPDL_RSA_MAX_RANDOM_BITS 1024
#define PPDL_RSA_COUNT_MAX 255	/* what a count may be when nobody said more */

/*
 * Product encoding of a decimal integer ("42"; "42.00" is one, too).  `max`, a
 * decimal integer, is public and sets the bound that the ciphertext carries; with
 * NULL the bound is the size of the value rounded up to 32, 64, 128 … bits, so
 * that no more than this class shows.  Appends the wire form.
 */
PpdlStatus	ppdl_rsa_encrypt_integer(const PpdlRsaPublic *pub, const char *decimal,
									 const char *max, PpdlWriter *out, PpdlError *err);

/* The count that a decimal text ("42", "42.00") says: an integer from 0 to 2^32 − 1. `name` is for the message. */
PpdlStatus	ppdl_rsa_parse_count(uint32_t *q, const char *decimal, const char *name, PpdlError *err);

/* Exponent encoding of q <= max as a count: step 1, offset 0. */
PpdlStatus	ppdl_rsa_encrypt_count(const PpdlRsaPublic *pub, uint32_t q, uint32_t max,
								   int random_bits, PpdlWriter *out, PpdlError *err);

/*
 * The grid for a real value in [-1, 1] with `bits` (1..12) bits: 2^bits − 1 evenly
 * spaced points −1 … 0 … 1, so that −1, 0 and 1 are exact.  One bit: 0 and 1 only.
 */
PpdlStatus	ppdl_rsa_input_grid(PpdlRsaGrid *grid, int bits, PpdlError *err);

/* Exponent encoding of the grid point nearest to x; x off the ends of the grid is an error. */
PpdlStatus	ppdl_rsa_encrypt_on_grid(const PpdlRsaPublic *pub, double x, const PpdlRsaGrid *grid,
									 int random_bits, PpdlWriter *out, PpdlError *err);

/* q of the grid point nearest to x, as ppdl_rsa_encrypt_on_grid takes it */
PpdlStatus	ppdl_rsa_grid_point(uint32_t *q, double x, const PpdlRsaGrid *grid, PpdlError *err);

/* A decrypted value; wiped and freed by ppdl_rsa_plain_free. */
typedef struct PpdlRsaPlain
{
	PpdlRsaEncoding encoding;
	char	   *integer;		/* product: decimal digits */
	int64_t		units;			/* exponent: the value is step·units */
	double		step;
} PpdlRsaPlain;

/*
 * Decrypts a value.  What decrypts to more than its own bound allows (a damaged
 * ciphertext, a forged bound) is PPDL_ERR_PRECISION, never a number.
 */
PpdlStatus	ppdl_rsa_decrypt(const PpdlRsaKey *key, const PpdlRsaView *view,
							 PpdlRsaPlain *out, PpdlError *err);
void		ppdl_rsa_plain_free(PpdlRsaPlain *plain);

/* The value as a decimal number, malloc'ed: exact where step is 1, 15 digits otherwise. */
PpdlStatus	ppdl_rsa_plain_text(const PpdlRsaPlain *plain, char **text, PpdlError *err);

/* q of one part in exponent encoding, checked against the part's bound */
PpdlStatus	ppdl_rsa_decrypt_part(const PpdlRsaKey *key, const PpdlRsaView *view,
								  const uint8_t *part, uint32_t *q, PpdlError *err);

#endif
