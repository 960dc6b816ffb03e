/*
 * Bootstrapping and steps of training at the real degree: prints `name<TAB>value<TAB>unit<TAB>note`, one figure a line.
 * Seconds: on one thread the smallest processor time of two runs, on several the smallest wall time; bits are those of
 * the worst slot.
 */
#include <assert.h>
#include <math.h>

#include "base/complex.h"
#include "bench.h"
#include "ckks/boot.h"
#include "ckks/encoder.h"
#include "ckks/encrypt.h"
#include "floor.h"
#include "learn/step.h"
#include "predict/compare.h"
#include "predict/gram.h"
#include "predict/where.h"
#include "rows/keyplan.h"

#define RUNS 2
#define PERIOD 256				/* 16 inputs, 16 units, one output */
#define MAX_THREADS 2

typedef struct Bench
{
	const PpdlParams *par;
	PpdlPool   *pool;
	PpdlRng    *rng;
	PpdlThreads *threads;
	PpdlRotationSet *rotations;
	PpdlSecret *sk,
			   *sparse;
	PpdlEval	ev;
	PpdlKeyNeed need[PPDL_MAX_KEY_NEEDS];
	PpdlSwitchKey *key[PPDL_MAX_KEY_NEEDS];
	int			needs;
	double complex *z;
} Bench;

static uint64_t random_state = 20240607;

/* -1 .. 1 */
static double
next_real(void)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407u;
	return (double) (int64_t) random_state * 0x1p-63;
}

/* makes a key of the plan when it is first asked for */
static PpdlStatus
get_key(void *arg, uint8_t ring, uint32_t id, int limbs, const PpdlSwitchKey **key, PpdlError *e)
{
	Bench	   *b = arg;
	const PpdlSecret *from = id == PPDL_KEY_FROM_SPARSE ? b->sparse : b->sk,
			   *to = id == PPDL_KEY_FROM_SPARSE ? b->sk : b->sparse;

	for (int i = 0; i < b->needs; i++)
	{
		const PpdlKeyNeed *need = &b->need[i];

		if (need->id != id || need->limbs < limbs)
			continue;
		if (b->key[i] == NULL && (id == PPDL_KEY_FROM_SPARSE || id == PPDL_KEY_TO_SPARSE))
			PPDL_TRY(ppdl_switch_key_create(&b->key[i], &(PpdlSwitchKeyForm) {id, need->limbs, need->np}, from, to,
											b->rng, b->threads, e));
		else if (b->key[i] == NULL)
			PPDL_TRY(ppdl_eval_key_create(&b->key[i], id, b->sk, need->limbs, b->rng, b->threads, e));
		*key = b->key[i];
		return PPDL_OK;
	}
	return ppdl_error(e, PPDL_ERR_KEY, "key %u at %d limbs is not in the plan of ring %d", id, limbs, ring);
}

static void
setup(Bench *b)
{
	int			count;
	const PpdlRotationKey *rotation = ppdl_keyplan_deep_rotations(&count);

	OK(ppdl_params_get(PPDL_RING_DEEP, &b->par, &err));
	b->pool = ppdl_pool_create();
	OK(ppdl_rng_create(&b->rng, &err));
	OK(ppdl_secret_create(&b->sk, b->par, b->rng, &err));
	OK(ppdl_secret_create_sparse(&b->sparse, b->par, PPDL_BOOT_SPARSE_H, b->rng, &err));
	OK(ppdl_threads_create(&b->threads, MAX_THREADS, &err));
	OK(ppdl_rotset_create(&b->rotations, b->par, rotation, count, &err));
	OK(ppdl_eval_init(&b->ev, b->par, b->pool, b->threads, &err));
	b->needs = ppdl_keyplan(PPDL_USE_TRAIN, b->need, &err);
	b->ev.rotations = b->rotations;
	b->ev.get_key = get_key;
	b->ev.get_key_arg = b;
	b->z = malloc(sizeof(*b->z) * b->par->slots);
}

static void
report(const char *name, int threads, double t, double worst, size_t tables)
{
	if (threads == 1)
		printf("%s_s\t%.2f\ts\t", name, t);
	else
		printf("%s_threads%d_s\t%.2f\ts\t", name, threads, t);
	printf("N=2^16, %d thread(s), %.1f bits worst, %zu MB of tables\n", threads, -log2(worst), tables >> 20);
	fflush(stdout);
}

