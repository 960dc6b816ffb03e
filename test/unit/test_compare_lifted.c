/* Comparisons of values of lifted rows, with holes, at an insecure degree, against the rows in the clear. */
#include "lifted_world.h"

#include "predict/compare.h"
#include "predict/lifting.h"

typedef struct Check
{
	World	   *w;
	const Rows *rows;
	const double *threshold;
	int			count,
				levels,
				limbs;			/* of the result */
	double		worst;			/* difference from what a value counts */
	uint64_t	seen;			/* values */
} Check;

static size_t
rows_of(const PpdlLifted *in)
{
	return in->capacity * (size_t) in->count;
}

static uint32_t
row_at(const PpdlLifted *in, size_t row)
{
	return in->ordinal[row / in->capacity][row % in->capacity];
}

/* all values of one half, f->z */
static void
check_half(Check *c, const PpdlLifted *in, int part, size_t half)
{
	PpdlStep	step[4];

	for (int i = 0; i < c->count; i++)
		step[i] = (PpdlStep) {c->threshold[i], i % 2 == 0 ? 1 : -1};
	for (size_t row = 0; row < rows_of(in); row++)
		for (size_t s = 0; s < half && row_at(in, row) != PPDL_NO_PLACE; s++)
		{
			const size_t value = (size_t) part * half + (half == 1 ? 0 :
														 ppdl_bitrev((uint32_t) s, __builtin_ctzl(half)));
			double		x;

			if (value >= (size_t) c->rows->inputs)
				continue;
			x = c->rows->x[row_at(in, row) * (size_t) c->rows->inputs + value];
			c->worst = fmax(c->worst, cabs(c->w->d->f->z[row * half + s] - ppdl_compare_value(c->levels, step, c->count,
																							  x)));
			c->seen++;
		}
}

/* PpdlLiftedSink */
static PpdlStatus
check_rows(void *arg, PpdlLifted *in, PpdlError *e)
{
	Check	   *c = arg;
	Fixture    *f = c->w->d->f;
	const size_t half = (size_t) 1 << (ppdl_log2_width(c->rows->inputs) - 1);

	for (int part = 0; part < 2; part++)
	{
		const int	limbs = c->limbs + c->levels;
		const PpdlLiftedColumn column = {.stride = (int) half, .re = part == 0, .im = part == 1, .at_once = 1,
										 .limbs = limbs, .scale = ppdl_compare_scale(f->par, limbs, c->levels)};
		PpdlCt		x,
					out;

		OK(ppdl_lifted_take(&f->ev, &x, in, &column, e));
		OK(ppdl_compare_numbers(&f->ev, &out, &x, c->threshold, c->count, c->levels, 0x1p40, e));
		assert_int_equal(out.limbs, c->limbs);
		assert_true(out.scale == 0x1p40);
		OK(ppdl_decrypt_slots(&f->ev, &out, f->sk, f->z, e));
		check_half(c, in, part, half);
		ppdl_ct_release(&f->ev, &x);
		ppdl_ct_release(&f->ev, &out);
	}
	return PPDL_OK;
}

static void
one(World *w, int logn, int n, int inputs, const double *threshold, int count, int levels, int limbs)
{
	Rows		r = make_rows_in(w->d, logn, n, inputs, 1, 1);
	Check		c = {.w = w, .rows = &r, .threshold = threshold, .count = count, .levels = levels, .limbs = limbs};

	drop_labels(&r);
	OK(ppdl_lift_all(&w->d->f->ev, w->hb, r.ts, check_rows, &c, NULL, NULL, &err));
	assert_true(c.seen == (uint64_t) n * (uint64_t) inputs);
	print_message("%d rows of %d values, %d thresholds, %d levels: worst difference 2^%.1f\n", n, inputs, count, levels,
				  log2(c.worst));
	/* flanks multiply the error of values, 2^-22 and less */
	assert_true(c.worst < ldexp(1, levels - 21));
	free_rows(&r);
	forget_bridge(w->d);
}

static void
lifted_values(void **state)
{
	const double t[] = {-0.7, 0.2, 0.4, 0.95};

	one(*state, ROW_LOGN, 50, 16, t, 1, 6, 4);
	one(*state, ROW_LOGN, 40, 16, t + 3, 1, 10, 3);
	one(*state, COMPACT_LOGN, 33, 3, t, 4, 8, 1);
	one(*state, ROW_LOGN, 13, 33, t, 3, 5, 8);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lifted_values),
	};

	return cmocka_run_group_tests(tests, set_up_lifted, tear_down_lifted);
}
