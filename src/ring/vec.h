/*
 * Array kernels on one limb of any domain: n reduced residues mod m->q in, reduced residues
 * out, unless said otherwise; n a multiple of 8; out may be any input.  Each has
 * a scalar and vector twins, chosen at run time, that agree bit for bit.  None fails.
 */
#ifndef PPDL_RING_VEC_H
#define PPDL_RING_VEC_H

#include <stddef.h>
#include <stdint.h>

#include "ring/modulus.h"

void		ppdl_vec_add(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
void		ppdl_vec_sub(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
void		ppdl_vec_neg(const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n);
void		ppdl_vec_mul(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
/* acc += a*b */
void		ppdl_vec_mul_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n);
/* out = a*w, w reduced */
void		ppdl_vec_mul_scalar(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n);
/* acc += a*w */
void		ppdl_vec_mul_scalar_add(const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, size_t n);
/* out = (a - b)*w: the last step of ModDown and rescaling */
void		ppdl_vec_sub_mul_scalar(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b,
									uint64_t w, size_t n);
/* out = a + w */
void		ppdl_vec_add_scalar(const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n);
/* out[i] = in[i] mod m->q for any 64-bit in[i] */
void		ppdl_vec_reduce(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n);
/* in: residues mod from->q; out: the centred representative (-q/2, q/2] of each, mod m->q */
void		ppdl_vec_switch_modulus(const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in,
									size_t n);

/*
 * Inner products of key switching and linear transforms, one reduction at the
 * end: out[o] = [out[o] +] sum_j a[j]*k[o][j] for one or two o, [..] when accumulate.
 */
typedef struct PpdlDot
{
	uint64_t   *out[2];			/* out[1] = NULL: one product only */
	const uint64_t *const *a,
			   *const *k[2];
	int			terms,			/* 1 .. PPDL_MAX_DOT */
				accumulate;
} PpdlDot;

#define PPDL_MAX_DOT 4096
void		ppdl_vec_dot(const PpdlModulus *m, const PpdlDot *d, size_t n);

/*
 * Sums of rows: ppdl_vec_row makes one of n residues, in a form that only ppdl_vec_combine reads, with the same
 * kernels; out[i] = sum_j k[j] * row[j][i], row j at a + j * PPDL_COMBINE_STRIDE, k reduced; n at most the stride
 */
#define PPDL_COMBINE_STRIDE 128
#define PPDL_MAX_COMBINE 49		/* terms */
void		ppdl_vec_row(uint64_t *row, const uint64_t *in, size_t n);
void		ppdl_vec_combine(const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *k, int terms,
							 size_t n);

/* bytes of n residues without gaps, PPDL_MAX_PRIME_BITS bits each (ppdl_pack_bits); n a multiple of 8 */
static inline size_t
ppdl_vec_packed_bytes(size_t n)
{
	return n / 8 * PPDL_MAX_PRIME_BITS;
}

/* such residues to words; reads no byte more; not reduced when the bytes are not */
void		ppdl_vec_unpack(uint64_t *out, const uint8_t *in, size_t n);

/*
 * acc += X^-e * a in Z[X]/(X^n + 1), e < n, words modulo 2^64: after at most PPDL_SHIFTED_ADDS such sums of reduced a,
 * or ppdl_vec_settle of them, words are integers of absolute value below 2^63 in two's complement.  acc and a do not
 * overlap.
 */
#define PPDL_SHIFTED_ADDS ((UINT64_C(1) << (63 - PPDL_MAX_PRIME_BITS)) - 2)
void		ppdl_vec_add_shifted(uint64_t *acc, const uint64_t *a, size_t e, size_t n);
/* such integers to residues */
void		ppdl_vec_settle(const PpdlModulus *m, uint64_t *out, const uint64_t *acc, size_t n);

/* out[i] = number of a[i] >= q (0 when all are reduced); public data */
size_t		ppdl_vec_count_unreduced(const PpdlModulus *m, const uint64_t *a, size_t n);

#endif
