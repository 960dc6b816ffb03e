/* Comparisons at the real degree, N = 2^16, one ciphertext, against loops.  Run on the optimised objects. */
#include "deep_fixture.h"

#include "predict/compare.h"
#include "predict/lifting.h"

#define LOGK 4
#define VALUE 9
#define SLOT 4					/* bitrev(1) */
/* as a bootstrap leaves values, and what is in places without a row */
#define VALUE_ERROR 0x1p-22
#define HOLE 56

static double
normal(Fixture *f)
{
	double		sum = 0;

	for (int i = 0; i < 12; i++)
		sum += next_real(f) / 2;
	return sum;
}

typedef struct Lifted
{
	PpdlLifted	in;
	uint32_t   *ordinal;
	size_t		rows;			/* places */
	double	   *x;				/* of each place, VALUE */
} Lifted;

/* as after a half-bootstrap: a third of the places empty, values far from t and near it, and the ends */
static Lifted
lift(Fixture *f, double t, double near)
{
	const size_t half = (size_t) 1 << (LOGK - 1);
	Lifted		l = {.in = {.count = PPDL_BRIDGE_POLYS, .capacity = ppdl_lift_capacity(f->par, LOGK)}};

	l.rows = l.in.capacity * PPDL_BRIDGE_POLYS;
	l.ordinal = malloc(l.rows * sizeof(*l.ordinal));
	l.x = malloc(l.rows * sizeof(*l.x));
	for (size_t r = 0; r < l.rows; r++)
	{
		l.x[r] = r % 5 == 0 ? copysign(1, next_real(f)) : r % 5 < 3 ? next_real(f) : t + near * next_real(f);
		l.ordinal[r] = next_random(f) % 3 == 0 ? PPDL_NO_PLACE : (uint32_t) r;
	}
	for (int q = 0; q < PPDL_BRIDGE_POLYS; q++)
		l.in.ordinal[q] = l.ordinal + (size_t) q * l.in.capacity;
	for (int h = 0; h < 2; h++)
	{
		for (size_t p = 0; p < f->par->slots; p++)
			f->z[p] = l.ordinal[p / half] == PPDL_NO_PLACE ? HOLE * next_real(f) : next_real(f);
		for (size_t r = 0; r < l.rows && h == VALUE >> (LOGK - 1); r++)
			if (l.ordinal[r] != PPDL_NO_PLACE)
				f->z[r * half + SLOT] = l.x[r] + VALUE_ERROR * normal(f);
		l.in.part[h] = encrypt(f, f->z, 1.3 * 0x1p42, PPDL_BOOT_S2C_LIMBS);
	}
	return l;
}

typedef struct Counted
{
	double		x,
				part;
} Counted;

static int
by_value(const void *a, const void *b)
{
	const double x = ((const Counted *) a)->x,
				y = ((const Counted *) b)->x;

	return (x > y) - (x < y);
}

/* rows outside the blur count as they should, those inside the more the larger they are, from 0 to 1 */
static void
check_rows(Fixture *f, const Lifted *l, const PpdlStep *step, int levels)
{
	const double noise = 0x1p-17;
	Counted    *inside = malloc(l->rows * sizeof(*inside));
	size_t		nin = 0;
	long		present = 0,
				want = 0;
	double		below,
				above,
				worst = 0,
				got = 0,
				blurred = 0;

	ppdl_compare_blur(levels, step->at, &below, &above);
	for (size_t r = 0; r < l->rows; r++)
	{
		const double part = creal(f->z[(r << (LOGK - 1)) + SLOT]);

		if (l->ordinal[r] == PPDL_NO_PLACE)
			continue;
		if (l->x[r] > below && l->x[r] < above)
		{
			inside[nin++] = (Counted) {l->x[r], part};
			blurred = fmax(blurred, fabs(part - ppdl_compare_value(levels, step, 1, l->x[r])));
			continue;
		}
		present++;
		want += l->x[r] > step->at;
		got += part;
		worst = fmax(worst, fabs(part - (l->x[r] > step->at)));
	}
	print_message("%ld rows outside %.5f .. %.5f: worst 2^%.2f, counted %.4f of %ld; %d rows inside: off by 2^%.1f\n",
				  present, below, above, log2(worst), got, want, (int) nin, log2(blurred));
	assert_true(worst <= PPDL_COMPARE_ERROR + noise);
	assert_true(fabs(got - (double) want) <= PPDL_COMPARE_ERROR * (double) present);
	assert_true(nin > 100);
	/* the slope of the flank times the error of values */
	assert_true(blurred < VALUE_ERROR * 6 * ldexp(1, levels));
	qsort(inside, nin, sizeof(*inside), by_value);
	for (size_t i = 1; i < nin; i++)
		assert_true(inside[i].part > inside[i - 1].part - PPDL_COMPARE_ERROR - 2 * blurred);
	assert_true(inside[0].part < 0.05 && inside[nin - 1].part > 0.95);
	free(inside);
}

static void
compare_real(void **state)
{
	const PpdlStep step = {-0.3, 1};
	const int	levels = 10;
	Deep	   *d = deep_new(16, 2);
	Fixture    *f = d->f;
	Lifted		l = lift(f, step.at, 0.015);
	const PpdlLiftedColumn column = {.stride = 1 << (LOGK - 1), .im = 1, .at_once = 1, .limbs = 3 + levels,
									 .scale = ppdl_compare_scale(f->par, 3 + levels, levels)};
	double		began = seconds();
	PpdlCt		x,
				out;

	OK(ppdl_lifted_take(&f->ev, &x, &l.in, &column, &err));
	OK(ppdl_compare_numbers(&f->ev, &out, &x, &step.at, 1, levels, 0x1p40, &err));
	print_message("%.1f s, keys included\n", seconds() - began);
	OK(ppdl_decrypt_slots(&f->ev, &out, f->sk, f->z, &err));
	check_rows(f, &l, &step, levels);
	ppdl_ct_release(&f->ev, &x);
	ppdl_ct_release(&f->ev, &out);
	for (int h = 0; h < 2; h++)
		ppdl_ct_release(&f->ev, &l.in.part[h]);
	free(l.ordinal);
	free(l.x);
	deep_free(d);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compare_real),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
