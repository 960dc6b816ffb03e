#include "rows/decrypt.h"

#include <math.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "base/complex.h"
#include "base/declassify.h"
#include "ckks/encrypt.h"
#include "rows/cipher_read.h"
#include "rows/decrypt_impl.h"
#include "rows/gram_layout.h"
#include "rows/lift.h"

static int
limbs_to_lift(const PpdlCipher *c)
{
	return ppdl_decrypt_limbs(c->par, c->limbs, c->scale, c->noise, c->bound);
}

PpdlStatus
ppdl_values_alloc(PpdlValues *out, PpdlError *err)
{
	out->v = calloc((size_t) out->held * (size_t) out->width + 1, sizeof(double));
	return out->v == NULL ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

/* a slice or row: coefficients f*N/k */
static PpdlStatus
decrypt_vector(PpdlEval *ev, PpdlValues *out, PpdlObserved *o, const PpdlCipher *c, const PpdlSecret *sk, double *phase,
			   PpdlError *err)
{
	const size_t stride = c->par->n >> c->logk;
	PpdlStatus	status;
	PpdlCt		ct;

	out->held = 1;
	PPDL_TRY(ppdl_values_alloc(out, err));
	PPDL_TRY(ppdl_lift_vector(ev, &ct, c, limbs_to_lift(c), err));
	status = ppdl_decrypt_coeffs(ev, &ct, sk, phase, err);
	ppdl_ct_release(ev, &ct);
	PPDL_TRY(status);
	for (int f = 0; f < 1 << c->logk; f++)
	{
		double		v = phase[f * stride] / c->scale;

		if (f < c->width)
			out->v[f] = v;
		else
			ppdl_observe(o, v);
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ packed values */

/* Which of the rows that have a value lies at each place of each chunk: row[chunk * capacity + p], or PPDL_NO_PLACE. */
typedef struct Places
{
	size_t		capacity;		/* N/k */
	uint32_t   *row;
} Places;

/* ... and fills out->at, out->held */
static PpdlStatus
find_places(Places *places, PpdlValues *out, const PpdlCipher *c, PpdlError *err)
{
	const size_t capacity = c->par->n >> c->logk,
				count = c->nchunks * capacity;

	places->capacity = capacity;
	places->row = malloc((count + 1) * sizeof(uint32_t));
	out->at = malloc(((size_t) c->nrows + 1) * sizeof(uint32_t));
	if (places->row == NULL || out->at == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(places->row, 0xFF, count * sizeof(uint32_t));
	for (uint32_t i = 0; i < c->nrows; i++)
	{
		uint32_t	place = ppdl_cipher_place(c, i);

		out->at[i] = PPDL_NO_PLACE;
		if (place == PPDL_NO_PLACE)
			continue;
		out->at[i] = out->held;
		places->row[(place >> 16) * capacity + (place & 0xFFFF)] = out->held++;
	}
	return PPDL_OK;
}

/*
 * row: of the chunk's places.  Coefficients that belong to no row should be zero, but where rows cannot be merged
 * (pack.h) missing rows leave anything behind.
 */
static void
take_coeffs(PpdlValues *out, PpdlObserved *o, const PpdlCipher *c, const uint32_t *row, const double *phase)
{
	const int	d = c->par->logn - c->logk,
				cleared = c->par->np > 0 && c->layout != PPDL_LAYOUT_BATCHES;

	for (uint32_t p = 0; p < 1u << d; p++)
	{
		const double *from = phase + ppdl_bitrev(p, d);
		int			taken = row[p] == PPDL_NO_PLACE ? 0 : c->width;

		for (int f = 0; f < taken; f++)
			out->v[(size_t) row[p] * (size_t) c->width + (size_t) f] = from[(size_t) f << d] / c->scale;
		for (int f = taken; (taken > 0 || cleared) && f < 1 << c->logk; f++)
			ppdl_observe(o, from[(size_t) f << d] / c->scale);
	}
}

static void
take_slots(PpdlValues *out, const PpdlCipher *c, const uint32_t *row, const double complex *slot)
{
	for (size_t p = 0; p < c->par->n >> c->logk; p++)
	{
		const double complex *from = slot + (p << (c->logk - 1));

		for (int f = 0; row[p] != PPDL_NO_PLACE && f < c->width; f++)
			out->v[(size_t) row[p] * (size_t) c->width + (size_t) f] = creal(from[f]);
	}
}

/* second moments */
static PpdlStatus
take_gram(PpdlValues *out, PpdlObserved *o, const PpdlCipher *c, const double *phase, PpdlError *err)
{
	PpdlGramLayout lay;
	PpdlGramStray stray = {0};

	PPDL_TRY(ppdl_gram_layout_of(&lay, c, err));
	PPDL_TRY(ppdl_gram_matrix(out->v, &lay, c->par, phase, c->scale, &stray, err));
	o->squares += stray.squares;
	o->count += stray.count;
	return PPDL_OK;
}

/* one chunk under decryption */
typedef struct Chunk
{
	const PpdlCipher *c;
	uint32_t	number;
	const uint32_t *row;		/* of its places */
	double	   *work;			/* N doubles, as coefficients or as N/2 slots */
} Chunk;

static PpdlStatus
decrypt_chunk(PpdlEval *ev, PpdlValues *out, PpdlObserved *o, const Chunk *chunk, const PpdlSecret *sk, PpdlError *err)
{
	const PpdlCipher *c = chunk->c;
	const int	slots = c->layout == PPDL_LAYOUT_SLOTS;
	double complex *slot = (double complex *) chunk->work;
	PpdlStatus	status;
	PpdlCt		ct;

	PPDL_TRY(ppdl_lift_chunk(ev, &ct, c, chunk->number, limbs_to_lift(c), err));
	status = slots ? ppdl_decrypt_slots(ev, &ct, sk, slot, err) : ppdl_decrypt_coeffs(ev, &ct, sk, chunk->work, err);
	ppdl_ct_release(ev, &ct);
	PPDL_TRY(status);
	if (c->layout == PPDL_LAYOUT_GRAM)
		return take_gram(out, o, c, chunk->work, err);
	if (slots)
		take_slots(out, c, chunk->row, slot);
	else
		take_coeffs(out, o, c, chunk->row, chunk->work);
	return PPDL_OK;
}

static PpdlStatus
decrypt_packed(PpdlEval *ev, PpdlValues *out, PpdlObserved *o, const PpdlCipher *c, const PpdlSecret *sk, double *work,
			   PpdlError *err)
{
	Places		places = {0};
	PpdlStatus	status;

	PPDL_GOTO(done, find_places(&places, out, c, err));
	PPDL_GOTO(done, ppdl_values_alloc(out, err));
	for (uint32_t i = 0; i < c->nchunks && status == PPDL_OK; i++)
	{
		const Chunk chunk = {c, i, places.row + i * places.capacity, work};

		PPDL_GOTO(done, ppdl_eval_poll(ev, err));
		status = decrypt_chunk(ev, out, o, &chunk, sk, err);
	}
done:
	free(places.row);
	return status;
}

/* ------------------------------------------------------------------ all kinds */

static PpdlStatus
decrypt_with(PpdlEval *ev, PpdlValues *out, PpdlObserved *o, const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err)
{
	PpdlStatus	status;
	double	   *work = ppdl_alloc_aligned(c->par->n * sizeof(double));

	if (work == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (c->kind == PPDL_KIND_PACKED)
		status = decrypt_packed(ev, out, o, c, sk, work, err);
	else
		status = decrypt_vector(ev, out, o, c, sk, work, err);
	ppdl_free_secret(work, c->par->n * sizeof(double));
	return status;
}

/* digits that mean nothing are never returned */
static PpdlStatus
check_values(const PpdlValues *out, const PpdlCipher *c, PpdlError *err)
{
	const double limit = c->bound * (1 + ldexp(1, -10)) + 32 * out->error;
	size_t		n = (size_t) out->held * (size_t) out->width;
	int			wild = 0;

	if (c->bound > 0 && out->error > c->bound / 4)
		return ppdl_error(err, PPDL_ERR_PRECISION,
						  "the error of this value, %.3g, is no smaller than what it may hold, %.3g", out->error,
						  c->bound);
	for (size_t i = 0; i < n; i++)
		wild |= !(fabs(out->v[i]) <= limit);
	if (wild)
	{
		ppdl_error(err, PPDL_ERR_PRECISION, "decryption gives values beyond the bound %.6g that this ciphertext states",
				   c->bound);
		return ppdl_error_hint(err, PPDL_ERR_PRECISION,
							   "The ciphertext is damaged, was made with another key, or overflowed.");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_values_judge(PpdlValues *out, const PpdlCipher *c, PpdlObserved *o, PpdlError *err)
{
	out->error = ppdl_cipher_error(c);
	/* the result: values, and the error that was seen beside them, are what the owner asked for */
	ppdl_declassify(out->v, (size_t) out->held * (size_t) out->width * sizeof(double));
	ppdl_declassify(&o->squares, sizeof(o->squares));
	if (o->count > 0 && sqrt(o->squares / (double) o->count) > out->error)
		out->error = sqrt(o->squares / (double) o->count);
	return check_values(out, c, err);
}

/* all kinds but parts */
static PpdlStatus
decrypt_one(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, const PpdlPoll *poll, PpdlError *err)
{
	PpdlObserved o = {0};
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;

	memset(out, 0, sizeof(*out));
	out->kind = c->kind;
	out->nrows = c->kind == PPDL_KIND_PACKED ? c->nrows : 1;
	out->width = c->width;
	pool = ppdl_pool_create();
	if (pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, c->par, pool, NULL, err));
	if (poll != NULL)
	{
		ev.interrupted = poll->interrupted;
		ev.interrupted_arg = poll->arg;
	}
	PPDL_GOTO(done, decrypt_with(&ev, out, &o, c, sk, err));
	status = ppdl_values_judge(out, c, &o, err);
done:
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	if (status != PPDL_OK)
		ppdl_values_free(out);
	return status;
}

/* out += what the next part comes to */
static PpdlStatus
add_part(PpdlValues *out, PpdlReader *parts, const PpdlCipher *c, const PpdlSecret *sk, const PpdlPoll *poll,
		 PpdlError *err)
{
	PpdlCipher	part;
	PpdlValues	v;

	PPDL_TRY(ppdl_cipher_next_part(&part, NULL, parts, c, err));
	PPDL_TRY(poll != NULL ? ppdl_poll(poll, err) : PPDL_OK);
	PPDL_TRY(decrypt_one(&v, &part, sk, poll, err));
	for (int f = 0; f < c->width; f++)
		out->v[f] += v.v[f];
	out->error += v.error;
	ppdl_values_free(&v);
	return PPDL_OK;
}

static PpdlStatus
decrypt_parts(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, const PpdlPoll *poll, PpdlError *err)
{
	PpdlReader	parts = ppdl_reader(c->residues, c->residue_bytes);
	PpdlStatus	status;

	*out = (PpdlValues) {.kind = PPDL_KIND_ROW, .nrows = 1, .held = 1, .width = c->width};
	status = ppdl_values_alloc(out, err);
	for (uint32_t i = 0; i < c->nparts && status == PPDL_OK; i++)
		status = add_part(out, &parts, c, sk, poll, err);
	if (status == PPDL_OK)
		status = check_values(out, c, err);
	if (status != PPDL_OK)
		ppdl_values_free(out);
	return status;
}

PpdlStatus
ppdl_cipher_decrypt(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err)
{
	return ppdl_cipher_decrypt_polled(out, c, sk, NULL, err);
}

PpdlStatus
ppdl_cipher_decrypt_polled(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, const PpdlPoll *poll,
						   PpdlError *err)
{
	memset(out, 0, sizeof(*out));
	if (c->par != sk->par)
		return ppdl_error(err, PPDL_ERR_KEY, "value of ring %s and secret key of ring %s", c->par->name, sk->par->name);
	return c->kind == PPDL_KIND_PARTS ? decrypt_parts(out, c, sk, poll, err) : decrypt_one(out, c, sk, poll, err);
}

void
ppdl_values_free(PpdlValues *v)
{
	ppdl_free_secret(v->v, (size_t) v->held * (size_t) v->width * sizeof(double));
	free(v->at);
	memset(v, 0, sizeof(*v));
}
