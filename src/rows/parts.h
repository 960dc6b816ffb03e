/*
 * Values that are larger than one ciphertext holds: several rows of one ring, key and width, which their owner
 * decrypts and adds up.  A part has a scale, a bound and limbs of its own.
 */
#ifndef PPDL_ROWS_PARTS_H
#define PPDL_ROWS_PARTS_H

#include "rows/cipher.h"

/* zeroed: none */
typedef struct PpdlParts
{
	PpdlWriter	rows;			/* whole rows, one behind the other */
	uint32_t	count;
	int			limbs;			/* the fewest */
	double		scale,			/* of the first */
				error,			/* of all together: a standard deviation, in units of the value */
				bound;
} PpdlParts;

void		ppdl_parts_free(PpdlParts *p);	/* none again */
/*
 * Appends a row: its header, and residue_bytes of residues, or, where row->residues is NULL, none: the caller writes
 * them all to p->rows next.  PPDL_ERR_RANGE when there are PPDL_MAX_PARTS already, or for a header that breaks a rule
 * of ppdl_cipher_check: nothing is appended then.  PPDL_ERR_NOMEM.
 */
PpdlStatus	ppdl_parts_add(PpdlParts *p, const PpdlCipher *row, PpdlError *err);
/*
 * Appends the value that p, of one part or more, is: a row, or a value in parts.  like: ring, key and width.  Errors as
 * of ppdl_cipher_put_header.
 */
PpdlStatus	ppdl_parts_write(PpdlWriter *w, const PpdlParts *p, const PpdlCipher *like, PpdlError *err);

#endif
