/* Comparisons of slots with a number: what the series says, on a fine grid, and ciphertexts at an insecure degree. */
#include "deep_fixture.h"

#include "ckks/boot.h"
#include "ckks/compare.h"

/* points of the grid for each degree, half of them in the blur */
#define POINTS 10

/* thresholds all over the interval, and at its ends */
static double
threshold(int i, int count)
{
	return i < 6 ? copysign(1 - pow(10, -1 - i), i % 2 ? 1 : -1) : cos(M_PI * (i - 5.5) / (count - 6));
}

/* outside the blur 0 or 1 up to what is stated, inside it rising, and not blurred farther than stated */
static void
series(int levels, double t)
{
	double		c[PPDL_COMPARE_MAX_DEGREE + 1],
				below,
				above,
				worst = 0,
				before = -1;
	const PpdlStep step = {t, 1};
	const int	degree = (1 << levels) - 1,
				grid = POINTS * degree;

	ppdl_compare_series(c, levels, &step, 1);
	ppdl_compare_blur(levels, t, &below, &above);
	assert_true(below < t && t < above);
	for (int i = 0; i <= grid; i++)
	{
		const double u = (double) (i / 2) / (grid / 2.0),
					low = fmax(below, -1),
					x = i % 2 == 0 ? -cos(M_PI * u) : low + (fmin(above, 1) - low) * u;
		double		next = 0,
					after = 0,
					v;

		for (int k = degree; k >= 1; k--)
		{
			double		b = 2 * x * next - after + c[k];

			after = next;
			next = b;
		}
		v = x * next - after + c[0];
		if (i % 2 == 1)
		{
			/* ripples of the other flank add to its rise */
			assert_true(v >= before - PPDL_COMPARE_ERROR / 4);
			before = fmax(before, v);
		}
		if (x <= below || x >= above)
			worst = fmax(worst, fabs(v - (x > t)));
		if (i % 997 == 0)
			assert_true(fabs(v - ppdl_compare_value(levels, &step, 1, x)) < 1e-9);
	}
	if (worst > PPDL_COMPARE_ERROR)
		print_error("%d levels, t %.17g: 2^%.3f\n", levels, t, log2(worst));
	assert_true(worst <= PPDL_COMPARE_ERROR);
}

static void
stated_error(void **state)
{
	for (int levels = PPDL_COMPARE_MIN_LEVELS; levels <= PPDL_COMPARE_MAX_LEVELS; levels++)
	{
		const int	count = levels < 9 ? 60 : 8;

		for (int i = 0; i < count; i++)
			series(levels, threshold(i, count));
	}
}

/* ciphertexts against the series in the clear */
static void
encrypted(Deep *d, int levels, double t)
{
	/* between t and 0.3 above it */
	const PpdlStep step[2] = {{t, 1}, {fmin(t + 0.3, 0.999), -1}};
	const int	count = levels % 2 ? 2 : 1;
	Fixture    *f = d->f;
	const int	limbs = levels + 2;
	double complex *x = random_slots(f, 1),
			   *want = new_slots(f);
	PpdlCt		in,
				out;
	Measured	m;

	x[0] = 1;
	x[1] = -1;
	x[2] = t;
	in = encrypt(f, x, ppdl_compare_scale(f->par, limbs, levels), limbs);
	OK(ppdl_ct_compare(&f->ev, &out, &in, step, count, levels, 0x1p39, &err));
	assert_int_equal(out.limbs, 2);
	assert_true(out.scale == 0x1p39);
	for (size_t p = 0; p < f->par->slots; p++)
		want[p] = ppdl_compare_value(levels, step, count, creal(x[p]));
	m = show_error(f, count == 1 ? "above" : "between", &out, want);
	assert_true(m.worst < 0x1p-17 && m.rms < 0x1p-20);
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(x);
	free(want);
}

static void
ciphertexts(void **state)
{
	Deep	   *d = deep_new(9, 1);

	for (int levels = PPDL_COMPARE_MIN_LEVELS; levels <= PPDL_COMPARE_MAX_LEVELS; levels++)
		encrypted(d, levels, threshold(9 + levels, 30));
	encrypted(d, 6, 0);
	deep_free(d);
}

/* ---- composed of two ---- */

