/*
 * Encrypted rows and keys for the fuzz programs: the rings of rows, and an insecure one in which a ciphertext is small.
 */
#ifndef PPDL_TEST_FUZZ_ROWS_H
#define PPDL_TEST_FUZZ_ROWS_H

#include "fuzz.h"

#include "ckks/encrypt.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/combine.h"
#include "rows/decrypt.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"
#include "rows/sum.h"

static const uint8_t fuzz_fingerprint[PPDL_FINGERPRINT_BYTES] = {1, 2, 3, 4, 5, 6, 7, 8};

/* the row ring's primes at degree 2^8; lives as long as the process */
static inline const PpdlParams *
toy_ring(void)
{
	static PpdlParams *toy;
	const PpdlParams *row;
	PpdlParamsLiteral lit = {.id = PPDL_RING_CUSTOM, .name = "toy", .logn = 8};

	if (toy != NULL)
		return toy;
	OK(ppdl_params_get(PPDL_RING_ROW, &row, ERR));
	lit.nq = row->nq;
	lit.np = row->np;
	for (int i = 0; i < row->nq; i++)
		lit.q[i] = row->ring->mod[i].q;
	for (int i = 0; i < row->np; i++)
		lit.p[i] = row->ring->mod[row->nq + i].q;
	OK(ppdl_params_create(&toy, &lit, 0, ERR));
	return toy;
}

static inline const PpdlParams *
row_ring(void)
{
	const PpdlParams *row;

	OK(ppdl_params_get(PPDL_RING_ROW, &row, ERR));
	return row;
}

static inline const PpdlParams *
compact_ring(void)
{
	const PpdlParams *compact;

	OK(ppdl_params_get(PPDL_RING_COMPACT, &compact, ERR));
	return compact;
}

/* the same at every run: what a finding does must not depend on chance */
static inline PpdlRng *
fixed_rng(void)
{
	static PpdlRng *rng;
	static const uint8_t seed[PPDL_SEED_BYTES] = {7};

	if (rng == NULL)
		OK(ppdl_rng_create_seeded(&rng, seed, 1, ERR));
	return rng;
}

static inline const PpdlSecret *
ring_secret(const PpdlParams *par)
{
	static PpdlSecret *secret[PPDL_RING_COMPACT + 1];
	PpdlSecret **sk = &secret[par->id == PPDL_RING_CUSTOM ? 0 : par->id];

	if (*sk == NULL)
		OK(ppdl_secret_create(sk, par, fixed_rng(), ERR));
	return *sk;
}

/*
 * rows of a batch as slices one after the other, malloc'ed; *each: bytes of one; features: seed of the batch that
 * labels lie beside, or NULL
 */
static inline uint8_t *
make_slices_beside(const PpdlParams *par, int rows, int width, int limbs, int logc, int logstride,
				   const uint8_t *features, size_t *each)
{
	const PpdlBatchOptions opt = {.limbs = limbs, .scale_bits = 30, .logc = logc, .logstride = logstride,
								  .features = features,
								  .ring = par->id == PPDL_RING_COMPACT ? par->id : 0};
	double	   *x = malloc(sizeof(double) * (size_t) (rows * width));
	const PpdlBatchKey key = {ring_secret(par), fuzz_fingerprint, fixed_rng()};
	uint8_t    *out;

	*each = ppdl_slice_size(par, limbs, ppdl_log2_width(width));
	out = malloc((size_t) rows * *each);
	must(x != NULL && out != NULL);
	for (int i = 0; i < rows * width; i++)
		x[i] = (i % 17 - 8) / 8.0;
	OK(ppdl_batch_encrypt(out, x, rows, width, &opt, &key, ERR));
	free(x);
	return out;
}

static inline uint8_t *
make_slices(const PpdlParams *par, int rows, int width, int limbs, int logc, int logstride, size_t *each)
{
	return make_slices_beside(par, rows, width, limbs, logc, logstride, NULL, each);
}

static inline PpdlCipher
parsed(const PpdlParams *par, const uint8_t *bytes, size_t len)
{
	PpdlCipher	c;

	OK(ppdl_cipher_parse_in(&c, par, bytes, len, ERR));
	return c;
}

/* a sum of three rows: a value of kind row */
static inline PpdlWriter
make_row(const PpdlParams *par, int width, int limbs)
{
	size_t		each;
	uint8_t    *slice = make_slices(par, 3, width, limbs, 2, 0, &each);
	PpdlWriter	w;
	PpdlSum    *s;

	ppdl_writer_init(&w);
	OK(ppdl_sum_create(&s, ERR));
	for (int i = 0; i < 3; i++)
	{
		PpdlCipher	c = parsed(par, slice + (size_t) i * each, each);

		OK(ppdl_sum_add(s, &c, 1, ERR));
	}
	OK(ppdl_sum_finish(s, 1, &w, ERR));
	ppdl_sum_destroy(s);
	free(slice);
	return w;
}

/* a row and 10^-30 of it: a value of kind parts */
static inline PpdlWriter
make_parts(const PpdlParams *par, int width)
{
	PpdlWriter	row = make_row(par, width, 1),
				w;
	PpdlCipher	c = parsed(par, row.buf, row.len);

	ppdl_writer_init(&w);
	OK(ppdl_cipher_combine(&w, &c, 1, &c, 1e-30, ERR));
	ppdl_writer_free(&row);
	return w;
}

/* a whole batch as one packed value: no key is needed for that */
static inline PpdlWriter
make_packed(const PpdlParams *par, int width, int limbs)
{
	const int	logc = par->logn - ppdl_log2_width(width),
				rows = 1 << logc;
	size_t		each;
	uint8_t    *slice = make_slices(par, rows, width, limbs, logc, 0, &each);
	PpdlPackedWriter *pw;
	PpdlCollector *col;
	PpdlPacked	packed;
	PpdlPool   *pool = ppdl_pool_create();
	PpdlEval	ev;
	PpdlWriter	w;
	int			found;

	ppdl_writer_init(&w);
	must(pool != NULL);
	OK(ppdl_eval_init(&ev, par, pool, NULL, ERR));
	OK(ppdl_collector_create(&col, limbs, ERR));
	for (int i = 0; i < rows; i++)
	{
		PpdlCipher	c = parsed(par, slice + (size_t) i * each, each);
		int			complete;

		OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, ERR));
	}
	OK(ppdl_pack_complete(&ev, col, &packed, &found, ERR));
	must(found);
	OK(ppdl_packed_writer_create(&pw, PPDL_LAYOUT_COEFFS, width, packed.logk, fuzz_fingerprint, ERR));
	OK(ppdl_packed_writer_add(pw, &ev, &packed.ct, packed.ordinal, ERR));
	OK(ppdl_packed_writer_finish(pw, (uint32_t) rows + 1, &w, ERR));
	ppdl_packed_writer_destroy(pw);
	ppdl_packed_release(&ev, &packed);
	ppdl_collector_destroy(col);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
	free(slice);
	return w;
}

#endif
