/* States of aggregates, encrypted weights and saved training: everything that SQL or a table can hand in as bytes. */
#include "rows.h"

#include "ckks/wire.h"
#include "learn/trainer.h"
#include "learn/weights.h"
#include "rows/row_set.h"

/* what was read once is written in a form that reads back */
static void
sum(const uint8_t *data, size_t len)
{
	PpdlSum    *s,
			   *again;
	PpdlWriter	w;

	if (ppdl_sum_load(&s, data, len, ERR) != PPDL_OK)
		return;
	ppdl_writer_init(&w);
	OK(ppdl_sum_save(s, &w, ERR));
	must(ppdl_sum_load(&again, w.buf, w.len, ERR) == PPDL_OK);
	must(ppdl_sum_count(s) == ppdl_sum_count(again));
	w.len = 0;
	if (ppdl_sum_merge(s, again, ERR) == PPDL_OK && ppdl_sum_count(s) > 0)
		ppdl_sum_finish(s, (double) ppdl_sum_count(s), &w, ERR);
	ppdl_sum_destroy(s);
	ppdl_sum_destroy(again);
	ppdl_writer_free(&w);
}

static void
sum_seeds_in(const PpdlParams *par, int limbs)
{
	size_t		each;
	uint8_t    *slice = make_slices(par, 3, 5, limbs, 3, 0, &each);
	PpdlWriter	w;
	PpdlSum    *s;

	OK(ppdl_sum_create(&s, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_sum_save(s, &w, ERR));
	put_writer_seed(&w);
	for (int i = 0; i < 3; i++)
		OK(ppdl_sum_add_bytes(s, slice + (size_t) i * each, each, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_sum_save(s, &w, ERR));
	put_writer_seed(&w);
	ppdl_sum_destroy(s);
	free(slice);
}

static void
sum_seeds(void)
{
	sum_seeds_in(row_ring(), 2);
	sum_seeds_in(compact_ring(), 1);
}

static void
collector(const uint8_t *data, size_t len)
{
	PpdlCollector *col,
			   *again;
	PpdlWriter	w;

	if (ppdl_collector_load(&col, data, len, ERR) != PPDL_OK)
		return;
	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col, &w, ERR));
	must(ppdl_collector_load(&again, w.buf, w.len, ERR) == PPDL_OK);
	must(ppdl_collector_rows(col) == ppdl_collector_rows(again));
	/* a few bytes do not stand for much memory */
	must(ppdl_collector_memory(col) <= 64 * len + (1 << 20));
	ppdl_collector_merge(col, again, 7, ERR);
	ppdl_collector_destroy(col);
	ppdl_collector_destroy(again);
	ppdl_writer_free(&w);
}

static void
collector_seeds_in(const PpdlParams *par, int limbs)
{
	size_t		each;
	uint8_t    *slice = make_slices(par, 4, 5, limbs, 3, 0, &each);
	PpdlWriter	w;
	PpdlCollector *col;
	int			complete;

	OK(ppdl_collector_create(&col, limbs, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col, &w, ERR));
	put_writer_seed(&w);
	for (int i = 0; i < 4; i++)
	{
		PpdlCipher	c = parsed(par, slice + (size_t) i * each, each);

		OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, ERR));
	}
	ppdl_writer_init(&w);
	OK(ppdl_collector_save(col, &w, ERR));
	put_writer_seed(&w);
	ppdl_collector_destroy(col);
	free(slice);
}

static void
collector_seeds(void)
{
	collector_seeds_in(row_ring(), 2);
	collector_seeds_in(compact_ring(), 1);
}

static void
train_set(const uint8_t *data, size_t len)
{
	PpdlTrainSet *ts,
			   *again;
	PpdlWriter	w;

	if (ppdl_trainset_load(&ts, data, len, ERR) != PPDL_OK)
		return;
	ppdl_writer_init(&w);
	OK(ppdl_trainset_save(ts, &w, ERR));
	must(ppdl_trainset_load(&again, w.buf, w.len, ERR) == PPDL_OK);
	must(ts->rows == again->rows && ts->nbatches == again->nbatches);
	ppdl_trainset_merge(ts, again, 5, ERR);
	ppdl_trainset_destroy(ts);
	ppdl_trainset_destroy(again);
	ppdl_writer_free(&w);
}

static void
train_set_seeds_in(const PpdlParams *par)
{
	size_t		each_x,
				each_y;
	uint8_t    *x = make_slices(par, 4, 4, 1, par->logn - 2, 0, &each_x),
			   *y = make_slices_beside(par, 4, 1, 1, par->logn, 2, ppdl_slice_seed(x), &each_y);
	PpdlTrainSet *ts;
	PpdlWriter	w;

	for (int labels = 0; labels <= 1; labels++)
	{
		OK(ppdl_trainset_create(&ts, ERR));
		ppdl_writer_init(&w);
		OK(ppdl_trainset_save(ts, &w, ERR));
		put_writer_seed(&w);
		for (int i = 0; i < 4; i++)
		{
			PpdlCipher	cx = parsed(par, x + (size_t) i * each_x, each_x),
						cy = parsed(par, y + (size_t) i * each_y, each_y);

			OK(ppdl_trainset_add(ts, &cx, labels ? &cy : NULL, (uint32_t) i, ERR));
		}
		ppdl_writer_init(&w);
		OK(ppdl_trainset_save(ts, &w, ERR));
		put_writer_seed(&w);
		ppdl_trainset_destroy(ts);
	}
	free(x);
	free(y);
}

