/*
 * The state of lwe_pack and of ppdl_predict_agg over encrypted rows, type lwe_pack_state: an expanded
 * object (agg_state.h) that collects rows and turns batches into ciphertexts, packed, or with the outputs of a
 * network, as soon as there are enough complete ones: one for each thread, PPDL_PACKED_TOGETHER with a network.  What
 * is left is merged at the end, which takes the owner's published keys.  For prediction in the deep ring
 * (predict_deep.h) it only collects.
 */
#ifndef PPDL_PG_PACK_STATE_H
#define PPDL_PG_PACK_STATE_H

#include "pg/agg_state.h"
#include "pg/cipher_datum.h"
#include "pg/model.h"

#include "predict/predictor.h"
#include "rows/pack.h"
#include "rows/row_set.h"

typedef struct PpdlPackState
{
	PpdlAggState agg;
	uint32		next;			/* ordinal of the next row */
	char		model[PPDL_MODEL_PIN];	/* name@version#checksum, or "": packing only */
	PpdlEval   *ev;				/* NULL before the first row that is not NULL; so is col */
	PpdlCipher	shape;			/* what every row must be like: key, width, scale; limbs: how many are collected;
								 * encoding: of the rows so far, and of the model */
	int			outputs;		/* values a row of the result */
	const PpdlPredictor *predictor; /* NULL: none, or not found yet in this process */
	PpdlCollector *col;
	PpdlTrainSet *deep;			/* in place of col, for prediction in the deep ring; then shape.limbs is 0 */
	int			nchunks,
				chunk_cap;
	PpdlPacked *chunk;			/* batches already dealt with; ciphertexts live in the evaluator's pool */
} PpdlPackState;

extern PpdlPackState *ppdl_pack_state_new(MemoryContext parent);
/* the state in argument 0, to be changed; a new one when it is NULL */
extern PpdlPackState *ppdl_pack_state_argument(FunctionCallInfo fcinfo);
/* the state in argument 0, for ppdl_pack_state_finish */
extern PpdlPackState *ppdl_pack_state_final(FunctionCallInfo fcinfo);
/* raises unless the state is of this model; "" is lwe_pack, which has none */
extern void ppdl_pack_state_check_model(const PpdlPackState *state, const char *model);
/* what the first row that is not NULL decides; limbs 0: prediction in the deep ring */
extern void ppdl_pack_state_begin(PpdlPackState *state, const PpdlCipher *row, int limbs, int outputs);
/* the next row of the aggregate that fcinfo calls; NULL: it keeps its place */
extern void ppdl_pack_state_add(PpdlPackState *state, const PpdlCipher *row, FunctionCallInfo fcinfo);
/* all that was collected as one packed value, or NULL when there was nothing but NULLs */
extern struct varlena *ppdl_pack_state_finish(PpdlPackState *state, FunctionCallInfo fcinfo);

#endif
