/*
 * Speed of packing and of networks in the row ring: prints `name<TAB>value<TAB>unit<TAB>note`, one figure a
 * line.  CPU times of one thread, the least of some runs; then what many threads would take, did each have a core.
 */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "ckks/crew.h"
#include "floor.h"
#include "predict/gram.h"
#include "predict/packed_slots.h"
#include "predict/where.h"
#include "predict/predictor.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/pack.h"
#include "rows/packed_writer.h"

#define RUNS 7
#define MAX_KEYS 256
#define WIDTH 16
#define ROWS 1024
#define MAX_THREADS 16
#define TOGETHER PPDL_PACKED_TOGETHER
#define THREAD_BATCHES (MAX_THREADS * TOGETHER)	/* that any number of threads predicts */

typedef struct Bench
{
	const PpdlParams *par;
	PpdlPool   *pool;
	PpdlRng    *rng;
	PpdlSecret *sk;
	PpdlEval	ev;
	PpdlSwitchKey *key[MAX_KEYS];
	int			nkeys;
	int			rows;			/* of a complete batch */
	uint8_t    *slices;			/* so many of each batch */
	int			batches;		/* they come one after the other */
	size_t		slice_size;
} Bench;

static PpdlStatus
find_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Bench	   *b = arg;
	PpdlKeyNeed need[PPDL_MAX_KEY_NEEDS];
	int			n = ppdl_keyplan(PPDL_USE_PREDICT, need, e);

	for (int i = 0; i < b->nkeys; i++)
	{
		*key = b->key[i];
		if (b->key[i]->id == id && b->key[i]->limbs >= limbs)
			return PPDL_OK;
	}
	for (int i = 0; i < n; i++)
		if (need[i].id == id)
			limbs = need[i].limbs;
	OK(ppdl_eval_key_create(&b->key[b->nkeys], id, b->sk, limbs, b->rng, NULL, e));
	*key = b->key[b->nkeys++];
	return PPDL_OK;
}

/* complete batches of full rows of that width */
static void
encrypt_batches(Bench *b, int width, int batches)
{
	const int	logk = ppdl_log2_width(width);
	const PpdlBatchOptions opt = {.limbs = b->par->nq, .scale_bits = 30, .logc = b->par->logn - logk};
	const uint8_t fp[PPDL_FINGERPRINT_BYTES] = {1};
	double	   *x;

	b->rows = 1 << opt.logc;
	x = malloc(sizeof(double) * (size_t) (b->rows * width));
	for (int i = 0; i < b->rows * width; i++)
		x[i] = sin(i);
	b->slice_size = ppdl_slice_size(b->par, opt.limbs, logk);
	free(b->slices);
	b->batches = batches;
	b->slices = malloc(b->slice_size * (size_t) (batches * b->rows));
	for (int i = 0; i < batches; i++)
		OK(ppdl_batch_encrypt(b->slices + b->slice_size * (size_t) (i * b->rows), x, b->rows, width, &opt,
							  &(PpdlBatchKey) {b->sk, fp, b->rng}, &err));
	free(x);
}

static void
encrypt_rows(Bench *b, int width)
{
	encrypt_batches(b, width, 1);
}

static void
start(Bench *b)
{
	memset(b, 0, sizeof(*b));
	OK(ppdl_params_get(PPDL_RING_ROW, &b->par, &err));
	b->pool = ppdl_pool_create();
	OK(ppdl_rng_create(&b->rng, &err));
	OK(ppdl_secret_create(&b->sk, b->par, b->rng, &err));
	OK(ppdl_eval_init(&b->ev, b->par, b->pool, NULL, &err));
	b->ev.get_key = find_key;
	b->ev.get_key_arg = b;
	encrypt_rows(b, WIDTH);
}

/* seconds of packing, and of what is not done by the thread that packs */
typedef struct Times
{
	double		packing,
				serial;
} Times;

/* collects every step'th row of all batches; a packed ciphertext in *out */
static Times
pack(Bench *b, int step, int limbs, PpdlPacked *out)
{
	PpdlCollector *col;
	PpdlPacking *packing;
	PpdlCipher	c;
	Times		t;
	double		start = now();
	int			complete;

	OK(ppdl_collector_create(&col, limbs, &err));
	for (int i = 0; i < b->batches * b->rows; i += step)
	{
		OK(ppdl_cipher_parse(&c, b->slices + i * b->slice_size, b->slice_size, &err));
		OK(ppdl_collector_add(col, &c, i, &complete, &err));
	}
	OK(ppdl_packing_choose(&packing, col, 1, &err));
	t.serial = now() - start;
	start = now();
	OK(ppdl_packing_run(packing, &b->ev, out, &err));
	t.packing = now() - start;
	start = now();
	ppdl_packing_end(packing, 1);
	ppdl_collector_destroy(col);
	t.serial += now() - start;
	return t;
}

