/*
 * What becomes of pictures: squares, pixels, the 64 features and near-copies, against known values and against
 * definitions written out in long double.
 */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>

#include "image_fixture.h"

#include <cmocka.h>

#include "image/decode.h"
#include "image/descriptor.h"
#include "image/near_copies.h"
#include "image/square.h"
#include "image/stretch.h"
#include "net/prng.h"

static PpdlError err;

#define WHITE 65535

static int
feature(const char *name)
{
	for (int i = 0; i < PPDL_DESCRIPTOR_SIZE; i++)
		if (strcmp(ppdl_descriptor_name(i), name) == 0)
			return i;
	fail_msg("no feature is called %s", name);
	return -1;
}

static PpdlImage
new_image(int width, int height, int maxval)
{
	PpdlImage	im;

	assert_int_equal(ppdl_image_create(&im, width, height, maxval, &err), PPDL_OK);
	return im;
}

static PpdlImage
noise(int width, int height, int maxval, uint64_t seed)
{
	PpdlImage	im = new_image(width, height, maxval);
	PpdlPrng	r;

	ppdl_prng_init(&r, seed, 0);
	for (long i = 0; i < (long) width * height; i++)
		im.grey[i] = (uint16_t) ppdl_prng_below(&r, (uint64_t) maxval + 1);
	return im;
}

static void
describe(double *out, const PpdlImage *im)
{
	if (ppdl_descriptor(out, im, &err) != PPDL_OK)
		fail_msg("%s", err.message);
}

static void
must_be(const double *v, const char *name, double expected, double within)
{
	double		got = v[feature(name)];

	if (!(fabs(got - expected) <= within))
		fail_msg("%s is %.17g, not %.17g", name, got, expected);
}

/* ---------------------------------------------------------------- squares and pixels */

/* the definition: areas of the plane, no whole numbers */
static long double
area_mean(const PpdlImage *im, int side, int x, int y)
{
	int			s = im->width < im->height ? im->width : im->height;
	int			left = (im->width - s) / 2,
				top = (im->height - s) / 2;
	long double cell = (long double) s / side,
				sum = 0;

	for (int row = 0; row < s; row++)
		for (int col = 0; col < s; col++)
		{
			long double w = fminl(col + 1, (x + 1) * cell) - fmaxl(col, x * cell),
						h = fminl(row + 1, (y + 1) * cell) - fmaxl(row, y * cell);

			if (w > 0 && h > 0)
				sum += w * h * im->grey[(top + row) * im->width + left + col];
		}
	return sum / (cell * cell) / im->maxval * WHITE;
}

static void
test_square(void **state)
{
	static const int shape[][4] = {{40, 40, 40, 255}, {61, 43, 16, 255}, {43, 70, 32, 4095}, {33, 129, 8, 65535}, {50, 50, 1, 1},
	{17, 16, 16, 1000}};
	static PpdlSquare sq;

	(void) state;
	for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
	{
		int			side = shape[i][2];
		PpdlImage	im = noise(shape[i][0], shape[i][1], shape[i][3], i);

		assert_int_equal(ppdl_square_take(&sq, &im, side, &err), PPDL_OK);
		assert_int_equal(sq.side, side);
		for (int y = 0; y < side; y++)
			for (int x = 0; x < side; x++)
				assert_true(fabsl(sq.level[y * side + x] - area_mean(&im, side, x, y)) < 0.5L + 1e-6L);
		ppdl_image_free(&im);
	}
}

static void
test_square_too_small(void **state)
{
	static PpdlSquare sq;
	uint8_t		pixel[64];
	double		v[PPDL_DESCRIPTOR_SIZE];
	PpdlImage	im = noise(1, 1, 255, 3);

	(void) state;
	assert_int_equal(ppdl_square_take(&sq, &im, 1, &err), PPDL_OK);
	assert_int_equal(ppdl_square_take(&sq, &im, 2, &err), PPDL_ERR_FORMAT);
	assert_int_equal(ppdl_image_pixels(pixel, &im, 8, &err), PPDL_ERR_FORMAT);
	assert_string_equal(err.message, "has 1 x 1 pixels; 8 x 8 are needed at least");
	assert_int_equal(ppdl_descriptor(v, &im, &err), PPDL_ERR_FORMAT);
	assert_string_equal(err.message, "has 1 x 1 pixels; 32 x 32 are needed at least");
	ppdl_image_free(&im);
}

