#include "image/stretch.h"

/*
 * In hundredths of a level percentiles are whole numbers, and so is all of this: at most
 * 2 * 255 * 100 * 65535 < 2^32.
 */
void
ppdl_stretch(uint8_t *out, const PpdlSquare *sq, int top)
{
	uint16_t	sorted[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];
	int			n = sq->side * sq->side;
	int64_t		low,
				high;

	PPDL_ASSERT(top >= 1 && top <= UINT8_MAX);
	ppdl_square_sort(sorted, sq);
	low = (int64_t) (100 * ppdl_percentile(sorted, n, 1) + 0.5);
	high = (int64_t) (100 * ppdl_percentile(sorted, n, 99) + 0.5);
	for (int i = 0; i < n; i++)
	{
		int64_t		v = 100 * (int64_t) sq->level[i];

		out[i] = (uint8_t) (v <= low || low == high ? 0 : v >= high ? top :
							(2 * top * (v - low) + (high - low)) / (2 * (high - low)));
	}
}

PpdlStatus
ppdl_image_pixels(uint8_t *out, const PpdlImage *im, int side, PpdlError *err)
{
	PpdlSquare	sq;

	PPDL_TRY(ppdl_square_take(&sq, im, side, err));
	ppdl_stretch(out, &sq, 255);
	return PPDL_OK;
}
