/*
 * CoefficientsToSlots of packed rows as they are, without a network's first layer: value x_f + i*x_(f+k/2) of the row
 * at tree position p comes to slot p*k/2 + bitrev(f) (algorithms.md, 4.3).
 */
#ifndef PPDL_PREDICT_PACKED_SLOTS_H
#define PPDL_PREDICT_PACKED_SLOTS_H

#include "ckks/lintrans.h"
#include "ckks/schedule.h"
#include "rows/pack.h"

/* limbs of packed rows that it takes to leave so many */
#define PPDL_PACKED_ROWS_LIMBS(left) ((left) + PPDL_ROW_C2S_LEVELS)

/* what comes in, and what goes out */
typedef struct PpdlPackedSlotsForm
{
	double		in_scale;		/* of the packed ciphertexts */
	double		scale;			/* of the slots */
	int			left;			/* limbs of the slots */
} PpdlPackedSlotsForm;

/* encoded matrices; immutable, the caller's to destroy (NULL is allowed) */
typedef struct PpdlPackedSlots PpdlPackedSlots;

/* threads and poll may be NULL; PPDL_ERR_LEVEL, PPDL_ERR_CANCELED */
PpdlStatus	ppdl_packed_slots_create(PpdlPackedSlots **out, const PpdlPackedSlotsForm *form, PpdlThreads *threads,
									 const PpdlPoll *poll, PpdlError *err);
void		ppdl_packed_slots_destroy(PpdlPackedSlots *s);
const PpdlPackedSlotsForm *ppdl_packed_slots_form(const PpdlPackedSlots *s);	/* as given to create */
/*
 * in[i]: limbs as above or more, at that scale (PPDL_ERR_LEVEL, PPDL_ERR_SCALE), values within [-1, 1].
 * out[i], i < count: bound sqrt(2); none of them after an error.  Together they take less time, as with
 * ppdl_predictor_run.
 */
PpdlStatus	ppdl_packed_slots_run(const PpdlPackedSlots *s, PpdlEval *ev, PpdlCt *out, const PpdlPacked *in, int count,
								  PpdlError *err);

#endif
