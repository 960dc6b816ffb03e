/*
 * Which pictures are nearly the same: copies in another size, format or brightness, and mirrored ones.
 */
#ifndef PPDL_IMAGE_NEAR_COPIES_H
#define PPDL_IMAGE_NEAR_COPIES_H

#include <stdint.h>

#include "base/poll.h"

/* pixels (ppdl_image_pixels) that pictures are compared by */
#define PPDL_THUMBNAIL_SIDE 16
#define PPDL_THUMBNAIL_PIXELS (PPDL_THUMBNAIL_SIDE * PPDL_THUMBNAIL_SIDE)

typedef struct PpdlThumbnail
{
	uint8_t		pixel[PPDL_THUMBNAIL_PIXELS];
} PpdlThumbnail;

/*
 * Pictures whose correlation is 0.995 or more, as they are or one of them left to right, are in one group, and so are
 * those that are linked by others.  group[i] is numbered from 1 in the order of first members.  Time grows with n^2.
 */
PpdlStatus	ppdl_near_copies(int *group, const PpdlThumbnail *thumbnail, int n, PpdlProgress progress, PpdlError *err);

#endif