static PpdlNet *
network(void)
{
	PpdlNet    *net;
	double	   *w;
	int			n;

	OK(ppdl_net_parse(&net, "{\"inputs\":16,\"layers\":[{\"units\":32,\"activation\":\"quadratic\"},{\"units\":1}]}",
					  &err));
	n = ppdl_net_weight_count(net);
	w = malloc(sizeof(double) * n);
	for (int i = 0; i < n; i++)
		w[i] = 0.3 * sin(i * 1.7);
	OK(ppdl_net_set_weights(net, w, n, &err));
	free(w);
	return net;
}

/* batches that go through a network together, as a thread takes them where enough wait; returns the seconds of one */
static double
bench_together(Bench *b, const PpdlPredictor *p)
{
	PpdlPacked	packed[TOGETHER];
	PpdlCt		ct[TOGETHER];
	double		best = 1e9;

	for (int i = 0; i < TOGETHER; i++)
		pack(b, 1, ppdl_predictor_limbs(p), &packed[i]);
	for (int run = 0; run <= RUNS + 1; run++)
	{
		double		t = now();

		if (run > RUNS)
			floor_begin();
		OK(ppdl_predictor_run(p, &b->ev, ct, packed, TOGETHER, &err));
		if (run <= RUNS)
			best = fmin(best, now() - t);
		for (int i = 0; i < TOGETHER; i++)
			ppdl_ct_release(&b->ev, &ct[i]);
	}
	floor_print("predict_pair", best, floor_end("predict_pair"));
	for (int i = 0; i < TOGETHER; i++)
		ppdl_packed_release(&b->ev, &packed[i]);
	return best / TOGETHER;
}

/* returns the seconds of a complete batch, alone */
static double
bench_network(Bench *b)
{
	PpdlNet    *net = network();
	PpdlPredictor *p;
	PpdlPacked	packed;
	PpdlCt		ct,
				copy;
	double		best = 1e9,
				packing = 1e9,
				serial = 1e9,
				pair,
				t = now();

	OK(ppdl_predictor_create(&p, net, WIDTH, 0x1p40, NULL, NULL, &err));
	printf("predictor_create_ms\t%.1f\tms\tmatrices of 16-32-1, once a model\n", (now() - t) * 1e3);
	printf("predictor_bytes\t%zu\tbytes\tthe same\n", ppdl_predictor_bytes(p));
	for (int run = 0; run <= repeats(RUNS); run++)
	{
		Times		times = pack(b, 1, ppdl_predictor_limbs(p), &packed);

		packing = fmin(packing, times.packing);
		t = now();
		OK(ppdl_predictor_run(p, &b->ev, &ct, &packed, 1, &err));
		best = fmin(best, now() - t);
		t = now();
		OK(ppdl_ct_copy(&b->ev, &copy, &ct, ct.limbs, &err));
		serial = fmin(serial, times.serial + now() - t);
		ppdl_ct_release(&b->ev, &copy);
		ppdl_ct_release(&b->ev, &ct);
		ppdl_packed_release(&b->ev, &packed);
	}
	printf("predict_pack_batch_ms\t%.2f\tms\ta complete batch of 1,024 rows\n", packing * 1e3);
	printf("predict_batch_ms\t%.2f\tms\t16-32-1 on 1,024 packed rows\n", best * 1e3);
	pack(b, 1, ppdl_predictor_limbs(p), &packed);
	floor_begin();
	OK(ppdl_predictor_run(p, &b->ev, &ct, &packed, 1, &err));
	floor_print("predict_batch", best, floor_end("predict_batch"));
	ppdl_ct_release(&b->ev, &ct);
	ppdl_packed_release(&b->ev, &packed);
	printf("predict_us_per_row\t%.2f\tus\tpacking and network, a batch alone\n", (best + packing) * 1e6 / ROWS);
	pair = bench_together(b, p);
	printf("predict_pair_batch_ms\t%.2f\tms\tthe network on two batches together, a batch\n", pair * 1e3);
	printf("predict_pair_us_per_row\t%.2f\tus\tpacking and network, two batches together\n",
		   (pair + packing) * 1e6 / ROWS);
	printf("predict_serial_share\t%.3g\tratio\tof the time of a complete batch of two: collecting its rows and keeping its result, on one of however many threads; without the scan\n",
		   serial / (serial + pair + packing));
	printf("predict_thread_bytes\t%zu\tbytes\twhat a thread takes to pack and predict complete batches, two together\n",
		   ppdl_pool_peak(b->pool));
	for (int step = 2; step <= 5; step++)
	{
		encrypt_batches(b, WIDTH, step);
		pack(b, step, ppdl_predictor_limbs(p), &packed);
		ppdl_packed_release(&b->ev, &packed);
		if (step == 3 || step == 5)
			printf("predict_thread_%s_bytes\t%zu\tbytes\tthe same, every second or %s row of as many batches\n",
				   step == 3 ? "partial" : "partial5", ppdl_pool_peak(b->pool), step == 3 ? "third" : "fifth");
	}
	encrypt_rows(b, WIDTH);
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
	return best + packing;
}

