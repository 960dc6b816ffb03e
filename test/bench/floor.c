#include "floor.h"

#include <math.h>
#include <string.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "bench.h"
#include "ring/kernels.h"
#include "ring/random.h"

const PpdlKernels *__real_ppdl_kernels(void);
const PpdlKernels *__wrap_ppdl_kernels(void);

typedef enum Kind
{
	NTT, NTT_FIRST, NTT_PART, INTT, INTT_PART, LOAD_COLUMNS, PERMUTE, ADD, SUB, NEG, MUL, MUL_ADD, MUL_W, MUL_W_ADD,
	SUB_MUL_W, ADD_W, REDUCE, SWITCH_MODULUS, DOT, DOT2, MUL_OUTER, UNPACK, COUNT_UNREDUCED, CONV_ROW, CONV_IN, CONV_OUT,
	ADD_SHIFTED
} Kind;

static const char *const kind_name[] = {
	"ntt", "ntt_first", "ntt_part", "intt", "intt_part", "load_columns", "permute", "add", "sub", "neg", "mul", "mul_add",
	"mul_w", "mul_w_add", "sub_mul_w", "add_w", "reduce", "switch_modulus", "dot", "dot2", "mul_outer", "unpack",
	"count_unreduced", "conv_row", "conv_in", "conv_out", "add_shifted"
};

/* calls that take the same time for a coefficient */
typedef struct Entry
{
	Kind		kind;
	int			terms,
				narrow;			/* transforms: a prime of at most 45 bits, for which one kernel has a faster form */
	size_t		n;				/* coefficients that are timed */
	const PpdlModulus *m;		/* of the first such call, the copy here: that of a subring is gone after it; or NULL */
	PpdlModulus modulus;
	PpdlNttTables tables;
	double		calls,
				coefficients;
} Entry;

#define MAX_ENTRIES 256
#define L1_BYTES (24 * 1024)	/* of 32 kB: there is a stack, too */
#define NARROW_BITS 45

static Entry entry[MAX_ENTRIES];
static int	entries,
			counting;

static int
is_transform(Kind kind)
{
	return kind <= LOAD_COLUMNS;
}

/* words that a call reads or writes for each coefficient */
static size_t
words(Kind kind, int terms)
{
	switch (kind)
	{
		case DOT:
			return (size_t) 2 * terms + 1;
		case DOT2:
			return (size_t) 3 * terms + 2;
		case CONV_OUT:
			return (size_t) terms + 1;
		default:
			return 3;
	}
}

static size_t
timed_length(Kind kind, int terms, size_t n)
{
	size_t		fit = L1_BYTES / (sizeof(uint64_t) * words(kind, terms)) / 32 * 32;

	if (is_transform(kind))
		return n;
	if (kind == CONV_OUT && fit > PPDL_CONV_BLOCK)
		fit = PPDL_CONV_BLOCK;
	if (fit < 32)
		fit = 32;
	return n < fit ? n : fit;
}

static void
keep_modulus(Entry *e, const PpdlModulus *m)
{
	if (m == NULL)
		return;
	e->modulus = *m;
	e->tables = *m->ntt;
	e->modulus.ntt = &e->tables;
	e->m = &e->modulus;
}

static void
count(Kind kind, const PpdlModulus *m, int terms, size_t n)
{
	const int	narrow = is_transform(kind) && m->bits <= NARROW_BITS;
	const size_t timed = timed_length(kind, terms, n);
	Entry	   *e = entry;

	while (e < entry + entries &&
		   (e->kind != kind || e->terms != terms || e->narrow != narrow || e->n != timed))
		e++;
	if (e == entry + entries)
	{
		if (entries++ == MAX_ENTRIES)
		{
			fprintf(stderr, "floor: more than %d kinds of calls\n", MAX_ENTRIES);
			exit(1);
		}
		*e = (Entry) {.kind = kind, .terms = terms, .narrow = narrow, .n = timed};
		keep_modulus(e, m);
	}
	e->calls++;
	e->coefficients += (double) n;
}

/* ---- the counting table ---- */

_Static_assert(sizeof(PpdlKernels) == 26 * sizeof(void (*) (void)), "a kernel that is not counted here");

#define REAL (__real_ppdl_kernels())
#define ARGS(...) __VA_ARGS__
#define COUNTED(name, KIND, terms, n, parameters, arguments) \
	static void \
	count_##name(parameters) \
	{ \
		count(KIND, m, terms, n); \
		REAL->name(arguments); \
	}

typedef const PpdlModulus *Mod;
typedef uint64_t *Out;
typedef const uint64_t *In;

COUNTED(ntt, NTT, 0, m->ntt->n, ARGS(Mod m, Out a), ARGS(m, a))
COUNTED(ntt_first, NTT_FIRST, 0, PPDL_NTT_PARTS * n, ARGS(Mod m, Out out, In in, size_t from, size_t n),
		ARGS(m, out, in, from, n))