/* x lies within a composed blur of one of the thresholds */
static int
is_blurred(int levels, const double *t, int count, double x)
{
	for (int i = 0; i < count; i++)
	{
		double		below,
					above;

		ppdl_compare_fine_blur(levels, t[i], &below, &above);
		if (x > below && x < above)
			return 1;
	}
	return 0;
}

static double
met(const double *t, int count, double x)
{
	int			passed = 0;

	for (int i = 0; i < count; i++)
		passed += x > t[i];
	return passed % 2;
}

/* outside the blurs 0 or 1 up to what is stated for each threshold, next to each blur and all over the interval */
static void
fine(int levels, const double *t, int count)
{
	double		worst = 0;

	for (int i = 0; i < count; i++)
	{
		double		below,
					above,
					coarse_below,
					coarse_above;

		assert_true(ppdl_compare_is_fine(t[i]));
		ppdl_compare_fine_blur(levels, t[i], &below, &above);
		ppdl_compare_blur(levels, t[i], &coarse_below, &coarse_above);
		assert_true(below < t[i] && t[i] < above);
		/* at the ends the interval goes no farther */
		assert_true(fmin(above, 1) - fmax(below, -1) < (fmin(coarse_above, 1) - fmax(coarse_below, -1)) / 9);
		for (int k = 0; k <= 100; k++)
		{
			const double far = pow(10, -6.0 * k / 100),
						x[3] = {below - far * (below + 1), above + far * (1 - above), -1 + k / 50.0};

			for (int j = 0; j < 3; j++)
				if (fabs(x[j]) <= 1 && !is_blurred(levels, t, count, x[j]))
					worst = fmax(worst, fabs(ppdl_compare_fine_value(levels, t, count, x[j]) - met(t, count, x[j])));
		}
	}
	if (worst > count * PPDL_COMPARE_ERROR)
		print_error("%d levels, %d thresholds from %.17g: 2^%.3f\n", levels, count, t[0], log2(worst));
	assert_true(worst <= count * PPDL_COMPARE_ERROR);
}

static void
composed_error(void **state)
{
	/* far from each other, near, at the ends, and in groups */
	static const double t[] = {-0.9998, -0.99, -0.5, -0.4999, -0.499, 0, 0.002, 0.1, 0.14, 0.9, 0.905, 0.9999};

	for (int levels = PPDL_COMPARE_MIN_LEVELS; levels < PPDL_COMPARE_MAX_LEVELS; levels += 2)
		for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++)
			fine(levels, t + i, 1);
	fine(5, t + 2, 2);
	fine(8, t + 2, 4);
	fine(6, t + 6, 3);
	assert_false(ppdl_compare_is_fine(0.99999));
	assert_false(ppdl_compare_is_fine(-1));
}

/* every set's thresholds are up and down in turn, far from each other; no set is empty */
static void
composed_sets(void **state)
{
	Fixture		f = {.random = 77};

	for (int run = 0; run < 200; run++)
	{
		const int	count = 1 + (int) (next_random(&f) % 60);
		double		t[60];
		int			set[60],
					sets;

		t[0] = -0.9;
		for (int i = 1; i < count; i++)
			t[i] = t[i - 1] + (0.9 - t[i - 1]) * (next_random(&f) % 4 == 0 ? 0.2 : 0.01);
		sets = ppdl_compare_fine_sets(t, count, set);
		for (int s = 0; s < sets; s++)
		{
			int			last = -1;

			for (int i = 0; i < count; i++)
			{
				if (set[i] != s)
					continue;
				assert_true(last < 0 || (i - last) % 2 == 1);
				assert_true(last < 0 || acos(t[last]) - acos(t[i]) >= ppdl_compare_angle(PPDL_COMPARE_FIRST_LEVELS));
				last = i;
			}
			assert_true(last >= 0);
		}
	}
}

