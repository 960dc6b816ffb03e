#if defined(__aarch64__)
#include "rows/accumulate.h"

#include <arm_neon.h>

typedef uint64x2_t Mask;

/* values 0 and 1, or 2 and 3, of a group */
static inline void
add_half(const PpdlUnpackGroup *g, int half, Mask mask, uint64_t *acc, const uint8_t *src)
{
	const int64x2_t left = vnegq_s64(vreinterpretq_s64_u64(vld1q_u64(g->shift + 2 * half)));
	uint8x16_t	bytes = vqtbl1q_u8(vld1q_u8(src + (half ? g->hi : g->lo)), vld1q_u8(g->shuffle + 16 * half));
	uint64x2_t	v = vandq_u64(vshlq_u64(vreinterpretq_u64_u8(bytes), left), mask);

	vst1q_u64(acc + 2 * half, vaddq_u64(vld1q_u64(acc + 2 * half), v));
}

static inline void
add_group(const PpdlUnpackGroup *g, Mask mask, uint64_t *acc, const uint8_t *src)
{
	add_half(g, 0, mask, acc, src);
	add_half(g, 1, mask, acc, src);
}

#include "rows/accumulate_groups.h"

void
ppdl_unpack_add_neon(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
	add_groups(plan, vdupq_n_u64((UINT64_C(1) << plan->bits) - 1), acc, src);
}
#endif
