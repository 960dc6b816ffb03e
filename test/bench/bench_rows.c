/*
 * Speed and size of the row floor on one thread: prints `name<TAB>value<TAB>unit<TAB>note`,
 * one figure a line.  Times are the smallest processor times of some runs.
 */
#include <string.h>

#include "bench.h"
#include "ckks/eval.h"
#include "owner/rekey.h"
#include "owner/row_batch.h"
#include "ring/vec.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/pack.h"
#include "rows/slice_reader.h"
#include "rows/sum.h"
#include "rows/sum_keys.h"

#define WIDTH 16
#define LOGK 4
#define ROWS 1024
#define TABLE 64				/* times so many */
#define RUNS 7
#define VARHDRSZ 4				/* PostgreSQL's length word */

typedef struct Bench
{
	const PpdlParams *par;
	PpdlRng    *rng;
	PpdlSecret *sk;
	PpdlPool   *pool;
	PpdlEval	ev;
	PpdlSwitchKey *key[16];
	int			nkeys;
	double	   *x;
} Bench;

static const uint8_t fp[PPDL_FINGERPRINT_BYTES] = {1};

static PpdlStatus
get_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Bench	   *b = arg;

	for (int i = 0; i < b->nkeys; i++)
		if (b->key[i]->id == id)
		{
			*key = b->key[i];
			return PPDL_OK;
		}
	PPDL_TRY(ppdl_eval_key_create(&b->key[b->nkeys], id, b->sk, b->par->nq, b->rng, NULL, e));
	*key = b->key[b->nkeys++];
	return PPDL_OK;
}

/* ROWS rows in batches as large as they can be */
static void
encrypt(Bench *b, uint8_t *out, int limbs, int scale_bits)
{
	const PpdlBatchOptions opt = {.limbs = limbs, .scale_bits = scale_bits, .logc = b->par->logn - LOGK,
		.ring = b->par->id};
	const int	capacity = 1 << opt.logc;
	const size_t size = ppdl_slice_size(b->par, limbs, LOGK);

	for (int i = 0; i < ROWS; i += capacity)
		OK(ppdl_batch_encrypt(out + (size_t) i * size, b->x + i * WIDTH, capacity, WIDTH, &opt,
							  &(PpdlBatchKey) {b->sk, fp, b->rng}, &err));
}

static void
bench_encrypt(Bench *b, int limbs, const char *name, const char *note)
{
	uint8_t    *out = malloc(ROWS * ppdl_slice_size(b->par, limbs, LOGK));
	double		best = 1e9;

	for (int i = 0; i < repeats(RUNS); i++)
	{
		double		t = now();

		encrypt(b, out, limbs, 30);
		t = now() - t;
		best = t < best ? t : best;
	}
	printf("%s\t%.0f\trows/s\t%s\n", name, ROWS / best, note);
	free(out);
}

/* rows already in memory, in the order of the table; then the rest of the sum, once */
static void
bench_sum(Bench *b, int limbs, const char *kind)
{
	const size_t size = ppdl_slice_size(b->par, limbs, LOGK);
	uint8_t    *rows = malloc(TABLE * ROWS * size);
	double		best = 1e9,
				finish = 1e9;

	for (int i = 0; i < TABLE; i++)
		encrypt(b, rows + (size_t) i * ROWS * size, limbs, 28);
	for (int run = 0; run < repeats(RUNS); run++)
	{
		PpdlWriter	w;
		PpdlSum    *s;
		double		t = now();

		OK(ppdl_sum_create(&s, &err));
		for (size_t i = 0; i < TABLE * ROWS; i++)
			OK(ppdl_sum_add_bytes(s, rows + i * size, size, &err));
		t = (now() - t) / (TABLE * ROWS);
		best = t < best ? t : best;
		ppdl_writer_init(&w);
		t = now();
		OK(ppdl_sum_finish(s, 1, &w, &err));
		t = (now() - t) / (TABLE * ROWS);
		finish = t < finish ? t : finish;
		ppdl_writer_free(&w);
		ppdl_sum_destroy(s);
	}
	printf("sum_add_ns_%s\t%.1f\tns/row\t16 values, %zu bytes, %d rows in memory\n", kind, best * 1e9, size,
		   TABLE * ROWS);
	printf("sum_finish_ns_%s\t%.1f\tns/row\texpanding one uniform half a batch of %d rows\n", kind, finish * 1e9,
		   1 << (b->par->logn - LOGK));
	free(rows);
}