/* ciphertexts against the two polynomials in the clear, a full bootstrap between them */
static void
composed_encrypted(Deep *d, const PpdlHalfBoot *hb, const PpdlFullBoot *fb, const double *t, int count, int levels)
{
	Fixture    *f = d->f;
	const int	limbs = PPDL_COMPARE_FIRST_LEVELS + PPDL_BOOT_FULL_LIMBS;
	double complex *x = random_slots(f, 1),
			   *want = new_slots(f);
	int			number[8];
	const int	sets = ppdl_compare_fine_sets(t, count, number);
	PpdlCt		in,
				out = {0};
	Measured	m;

	for (size_t p = 0; p < f->par->slots; p++)
	{
		if (p % 2 == 0)
			x[p] = t[p % (size_t) count] + 0.001 * creal(x[p]);
		want[p] = ppdl_compare_fine_value(levels, t, count, creal(x[p]));
	}
	in = encrypt(f, x, ppdl_compare_scale(f->par, limbs, PPDL_COMPARE_FIRST_LEVELS), limbs);
	for (int s = 0; s < sets; s++)
	{
		const PpdlFineSet set = {t, number, count, s};
		PpdlCt		y;

		OK(ppdl_ct_compare_first(&f->ev, &y, &in, &set, &err));
		assert_int_equal(y.limbs, PPDL_BOOT_FULL_LIMBS);
		OK(ppdl_fullboot_run(fb, hb, &f->ev, &y, 1, &err));
		OK(ppdl_ct_compare_again(&f->ev, &y, &set, levels, 3, 0x1p40, &err));
		assert_int_equal(y.limbs, 3);
		OK(ppdl_ct_join(&f->ev, &out, &y, &err));
		ppdl_ct_release(&f->ev, &y);
	}
	m = show_error(f, "composed", &out, want);
	/* the slope of the composition, times errors of values and of the bootstrap */
	assert_true(m.worst < ldexp(1, levels + PPDL_COMPARE_FIRST_LEVELS - 24));
	ppdl_ct_release(&f->ev, &in);
	ppdl_ct_release(&f->ev, &out);
	free(x);
	free(want);
}

static void
composed_ciphertexts(void **state)
{
	static const double t[] = {-0.6, 0.3, 0.31, 0.9999},
				near_end = 0.99999;
	Deep	   *d = deep_new(9, 1);
	const int	zero = 0;
	const PpdlFineSet set = {&near_end, &zero, 1, 0};
	PpdlHalfBoot *hb;
	PpdlFullBoot *fb;
	PpdlCt		in,
				out;

	OK(ppdl_halfboot_create(&hb, &d->f->ev, &err));
	OK(ppdl_fullboot_create(&fb, &d->f->ev, &err));
	composed_encrypted(d, hb, fb, t, 1, 10);
	composed_encrypted(d, hb, fb, t, 4, 6);
	in = encrypt(d->f, d->f->z, 0x1p40, 13);
	assert_int_equal(ppdl_ct_compare_first(&d->f->ev, &out, &in, &set, &err), PPDL_ERR_ARGUMENT);
	assert_null(out.b);
	ppdl_ct_release(&d->f->ev, &in);
	ppdl_fullboot_destroy(fb);
	ppdl_halfboot_destroy(hb);
	deep_free(d);
}

/* doc/statistics.md: what a row counts at a part of the blur's half width, and half widths for t = 0, 0.5, 0.9 */
static void
documented(void **state)
{
	static const double part[][2] = {{0, 0.5}, {0.1, 0.62}, {0.25, 0.779}, {0.5, 0.943}, {0.7, 0.990}, {0.8, 0.997},
									 {1, 1}};
	static const double width[][3] = {
		{0.1397, 0.1259, 0.0697}, {0.0700, 0.0619, 0.0327}, {0.0350, 0.0306, 0.0158}, {0.0175, 0.0152, 0.0078},
		{0.0088, 0.0076, 0.0039}, {0.0044, 0.0038, 0.0019},
	};

	for (int levels = 6; levels <= PPDL_COMPARE_MAX_LEVELS; levels++)
		for (size_t i = 0; i < sizeof(part) / sizeof(part[0]); i++)
			for (int side = -1; side <= 1; side += 2)
			{
				const PpdlStep step = {-0.3, 1};
				const double x = cos(acos(-0.3) - side * part[i][0] * ppdl_compare_angle(levels));

				assert_true(fabs(ppdl_compare_value(levels, &step, 1, x) - (side > 0 ? part[i][1] :
																			1 - part[i][1])) < 1e-3);
			}
	for (int levels = 6; levels <= PPDL_COMPARE_MAX_LEVELS; levels++)
		for (int i = 0; i < 3; i++)
		{
			const double t[] = {0, 0.5, 0.9};
			double		below,
						above;

			ppdl_compare_blur(levels, t[i], &below, &above);
			assert_true(fabs(fmax(t[i] - below, above - t[i]) - width[levels - 6][i]) < 6e-5);
		}
}