/* the largest picture there may be, all white: sums must hold it */
static void
test_square_largest(void **state)
{
	static PpdlSquare sq;
	PpdlImage	im = new_image(8192, 8192, WHITE);

	(void) state;
	memset(im.grey, 0xff, sizeof *im.grey * 8192 * 8192);
	assert_int_equal(ppdl_square_take(&sq, &im, 1, &err), PPDL_OK);
	assert_int_equal(sq.level[0], WHITE);
	ppdl_image_free(&im);
	assert_int_equal(ppdl_image_create(&im, 8193, 8192, 255, &err), PPDL_ERR_FORMAT);
	assert_null(im.grey);
}

static void
test_percentile(void **state)
{
	static const uint16_t v[] = {0, 10, 20, 40, 100};

	(void) state;
	assert_true(ppdl_percentile(v, 5, 0) == 0);
	assert_true(ppdl_percentile(v, 5, 25) == 10);
	assert_true(ppdl_percentile(v, 5, 60) == 28);
	assert_true(ppdl_percentile(v, 5, 99) == 97.6);
	assert_true(ppdl_percentile(v, 5, 100) == 100);
	assert_true(ppdl_percentile(v, 1, 50) == 0);
}

static int
by_value(const void *a, const void *b)
{
	return *(const uint16_t *) a - *(const uint16_t *) b;
}

static long double
exact_percentile(const PpdlSquare *sq, int q)
{
	uint16_t	sorted[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];
	int			n = sq->side * sq->side;
	long double rank = (n - 1) * (long double) q / 100;
	int			i = (int) floorl(rank + 1e-15L);

	memcpy(sorted, sq->level, (size_t) n * sizeof *sorted);
	qsort(sorted, (size_t) n, sizeof *sorted, by_value);
	return i + 1 < n ? sorted[i] + (rank - i) * (sorted[i + 1] - sorted[i]) : sorted[i];
}

static long double
exact_stretch(const PpdlSquare *sq, int i, int top)
{
	long double low = exact_percentile(sq, 1),
				high = exact_percentile(sq, 99);

	return fminl(fmaxl((sq->level[i] - low) / (high - low), 0), 1) * top;
}

static void
test_pixels(void **state)
{
	static const int sides[] = {8, 16, 32};
	uint8_t		pixel[32 * 32];
	static PpdlSquare sq;

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		int			n = sides[i] * sides[i],
					black = 0,
					white = 0;
		PpdlImage	im = noise(70, 65, 4095, 5);

		assert_int_equal(ppdl_image_pixels(pixel, &im, sides[i], &err), PPDL_OK);
		assert_int_equal(ppdl_square_take(&sq, &im, sides[i], &err), PPDL_OK);
		for (int j = 0; j < n; j++)
		{
			assert_true(fabsl(pixel[j] - exact_stretch(&sq, j, 255)) < 0.5L + 1e-6L);
			black += pixel[j] == 0;
			white += pixel[j] == 255;
		}
		assert_in_range(black, 1, n / 20);
		assert_in_range(white, 1, n / 20);
		ppdl_image_free(&im);
	}
}

/* brightness and contrast do not count, nor does the format */
static void
test_same_picture(void **state)
{
	double		v[3][PPDL_DESCRIPTOR_SIZE];
	uint8_t		raw[60 * 50],
				pixel[3][16 * 16];
	PpdlWriter	w;
	PpdlImage	im[3];

	(void) state;
	im[0] = noise(60, 50, 255, 6);
	im[1] = new_image(60, 50, WHITE);
	for (int i = 0; i < 60 * 50; i++)
	{
		raw[i] = (uint8_t) im[0].grey[i];
		im[1].grey[i] = (uint16_t) (257 * raw[i]);
	}
	fixture_png(&w, 60, 50, PNG_COLOR_TYPE_GRAY, 8, 1, raw);
	assert_int_equal(ppdl_image_decode(&im[2], w.buf, w.len, PPDL_BACKGROUND_NONE, &err), PPDL_OK);
	ppdl_writer_free(&w);
	for (int i = 0; i < 3; i++)
	{
		describe(v[i], &im[i]);
		assert_int_equal(ppdl_image_pixels(pixel[i], &im[i], 16, &err), PPDL_OK);
		assert_memory_equal(v[i], v[0], sizeof v[0]);
		assert_memory_equal(pixel[i], pixel[0], sizeof pixel[0]);
		ppdl_image_free(&im[i]);
	}
}