/* the same rows in groups that lie scattered over all batches, with an arena */
static void
bench_groups(Bench *b, int limbs, int groups, const char *kind)
{
	const size_t size = ppdl_slice_size(b->par, limbs, LOGK);
	uint8_t    *rows = malloc(TABLE * ROWS * size);
	PpdlSum   **s = malloc((size_t) groups * sizeof(s[0]));
	PpdlSeedBudget budget = {(size_t) 128 << 20, 0};
	double		add = 1e9,
				finish = 1e9;

	for (int i = 0; i < TABLE; i++)
		encrypt(b, rows + (size_t) i * ROWS * size, limbs, 28);
	for (int run = 0; run < repeats(3); run++)
	{
		PpdlArena  *arena;
		PpdlSeedCache *seeds;
		double		t = now();

		OK(ppdl_seed_cache_create(&seeds, &budget, &err));
		OK(ppdl_arena_create(&arena, NULL, NULL, &err));
		ppdl_arena_set_seeds(arena, seeds, 0);
		for (int g = 0; g < groups; g++)
		{
			OK(ppdl_sum_create(&s[g], &err));
			ppdl_sum_set_arena(s[g], arena);
		}
		for (size_t i = 0; i < TABLE * ROWS; i++)
			OK(ppdl_sum_add_bytes(s[i % (size_t) groups], rows + i * size, size, &err));
		t = (now() - t) / (TABLE * ROWS);
		add = t < add ? t : add;
		t = now();
		for (int g = 0; g < groups; g++)
		{
			PpdlWriter	w;

			ppdl_writer_init(&w);
			OK(ppdl_sum_finish(s[g], 1, &w, &err));
			ppdl_writer_free(&w);
			ppdl_sum_destroy(s[g]);
		}
		ppdl_arena_destroy(arena);
		ppdl_seed_cache_destroy(seeds);
		t = (now() - t) / (TABLE * ROWS);
		finish = t < finish ? t : finish;
	}
	printf("sum_groups_%d_add_ns_%s\t%.1f\tns/row\t%d groups scattered over %d batches\n", groups, kind, add * 1e9,
		   groups,
		   TABLE * ROWS >> (b->par->logn - LOGK));
	printf("sum_groups_%d_finish_ns_%s\t%.1f\tns/row\tthe rest, with the results\n", groups, kind, finish * 1e9);
	free(s);
	free(rows);
}

/* from how many rows a product is cheaper than shifted copies */
static void
bench_crossing(const Bench *b)
{
	const PpdlRing *ring = b->par->ring;
	uint64_t   *v[3];
	double		shifted = 1e9,
				product = 1e9;

	for (int i = 0; i < 3; i++)
	{
		v[i] = ppdl_alloc_aligned(ring->n * sizeof(uint64_t));
		memset(v[i], 0, ring->n * sizeof(uint64_t));
	}
	for (int run = 0; run < repeats(50); run++)
	{
		double		t = now();

		for (size_t e = 0; e < 20; e++)
			ppdl_vec_add_shifted(v[0], v[1], e * (ring->n / 20), ring->n);
		t = (now() - t) / 20;
		shifted = t < shifted ? t : shifted;
		t = now();
		ppdl_ntt(ring, &ring->mod[0], v[1]);
		ppdl_vec_mul_add(&ring->mod[0], v[2], v[1], v[1], ring->n);
		t = now() - t;
		product = t < product ? t : product;
	}
	printf("arena_crossing_%d\t%.1f\trows\tof a batch, N = 2^%d: a shifted copy %.2f us, a product %.1f us\n",
		   b->par->logn,
		   product / shifted, b->par->logn, shifted * 1e6, product * 1e6);
	for (int i = 0; i < 3; i++)
		ppdl_free_aligned(v[i]);
}

