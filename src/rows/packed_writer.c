#include "rows/packed_writer.h"

#include <math.h>
#include <stdlib.h>

#include "ckks/verify.h"
#include "ckks/wire.h"
#include "rows/cipher_write.h"

/* slots beside the rows' (padding, imaginary parts) may hold more than the bound says */
#define SLOT_HEADROOM 8
#define POLL_ROWS (1 << 20)

struct PpdlPackedWriter
{
	PpdlLayout	layout;
	int			width,
				logk;
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint64_t	encoding;		/* 0: not known */
	const PpdlParams *par;		/* NULL before the first chunk */
	int			limbs;
	double		scale,
				noise,
				bound;
	uint32_t	nchunks;
	uint32_t   *place;			/* by ordinal */
	size_t		nplaces;
	PpdlWriter	chunks;
	PpdlPoll	poll;			/* of the evaluator that the chunks came from */
};

PpdlStatus
ppdl_packed_writer_create(PpdlPackedWriter **out, PpdlLayout layout, int width, int logk,
						  const uint8_t fp[PPDL_FINGERPRINT_BYTES], PpdlError *err)
{
	*out = NULL;
	if (width < 1 || width > ppdl_layout_room(layout, logk))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d values a row do not fit rows of 2^%d coefficients", width, logk);
	*out = calloc(1, sizeof(PpdlPackedWriter));
	if (*out == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	(*out)->layout = layout;
	(*out)->width = width;
	(*out)->logk = logk;
	memcpy((*out)->fingerprint, fp, PPDL_FINGERPRINT_BYTES);
	ppdl_writer_init(&(*out)->chunks);
	return PPDL_OK;
}

void
ppdl_packed_writer_set_encoding(PpdlPackedWriter *pw, uint64_t encoding)
{
	pw->encoding = encoding;
}

void
ppdl_packed_writer_destroy(PpdlPackedWriter *pw)
{
	if (pw == NULL)
		return;
	ppdl_writer_free(&pw->chunks);
	free(pw->place);
	free(pw);
}

/* before anything wraps: false for NaN and infinity, too */
static PpdlStatus
check_room(const PpdlCt *ct, PpdlError *err)
{
	double		need = 1 + log2(ct->bound * ct->scale),
				have = ppdl_params_log2_q(ct->par, ct->limbs);

	if (need < have)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_RANGE,
					  "results may overflow: values up to %.4g at scale 2^%.2f take %.1f bits, "
					  "and %d limb%s hold%s %.1f",
					  ct->bound, log2(ct->scale), need, ct->limbs, ct->limbs == 1 ? "" : "s",
					  ct->limbs == 1 ? "s" : "", have);
}

/* limbs that a ciphertext's coefficients need */
static int
limbs_needed(const PpdlPackedWriter *pw, const PpdlCt *ct)
{
	double		room = pw->layout == PPDL_LAYOUT_SLOTS ? SLOT_HEADROOM : 1,
				need = 1 + log2(room * ct->bound * ct->scale + 32 * ct->noise) + 0x1p-10;
	int			limbs = 1;

	while (limbs < ct->limbs && ppdl_params_log2_q(ct->par, limbs) < need)
		limbs++;
	return limbs;
}

static PpdlStatus
check_chunk(PpdlPackedWriter *pw, const PpdlCt *ct, PpdlError *err)
{
	int			limbs;

	limbs = limbs_needed(pw, ct);
	PPDL_TRY(check_room(ct, err));
	PPDL_TRY(ppdl_check_estimates(ct->scale, ct->noise, ct->bound, PPDL_ERR_RANGE, err));
	if (pw->par == NULL)
	{
		pw->par = ct->par;
		pw->scale = ct->scale;
		pw->limbs = limbs;
	}
	if (ct->par != pw->par || fabs(ct->scale - pw->scale) > ldexp(pw->scale, -40))
		return ppdl_error(err, PPDL_ERR_SCALE, "chunks of one packed value have scales 2^%.6f and 2^%.6f",
						  log2(pw->scale), log2(ct->scale));
	if (limbs > pw->limbs || ct->limbs < pw->limbs)
		return ppdl_error(err, PPDL_ERR_LEVEL, "chunk of %d limbs, of which it needs %d, in a packed value of %d",
						  ct->limbs, limbs, pw->limbs);
	if (pw->nchunks == PPDL_MAX_CHUNKS)
		return ppdl_error(err, PPDL_ERR_RANGE, "packed value would have more than %d chunks", PPDL_MAX_CHUNKS);
	return PPDL_OK;
}