/* the fewest levels that keep a distance, and no fewer */
static void
levels_by_distance(void **state)
{
	double		below,
				above;

	for (int i = 0; i < 40; i++)
	{
		const double t = threshold(i, 40);

		for (double distance = 0.5; distance > 0.001; distance /= 1.3)
		{
			const int	levels = ppdl_compare_levels(t, distance);

			if (levels == 0)
			{
				ppdl_compare_blur(PPDL_COMPARE_MAX_LEVELS, t, &below, &above);
				assert_true((t - distance > below && t - distance >= -1) ||
							(t + distance < above && t + distance <= 1));
				continue;
			}
			ppdl_compare_blur(levels, t, &below, &above);
			assert_true(t - distance <= below || t - distance < -1);
			assert_true(t + distance >= above || t + distance > 1);
			if (levels == PPDL_COMPARE_MIN_LEVELS)
				continue;
			ppdl_compare_blur(levels - 1, t, &below, &above);
			assert_true((t - distance > below && t - distance >= -1) || (t + distance < above && t + distance <= 1));
		}
	}
	assert_int_equal(ppdl_compare_levels(0, 0.01), 10);
	assert_int_equal(ppdl_compare_levels(0, 0.004), 0);
}

static PpdlStatus
compare_with(Fixture *f, const PpdlCt *in, double t, int levels, PpdlCt *out)
{
	const PpdlStep step = {t, 1};

	return ppdl_ct_compare(&f->ev, out, in, &step, 1, levels, 0x1p40, &err);
}

static void
refusals(void **state)
{
	Deep	   *d = deep_new(9, 1);
	Fixture    *f = d->f;
	double complex *x = random_slots(f, 1);
	PpdlCt		in = encrypt(f, x, ppdl_compare_scale(f->par, 9, 8), 9),
				out;

	assert_int_equal(compare_with(f, &in, 0, 3, &out), PPDL_ERR_ARGUMENT);
	assert_int_equal(compare_with(f, &in, 0, 12, &out), PPDL_ERR_ARGUMENT);
	assert_int_equal(compare_with(f, &in, 1, 8, &out), PPDL_ERR_ARGUMENT);
	assert_int_equal(compare_with(f, &in, NAN, 8, &out), PPDL_ERR_ARGUMENT);
	assert_int_equal(compare_with(f, &in, 0, 9, &out), PPDL_ERR_LEVEL);
	assert_int_equal(ppdl_ct_compare(&f->ev, &out, &in, NULL, 0, 8, 0x1p40, &err), PPDL_ERR_ARGUMENT);
	in.scale *= 1.01;
	assert_int_equal(compare_with(f, &in, 0, 8, &out), PPDL_ERR_SCALE);
	assert_null(out.b);
	ppdl_ct_release(&f->ev, &in);
	free(x);
	deep_free(d);
}

/* doc/statistics.md: half widths of composed comparisons, for t = 0, 0.5, 0.9 */
static void
documented_fine(void **state)
{
	static const double width[][3] = {
		{0.0088, 0.0076, 0.0039}, {0.0043, 0.0037, 0.0019}, {0.00213, 0.00185, 0.00093}, {0.00106, 0.00092, 0.00046},
		{0.00053, 0.00046, 0.00023}, {0.00027, 0.00023, 0.000116}, {0.000133, 0.000115, 0.000058},
	};

	for (int levels = PPDL_COMPARE_MIN_LEVELS; levels < PPDL_COMPARE_MAX_LEVELS; levels++)
		for (int i = 0; i < 3; i++)
		{
			const double t[] = {0, 0.5, 0.9};
			double		below,
						above;

			ppdl_compare_fine_blur(levels, t[i], &below, &above);
			assert_true(fabs(fmax(t[i] - below, above - t[i]) / width[levels - 4][i] - 1) < 0.02);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stated_error),
		cmocka_unit_test(documented),
		cmocka_unit_test(levels_by_distance),
		cmocka_unit_test(ciphertexts),
		cmocka_unit_test(refusals),
		cmocka_unit_test(composed_error),
		cmocka_unit_test(composed_sets),
		cmocka_unit_test(composed_ciphertexts),
		cmocka_unit_test(documented_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