COUNTED(ntt_part, NTT_PART, 0, m->ntt->n / PPDL_NTT_PARTS, ARGS(Mod m, Out a, int part, PpdlAhead *ahead),
		ARGS(m, a, part, ahead))
COUNTED(intt, INTT, 0, m->ntt->n, ARGS(Mod m, Out a), ARGS(m, a))
COUNTED(intt_part, INTT_PART, 0, m->ntt->n / PPDL_NTT_PARTS, ARGS(Mod m, Out out, In in, int part),
		ARGS(m, out, in, part))
COUNTED(load_columns, LOAD_COLUMNS, 0, PPDL_NTT_PARTS * n,
		ARGS(Mod m, const PpdlLoad *l, In in, size_t from, size_t n), ARGS(m, l, in, from, n))
COUNTED(add, ADD, 0, n, ARGS(Mod m, Out out, In a, In b, size_t n), ARGS(m, out, a, b, n))
COUNTED(sub, SUB, 0, n, ARGS(Mod m, Out out, In a, In b, size_t n), ARGS(m, out, a, b, n))
COUNTED(neg, NEG, 0, n, ARGS(Mod m, Out out, In a, size_t n), ARGS(m, out, a, n))
COUNTED(mul, MUL, 0, n, ARGS(Mod m, Out out, In a, In b, size_t n), ARGS(m, out, a, b, n))
COUNTED(mul_add, MUL_ADD, 0, n, ARGS(Mod m, Out acc, In a, In b, size_t n), ARGS(m, acc, a, b, n))
COUNTED(mul_w, MUL_W, 0, n, ARGS(Mod m, Out out, In a, uint64_t w, uint64_t wq, size_t n), ARGS(m, out, a, w, wq, n))
COUNTED(mul_w_add, MUL_W_ADD, 0, n, ARGS(Mod m, Out acc, In a, uint64_t w, uint64_t wq, size_t n),
		ARGS(m, acc, a, w, wq, n))
COUNTED(sub_mul_w, SUB_MUL_W, 0, n, ARGS(Mod m, Out out, In a, In b, uint64_t w, uint64_t wq, size_t n),
		ARGS(m, out, a, b, w, wq, n))
COUNTED(add_w, ADD_W, 0, n, ARGS(Mod m, Out out, In a, uint64_t w, size_t n), ARGS(m, out, a, w, n))
COUNTED(reduce, REDUCE, 0, n, ARGS(Mod m, Out out, In in, size_t n), ARGS(m, out, in, n))
COUNTED(switch_modulus, SWITCH_MODULUS, 0, n, ARGS(Mod m, Out out, Mod from, In in, size_t n),
		ARGS(m, out, from, in, n))
COUNTED(dot, d->out[1] == NULL ? DOT : DOT2, d->terms, n, ARGS(Mod m, const PpdlDot *d, size_t n), ARGS(m, d, n))
COUNTED(mul_outer, MUL_OUTER, 0, 8 * blocks,
		ARGS(Mod m, Out out, In in, In s, In sq, In b, In bq, size_t blocks), ARGS(m, out, in, s, sq, b, bq, blocks))
COUNTED(conv_in, CONV_IN, 0, n,
		ARGS(Mod m, Out y, Out frac, In x, uint64_t w, uint64_t wq, uint64_t c, size_t n),
		ARGS(m, y, frac, x, w, wq, c, n))
COUNTED(conv_out, CONV_OUT, terms, n, ARGS(Mod m, Out out, In y, In k, int terms, size_t n),
		ARGS(m, out, y, k, terms, n))

static void
count_permute(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	count(PERMUTE, NULL, 0, n);
	REAL->permute(out, in, perm, n);
}

static void
count_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	count(UNPACK, NULL, 0, n);
	REAL->unpack(out, in, n);
}

static size_t
count_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	count(COUNT_UNREDUCED, m, 0, n);
	return REAL->count_unreduced(m, a, n);
}

static void
count_add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n)
{
	count(ADD_SHIFTED, NULL, 0, n);
	REAL->add_shifted(acc, a, e, n);
}

static void
count_conv_row(uint64_t *y, const uint64_t *x, int shift, size_t n)
{
	count(CONV_ROW, NULL, 0, n);
	REAL->conv_row(y, x, shift, n);
}

