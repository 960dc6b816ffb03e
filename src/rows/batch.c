#include "rows/batch.h"

#include <math.h>
#include <stdlib.h>

#include <openssl/crypto.h>

#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "ring/vec.h"
#include "rows/residues.h"

/*
 * A batch under way.  Everything is in the order of the slices, row by row and
 * value by value, of which there are count = rows * k, padded to whole vectors.
 */
typedef struct Batch
{
	const PpdlParams *par;
	const PpdlSecret *sk;
	int			rows,
				logk,
				logc,
				logstride;
	size_t		count;
	uint8_t		seed[PPDL_SEED_BYTES];
	int64_t    *message;		/* scaled values plus errors */
	int8_t	   *noise;
	uint64_t   *carrier,		/* N: A*s */
			   *t,				/* count: message mod q, then B */
			   *u;				/* count: A*s at the rows' coefficients */
} Batch;

PpdlBatchOptions
ppdl_batch_beside(const PpdlBatchOptions *wide, const PpdlParams *par, int logk_wide, int logk)
{
	PpdlBatchOptions opt = *wide;

	opt.logc = par->logn - logk;
	opt.logstride = logk_wide - logk;
	return opt;
}

static PpdlStatus
check_options(const PpdlBatchOptions *opt, const PpdlParams *par, int rows, int width, PpdlError *err)
{
	if (width < 1 || (size_t) width > par->n)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows of %d values; 1 to %zu are possible", width, par->n);
	if (opt->limbs < 1 || opt->limbs > par->nq)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows of %d limbs; 1 (compact) to %d (full) are possible", opt->limbs, par->nq);
	if (opt->scale_bits < PPDL_SCALE_BITS_MIN || opt->scale_bits > PPDL_SCALE_BITS_MAX)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "scale of %d bits; %d to %d are possible", opt->scale_bits, PPDL_SCALE_BITS_MIN, PPDL_SCALE_BITS_MAX);
	if (opt->logc < 0 || opt->logc + ppdl_log2_width(width) > par->logn)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "batch of 2^%d rows of %d values does not fit ring %s of 2^%d coefficients",
						  opt->logc, width, par->name, par->logn);
	if (opt->logstride < 0 || opt->logstride > opt->logc || rows < 1 || rows > 1 << (opt->logc - opt->logstride))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d rows, 2^%d apart, in a batch of 2^%d", rows, opt->logstride, opt->logc);
	return PPDL_OK;
}

static PpdlStatus
check_value(double x, int row, int column, PpdlError *err)
{
	if (!isfinite(x))
		return ppdl_error(err, PPDL_ERR_RANGE, "value %d of row %d is not a finite number", column, row);
	if (fabs(x) > 1)
		return ppdl_error(err, PPDL_ERR_RANGE, "value %d of row %d is %g, outside [-1, 1]", column, row, x);
	return PPDL_OK;
}

static PpdlStatus
check_values(const double *x, int rows, int width, PpdlError *err)
{
	for (int i = 0; i < rows; i++)
		for (int f = 0; f < width; f++)
			PPDL_TRY(check_value(x[(size_t) i * width + f], i + 1, f + 1, err));
	return PPDL_OK;
}

