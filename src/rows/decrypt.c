#include <complex.h>
#include <math.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "ckks/encrypt.h"
#include "rows/batch.h"
#include "rows/lift.h"

/* most limbs that ppdl_decrypt_coeffs reads */
#define MAX_READ 3

/* sum of squares of what ought to be zero */
typedef struct Observed
{
	double		squares;
	size_t		count;
} Observed;

static void
observe(Observed *o, double x)
{
	o->squares += x * x;
	o->count++;
}

static int
limbs_to_lift(const PpdlCipher *c)
{
	if (c->kind == PPDL_KIND_SLICE)
		return 1;				/* 2^40 times a value of at most 1 */
	return c->limbs < MAX_READ ? c->limbs : MAX_READ;
}

/* a slice or row: coefficients f*N/k */
static PpdlStatus
decrypt_vector(PpdlEval *ev, PpdlValues *out, Observed *o, const PpdlCipher *c, const PpdlSecret *sk, double *phase, PpdlError *err)
{
	const size_t stride = c->par->n >> c->logk;
	PpdlStatus	status;
	PpdlCt		ct;

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
			observe(o, v);
	}
	return PPDL_OK;
}

static void
take_row_coeffs(PpdlValues *out, const PpdlCipher *c, uint32_t row, uint32_t p, const double *phase)
{
	const int	d = c->par->logn - c->logk;
	const double *from = phase + ppdl_bitrev(p, d);

	for (int f = 0; f < c->width; f++)
		out->v[(size_t) row * (size_t) c->width + f] = from[(size_t) f << d] / c->scale;
}

static void
blank_row_coeffs(const PpdlCipher *c, uint32_t p, double *phase)
{
	const int	d = c->par->logn - c->logk;

	for (int f = 0; f < c->width; f++)
		phase[ppdl_bitrev(p, d) + ((size_t) f << d)] = NAN;
}

static void
take_row_slots(PpdlValues *out, const PpdlCipher *c, uint32_t row, uint32_t p, const double complex *slot)
{
	const double complex *from = slot + ((size_t) p << (c->logk - 1));

	for (int f = 0; f < c->width; f++)
		out->v[(size_t) row * (size_t) c->width + f] = creal(from[f]);
}

/* all coefficients but those of the chunk's rows should be zero */
static void
observe_rest(Observed *o, const PpdlCipher *c, uint32_t chunk, double *phase)
{
	for (uint32_t i = 0; i < c->nrows; i++)
	{
		uint32_t	place = ppdl_cipher_place(c, i);

		if (place != PPDL_NO_PLACE && place >> 16 == chunk)
			blank_row_coeffs(c, place & 0xFFFF, phase);
	}
	for (size_t i = 0; i < c->par->n; i++)
		if (!isnan(phase[i]))
			observe(o, phase[i] / c->scale);
}

/* work: N doubles, as coefficients or as N/2 slots */
static PpdlStatus
decrypt_chunk(PpdlEval *ev, PpdlValues *out, Observed *o, const PpdlCipher *c, uint32_t chunk, const PpdlSecret *sk, double *work, PpdlError *err)
{
	const int	coeffs = c->layout == PPDL_LAYOUT_COEFFS;
	PpdlStatus	status;
	PpdlCt		ct;

	PPDL_TRY(ppdl_lift_chunk(ev, &ct, c, chunk, limbs_to_lift(c), err));
	status = coeffs ? ppdl_decrypt_coeffs(ev, &ct, sk, work, err) : ppdl_decrypt_slots(ev, &ct, sk, (double complex *) work, err);
	ppdl_ct_release(ev, &ct);
	PPDL_TRY(status);
	for (uint32_t i = 0; i < c->nrows; i++)
	{
		uint32_t	place = ppdl_cipher_place(c, i);

		if (place == PPDL_NO_PLACE || place >> 16 != chunk)
			continue;
		if (coeffs)
			take_row_coeffs(out, c, i, place & 0xFFFF, work);
		else
			take_row_slots(out, c, i, place & 0xFFFF, (const double complex *) work);
	}
	if (coeffs)
		observe_rest(o, c, chunk, work);
	return PPDL_OK;
}

static PpdlStatus
decrypt_packed(PpdlEval *ev, PpdlValues *out, Observed *o, const PpdlCipher *c, const PpdlSecret *sk, double *work, PpdlError *err)
{
	for (size_t i = 0; i < (size_t) c->nrows * (size_t) c->width; i++)
		out->v[i] = NAN;
	for (uint32_t chunk = 0; chunk < c->nchunks; chunk++)
		PPDL_TRY(decrypt_chunk(ev, out, o, c, chunk, sk, work, err));
	return PPDL_OK;
}

static PpdlStatus
decrypt_with(PpdlEval *ev, PpdlValues *out, Observed *o, const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err)
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
	size_t		n = (size_t) out->nrows * (size_t) out->width;
	int			wild = 0;

	if (out->error > c->bound / 4)
		return ppdl_error(err, PPDL_ERR_PRECISION, "the error of this value, %.3g, is no smaller than what it may hold, %.3g", out->error, c->bound);
	for (size_t i = 0; i < n; i++)
		wild |= fabs(out->v[i]) > limit;	/* not of a NaN */
	if (wild)
	{
		ppdl_error(err, PPDL_ERR_PRECISION, "decryption gives values beyond the bound %.6g that this ciphertext states", c->bound);
		return ppdl_error_hint(err, PPDL_ERR_PRECISION, "The ciphertext is damaged, was made with another key, or overflowed.");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_cipher_decrypt(PpdlValues *out, const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err)
{
	Observed	o = {0};
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;

	memset(out, 0, sizeof(*out));
	if (c->par != sk->par)
		return ppdl_error(err, PPDL_ERR_KEY, "value of ring %s and secret key of ring %s", c->par->name, sk->par->name);
	out->kind = c->kind;
	out->nrows = c->kind == PPDL_KIND_PACKED ? c->nrows : 1;
	out->width = c->width;
	out->v = calloc((size_t) out->nrows * (size_t) out->width + 1, sizeof(double));
	pool = ppdl_pool_create();
	if (out->v == NULL || pool == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto no_eval;
	}
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, c->par, pool, NULL, err));
	PPDL_GOTO(done, decrypt_with(&ev, out, &o, c, sk, err));
	out->error = ppdl_cipher_error(c);
	if (o.count > 0 && sqrt(o.squares / (double) o.count) > out->error)
		out->error = sqrt(o.squares / (double) o.count);
	status = check_values(out, c, err);
done:
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	if (status != PPDL_OK)
		ppdl_values_free(out);
	return status;
}

void
ppdl_values_free(PpdlValues *v)
{
	ppdl_free_secret(v->v, ((size_t) v->nrows * (size_t) v->width + 1) * sizeof(double));
	memset(v, 0, sizeof(*v));
}
