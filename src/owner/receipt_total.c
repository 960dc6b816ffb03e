#include "owner/receipt.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "rows/cipher_write.h"
#include "rows/sum.h"

#define NEAR 1e-6				/* relative: headers hold rounded numbers */

static uint64_t
count_rows(const PpdlReceipt *r)
{
	uint64_t	rows = 0;

	for (uint32_t i = 0; i < r->nsections; i++)
		rows += ppdl_receipt_section_rows(&r->section[i]);
	return rows;
}

/* sums of rows of one shape add up */
static PpdlStatus
check_shapes(const PpdlReceipt *r, PpdlError *err)
{
	const PpdlReceiptSection *s = &r->section[0];

	for (uint32_t i = 1; i < r->nsections; i++)
		if (r->section[i].width != s->width || r->section[i].scale != s->scale)
		{
			ppdl_error(err, PPDL_ERR_ARGUMENT, "a receipt of rows of several forms");
			return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
								   "Take each by itself: lwe_width() and lwe_ring() tell them apart.");
		}
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_claim(const PpdlReceipt *r, const PpdlCipher *value, double *divisor, PpdlError *err)
{
	const PpdlReceiptSection *s = &r->section[0];
	const double rows = (double) count_rows(r);

	PPDL_TRY(check_shapes(r, err));
	*divisor = value->scale == s->scale ? 1 : rows;
	if ((value->kind == PPDL_KIND_ROW || value->kind == PPDL_KIND_PARTS) && value->width == s->width &&
		value->scale == s->scale * *divisor && fabs(value->bound * *divisor - rows) <= NEAR * rows)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "a value that does not say of itself that it is the sum or the average of the %.0f "
			   "rows of the receipt beside it", rows);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Take both over the same rows.");
}

/* sum += what the rows of a section come to */
static PpdlStatus
add_section(PpdlReceipt *r, const PpdlReceiptSection *s, PpdlOwner *o, double *sum, PpdlError *err)
{
	PpdlValues	v = {0};
	PpdlStatus	status;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	status = ppdl_receipt_sum(r, s, 1, &w, err);
	if (status == PPDL_OK)
		status = ppdl_owner_decrypt(o, &v, w.buf, w.len, 0, err);
	for (int f = 0; f < s->width && status == PPDL_OK; f++)
		sum[f] += v.v[f];
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
	return status;
}

/* values that are known, as a value whose uniform half is zero; b: room for k residues, a: N zeros */
static PpdlStatus
put_known(PpdlWriter *w, const PpdlCipher *like, const double *v, double scale, uint64_t *b, const uint64_t *a,
		  PpdlError *err)
{
	PPDL_TRY(ppdl_cipher_put_header(w, like, err));
	memset(b, 0, sizeof(uint64_t) << like->logk);
	for (int l = 0; l < like->limbs; l++)
	{
		for (int f = 0; f < like->width; f++)
			b[f] = ppdl_mod_from_i128(&like->par->ring->mod[l], (__int128) nearbyint(v[f] * scale));
		ppdl_cipher_put_row_limb(w, like, l, b, a);
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
write_known(PpdlWriter *w, const PpdlCipher *like, const double *v, double scale, PpdlError *err)
{
	const size_t k = (size_t) 1 << like->logk,
				bytes = sizeof(uint64_t) * (k + like->par->n);
	uint64_t   *b = ppdl_alloc_aligned(bytes);
	PpdlStatus	status;

	if (b == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(b, 0, bytes);
	status = put_known(w, like, v, scale, b, b + k, err);
	ppdl_free_secret(b, bytes);
	return status;
}

PpdlStatus
ppdl_receipt_total(PpdlReceipt *r, PpdlOwner *o, double divisor, PpdlWriter *w, PpdlError *err)
{
	const PpdlReceiptSection *s = &r->section[0];
	const double rows = (double) count_rows(r);
	const size_t bytes = sizeof(double) * (size_t) s->width;
	double	   *sum = NULL;
	PpdlCipher	c = {.kind = PPDL_KIND_ROW, .width = s->width, .logk = s->logk, .scale = s->scale * divisor,
		.noise = PPDL_SIGMA * sqrt(rows), .bound = rows / divisor, .encoding = s->encoding};
	PpdlStatus	status;

	PPDL_TRY(check_shapes(r, err));
	for (uint32_t i = 1; i < r->nsections; i++)
		if (r->section[i].encoding != c.encoding)
			c.encoding = 0;
	PPDL_TRY(ppdl_params_get(PPDL_RING_ROW, &c.par, err));
	c.limbs = ppdl_sum_limbs(c.par, PPDL_TAG_LIMBS, s->scale, rows);
	if (rows > ppdl_sum_reach(c.par, c.limbs, s->scale))
		return ppdl_error(err, PPDL_ERR_RANGE, "the sum of %.0f rows of scale 2^%.4g is too large for one value", rows,
						  log2(s->scale));
	sum = ppdl_alloc_aligned(bytes);
	if (sum == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(sum, 0, bytes);
	memcpy(c.fingerprint, ppdl_owner_fingerprint(o), PPDL_FINGERPRINT_BYTES);
	for (uint32_t i = 0; i < r->nsections; i++)
		PPDL_GOTO(done, add_section(r, &r->section[i], o, sum, err));
	status = write_known(w, &c, sum, s->scale, err);
done:
	ppdl_free_secret(sum, bytes);
	return status;
}