/* packs the rows from..to-1 of one batch; milliseconds */
static double
pack_once(Bench *b, const uint8_t *rows, int from, int to)
{
	const size_t size = ppdl_slice_size(b->par, b->par->nq, 4);
	PpdlCollector *col;
	PpdlPacked	p;
	PpdlCipher	c;
	double		t = now();
	int			complete,
				found;

	OK(ppdl_collector_create(&col, b->par->nq, &err));
	for (int i = from; i < to; i++)
	{
		OK(ppdl_cipher_parse(&c, rows + (size_t) i * size, size, &err));
		OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, &err));
	}
	OK(ppdl_pack_next(&b->ev, col, &p, &found, &err));
	t = now() - t;
	ppdl_packed_release(&b->ev, &p);
	ppdl_collector_destroy(col);
	return t * 1e3;
}

static void
bench_pack(Bench *b, const uint8_t *rows, int from, int to, const char *name, const char *note)
{
	double		best = pack_once(b, rows, from, to);	/* makes the keys */

	for (int i = 0; i < repeats(RUNS); i++)
	{
		double		t = pack_once(b, rows, from, to);

		best = t < best || i == 0 ? t : best;
	}
	printf("%s\t%.2f\tms\t%s\n", name, best, note);
}

/* single slices, as the owner reads a table */
static void
bench_decrypt(Bench *b, int limbs, const char *name, const char *note)
{
	const size_t size = ppdl_slice_size(b->par, limbs, LOGK);
	uint8_t    *rows = malloc(ROWS * size);
	double		best = 1e9;
	PpdlSliceReader *r;

	OK(ppdl_slice_reader_create(&r, b->sk, &err));
	for (int run = 0; run < repeats(RUNS); run++)
	{
		double		t;

		encrypt(b, rows, limbs, 30);
		t = now();
		for (int i = 0; i < ROWS; i++)
		{
			PpdlCipher	c;
			PpdlValues	v;

			OK(ppdl_cipher_parse(&c, rows + (size_t) i * size, size, &err));
			OK(ppdl_slice_reader_decrypt(r, &v, &c, &err));
			ppdl_values_free(&v);
		}
		t = now() - t;
		best = t < best ? t : best;
	}
	printf("%s\t%.0f\trows/s\t%s\n", name, ROWS / best, note);
	ppdl_slice_reader_destroy(r);
	free(rows);
}

/* PpdlRekeyPut: what a tool would send to the server */
static PpdlStatus
count_row(void *arg, const uint8_t *tag, const PpdlRekeyValue *value, PpdlError *e)
{
	(void) tag;
	(void) value;
	(void) e;
	++*(int *) arg;
	return PPDL_OK;
}

/* whole rows under another key, features and label, as ppdl rekey does it between reading and writing */
static void
bench_rekey(const double *x, int outputs, const char *name, const char *note)
{
	const PpdlRowShape shape = {.inputs = WIDTH, .outputs = outputs, .compact = 1, .scale_bits = 30};
	PpdlRowBatch batch;
	PpdlOwner  *from,
			   *to;
	PpdlRekeyer *r;
	uint8_t    *rows[2];
	double		best = 1e9;
	int			put = 0;

	OK(ppdl_owner_generate(&from, "old", &err));
	OK(ppdl_owner_generate(&to, "new", &err));
	OK(ppdl_row_batch_init(&batch, &shape, &err));
	for (int c = 0; c < 2; c++)
		rows[c] = malloc(ROWS * batch.slice[c]);
	for (int i = 0; i < ROWS; i += batch.capacity)
	{
		OK(ppdl_row_batch_encrypt(&batch, from, x + i * WIDTH, x + i * outputs, batch.capacity, &err));
		for (int c = 0; c < (outputs ? 2 : 1); c++)
			memcpy(rows[c] + i * batch.slice[c], batch.cipher[c], batch.capacity * batch.slice[c]);
	}
	OK(ppdl_rekeyer_create(&r, from, to, outputs ? 2 : 1, count_row, &put, &err));
	for (int run = 0; run < repeats(RUNS); run++)
	{
		double		t = now();

		for (size_t i = 0; i < ROWS; i++)
		{
			const PpdlRekeyValue value[2] = {{rows[0] + i * batch.slice[0], batch.slice[0]},
			{rows[1] + i * batch.slice[1], batch.slice[1]}};
			const uint8_t tag[PPDL_REKEY_TAG] = {0};

			OK(ppdl_rekeyer_add(r, tag, value, &err));
		}
		OK(ppdl_rekeyer_flush(r, &err));
		t = now() - t;
		best = t < best ? t : best;
	}
	if (put != repeats(RUNS) * ROWS)
		exit(1);
	printf("%s\t%.0f\trows/s\t%s\n", name, ROWS / best, note);
	ppdl_rekeyer_destroy(r);
	ppdl_row_batch_free(&batch);
	ppdl_owner_destroy(from);
	ppdl_owner_destroy(to);
	free(rows[0]);
	free(rows[1]);
}

