/*
 * CoefficientsToSlots of packed rows as they are, without a network's first layer: value x_f + i*x_(f+k/2) of the row
 * at tree position p comes to slot p*k/2 + bitrev(f) (algorithms.md, 4.3).
 */
#ifndef PPDL_PREDICT_PACKED_SLOTS_H
#define PPDL_PREDICT_PACKED_SLOTS_H

#include "ckks/lintrans.h"
#include "ckks/schedule.h"
#include "rows/pack.h"

/* limbs that it leaves: two for a product, one for what comes after */
#define PPDL_PACKED_SLOTS_LIMBS 3
/* limbs of packed rows that it takes */
#define PPDL_PACKED_ROWS_LIMBS (PPDL_PACKED_SLOTS_LIMBS + PPDL_ROW_C2S_LEVELS)

/* encoded matrices; immutable, the caller's to destroy (NULL is allowed) */
typedef struct PpdlPackedSlots PpdlPackedSlots;

/* scale: of the packed ciphertexts; threads and poll may be NULL; PPDL_ERR_CANCELED */
PpdlStatus	ppdl_packed_slots_create(PpdlPackedSlots **out, double scale, PpdlThreads *threads, const PpdlPoll *poll,
									 PpdlError *err);
void		ppdl_packed_slots_destroy(PpdlPackedSlots *s);
double		ppdl_packed_slots_scale(const PpdlPackedSlots *s);	/* as given to create */
/*
 * in: PPDL_PACKED_ROWS_LIMBS limbs or more, at that scale (PPDL_ERR_LEVEL, PPDL_ERR_SCALE), values within [-1, 1].
 * out: PPDL_PACKED_SLOTS_LIMBS limbs, bound sqrt(2).
 */
PpdlStatus	ppdl_packed_slots_run(const PpdlPackedSlots *s, PpdlEval *ev, PpdlCt *out, const PpdlPacked *in,
								  PpdlError *err);

#endif
