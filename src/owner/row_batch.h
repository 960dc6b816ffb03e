/*
 * Rows with features and a label, encrypted a batch at a time, so that a row's values line up in their slots.
 */
#ifndef PPDL_OWNER_ROW_BATCH_H
#define PPDL_OWNER_ROW_BATCH_H

#include "owner/owner.h"

typedef struct PpdlRowShape
{
	int			inputs,			/* 0: no features */
				outputs,		/* 0: no label */
				compact,
				scale_bits,
				batch_rows;		/* 0: as many as fit */
	uint64_t	encoding;		/* of the features, 0: not known (rows/encoding.h) */
} PpdlRowShape;

typedef struct PpdlRowBatch
{
	PpdlRowShape shape;
	PpdlBatchOptions column[2]; /* features and label */
	int			capacity;		/* rows */
	size_t		slice[2];		/* bytes of a row's features and label */
	uint8_t    *cipher[2];		/* of the rows encrypted last */
} PpdlRowBatch;

/* PPDL_ERR_RANGE, PPDL_ERR_ARGUMENT for what fits no ciphertext; release with ppdl_row_batch_free also then */
PpdlStatus	ppdl_row_batch_init(PpdlRowBatch *b, const PpdlRowShape *shape, PpdlError *err);
void		ppdl_row_batch_free(PpdlRowBatch *b);
/* Encrypts rows <= capacity rows: x[rows * inputs] and, with labels, y[rows * outputs]; they replace the last ones. */
PpdlStatus	ppdl_row_batch_encrypt(PpdlRowBatch *b, PpdlOwner *owner, const double *x, const double *y, int rows,
								   PpdlError *err);
/* slice[0], slice[1] bytes */
const uint8_t *ppdl_row_batch_features(const PpdlRowBatch *b, int row);
const uint8_t *ppdl_row_batch_label(const PpdlRowBatch *b, int row);

#endif