/* ---------------------------------------------------------------- known values */

static void
test_names(void **state)
{
	(void) state;
	for (int i = 0; i < PPDL_DESCRIPTOR_SIZE; i++)
	{
		assert_non_null(ppdl_descriptor_name(i));
		assert_int_equal(feature(ppdl_descriptor_name(i)), i);
	}
}

static void
test_constant(void **state)
{
	double		v[PPDL_DESCRIPTOR_SIZE],
				expected[PPDL_DESCRIPTOR_SIZE] = {0};
	uint8_t		pixel[64];
	PpdlImage	im = new_image(40, 45, 255);

	(void) state;
	for (int i = 0; i < 40 * 45; i++)
		im.grey[i] = 51;
	describe(v, &im);
	for (int i = 0; i < PPDL_DESCRIPTOR_SIZE; i++)
	{
		const char *name = ppdl_descriptor_name(i);

		if (strcmp(name, "grey_mean") == 0 || strncmp(name, "grey_p", 6) == 0)
			expected[i] = 0.2;
		else if (strcmp(name, "grey_uniformity") == 0 || strstr(name, "_energy") || strstr(name, "_homogeneity") ||
				 strcmp(name, "lbp_8") == 0)
			expected[i] = 1;
		else if (strncmp(name, "spectrum", 8) == 0)
			expected[i] = -6;
		must_be(v, name, expected[i], 1e-15);
	}
	assert_int_equal(ppdl_image_pixels(pixel, &im, 8, &err), PPDL_OK);
	for (int i = 0; i < 64; i++)
		assert_int_equal(pixel[i], 0);
	ppdl_image_free(&im);
}

static void
test_checkerboard(void **state)
{
	double		v[PPDL_DESCRIPTOR_SIZE];
	PpdlImage	im = new_image(64, 64, 255);

	(void) state;
	for (int i = 0; i < 64 * 64; i++)
		im.grey[i] = (i % 64 + i / 64) % 2 ? 255 : 0;
	describe(v, &im);
	must_be(v, "grey_mean", 0.5, 1e-12);
	must_be(v, "grey_sd", 0.5, 1e-12);
	must_be(v, "grey_skewness", 0, 0);
	must_be(v, "grey_kurtosis", -2, 1e-12);
	must_be(v, "grey_p25", 0, 0);
	must_be(v, "grey_p75", 1, 0);
	must_be(v, "grey_entropy", 1, 1e-12);
	must_be(v, "grey_uniformity", 0.5, 1e-12);
	/* neighbours in a row or column differ, those across a corner do not */
	must_be(v, "glcm1_contrast", 0.5, 1e-12);
	must_be(v, "glcm1_correlation", 0, 1e-3);
	must_be(v, "glcm1_energy", 0.5, 1e-3);
	must_be(v, "glcm1_homogeneity", (2 + 2.0 / 226) / 4, 1e-12);
	must_be(v, "glcm2_contrast", 0, 0);
	must_be(v, "glcm2_correlation", 1, 1e-12);
	must_be(v, "glcm2_homogeneity", 1, 1e-12);
	must_be(v, "lbp_8", 0.5, 0);
	must_be(v, "lbp_other", 0.5, 0);
	must_be(v, "spectrum_8", 0, 1e-3);
	must_be(v, "spectrum_1", -6, 0.1);
	for (int i = 46; i < 64; i++)
		must_be(v, ppdl_descriptor_name(i), 0, 0);
	ppdl_image_free(&im);
}