static void
sizes(const Bench *b, const Bench *c)
{
	printf("row_bytes_full_16\t%zu\tbytes\tlength word included\n",
		   ppdl_slice_size(b->par, b->par->nq, LOGK) + VARHDRSZ);
	printf("row_bytes_compact_16\t%zu\tbytes\tlength word included\n", ppdl_slice_size(c->par, 1, LOGK) + VARHDRSZ);
	printf("sum_result_bytes_compact\t%zu\tbytes\tof 16 values, length word included\n",
		   ppdl_row_size(c->par, 1, LOGK) + VARHDRSZ);
}

/* ------------------------------------------------------------------ writers */

#define WRITERS 5

/* one switching key serves for all writers, whose rows differ in their fingerprint alone: it costs what theirs do */
static PpdlSwitchKey *to_owner;

static PpdlStatus
get_to_owner(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	to_owner->id = id;
	*key = to_owner;
	return PPDL_OK;
}

/* PpdlWriterOf: all write for key 1 */
static PpdlStatus
writes_for_first(void *arg, const uint8_t key[8], uint8_t owner[8], PpdlError *e)
{
	memcpy(owner, fp, PPDL_FINGERPRINT_BYTES);
	return PPDL_OK;
}

static double
time_key_sums(PpdlEval *ev, const uint8_t *rows, size_t size)
{
	double		best = 1e9;

	for (int run = 0; run < repeats(RUNS); run++)
	{
		PpdlKeySums *s;
		PpdlWriter	w;
		double		t = now();

		OK(ppdl_key_sums_create(&s, writes_for_first, NULL, &err));
		for (size_t i = 0; i < TABLE * ROWS; i++)
			OK(ppdl_key_sums_add_bytes(s, rows + i * size, size, &err));
		ppdl_writer_init(&w);
		OK(ppdl_key_sums_finish(s, ev, 1, &w, &err));
		t = now() - t;
		best = t < best ? t : best;
		ppdl_writer_free(&w);
		ppdl_key_sums_destroy(s);
	}
	return best;
}

static void
make_to_owner(Bench *row)
{
	const PpdlSwitchKeyForm form = {PPDL_KEY_TO_OWNER, 2, row->par->np};
	const uint8_t seed[PPDL_SEED_BYTES] = {3};
	PpdlPublicSpecial *special;
	PpdlPublicKey *pk;
	PpdlRng    *rng[2];

	for (int i = 0; i < 2; i++)
		OK(ppdl_rng_create_seeded(&rng[i], seed, 1, &err));
	OK(ppdl_public_key_create(&pk, row->sk, rng[0], &err));
	OK(ppdl_public_special_create(&special, row->sk, rng[1], &err));
	OK(ppdl_switch_key_create_public(&to_owner, &form, row->sk, pk, special, row->rng, NULL, &err));
	ppdl_public_key_destroy(pk);
	ppdl_public_special_destroy(special);
	for (int i = 0; i < 2; i++)
		ppdl_rng_destroy(rng[i]);
}

/* rows of five writers and the owner, a batch each in turn, against as many of one key; with the result */
static void
bench_writers(Bench *row, Bench *c)
{
	const size_t size = ppdl_slice_size(c->par, 1, LOGK);
	const int	capacity = 1 << (c->par->logn - LOGK);
	uint8_t    *rows = malloc(TABLE * ROWS * size);
	PpdlEval	ev;
	double		one,
				many;

	make_to_owner(row);
	OK(ppdl_eval_init(&ev, row->par, row->pool, NULL, &err));
	ev.get_key = get_to_owner;
	for (int i = 0; i < TABLE; i++)
		encrypt(c, rows + (size_t) i * ROWS * size, 1, 28);
	one = time_key_sums(&ev, rows, size);
	for (size_t i = 0; i < TABLE * ROWS; i++)
		rows[i * size + 8] = (uint8_t) (1 + i / (size_t) capacity % (WRITERS + 1));
	many = time_key_sums(&ev, rows, size);
	printf("sum_5_writers_over_1\t%.3f\tratio\t%.1f ms against %.1f ms, %d compact rows of 16 values, result included\n",
		   many / one, many * 1e3, one * 1e3, TABLE * ROWS);
	ppdl_eval_fini(&ev);
	ppdl_switch_key_destroy(to_owner);
	free(rows);
}

