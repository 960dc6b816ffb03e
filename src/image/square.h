/*
 * The square that pixels and features are taken from: the middle of a picture, averaged over areas.
 */
#ifndef PPDL_IMAGE_SQUARE_H
#define PPDL_IMAGE_SQUARE_H

#include "image/image.h"

#define PPDL_SQUARE_MAX_SIDE 128
#define PPDL_SQUARE_WHITE 65535

typedef struct PpdlSquare
{
	int			side;
	uint16_t	level[PPDL_SQUARE_MAX_SIDE * PPDL_SQUARE_MAX_SIDE];	/* row by row, 0 .. PPDL_SQUARE_WHITE */
} PpdlSquare;

/*
 * The largest square in the middle of im, s pixels a side, averaged to side x side: level (x, y) is the mean over
 * [x s/side, (x+1) s/side) x [y s/side, (y+1) s/side), pixels counted by the area that lies in it, rounded to the
 * nearest level.  Whole numbers all through, so the same everywhere.  side is 1 .. PPDL_SQUARE_MAX_SIDE and at most s
 * (PPDL_ERR_FORMAT).
 */
PpdlStatus	ppdl_square_take(PpdlSquare *sq, const PpdlImage *im, int side, PpdlError *err);
/* the same of a square, to a side that is not larger */
void		ppdl_square_shrink(PpdlSquare *out, const PpdlSquare *sq, int side);

/* the levels in order, for ppdl_percentile */
void		ppdl_square_sort(uint16_t *sorted, const PpdlSquare *sq);
/* the value at rank (n-1) q/100, counted from 0, linear between the two next to it; 0 <= q <= 100 */
double		ppdl_percentile(const uint16_t *sorted, int n, int q);

#endif