/* ------------------------------------------------------------------ second moments */

/* a complete batch into the sums, and what is done once for all of them; predict: seconds of a prediction, or 0 */
static void
bench_gram(Bench *b, const char *name, int width, double predict)
{
	PpdlPackedSlotsForm form = {.scale = PPDL_GRAM_SLOT_SCALE, .left = PPDL_GRAM_LIMBS};
	PpdlPackedSlots *slots;
	PpdlGramLayout lay;
	PpdlGram	g;
	double		best = 1e9,
				t;

	encrypt_rows(b, width);
	form.in_scale = ppdl_packed_scale(b->par, ppdl_log2_width(width), 0x1p30);
	OK(ppdl_packed_slots_create(&slots, &form, NULL, NULL, &err));
	OK(ppdl_gram_layout(&lay, width, 0, &err));
	ppdl_gram_init(&g, &lay);
	for (int run = 0; run <= repeats(RUNS); run++)
	{
		PpdlPacked	packed;
		PpdlCt		z;
		double		packing = pack(b, 1, PPDL_GRAM_ROWS_LIMBS, &packed).packing;

		t = now();
		OK(ppdl_packed_slots_run(slots, &b->ev, &z, &packed, 1, &err));
		OK(ppdl_gram_add(&g, &b->ev, &z, NULL, packed.rows, &err));
		best = fmin(best, now() - t + packing);
		ppdl_ct_release(&b->ev, &z);
		ppdl_packed_release(&b->ev, &packed);
	}
	t = now();
	OK(ppdl_gram_merge(&g, &b->ev, &err));
	t = now() - t;
	printf("%s_rows_per_s\t%.0f\trows/s\tfull rows of %d values, complete batches, packing included\n", name,
		   b->rows / best, width);
	printf("%s_batch_ms\t%.2f\tms\tthe same, a batch of %d rows\n", name, best * 1e3, b->rows);
	printf("%s_merge_ms\t%.2f\tms\tonce a result, %d values\n", name, t * 1e3, width);
	if (predict > 0)
		printf("%s_over_predict\t%.3f\tratio\ta complete batch of %d values; aim: at most 1.5\n", name, best / predict,
			   width);
	ppdl_gram_release(&g, &b->ev);
	ppdl_packed_slots_destroy(slots);
}

/* ------------------------------------------------------------------ conditions */

/* a complete batch into the sums over a condition on bits, and what is done once for all of them */
static void
bench_where(Bench *b, const char *name, const char *text, double predict)
{
	PpdlPackedSlotsForm form;
	PpdlPackedSlots *slots;
	PpdlCondition *cond;
	PpdlWhere  *w;
	PpdlWhereSums sums;
	PpdlCt		ct;
	double		best = 1e9,
				t;

	encrypt_rows(b, WIDTH);
	OK(ppdl_condition_parse(&cond, text, strlen(text), &err));
	OK(ppdl_where_check(cond, b->par, &err));
	OK(ppdl_where_create(&w, b->par, cond, WIDTH, 0, &err));
	OK(ppdl_where_encode(w, NULL, &err));
	form = ppdl_where_slots_form(w, ppdl_packed_scale(b->par, ppdl_log2_width(WIDTH), 0x1p30));
	OK(ppdl_packed_slots_create(&slots, &form, NULL, NULL, &err));
	ppdl_where_init(&sums);
	for (int run = 0; run <= repeats(RUNS); run++)
	{
		PpdlPacked	packed;
		PpdlCt		z;
		double		packing = pack(b, 1, PPDL_PACKED_ROWS_LIMBS(form.left), &packed).packing;

		t = now();
		OK(ppdl_packed_slots_run(slots, &b->ev, &z, &packed, 1, &err));
		OK(ppdl_where_add_packed(w, &sums, &b->ev, &packed, &z, &err));
		best = fmin(best, now() - t + packing);
		ppdl_ct_release(&b->ev, &z);
		ppdl_packed_release(&b->ev, &packed);
	}
	t = now();
	OK(ppdl_where_merge(&sums, &b->ev, &err));
	OK(ppdl_where_result(w, &sums, &b->ev, &ct, &err));
	t = now() - t;
	printf("%s_rows_per_s\t%.0f\trows/s\tfull rows of %d values, a condition of %d bits, complete batches, packing "
		   "included; aim: 15000\n", name, b->rows / best, WIDTH, cond->leaves);
	printf("%s_over_predict\t%.3f\tratio\tthe same, a batch over the prediction of one\n", name, best / predict);
	printf("%s_result_ms\t%.2f\tms\tonce a result\n", name, t * 1e3);
	ppdl_ct_release(&b->ev, &ct);
	ppdl_where_release(&sums, &b->ev);
	ppdl_packed_slots_destroy(slots);
	ppdl_where_destroy(w);
	ppdl_condition_destroy(cond);
}

