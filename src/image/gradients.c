/*
 * Directions of grey-level gradients, as in histograms of oriented gradients (Dalal and Triggs 2005): nine bins of 20
 * degrees, no sign, each gradient shared by two bins; over the whole square, in full and at a quarter of its size.
 */
#include <math.h>
#include <string.h>

#include "image/descriptor_parts.h"

#define BINS 9

static void
add_gradient(double *bin, int dx, int dy)
{
	double		place,
				share;
	int			b;

	if (dx == 0 && dy == 0)
		return;
	/* the direction and its opposite are one: 0 <= place < 9, bins have their centres at whole numbers */
	if (dy < 0 || (dy == 0 && dx < 0))
	{
		dx = -dx;
		dy = -dy;
	}
	place = atan2(dy, dx) * (BINS / M_PI);
	b = (int) place;
	share = place - b;
	bin[b % BINS] += (1 - share) * sqrt((double) dx * dx + (double) dy * dy);
	bin[(b + 1) % BINS] += share * sqrt((double) dx * dx + (double) dy * dy);
}

static void
directions(double *out, const PpdlSquare *sq)
{
	int			n = sq->side;
	double		length = 0;

	memset(out, 0, BINS * sizeof *out);
	for (int y = 1; y < n - 1; y++)
		for (int x = 1; x < n - 1; x++)
		{
			const uint16_t *p = sq->level + y * n + x;

			add_gradient(out, p[1] - p[-1], p[n] - p[-n]);
		}
	for (int i = 0; i < BINS; i++)
		length += out[i] * out[i];
	length = sqrt(length);
	for (int i = 0; i < BINS && length > 0; i++)
		out[i] /= length;
}

void
ppdl_gradients(double *out, const PpdlSquare *sq)
{
	PpdlSquare	quarter;

	_Static_assert(2 * BINS == PPDL_GRADIENTS, "count of gradient bins");
	directions(out, sq);
	ppdl_square_shrink(&quarter, sq, sq->side / 4);
	directions(out + BINS, &quarter);
}
