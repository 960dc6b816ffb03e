/*
 * Speed of the ring floor: prints `name<TAB>value<TAB>unit<TAB>note`, one figure
 * a line.  Times are medians of runs that take turns between the levels, so that
 * ratios hold on a busy machine.
 */
#include <string.h>

#include "bench.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "ring/random.h"
#include "ring/ring.h"
#include "ring/rns.h"
#include "ring/vec.h"

#define RUNS 41
#define LEVELS PPDL_CPU_LEVELS

/* the primes of the deep ring: good for every N up to 2^16 */
static const uint64_t primes[] = {
	0x3ffffffd20001, 0x10000140001, 0xffffe80001, 0xffffc40001, 0x100003e0001, 0xffffb20001,
	0x10000500001, 0xffff940001, 0xffff8a0001, 0xffff820001, 0xffff780001, 0x10000960001,
	0x3ffffe80001, 0x3ffffd20001, 0x3ffffffb80001, 0x3fffffed60001, 0x3fffffec80001,
	0x3fffffebe0001, 0x3fffffea60001, 0x3fffffea40001, 0x3fffffe9e0001, 0x3fffffe9a0001,
	0x3fffffe940001, 0x3fffffe620001, 0xfffffffa0001, 0xfffffff00001, 0x10000001a0001,
	0x10000001e0001,
	0x3fffffe460001, 0x3fffffdd40001, 0x3fffffdce0001, 0x3fffffd900001, 0x3fffffd7a0001,
	0x3fffffd540001, 0x3fffffd500001, 0x3fffffd2a0001, 0x3fffffcc40001
};

#define COUNT ((int) (sizeof(primes) / sizeof(primes[0])))
#define TERMS 4
#define LONG_TERMS 16

typedef struct Work
{
	PpdlRing   *ring;
	PpdlBaseConv *bc;
	uint64_t   *loaded;
	uint64_t   *buf;			/* 2 * COUNT limbs */
	const uint64_t *a[COUNT],
			   *k0[COUNT],
			   *k1[COUNT];
	uint64_t   *out[COUNT];
	int			begun_by;		/* level whose inverse transforms are begun in the last ten of them */
	const uint32_t *perm;
} Work;

static int
by_value(const void *a, const void *b)
{
	double		x = *(const double *) a,
				y = *(const double *) b;

	return (x > y) - (x < y);
}

/* medians of the seconds that one call takes at each level that the processor has */
static void
measure(double seconds[LEVELS], void (*fn) (Work *), Work *w, int repeat)
{
	const int	runs = repeats(RUNS);
	double		run[LEVELS][RUNS];

	for (int r = 0; r < runs; r++)
		for (int level = 0; level <= (int) ppdl_cpu_best(); level++)
		{
			double		start;

			ppdl_cpu_force((PpdlCpu) level);
			fn(w);
			start = now();
			for (int i = 0; i < repeat; i++)
				fn(w);
			run[level][r] = (now() - start) / repeat;
		}
	for (int level = 0; level <= (int) ppdl_cpu_best(); level++)
	{
		qsort(run[level], (size_t) runs, sizeof(double), by_value);
		seconds[level] = run[level][runs / 2];
	}
	ppdl_cpu_force(ppdl_cpu_best());
}

/* name_<level>_<unit> and the speedups over the scalar twin, of the levels that the processor has */
static void
report(const char *name, const double seconds[LEVELS], double per, const char *unit, const char *note)
{
	for (int level = 0; level <= (int) ppdl_cpu_best(); level++)
		printf("%s_%s_%s\t%.4g\t%s\t%s\n", name, ppdl_cpu_name((PpdlCpu) level), unit, seconds[level] / per, unit,
			   note);
	for (int level = 1; level <= (int) ppdl_cpu_best(); level++)
	{
		const char *cpu = ppdl_cpu_name((PpdlCpu) level);

		printf("%s_%s_speedup\t%.3g\tx\tscalar time / %s time, %s\n", name, cpu, seconds[0] / seconds[level], cpu,
			   note);
	}
	fflush(stdout);
}

