#ifndef PPDL_PG_PREDICT_CACHE_H
#define PPDL_PG_PREDICT_CACHE_H

#include "pg/model.h"

#include "predict/predictor.h"
#include "rows/cipher.h"

/*
 * the model prepared for rows like this one; stays valid until `context` is reset, and as long as the model is pinned
 */
extern const PpdlPredictor *ppdl_model_predictor(PpdlModel *model, const PpdlCipher *row, MemoryContext context);

#endif
