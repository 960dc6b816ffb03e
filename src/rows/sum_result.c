#include "rows/sum_impl.h"

#include <math.h>

#include "base/mem.h"
#include "rows/cipher_read.h"
#include "rows/cipher_write.h"

/* weights are counted in 64 bits */
#define MAX_BOUND 0x1p62

/* half the modulus, less a millionth part for the noise */
double
ppdl_sum_reach(const PpdlParams *par, int limbs, double scale)
{
	double		q = 1;

	for (int l = 0; l < limbs && l < PPDL_SUM_LIMBS; l++)
		q *= (double) par->ring->mod[l].q;
	return fmin(q / 2 * (1 - 0x1p-20) / scale, MAX_BOUND);
}

int
ppdl_sum_limbs(const PpdlParams *par, int most, double scale, double bound)
{
	int			limbs = 1;

	while (limbs < most && bound > ppdl_sum_reach(par, limbs, scale))
		limbs++;
	return limbs;
}

/* ------------------------------------------------------------------ parts */

/*
 * The whole uniform half: what is in a already plus the open batches, `limbs` limbs.  noise: of both; slices of open
 * batches are told apart, and count as often as they come, but not from what is in a.
 */
static PpdlStatus
expand(PpdlSum *s, int limbs, uint64_t *a, double *noise, PpdlError *err)
{
	const PpdlRing *ring = s->par->ring;
	const size_t bytes = (size_t) limbs * ring->n * sizeof(uint64_t);
	PpdlHalf	alone = {.par = s->par, .logk = s->logk, .limbs = s->limbs};
	PpdlStatus	status = PPDL_OK;
	double		squares;

	if (s->attached)
		PPDL_GOTO(done, ppdl_arena_expand(s->arena, s->number, &alone, err));
	PPDL_GOTO(done, ppdl_half_join(&s->half, err));
	PPDL_GOTO(done, ppdl_half_join(&alone, err));
	if (s->half.a != NULL)
		memcpy(a, s->half.a, bytes);
	else
		memset(a, 0, bytes);
	if (alone.a != NULL)
		for (int l = 0; l < limbs; l++)
			ppdl_vec_add(&ring->mod[l], ppdl_limb(ring, a, l), ppdl_limb(ring, a, l), ppdl_limb(ring, alone.a, l),
						 ring->n);
	PPDL_GOTO(done, ppdl_open_batches_squares(&s->open, &squares, err));
	*noise = s->half.noise + alone.noise + sqrt(PPDL_SIGMA * PPDL_SIGMA * squares);
	status = ppdl_open_batches_expand(&s->open, s->par, s->logk, a, limbs, s->poll, err);
done:
	ppdl_half_free(&alone);
	return status;
}

static void
divide(PpdlCipher *row, const PpdlSum *s, double bound, double divisor)
{
	row->scale = s->scale * divisor;
	row->bound = bound / divisor;
}

