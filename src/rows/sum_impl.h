/* Private to sums: adding and merging are in sum.c, parts and results in sum_result.c. */
#ifndef PPDL_ROWS_SUM_IMPL_H
#define PPDL_ROWS_SUM_IMPL_H

#include "ring/vec.h"
#include "rows/accumulate.h"
#include "rows/half.h"
#include "rows/histogram.h"
#include "rows/parts.h"
#include "rows/sum.h"

#define PPDL_SUM_MAGIC 0x314D5553u /* "SUM1" */
#define PPDL_SUM_MAGIC_PARTS 0x324D5553u	/* "SUM2": what follows the count is a value in parts */
#define PPDL_SUM_LIMBS 2

struct PpdlSum
{
	const PpdlParams *par;		/* NULL before the first term */
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	int			width,
				logk,
				limbs;
	PpdlParts	closed;			/* what one ciphertext would not have held with the rest: the open part */
	uint64_t	encoding;		/* of the terms so far, 0: not known */
	double		scale,
				bound,			/* of the open part: sum of |weight| * bound */
				max_bound;		/* what the limbs have room for */
	double		rounding;		/* of weights, in the open part: their variance, of one coefficient */
	uint64_t	count;			/* of all parts */
	int			open_part;		/* whether it has terms */
	const PpdlPoll *poll;
	PpdlUnpackPlan plan[PPDL_SUM_LIMBS];
	uint64_t   *b[PPDL_SUM_LIMBS];	/* k each: sums of the values' coefficients */
	unsigned	lazy;			/* additions since b was reduced */
	PpdlHalf	half;			/* the uniform half without the open batches and what waits in the arena */
	PpdlOpenBatches open;
	double		weights;		/* sum of |weight| of the open batches' terms with weights other than 1 */
	PpdlArena  *arena;			/* where slices of weight 1 wait; NULL: in open */
	int			attached;		/* to it, under this number */
	uint32_t	number;

	/* the slice last seen: the fast path compares bytes with these */
	PpdlOpenBatch *batch;		/* its batch, NULL: none */
	size_t		slice_len;		/* 0: no slice seen yet */
	uint64_t	head[3];		/* the common header */
	unsigned	tagged;			/* PPDL_SLICE_TAGGED, or 0 */
};

/* what the sum looks like to ppdl_cipher_check_same */
static inline PpdlCipher
ppdl_sum_shape(const PpdlSum *s)
{
	PpdlCipher	c = {.par = s->par, .kind = PPDL_KIND_ROW, .limbs = s->limbs, .width = s->width,
		.logk = s->logk, .scale = s->scale, .encoding = s->encoding};

	memcpy(c.fingerprint, s->fingerprint, PPDL_FINGERPRINT_BYTES);
	return c;
}

static inline void
ppdl_sum_detach(PpdlSum *s)
{
	if (s->attached)
		ppdl_arena_detach(s->arena, s->number);
	s->attached = 0;
}

static inline void
ppdl_sum_reduce(PpdlSum *s)
{
	const size_t k = (size_t) 1 << s->logk;

	for (int l = 0; l < s->limbs; l++)
		for (size_t f = 0; f < k; f++)
			s->b[l][f] = ppdl_mod_from_u64(&s->par->ring->mod[l], s->b[l][f]);
	s->lazy = 0;
}

/* the open part becomes a closed one, if it has terms */
PpdlStatus	ppdl_sum_close_part(PpdlSum *s, PpdlError *err);

#endif
