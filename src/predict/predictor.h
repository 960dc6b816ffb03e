/*
 * A network on packed ciphertexts of the row ring: CoefficientsToSlots with the
 * first dense layer folded into its last matrix, activations, further layers.
 * And on rows lifted to the deep ring, which come as slots and with more levels.
 * Made in predictor_build.c, run in predictor.c, on lifted rows in lifted.c; levels are counted in plan.c.
 */
#ifndef PPDL_PREDICT_PREDICTOR_H
#define PPDL_PREDICT_PREDICTOR_H

#include "predict/lifting.h"
#include "net/net.h"
#include "rows/keyplan.h"
#include "rows/pack.h"

/* levels of a full row in the row ring */
#define PPDL_ROW_LEVELS (PPDL_ROW_C2S_LIMBS - 1)
/* levels of a lifted row */
#define PPDL_LIFTED_LEVELS (PPDL_LIFTED_LIMBS - 1)
/* bytes that a predictor's matrices may take, as if no weight were zero; making it takes up to half a gigabyte more */
#define PPDL_PREDICTOR_BYTES 0x1p31
/* inputs that a network on encrypted rows may have */
#define PPDL_PREDICT_MIN_WIDTH 2
#define PPDL_PREDICT_MAX_WIDTH 1024

/*
 * Everything that depends on the model and the rows' width and scale but not on the rows: encoded matrices. Immutable,
 * costly to make, kept by the caller.
 */
typedef struct PpdlPredictor PpdlPredictor;

/*
 * width: values a row; must be net->inputs (PPDL_ERR_ARGUMENT says both).  scale: of the packed ciphertexts.
 * PPDL_ERR_LEVEL when the network is too deep for the ring: says how many levels it needs and how many
 * there are.  PPDL_ERR_ARGUMENT when a row has more outputs than slots (half of its values, rounded up to
 * a power of two).  PPDL_ERR_RANGE when values of the network could outgrow the modulus for inputs within [-1,1], or
 * its matrices PPDL_PREDICTOR_BYTES.  threads, poll: may be NULL; PPDL_ERR_CANCELED.  The network is not kept.
 */
PpdlStatus	ppdl_predictor_create(PpdlPredictor **out, const PpdlNet *net, int width, double scale,
								  PpdlThreads *threads, const PpdlPoll *poll,
								  PpdlError *err);
/*
 * For rows lifted to the ring of ev, the deep one.  Errors as above, but a row may have up to PPDL_PREDICT_MAX_WIDTH /
 * 2 outputs whatever its width; PPDL_ERR_CANCELED.
 */
PpdlStatus	ppdl_predictor_create_lifted(PpdlPredictor **out, PpdlEval *ev, const PpdlNet *net, int width,
										 PpdlError *err);
/* would that succeed? nothing is encoded */
PpdlStatus	ppdl_predictor_check_lifted(const PpdlParams *deep, const PpdlNet *net, int width, const PpdlPoll *poll,
										PpdlError *err);
void		ppdl_predictor_destroy(PpdlPredictor *p);
size_t		ppdl_predictor_bytes(const PpdlPredictor *p);
int			ppdl_predictor_outputs(const PpdlPredictor *p);
/* limbs that a packed ciphertext needs for it */
int			ppdl_predictor_limbs(const PpdlPredictor *p);
double		ppdl_predictor_scale(const PpdlPredictor *p);	/* as given to create */
/* levels a network needs after packing, all told; the row ring has PPDL_ROW_LEVELS */
int			ppdl_network_levels(const PpdlNet *net);

/*
 * in[i]: a packed ciphertext of slices with values in [-1,1], of the predictor's width and scale, at
 * ppdl_predictor_limbs() limbs or more; out[i], i < count, at most PPDL_LINTRANS_INPUTS (PPDL_ERR_ARGUMENT): layout 1
 * (real part of slot p*k/2 + j = output j of the row at p; imaginary parts and other slots mean nothing), 1 or 2 limbs;
 * noise, bound, scale set; none of them after an error.  Each is what it would be alone, to the last bit; together
 * they take less time (PPDL_PACKED_TOGETHER).
 */
PpdlStatus	ppdl_predictor_run(const PpdlPredictor *p, PpdlEval *ev, PpdlCt *out, const PpdlPacked *in, int count,
							   PpdlError *err);

/*
 * Rows of ts (features alone, values in [-1,1]) lifted and put through a predictor for lifted rows; ev: deep ring. 
 * Calls result once for every four batches, more often when rows have more outputs than k/2: output j of the row with
 * ordinal[p] is the real part of slot p*2^(logk-1) + j of out, all else means nothing; few limbs; noise, bound, scale
 * set.
 */
typedef PpdlStatus (*PpdlPredictedRows) (void *arg, const PpdlCt *out, int logk, const uint32_t *ordinal,
										 PpdlError *err);
PpdlStatus	ppdl_predict_lifted(const PpdlPredictor *p, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts,
								PpdlPredictedRows result, void *arg, PpdlError *err);

#endif