/* ------------------------------------------------------------------ many threads */

/* batches that a crew predicts, as ppdl_predict_agg has them done: so many a job */
typedef struct Job
{
	PpdlPacking *packing[TOGETHER];
	PpdlEval   *ev;				/* whose pool has `out` */
	PpdlPacked	out[TOGETHER];
	double		seconds;		/* of the processor */
} Job;

typedef struct Turns
{
	const PpdlPredictor *predictor;
	Job			job[MAX_THREADS];
} Turns;

static PpdlStatus
take_turn(void *arg, int i, PpdlEval *ev, PpdlError *e)
{
	Turns	   *turns = arg;
	Job		   *job = &turns->job[i];
	double		start = thread_now();
	PpdlCt		ct[TOGETHER];

	for (int k = 0; k < TOGETHER; k++)
		PPDL_TRY(ppdl_packing_run(job->packing[k], ev, &job->out[k], e));
	PPDL_TRY(ppdl_predictor_run(turns->predictor, ev, ct, job->out, TOGETHER, e));
	for (int k = 0; k < TOGETHER; k++)
	{
		ppdl_ct_release(ev, &job->out[k].ct);
		job->out[k].ct = ct[k];
	}
	job->ev = ev;
	job->seconds = thread_now() - start;
	return PPDL_OK;
}

/* what THREAD_BATCHES batches take */
typedef struct Path
{
	double		cpu,			/* of all threads */
				serial,			/* of the calling thread, outside of jobs */
				longest;		/* the longest job of each turn */
} Path;

/* a batch's result, kept and written */
static void
keep(Bench *b, Job *job, int k, PpdlPackedWriter **writer)
{
	PpdlPacked *out = &job->out[k];
	PpdlCt		kept;

	if (*writer == NULL)
		OK(ppdl_packed_writer_create(writer, PPDL_LAYOUT_SLOTS, 1, out->logk, out->fingerprint, &err));
	OK(ppdl_ct_copy(&b->ev, &kept, &out->ct, out->ct.limbs, &err));
	OK(ppdl_packed_writer_add(*writer, &b->ev, &kept, out->ordinal, &err));
	ppdl_ct_release(&b->ev, &kept);
	ppdl_packing_end(job->packing[k], 1);
	ppdl_packed_release(job->ev, out);
}

/* one turn: two batches a thread are collected, predicted, and their results kept and written */
static void
run_turn(Bench *b, PpdlCrew *crew, Turns *turns, int threads, PpdlPackedWriter **writer, Path *path)
{
	double		start = thread_now(),
				longest = 0;
	PpdlCollector *col;
	PpdlCipher	c;
	int			complete;

	OK(ppdl_collector_create(&col, ppdl_predictor_limbs(turns->predictor), &err));
	for (int i = 0; i < threads * TOGETHER * ROWS; i++)
	{
		OK(ppdl_cipher_parse(&c, b->slices + i % ROWS * b->slice_size, b->slice_size, &err));
		OK(ppdl_collector_add(col, &c, (uint32_t) i, &complete, &err));
	}
	for (int i = 0; i < threads * TOGETHER; i++)
		OK(ppdl_packing_choose(&turns->job[i / TOGETHER].packing[i % TOGETHER], col, 0, &err));
	path->serial += thread_now() - start;
	OK(ppdl_crew_run(crew, &b->ev, threads, take_turn, turns, &err));
	start = thread_now();
	for (int i = 0; i < threads; i++)
	{
		for (int k = 0; k < TOGETHER; k++)
			keep(b, &turns->job[i], k, writer);
		longest = fmax(longest, turns->job[i].seconds);
	}
	ppdl_collector_destroy(col);
	path->serial += thread_now() - start;
	path->longest += longest;
}

