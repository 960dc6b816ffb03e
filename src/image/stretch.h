/*
 * Contrast stretched between two percentiles: what pixels, co-occurrence and near-copies look at.
 */
#ifndef PPDL_IMAGE_STRETCH_H
#define PPDL_IMAGE_STRETCH_H

#include "image/square.h"

/*
 * Levels between the 1st percentile, p, and the 99th, q, become 0 .. top: round(top (v - p) / (q - p)), those below 0
 * and those above top; all are 0 when p = q.  out has side x side values; top is 1 .. 255.
 */
void		ppdl_stretch(uint8_t *out, const PpdlSquare *sq, int top);
/* Pixels of a picture, 0 .. 255, side x side of them, row by row; PPDL_ERR_FORMAT when it is smaller than that. */
PpdlStatus	ppdl_image_pixels(uint8_t *out, const PpdlImage *im, int side, PpdlError *err);

#endif
