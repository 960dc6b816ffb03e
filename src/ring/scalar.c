/* The scalar twins: the definition of what every other table computes. */
#include "base/bytes.h"
#include "ring/kernels.h"
#include "ring/shift.h"

static inline uint64_t
reduce_once(uint64_t x, uint64_t q)
{
	return x - (q & -(uint64_t) (x >= q));
}

static inline uint64_t
mul_w(uint64_t q, uint64_t x, uint64_t w, uint64_t wq)
{
	return reduce_once(ppdl_mul_shoup_lazy(q, x, w, wq), q);
}

static void
permute(uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = in[perm[i]];
}

static void
vec_add(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_add(m, a[i], b[i]);
}

static void
vec_sub(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_sub(m, a[i], b[i]);
}

static void
vec_neg(const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_neg(m, a[i]);
}

static void
vec_mul(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_mul(m, a[i], b[i]);
}

static void
vec_mul_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = ppdl_mod_add(m, acc[i], ppdl_mod_mul(m, a[i], b[i]));
}

static void
vec_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = mul_w(m->q, a[i], w, wq);
}

static void
vec_mul_w_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, uint64_t wq, size_t n)
{
	for (size_t i = 0; i < n; i++)
		acc[i] = ppdl_mod_add(m, acc[i], mul_w(m->q, a[i], w, wq));
}

static void
vec_sub_mul_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w, uint64_t wq,
			  size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = mul_w(m->q, a[i] + m->q - b[i], w, wq);
}

static void
vec_add_w(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_add(m, a[i], w);
}

static void
vec_reduce(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = ppdl_mod_from_u64(m, in[i]);
}

static void
vec_switch_modulus(const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in, size_t n)
{
	const uint64_t half = from->q / 2;
	const uint64_t wrap = ppdl_mod_from_u64(m, from->q);

	for (size_t i = 0; i < n; i++)
	{
		uint64_t	r = ppdl_mod_from_u64(m, in[i]);

		out[i] = ppdl_mod_sub(m, r, wrap & -(uint64_t) (in[i] > half));
	}
}

/* 4096 products of 100 bits and one residue stay below 2^113 */
static void
dot(const PpdlModulus *m, uint64_t *out, const uint64_t *const *a, const uint64_t *const *k, int terms, int accumulate,
	size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		unsigned __int128 sum = accumulate ? out[i] : 0;

		for (int j = 0; j < terms; j++)
			sum += (unsigned __int128) a[j][i] * k[j][i];
		out[i] = ppdl_mod_from_u128(m, sum);
	}
}

static void
vec_dot(const PpdlModulus *m, const PpdlDot *d, size_t n)
{
	for (int o = 0; o < 2 && d->out[o] != NULL; o++)
		dot(m, d->out[o], d->a, d->k[o], d->terms, d->accumulate, n);
}

static void
vec_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	ppdl_unpack_bits(out, in, n, PPDL_MAX_PRIME_BITS);
}

static void
mul_outer(const PpdlModulus *m, uint64_t *out, const uint64_t *in, const uint64_t *s, const uint64_t *sq,
		  const uint64_t *b, const uint64_t *bq, size_t blocks)
{
	for (size_t i = 0; i < 8 * blocks; i++)
		out[i] = mul_w(m->q, ppdl_mul_shoup_lazy(m->q, in[i], s[i % 8], sq[i % 8]), b[i / 8], bq[i / 8]);
}

static size_t
vec_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	size_t		count = 0;

	for (size_t i = 0; i < n; i++)
		count += a[i] >= m->q;
	return count;
}

static void
conv_row(uint64_t *y, const uint64_t *x, int shift, size_t n)
{
	for (size_t i = 0; i < n; i++)
		y[i] = x[i] >> shift;
}

static void
conv_in(const PpdlModulus *m, uint64_t *y, uint64_t *frac, const uint64_t *x,
		uint64_t w, uint64_t wq, uint64_t c, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		y[i] = mul_w(m->q, x[i], w, wq);
		frac[i] += (uint64_t) (((unsigned __int128) y[i] * c) >> m->bits);
	}
}

static void
conv_out(const PpdlModulus *m, uint64_t *out, const uint64_t *y, const uint64_t *k, int terms, size_t n)
{
	for (size_t i = 0; i < n; i++)
	{
		unsigned __int128 sum = 0;

		for (int j = 0; j < terms; j++)
			sum += (unsigned __int128) y[j * PPDL_CONV_BLOCK + i] * k[j];
		out[i] = ppdl_mod_from_u128(m, sum);
	}
}

static void
add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n)
{
	ppdl_add_shifted_loop(acc, a, e, n);
}

const PpdlKernels ppdl_kernels_scalar = {
	.ntt = ppdl_scalar_ntt,
	.ntt_first = ppdl_scalar_ntt_first,
	.ntt_part = ppdl_scalar_ntt_part,
	.intt = ppdl_scalar_intt,
	.intt_part = ppdl_scalar_intt_part,
	.load_columns = ppdl_scalar_load_columns,
	.permute = permute,
	.add = vec_add,
	.sub = vec_sub,
	.neg = vec_neg,
	.mul = vec_mul,
	.mul_add = vec_mul_add,
	.mul_w = vec_mul_w,
	.mul_w_add = vec_mul_w_add,
	.sub_mul_w = vec_sub_mul_w,
	.add_w = vec_add_w,
	.reduce = vec_reduce,
	.switch_modulus = vec_switch_modulus,
	.dot = vec_dot,
	.mul_outer = mul_outer,
	.unpack = vec_unpack,
	.count_unreduced = vec_count_unreduced,
	.conv_row = conv_row,
	.conv_in = conv_in,
	.conv_out = conv_out,
	.add_shifted = add_shifted,
};
