#include "rows/batch.h"

#include <math.h>

#include "base/declassify.h"
#include "base/mem.h"
#include "ring/vec.h"
#include "rows/cipher_write.h"
#include "rows/encoding.h"
#include "rows/partner.h"

/*
 * A batch under way.  Everything is in the order of the slices, row by row and
 * value by value, of which there are count = rows * k, padded to whole vectors.
 */
typedef struct Batch
{
	const PpdlParams *par;
	const PpdlBatchKey *key;
	int			rows,
				width,
				logk,
				logc,
				logstride;
	size_t		count;
	uint8_t		seed[PPDL_SEED_BYTES];
	int64_t    *message;		/* scaled values plus errors */
	int8_t	   *noise;
	uint64_t   *a_times_s,		/* N: A*s */
			   *t,				/* count: message mod q, then B */
			   *u;				/* count: A*s at the rows' coefficients */
} Batch;

PpdlStatus
ppdl_rows_params(const PpdlParams **par, int compact, int width, PpdlError *err)
{
	PPDL_TRY(ppdl_params_get(PPDL_RING_COMPACT, par, err));
	if (compact && (size_t) width <= (*par)->n)
		return PPDL_OK;
	return ppdl_params_get(PPDL_RING_ROW, par, err);
}

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
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "rows of %d limbs; 1 (compact) to %d (full) are possible", opt->limbs,
						  par->nq);
	if (opt->scale_bits < PPDL_SCALE_BITS_MIN || opt->scale_bits > PPDL_SCALE_BITS_MAX)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "scale of %d bits; %d to %d are possible", opt->scale_bits,
						  PPDL_SCALE_BITS_MIN, PPDL_SCALE_BITS_MAX);
	if (opt->logc < 0 || opt->logc + ppdl_log2_width(width) > par->logn)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "batch of 2^%d rows of %d values does not fit ring %s of 2^%d coefficients",
						  opt->logc, width, par->name, par->logn);
	if (opt->logstride < 0 || opt->logstride > opt->logc || rows < 1 || rows > 1 << (opt->logc - opt->logstride))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d rows, 2^%d apart, in a batch of 2^%d", rows, opt->logstride,
						  opt->logc);
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

/* is there anything that is no number within [-1, 1]? */
static int
any_outside(const double *x, size_t n)
{
	const uint64_t one = UINT64_C(0x3FF0000000000000);
	uint64_t	outside = 0;
	int			any;

	for (size_t i = 0; i < n; i++)
	{
		uint64_t	bits;

		memcpy(&bits, &x[i], sizeof(bits));
		/* magnitudes compare like their bits, infinities and NaNs above all */
		outside |= one - (bits & ~(UINT64_C(1) << 63));
	}
	any = (int) (outside >> 63);
	/* such values are refused, and named: they have to be */
	ppdl_declassify(&any, sizeof(any));
	return any;
}

static PpdlStatus
check_values(const double *x, int rows, int width, PpdlError *err)
{
	if (!any_outside(x, (size_t) rows * (size_t) width))
		return PPDL_OK;
	for (int i = 0; i < rows; i++)
		for (int f = 0; f < width; f++)
			PPDL_TRY(check_value(x[(size_t) i * width + f], i + 1, f + 1, err));
	return PPDL_OK;
}

static PpdlStatus
batch_init(Batch *b, const PpdlBatchKey *key, int rows, int width, const PpdlBatchOptions *opt, PpdlError *err)
{
	const int	logk = ppdl_log2_width(width);
	const size_t words = ((((size_t) rows << logk) + 7) & ~(size_t) 7) * sizeof(uint64_t);

	memset(b, 0, sizeof(*b));
	b->par = key->sk->par;
	b->key = key;
	b->rows = rows;
	b->width = width;
	b->logk = logk;
	b->logc = opt->logc;
	b->logstride = opt->logstride;
	b->count = words / sizeof(uint64_t);
	b->message = ppdl_alloc_aligned(words);
	b->noise = ppdl_alloc_aligned(b->count);
	b->a_times_s = ppdl_alloc_aligned(b->par->n * sizeof(uint64_t));
	b->t = ppdl_alloc_aligned(words);
	b->u = ppdl_alloc_aligned(words);
	if (b->message == NULL || b->noise == NULL || b->a_times_s == NULL || b->t == NULL || b->u == NULL)
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
	ppdl_free_secret(b->a_times_s, b->par->n * sizeof(uint64_t));
	ppdl_free_secret(b->t, words);
	ppdl_free_secret(b->u, words);
}

