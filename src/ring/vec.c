#include "ring/vec.h"

#include "ring/kernels.h"
#include "ring/rns.h"

void
ppdl_vec_add(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	ppdl_kernels()->add(m, out, a, b, n);
}

void
ppdl_vec_sub(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	ppdl_kernels()->sub(m, out, a, b, n);
}

void
ppdl_vec_neg(const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n)
{
	ppdl_kernels()->neg(m, out, a, n);
}

void
ppdl_vec_mul(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n)
{
	ppdl_kernels()->mul(m, out, a, b, n);
}

void
ppdl_vec_mul_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n)
{
	ppdl_kernels()->mul_add(m, acc, a, b, n);
}

void
ppdl_vec_mul_scalar(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n)
{
	ppdl_kernels()->mul_w(m, out, a, w, ppdl_shoup(m, w), n);
}

void
ppdl_vec_mul_scalar_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, size_t n)
{
	ppdl_kernels()->mul_w_add(m, acc, a, w, ppdl_shoup(m, w), n);
}

void
ppdl_vec_sub_mul_scalar(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w, size_t n)
{
	ppdl_kernels()->sub_mul_w(m, out, a, b, w, ppdl_shoup(m, w), n);
}

void
ppdl_vec_add_scalar(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n)
{
	ppdl_kernels()->add_w(m, out, a, w, n);
}

void
ppdl_vec_reduce(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n)
{
	ppdl_kernels()->reduce(m, out, in, n);
}

void
ppdl_vec_switch_modulus(const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in, size_t n)
{
	ppdl_kernels()->switch_modulus(m, out, from, in, n);
}

_Static_assert(PPDL_COMBINE_STRIDE == PPDL_CONV_BLOCK && PPDL_MAX_COMBINE == PPDL_MAX_CONV + 1, "one kernel for both");

void
ppdl_vec_row(uint64_t *row, const uint64_t *in, size_t n)
{
	ppdl_kernels()->conv_row(row, in, 0, n);
}

void
ppdl_vec_combine(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *k, int terms, size_t n)
{
	PPDL_ASSERT(terms >= 1 && terms <= PPDL_MAX_COMBINE && n <= PPDL_COMBINE_STRIDE);
	ppdl_kernels()->conv_out(m, out, a, k, terms, n);
}

void
ppdl_vec_dot(const PpdlModulus *m, const PpdlDot *d, size_t n)
{
	PPDL_ASSERT(d->terms >= 1 && d->terms <= PPDL_MAX_DOT && (d->k[1] == NULL) == (d->out[1] == NULL));
	ppdl_kernels()->dot(m, d, n);
}

void
ppdl_vec_unpack(uint64_t *out, const uint8_t *in, size_t n)
{
	PPDL_ASSERT(n % 8 == 0);
	ppdl_kernels()->unpack(out, in, n);
}

void
ppdl_vec_add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n)
{
	PPDL_ASSERT(e < n);
	ppdl_kernels()->add_shifted(acc, a, e, n);
}

void
ppdl_vec_settle(const PpdlModulus *m, uint64_t *out, const uint64_t *acc, size_t n)
{
	/* makes them positive: at least 2^63, and below 2^63 + q */
	const uint64_t lift = ((UINT64_C(1) << 63) / m->q + 1) * m->q;

	for (size_t i = 0; i < n; i++)
		out[i] = acc[i] + lift;
	ppdl_vec_reduce(m, out, out, n);
}

size_t
ppdl_vec_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n)
{
	return ppdl_kernels()->count_unreduced(m, a, n);
}