static PpdlStatus
batch_init(Batch *b, const PpdlSecret *sk, int rows, int logk, const PpdlBatchOptions *opt, PpdlError *err)
{
	const size_t words = ((((size_t) rows << logk) + 7) & ~(size_t) 7) * sizeof(uint64_t);

	memset(b, 0, sizeof(*b));
	b->par = sk->par;
	b->sk = sk;
	b->rows = rows;
	b->logk = logk;
	b->logc = opt->logc;
	b->logstride = opt->logstride;
	b->count = words / sizeof(uint64_t);
	b->message = ppdl_alloc_aligned(words);
	b->noise = ppdl_alloc_aligned(b->count);
	b->carrier = ppdl_alloc_aligned(b->par->n * sizeof(uint64_t));
	b->t = ppdl_alloc_aligned(words);
	b->u = ppdl_alloc_aligned(words);
	if (b->message == NULL || b->noise == NULL || b->carrier == NULL || b->t == NULL || b->u == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(b->u, 0, words);
	return PPDL_OK;
}

static void
batch_fini(Batch *b)
{
	const size_t words = b->count * sizeof(uint64_t);

	ppdl_free_secret(b->message, words);
	ppdl_free_secret(b->noise, b->count);
	ppdl_free_secret(b->carrier, b->par->n * sizeof(uint64_t));
	ppdl_free_secret(b->t, words);
	ppdl_free_secret(b->u, words);
}

/* message = round(scale * x) + e, |message| < 2^41 */
static PpdlStatus
batch_fill(Batch *b, const double *x, int width, int scale_bits, PpdlRng *rng, PpdlError *err)
{
	const double scale = ldexp(1, scale_bits);
	const size_t k = (size_t) 1 << b->logk;

	PPDL_TRY(ppdl_rng_bytes(rng, b->seed, sizeof(b->seed), err));
	PPDL_TRY(ppdl_sample_gaussian(rng, b->noise, b->count, err));
	for (size_t i = 0; i < b->count; i++)
		b->message[i] = b->noise[i];
	for (int i = 0; i < b->rows; i++)
		for (int f = 0; f < width; f++)
			b->message[(size_t) i * k + f] += llrint(x[(size_t) i * width + f] * scale);
	return PPDL_OK;
}

/* any |message| < 2^41 mod m, through a multiple of q that makes it positive: no branch, no division */
static void
reduce_messages(const PpdlModulus *m, uint64_t *out, const int64_t *message, size_t n)
{
	uint64_t	lift = m->q;

	while (lift >> 41 == 0)
		lift <<= 1;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint64_t) message[i] + lift;
	ppdl_vec_reduce(m, out, out, n);
}

static uint32_t
position(const Batch *b, int i)
{
	return ppdl_bitrev((uint32_t) i << b->logstride, b->logc);
}

/* u = the rows' coefficients pos(i)*g + f*N/k of the carrier */
static void
gather(const Batch *b)
{
	const size_t k = (size_t) 1 << b->logk,
				stride = b->par->n >> b->logk,
				g = stride >> b->logc;

	for (int i = 0; i < b->rows; i++)
	{
		const uint64_t *from = b->carrier + position(b, i) * g;

		for (size_t f = 0; f < k; f++)
			b->u[(size_t) i * k + f] = from[f * stride];
	}
}

/* t = B = message - A*s at the rows' coefficients, modulo prime l */
static PpdlStatus
batch_limb(const Batch *b, int l, PpdlError *err)
{
	const PpdlRing *ring = b->par->ring;
	const PpdlModulus *m = &ring->mod[l];

	PPDL_TRY(ppdl_xof_uniform(m, b->carrier, ring->n, b->seed, PPDL_XOF_ROW_A, 0, err));
	ppdl_vec_mul(m, b->carrier, b->carrier, ppdl_climb(ring, b->sk->ntt, l), ring->n);
	ppdl_intt(ring, m, b->carrier);
	gather(b);
	reduce_messages(m, b->t, b->message, b->count);
	ppdl_vec_sub(m, b->t, b->t, b->u, b->count);
	return PPDL_OK;
}