/* the shortest of some runs of fn */
static double
timed(Bench *b, int threads, void (*fn) (Bench *, void *), void *arg)
{
	const clockid_t clock = threads == 1 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
	double		best = INFINITY;

	b->ev.threads = threads == 1 ? NULL : b->threads;
	for (int run = 0; run < repeats(RUNS); run++)
	{
		double		start = seconds(clock);

		fn(b, arg);
		best = fmin(best, seconds(clock) - start);
	}
	return best;
}

/* one run on one thread, for the floor of a time */
static void
print_over_floor(Bench *b, const char *name, double t, void (*fn) (Bench *, void *), void *arg)
{
	b->ev.threads = NULL;
	floor_begin();
	fn(b, arg);
	floor_print(name, t, floor_end(name));
}

typedef struct Half
{
	PpdlHalfBoot *hb;
	PpdlCt		in,
				out[2];
} Half;

static void
run_half(Bench *b, void *arg)
{
	Half	   *h = arg;

	for (int i = 0; i < 2; i++)
		ppdl_ct_release(&b->ev, &h->out[i]);
	OK(ppdl_halfboot_run(h->hb, &b->ev, h->out, &h->in, &err));
}

/* lifted rows into sums of second moments */
typedef struct Moments
{
	const PpdlCt *half;			/* what the half-bootstrap left */
	double complex *mask;
	PpdlGram	gram;
} Moments;

static void
run_moments(Bench *b, void *arg)
{
	Moments    *m = arg;
	PpdlCt		z,
				im;

	OK(ppdl_ct_copy(&b->ev, &z, &m->half[0], PPDL_GRAM_LIMBS + 2, &err));
	OK(ppdl_ct_copy(&b->ev, &im, &m->half[1], PPDL_GRAM_LIMBS + 2, &err));
	ppdl_ct_mul_monomial(&b->ev, &im, (int64_t) b->par->n / 2);
	OK(ppdl_ct_add(&b->ev, &z, &im, &err));
	OK(ppdl_lifted_mask(&b->ev, &z, m->mask, &err));
	z.bound = M_SQRT2;
	OK(ppdl_lifted_match(&b->ev, &z, PPDL_GRAM_LIMBS, 0x1p40, &err));
	OK(ppdl_gram_add(&m->gram, &b->ev, &z, NULL, 1, &err));
	ppdl_ct_release(&b->ev, &z);
	ppdl_ct_release(&b->ev, &im);
}

/* half: seconds of a half-bootstrap, out what it left */
static void
bench_moments(Bench *b, int width, double half, const PpdlCt *out)
{
	Moments		m = {.half = out, .mask = malloc(sizeof(double complex) * b->par->slots)};
	const double rows = (double) (b->par->n >> ppdl_log2_width(width));
	PpdlGramLayout lay;
	double		t;

	for (size_t s = 0; s < b->par->slots; s++)
		m.mask[s] = 1;
	OK(ppdl_gram_layout(&lay, width, 0, &err));
	ppdl_gram_init(&m.gram, &lay);
	run_moments(b, &m);			/* makes the keys */
	t = timed(b, 1, run_moments, &m);
	printf("gram%s_compact_rows_per_s\t%.0f\trows/s\tcompact rows of %d values, complete batches, 1 thread: half a bootstrap, masks and products, "
		   "without the bridge\n", width == 16 ? "" : "_32", rows / (half + t), width);
	printf("gram%s_lifted_s\t%.2f\ts\tof these masks and products, %.0f rows\n", width == 16 ? "" : "_32", t, rows);
	ppdl_gram_release(&m.gram, &b->ev);
	free(m.mask);
}

/* lifted rows, all of them there, into sums over a comparison */
#define THRESHOLD 0.25

typedef struct Comparison
{
	const char *name,
			   *text;
} Comparison;

static const Comparison comparisons[] = {
	{"where_number", "x[5] > 0.25"},
	{"where_number_fine", "x[5] > 0.25 within 0.0002"},
};

typedef struct Numbers
{
	PpdlLifted	in;
	const PpdlHalfBoot *hb;
	const PpdlFullBoot *fb;
	PpdlCondition *cond;
	PpdlWhere  *where;
	PpdlWhereSums sums;
	char	   *present;
} Numbers;

