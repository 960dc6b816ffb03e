/*
 * Networks on packed rows and sums of the row ring, at its real parameters, against their stated errors: for the
 * property test and the benchmark.  The file that includes it has OK() and err.
 */
#ifndef TEST_ESTIMATE_REAL_H
#define TEST_ESTIMATE_REAL_H

#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "predict/predictor.h"
#include "random_nets.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/combine.h"
#include "rows/decrypt.h"
#include "rows/row.h"
#include "rows/sum.h"

#define REAL_MAX_KEYS 256

typedef struct RealRing
{
	const PpdlParams *par;
	PpdlPool   *pool;
	PpdlRng    *rng;
	PpdlSecret *sk;
	PpdlPublicKey *pk;
	PpdlEval	ev;
	PpdlSwitchKey *key[REAL_MAX_KEYS];
	int			nkeys;
	PpdlPrng	random;
	double complex *z;
} RealRing;

static const uint8_t real_fingerprint[PPDL_FINGERPRINT_BYTES] = {1};

/* of the keys that owners publish for predictions, each when it is first asked for */
static PpdlStatus
real_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	RealRing   *r = arg;
	PpdlKeyNeed need[PPDL_MAX_KEY_NEEDS];
	int			n = ppdl_keyplan(PPDL_USE_PREDICT, need, e);

	for (int i = 0; i < r->nkeys; i++)
	{
		*key = r->key[i];
		if ((*key)->id == id && (*key)->limbs >= limbs)
			return PPDL_OK;
	}
	for (int i = 0; i < n; i++)
		if (need[i].id == id && need[i].limbs >= limbs)
		{
			OK(ppdl_eval_key_create(&r->key[r->nkeys], id, r->sk, need[i].limbs, r->rng, NULL, e));
			*key = r->key[r->nkeys++];
			return PPDL_OK;
		}
	return ppdl_error(e, PPDL_ERR_KEY, "key %u for %d limbs is not planned", id, limbs);
}

static inline void
real_start(RealRing *r, uint64_t seed)
{
	memset(r, 0, sizeof(*r));
	ppdl_prng_init(&r->random, seed, 1);
	OK(ppdl_params_get(PPDL_RING_ROW, &r->par, &err));
	r->pool = ppdl_pool_create();
	OK(ppdl_rng_create(&r->rng, &err));
	OK(ppdl_secret_create(&r->sk, r->par, r->rng, &err));
	OK(ppdl_public_key_create(&r->pk, r->sk, r->rng, &err));
	OK(ppdl_eval_init(&r->ev, r->par, r->pool, NULL, &err));
	r->ev.get_key = real_key;
	r->ev.get_key_arg = r;
	r->z = malloc(sizeof(*r->z) * r->par->slots);
}

static inline void
real_end(RealRing *r)
{
	ppdl_eval_fini(&r->ev);
	for (int i = 0; i < r->nkeys; i++)
		ppdl_switch_key_destroy(r->key[i]);
	ppdl_public_key_destroy(r->pk);
	ppdl_secret_destroy(r->sk);
	ppdl_rng_destroy(r->rng);
	ppdl_pool_destroy(r->pool);
	free(r->z);
}

/* a batch as its owner writes it */
typedef struct RealBatch
{
	int			rows,
				width;
	size_t		size;			/* of a slice */
	double	   *x;
	uint8_t    *slices;
} RealBatch;

static inline void
real_encrypt(RealRing *r, RealBatch *b, int limbs)
{
	PpdlBatchOptions opt = {.scale_bits = 30, .limbs = limbs};

	while (1 << opt.logc < b->rows)
		opt.logc++;
	b->size = ppdl_slice_size(r->par, limbs, ppdl_log2_width(b->width));
	b->slices = malloc(b->size * (size_t) b->rows);
	OK(ppdl_batch_encrypt(b->slices, b->x, b->rows, b->width, &opt, &(PpdlBatchKey) {r->sk, real_fingerprint, r->rng},
						  &err));
}

static inline void
real_batch_free(RealBatch *b)
{
	free(b->x);
	free(b->slices);
}

/* ---- networks ---- */

/* every step'th row, or one in so many at random, packed */
static inline void
real_pack(RealRing *r, const RealBatch *b, int step, int random, int limbs, PpdlPacked *out)
{
	PpdlCollector *col;
	PpdlCipher	c;
	int			complete,
				found;

	OK(ppdl_collector_create(&col, limbs, &err));
	for (int i = 0; i < b->rows; i++)
	{
		if (i > 0 && (random && step > 1 ? pick(&r->random, 1, step) > 1 : i % step != 0))
			continue;
		OK(ppdl_cipher_parse(&c, b->slices + (size_t) i * b->size, b->size, &err));
		OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, &err));
	}
	OK(ppdl_pack_next(&r->ev, col, out, &found, &err));
	ppdl_collector_destroy(col);
}

