/*
 * Decryption of lwe_cipher values of any kind.
 */
#ifndef PPDL_ROWS_DECRYPT_H
#define PPDL_ROWS_DECRYPT_H

#include "base/poll.h"
#include "ckks/keys.h"
#include "rows/cipher.h"

/* What a value decrypts to: memory grows with the rows that have a value, not with those that are NULL. */
typedef struct PpdlValues
{
	PpdlKind	kind;			/* of a value in parts: that of a row */
	uint32_t	nrows;			/* those without value (NULL) included; 1 unless packed */
	uint32_t	held;			/* rows with a value */
	int			width;
	double	   *v;				/* held * width, malloc'ed: in the order of rows */
	/* nrows: number of row i in v, PPDL_NO_PLACE for a row without value; NULL: that is i */
	uint32_t   *at;
	double		error;			/* standard deviation, in units of the value */
} PpdlValues;

/*
 * out: takes what c decrypts to; release with ppdl_values_free, also after an error.  error: the larger
 * of the estimated and the observed error.  A value beyond bound*(1+2^-10) + 32 errors, an error
 * above bound/4 (unless the bound is 0: a value known to be zero), or a value that does not fit its limbs is
 * PPDL_ERR_PRECISION: digits that mean nothing are never returned.  PPDL_ERR_KEY: sk is of another ring.
 * Takes memory in proportion to c's bytes.  Parts are each held to all this, and so is what they come to together:
 * their errors add up as they are.
 */
PpdlStatus	ppdl_cipher_decrypt(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err);
/* the same, asking poll before each ciphertext of a value that has several */
PpdlStatus	ppdl_cipher_decrypt_polled(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk,
									   const PpdlPoll *poll, PpdlError *err);
void		ppdl_values_free(PpdlValues *v);	/* wipes */

/* the width values of row i, NULL for a row without value */
static inline const double *
ppdl_values_row(const PpdlValues *v, uint32_t i)
{
	uint32_t	at = v->at == NULL ? i : v->at[i];

	return at == PPDL_NO_PLACE ? NULL : v->v + (size_t) at * (size_t) v->width;
}

#endif
