#include "image/image.h"

#include <stdlib.h>
#include <string.h>

PpdlStatus
ppdl_image_create(PpdlImage *im, long width, long height, long maxval, PpdlError *err)
{
	memset(im, 0, sizeof *im);
	if (width < 1 || height < 1)
		return ppdl_error(err, PPDL_ERR_FORMAT, "a picture of %ld x %ld pixels is empty", width, height);
	if (maxval < 1 || maxval > UINT16_MAX)
		return ppdl_error(err, PPDL_ERR_FORMAT, "white is %ld; 1 to 65535 is expected", maxval);
	if (width > PPDL_IMAGE_MAX_SIDE || height > PPDL_IMAGE_MAX_SIDE || width * height > PPDL_IMAGE_MAX_PIXELS)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "a picture of %ld x %ld pixels is too large", width, height);
		return ppdl_error_hint(err, PPDL_ERR_FORMAT,
							   "At most %d pixels a side and %ld in all are read: make a smaller one.",
							   PPDL_IMAGE_MAX_SIDE, PPDL_IMAGE_MAX_PIXELS);
	}
	im->grey = malloc((size_t) (width * height) * sizeof *im->grey);
	if (im->grey == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %ld x %ld pixels", width, height);
	im->width = (int) width;
	im->height = (int) height;
	im->maxval = (int) maxval;
	return PPDL_OK;
}

void
ppdl_image_free(PpdlImage *im)
{
	free(im->grey);
	memset(im, 0, sizeof *im);
}
