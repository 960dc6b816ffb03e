/*
 * Adding packed residues to 64-bit accumulators: the inner loop of sums.
 */
#ifndef PPDL_ROWS_ACCUMULATE_H
#define PPDL_ROWS_ACCUMULATE_H

#include <stddef.h>
#include <stdint.h>

/* residues of at most 50 bits that fit an accumulator that was reduced before */
#define PPDL_LAZY_ADDS 8192

/* four values at a time: where two 16-byte loads lie and how their bytes and bits move */
typedef struct PpdlUnpackGroup
{
	size_t		lo,
				hi;				/* offsets from the group's first byte */
	uint8_t		shuffle[32];
	uint64_t	shift[4];
} PpdlUnpackGroup;

/* how to unpack n values of `bits` bits, 1 <= bits <= 50 */
typedef struct PpdlUnpackPlan
{
	size_t		n,
				bytes;
	int			bits;
	int			groups;			/* 0: no form with vectors of four */
	int			eights;			/* 0: nor one with vectors of eight */
	PpdlUnpackGroup group[3];	/* even groups, odd groups, the last group */
	uint16_t	word[32];		/* of eight values, the 16-bit words that hold each, and how far it lies in them */
	uint64_t	word_shift[8];
} PpdlUnpackPlan;

void		ppdl_unpack_plan(PpdlUnpackPlan *plan, size_t n, int bits);

/*
 * acc[i] += value i, not reduced: at most PPDL_LAZY_ADDS times; reads exactly plan->bytes bytes of src.
 * Scalar, AVX2, AVX-512 and NEON twins, chosen at run time.
 */
void		ppdl_unpack_add(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src);
void		ppdl_unpack_add_avx2(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src);	/* groups > 0 */
void		ppdl_unpack_add_ifma(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src);	/* eights > 0 */
void		ppdl_unpack_add_neon(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src);	/* groups > 0 */

#endif