static PpdlStatus
put_places(PpdlPackedWriter *pw, const uint32_t *ordinal, PpdlError *err)
{
	const uint32_t capacity = (uint32_t) (pw->par->n >> pw->logk);

	for (uint32_t p = 0; p < capacity; p++)
	{
		size_t		want = (size_t) ordinal[p] + 1;

		if (ordinal[p] == PPDL_NO_PLACE)
			continue;
		if (want > pw->nplaces)
		{
			size_t		n = want > 2 * pw->nplaces ? want : 2 * pw->nplaces;
			uint32_t   *place = realloc(pw->place, n * sizeof(place[0]));

			if (place == NULL)
				return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
			memset(place + pw->nplaces, 0xFF, (n - pw->nplaces) * sizeof(place[0]));
			pw->place = place;
			pw->nplaces = n;
		}
		pw->place[ordinal[p]] = pw->nchunks << 16 | p;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_packed_writer_add(PpdlPackedWriter *pw, PpdlEval *ev, const PpdlCt *ct, const uint32_t *ordinal, PpdlError *err)
{
	PPDL_TRY(ppdl_eval_poll(ev, err));
	pw->poll = ppdl_eval_poller(ev);
	PPDL_TRY(check_chunk(pw, ct, err));
	PPDL_VERIFY_CT(ct);
	PPDL_TRY(put_places(pw, ordinal, err));
	for (int l = 0; l < pw->limbs; l++)
	{
		ppdl_wire_put_limbs(&pw->chunks, pw->par, ppdl_climb(pw->par->ring, ct->b, l), l, l + 1);
		ppdl_wire_put_limbs(&pw->chunks, pw->par, ppdl_climb(pw->par->ring, ct->a, l), l, l + 1);
	}
	pw->noise = fmax(pw->noise, ct->noise);
	pw->bound = fmax(pw->bound, ct->bound);
	pw->nchunks++;
	return pw->chunks.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_packed_writer_finish(PpdlPackedWriter *pw, uint32_t nrows, PpdlWriter *w, PpdlError *err)
{
	PpdlCipher	header;

	if (pw->par == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "a packed value needs at least one row");
	PPDL_TRY(ppdl_poll(&pw->poll, err));
	for (size_t i = nrows; i < pw->nplaces; i++)
		if (pw->place[i] != PPDL_NO_PLACE)
			return ppdl_error(err, PPDL_ERR_INTERNAL, "row %zu in a packed value of %u rows", i + 1, nrows);
	header = (PpdlCipher) {.par = pw->par, .kind = PPDL_KIND_PACKED, .limbs = pw->limbs, .width = pw->width,
		.logk = pw->logk, .scale = pw->scale,
		.noise = pw->noise, .bound = pw->bound, .encoding = pw->encoding, .layout = pw->layout, .nrows = nrows,
		.nchunks = pw->nchunks};
	memcpy(header.fingerprint, pw->fingerprint, PPDL_FINGERPRINT_BYTES);
	PPDL_TRY(ppdl_cipher_put_header(w, &header, err));
	for (uint32_t i = 0; i < nrows; i++)
	{
		ppdl_write_u32(w, i < pw->nplaces ? pw->place[i] : PPDL_NO_PLACE);
		if (i % POLL_ROWS == 0)
			PPDL_TRY(ppdl_poll(&pw->poll, err));
	}
	ppdl_write_bytes(w, pw->chunks.buf, pw->chunks.len);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
