/* Prediction with encrypted weights, in the layout of training (layout.h). */
#ifndef PPDL_LEARN_PREDICT_ENCRYPTED_H
#define PPDL_LEARN_PREDICT_ENCRYPTED_H

#include "predict/predictor.h"
#include "learn/step.h"

/* limbs that encrypted weights need for it */
int			ppdl_encrypted_predict_limbs(const PpdlSlotLayout *lay);

typedef struct PpdlEncryptedPrediction
{
	PpdlEval   *ev;				/* deep ring */
	const PpdlHalfBoot *hb;
	const PpdlNet *net;
	const PpdlCt *weights;		/* lay->nweights ciphertexts of ppdl_encrypted_predict_limbs() limbs, one period each */
	const PpdlTrainSet *ts;		/* features alone */
	/* as for ppdl_predict_lifted: whenever all slots of a ciphertext are taken, and at the end */
	PpdlPredictedRows result;
	PpdlProgress progress;		/* rows */
	void	   *arg;			/* of both */
} PpdlEncryptedPrediction;

/* Rows lifted and put through the network, a tile at a time. */
PpdlStatus	ppdl_encrypted_predict(const PpdlEncryptedPrediction *p, PpdlError *err);

#endif
