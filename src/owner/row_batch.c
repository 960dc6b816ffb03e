#include "owner/row_batch.h"

#include <stdlib.h>
#include <string.h>

static int
log2_up(int n)
{
	int			l = 0;

	while ((1 << l) < n)
		l++;
	return l;
}

/* One capacity for all columns of a row, with the narrower beside the wider. */
static PpdlStatus
choose(PpdlRowBatch *b, PpdlError *err)
{
	const PpdlRowShape *s = &b->shape;
	const PpdlParams *par;
	int			logk[2] = {ppdl_log2_width(s->inputs), s->outputs > 0 ? ppdl_log2_width(s->outputs) : 0};
	int			widest = logk[0] >= logk[1] ? 0 : 1;
	int			most;
	PpdlBatchOptions *wide = &b->column[widest];

	PPDL_TRY(ppdl_rows_params(&par, s->compact, widest ? s->outputs : s->inputs, err));
	most = par->logn - logk[widest];
	if (most < 0)
		return ppdl_error(err, PPDL_ERR_RANGE, "%d values do not fit into a row ciphertext (at most %d)",
						  widest ? s->outputs : s->inputs, 1 << par->logn);
	wide->logc = s->batch_rows ? log2_up(s->batch_rows) : most;
	if (wide->logc > most)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "batches of %d rows: at most %d rows of %d values fit into one",
						  s->batch_rows, 1 << most, 1 << logk[widest]);
	wide->limbs = s->compact ? 1 : par->nq;
	wide->ring = par->id;
	wide->scale_bits = s->scale_bits;
	wide->encoding = s->encoding;
	b->capacity = 1 << wide->logc;
	b->column[!widest] = logk[0] == logk[1] ? *wide : ppdl_batch_beside(wide, par, logk[widest], logk[!widest]);
	for (int i = 0; i < 2; i++)
		b->slice[i] = ppdl_slice_size(par, wide->limbs, logk[i]);
	return PPDL_OK;
}

PpdlStatus
ppdl_row_batch_init(PpdlRowBatch *b, const PpdlRowShape *shape, PpdlError *err)
{
	*b = (PpdlRowBatch) {.shape = *shape};
	PPDL_TRY(choose(b, err));
	for (int i = 0; i < 2; i++)
		if ((b->cipher[i] = malloc((size_t) b->capacity * b->slice[i])) == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	return PPDL_OK;
}

void
ppdl_row_batch_free(PpdlRowBatch *b)
{
	free(b->cipher[0]);
	free(b->cipher[1]);
	memset(b, 0, sizeof *b);
}

/* features and label share positions but not seeds: that of the label names that of the features */
PpdlStatus
ppdl_row_batch_encrypt(PpdlRowBatch *b, PpdlOwner *owner, const double *x, const double *y, int rows, PpdlError *err)
{
	PPDL_TRY(ppdl_owner_encrypt(owner, b->cipher[0], x, rows, b->shape.inputs, &b->column[0], err));
	if (b->shape.outputs == 0)
		return PPDL_OK;
	b->column[1].features = ppdl_slice_seed(b->cipher[0]);
	return ppdl_owner_encrypt(owner, b->cipher[1], y, rows, b->shape.outputs, &b->column[1], err);
}

const uint8_t *
ppdl_row_batch_features(const PpdlRowBatch *b, int row)
{
	return b->cipher[0] + (size_t) row * b->slice[0];
}

const uint8_t *
ppdl_row_batch_label(const PpdlRowBatch *b, int row)
{
	return b->cipher[1] + (size_t) row * b->slice[1];
}
