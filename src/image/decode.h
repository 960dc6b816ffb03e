/*
 * Picture files: PNG, JPEG, PGM and PPM, told apart by their first bytes, become grey pictures.
 */
#ifndef PPDL_IMAGE_DECODE_H
#define PPDL_IMAGE_DECODE_H

#include <stddef.h>

#include "image/image.h"

typedef enum PpdlImageFormat
{
	PPDL_IMAGE_UNKNOWN = 0,
	PPDL_IMAGE_PNG,
	PPDL_IMAGE_JPEG,
	PPDL_IMAGE_NETPBM			/* PGM and PPM */
} PpdlImageFormat;

/* what shows through transparent pixels */
typedef enum PpdlBackground
{
	PPDL_BACKGROUND_NONE = 0,	/* a picture that has such pixels is an error */
	PPDL_BACKGROUND_BLACK,
	PPDL_BACKGROUND_WHITE
} PpdlBackground;

PpdlImageFormat ppdl_image_format(const uint8_t *data, size_t len);
/* the format that a file's name promises */
PpdlImageFormat ppdl_image_format_of_name(const char *name);
const char *ppdl_image_format_name(PpdlImageFormat format);

/*
 * Colours become luminance; samples keep their depth, no gamma is applied.  *out is the caller's to free, and empty
 * after an error: PPDL_ERR_FORMAT for what is cut short, damaged, too large or of another format; it does not name
 * the file.
 */
PpdlStatus	ppdl_image_decode(PpdlImage *out, const uint8_t *data, size_t len, PpdlBackground background,
							  PpdlError *err);

#endif
