/*
 * The identity of an encoding: which feature file says what the values of a row mean.  48 random bits, drawn when the
 * encoding is learned and never made of values; 0 where it is not known (rows of 0.1.0, of arrays, labels, which name
 * their features instead).  A value whose encoding is not known goes with any other; two known ones never mix.
 *
 * A batch of encoded features has a seed (32 bytes, public) that says it:
 *
 *    0 u8[16] fresh randomness
 *   16 u64    the id, below 2^48, not 0
 *   24 u8[8]  SHA-256("ppdl/encoding/1" | the 24 bytes before), cut: such seeds are recognised by it
 */
#ifndef PPDL_ROWS_ENCODING_H
#define PPDL_ROWS_ENCODING_H

#include <string.h>

#include "ring/random.h"
#include "rows/cipher.h"

#define PPDL_ENCODING_BITS 48
#define PPDL_ENCODING_SIZE 13	/* of its text, 12 lower-case hexadecimal digits and a zero */

/* a new one, of OpenSSL's randomness; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_encoding_draw(uint64_t *encoding, PpdlError *err);
void		ppdl_encoding_print(char out[PPDL_ENCODING_SIZE], uint64_t encoding);
/* 0 unless the text is exactly 12 hexadecimal digits that are not all 0 */
int			ppdl_encoding_parse(uint64_t *encoding, const char *text);

/* seed: fresh, for a batch of features of this encoding; 32 random bytes when it is 0; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_encoding_seed(uint8_t seed[PPDL_SEED_BYTES], uint64_t encoding, PpdlRng *rng, PpdlError *err);
/* all of such a seed from its first PPDL_ENCODING_FRESH bytes and the id, which is not 0; PPDL_ERR_CRYPTO */
#define PPDL_ENCODING_FRESH 16
PpdlStatus	ppdl_encoding_seed_of(uint8_t seed[PPDL_SEED_BYTES], const uint8_t *fresh, uint64_t encoding,
								  PpdlError *err);
/* what a seed says, 0: nothing; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_encoding_of_seed(const uint8_t seed[PPDL_SEED_BYTES], uint64_t *encoding, PpdlError *err);
/* of a value of any kind that was parsed, 0: not known; PPDL_ERR_CRYPTO */
PpdlStatus	ppdl_cipher_encoding(const PpdlCipher *c, uint64_t *encoding, PpdlError *err);
/*
 * the same of the first bytes of a value, at most PPDL_ENCODING_HEAD of them, for values that are not fetched whole;
 * PPDL_ERR_FORMAT when they are too few or no lwe_cipher
 */
#define PPDL_ENCODING_HEAD (PPDL_PARTS_HEADER + PPDL_ROW_HEADER)
PpdlStatus	ppdl_encoding_of_head(const uint8_t *head, size_t len, uint64_t *encoding, PpdlError *err);

/*
 * *known, of what was taken so far, becomes that of all when `other` joins them: two known ones that differ are
 * PPDL_ERR_SCALE, an error that names both.  what: "sum", "prediction".
 */
PpdlStatus	ppdl_encoding_join(uint64_t *known, uint64_t other, const char *what, PpdlError *err);
/* the same for a seed; not to be called but by ppdl_encoding_join_seed */
PpdlStatus	ppdl_encoding_join_other_seed(uint64_t *known, const uint8_t seed[PPDL_SEED_BYTES], const char *what,
										  PpdlError *err);

/* the same for the seed of a row, with a digest only where the row's word is another than that of the rows before */
static inline PpdlStatus
ppdl_encoding_join_seed(uint64_t *known, const uint8_t seed[PPDL_SEED_BYTES], const char *what, PpdlError *err)
{
	uint64_t	word;

	memcpy(&word, seed + 16, sizeof(word));
	if (word == *known || word >> PPDL_ENCODING_BITS != 0)
		return PPDL_OK;
	return ppdl_encoding_join_other_seed(known, seed, what, err);
}

/* the same for a value of any kind that was parsed */
PpdlStatus	ppdl_encoding_join_cipher(uint64_t *known, const PpdlCipher *c, const char *what, PpdlError *err);

#endif