/* a half of the condition's column, as leaves of this kind take it */
static void
take_half(Bench *b, const Numbers *n, PpdlConditionKind kind, int half, PpdlCt *out)
{
	const int	number = kind == PPDL_CONDITION_NUMBER || kind == PPDL_CONDITION_FINE,
				fine = kind == PPDL_CONDITION_FINE,
				levels = fine ? PPDL_COMPARE_FIRST_LEVELS : ppdl_where_comparison_levels(n->cond),
				limbs = fine ? PPDL_WHERE_FINE_LIMBS : n->where->limbs + number;
	const PpdlLiftedColumn column = {.stride = n->where->stride, .re = half == 0, .im = half, .at_once = number,
									 .limbs = limbs,
									 .scale = number ? ppdl_compare_scale(b->par, limbs, levels) : n->where->scale};

	OK(ppdl_lifted_take(&b->ev, out, &n->in, &column, &err));
}

/* the half that the first comparison is about */
static void
take_numbers(Bench *b, const Numbers *n, PpdlCt *out)
{
	take_half(b, n, n->cond->leaf[0].kind, 0, out);
}

static int
asks_for(const Numbers *n, PpdlConditionKind kind, int half)
{
	for (int i = 0; i < n->cond->leaves; i++)
		if (n->cond->leaf[i].kind == kind && n->cond->leaf[i].index / n->where->on.half == half)
			return 1;
	return 0;
}

static void
run_numbers(Bench *b, void *arg)
{
	Numbers    *n = arg;
	const PpdlLiftedColumn column = {.stride = n->where->stride, .re = 1, .im = 1, .limbs = PPDL_WHERE_VALUE_LIMBS,
									 .scale = n->where->scale};
	PpdlCt		values;
	PpdlWhereRows rows = {.values = &values, .half = n->hb, .full = n->fb, .present = n->present, .rows = 1};

	for (int kind = 0; kind < PPDL_CONDITION_KINDS; kind++)
		for (int half = 0; half < 2; half++)
			if (asks_for(n, (PpdlConditionKind) kind, half))
				take_half(b, n, (PpdlConditionKind) kind, half, &rows.part[0][kind][half]);
	OK(ppdl_lifted_take(&b->ev, &values, &n->in, &column, &err));
	OK(ppdl_where_add(n->where, &n->sums, &b->ev, &rows, &err));
	for (int kind = 0; kind < PPDL_CONDITION_KINDS; kind++)
		for (int half = 0; half < 2; half++)
			ppdl_ct_release(&b->ev, &rows.part[0][kind][half]);
	ppdl_ct_release(&b->ev, &values);
}

/* out: every slot of in compared, as the condition does it */
static void
compare_slots(Bench *b, const Numbers *n, PpdlCt *out, const PpdlCt *in)
{
	const double t = THRESHOLD;
	const int	levels = ppdl_where_comparison_levels(n->cond),
				zero = 0;
	const PpdlFineSet set = {&t, &zero, 1, 0};

	if (n->cond->refreshed == 0)
	{
		OK(ppdl_compare_numbers(&b->ev, out, in, &t, 1, levels, 0x1p40, &err));
		return;
	}
	OK(ppdl_compare_numbers_first(&b->ev, out, in, &set, &err));
	OK(ppdl_fullboot_run(n->fb, n->hb, &b->ev, out, 1, &err));
	OK(ppdl_ct_compare_again(&b->ev, out, &set, levels, PPDL_WHERE_LIMBS, 0x1p40, &err));
}

/* of slots outside the blur; x: what they hold */
static double
worst_comparison(Bench *b, const Numbers *n, const double *x)
{
	double		below,
				above,
				worst = 0;
	PpdlCt		in,
				out;

	take_numbers(b, n, &in);
	compare_slots(b, n, &out, &in);
	OK(ppdl_decrypt_slots(&b->ev, &out, b->sk, b->z, &err));
	ppdl_where_blur(n->cond, &n->cond->leaf[0], THRESHOLD, &below, &above);
	for (size_t s = 0; s < b->par->slots; s++)
	{
		const double v = x[ppdl_bitrev((uint32_t) s, b->par->logn - 1)];

		if (v <= below || v >= above)
			worst = fmax(worst, cabs(b->z[s] - (v > THRESHOLD)));
	}
	ppdl_ct_release(&b->ev, &in);
	ppdl_ct_release(&b->ev, &out);
	return worst;
}

/* half: what a half-bootstrap took, and left of x */
typedef struct Lifted
{
	const PpdlHalfBoot *hb;
	const PpdlFullBoot *fb;
	double		seconds;
	const PpdlCt *part;
	const double *x;
} Lifted;

