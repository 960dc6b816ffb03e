/* Private to decryption: what single slices and everything else share. */
#ifndef PPDL_ROWS_DECRYPT_IMPL_H
#define PPDL_ROWS_DECRYPT_IMPL_H

#include "rows/decrypt.h"

/* sum of squares of what ought to be zero */
typedef struct PpdlObserved
{
	double		squares;
	size_t		count;
} PpdlObserved;

static inline void
ppdl_observe(PpdlObserved *o, double x)
{
	o->squares += x * x;
	o->count++;
}

/* held * width values */
PpdlStatus	ppdl_values_alloc(PpdlValues *out, PpdlError *err);
/* sets the error, estimated or observed; PPDL_ERR_PRECISION for digits that mean nothing */
PpdlStatus	ppdl_values_judge(PpdlValues *out, const PpdlCipher *c, PpdlObserved *o, PpdlError *err);

#endif