/* a fresh seed, and message = round(scale * x) + e, |message| < 2^41 */
static PpdlStatus
batch_fill(Batch *b, const double *x, const PpdlBatchOptions *opt, PpdlError *err)
{
	const double scale = ldexp(1, opt->scale_bits);
	const size_t k = (size_t) 1 << b->logk,
				width = (size_t) b->width;
	PpdlRng    *rng = b->key->rng;

	if (opt->features != NULL)
		PPDL_TRY(ppdl_partner_seed(b->seed, opt->features, rng, err));
	else
		PPDL_TRY(ppdl_encoding_seed(b->seed, opt->encoding, rng, err));
	PPDL_TRY(ppdl_sample_gaussian(rng, b->noise, b->count, err));
	for (size_t i = 0; i < b->count; i++)
		b->message[i] = b->noise[i];
	for (size_t i = 0; i < (size_t) b->rows; i++)
		for (size_t f = 0; f < width; f++)
			b->message[i * k + f] += llrint(x[i * width + f] * scale);
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

/* u = the rows' coefficients pos(i)*g + f*N/k of the a_times_s */
static void
gather(const Batch *b)
{
	const size_t k = (size_t) 1 << b->logk,
				stride = b->par->n >> b->logk,
				g = stride >> b->logc;

	for (int i = 0; i < b->rows; i++)
	{
		const uint64_t *from = b->a_times_s + position(b, i) * g;

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

	PPDL_TRY(ppdl_xof_uniform(m, b->a_times_s, ring->n, b->seed, PPDL_XOF_ROW_A, 0, err));
	ppdl_vec_mul(m, b->a_times_s, b->a_times_s, ppdl_climb(ring, b->key->sk->ntt, l), ring->n);
	ppdl_intt(ring, m, b->a_times_s);
	gather(b);
	reduce_messages(m, b->t, b->message, b->count);
	ppdl_vec_sub(m, b->t, b->t, b->u, b->count);
	return PPDL_OK;
}

/* everything of a slice before its residues; at position 0 */
static PpdlStatus
slice_head(const Batch *b, PpdlWriter *w, const PpdlBatchOptions *opt, PpdlError *err)
{
	PpdlCipher	slice = {.par = b->par, .kind = PPDL_KIND_SLICE, .limbs = opt->limbs, .width = b->width,
		.logk = b->logk,
		.scale = ldexp(1, opt->scale_bits), .noise = PPDL_SIGMA, .bound = 1, .logc = b->logc, .seed = b->seed};

	memcpy(slice.fingerprint, b->key->fingerprint, PPDL_FINGERPRINT_BYTES);
	return ppdl_cipher_put_header(w, &slice, err);
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
ppdl_batch_check(const double *x, int rows, int width, const PpdlBatchOptions *opt, const PpdlParams *par,
				 PpdlError *err)
{
	PPDL_TRY(check_options(opt, par, rows, width, err));
	return check_values(x, rows, width, err);
}

PpdlStatus
ppdl_batch_encrypt(uint8_t *out, const double *x, int rows, int width, const PpdlBatchOptions *opt,
				   const PpdlBatchKey *key, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	head;
	Batch		b;

	PPDL_TRY(ppdl_batch_check(x, rows, width, opt, key->sk->par, err));
	ppdl_writer_init(&head);
	PPDL_GOTO(done, batch_init(&b, key, rows, width, opt, err));
	PPDL_GOTO(done, batch_fill(&b, x, opt, err));
	PPDL_GOTO(done, slice_head(&b, &head, opt, err));
	status = batch_write(&b, out, &head, opt->limbs, err);
done:
	ppdl_writer_free(&head);
	batch_fini(&b);
	return status;
}

const uint8_t *
ppdl_slice_seed(const uint8_t *slice)
{
	return slice + PPDL_SLICE_HEADER - PPDL_SEED_BYTES;
}
