/*
 * Grey-level co-occurrence (Haralick, Shanmugam and Dinstein 1973): how often two grey levels stand d pixels apart, in
 * four directions and both ways.
 */
#include <string.h>

#include "image/descriptor_parts.h"
#include "image/stretch.h"

#define GREYS 16

static const int distances[] = {1, 2, 4};

/* symmetric counts of pairs (x, y), (x + dx, y + dy); returns how many there are */
static long
count_pairs(long (*pairs)[GREYS], const uint8_t *grey, int side, int dx, int dy)
{
	long		n = 0;

	memset(pairs, 0, sizeof(long) * GREYS * GREYS);
	for (int y = 0; y < side - dy; y++)
		for (int x = dx < 0 ? -dx : 0; x < side && x + dx < side; x++)
		{
			int			a = grey[y * side + x],
						b = grey[(y + dy) * side + x + dx];

			pairs[a][b]++;
			pairs[b][a]++;
			n += 2;
		}
	return n;
}

/* adds contrast, correlation, energy and homogeneity of one direction, a quarter of each */
static void
add_direction(double *out, long (*pairs)[GREYS], long n)
{
	double		mean = 0,
				variance = 0,
				covariance = 0,
				contrast = 0,
				energy = 0,
				homogeneity = 0;

	for (int i = 0; i < GREYS; i++)
		for (int j = 0; j < GREYS; j++)
			mean += i * (double) pairs[i][j];
	mean /= (double) n;
	for (int i = 0; i < GREYS; i++)
		for (int j = 0; j < GREYS; j++)
		{
			double		p = (double) pairs[i][j] / (double) n;

			variance += p * (i - mean) * (i - mean);
			covariance += p * (i - mean) * (j - mean);
			contrast += p * (i - j) * (i - j);
			energy += p * p;
			homogeneity += p / (1 + (i - j) * (i - j));
		}
	out[0] += contrast / ((GREYS - 1) * (GREYS - 1)) / 4;
	out[1] += (variance > 1e-12 ? covariance / variance : 0) / 4;
	out[2] += energy / 4;
	out[3] += homogeneity / 4;
}

void
ppdl_cooccurrences(double *out, const PpdlSquare *sq)
{
	static const int direction[4][2] = {{1, 0}, {1, 1}, {0, 1}, {-1, 1}};
	enum
	{
		NDISTANCES = sizeof distances / sizeof *distances
	};
	uint8_t		grey[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];
	long		pairs[GREYS][GREYS];

	_Static_assert(4 * NDISTANCES == PPDL_COOCCURRENCES, "count of co-occurrences");
	ppdl_stretch(grey, sq, GREYS - 1);
	memset(out, 0, sizeof *out * PPDL_COOCCURRENCES);
	for (int i = 0; i < NDISTANCES; i++)
		for (int j = 0; j < 4; j++)
		{
			long		n = count_pairs(pairs, grey, sq->side, direction[j][0] * distances[i],
										direction[j][1] * distances[i]);

			add_direction(out + 4 * i, pairs, n);
		}
}
