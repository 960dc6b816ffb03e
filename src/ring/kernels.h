/*
 * The inner loops that exist once for each instruction set.  Every table holds
 * the same functions with the same results, bit for bit; ppdl_kernels() gives
 * the one for this processor.  The public functions of ring.h and vec.h that
 * bear the same names say what they compute.  Tables are in scalar.c and vec_*.c, transforms in ntt_*.c.
 */
#ifndef PPDL_RING_KERNELS_H
#define PPDL_RING_KERNELS_H

#include "base/ahead.h"
#include "ring/modulus.h"
#include "ring/ntt.h"
#include "ring/vec.h"

/* coefficients that one call of the base conversion kernels handles */
#define PPDL_CONV_BLOCK 128

/* what load_columns makes of a limb: PPDL_NTT_PARTS rows (conv_row), `apart` words from one to the next; fractions */
typedef struct PpdlLoad
{
	uint64_t   *y,
			   *frac;			/* rows without gaps */
	size_t		apart;
	uint64_t	sum,			/* w/N and w*w[1]/N: the last stage multiplies by w, too */
				sumq,			/* their Shoup quotients */
				diff,
				diffq,
				c;
} PpdlLoad;

typedef struct PpdlKernels
{
	void		(*ntt) (const PpdlModulus *m, uint64_t *a);
	/*
	 * The transform in two: the first stages on columns from .. from+count-1, which are the PPDL_NTT_PARTS rows of in,
	 * reduced, count a multiple of 8; then the others on each part of out, which holds what only this table can read in
	 * between.  n >= PPDL_NTT_SPLIT.
	 */
	void		(*ntt_first) (const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count);
	void		(*ntt_part) (const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead);
	void		(*intt) (const PpdlModulus *m, uint64_t *a);
	/* all stages of the inverse but the last PPDL_NTT_FIRST on each part of in, which may be out; as above */
	void		(*intt_part) (const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part);
	void		(*permute) (uint64_t *out, const uint64_t *in, const uint32_t *perm, size_t n);
	void		(*add) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
	void		(*sub) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
	void		(*neg) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, size_t n);
	void		(*mul) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, size_t n);
	void		(*mul_add) (const PpdlModulus *m, uint64_t *acc, const uint64_t *a, const uint64_t *b, size_t n);
	void		(*mul_w) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, uint64_t wq, size_t n);
	void		(*mul_w_add) (const PpdlModulus *m, uint64_t *acc, const uint64_t *a, uint64_t w, uint64_t wq,
							  size_t n);
	void		(*sub_mul_w) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, const uint64_t *b, uint64_t w,
							  uint64_t wq, size_t n);
	void		(*add_w) (const PpdlModulus *m, uint64_t *out, const uint64_t *a, uint64_t w, size_t n);
	void		(*reduce) (const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t n);
	void		(*switch_modulus) (const PpdlModulus *m, uint64_t *out, const PpdlModulus *from, const uint64_t *in,
								   size_t n);
	void		(*dot) (const PpdlModulus *m, const PpdlDot *d, size_t n);
	/* out[8i + j] = in[8i + j] * s[j] * b[i], i < blocks, with the Shoup quotients of s and b */
	void		(*mul_outer) (const PpdlModulus *m, uint64_t *out, const uint64_t *in, const uint64_t *s,
							  const uint64_t *sq,
							  const uint64_t *b, const uint64_t *bq, size_t blocks);
	void		(*unpack) (uint64_t *out, const uint8_t *in, size_t n);
	size_t		(*count_unreduced) (const PpdlModulus *m, const uint64_t *a, size_t n);
	/*
	 * A row of what conv_out sums: x >> shift, below 2^50.  Rows, those of conv_in and load_columns too, are of a form
	 * that only this table can read, a word each.
	 */
	void		(*conv_row) (uint64_t *y, const uint64_t *x, int shift, size_t n);
	/* y = x * w mod m, a row, and frac += floor(y * c / 2^bits): a step of base conversion, see rns.c */
	void		(*conv_in) (const PpdlModulus *m, uint64_t *y, uint64_t *frac, const uint64_t *x,
							uint64_t w, uint64_t wq, uint64_t c, size_t n);
	/* the last stages of the inverse on columns from .. from+count-1 of in, then conv_in of each row, as l has it */
	void		(*load_columns) (const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in,
								  size_t from, size_t count);
	/* out = sum_i row[i][t] * k[i] mod m, row i at y + i*PPDL_CONV_BLOCK; k reduced; terms <= PPDL_MAX_CONV + 1 */
	void		(*conv_out) (const PpdlModulus *m, uint64_t *out, const uint64_t *y, const uint64_t *k, int terms,
							 size_t n);
	void		(*add_shifted) (uint64_t *acc, const uint64_t *a, size_t e, size_t n);
} PpdlKernels;

const PpdlKernels *ppdl_kernels(void);

extern const PpdlKernels ppdl_kernels_scalar;
#if defined(__x86_64__)
extern const PpdlKernels ppdl_kernels_avx2;
extern const PpdlKernels ppdl_kernels_ifma;
#elif defined(__aarch64__)
extern const PpdlKernels ppdl_kernels_neon;
#endif

void		ppdl_scalar_ntt(const PpdlModulus *m, uint64_t *a);
void		ppdl_scalar_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count);
void		ppdl_scalar_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead);
void		ppdl_scalar_intt(const PpdlModulus *m, uint64_t *a);
void		ppdl_scalar_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part);
void		ppdl_scalar_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from,
									  size_t count);
#if defined(__x86_64__)
void		ppdl_avx2_ntt(const PpdlModulus *m, uint64_t *a);
void		ppdl_avx2_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count);
void		ppdl_avx2_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead);
void		ppdl_avx2_intt(const PpdlModulus *m, uint64_t *a);
void		ppdl_avx2_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part);
void		ppdl_avx2_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from,
									  size_t count);
void		ppdl_ifma_ntt(const PpdlModulus *m, uint64_t *a);
void		ppdl_ifma_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count);
void		ppdl_ifma_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead);
void		ppdl_ifma_intt(const PpdlModulus *m, uint64_t *a);
void		ppdl_ifma_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part);
void		ppdl_ifma_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from,
									  size_t count);
#elif defined(__aarch64__)
void		ppdl_neon_ntt(const PpdlModulus *m, uint64_t *a);
void		ppdl_neon_ntt_first(const PpdlModulus *m, uint64_t *out, const uint64_t *in, size_t from, size_t count);
void		ppdl_neon_ntt_part(const PpdlModulus *m, uint64_t *a, int part, PpdlAhead *ahead);
void		ppdl_neon_intt(const PpdlModulus *m, uint64_t *a);
void		ppdl_neon_intt_part(const PpdlModulus *m, uint64_t *out, const uint64_t *in, int part);
void		ppdl_neon_load_columns(const PpdlModulus *m, const PpdlLoad *l, const uint64_t *in, size_t from,
									  size_t count);
#endif

#endif
