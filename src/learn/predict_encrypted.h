/* Prediction with encrypted weights, in the layout of training (layout.h). */
#ifndef PPDL_LEARN_PREDICT_ENCRYPTED_H
#define PPDL_LEARN_PREDICT_ENCRYPTED_H

#include "predict/predictor.h"
#include "learn/step.h"

/* limbs that encrypted weights need for it */
int			ppdl_encrypted_predict_limbs(const PpdlSlotLayout *lay);

/*
 * Rows of ts (features alone) lifted and put through the network.  ev: deep ring.  weights: lay->nweights ciphertexts of
 * ppdl_encrypted_predict_limbs() limbs, one period each.  result as for ppdl_predict_lifted: called whenever all slots of a ciphertext
 * are taken, and at the end.  progress (or NULL): rows done since it was called last.
 */
typedef void (*PpdlRowsProgress) (void *arg, int rows);
PpdlStatus	ppdl_encrypted_predict(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlNet *net, const PpdlCt *weights, const PpdlTrainSet *ts,
								   PpdlPredictedRows result, PpdlRowsProgress progress, void *arg, PpdlError *err);

#endif
