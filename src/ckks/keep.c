/*
 * With M = 2^places, the automorphisms d = 1 mod 2N/M form a group of M, and with m_d = sum over r in S of X^(r(1-d))
 *
 *   M * (the coefficients whose index is in S modulo M) = sum over d of m_d * sigma_d(ct),
 *
 * as sigma_d multiplies what stands at X^r by a power of X^(2N/M), a root of unity of order M.  All of it is integers,
 * so that what is cleared is gone without a trace.  The group is a product: 32 rotations by multiples of N/64, "babies"
 * b, and M/32 products e of numbers 2^j + 1, "giants".  The sum is sum_e sigma_e(sum_b sigma_e^-1(m_be) * sigma_b(ct)):
 * eight babies share a decomposition and are not divided by P, inner sums of all ciphertexts are added up before a
 * giant step, and this divides only the half that it switches (Bossuat et al. 2021, §4.1).
 *
 * In the NTT domain multipliers are looked up: sigma_e^-1(m_be) at psi^u is the value of sum_r Y^r at the power
 * u * (1/e - b) of psi, which is one of M.
 */
#include "ckks/keep.h"

#include <math.h>
#include <string.h>

#include "ckks/eval_impl.h"
#include "ckks/keys_impl.h"
#include "ckks/keyswitch.h"
#include "ring/vec.h"

#define BABIES (1 << PPDL_KEEP_LOG_BABIES)
/* babies with one decomposition */
#define HOISTED 8
#define SOURCES (BABIES / HOISTED)
/* entries of both halves that are combined at a time */
#define RUN (PPDL_COMBINE_STRIDE / 2)
#define LEAST_LOGRUN 3
#define BLOCK 256

/* an input: its rotations by multiples of HOISTED babies */
typedef struct Input
{
	PpdlCt		source[SOURCES];
	PpdlDigits	digits[SOURCES];
	const uint8_t *keep;
	uint64_t   *values;			/* for each limb over QP, see fill_values */
	uint32_t	kept;
} Input;

/* of one thread */
typedef struct Scratch
{
	uint64_t   *pb,				/* a limb: P * b of each source */
			   *basis;			/* a block of all babies of all inputs, as ppdl_vec_combine takes them */
	const uint64_t *(*digit)[PPDL_MAX_DIGITS];	/* of each source, in that limb */
} Scratch;

typedef struct Keeping
{
	PpdlEval   *ev;
	const PpdlParams *par;
	const PpdlKsPlan *ks;
	int			places,
				limbs,
				logrun,
				giants;
	Input	   *input;
	int			inputs;
	const PpdlSwitchKey *key[HOISTED];	/* of babies 1 .. */
	const uint32_t *perm[HOISTED];
	uint32_t   *shift,			/* of a giant e, (1/e - 1) / (2N/M) modulo M */
				turn[BABIES];	/* of a baby b, (b - 1) / (2N/32) modulo 32 */
	PpdlOverQp *sum;			/* of each giant */
	uint8_t    *empty;			/* sums that are zero */
	Scratch    *scratch;
	int			workers,
				next_limb;		/* atomic */
} Keeping;

int
ppdl_keep_has_places(const PpdlParams *par, int places)
{
	/* runs of equal multipliers are vectors */
	return par->np > 0 && places > PPDL_KEEP_LOG_BABIES && places <= PPDL_KEEP_MOST_PLACES &&
		par->logn - places + 1 >= LEAST_LOGRUN;
}

/* ---- which automorphisms ---- */

static int
stride(const PpdlParams *par)
{
	return (int) (par->n >> (PPDL_KEEP_LOG_BABIES + 1));
}

/* the Galois element of bit i of a giant's number */
static uint32_t
giant_bit(const Keeping *op, int i)
{
	return (2u << (op->par->logn - op->places + i)) + 1;
}

static uint32_t
giant_element(const Keeping *op, int giant)
{
	const uint32_t mask = (uint32_t) (2 * op->par->n - 1);
	uint32_t	d = 1;

	for (int i = 0; giant >> i != 0; i++)
		if (giant >> i & 1)
			d = d * giant_bit(op, i) & mask;
	return d;
}

