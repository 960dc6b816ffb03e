#if defined(__aarch64__)
#include "rows/accumulate.h"

#include <arm_neon.h>

/* values 0 and 1, or 2 and 3, of a group */
static inline void
add_half(const PpdlUnpackGroup *g, int half, uint64x2_t mask, uint64_t *acc, const uint8_t *src)
{
	const int64x2_t left = vnegq_s64(vreinterpretq_s64_u64(vld1q_u64(g->shift + 2 * half)));
	uint8x16_t	bytes = vqtbl1q_u8(vld1q_u8(src + (half ? g->hi : g->lo)), vld1q_u8(g->shuffle + 16 * half));
	uint64x2_t	v = vandq_u64(vshlq_u64(vreinterpretq_u64_u8(bytes), left), mask);

	vst1q_u64(acc + 2 * half, vaddq_u64(vld1q_u64(acc + 2 * half), v));
}

static inline void
add_group(const PpdlUnpackGroup *g, uint64x2_t mask, uint64_t *acc, const uint8_t *src)
{
	add_half(g, 0, mask, acc, src);
	add_half(g, 1, mask, acc, src);
}

void
ppdl_unpack_add_neon(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
	const uint64x2_t mask = vdupq_n_u64((UINT64_C(1) << plan->bits) - 1);
	const size_t pair = (size_t) plan->bits,	/* bytes of two groups */
				half = pair / 2;
	int			i = 0;

	for (; i + 2 < plan->groups; i += 2, src += pair, acc += 8)
	{
		add_group(&plan->group[0], mask, acc, src);
		add_group(&plan->group[1], mask, acc + 4, src + half);
	}
	if (i + 2 == plan->groups)
	{
		add_group(&plan->group[0], mask, acc, src);
		src += half;
		acc += 4;
	}
	add_group(&plan->group[2], mask, acc, src);
}
#endif