/* everything of a slice before its residues */
static PpdlStatus
slice_head(const Batch *b, PpdlWriter *w, int limbs, int width, int scale_bits,
		   const uint8_t fp[PPDL_FINGERPRINT_BYTES], PpdlError *err)
{
	ppdl_cipher_put_header(w, b->par, PPDL_KIND_SLICE, limbs, width, fp, ldexp(1, scale_bits));
	ppdl_write_u8(w, (uint8_t) b->logc);
	ppdl_write_u8(w, (uint8_t) b->logk);
	ppdl_write_u16(w, 0);
	ppdl_write_bytes(w, b->seed, PPDL_SEED_BYTES);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
batch_write(const Batch *b, uint8_t *out, const PpdlWriter *head, int limbs, PpdlError *err)
{
	const size_t k = (size_t) 1 << b->logk,
				size = ppdl_slice_size(b->par, limbs, b->logk);
	size_t		at = head->len;

	for (int i = 0; i < b->rows; i++)
	{
		uint32_t	pos = position(b, i);

		memcpy(out + i * size, head->buf, head->len);
		out[i * size + PPDL_CIPHER_HEADER + 2] = (uint8_t) pos;
		out[i * size + PPDL_CIPHER_HEADER + 3] = (uint8_t) (pos >> 8);
	}
	for (int l = 0; l < limbs; l++)
	{
		const int	bits = b->par->ring->mod[l].bits;

		PPDL_TRY(batch_limb(b, l, err));
		for (int i = 0; i < b->rows; i++)
			ppdl_pack_bits(out + i * size + at, b->t + (size_t) i * k, k, bits);
		at += ppdl_packed_size(k, bits);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_batch_encrypt(uint8_t *out, const double *x, int rows, int width, const PpdlBatchOptions *opt,
				   const PpdlSecret *sk, const uint8_t fp[PPDL_FINGERPRINT_BYTES],
				   PpdlRng *rng, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	head;
	Batch		b;

	PPDL_TRY(check_options(opt, sk->par, rows, width, err));
	PPDL_TRY(check_values(x, rows, width, err));
	ppdl_writer_init(&head);
	PPDL_GOTO(done, batch_init(&b, sk, rows, ppdl_log2_width(width), opt, err));
	PPDL_GOTO(done, batch_fill(&b, x, width, opt->scale_bits, rng, err));
	PPDL_GOTO(done, slice_head(&b, &head, opt->limbs, width, opt->scale_bits, fp, err));
	status = batch_write(&b, out, &head, opt->limbs, err);
done:
	ppdl_writer_free(&head);
	batch_fini(&b);
	return status;
}

/* ------------------------------------------------------------------ public key */

static PpdlStatus
encrypt_vector(PpdlEval *ev, PpdlCt *ct, const double *x, int width, int limbs, int scale_bits,
			   const PpdlPublicKey *pk, PpdlRng *rng, PpdlError *err)
{
	const PpdlParams *par = pk->par;
	const double scale = ldexp(1, scale_bits);
	const size_t stride = par->n >> ppdl_log2_width(width);
	PpdlStatus	status;
	PpdlPt		pt = {0};
	int64_t    *m = ppdl_pool_get(ev->pool, par->n * sizeof(int64_t));

	if (m == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(m, 0, par->n * sizeof(int64_t));
	for (int f = 0; f < width; f++)
		m[f * stride] = llrint(x[f] * scale);
	PPDL_GOTO(done, ppdl_pt_alloc(ev, &pt, limbs, err));
	PPDL_GOTO(done, ppdl_encode_coeffs(par, &pt, m, scale, limbs, err));
	status = ppdl_encrypt_public(ev, ct, &pt, pk, rng, err);
done:
	if (pt.p != NULL)
		OPENSSL_cleanse(pt.p, (size_t) limbs * par->n * sizeof(uint64_t));
	ppdl_pt_release(ev, &pt);
	OPENSSL_cleanse(m, par->n * sizeof(int64_t));
	ppdl_pool_put(ev->pool, m);
	return status;
}

PpdlStatus
ppdl_row_encrypt_public(PpdlWriter *w, const double *x, int width, int limbs, int scale_bits,
						const PpdlPublicKey *pk, const uint8_t fp[PPDL_FINGERPRINT_BYTES],
						PpdlRng *rng, PpdlError *err)
{
	const PpdlBatchOptions opt = {limbs, scale_bits, 0};
	PpdlStatus	status;
	PpdlPool   *pool;
	PpdlEval	ev;
	PpdlCt		ct = {0};

	PPDL_TRY(check_options(&opt, pk->par, 1, width, err));
	PPDL_TRY(check_values(x, 1, width, err));
	pool = ppdl_pool_create();
	if (pool == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, pk->par, pool, NULL, err));
	PPDL_GOTO(done, encrypt_vector(&ev, &ct, x, width, limbs, scale_bits, pk, rng, err));
	ct.bound = 1;
	status = ppdl_row_write(w, &ct, width, fp, err);
done:
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	return status;
}

PpdlStatus
ppdl_row_write(PpdlWriter *w, PpdlCt *ct, int width, const uint8_t fp[PPDL_FINGERPRINT_BYTES], PpdlError *err)
{
	const PpdlRing *ring = ct->par->ring;
	PpdlCipher	row = {.par = ct->par, .kind = PPDL_KIND_ROW, .limbs = ct->limbs, .width = width,
		.logk = ppdl_log2_width(width), .scale = ct->scale, .noise = ct->noise, .bound = ct->bound};
	const size_t k = (size_t) 1 << row.logk,
				stride = ring->n >> row.logk;

	memcpy(row.fingerprint, fp, PPDL_FINGERPRINT_BYTES);
	ppdl_cipher_put_row_header(w, &row);
	for (int l = 0; l < ct->limbs; l++)
	{
		uint64_t   *b = ppdl_limb(ring, ct->b, l);

		ppdl_intt(ring, &ring->mod[l], b);
		for (size_t f = 0; f < k; f++)
			b[f] = b[f * stride];
		ppdl_cipher_put_row_limb(w, &row, l, b, ppdl_climb(ring, ct->a, l));
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