/* grey that rises to the right, down, and towards a corner */
static void
test_gradients(void **state)
{
	static const struct
	{
		int			right,
					down;
		int			bin;		/* first of the two bins that share it */
		double		share;		/* of the second */
	}			slope[] = {{1, 0, 0, 0}, {0, 1, 4, 0.5}, {1, 1, 2, 0.25}, {-1, 1, 6, 0.75}, {-1, 0, 0, 0}, {0, -1, 4, 0.5}};
	static const char *const size[] = {"gradient1_", "gradient4_"};

	(void) state;
	for (size_t i = 0; i < sizeof slope / sizeof *slope; i++)
	{
		double		v[PPDL_DESCRIPTOR_SIZE];
		double		length = hypot(slope[i].share, 1 - slope[i].share);
		PpdlImage	im = new_image(64, 64, 65535);

		for (int j = 0; j < 64 * 64; j++)
			im.grey[j] = (uint16_t) (30000 + 200 * (slope[i].right * (j % 64) + slope[i].down * (j / 64)));
		describe(v, &im);
		for (int s = 0; s < 2; s++)
			for (int bin = 0; bin < 9; bin++)
			{
				char		name[20];

				snprintf(name, sizeof name, "%s%d", size[s], 20 * bin);
				must_be(v, name, bin == slope[i].bin ? (1 - slope[i].share) / length :
						bin == slope[i].bin + 1 ? slope[i].share / length : 0, 1e-9);
			}
		ppdl_image_free(&im);
	}
}

/* one cosine is one coefficient of the transform */
static void
test_waves(void **state)
{
	static const int wave[][3] = {{1, 0, 1}, {0, 2, 1}, {3, 0, 2}, {4, 3, 3}, {0, 8, 4}, {7, 7, 5}, {12, 8, 6}, {0, 32, 7}, {20, 26, 8}, {63, 63, 8}};

	(void) state;
	for (size_t i = 0; i < sizeof wave / sizeof *wave; i++)
	{
		double		v[PPDL_DESCRIPTOR_SIZE];
		PpdlImage	im = new_image(64, 64, 65535);

		for (int y = 0; y < 64; y++)
			for (int x = 0; x < 64; x++)
				im.grey[y * 64 + x] = (uint16_t) lrint(32768 + 30000 * cos(M_PI * wave[i][0] * (2 * x + 1) / 128) *
													   cos(M_PI * wave[i][1] * (2 * y + 1) / 128));
		describe(v, &im);
		for (int band = 1; band <= 8; band++)
		{
			char		name[20];

			snprintf(name, sizeof name, "spectrum_%d", band);
			must_be(v, name, band == wave[i][2] ? 0 : -6, 1e-3);
		}
		ppdl_image_free(&im);
	}
}

/* ---------------------------------------------------------------- definitions in long double */

static long double
level(const PpdlSquare *sq, int x, int y)
{
	return (long double) sq->level[y * sq->side + x] / WHITE;
}

static void
exact_intensities(long double *out, const PpdlSquare *sq)
{
	static const int q[] = {1, 5, 10, 25, 50, 75, 90, 95, 99};
	int			n = sq->side,
				count[256] = {0},
				inside = 0;
	long double mean = 0,
				m[5] = {0},
				middle = 0,
				rest = 0;

	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++)
		{
			int			in = x >= n / 4 && x < n - n / 4 && y >= n / 4 && y < n - n / 4;

			mean += level(sq, x, y) / (n * n);
			count[(int) floorl(sq->level[y * n + x] / 256.0L)]++;
			inside += in;
			middle += in ? level(sq, x, y) : 0;
			rest += in ? 0 : level(sq, x, y);
		}
	for (int k = 2; k <= 4; k++)
		for (int y = 0; y < n; y++)
			for (int x = 0; x < n; x++)
				m[k] += powl(level(sq, x, y) - mean, k) / (n * n);
	out[0] = mean;
	out[1] = sqrtl(m[2]);
	out[2] = m[3] / powl(m[2], 1.5L);
	out[3] = m[4] / powl(m[2], 2) - 3;
	for (int i = 0; i < 9; i++)
		out[4 + i] = exact_percentile(sq, q[i]) / WHITE;
	out[13] = out[14] = 0;
	for (int i = 0; i < 256; i++)
	{
		long double p = (long double) count[i] / (n * n);

		out[13] -= p > 0 ? p * logl(p) / logl(2) : 0;
		out[14] += p * p;
	}
	out[15] = middle / inside - rest / (n * n - inside);
}