/* a condition on rows of which all are there; makes the keys */
static void
start_numbers(Bench *b, Numbers *n, const char *text, int width, const Lifted *half)
{
	*n = (Numbers) {.in = {.count = PPDL_BRIDGE_POLYS, .capacity = ppdl_lift_capacity(b->par, ppdl_log2_width(width))},
					.hb = half->hb, .fb = half->fb};
	for (int q = 0; q < PPDL_BRIDGE_POLYS; q++)
		n->in.ordinal[q] = calloc(n->in.capacity, sizeof(**n->in.ordinal));
	for (int h = 0; h < 2; h++)
		n->in.part[h] = half->part[h];
	n->present = malloc(b->par->slots);
	memset(n->present, 1, b->par->slots);
	OK(ppdl_condition_parse(&n->cond, text, strlen(text), &err));
	OK(ppdl_where_check(n->cond, b->par, &err));
	OK(ppdl_where_create(&n->where, b->par, n->cond, width, 0, &err));
	OK(ppdl_where_encode(n->where, NULL, &err));
	ppdl_where_init(&n->sums);
	run_numbers(b, n);
}

static void
end_numbers(Bench *b, Numbers *n)
{
	ppdl_where_release(&n->sums, &b->ev);
	ppdl_where_destroy(n->where);
	ppdl_condition_destroy(n->cond);
	for (int q = 0; q < PPDL_BRIDGE_POLYS; q++)
		free((void *) n->in.ordinal[q]);
	free(n->present);
}

static double
lifted_rows(const Numbers *n)
{
	return (double) n->in.capacity * n->in.count;
}

static void
bench_numbers(Bench *b, const Comparison *c, int threads, const Lifted *half)
{
	const int	width = 16;
	const char *suffix = threads == 1 ? "_threads1" : "";
	Numbers		n;
	double		t;

	start_numbers(b, &n, c->text, width, half);
	t = timed(b, threads, run_numbers, &n);
	printf("%s%s_rows_per_s\t%.0f\trows/s\tcompact rows of %d values, complete batches, %d thread(s): half a bootstrap, %s, "
		   "without the bridge\n", c->name, suffix, lifted_rows(&n) / (half->seconds + t), width, threads, c->text);
	printf("%s%s_lifted_s\t%.2f\ts\tof this the comparison, %d levels, %d full bootstrap(s), and sums\n", c->name,
		   suffix, t, ppdl_where_comparison_levels(n.cond), ppdl_where_bootstraps(n.cond));
	if (threads > 1)
		printf("%s_worst_error\t%.1f\tbits\tof a row outside the blur, from 0 or 1; stated: 13 bits\n", c->name,
			   -log2(worst_comparison(b, &n, half->x)));
	fflush(stdout);
	end_numbers(b, &n);
}

/* one thread: what sum_where_plan takes for its rows_per_s (src/predict/where_plan.c) beside a half-bootstrap */
static void
bench_bits(Bench *b, const Lifted *half)
{
	static const struct
	{
		const char *name,
				   *text;
		int			width;
	}			cases[] = {
		{"where_compact", "x[3] = 1", 16},
		{"where_compact_and", "x[3] = 1 and x[5] = 1", 16},
		{"where_compact_xor", "x[3] = 1 and x[5] = 0 or x[3] = 0 and x[5] = 1", 16},
		{"where_compact_bits", "x[3] = 1 and not x[5] = 1 and (x[1] = 1 or x[12] = 1)", 16},
		{"where_compact_bits_64", "x[3] = 1 and not x[5] = 1 and (x[1] = 1 or x[12] = 1)", 64},
		{"where_compact_8_levels", "x[3] = 1 or x[4] = 1 and x[5] > 0.25", 16},
		{"where_compact_6_levels", "x[3] = 1 or x[4] = 1 and (x[7] = 1 or x[8] = 1 and x[5] > 0.25)", 16},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Numbers		n;
		double		t;

		start_numbers(b, &n, cases[i].text, cases[i].width, half);
		t = timed(b, 1, run_numbers, &n);
		if (i == 0)
			printf("where_compact_rows_per_s\t%.0f\trows/s\tcompact rows of %d values, complete batches, 1 thread: half a "
				   "bootstrap, %s, without the bridge\n", lifted_rows(&n) / (half->seconds + t), cases[i].width,
				   cases[i].text);
		printf("%s_lifted_ms\t%.0f\tms\t%s, %d values: without half a bootstrap\n", cases[i].name, t * 1e3, cases[i].text,
			   cases[i].width);
		fflush(stdout);
		end_numbers(b, &n);
	}
}

