#include "image/square.h"

#include <stdlib.h>
#include <string.h>

/* a square of pixels somewhere in memory */
typedef struct Source
{
	const uint16_t *first;
	int			stride,
				side,
				white;
} Source;

static inline long
overlap(long a, long b, long c, long d)
{
	long		lo = a > c ? a : c,
				hi = b < d ? b : d;

	return hi > lo ? hi - lo : 0;
}

/*
 * Lengths are counted in parts of a pixel, so that a pixel is `side` long and a cell s->side: weights are whole, and
 * add up to s->side^2 <= 2^26 a cell.  Sums stay below 2^42, and below 2^58 when scaled to levels.
 */
static void
average_row(uint64_t *sum, const Source *s, int side, long y)
{
	long		s1 = s->side,
				n = side;

	for (long x = 0; x < n; x++)
	{
		sum[x] = 0;
		for (long row = y * s1 / n; row * n < (y + 1) * s1; row++)
		{
			const uint16_t *p = s->first + row * s->stride;
			uint64_t	part = 0;

			for (long col = x * s1 / n; col * n < (x + 1) * s1; col++)
				part += p[col] * (uint64_t) overlap(col * n, (col + 1) * n, x * s1, (x + 1) * s1);
			sum[x] += part * (uint64_t) overlap(row * n, (row + 1) * n, y * s1, (y + 1) * s1);
		}
	}
}

static void
average(PpdlSquare *sq, const Source *s, int side)
{
	uint64_t	sum[PPDL_SQUARE_MAX_SIDE];
	uint64_t	total = (uint64_t) s->side * (uint64_t) s->side * (uint64_t) s->white;

	sq->side = side;
	for (int y = 0; y < side; y++)
	{
		average_row(sum, s, side, y);
		for (int x = 0; x < side; x++)
			sq->level[y * side + x] = (uint16_t) ((sum[x] * PPDL_SQUARE_WHITE + total / 2) / total);
	}
}

PpdlStatus
ppdl_square_take(PpdlSquare *sq, const PpdlImage *im, int side, PpdlError *err)
{
	int			s = im->width < im->height ? im->width : im->height;
	Source		middle = {
		.first = im->grey + (long) ((im->height - s) / 2) * im->width + (im->width - s) / 2,
		.stride = im->width,
		.side = s,
		.white = im->maxval
	};

	PPDL_ASSERT(side >= 1 && side <= PPDL_SQUARE_MAX_SIDE);
	if (s < side)
		return ppdl_error(err, PPDL_ERR_FORMAT, "has %d x %d pixels; %d x %d are needed at least", im->width,
						  im->height, side, side);
	average(sq, &middle, side);
	return PPDL_OK;
}

void
ppdl_square_shrink(PpdlSquare *out, const PpdlSquare *sq, int side)
{
	Source		all = {.first = sq->level, .stride = sq->side, .side = sq->side, .white = PPDL_SQUARE_WHITE};

	PPDL_ASSERT(side >= 1 && side <= sq->side && out != sq);
	average(out, &all, side);
}

static int
by_level(const void *a, const void *b)
{
	return *(const uint16_t *) a - *(const uint16_t *) b;
}

void
ppdl_square_sort(uint16_t *sorted, const PpdlSquare *sq)
{
	size_t		n = (size_t) (sq->side * sq->side);

	memcpy(sorted, sq->level, n * sizeof *sorted);
	qsort(sorted, n, sizeof *sorted, by_level);
}

double
ppdl_percentile(const uint16_t *sorted, int n, int q)
{
	long		rank = (long) (n - 1) * q;
	int			i = (int) (rank / 100);
	int			next = i + 1 < n ? i + 1 : i;

	return sorted[i] + (double) ((long) (sorted[next] - sorted[i]) * (rank % 100)) / 100;
}