/* Haralick's formulas on a table of joint probabilities with means and variances of both margins */
static void
exact_cooccurrence(long double *out, const int *grey, int n, int dx, int dy)
{
	static long double p[16][16];
	long double pairs = 0,
				mean[2] = {0},
				variance[2] = {0},
				product = 0;

	memset(p, 0, sizeof p);
	for (int y = 0; y < n; y++)
		for (int x = 0; x < n; x++)
			for (int sign = -1; sign <= 1; sign += 2)
			{
				int			u = x + sign * dx,
							v = y + sign * dy;

				if (u < 0 || v < 0 || u >= n || v >= n)
					continue;
				p[grey[y * n + x]][grey[v * n + u]] += 1;
				pairs += 1;
			}
	for (int i = 0; i < 4; i++)
		out[i] = 0;
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 16; j++)
		{
			p[i][j] /= pairs;
			mean[0] += i * p[i][j];
			mean[1] += j * p[i][j];
			out[0] += (i - j) * (i - j) * p[i][j] / 225;
			out[2] += p[i][j] * p[i][j];
			out[3] += p[i][j] / (1 + (i - j) * (i - j));
		}
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 16; j++)
		{
			variance[0] += (i - mean[0]) * (i - mean[0]) * p[i][j];
			variance[1] += (j - mean[1]) * (j - mean[1]) * p[i][j];
			product += (i - mean[0]) * (j - mean[1]) * p[i][j];
		}
	out[1] = product / sqrtl(variance[0] * variance[1]);
}

static void
exact_cooccurrences(long double *out, const PpdlSquare *sq)
{
	static const int distance[] = {1, 2, 4},
				direction[4][2] = {{1, 0}, {1, -1}, {0, 1}, {1, 1}};
	static int	grey[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];

	for (int i = 0; i < sq->side * sq->side; i++)
		grey[i] = (int) floorl(exact_stretch(sq, i, 15) + 0.5L);
	for (int d = 0; d < 3; d++)
	{
		for (int i = 0; i < 4; i++)
			out[4 * d + i] = 0;
		for (int k = 0; k < 4; k++)
		{
			long double one[4];

			exact_cooccurrence(one, grey, sq->side, direction[k][0] * distance[d], direction[k][1] * distance[d]);
			for (int i = 0; i < 4; i++)
				out[4 * d + i] += one[i] / 4;
		}
	}
}

/* a pattern's smallest rotation tells whether it is a run, and its length */
static void
exact_binary_patterns(long double *out, const PpdlSquare *sq)
{
	static const int dx[] = {-1, 0, 1, 1, 1, 0, -1, -1},
				dy[] = {-1, -1, -1, 0, 1, 1, 1, 0};
	int			n = sq->side;

	for (int i = 0; i < 10; i++)
		out[i] = 0;
	for (int y = 1; y < n - 1; y++)
		for (int x = 1; x < n - 1; x++)
		{
			unsigned	code = 0,
						least = 255;
			int			found = 9;

			for (int i = 0; i < 8; i++)
				if (sq->level[(y + dy[i]) * n + x + dx[i]] >= sq->level[y * n + x])
					code |= 1u << i;
			for (int i = 0; i < 8; i++)
			{
				unsigned	turned = (code << i | code >> (8 - i)) & 255;

				least = turned < least ? turned : least;
			}
			for (int ones = 0; ones <= 8; ones++)
				if (least == (1u << ones) - 1)
					found = ones;
			out[found] += 1.0L / ((n - 2) * (n - 2));
		}
}