static void
run_ntt(Work *w)
{
	ppdl_ntt(w->ring, &w->ring->mod[0], w->buf);
}

static void
run_intt(Work *w)
{
	ppdl_intt(w->ring, &w->ring->mod[0], w->buf);
}

static void
run_ntt40(Work *w)
{
	ppdl_ntt(w->ring, &w->ring->mod[1], w->buf);
}

static void
run_intt40(Work *w)
{
	ppdl_intt(w->ring, &w->ring->mod[1], w->buf);
}

static void
run_dot(Work *w)
{
	ppdl_vec_dot(&w->ring->mod[0], &(PpdlDot) {{w->out[0], w->out[1]}, w->a, {w->k0, w->k1}, TERMS, 0}, w->ring->n);
}

static void
run_dot_long(Work *w)
{
	ppdl_vec_dot(&w->ring->mod[0], &(PpdlDot) {{w->out[0], w->out[1]}, w->a, {w->k0, w->k1}, LONG_TERMS, 0}, w->ring->n);
}

static void
run_mul(Work *w)
{
	ppdl_vec_mul(&w->ring->mod[0], w->out[0], w->a[0], w->a[1], w->ring->n);
}

static void
run_autom(Work *w)
{
	ppdl_autom_ntt(w->ring, w->out[0], w->a[0], w->perm);
}

static void
run_monomial(Work *w)
{
	ppdl_mul_monomial_ntt(w->ring, &w->ring->mod[0], w->out[0], w->a[0], 1);
}

static void
run_monomial_half(Work *w)
{
	ppdl_mul_monomial_ntt(w->ring, &w->ring->mod[0], w->out[0], w->a[0], (int64_t) w->ring->n / 2);
}

static void
run_baseconv(Work *w)
{
	uint64_t   *begun = w->out[COUNT - 10];

	for (int i = 0; i < 10 && w->begun_by != (int) ppdl_cpu(); i++)
		for (int part = 0; part < ppdl_ntt_parts(w->ring); part++)
			ppdl_intt_part(w->ring, &w->ring->mod[i], ppdl_limb(w->ring, begun, i), w->a[i], part);
	w->begun_by = (int) ppdl_cpu();
	ppdl_baseconv_load(w->bc, w->loaded, begun, 0, ppdl_baseconv_columns(w->bc));
	ppdl_baseconv_targets(w->bc, w->out[0], w->loaded, 0, COUNT - 10);
}

static void
run_xof(Work *w)
{
	static const uint8_t seed[PPDL_SEED_BYTES];

	if (ppdl_xof_uniform(&w->ring->mod[0], w->out[0], w->ring->n, seed, PPDL_XOF_KEY_A, 0, NULL) != PPDL_OK)
		abort();
}

