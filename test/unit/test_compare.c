/* Comparisons of slots with a number: what the series says, on a fine grid, and ciphertexts at an insecure degree. */
#include "deep_fixture.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stated_error),
		cmocka_unit_test(documented),
		cmocka_unit_test(levels_by_distance),
		cmocka_unit_test(ciphertexts),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