static void
exact_spectrum(long double *out, const PpdlSquare *sq)
{
	static const long double end[] = {1 / 32.0L, 1 / 16.0L, 3 / 32.0L, 1 / 8.0L, 3 / 16.0L, 1 / 4.0L, 1 / 2.0L, 2};
	static long double cosine[32][32];
	int			n = sq->side;
	long double power[8] = {0},
				all = 0;

	assert_int_equal(n, 32);
	for (int k = 0; k < n; k++)
		for (int x = 0; x < n; x++)
			cosine[k][x] = cosl(acosl(-1) * k * (x + 0.5L) / n) * sqrtl((k ? 2.0L : 1.0L) / n);
	for (int u = 0; u < n; u++)
		for (int v = 0; v < n; v++)
		{
			long double sum = 0;
			int			band = 0;

			if (u == 0 && v == 0)
				continue;
			for (int y = 0; y < n; y++)
				for (int x = 0; x < n; x++)
					sum += level(sq, x, y) * cosine[u][x] * cosine[v][y];
			while (sqrtl(u * u + v * v) / n > end[band])
				band++;
			power[band] += sum * sum;
			all += sum * sum;
		}
	for (int i = 0; i < 8; i++)
		out[i] = log10l(power[i] / all + 1e-6L);
}

static void
exact_directions(long double *out, const long double *v, int n)
{
	long double length = 0;

	for (int i = 0; i < 9; i++)
		out[i] = 0;
	for (int y = 1; y < n - 1; y++)
		for (int x = 1; x < n - 1; x++)
		{
			long double dx = v[y * n + x + 1] - v[y * n + x - 1],
						dy = v[(y + 1) * n + x] - v[(y - 1) * n + x];
			long double degrees = atan2l(dy, dx) * 180 / acosl(-1);

			if (degrees < 0)
				degrees += 180;
			for (int bin = 0; bin <= 9; bin++)
			{
				long double away = fabsl(degrees - 20 * bin);

				if (away < 20)
					out[bin % 9] += (1 - away / 20) * hypotl(dx, dy);
			}
		}
	for (int i = 0; i < 9; i++)
		length += out[i] * out[i];
	for (int i = 0; i < 9; i++)
		out[i] /= sqrtl(length);
}

static void
exact_gradients(long double *out, const PpdlSquare *sq)
{
	static long double v[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];
	int			n = sq->side;

	for (int i = 0; i < n * n; i++)
		v[i] = sq->level[i];
	exact_directions(out, v, n);
	for (int y = 0; y < n / 4; y++)
		for (int x = 0; x < n / 4; x++)
		{
			long double sum = 0;

			for (int i = 0; i < 16; i++)
				sum += sq->level[(4 * y + i / 4) * n + 4 * x + i % 4];
			v[y * (n / 4) + x] = floorl(sum / 16 + 0.5L);
		}
	exact_directions(out + 9, v, n / 4);
}

static void
test_definitions(void **state)
{
	static PpdlSquare sq;
	long double exact[PPDL_DESCRIPTOR_SIZE];
	double		v[PPDL_DESCRIPTOR_SIZE];

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		PpdlImage	im = noise(35, 32, 1 + 200 * i, 10 + (uint64_t) i);

		/* smooth it, but for the first, so that all features have something to see */
		for (int round = 0; round < 2 * i; round++)
			for (int j = 0; j < 35 * 32 - 36; j++)
				im.grey[j] = (uint16_t) ((im.grey[j] + im.grey[j + 1] + im.grey[j + 35] + im.grey[j + 36]) / 4);
		describe(v, &im);
		assert_int_equal(ppdl_square_take(&sq, &im, 32, &err), PPDL_OK);
		exact_intensities(exact, &sq);
		exact_cooccurrences(exact + 16, &sq);
		exact_binary_patterns(exact + 28, &sq);
		exact_spectrum(exact + 38, &sq);
		exact_gradients(exact + 46, &sq);
		for (int j = 0; j < PPDL_DESCRIPTOR_SIZE; j++)
			must_be(v, ppdl_descriptor_name(j), (double) exact[j], 1e-9);
		ppdl_image_free(&im);
	}
}