/* two ciphertexts of real slots, refreshed together */
typedef struct Full
{
	const PpdlHalfBoot *hb;
	const PpdlFullBoot *fb;
	PpdlCt		fresh[2],
				ct[2];
} Full;

static void
run_full(Bench *b, void *arg)
{
	Full	   *f = arg;

	for (int v = 0; v < 2; v++)
	{
		ppdl_ct_release(&b->ev, &f->ct[v]);
		OK(ppdl_ct_copy(&b->ev, &f->ct[v], &f->fresh[v], f->fresh[v].limbs, &err));
	}
	OK(ppdl_fullboot_run(f->fb, f->hb, &b->ev, f->ct, 2, &err));
}

static void
bench_full(Bench *b, const PpdlHalfBoot *hb, const PpdlFullBoot *fb)
{
	Full		f = {.hb = hb, .fb = fb};
	double complex *x[2];

	for (int v = 0; v < 2; v++)
	{
		PpdlPt		pt;

		x[v] = malloc(sizeof(*x[v]) * b->par->slots);
		for (size_t s = 0; s < b->par->slots; s++)
			x[v][s] = next_real();
		OK(ppdl_pt_alloc(&b->ev, &pt, PPDL_BOOT_FULL_LIMBS, &err));
		OK(ppdl_encode_slots(b->par, &pt, x[v], b->par->slots, PPDL_BOOT_FULL_SCALE, PPDL_BOOT_FULL_LIMBS, &err));
		OK(ppdl_encrypt_secret(&b->ev, &f.fresh[v], &pt, b->sk, b->rng, &err));
		ppdl_pt_release(&b->ev, &pt);
	}
	run_full(b, &f);			/* makes the keys */
	for (int threads = 1; threads <= MAX_THREADS; threads++)
	{
		double		t = timed(b, threads, run_full, &f),
					worst = 0;

		for (int v = 0; v < 2; v++)
		{
			OK(ppdl_decrypt_slots(&b->ev, &f.ct[v], b->sk, b->z, &err));
			for (size_t s = 0; s < b->par->slots; s++)
				worst = fmax(worst, cabs(b->z[s] - x[v][s]));
		}
		report("full_bootstrap", threads, t, worst, ppdl_fullboot_bytes(f.fb));
		if (threads == 1)
			print_over_floor(b, "full_bootstrap", t, run_full, &f);
	}
	for (int v = 0; v < 2; v++)
	{
		ppdl_ct_release(&b->ev, &f.ct[v]);
		ppdl_ct_release(&b->ev, &f.fresh[v]);
		free(x[v]);
	}
}

static void
bench_half(Bench *b)
{
	const size_t n = b->par->n;
	double	   *x = malloc(sizeof(double) * n);
	int64_t    *m = malloc(sizeof(*m) * n);
	Half		h = {0};
	PpdlFullBoot *fb;
	PpdlPt		pt;

	for (size_t c = 0; c < n; c++)
		m[c] = llround((x[c] = next_real()) * 0x1p42);
	OK(ppdl_pt_alloc(&b->ev, &pt, 1, &err));
	OK(ppdl_encode_coeffs(b->par, &pt, m, 0x1p42, 1, &err));
	OK(ppdl_encrypt_secret(&b->ev, &h.in, &pt, b->sparse, b->rng, &err));
	ppdl_pt_release(&b->ev, &pt);
	OK(ppdl_halfboot_create(&h.hb, &b->ev, &err));
	OK(ppdl_fullboot_create(&fb, &b->ev, &err));
	run_half(b, &h);			/* makes the keys */
	for (int threads = 1; threads <= MAX_THREADS; threads++)
	{
		double		t = timed(b, threads, run_half, &h),
					worst = 0;

		for (int i = 0; i < 2; i++)
		{
			OK(ppdl_decrypt_slots(&b->ev, &h.out[i], b->sk, b->z, &err));
			for (size_t s = 0; s < n / 2; s++)
				worst = fmax(worst, fabs(creal(b->z[s]) - x[ppdl_bitrev((uint32_t) s, b->par->logn - 1) +
															(size_t) i * n / 2]));
		}
		report("half_bootstrap", threads, t, worst, ppdl_halfboot_bytes(h.hb));
		if (threads == 1)
		{
			print_over_floor(b, "half_bootstrap", t, run_half, &h);
			bench_moments(b, 16, t, h.out);
			bench_moments(b, 32, t, h.out);
			bench_bits(b, &(Lifted) {h.hb, fb, t, h.out, x});
		}
		for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++)
			bench_numbers(b, &comparisons[i], threads, &(Lifted) {h.hb, fb, t, h.out, x});
	}
	for (int i = 0; i < 2; i++)
		ppdl_ct_release(&b->ev, &h.out[i]);
	ppdl_ct_release(&b->ev, &h.in);
	bench_full(b, h.hb, fb);
	ppdl_fullboot_destroy(fb);
	ppdl_halfboot_destroy(h.hb);
	free(x);
	free(m);
}