static Path
measure_path(Bench *b, const PpdlPredictor *p, int threads)
{
	Turns	   *turns = calloc(1, sizeof(Turns));
	PpdlPackedWriter *writer = NULL;
	PpdlCrew   *crew = NULL;
	Path		path = {0};
	double		start;

	turns->predictor = p;
	if (threads > 1)
		OK(ppdl_crew_create(&crew, threads, &err));
	for (int run = 0; run < repeats(2); run++)	/* the first fills the pools and fetches keys */
	{
		path = (Path) {0};
		ppdl_packed_writer_destroy(writer);
		writer = NULL;
		start = now();
		for (int n = 0; n < THREAD_BATCHES; n += threads * TOGETHER)
			run_turn(b, crew, turns, threads, &writer, &path);
		path.cpu = now() - start;
	}
	ppdl_packed_writer_destroy(writer);
	ppdl_crew_destroy(crew);
	free(turns);
	return path;
}

/*
 * What keeps many threads from being as many times as fast, but for memory and the number of cores: the critical path,
 * the time of the calling thread outside of jobs and the longest job of each turn, and what threads take together.
 */
static void
bench_threads(Bench *b)
{
	PpdlNet    *net = network();
	PpdlPredictor *p;
	Path		one = {0};

	OK(ppdl_predictor_create(&p, net, WIDTH, 0x1p40, NULL, NULL, &err));
	for (int threads = 1; threads <= MAX_THREADS; threads *= 2)
	{
		Path		path = measure_path(b, p, threads);

		if (threads == 1)
			one = path;
		else
			printf("predict_threads%d_cpu_over_one\t%.3f\tratio\tprocessor time of %d complete batches, over that of one thread\n",
				   threads, path.cpu / one.cpu, THREAD_BATCHES);
		printf("predict_threads%d_critical_path_speedup\t%.2f\tratio\tthe same, one thread over %.1f ms of the calling thread and %.1f ms, the longest job of each turn\n",
			   threads, one.cpu / (path.serial + path.longest), path.serial * 1e3, path.longest * 1e3);
	}
	ppdl_predictor_destroy(p);
	ppdl_net_destroy(net);
}

/* rows that fill a ciphertext, or not: one batch alone */
static void
bench_partial(Bench *b)
{
	static const struct
	{
		const char *name;
		int			batches,
					step;
		const char *note;
	}			figure[] = {
		{"pack_second_row_us", 2, 2, "every second row of two batches"},
		{"pack_third_row_us", 3, 3, "every third row of three batches"},
		{"pack_second_row_alone_us", 1, 2, "every second row of a batch"},
		{"pack_single_row_us", 1, 3, "every third row of a batch"},
	};

	for (size_t i = 0; i < sizeof(figure) / sizeof(figure[0]); i++)
	{
		double		best = 1e9;
		uint32_t	rows = 0;

		encrypt_batches(b, WIDTH, figure[i].batches);
		for (int run = 0; run < repeats(3); run++)
		{
			PpdlPacked	packed;

			best = fmin(best, pack(b, figure[i].step, 5, &packed).packing);
			rows = packed.rows;
			ppdl_packed_release(&b->ev, &packed);
		}
		printf("%s\t%.1f\tus\t%s, 5 limbs, a row\n", figure[i].name, best * 1e6 / rows, figure[i].note);
	}
}

int
main(void)
{
	Bench		b;
	double		predict;

	start(&b);
	predict = bench_network(&b);
	bench_gram(&b, "gram", WIDTH, predict);
	bench_gram(&b, "gram_32", 2 * WIDTH, 0);
	bench_where(&b, "where_bit", "x[3] = 1", predict);
	bench_where(&b, "where_bits", "x[3] = 1 and not x[5] = 1 and (x[1] = 1 or x[12] = 1)", predict);
	bench_partial(&b);
	encrypt_rows(&b, WIDTH);
	bench_threads(&b);
	ppdl_eval_fini(&b.ev);
	for (int i = 0; i < b.nkeys; i++)
		ppdl_switch_key_destroy(b.key[i]);
	ppdl_secret_destroy(b.sk);
	ppdl_rng_destroy(b.rng);
	ppdl_pool_destroy(b.pool);
	free(b.slices);
	return 0;
}
