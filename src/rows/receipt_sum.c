#include <math.h>

#include "base/mem.h"
#include "rows/cipher_write.h"
#include "rows/histogram.h"
#include "rows/parts.h"
#include "rows/receipt_impl.h"
#include "rows/sum.h"

/* the positions of a part's rows, by batch */
static PpdlStatus
open_batches(PpdlOpenBatches *open, const PpdlReceiptSection *s, uint32_t number, PpdlError *err)
{
	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
	{
		const PpdlReceiptBatch *b = &s->batch[i];
		uint64_t	seed[4];
		PpdlOpenBatch *to;

		if (b->part != number)
			continue;
		memcpy(seed, b->seed, sizeof(seed));
		to = ppdl_open_batch_find(open, seed, b->logc);
		for (uint32_t pos = 0; to != NULL && pos < ppdl_receipt_end(b); pos++)
			if (ppdl_receipt_has(b, pos) && !ppdl_open_batch_add(open, to, pos))
				to = NULL;
		if (to == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static PpdlStatus
expand(const PpdlReceipt *r, const PpdlReceiptSection *s, uint32_t number, int limbs, uint64_t *a, PpdlError *err)
{
	PpdlOpenBatches open = {0};
	PpdlStatus	status = open_batches(&open, s, number, err);

	memset(a, 0, (size_t) limbs * s->par->n * sizeof(uint64_t));
	if (status == PPDL_OK)
		status = ppdl_open_batches_expand(&open, s->par, s->logk, a, limbs, r->poll, err);
	ppdl_open_batches_free(&open);
	return status;
}

static PpdlStatus
put_part(PpdlReceipt *r, const PpdlReceiptSection *s, uint32_t number, double divisor, PpdlParts *out, PpdlError *err)
{
	const PpdlReceiptPart *p = &s->part[number];
	const double rows = (double) p->rows;
	PpdlCipher	row = {.par = s->par, .kind = PPDL_KIND_ROW, .width = s->width, .logk = s->logk,
		.limbs = ppdl_sum_limbs(s->par, s->limbs, s->scale, rows), .scale = s->scale * divisor,
		.noise = PPDL_SIGMA * sqrt(rows), .bound = rows / divisor, .encoding = s->encoding};
	PpdlStatus	status;
	uint64_t   *a = ppdl_alloc_aligned((size_t) row.limbs * s->par->n * sizeof(uint64_t));

	if (a == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memcpy(row.fingerprint, s->fingerprint, PPDL_FINGERPRINT_BYTES);
	PPDL_GOTO(done, expand(r, s, number, row.limbs, a, err));
	PPDL_GOTO(done, ppdl_parts_add(out, &row, err));
	for (int l = 0; l < row.limbs; l++)
		ppdl_cipher_put_row_limb(&out->rows, &row, l, p->b[l], ppdl_limb(s->par->ring, a, l));
	if (out->rows.bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
done:
	ppdl_free_aligned(a);
	return status;
}

static PpdlStatus
check(const PpdlReceiptSection *s, double divisor, PpdlError *err)
{
	if (!(divisor > 0) || !isnormal(s->scale * divisor))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a sum cannot be divided by %g", divisor);
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_sum(PpdlReceipt *r, const PpdlReceiptSection *s, double divisor, PpdlWriter *w, PpdlError *err)
{
	PpdlCipher	like = {.par = s->par, .width = s->width, .logk = s->logk};
	PpdlParts	parts = {0};
	PpdlStatus	status;

	PPDL_TRY(check(s, divisor, err));
	ppdl_receipt_reduce(r);
	memcpy(like.fingerprint, s->fingerprint, PPDL_FINGERPRINT_BYTES);
	for (uint32_t i = 0; i < s->nparts; i++)
		PPDL_GOTO(done, put_part(r, s, i, divisor, &parts, err));
	status = ppdl_parts_write(w, &parts, &like, err);
done:
	ppdl_parts_free(&parts);
	return status;
}
