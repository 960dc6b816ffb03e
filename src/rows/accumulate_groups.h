/*
 * The loop of the vector forms of ppdl_unpack_add.  The file that includes this has defined Mask, of a value's bits,
 * and add_group(group, mask, acc, src), which adds four values.
 */
static inline void
add_groups(const PpdlUnpackPlan *plan, Mask mask, uint64_t *acc, const uint8_t *src)
{
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
