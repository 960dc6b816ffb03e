/*
 * A network over RSA rows.  The server computes the first layer's encrypted
 * sums, with quantised weights (layer.h); the rest of the network travels along
 * as opaque bytes, and the owner, after decryption, finishes it.
 *
 * A prediction is an rsa_cipher of kind 2, exponent encoding.  Its body:
 *
 *	4	rows			4	units			4	bytes of the rest (T)
 *	units × 32			scale, bias (doubles), shift (signed), bounds of P and N
 *	T					the rest of the network
 *	per row			1 byte: 0, a row without values (NULL), or 1, and then
 *					per unit and sign: 2 bytes, number of parts; the parts as in a value
 *
 * Rows are in the order in which they were added.
 *
 * prediction.c collects rows, predictor.c computes their sums, prediction_wire.c reads and checks the wire form,
 * prediction_decrypt.c is the owner's side.
 */
#ifndef PPDL_RSA_PREDICTION_H
#define PPDL_RSA_PREDICTION_H

#include "base/threads.h"
#include "rsa/layer.h"
#include "rsa/value.h"

/* The encrypted sums of any number of rows, and what is needed to read them. */
typedef struct PpdlRsaPrediction PpdlRsaPrediction;

/* No rows yet.  Keeps a reference to pub; copies what it needs of the layer, and the rest. */
PpdlStatus	ppdl_rsa_prediction_create(PpdlRsaPrediction **out, const PpdlRsaPublic *pub,
									   const PpdlRsaLayer *layer, const void *rest, size_t rest_len,
									   PpdlError *err);
/* `nulls` rows without values, then the rows of a wire value of kind PPDL_RSA_PREDICTION. */
PpdlStatus	ppdl_rsa_prediction_load(PpdlRsaPrediction **out, const PpdlRsaPublic *pub, uint32_t nulls,
									 const PpdlRsaView *view, PpdlError *err);
void		ppdl_rsa_prediction_free(PpdlRsaPrediction *prediction);	/* NULL is allowed */

/* Adds the rows of a wire value made by the same network under the same key. */
PpdlStatus	ppdl_rsa_prediction_append(PpdlRsaPrediction *prediction, const PpdlRsaView *view, PpdlError *err);

/* Adds n rows without values: they keep their places. */
PpdlStatus	ppdl_rsa_prediction_add_nulls(PpdlRsaPrediction *prediction, uint32_t n, PpdlError *err);

uint32_t	ppdl_rsa_prediction_rows(const PpdlRsaPrediction *prediction);
size_t		ppdl_rsa_prediction_size(const PpdlRsaPrediction *prediction);
PpdlStatus	ppdl_rsa_prediction_write(const PpdlRsaPrediction *prediction, PpdlWriter *out, PpdlError *err);

/* Computes the sums of rows, for any number of predictions. Belongs to one thread. */
typedef struct PpdlRsaPredictor PpdlRsaPredictor;

/* keeps references to pub and layer */
PpdlStatus	ppdl_rsa_predictor_create(PpdlRsaPredictor **out, const PpdlRsaPublic *pub,
									  const PpdlRsaLayer *layer, PpdlError *err);
void		ppdl_rsa_predictor_free(PpdlRsaPredictor *predictor);	/* NULL is allowed */

/*
 * Adds a row of layer->inputs values to a prediction that was created for the
 * same layer: one part each, on the grids of the layer, checked in full.  A
 * weight times an input that the modulus cannot hold is PPDL_ERR_RANGE.  After
 * an error the prediction is as before.
 */
PpdlStatus	ppdl_rsa_predictor_add(PpdlRsaPredictor *predictor, PpdlRsaPrediction *prediction,
								   const PpdlRsaView *inputs, int n, PpdlError *err);

/* A prediction taken apart in place. */
typedef struct PpdlRsaPredictionView
{
	uint32_t	rows,
				units;
	const uint8_t *unit;		/* 32 bytes each */
	const uint8_t *rest;
	size_t		rest_len;
	const uint8_t *sums;
	size_t		sums_len;
} PpdlRsaPredictionView;

/* view has passed ppdl_rsa_view and is of kind PPDL_RSA_PREDICTION */
PpdlStatus	ppdl_rsa_prediction_view(PpdlRsaPredictionView *prediction, const PpdlRsaView *view, PpdlError *err);

/*
 * Called now and then in the caller's thread, with the rows done and all rows;
 * a result that is not 0 ends the work with PPDL_ERR_CANCELED.
 */
typedef int (*PpdlRsaPoll) (void *arg, uint32_t done, uint32_t rows);

/*
 * The owner's side: pre-activations z[rows × units] of the first layer, spread
 * over `threads` (may be NULL); `poll` may be NULL.  Exact, or an error; NaN for
 * rows without values.
 */
PpdlStatus	ppdl_rsa_prediction_decrypt(const PpdlRsaKey *key, const PpdlRsaView *view, PpdlThreads *threads,
										PpdlRsaPoll poll, void *arg, double *z, PpdlError *err);

#endif