static inline void
real_compare(RealRing *r, const PpdlNet *net, const RealBatch *b, const PpdlPacked *packed, const PpdlCt *out,
			 NetErrors *errors)
{
	const int	slots = 1 << (packed->logk - 1);
	double		want[512],
				got[512];

	OK(ppdl_decrypt_slots(&r->ev, out, r->sk, r->z, &err));
	for (size_t p = 0; p < r->par->n >> packed->logk; p++)
	{
		const uint32_t row = packed->ordinal[p];

		if (row == PPDL_NO_PLACE)
			continue;
		OK(ppdl_net_predict(net, b->x + (size_t) row * (size_t) b->width, want, &err));
		for (int j = 0; j < errors->outputs; j++)
			got[j] = creal(r->z[p * (size_t) slots + (size_t) j]);
		net_errors_add(errors, (RowKind) (row % ROW_KINDS), got, want);
	}
}

/* 0: refused */
static inline int
real_network(RealRing *r, NetKind kind, Tally *t)
{
	const int	wide = pick(&r->random, 0, 7) == 0;
	int			width = (int) lround(exp(between(&r->random, log(wide ? 129 : 2), log(wide ? 1024 : 128)))),
				logk = ppdl_log2_width(width);
	const int	slots = 1 << (logk - 1);
	RealBatch	b;
	NetErrors	errors = {.outputs = pick(&r->random, 1, slots < 4 ? slots : 4)};
	PpdlNet    *net;
	PpdlPredictor *p;
	PpdlPacked	packed;
	PpdlCt		out;
	PpdlStatus	status;
	int			step;

	OK(random_net(&net, &r->random, kind, width, wide ? 8 : slots < 16 ? slots : 16, errors.outputs, 2, 7, &err));
	/* an image may be a little smaller */
	width = net->inputs;
	errors.outputs = ppdl_net_outputs(net);
	logk = ppdl_log2_width(width);
	b = (RealBatch) {.rows = 1 << (r->par->logn - logk), .width = width};
	status = ppdl_predictor_create(&p, net, width, ldexp(1, 30 + r->par->logn - logk), NULL, NULL, &err);
	if (status != PPDL_ERR_RANGE && status != PPDL_ERR_LEVEL)
		OK(status);
	if (status != PPDL_OK)
	{
		ppdl_net_destroy(net);
		return 0;
	}
	b.x = malloc(sizeof(double) * (size_t) b.rows * (size_t) width);
	for (int i = 0; i < b.rows; i++)
		random_row(&r->random, net, b.x + (size_t) i * (size_t) width, (RowKind) (i % ROW_KINDS));
	real_encrypt(r, &b, r->par->nq);
	step = pick(&r->random, 0, 2) == 0 ? 1 : pick(&r->random, 2, 9);
	real_pack(r, &b, step, pick(&r->random, 0, 1), ppdl_predictor_limbs(p), &packed);
	OK(ppdl_predictor_run(p, &r->ev, &out, &packed, 1, &err));
	real_compare(r, net, &b, &packed, &out, &errors);
	tally_add(t, errors.worst, net_errors_rms(&errors), out.noise * sqrt((double) r->par->n) / out.scale);
	if (getenv("PPDL_TEST_VERBOSE") != NULL || t->sigma[t->count - 1] > 6 || t->slack[t->count - 1] > 3)
	{
		fprintf(stderr, "%-20s", net_kind_name(kind));
		for (int l = 0; l < net->nlayers; l++)
			fprintf(stderr, " %d,%s%d", net->layer[l].inputs, net->layer[l].act.name, net->layer[l].act.degree);
		fprintf(stderr, ",%d  %u of %d rows: %.1f sigma, %.1f bits above\n", errors.outputs, packed.rows, b.rows,
				t->sigma[t->count - 1], t->slack[t->count - 1]);
	}
	ppdl_ct_release(&r->ev, &out);
	ppdl_packed_release(&r->ev, &packed);
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
	real_batch_free(&b);
	return 1;
}

/* ---- sums ---- */

typedef struct RealSum
{
	PpdlSum    *part[2];
	double	   *want;
	RealBatch	b;
} RealSum;

static inline void
real_add(RealRing *r, RealSum *s, const PpdlCipher *c, const double *x, int weight)
{
	OK(ppdl_sum_add(s->part[pick(&r->random, 0, 1)], c, weight, &err));
	for (int f = 0; f < s->b.width; f++)
		s->want[f] += weight * x[f];
}

