/* How grey levels are distributed, wherever they are: moments, percentiles, entropy; and how bright the middle is. */
#include <math.h>

#include "image/descriptor_parts.h"

#define BINS 256

/* mean, standard deviation, skewness, excess kurtosis */
static void
moments(double *out, const PpdlSquare *sq)
{
	int			n = sq->side * sq->side;
	int64_t		sum = 0;
	double		m2 = 0,
				m3 = 0,
				m4 = 0,
				mean;

	for (int i = 0; i < n; i++)
		sum += sq->level[i];
	mean = (double) sum / n;
	for (int i = 0; i < n; i++)
	{
		/* exact but for the division, so exactly 0 where all levels are the same */
		double		d = (double) ((int64_t) sq->level[i] * n - sum) / n / PPDL_SQUARE_WHITE;

		m2 += d * d;
		m3 += d * d * d;
		m4 += d * d * d * d;
	}
	m2 /= n;
	m3 /= n;
	m4 /= n;
	out[0] = mean / PPDL_SQUARE_WHITE;
	out[1] = sqrt(m2);
	out[2] = m2 > 0 ? m3 / (m2 * sqrt(m2)) : 0;
	out[3] = m2 > 0 ? m4 / (m2 * m2) - 3 : 0;
}

/* entropy in bits and uniformity of the histogram */
static void
histogram(double *out, const PpdlSquare *sq)
{
	int			count[BINS] = {0};
	int			n = sq->side * sq->side;
	double		entropy = 0,
				uniformity = 0;

	for (int i = 0; i < n; i++)
		count[sq->level[i] / (65536 / BINS)]++;
	for (int i = 0; i < BINS; i++)
	{
		double		p = (double) count[i] / n;

		if (count[i] > 0)
			entropy -= p * log2(p);
		uniformity += p * p;
	}
	out[0] = entropy;
	out[1] = uniformity;
}

/* mean of the middle, half as wide and high, less that of the rest */
static double
centre(const PpdlSquare *sq)
{
	int			lo = sq->side / 4,
				hi = sq->side - lo;
	int64_t		inside = 0,
				outside = 0;
	int			n = (hi - lo) * (hi - lo);

	for (int y = 0; y < sq->side; y++)
		for (int x = 0; x < sq->side; x++)
			*(x >= lo && x < hi && y >= lo && y < hi ? &inside : &outside) += sq->level[y * sq->side + x];
	return ((double) inside / n - (double) outside / (sq->side * sq->side - n)) / PPDL_SQUARE_WHITE;
}

void
ppdl_intensities(double *out, const PpdlSquare *sq)
{
	static const int percentile[] = {1, 5, 10, 25, 50, 75, 90, 95, 99};
	enum
	{
		NPERCENTILES = sizeof percentile / sizeof *percentile
	};
	uint16_t	sorted[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];

	_Static_assert(4 + NPERCENTILES + 3 == PPDL_INTENSITIES, "count of intensities");
	moments(out, sq);
	ppdl_square_sort(sorted, sq);
	for (int i = 0; i < NPERCENTILES; i++)
		out[4 + i] = ppdl_percentile(sorted, sq->side * sq->side, percentile[i]) / PPDL_SQUARE_WHITE;
	histogram(out + 4 + NPERCENTILES, sq);
	out[6 + NPERCENTILES] = centre(sq);
}
