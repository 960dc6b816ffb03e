/*
 * A grey picture in memory, whatever file it came from, and the limits on its size.
 */
#ifndef PPDL_IMAGE_IMAGE_H
#define PPDL_IMAGE_IMAGE_H

#include <stdint.h>

#include "base/error.h"

/* what a file may claim before anything is allocated for it: pixels a side, and in all */
#define PPDL_IMAGE_MAX_SIDE 16384
#define PPDL_IMAGE_MAX_PIXELS (1L << 26)

typedef struct PpdlImage
{
	int			width,
				height;
	int			maxval;			/* white: 255, 4095, 65535, ...; black is 0 */
	uint16_t   *grey;			/* height rows of width, each 0..maxval; owned */
} PpdlImage;

/* Memory for a picture of this size; PPDL_ERR_FORMAT when it is empty or beyond the limits. */
PpdlStatus	ppdl_image_create(PpdlImage *im, long width, long height, long maxval, PpdlError *err);
void		ppdl_image_free(PpdlImage *im);

/* luminance of Rec. ITU-R BT.601, which JPEG uses, too: 0.299 R + 0.587 G + 0.114 B, rounded */
static inline uint16_t
ppdl_luminance(uint32_t red, uint32_t green, uint32_t blue)
{
	return (uint16_t) ((299 * red + 587 * green + 114 * blue + 500) / 1000);
}

#endif