/* weights and momentum, each of one period */
typedef struct Weights
{
	PpdlSparseBoot *sb;
	PpdlCt		fresh[2],
				ct[2];
} Weights;

static void
run_weights(Bench *b, void *arg)
{
	Weights    *w = arg;

	for (int v = 0; v < 2; v++)
	{
		ppdl_ct_release(&b->ev, &w->ct[v]);
		OK(ppdl_ct_copy(&b->ev, &w->ct[v], &w->fresh[v], w->fresh[v].limbs, &err));
	}
	OK(ppdl_sparseboot_run(w->sb, &b->ev, w->ct, &err));
}

static void
bench_weights(Bench *b)
{
	double complex x[2][PERIOD];
	Weights		w = {0};

	for (int v = 0; v < 2; v++)
	{
		PpdlPt		pt;

		for (int s = 0; s < PERIOD; s++)
			x[v][s] = 0.7 * next_real() + 0.7 * I * next_real();
		OK(ppdl_pt_alloc(&b->ev, &pt, 2, &err));
		OK(ppdl_encode_slots(b->par, &pt, x[v], PERIOD, 0x1p40, 2, &err));
		OK(ppdl_encrypt_secret(&b->ev, &w.fresh[v], &pt, b->sk, b->rng, &err));
		ppdl_pt_release(&b->ev, &pt);
	}
	OK(ppdl_sparseboot_create(&w.sb, &b->ev, PERIOD, 2, 0x1p40, &err));
	run_weights(b, &w);
	for (int threads = 1; threads <= MAX_THREADS; threads++)
	{
		double		t = timed(b, threads, run_weights, &w),
					worst = 0;

		for (int v = 0; v < 2; v++)
		{
			OK(ppdl_decrypt_slots(&b->ev, &w.ct[v], b->sk, b->z, &err));
			for (size_t s = 0; s < b->par->slots; s++)
				worst = fmax(worst, cabs(b->z[s] - x[v][s % PERIOD]));
		}
		report("bootstrap_weights", threads, t, worst, ppdl_sparseboot_bytes(w.sb));
		if (threads == 1)
			print_over_floor(b, "bootstrap_weights", t, run_weights, &w);
	}
	for (int v = 0; v < 2; v++)
	{
		ppdl_ct_release(&b->ev, &w.ct[v]);
		ppdl_ct_release(&b->ev, &w.fresh[v]);
	}
	ppdl_sparseboot_destroy(w.sb);
}

/* training on 256 rows: as many steps as a bootstrap allows, and the one that follows them */
#define TILES 2

typedef struct Training
{
	int			tiles,
				steps;
	PpdlSlotLayout lay;
	PpdlSgd    *sgd;
	PpdlSparseBoot *sb;
	PpdlTile	tile[TILES];
	PpdlCt		fresh[2],		/* weights, momentum */
				ct[2];
} Training;

static void
encrypt_reals(Bench *b, PpdlCt *ct, size_t period, double most)
{
	PpdlPt		pt;

	for (size_t s = 0; s < period; s++)
		b->z[s] = most * next_real();
	OK(ppdl_pt_alloc(&b->ev, &pt, PPDL_BOOT_WORK_LIMBS, &err));
	OK(ppdl_encode_slots(b->par, &pt, b->z, period, PPDL_SGD_SCALE, PPDL_BOOT_WORK_LIMBS, &err));
	OK(ppdl_encrypt_secret(&b->ev, ct, &pt, b->sk, b->rng, &err));
	ppdl_pt_release(&b->ev, &pt);
}