static void
open_work(Work *w, int logn)
{
	static const int src[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
	int			dst[COUNT - 10];
	PpdlError	err;
	double		start = now();

	for (int i = 10; i < COUNT; i++)
		dst[i - 10] = i;
	if (ppdl_ring_create(&w->ring, logn, primes, COUNT, &err) != PPDL_OK)
	{
		fprintf(stderr, "bench_ring: %s\n", err.message);
		exit(1);
	}
	printf("ring_create_%d_s\t%.3g\ts\t%d primes, N = 2^%d\n", logn, now() - start, COUNT, logn);
	w->buf = ppdl_alloc_aligned(2 * COUNT * w->ring->n * sizeof(uint64_t));
	w->begun_by = -1;
	w->perm = ppdl_autom_table(w->ring, ppdl_galois_rotation(w->ring, 1));
	if (w->buf == NULL || w->perm == NULL ||
		ppdl_baseconv_create(&w->bc, w->ring, src, 10, dst, COUNT - 10, NULL) != PPDL_OK)
		abort();
	w->loaded = ppdl_alloc_aligned(ppdl_baseconv_words(w->bc) * sizeof(uint64_t));
	if (w->loaded == NULL)
		abort();
	for (int i = 0; i < COUNT; i++)
	{
		uint64_t   *limb = w->buf + (size_t) i * w->ring->n;
		const uint8_t seed[PPDL_SEED_BYTES] = {1, (uint8_t) i};

		if (ppdl_xof_uniform(&w->ring->mod[i], limb, w->ring->n, seed, PPDL_XOF_KEY_A, 0, NULL) != PPDL_OK)
			abort();
		w->a[i] = limb;
		w->out[i] = w->buf + (size_t) (COUNT + i) * w->ring->n;
	}
	/* the first prime is the largest: all are reduced for it */
	for (int i = 0; i < LONG_TERMS; i++)
	{
		w->k0[i] = w->a[1 + i];
		w->k1[i] = w->a[1 + LONG_TERMS + i];
	}
}

static void
close_work(Work *w)
{
	ppdl_baseconv_destroy(w->bc);
	ppdl_ring_destroy(w->ring);
	ppdl_free_aligned(w->buf);
	ppdl_free_aligned(w->loaded);
}

int
main(void)
{
	static Work w;
	double		s[LEVELS],
				n;

	open_work(&w, 14);
	n = (double) w.ring->n;
	measure(s, run_ntt, &w, 8);
	report("ntt", s, 1e-6, "us", "N = 2^14, 50-bit prime");
	measure(s, run_intt, &w, 8);
	report("intt", s, 1e-6, "us", "N = 2^14, 50-bit prime");
	measure(s, run_ntt40, &w, 8);
	report("ntt40", s, 1e-6, "us", "N = 2^14, 40-bit prime");
	measure(s, run_intt40, &w, 8);
	report("intt40", s, 1e-6, "us", "N = 2^14, 40-bit prime");
	measure(s, run_mul, &w, 20);
	report("vec_mul", s, 1e-9 * n, "ns", "a coefficient, N = 2^14");
	measure(s, run_dot, &w, 8);
	report("vec_dot", s, 1e-9 * n * 2 * TERMS, "ns", "a coefficient and term, 4 terms, two outputs, N = 2^14");
	measure(s, run_dot_long, &w, 2);
	report("vec_dot_long", s, 1e-9 * n * 2 * LONG_TERMS, "ns",
		   "a coefficient and term, 16 terms, two outputs, N = 2^14");
	measure(s, run_autom, &w, 20);
	report("autom_ntt", s, 1e-9 * n, "ns", "a coefficient, rotation by 1, N = 2^14");
	measure(s, run_monomial, &w, 8);
	report("monomial_1", s, 1e-9 * n, "ns", "a coefficient, X, N = 2^14");
	measure(s, run_monomial_half, &w, 8);
	report("monomial_half", s, 1e-9 * n, "ns", "a coefficient, X^(N/2), N = 2^14");
	measure(s, run_xof, &w, 4);
	printf("xof_gbs\t%.3g\tGB/s\tstream bytes consumed, %s, N = 2^14\n", 8e-9 * n / s[ppdl_cpu_best()],
		   ppdl_cpu_name(ppdl_cpu_best()));
	close_work(&w);

	open_work(&w, 16);
	n = (double) w.ring->n;
	measure(s, run_ntt, &w, 2);
	report("ntt16", s, 1e-6, "us", "N = 2^16, 50-bit prime");
	measure(s, run_intt, &w, 2);
	report("intt16", s, 1e-6, "us", "N = 2^16, 50-bit prime");
	measure(s, run_dot, &w, 2);
	report("vec_dot16", s, 1e-9 * n * 2 * TERMS, "ns", "a coefficient and term, 4 terms, two outputs, N = 2^16");
	close_work(&w);

	open_work(&w, 13);
	n = (double) w.ring->n;
	measure(s, run_baseconv, &w, 1);
	report("baseconv", s, 1e-9 * n * 10 * (COUNT - 10), "ns",
		   "a coefficient and pair of primes, 10 to 27 primes, N = 2^13");
	close_work(&w);
	return 0;
}