/* d odd, modulo 2^32 */
static uint32_t
inverse(uint32_t d)
{
	uint32_t	x = d;			/* right to three bits */

	for (int i = 0; i < 4; i++)
		x *= 2 - d * x;
	return x;
}

/* (1/e - b) / (2N/M) of giant e and baby b is shift[e] - turn[b] * M/32, modulo M */
static void
find_shifts(Keeping *op)
{
	const uint32_t unit = (uint32_t) (2 * op->par->n >> op->places),
				mask = (1u << op->places) - 1;

	for (int e = 0; e < op->giants; e++)
		op->shift[e] = (inverse(giant_element(op, e)) - 1) / unit & mask;
	for (int b = 0; b < BABIES; b++)
		op->turn[b] = (ppdl_galois_rotation(op->par->ring, stride(op->par) * b) - 1) /
			(uint32_t) (2 * op->par->n >> PPDL_KEEP_LOG_BABIES);
}

/* is sum_r Y^r zero at all powers of the root whose exponent has `twos` factors 2? */
static int
vanishes(const Keeping *op, const Input *in, int twos)
{
	const uint32_t all = 1u << op->places,
				half = all >> (twos + 1);

	if (half == 0)
		return in->kept == 0;
	for (uint32_t r = 0; r < half; r++)
	{
		int			sum = 0;

		for (uint32_t i = r; i < all; i += half)
			sum += (i / half & 1) != 0 ? -in->keep[i] : in->keep[i];
		if (sum != 0)
			return 0;
	}
	return 1;
}

/* giants are never 0 modulo babies: all terms of one have shifts with as many factors 2 as its number */
static void
find_empty(const Keeping *op)
{
	for (int e = 1; e < op->giants; e++)
	{
		op->empty[e] = 1;
		for (int i = 0; i < op->inputs; i++)
			op->empty[e] &= (uint8_t) vanishes(op, &op->input[i], __builtin_ctz((unsigned) e));
	}
}

/* ---- multipliers ---- */

/* values[brv(x)] = sum_r keep[r] * root^(r*x), root of order 2^log */
static void
evaluate(const PpdlModulus *m, uint64_t *values, const uint8_t *keep, uint64_t root, int log)
{
	const uint32_t all = 1u << log;
	uint64_t	w;

	for (uint32_t i = 0; i < all; i++)
		values[i] = keep[i];
	for (uint32_t half = all / 2; half > 0; half /= 2, root = ppdl_mod_mul(m, root, root))
	{
		w = 1;
		for (uint32_t j = 0; j < half; j++, w = ppdl_mod_mul(m, w, root))
			for (uint32_t i = j; i < all; i += 2 * half)
			{
				uint64_t	x = values[i],
							y = values[i + half];

				values[i] = ppdl_mod_add(m, x, y);
				values[i + half] = ppdl_mod_mul(m, ppdl_mod_sub(m, x, y), w);
			}
	}
}

/*
 * Of each limb: the value at the x-th power of the root, of x = low + M/32 * high, at low * 64 + high and again 32
 * behind.  So multipliers of all babies for one giant and one run lie one behind the other, from that of shift[e] * u
 * on, if baby b comes at -turn[b] * u modulo 32.
 */
#define VALUES_OF(limb, places) ((size_t) (limb) << ((places) + 1))