static void
train_set_seeds(void)
{
	train_set_seeds_in(row_ring());
	train_set_seeds_in(compact_ring());
}

/*
 * ciphertexts of a training run and of encrypted models, in the toy ring: the code does not know one ring from another
 */
static void
with_toy(void (*fn) (PpdlEval *ev, const uint8_t *data, size_t len), const uint8_t *data, size_t len)
{
	PpdlPool   *pool = ppdl_pool_create();
	PpdlEval	ev;

	must(pool != NULL);
	OK(ppdl_eval_init(&ev, toy_ring(), pool, NULL, ERR));
	fn(&ev, data, len);
	ppdl_eval_fini(&ev);
	ppdl_pool_destroy(pool);
}

static void
load_weights(PpdlEval *ev, const uint8_t *data, size_t len)
{
	uint8_t		fp[8];
	uint32_t	period;
	PpdlWriter	w;
	PpdlCt		ct[PPDL_MAX_WEIGHT_CTS];
	int			count;

	if (ppdl_weights_load(ev, ct, &count, &period, fp, data, len, ERR) != PPDL_OK)
		return;
	ppdl_writer_init(&w);
	OK(ppdl_weights_save(&w, ct, count, period, fp, ERR));
	must(w.len == len && memcmp(w.buf, data, len) == 0);
	ppdl_writer_free(&w);
	for (int i = 0; i < PPDL_MAX_WEIGHT_CTS; i++)
		ppdl_ct_release(ev, &ct[i]);
}

static void
weights(const uint8_t *data, size_t len)
{
	with_toy(load_weights, data, len);
}

static PpdlCt
toy_ciphertext(PpdlEval *ev, int limbs)
{
	PpdlPt		pt;
	PpdlCt		ct;

	OK(ppdl_pt_alloc(ev, &pt, limbs, ERR));
	memset(pt.p, 0, (size_t) limbs * ev->par->n * sizeof(uint64_t));
	pt.scale = 0x1p40;
	pt.bound = 1;
	OK(ppdl_encrypt_secret(ev, &ct, &pt, ring_secret(ev->par), fixed_rng(), ERR));
	ppdl_pt_release(ev, &pt);
	return ct;
}

static void
seed_weights(PpdlEval *ev, const uint8_t *data, size_t len)
{
	(void) data;
	(void) len;
	for (int count = 1; count <= PPDL_MAX_WEIGHT_CTS; count++)
	{
		PpdlCt		ct[2] = {toy_ciphertext(ev, 2), toy_ciphertext(ev, 2)};
		PpdlWriter	w;

		ppdl_writer_init(&w);
		OK(ppdl_weights_save(&w, ct, count, 16, fuzz_fingerprint, ERR));
		put_writer_seed(&w);
		ppdl_ct_release(ev, &ct[0]);
		ppdl_ct_release(ev, &ct[1]);
	}
}

static void
weights_seeds(void)
{
	with_toy(seed_weights, NULL, 0);
}

/* a checkpoint is a short head and these, one after the other */
static void
load_ciphertexts(PpdlEval *ev, const uint8_t *data, size_t len)
{
	PpdlReader	r = ppdl_reader(data, len);
	PpdlCt		ct;

	while (ppdl_reader_left(&r) > 0)
	{
		const uint8_t *at = r.p;
		PpdlWriter	w;

		if (ppdl_get_ct(&r, ev, &ct, ERR) != PPDL_OK)
			break;
		ppdl_writer_init(&w);
		ppdl_put_ct(&w, &ct);
		must(!w.bad && w.len == (size_t) (r.p - at) && memcmp(w.buf, at, w.len) == 0);
		ppdl_writer_free(&w);
		ppdl_ct_release(ev, &ct);
	}
}

static void
ciphertexts(const uint8_t *data, size_t len)
{
	with_toy(load_ciphertexts, data, len);
}

static void
seed_ciphertexts(PpdlEval *ev, const uint8_t *data, size_t len)
{
	PpdlWriter	w;

	(void) data;
	(void) len;
	ppdl_writer_init(&w);
	for (int limbs = 1; limbs <= 3; limbs++)
	{
		PpdlCt		ct = toy_ciphertext(ev, limbs);

		ppdl_put_ct(&w, &ct);
		ppdl_ct_release(ev, &ct);
	}
	put_writer_seed(&w);
}

static void
ciphertexts_seeds(void)
{
	with_toy(seed_ciphertexts, NULL, 0);
}

static const FuzzCase fuzz_case[] = {
	{"sum", sum, sum_seeds},
	{"collector", collector, collector_seeds},
	{"trainset", train_set, train_set_seeds},
	{"weights", weights, weights_seeds},
	{"checkpoint", ciphertexts, ciphertexts_seeds},
	{NULL}
};
