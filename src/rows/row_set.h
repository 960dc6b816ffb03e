/*
 * The rows of a training run or of a prediction in the deep ring: features and label of each, gathered batch by
 * batch as residues mod q0 (compact rows suffice).  Features and label must have
 * been encrypted side by side: their batches line up row by row, each batch of features has one
 * batch of labels and that no other, and where the labels name their features (rows/partner.h) it is these.
 */
#ifndef PPDL_ROWS_ROW_SET_H
#define PPDL_ROWS_ROW_SET_H

#include "base/poll.h"
#include "rows/cipher.h"
#include "rows/key_ring.h"
#include "rows/seed_table.h"

typedef struct PpdlTrainBatch
{
	uint8_t		seed_x[PPDL_SEED_BYTES],
				seed_y[PPDL_SEED_BYTES];
	uint64_t   *bx,				/* N coefficients each, 0 where no row is present */
			   *by;
	uint32_t   *ordinal;		/* N/k: the caller's number of row i, PPDL_NO_PLACE where there is none */
	uint32_t	rows;
	int			key;			/* number in the set's ring of keys, of features and labels */
} PpdlTrainBatch;

/*
 * A batch takes the same room however many of its rows there are: N words for features, and for labels.  Rows that were
 * encrypted alone are a batch each.  More than this for rows that are not there is refused where they are nine of ten.
 */
#define PPDL_TRAIN_MAX_EMPTY ((size_t) 2 << 30)

typedef struct PpdlTrainSet
{
	const PpdlParams *par;		/* NULL until the first row */
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];	/* of the owner */
	PpdlKeyRing keys;
	int			width_x,
				logk_x,
				width_y,
				logk_y;
	double		scale;
	uint64_t	encoding;		/* of features and labels so far, 0: not known */
	uint64_t	rows;
	int			nbatches,
				cap;
	PpdlTrainBatch *batch;		/* by number in the index */
	PpdlSeedTable index,		/* by seed_x */
				labels;			/* by seed_y, of rows to train on */
	size_t		max_empty;		/* bytes of places without a row that all batches may have */
	const PpdlPoll *poll;		/* whom loading, merging and saving ask, a batch a time; NULL: nobody */
} PpdlTrainSet;

/* an empty set with room for PPDL_TRAIN_MAX_EMPTY */
PpdlStatus	ppdl_trainset_create(PpdlTrainSet **out, PpdlError *err);
void		ppdl_trainset_destroy(PpdlTrainSet *ts);
/*
 * Before the first row: rows may be under keys of writers of one owner, features and label of a row under the same.
 * Before such are lifted, ppdl_trainset_load_keys finds their switching keys (ev: of the row ring, asked as in
 * rows/switch.h).
 */
void		ppdl_trainset_set_writers(PpdlTrainSet *ts, PpdlWriterOf writer_of, void *arg);
PpdlStatus	ppdl_trainset_load_keys(PpdlTrainSet *ts, PpdlEval *ev, PpdlError *err);
/*
 * y == NULL: features alone (prediction). PPDL_ERR_KEY, PPDL_ERR_SCALE for mixtures (of encodings, too);
 * PPDL_ERR_ARGUMENT when label and features do not line up, or a row to train on comes twice; PPDL_ERR_LEVEL when it
 * needs a further batch and places without a row take more than max_empty and nine tenths of all
 */
PpdlStatus	ppdl_trainset_add(PpdlTrainSet *ts, const PpdlCipher *x, const PpdlCipher *y, uint32_t ordinal,
							  PpdlError *err);
/* adds `offset` to the ordinals of from */
PpdlStatus	ppdl_trainset_merge(PpdlTrainSet *into, const PpdlTrainSet *from, uint32_t offset, PpdlError *err);
size_t		ppdl_trainset_memory(const PpdlTrainSet *ts);
/* index of the row within its batch: 0 .. N/k - 1 in the order of encryption */
uint32_t	ppdl_slice_index(const PpdlCipher *c);
/* has it rows, all of the shape's ring, key, width and scale, with labels of width_y values (0: none)? */
int			ppdl_trainset_is_like(const PpdlTrainSet *ts, const PpdlCipher *shape, int width_y);
/* marks the ordinals of all rows (ordinals.h): PPDL_ERR_FORMAT when one is not below n or marked already */
PpdlStatus	ppdl_trainset_mark(const PpdlTrainSet *ts, uint8_t *bits, uint32_t n, PpdlError *err);
/*
 * State bytes for transfer and for checkpoints, and back.  Loading trusts nothing but the caller's numbers of rows,
 * which ppdl_trainset_mark checks; it takes no more than a few times the bytes.
 */
PpdlStatus	ppdl_trainset_save(const PpdlTrainSet *ts, PpdlWriter *w, PpdlError *err);
PpdlStatus	ppdl_trainset_fill(PpdlTrainSet *ts, const void *buf, size_t len, PpdlError *err);	/* an empty one */
PpdlStatus	ppdl_trainset_load(PpdlTrainSet **out, const void *buf, size_t len, PpdlError *err);

#endif