/* what a writer's switching keys take on a server, as they are stored */
static void
writer_key_bytes(const PpdlParams *par)
{
	const int	limbs[3] = {1, 2, par->nq};
	double		bytes[3] = {0};

	for (int k = 0; k < 3; k++)
		for (int t = 0; t < limbs[k] + par->np; t++)
			bytes[k] += 2.0 * (k == 2 ? par->ndigits : 1) *
				(double) ppdl_packed_size(par->n, par->ring->mod[t < limbs[k] ? t : par->nq + t - limbs[k]].bits);
	printf("writer_key_bytes\t%.0f\tbytes\tfor sums; with prediction %.0f\n", bytes[0] + bytes[1],
		   bytes[0] + bytes[1] + bytes[2]);
}

static void
start(Bench *b, uint8_t ring)
{
	OK(ppdl_params_get(ring, &b->par, &err));
	OK(ppdl_rng_create(&b->rng, &err));
	OK(ppdl_secret_create(&b->sk, b->par, b->rng, &err));
	b->pool = ppdl_pool_create();
	OK(ppdl_eval_init(&b->ev, b->par, b->pool, NULL, &err));
	b->ev.get_key = get_key;
	b->ev.get_key_arg = b;
	b->x = malloc(ROWS * WIDTH * sizeof(double));
	for (int i = 0; i < ROWS * WIDTH; i++)
		b->x[i] = (double) (i % 2001) / 1000 - 1;
}

static void
end(Bench *b)
{
	free(b->x);
	for (int i = 0; i < b->nkeys; i++)
		ppdl_switch_key_destroy(b->key[i]);
	ppdl_eval_fini(&b->ev);
	ppdl_pool_destroy(b->pool);
	ppdl_secret_destroy(b->sk);
	ppdl_rng_destroy(b->rng);
}

int
main(void)
{
	static Bench b,
				c;
	uint8_t    *rows;

	start(&b, PPDL_RING_ROW);
	start(&c, PPDL_RING_COMPACT);
	sizes(&b, &c);
	bench_encrypt(&b, b.par->nq, "encrypt_rows_per_s", "16 values, full");
	bench_encrypt(&c, 1, "encrypt_rows_per_s_compact", "16 values, compact");
	bench_decrypt(&b, b.par->nq, "decrypt_slices_per_s", "16 values, full rows one by one, a new batch each 1,024");
	bench_decrypt(&c, 1, "decrypt_slices_per_s_compact", "16 values, compact");
	bench_rekey(b.x, 0, "rekey_rows_per_s", "16 values, compact: decrypted, and encrypted under another key");
	bench_rekey(b.x, 1, "rekey_labelled_rows_per_s", "16 values and a label beside them, compact");
	bench_sum(&b, b.par->nq, "full");
	bench_sum(&c, 1, "compact");
	bench_groups(&b, b.par->nq, 10, "full");
	bench_groups(&c, 1, 1, "compact");
	bench_groups(&c, 1, 10, "compact");
	bench_groups(&c, 1, 500, "compact");
	bench_groups(&c, 1, 1000, "compact");
	bench_crossing(&b);
	bench_crossing(&c);
	bench_writers(&b, &c);
	writer_key_bytes(b.par);
	rows = malloc(ROWS * ppdl_slice_size(b.par, b.par->nq, LOGK));
	encrypt(&b, rows, b.par->nq, 30);
	bench_pack(&b, rows, 0, ROWS, "pack_complete_ms", "1,024 full rows of 16 values, no key switch");
	bench_pack(&b, rows, 5, 6, "pack_single_row_ms", "one full row of 16 values, ten key switches");
	bench_pack(&b, rows, 100, 900, "pack_partial_ms", "rows 100 to 899 of 1,024, ten key switches");

	free(rows);
	end(&b);
	end(&c);
	return 0;
}
