/*
 * Power in bands of frequency, by a cosine transform (DCT-II; Ahmed, Natarajan and Rao 1974), which sees no edge where
 * the square ends.
 */
#include <math.h>
#include <stdlib.h>

#include "image/descriptor_parts.h"

/* upper ends of the bands but the last, as parts of the highest frequency of a row, 1/2 a pixel */
static const double band_end[PPDL_SPECTRUM_BANDS - 1] = {
	1.0 / 32, 1.0 / 16, 3.0 / 32, 1.0 / 8, 3.0 / 16, 1.0 / 4, 1.0 / 2
};

/* out[k] = sum over x of v[x] cos(pi k (2 x + 1) / 2 n), for n values that are `step` apart */
static void
transform(double *out, const double *v, int n, int step, const double *cosine)
{
	for (int k = 0; k < n; k++)
	{
		double		sum = 0;
		int			angle = k;	/* k (2 x + 1) modulo a full turn */

		for (int x = 0; x < n; x++)
		{
			sum += v[x * step] * cosine[angle];
			angle += 2 * k;
			if (angle >= 4 * n)
				angle -= 4 * n;
		}
		out[k] = sum;
	}
}

/* the band of frequency (u, v) of n */
static int
band_of(int u, int v, int n)
{
	int			b = 0;

	while (b < PPDL_SPECTRUM_BANDS - 1 && (double) (u * u + v * v) > band_end[b] * band_end[b] * n * n)
		b++;
	return b;
}

static void
powers(double *band, const PpdlSquare *sq)
{
	static const int most = PPDL_SQUARE_MAX_SIDE;
	int			n = sq->side;
	double		cosine[4 * PPDL_SQUARE_MAX_SIDE],
				value[PPDL_SQUARE_MAX_SIDE],
				column[PPDL_SQUARE_MAX_SIDE];
	double		rows[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];

	for (int i = 0; i < 4 * n; i++)
		cosine[i] = cos(M_PI * i / (2 * n));
	for (int y = 0; y < n; y++)
	{
		for (int x = 0; x < n; x++)
			value[x] = (double) sq->level[y * n + x] / PPDL_SQUARE_WHITE;
		transform(rows + y * most, value, n, 1, cosine);
	}
	for (int u = 0; u < n; u++)
	{
		transform(column, rows + u, n, most, cosine);
		for (int v = 0; v < n; v++)
			if (u > 0 || v > 0)
				/* the transform is orthonormal but for these halves */
				band[band_of(u, v, n)] += column[v] * column[v] * (u == 0 ? 0.5 : 1) * (v == 0 ? 0.5 : 1);
	}
}

static int
is_constant(const PpdlSquare *sq)
{
	for (int i = 1; i < sq->side * sq->side; i++)
		if (sq->level[i] != sq->level[0])
			return 0;
	return 1;
}

void
ppdl_spectrum(double *out, const PpdlSquare *sq)
{
	double		band[PPDL_SPECTRUM_BANDS] = {0},
				all = 0;

	/* rounding must not be taken for a spectrum */
	if (!is_constant(sq))
		powers(band, sq);
	for (int i = 0; i < PPDL_SPECTRUM_BANDS; i++)
		all += band[i];
	for (int i = 0; i < PPDL_SPECTRUM_BANDS; i++)
		out[i] = log10((all > 0 ? band[i] / all : 0) + 1e-6);
}
