#include "rows/accumulate.h"

#include <string.h>

#include "base/bytes.h"
#include "base/cpu.h"

/*
 * A group's four values of b bits begin at bit 0 or, when b and the group's number
 * are odd, at bit 4 of its first byte.  Values 0 and 1 come from the load at lo, 2
 * and 3 from the load at hi; each is moved as the eight bytes that hold it.
 */
static void
plan_group(PpdlUnpackGroup *g, int bits, int odd, size_t bytes_left)
{
	size_t		at[4];

	for (int i = 0; i < 4; i++)
	{
		size_t		bit = (size_t) (i * bits + (odd && bits % 2 ? 4 : 0));

		at[i] = bit / 8;
		g->shift[i] = bit % 8;
	}
	g->lo = 0;
	g->hi = at[2];
	if (g->hi + 16 > bytes_left)
		g->hi = bytes_left - 16;
	for (int i = 0; i < 4; i++)
	{
		size_t		from = at[i] - (i < 2 ? g->lo : g->hi);

		/* near the end of the bytes, take the last eight and shift more */
		if (from > 8)
		{
			g->shift[i] += 8 * (from - 8);
			from = 8;
		}
		for (int j = 0; j < 8; j++)
			g->shuffle[8 * i + j] = (uint8_t) (from + (size_t) j);
	}
}

/* a value of b bits begins in bit 0 to 15 of its first word; of 50 bits, in an even one: four words hold it */
static void
plan_eights(PpdlUnpackPlan *plan)
{
	plan->eights = (int) (plan->n / 8);
	for (int i = 0; i < 8; i++)
	{
		plan->word_shift[i] = (uint64_t) (i * plan->bits % 16);
		for (int j = 0; j < 4; j++)
			plan->word[4 * i + j] = (uint16_t) (i * plan->bits / 16 + j);
	}
}

void
ppdl_unpack_plan(PpdlUnpackPlan *plan, size_t n, int bits)
{
	size_t		last;

	memset(plan, 0, sizeof(*plan));
	plan->n = n;
	plan->bits = bits;
	plan->bytes = ppdl_packed_size(n, bits);
	if (n % 8 == 0)
		plan_eights(plan);
	if (n % 4 != 0 || bits < 33 || bits > 50)
		return;
	plan->groups = (int) (n / 4);
	last = ((n - 4) * (size_t) bits) / 8;
	plan_group(&plan->group[0], bits, 0, SIZE_MAX);
	plan_group(&plan->group[1], bits, 1, SIZE_MAX);
	plan_group(&plan->group[2], bits, (plan->groups - 1) % 2, plan->bytes - last);
}

static void
unpack_add_scalar(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
	const uint64_t mask = (UINT64_C(1) << plan->bits) - 1;
	size_t		bit = 0;

	for (size_t i = 0; i < plan->n; i++, bit += (size_t) plan->bits)
	{
		size_t		byte = bit >> 3,
					shift = bit & 7;
		uint64_t	v = 0;

		if (byte + 8 <= plan->bytes)
			memcpy(&v, src + byte, 8);
		else
			memcpy(&v, src + byte, plan->bytes - byte);
		acc[i] += v >> shift & mask;
	}
}

void
ppdl_unpack_add(const PpdlUnpackPlan *plan, uint64_t *acc, const uint8_t *src)
{
#if defined(__x86_64__)
	if (plan->eights > 0 && ppdl_cpu() >= PPDL_CPU_IFMA)
	{
		ppdl_unpack_add_ifma(plan, acc, src);
		return;
	}
	if (plan->groups > 0 && ppdl_cpu() >= PPDL_CPU_AVX2)
	{
		ppdl_unpack_add_avx2(plan, acc, src);
		return;
	}
#elif defined(__aarch64__)
	if (plan->groups > 0 && ppdl_cpu() >= PPDL_CPU_NEON)
	{
		ppdl_unpack_add_neon(plan, acc, src);
		return;
	}
#endif
	unpack_add_scalar(plan, acc, src);
}