static const PpdlKernels counted = {
	.ntt = count_ntt,
	.ntt_first = count_ntt_first,
	.ntt_part = count_ntt_part,
	.intt = count_intt,
	.intt_part = count_intt_part,
	.load_columns = count_load_columns,
	.permute = count_permute,
	.add = count_add,
	.sub = count_sub,
	.neg = count_neg,
	.mul = count_mul,
	.mul_add = count_mul_add,
	.mul_w = count_mul_w,
	.mul_w_add = count_mul_w_add,
	.sub_mul_w = count_sub_mul_w,
	.add_w = count_add_w,
	.reduce = count_reduce,
	.switch_modulus = count_switch_modulus,
	.dot = count_dot,
	.mul_outer = count_mul_outer,
	.unpack = count_unpack,
	.count_unreduced = count_count_unreduced,
	.conv_row = count_conv_row,
	.conv_in = count_conv_in,
	.conv_out = count_conv_out,
	.add_shifted = count_add_shifted,
};

const PpdlKernels *
__wrap_ppdl_kernels(void)
{
	return counting ? &counted : __real_ppdl_kernels();
}

/* ---- timing ---- */

#define TRIES 31
#define TRY_SECONDS 3e-5

static uint64_t data[L1_BYTES / sizeof(uint64_t) + 4096] __attribute__((aligned(64)));
static uint32_t perm[1024];

/* one call on the first-level cache; transforms: of degree 2^10, or of the full one in buf */
static void
call(const Entry *e, const PpdlModulus *m, uint64_t *buf)
{
	const PpdlKernels *k = REAL;
	const size_t n = e->n;
	const uint64_t *in[MAX_ENTRIES],
			   *k0[MAX_ENTRIES],
			   *k1[MAX_ENTRIES];
	uint64_t   *x = data,
			   *y = data + n,
			   *z = data + 2 * n;

	for (int i = 0; i < e->terms && i < MAX_ENTRIES && (e->kind == DOT || e->kind == DOT2); i++)
	{
		in[i] = data + (size_t) (2 + i) * n;
		k0[i] = data + (size_t) (2 + e->terms + i) * n;
		k1[i] = e->kind == DOT2 ? data + (size_t) (2 + 2 * e->terms + i) * n : NULL;
	}
	switch (e->kind)
	{
		case NTT:
			k->ntt(m, buf);
			break;
		case NTT_FIRST:
			k->ntt_first(m, buf, data, 0, n / PPDL_NTT_PARTS);
			break;
		case NTT_PART:
			k->ntt_part(m, buf, 0, NULL);
			break;
		case INTT:
			k->intt(m, buf);
			break;
		case INTT_PART:
			k->intt_part(m, buf, buf, 0);
			break;
		case LOAD_COLUMNS:
			k->load_columns(m, &(PpdlLoad) {.y = data, .frac = data + n, .apart = n / PPDL_NTT_PARTS,
											.sum = 12345, .sumq = ppdl_shoup(m, 12345), .diff = 12345,
											.diffq = ppdl_shoup(m, 12345), .c = 12345}, buf, 0, n / PPDL_NTT_PARTS);
			break;
		case PERMUTE:
			k->permute(x, y, perm, n);
			break;
		case ADD:
			k->add(m, x, y, z, n);
			break;
		case SUB:
			k->sub(m, x, y, z, n);
			break;
		case NEG:
			k->neg(m, x, y, n);
			break;
		case MUL:
			k->mul(m, x, y, z, n);
			break;
		case MUL_ADD:
			k->mul_add(m, x, y, z, n);
			break;
		case MUL_W:
			k->mul_w(m, x, y, 12345, ppdl_shoup(m, 12345), n);
			break;
		case MUL_W_ADD:
			k->mul_w_add(m, x, y, 12345, ppdl_shoup(m, 12345), n);
			break;
		case SUB_MUL_W:
			k->sub_mul_w(m, x, y, z, 12345, ppdl_shoup(m, 12345), n);
			break;
		case ADD_W:
			k->add_w(m, x, y, 12345, n);
			break;
		case REDUCE:
			k->reduce(m, x, y, n);
			break;
		case SWITCH_MODULUS:
			k->switch_modulus(m, x, m, y, n);
			break;
		case DOT:
			k->dot(m, &(PpdlDot) {.out = {x}, .a = in, .k = {k0}, .terms = e->terms}, n);
			break;
		case DOT2:
			k->dot(m, &(PpdlDot) {.out = {x, y}, .a = in, .k = {k0, k1}, .terms = e->terms}, n);
			break;
		case MUL_OUTER:
			k->mul_outer(m, x, y, z, z, z, z, n / 8);
			break;
		case UNPACK:
			k->unpack(x, (const uint8_t *) y, n);
			break;
		case COUNT_UNREDUCED:
			k->count_unreduced(m, x, n);
			break;
		case CONV_ROW:
			k->conv_row(x, y, 0, n);
			break;
		case CONV_IN:
			k->conv_in(m, x, y, z, 12345, ppdl_shoup(m, 12345), 12345, n);
			break;
		case CONV_OUT:
			k->conv_out(m, data, data + PPDL_CONV_BLOCK, data, e->terms, n);
			break;
		case ADD_SHIFTED:
			k->add_shifted(x, y, n / 3, n);
			break;
	}
}