/* the open part as a row of `limbs` limbs, one more of out; the state stays as it is */
static PpdlStatus
put_open(PpdlSum *s, int limbs, double divisor, PpdlParts *out, PpdlError *err)
{
	PpdlCipher	row = ppdl_sum_shape(s);
	PpdlStatus	status;
	uint64_t   *a = ppdl_alloc_aligned((size_t) limbs * s->par->n * sizeof(uint64_t));

	if (a == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(done, expand(s, limbs, a, &row.noise, err));
	row.noise += sqrt(s->rounding);
	ppdl_sum_reduce(s);
	row.limbs = limbs;
	divide(&row, s, s->bound, divisor);
	PPDL_GOTO(done, ppdl_parts_add(out, &row, err));
	for (int l = 0; l < limbs; l++)
		ppdl_cipher_put_row_limb(&out->rows, &row, l, s->b[l], ppdl_limb(s->par->ring, a, l));
	if (out->rows.bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
done:
	ppdl_free_aligned(a);
	return status;
}

/* no terms in the open part */
static void
begin_part(PpdlSum *s)
{
	ppdl_sum_detach(s);
	for (int l = 0; l < s->limbs; l++)
		memset(s->b[l], 0, sizeof(uint64_t) << s->logk);
	s->lazy = 0;
	ppdl_half_free(&s->half);
	s->half = (PpdlHalf) {.par = s->par, .logk = s->logk, .limbs = s->limbs};
	ppdl_open_batches_free(&s->open);
	s->batch = NULL;
	s->bound = s->rounding = s->weights = 0;
	s->open_part = 0;
}

PpdlStatus
ppdl_sum_close_part(PpdlSum *s, PpdlError *err)
{
	if (!s->open_part)
		return PPDL_OK;
	PPDL_TRY(put_open(s, s->limbs, 1, &s->closed, err));
	begin_part(s);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ results */

static PpdlStatus
check_result(const PpdlSum *s, double divisor, PpdlError *err)
{
	if (s->count == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a sum of no terms has no value");
	if (!(divisor > 0) || !isnormal(s->scale * divisor))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a sum cannot be divided by %g", divisor);
	return PPDL_OK;
}

/* the closed parts, divided */
static PpdlStatus
put_closed(const PpdlSum *s, double divisor, PpdlParts *out, PpdlError *err)
{
	PpdlReader	parts = ppdl_reader(s->closed.rows.buf, s->closed.rows.len);
	const PpdlCipher like = ppdl_sum_shape(s);
	PpdlCipher	part;

	for (uint32_t i = 0; i < s->closed.count; i++)
	{
		PPDL_TRY(ppdl_cipher_next_part(&part, NULL, &parts, &like, err));
		divide(&part, s, part.bound, divisor);
		part.encoding = s->encoding;	/* which may have become known later */
		PPDL_TRY(ppdl_parts_add(out, &part, err));
	}
	return PPDL_OK;
}

/* the whole sum, the open part of `limbs` limbs */
static PpdlStatus
write_result(PpdlSum *s, int limbs, double divisor, PpdlWriter *w, PpdlError *err)
{
	const PpdlCipher like = ppdl_sum_shape(s);
	PpdlParts	parts = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, put_closed(s, divisor, &parts, err));
	if (s->open_part)
		PPDL_GOTO(done, put_open(s, limbs, divisor, &parts, err));
	status = ppdl_parts_write(w, &parts, &like, err);
done:
	ppdl_parts_free(&parts);
	return status;
}

/* the last row of a result */
static PpdlStatus
last_part(PpdlCipher *row, const void *result, size_t len, PpdlError *err)
{
	PpdlCipher	all;
	PpdlReader	parts;

	PPDL_TRY(ppdl_cipher_parse(&all, result, len, err));
	*row = all;
	if (all.kind != PPDL_KIND_PARTS)
		return PPDL_OK;
	parts = ppdl_reader(all.residues, all.residue_bytes);
	for (uint32_t i = 0; i < all.nparts; i++)
		PPDL_TRY(ppdl_cipher_next_part(row, NULL, &parts, &all, err));
	return PPDL_OK;
}

PpdlStatus
ppdl_sum_finish_again(const PpdlSum *s, const void *result, size_t len, double divisor, PpdlWriter *w, PpdlError *err)
{
	const PpdlCipher like = ppdl_sum_shape(s);
	PpdlParts	parts = {0};
	PpdlStatus	status;
	PpdlCipher	row;

	PPDL_TRY(check_result(s, divisor, err));
	PPDL_TRY(last_part(&row, result, len, err));
	PPDL_GOTO(done, put_closed(s, divisor, &parts, err));
	if (s->open_part)
	{
		divide(&row, s, s->bound, divisor);
		PPDL_GOTO(done, ppdl_parts_add(&parts, &row, err));
	}
	status = ppdl_parts_write(w, &parts, &like, err);
done:
	ppdl_parts_free(&parts);
	return status;
}

PpdlStatus
ppdl_sum_finish(PpdlSum *s, double divisor, PpdlWriter *w, PpdlError *err)
{
	PPDL_TRY(check_result(s, divisor, err));
	return write_result(s, ppdl_sum_limbs(s->par, s->limbs, s->scale, s->bound), divisor, w, err);
}

PpdlStatus
ppdl_sum_save(PpdlSum *s, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_u32(w, s->closed.count + (s->open_part != 0) > 1 ? PPDL_SUM_MAGIC_PARTS : PPDL_SUM_MAGIC);
	ppdl_write_u64(w, s->count);
	if (s->count > 0)
		return write_result(s, s->limbs, 1, w, err);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
