/*
 * The uniform half of a sum: residues in the NTT domain, sums of shifted polynomials that are still to be
 * transformed, and those of complete batches, which are all multiplied by the same sum of monomials, once.
 */
#ifndef PPDL_ROWS_HALF_H
#define PPDL_ROWS_HALF_H

#include "ckks/params.h"

/* the uniform half of one sum; zeroed: nothing.  par, logk, limbs are set by the owner before it is attached */
typedef struct PpdlHalf
{
	const PpdlParams *par;
	int			logk,
				limbs;			/* may become fewer */
	uint64_t   *a;				/* limbs * N residues, NTT domain; NULL: zero */
	/* limbs * N integers as ppdl_vec_add_shifted has them, coefficient domain, to be added; NULL: zero */
	uint64_t   *shifted;
	uint32_t	shifts;			/* additions to shifted */
	/* limbs * N residues, NTT domain: of batches each of whose 2^whole_logc rows came once; NULL: zero */
	uint64_t   *whole;
	int			whole_logc;
	size_t		whole_bytes;	/* of when it was made: limbs may have become fewer */
	double		squares,		/* of the expansion that is under way */
				/* of what is in a and shifted: terms may be the same, so that their errors add up as they are */
				noise;
	size_t		bytes,			/* of all parts */
			   *held;			/* where an arena counts them; NULL */
} PpdlHalf;

size_t		ppdl_half_bytes(const PpdlHalf *h);	/* of one part */
/* makes room for zeroes at *part, which is &h->a, &h->shifted or &h->whole */
PpdlStatus	ppdl_half_need(PpdlHalf *h, uint64_t **part, PpdlError *err);
/* shifted is reduced, and counts as one addition */
void		ppdl_half_settle(PpdlHalf *h);
/*
 * Makes room for a complete batch of 2^logc rows, whose uniform half may then be added to h->whole; not *possible where
 * there are batches of another size
 */
PpdlStatus	ppdl_half_begin_whole(PpdlHalf *h, int logc, int *possible, PpdlError *err);
/* moves shifted and whole into a */
PpdlStatus	ppdl_half_join(PpdlHalf *h, PpdlError *err);
void		ppdl_half_free(PpdlHalf *h);

#endif
