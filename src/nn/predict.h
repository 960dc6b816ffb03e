/*
 * A network on packed ciphertexts of the row ring: CoefficientsToSlots with the
 * first dense layer folded into its last matrix, activations, further layers.
 */
#ifndef PPDL_NN_PREDICT_H
#define PPDL_NN_PREDICT_H

#include "nn/net.h"
#include "rows/pack.h"

/* Everything that depends on the model and the row width but not on the rows: encoded matrices. Immutable, costly to make, kept by the caller. */
typedef struct PpdlPredictor PpdlPredictor;

/*
 * PPDL_ERR_LEVEL when the network is too deep for the ring: says how many levels it needs and how many
 * there are.  width: values a row; must be net->inputs (PPDL_ERR_ARGUMENT says both).
 */
PpdlStatus	ppdl_predictor_create(PpdlPredictor **out, const PpdlNet *net, int width, PpdlThreads *threads, PpdlError *err);
void		ppdl_predictor_destroy(PpdlPredictor *p);
size_t		ppdl_predictor_bytes(const PpdlPredictor *p);
/* levels a network needs after packing, all told, and how many the row ring has (7) */
int			ppdl_network_levels(const PpdlNet *net);

/* in: a packed ciphertext of slices; out: layout 1 (real part of slot p*k/2 + j = output j of the row at p); noise, bound, scale set */
PpdlStatus	ppdl_predictor_run(const PpdlPredictor *p, PpdlEval *ev, PpdlCt *out, const PpdlPacked *in, PpdlError *err);

#endif
