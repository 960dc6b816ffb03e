/*
 * Prediction in the deep ring: rows are lifted by bridge and half-bootstrap.  Models with encrypted weights go through
 * the network of encrypted training; plain ones, if rows are compact or the network is too deep for the row ring,
 * through a predictor.
 */
#ifndef PPDL_PG_PREDICT_DEEP_H
#define PPDL_PG_PREDICT_DEEP_H

#include "pg/model.h"

#include "rows/row_set.h"

/* Is this the way for rows like this one? Raises when it is the only one and closed. */
extern bool ppdl_predict_is_deep(const PpdlModel *model, const PpdlCipher *row);
/* outputs for collected rows as one packed value, nrows rows by ordinal */
extern struct varlena *ppdl_predict_deep(const PpdlModel *model, PpdlTrainSet *ts, uint32 nrows);

#endif