/* slices of a batch, each of them several times, with weights */
static inline void
real_add_slices(RealRing *r, RealSum *s, int terms)
{
	const int	apart = pick(&r->random, 1, s->b.rows),
				most = pick(&r->random, 0, 2) == 0 ? 20 : 1;

	for (int n = 0; n < terms; n++)
	{
		const int	row = pick(&r->random, 0, apart - 1);
		PpdlCipher	c;

		OK(ppdl_cipher_parse(&c, s->b.slices + (size_t) row * s->b.size, s->b.size, &err));
		real_add(r, s, &c, s->b.x + (size_t) row * (size_t) s->b.width, pick(&r->random, 1, most));
	}
}

/* one row under the public key, or a few, up to a thousand times */
static inline void
real_add_rows(RealRing *r, RealSum *s)
{
	const int	rows = pick(&r->random, 1, 6),
				times = (int) lround(exp(between(&r->random, 0, log(1000))));

	for (int i = 0; i < rows; i++)
	{
		const double *x = s->b.x + (size_t) i * (size_t) s->b.width;
		PpdlWriter	w;
		PpdlCipher	c;

		ppdl_writer_init(&w);
		OK(ppdl_row_encrypt_public(&w, x, s->b.width, 1, 30, &(PpdlRowKey) {r->pk, real_fingerprint, r->rng}, &err));
		OK(ppdl_cipher_parse(&c, w.buf, w.len, &err));
		for (int n = 0; n < times; n++)
			real_add(r, s, &c, x, 1);
		ppdl_writer_free(&w);
	}
}

/* merged, once through bytes; the sum combined with itself now and then */
static inline void
real_finish(RealRing *r, RealSum *s, PpdlWriter *w)
{
	PpdlWriter	bytes;
	PpdlSum    *loaded;
	PpdlCipher	c;

	ppdl_writer_init(&bytes);
	OK(ppdl_sum_save(s->part[1], &bytes, &err));
	OK(ppdl_sum_load(&loaded, bytes.buf, bytes.len, &err));
	OK(ppdl_sum_merge(s->part[0], pick(&r->random, 0, 1) ? loaded : s->part[1], &err));
	ppdl_sum_destroy(loaded);
	ppdl_writer_free(&bytes);
	OK(ppdl_sum_finish(s->part[0], 1, w, &err));
	if (pick(&r->random, 0, 2) > 0)
		return;
	ppdl_writer_init(&bytes);
	OK(ppdl_cipher_parse(&c, w->buf, w->len, &err));
	OK(ppdl_cipher_combine(&bytes, &c, 1, &c, 2, &err));
	ppdl_writer_free(w);
	*w = bytes;
	for (int f = 0; f < s->b.width; f++)
		s->want[f] *= 3;
}

static inline void
real_sum(RealRing *r, Tally *t)
{
	RealSum		s = {.b = {.rows = 64, .width = pick(&r->random, 65, 256)}};
	double		squares = 0,
				worst = 0;
	PpdlWriter	w;
	PpdlCipher	c;
	PpdlValues	v;

	s.b.x = malloc(sizeof(double) * (size_t) (s.b.rows * s.b.width));
	s.want = calloc((size_t) s.b.width, sizeof(double));
	for (int i = 0; i < s.b.rows * s.b.width; i++)
		s.b.x[i] = between(&r->random, -1, 1);
	real_encrypt(r, &s.b, 1);
	OK(ppdl_sum_create(&s.part[0], &err));
	OK(ppdl_sum_create(&s.part[1], &err));
	if (pick(&r->random, 0, 1))
		real_add_rows(r, &s);
	else
		real_add_slices(r, &s, (int) lround(exp(between(&r->random, 0, log(3000)))));
	ppdl_writer_init(&w);
	real_finish(r, &s, &w);
	OK(ppdl_cipher_parse(&c, w.buf, w.len, &err));
	OK(ppdl_cipher_decrypt(&v, &c, r->sk, &err));
	for (int f = 0; f < s.b.width; f++)
	{
		squares += (v.v[f] - s.want[f]) * (v.v[f] - s.want[f]);
		worst = fmax(worst, fabs(v.v[f] - s.want[f]));
	}
	tally_add(t, worst, sqrt(squares / s.b.width), ppdl_cipher_error(&c));
	ppdl_values_free(&v);
	ppdl_writer_free(&w);
	ppdl_sum_destroy(s.part[0]);
	ppdl_sum_destroy(s.part[1]);
	free(s.want);
	real_batch_free(&s.b);
}

#endif