/* the least of some tries, as what is compared with it is */
static double
seconds_of_call(const Entry *e, const PpdlModulus *m, uint64_t *buf)
{
	int			repeat = 1;
	double		best = INFINITY;

	for (int i = 0; i < repeats(TRIES); i++)
	{
		double		start = now(),
					t;

		for (int r = 0; r < repeat; r++)
			call(e, m, buf);
		t = now() - start;
		best = fmin(best, t / repeat);
		if (t < TRY_SECONDS && repeats(TRIES) > 1)
		{
			repeat *= 2;
			best = INFINITY;
			i = -1;
		}
	}
	return best;
}

static void
fill(uint64_t *x, size_t n, uint64_t below)
{
	uint64_t	state = 1;

	for (size_t i = 0; i < n; i++)
	{
		state = state * UINT64_C(6364136223846793005) + 1442695040888963407u;
		x[i] = (state >> 14) % below;
	}
}

/*
 * A transform of 2^10 points lies in the first-level cache with its roots; its time for a butterfly stands for all.
 * Larger ones can be quicker than that, as fewer of their stages are the short ones: then their own time, on data that
 * was just used, is the floor; and always for LOAD_COLUMNS, which does more than its butterflies.
 */
static double
seconds_of_transform(const Entry *e)
{
	enum { LOGN = 10 };
	const int	inverse = e->kind >= INTT,
				part = e->kind == NTT_PART || e->kind == INTT_PART,
				few = e->kind == NTT_FIRST || e->kind == LOAD_COLUMNS,
				logn = few ? PPDL_NTT_FIRST : e->m->ntt->logn - (part ? PPDL_NTT_FIRST : 0);
	const Entry whole = {.kind = inverse ? INTT : NTT, .n = (size_t) 1 << LOGN};
	PpdlRing   *ring;
	uint64_t   *buf = ppdl_alloc_aligned(e->m->ntt->n * sizeof(uint64_t));
	double		small,
				full;

	if (buf == NULL)
		abort();
	OK(ppdl_ring_create(&ring, LOGN, &e->m->q, 1, &err));
	fill(data, (size_t) 1 << LOGN, e->m->q);
	small = seconds_of_call(&whole, &ring->mod[0], data) * (double) e->n * logn / ((double) ring->n * LOGN);
	fill(buf, e->m->ntt->n, e->m->q);
	for (int p = 0; e->kind == LOAD_COLUMNS && p < PPDL_NTT_PARTS; p++)
		REAL->intt_part(e->m, buf, buf, p);
	full = seconds_of_call(e, e->m, buf);
	ppdl_ring_destroy(ring);
	ppdl_free_aligned(buf);
	if (getenv("PPDL_BENCH_CALLS") != NULL)
		fprintf(stderr, "%s: %.1f us from the first-level cache, %.1f us itself\n", kind_name[e->kind], small * 1e6,
				full * 1e6);
	return e->kind == LOAD_COLUMNS ? full : fmin(small, full);
}

/* for one coefficient */
static double
seconds_of(const Entry *e)
{
	static uint64_t any_prime;

	if (is_transform(e->kind))
		return seconds_of_transform(e) / (double) e->n;
	any_prime = e->m != NULL ? e->m->q : UINT64_C(1) << 40;
	fill(data, sizeof(data) / sizeof(data[0]), any_prime);
	if (e->kind == CONV_OUT)
		REAL->conv_row(data + PPDL_CONV_BLOCK, data + PPDL_CONV_BLOCK, 0, sizeof(data) / sizeof(data[0]) - PPDL_CONV_BLOCK);
	for (uint32_t i = 0; i < 1024; i++)
		perm[i] = i ^ 0x155;
	return seconds_of_call(e, e->m, data) / (double) e->n;
}

void
floor_begin(void)
{
	entries = 0;
	counting = 1;
}

double
floor_end(const char *name)
{
	double		sum = 0;

	counting = 0;
	for (int i = 0; i < entries; i++)
	{
		const Entry *e = &entry[i];
		double		t = e->coefficients * seconds_of(e);

		sum += t;
		if (getenv("PPDL_BENCH_CALLS") != NULL)
			fprintf(stderr, "%s: %-14s terms %2d%s, %.0f calls, %.4g coefficients, %.3f ms\n", name, kind_name[e->kind],
					e->terms, e->narrow ? " narrow" : "", e->calls, e->coefficients, t * 1e3);
	}
	return sum;
}

void
floor_print(const char *name, double t, double floor)
{
	printf("%s_over_floor\t%.3f\tx\t%.4g ms over %.4g ms, its kernel calls on data in the first-level cache, %s\n", name,
		   t / floor, t * 1e3, floor * 1e3, ppdl_cpu_name(ppdl_cpu()));
	fflush(stdout);
}