static void
run_training(Bench *b, void *arg)
{
	Training   *t = arg;

	for (int v = 0; v < 2; v++)
	{
		ppdl_ct_release(&b->ev, &t->ct[v]);
		OK(ppdl_ct_copy(&b->ev, &t->ct[v], &t->fresh[v], t->fresh[v].limbs, &err));
	}
	for (int i = 0; i < t->steps; i++)
		OK(ppdl_sgd_step(t->sgd, &b->ev, &t->ct[0], &t->ct[1], t->tile, t->tiles, &err));
	OK(ppdl_sparseboot_run(t->sb, &b->ev, t->ct, &err));
}

/* 256 rows, or a ciphertext of them */
static void
training_init(Bench *b, Training *t, const char *spec)
{
	PpdlNet    *net;

	OK(ppdl_net_parse(&net, spec, &err));
	OK(ppdl_slot_layout(&t->lay, b->par, net, net->inputs, &err));
	t->tiles = t->lay.rows < 256 ? (int) (256 / t->lay.rows) : 1;
	t->steps = (PPDL_BOOT_WORK_LIMBS - 1) / t->lay.step_levels;
	assert(t->tiles <= TILES);
	OK(ppdl_sgd_create(&t->sgd, &t->lay, 0.3, 0.9, &err));
	OK(ppdl_sparseboot_create(&t->sb, &b->ev, t->lay.period, 2, PPDL_SGD_SCALE, &err));
	for (int v = 0; v < 2; v++)
		encrypt_reals(b, &t->fresh[v], t->lay.period, 0.1);
	for (int i = 0; i < t->tiles; i++)
	{
		encrypt_reals(b, &t->tile[i].x, b->par->slots, 1);
		encrypt_reals(b, &t->tile[i].y, b->par->slots, 1);
		t->tile[i].ordinal = calloc(t->lay.rows, sizeof(uint32_t));
		t->tile[i].count = (int) t->lay.rows;
	}
	ppdl_net_destroy(net);
	run_training(b, t);			/* makes the keys */
}

static void
training_free(Bench *b, Training *t)
{
	for (int v = 0; v < 2; v++)
	{
		ppdl_ct_release(&b->ev, &t->ct[v]);
		ppdl_ct_release(&b->ev, &t->fresh[v]);
	}
	for (int i = 0; i < t->tiles; i++)
		ppdl_tile_release(&b->ev, &t->tile[i]);
	ppdl_sparseboot_destroy(t->sb);
	ppdl_sgd_destroy(t->sgd);
}

static void
bench_training(Bench *b)
{
	Training	t = {0},
				linear = {0};
	double		time,
				linear_time;

	training_init(b, &t,
				  "{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":16,\"activation\":\"quadratic\"},{\"units\":1}]}");
	time = timed(b, 1, run_training, &t) / t.steps;
	printf("train_step_core_s\t%.2f\ts\t%zu rows, 16-16-1, half a bootstrap included, 1 thread\n", time,
		   (size_t) t.tiles * t.lay.rows);
	print_over_floor(b, "train_step", t.steps * time, run_training, &t);
	training_free(b, &t);

	training_init(b, &linear, "{\"inputs\":16,\"bias\":false,\"layers\":[{\"units\":1,\"activation\":\"tanh\"}]}");
	linear_time = timed(b, 1, run_training, &linear) / linear.steps;
	printf("train_linear_step_s\t%.2f\ts\tup to %zu rows, 16-1, tanh of degree 3, half a bootstrap included, 1 thread\n",
		   linear_time, linear.lay.rows);
	printf("train_linear_over_hidden\t%.2f\tratio\ttrain_linear_step_s over train_step_core_s\n", linear_time / time);
	training_free(b, &linear);
}

int
main(void)
{
	Bench		b = {0};

	setup(&b);
	bench_half(&b);
	bench_weights(&b);
	bench_training(&b);
	for (int i = 0; i < b.needs; i++)
		ppdl_switch_key_destroy(b.key[i]);
	ppdl_secret_destroy(b.sk);
	ppdl_secret_destroy(b.sparse);
	ppdl_rotset_destroy(b.rotations);
	ppdl_eval_fini(&b.ev);
	ppdl_threads_destroy(b.threads);
	ppdl_rng_destroy(b.rng);
	ppdl_pool_destroy(b.pool);
	free(b.z);
	return 0;
}