static PpdlStatus
fill_values(const Keeping *op, Input *in, PpdlError *err)
{
	const uint64_t unit = 2 * op->par->n >> op->places;
	const uint32_t all = 1u << op->places;
	const int	low = op->places - PPDL_KEEP_LOG_BABIES;
	uint64_t   *reversed = ppdl_pool_get(op->ev->pool, all * sizeof(uint64_t));

	in->values = ppdl_pool_get(op->ev->pool, VALUES_OF(op->ks->total, op->places) * sizeof(uint64_t));
	if (reversed == NULL || in->values == NULL)
	{
		ppdl_pool_put(op->ev->pool, reversed);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	for (int t = 0; t < op->ks->total; t++)
	{
		const PpdlModulus *m = ppdl_qp_mod(op->par, op->limbs, t);

		evaluate(m, reversed, in->keep, ppdl_mod_pow(m, m->psi, unit), op->places);
		for (uint32_t x = 0; x < all; x++)
		{
			uint64_t   *to = in->values + VALUES_OF(t, op->places) + (x & ((1u << low) - 1)) * 2 * BABIES + (x >> low);

			to[0] = to[BABIES] = reversed[ppdl_bitrev(x, op->places)];
		}
	}
	ppdl_pool_put(op->ev->pool, reversed);
	return PPDL_OK;
}

/* ---- inner sums ---- */

/* entries that are worked on at a time */
static size_t
block_size(const PpdlParams *par)
{
	return ppdl_key_block(par) < BLOCK ? ppdl_key_block(par) : BLOCK;
}

/* entries of a block with one multiplier, or as many as fit */
static size_t
run_size(const Keeping *op)
{
	return (size_t) 1 << op->logrun < RUN ? (size_t) 1 << op->logrun : RUN;
}

/* u of the entries of a run */
static uint32_t
exponent(const Keeping *op, size_t from)
{
	return 2 * ppdl_bitrev((uint32_t) (from >> op->logrun), op->places - 1) + 1;
}

/* entries from .. of a baby of an input, both halves, to where ppdl_vec_combine finds them */
static void
store_block(const Keeping *op, uint64_t *basis, int input, int baby, size_t from, const uint64_t *b, const uint64_t *a)
{
	const size_t n = run_size(op);

	for (size_t k = 0; k < block_size(op->par); k += n, basis += (size_t) op->inputs * BABIES * PPDL_COMBINE_STRIDE)
	{
		const size_t at = (size_t) input * BABIES + (-exponent(op, from + k) * op->turn[baby] & (BABIES - 1));

		ppdl_vec_row(basis + at * PPDL_COMBINE_STRIDE, b + k, n);
		ppdl_vec_row(basis + at * PPDL_COMBINE_STRIDE + n, a + k, n);
	}
}

/* the sources themselves, times P, as babies */
static void
store_sources(const Keeping *op, int t, size_t from, const Scratch *s)
{
	const PpdlParams *par = op->par;
	const size_t n = block_size(par);
	uint64_t	b[BLOCK] __attribute__((aligned(64))) = {0},
				a[BLOCK] __attribute__((aligned(64))) = {0};

	for (int i = 0; i < op->inputs * SOURCES; i++)
	{
		const PpdlCt *source = &op->input[i / SOURCES].source[i % SOURCES];

		if (t < op->limbs)
		{
			memcpy(b, ppdl_cat(par, s->pb, i) + from, n * sizeof(uint64_t));
			ppdl_vec_mul_scalar(&par->ring->mod[t], a, ppdl_cat(par, source->a, t) + from, op->ks->p_mod[t], n);
		}
		store_block(op, s->basis, i / SOURCES, i % SOURCES * HOISTED, from, b, a);
	}
}

/* half h of digit j of a baby's key, limb t over QP */
static const uint8_t *
key_block(const Keeping *op, int baby, int j, int h, int t, size_t from)
{
	const PpdlSwitchKey *key = op->key[baby];
	const int	at = j * (key->limbs + key->np) + (t < op->limbs ? t : key->limbs + t - op->limbs);

	return ppdl_key_limb(key, h == 0 ? key->b : key->a, at) + ppdl_vec_packed_bytes(from);
}

/* a baby of all sources: entries from .. of limb t over QP */
static void
rotate_sources(const Keeping *op, int baby, int t, size_t from, const Scratch *s)
{
	const PpdlParams *par = op->par;
	const PpdlModulus *m = ppdl_qp_mod(par, op->limbs, t);
	const int	digits = op->ks->ndigits;
	const size_t n = block_size(par),
				at = ppdl_autom_source(op->perm[baby], from, n);
	uint64_t	key[2][PPDL_MAX_DIGITS][BLOCK] __attribute__((aligned(64))),
				product[2][BLOCK] __attribute__((aligned(64))),
				rotated[2][BLOCK] __attribute__((aligned(64)));
	const uint64_t *half[2][PPDL_MAX_DIGITS],
			   *digit[PPDL_MAX_DIGITS];
	PpdlAhead	ahead;

	ppdl_ahead_begin(&ahead);
	if (baby + 1 < HOISTED)
		ppdl_digits_ahead(op->ks, op->key[baby + 1], t, ppdl_autom_source(op->perm[baby + 1], from, n), n, &ahead);
	ppdl_ahead_share(&ahead, (size_t) (op->inputs * SOURCES));
	for (int j = 0; j < digits; j++)
		for (int h = 0; h < 2; h++)
		{
			ppdl_vec_unpack(key[h][j], key_block(op, baby, j, h, t, at), n);
			half[h][j] = key[h][j];
		}
	for (int i = 0; i < op->inputs * SOURCES; i++)
	{
		for (int j = 0; j < digits; j++)
			digit[j] = s->digit[i][j] + at;
		ppdl_vec_dot(m, &(PpdlDot) {.out = {product[0], product[1]}, .a = digit, .k = {half[0], half[1]},
								  .terms = digits}, n);
		if (t < op->limbs)
			ppdl_vec_add(m, product[0], product[0], ppdl_cat(par, s->pb, i) + at, n);
		for (int h = 0; h < 2; h++)
			ppdl_autom_block(rotated[h], product[h], op->perm[baby] + from, n);
		store_block(op, s->basis, i / SOURCES, i % SOURCES * HOISTED + baby, from, rotated[0], rotated[1]);
		ppdl_ahead_piece(&ahead);
	}
}

/* a run of the sum of one giant */
static void
sum_run(const Keeping *op, int giant, int t, size_t from, const uint64_t *basis)
{
	const PpdlModulus *m = ppdl_qp_mod(op->par, op->limbs, t);
	const size_t n = run_size(op);
	const int	low = op->places - PPDL_KEEP_LOG_BABIES;
	const uint32_t first = exponent(op, from) * op->shift[giant] & ((1u << op->places) - 1);
	const size_t at = VALUES_OF(t, op->places) + (size_t) (first & ((1u << low) - 1)) * 2 * BABIES + (first >> low);
	uint64_t	all[PPDL_COMBINE_STRIDE] __attribute__((aligned(64))),
				one[PPDL_COMBINE_STRIDE] __attribute__((aligned(64)));

	for (int i = 0; i < op->inputs; i++)
	{
		ppdl_vec_combine(m, i == 0 ? all : one, basis + (size_t) i * BABIES * PPDL_COMBINE_STRIDE,
						 op->input[i].values + at, BABIES, 2 * n);
		if (i > 0)
			ppdl_vec_add(m, all, all, one, 2 * n);
	}
	memcpy(ppdl_at(op->par, op->sum[giant].b, t) + from, all, n * sizeof(uint64_t));
	memcpy(ppdl_at(op->par, op->sum[giant].a, t) + from, all + n, n * sizeof(uint64_t));
}

static void
sum_limb(const Keeping *op, int t, const Scratch *s)
{
	const PpdlParams *par = op->par;
	const size_t block = block_size(par),
				n = run_size(op);

	for (int i = 0; i < op->inputs * SOURCES; i++)
	{
		const Input *in = &op->input[i / SOURCES];
		PpdlDigitLimbs g;

		ppdl_digits_limbs(par, &g, &in->digits[i % SOURCES], t, 1, NULL);
		memcpy(s->digit[i], g.x[0], (size_t) op->ks->ndigits * sizeof(g.x[0][0]));
		if (t < op->limbs)
			ppdl_vec_mul_scalar(&par->ring->mod[t], ppdl_at(par, s->pb, i), ppdl_cat(par, in->source[i % SOURCES].b, t),
								op->ks->p_mod[t], par->n);
	}
	for (size_t from = 0; from < par->n; from += block)
	{
		store_sources(op, t, from, s);
		for (int b = 1; b < HOISTED; b++)
			rotate_sources(op, b, t, from, s);
		for (size_t k = 0; k < block; k += n)
			for (int e = 0; e < op->giants; e++)
				if (!op->empty[e])
					sum_run(op, e, t, from + k, s->basis + k / n * (size_t) op->inputs * BABIES * PPDL_COMBINE_STRIDE);
	}
}

static void
work_on_sums(void *arg, int worker)
{
	Keeping    *op = arg;
	int			t;

	while ((t = __atomic_fetch_add(&op->next_limb, 1, __ATOMIC_RELAXED)) < op->ks->total)
		sum_limb(op, t, &op->scratch[worker]);
}

static PpdlStatus
sum_buffer(Keeping *op, int giant, PpdlError *err)
{
	PPDL_TRY(ppdl_buffer(op->ev, op->ks->total, &op->sum[giant].b, err));
	return ppdl_buffer(op->ev, op->ks->total, &op->sum[giant].a, err);
}

static PpdlStatus
clear_sum(Keeping *op, int giant, PpdlError *err)
{
	PPDL_TRY(sum_buffer(op, giant, err));
	memset(op->sum[giant].b, 0, ppdl_limb_bytes(op->par, op->ks->total));
	memset(op->sum[giant].a, 0, ppdl_limb_bytes(op->par, op->ks->total));
	op->empty[giant] = 0;
	return PPDL_OK;
}

/* giant by giant, from the highest bit of their numbers, into number 0 */
static PpdlStatus
giant_steps(Keeping *op, PpdlError *err)
{
	for (int top = op->giants / 2, bit = op->places - PPDL_KEEP_LOG_BABIES - 1; top > 0; top /= 2, bit--)
		for (int e = top; e < 2 * top; e++)
		{
			PpdlOverQp *to = &op->sum[e - top];

			if (op->empty[e])
				continue;
			if (op->empty[e - top])
				PPDL_TRY(clear_sum(op, e - top, err));
			PPDL_TRY(ppdl_add_switched(op->ev, op->ks, to, &op->sum[e], 1, giant_bit(op, bit), err));
		}
	return PPDL_OK;
}

/* ---- the whole ---- */

/* source i from the one before, and its digits */
static PpdlStatus
prepare_source(Keeping *op, Input *in, int i, PpdlError *err)
{
	PpdlEval   *ev = op->ev;
	PpdlDigits	loaded;
	PpdlStatus	status;

	if (i > 0)
	{
		PpdlHoisted before = {.in = &in->source[i - 1], .ndigits = op->ks->ndigits};

		memcpy(before.digit, in->digits[i - 1].extended, sizeof(before.digit));
		PPDL_TRY(ppdl_hoisted_rotate(ev, &in->source[i], &before, HOISTED * stride(op->par), err));
	}
	PPDL_TRY(ppdl_digits_load(ev, &loaded, op->ks, in->source[i].a, err));
	in->digits[i].plan = op->ks;
	in->digits[i].a = in->source[i].a;
	status = ppdl_digits_extend(ev, &loaded, in->digits[i].extended, err);
	ppdl_digits_release(ev, &loaded);
	return status;
}

/* what is rotated: without the last ciphertext where it is what all others leave (see ppdl_ct_keep) */
static PpdlStatus
prepare_input(Keeping *op, Input *in, const PpdlKeep *from, const PpdlCt *last, PpdlError *err)
{
	in->keep = from->keep;
	for (uint32_t r = 0; r < 1u << op->places; r++)
		in->kept += in->keep[r];
	PPDL_TRY(fill_values(op, in, err));
	PPDL_TRY(ppdl_ct_copy(op->ev, &in->source[0], from->in, op->limbs, err));
	if (last != NULL)
		PPDL_TRY(ppdl_ct_sub(op->ev, &in->source[0], last, err));
	for (int i = 0; i < SOURCES; i++)
		PPDL_TRY(prepare_source(op, in, i, err));
	return PPDL_OK;
}

static PpdlStatus
prepare_babies(Keeping *op, PpdlError *err)
{
	for (int b = 1; b < HOISTED; b++)
	{
		const uint32_t d = ppdl_galois_rotation(op->par->ring, stride(op->par) * b);

		PPDL_TRY(ppdl_find_key(op->ev, d, op->limbs, &op->key[b], err));
		op->perm[b] = ppdl_autom_table(op->par->ring, d);
		if (op->perm[b] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static PpdlStatus
prepare(Keeping *op, PpdlError *err)
{
	PpdlEval   *ev = op->ev;
	PpdlPool   *pool = ev->pool;
	const size_t sources = (size_t) op->inputs * SOURCES,
				basis = block_size(op->par) / run_size(op) * sources * HOISTED * PPDL_COMBINE_STRIDE;

	op->shift = ppdl_pool_get(pool, (size_t) op->giants * sizeof(uint32_t));
	op->sum = ppdl_pool_get(pool, (size_t) op->giants * sizeof(PpdlOverQp));
	op->empty = ppdl_pool_get(pool, (size_t) op->giants);
	op->scratch = ppdl_pool_get(pool, (size_t) op->workers * sizeof(Scratch));
	if (op->sum != NULL)
		memset(op->sum, 0, (size_t) op->giants * sizeof(PpdlOverQp));
	if (op->scratch != NULL)
		memset(op->scratch, 0, (size_t) op->workers * sizeof(Scratch));
	if (op->shift == NULL || op->sum == NULL || op->empty == NULL || op->scratch == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(op->empty, 0, (size_t) op->giants);
	find_shifts(op);
	find_empty(op);
	for (int e = 0; e < op->giants; e++)
		if (!op->empty[e])
			PPDL_TRY(sum_buffer(op, e, err));
	for (int i = 0; i < op->workers; i++)
	{
		PPDL_TRY(ppdl_buffer(ev, (int) sources, &op->scratch[i].pb, err));
		op->scratch[i].basis = ppdl_pool_get(pool, basis * sizeof(uint64_t));
		op->scratch[i].digit = ppdl_pool_get(pool, sources * sizeof(op->scratch[i].digit[0]));
		if (op->scratch[i].basis == NULL || op->scratch[i].digit == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static void
release(Keeping *op)
{
	PpdlPool   *pool = op->ev->pool;

	for (int i = 0; i < op->inputs && op->input != NULL; i++)
	{
		Input	   *in = &op->input[i];

		for (int k = 0; k < SOURCES; k++)
		{
			ppdl_ct_release(op->ev, &in->source[k]);
			for (int j = 0; j < PPDL_MAX_DIGITS; j++)
				ppdl_pool_put(pool, in->digits[k].extended[j]);
		}
		ppdl_pool_put(pool, in->values);
	}
	for (int e = 0; e < op->giants && op->sum != NULL; e++)
	{
		ppdl_pool_put(pool, op->sum[e].b);
		ppdl_pool_put(pool, op->sum[e].a);
	}
	for (int i = 0; i < op->workers && op->scratch != NULL; i++)
	{
		ppdl_pool_put(pool, op->scratch[i].pb);
		ppdl_pool_put(pool, op->scratch[i].basis);
		ppdl_pool_put(pool, op->scratch[i].digit);
	}
	ppdl_pool_put(pool, op->input);
	ppdl_pool_put(pool, op->shift);
	ppdl_pool_put(pool, op->sum);
	ppdl_pool_put(pool, op->empty);
	ppdl_pool_put(pool, op->scratch);
}

/* sum number 0 divided by P; and 2^places times the last ciphertext, or NULL */
static PpdlStatus
finish(Keeping *op, PpdlCt *out, const PpdlCt *last, PpdlError *err)
{
	const PpdlParams *par = op->par;
	const uint64_t times = (uint64_t) 1 << op->places;
	PpdlHalf	half[2] = {{.acc = op->sum[0].b, .out = op->sum[0].b}, {.acc = op->sum[0].a, .out = op->sum[0].a}};

	PPDL_TRY(ppdl_divide(op->ev, op->ks, &op->ks->by_p, half, 2, err));
	PPDL_TRY(ppdl_ct_alloc(op->ev, out, op->limbs, err));
	memcpy(out->b, op->sum[0].b, ppdl_limb_bytes(par, op->limbs));
	memcpy(out->a, op->sum[0].a, ppdl_limb_bytes(par, op->limbs));
	for (int l = 0; l < op->limbs && last != NULL; l++)
	{
		const PpdlModulus *m = &par->ring->mod[l];

		ppdl_vec_mul_scalar_add(m, ppdl_at(par, out->b, l), ppdl_cat(par, last->b, l), times, par->n);
		ppdl_vec_mul_scalar_add(m, ppdl_at(par, out->a, l), ppdl_cat(par, last->a, l), times, par->n);
	}
	return PPDL_OK;
}

/*
 * Babies share the errors of the key switches that led to their source.  Such an error is in 24, 16 or 8 of 32 babies:
 * 3/4, 1/2 or 1/4 of it stays where coefficients stay, M times, squares of less than M^2 together.  The remainder adds
 * up as if by chance, and so do errors of single babies, which are not divided by P: once the squares of all m_d each,
 * at most, which are M times the number of residues that stay (Parseval).  A giant step adds one more.
 */
static void
describe(const Keeping *op, PpdlCt *out, const PpdlKeep *from, int count)
{
	const double whole = op->ks->noise * op->ks->noise,
				chance = whole + op->ks->digit_noise * op->ks->digit_noise;
	double		switches = (op->giants + ldexp(1, 2 * op->places)) * whole;

	out->noise = out->bound = 0;
	for (int i = 0; i < count; i++)
	{
		out->noise = fmax(out->noise, from[i].in->noise);
		out->bound = fmax(out->bound, from[i].in->bound);
	}
	for (int i = 0; i < op->inputs; i++)
		switches += chance * ldexp(op->input[i].kept, op->places);
	out->noise = hypot(ldexp(out->noise, op->places), sqrt(switches));
	out->scale = ldexp(from->in->scale, op->places);
}

PpdlStatus
ppdl_ct_keep(PpdlEval *ev, PpdlCt *out, const PpdlKeep *from, int count, int places, PpdlError *err)
{
	Keeping		op = {
		.ev = ev, .par = ev->par, .places = places, .limbs = from->in->limbs, .logrun = ev->par->logn - places + 1,
		.giants = 1 << (places - PPDL_KEEP_LOG_BABIES), .workers = ppdl_threads_count(ev->threads)
	};
	const PpdlCt *last = NULL;
	uint32_t	kept = 0;
	PpdlStatus	status;

	out->b = out->a = NULL;
	if (count < 1 || !ppdl_keep_has_places(ev->par, places))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "coefficients cannot be selected modulo 2^%d", places);
	for (int i = 0; i < count; i++)
		for (uint32_t r = 0; r < 1u << places; r++)
			kept += from[i].keep[r];
	if (kept == 1u << places && count > 1)
		last = from[count - 1].in;
	op.inputs = last != NULL ? count - 1 : count;
	PPDL_TRY(ppdl_ks_plan(ev->par, op.limbs, ev->par->np, &op.ks, err));
	op.input = ppdl_pool_get(ev->pool, (size_t) op.inputs * sizeof(Input));
	if (op.input == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memset(op.input, 0, (size_t) op.inputs * sizeof(Input));
	PPDL_GOTO(done, ppdl_eval_poll(ev, err));
	PPDL_GOTO(done, prepare_babies(&op, err));
	for (int i = 0; i < op.inputs; i++)
		PPDL_GOTO(done, prepare_input(&op, &op.input[i], &from[i], last, err));
	PPDL_GOTO(done, prepare(&op, err));
	ppdl_parallel_for(ev->threads, op.workers, work_on_sums, &op);
	PPDL_GOTO(done, giant_steps(&op, err));
	PPDL_GOTO(done, finish(&op, out, last, err));
	describe(&op, out, from, count);
done:
	release(&op);
	return status;
}