/* whatever the picture, features stay in the ranges that doc/images.md states */
static void
test_ranges(void **state)
{
	for (int i = 0; i < 40; i++)
	{
		static const int shape[][3] = {{32, 32, 1}, {200, 140, 255}, {33, 90, 65535}, {300, 301, 3}};
		const int  *s = shape[i % 4];
		double		v[PPDL_DESCRIPTOR_SIZE];
		PpdlImage	im = noise(s[0], s[1], s[2], 100 + (uint64_t) i);

		/* most of it dark in some */
		for (int j = 0; i % 3 == 0 && j < s[0] * s[1]; j++)
			im.grey[j] = j % 97 ? 0 : im.grey[j];
		describe(v, &im);
		for (int j = 0; j < PPDL_DESCRIPTOR_SIZE; j++)
		{
			const char *name = ppdl_descriptor_name(j);
			double		low = 0,
						high = 1;

			if (strcmp(name, "grey_skewness") == 0 || strcmp(name, "grey_kurtosis") == 0)
				low = -128, high = 16384;
			else if (strcmp(name, "grey_sd") == 0)
				high = 0.5;
			else if (strcmp(name, "grey_entropy") == 0)
				high = 8;
			else if (strcmp(name, "grey_centre") == 0 || strstr(name, "correlation"))
				low = -1;
			else if (strncmp(name, "spectrum", 8) == 0)
				low = -6, high = 1e-6;
			if (!(v[j] >= low && v[j] <= high))
				fail_msg("%s is %g", name, v[j]);
		}
		ppdl_image_free(&im);
	}
	(void) state;
}

/* ---------------------------------------------------------------- near-copies */

static void
test_near_copies(void **state)
{
	enum
	{
		N = 9
	};
	static const int expected[N] = {1, 2, 1, 1, 3, 4, 4, 2, 5};
	PpdlThumbnail t[N];
	int			group[N];
	PpdlImage	im = noise(64, 64, 255, 77),
				other = noise(64, 64, 255, 78);

	(void) state;
	assert_int_equal(ppdl_image_pixels(t[0].pixel, &im, 16, &err), PPDL_OK);
	assert_int_equal(ppdl_image_pixels(t[1].pixel, &other, 16, &err), PPDL_OK);
	/* darker, mirrored, and slightly wrong */
	for (int i = 0; i < 256; i++)
	{
		t[2].pixel[i] = (uint8_t) (10 + t[0].pixel[i] / 2);
		t[3].pixel[i] = (uint8_t) (t[0].pixel[i / 16 * 16 + 15 - i % 16]);
		t[4].pixel[i] = (uint8_t) (255 - t[0].pixel[i]);
		t[5].pixel[i] = t[6].pixel[i] = 7;
		t[7].pixel[i] = (uint8_t) (t[1].pixel[i] < 250 ? t[1].pixel[i] + i % 5 : 255);
		t[8].pixel[i] = (uint8_t) i;
	}
	assert_int_equal(ppdl_near_copies(group, t, N, NULL, &err), PPDL_OK);
	for (int i = 0; i < N; i++)
		assert_int_equal(group[i], expected[i]);
	ppdl_image_free(&im);
	ppdl_image_free(&other);
}

/* a chain of pictures, each near the next, is one group, whatever their order */
static void
test_chain(void **state)
{
	static const int order[] = {3, 0, 4, 1, 2};
	PpdlThumbnail t[5];
	int			group[5];

	(void) state;
	for (int k = 0; k < 5; k++)
		for (int i = 0; i < 256; i++)
			t[k].pixel[i] = (uint8_t) lrint(128 + 100 * cos(0.05 * i + 0.08 * order[k]));
	assert_int_equal(ppdl_near_copies(group, t, 2, NULL, &err), PPDL_OK);
	assert_int_equal(group[1], 2);
	assert_int_equal(ppdl_near_copies(group, t, 5, NULL, &err), PPDL_OK);
	for (int i = 0; i < 5; i++)
		assert_int_equal(group[i], 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_square),
		cmocka_unit_test(test_square_too_small),
		cmocka_unit_test(test_square_largest),
		cmocka_unit_test(test_percentile),
		cmocka_unit_test(test_pixels),
		cmocka_unit_test(test_same_picture),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_constant),
		cmocka_unit_test(test_checkerboard),
		cmocka_unit_test(test_gradients),
		cmocka_unit_test(test_waves),
		cmocka_unit_test(test_definitions),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_near_copies),
		cmocka_unit_test(test_chain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
