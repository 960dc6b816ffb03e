/*
 * Plaintexts of slots that repeat with a short period, kept at that length (runs.h): N*P/slots words a limb for period
 * P.  For tables of many masks.
 */
#ifndef PPDL_CKKS_PERIODIC_H
#define PPDL_CKKS_PERIODIC_H

#include "ckks/encoder.h"
#include "ckks/eval.h"

typedef struct PpdlPeriodicPt
{
	PpdlPt		pt;				/* as ct.h says, but for p */
	int			logrun;			/* entries come in runs of 2^logrun equal ones; p has one of each: N >> logrun a limb */
} PpdlPeriodicPt;

/*
 * As ppdl_encode_slots, of period `count`, 1 to slots; 1 <= limbs <= par->nq.  out->pt.p is made here, the caller's to
 * release; NULL after an error.  Not for secrets: nothing is wiped.
 */
PpdlStatus	ppdl_periodic_encode(const PpdlParams *par, PpdlPeriodicPt *out, const double complex *z, size_t count,
								 double scale, int limbs, PpdlError *err);
void		ppdl_periodic_release(PpdlPeriodicPt *pt);	/* idempotent, also for zeros */
size_t		ppdl_periodic_bytes(const PpdlPeriodicPt *pt);
/* as ppdl_ct_mul_plain */
PpdlStatus	ppdl_periodic_mul(PpdlEval *ev, PpdlCt *ct, const PpdlPeriodicPt *pt, PpdlError *err);

#endif
