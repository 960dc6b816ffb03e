/*
 * The readers behind ppdl_image_decode, each in a file of its own: png.c, jpeg.c, netpbm.c.  *out is empty at first;
 * after an error it holds anything that ppdl_image_free frees.
 */
#ifndef PPDL_IMAGE_READERS_H
#define PPDL_IMAGE_READERS_H

#include "image/decode.h"

/* by libpng: all colour types and depths, interlaced or not */
PpdlStatus	ppdl_png_read(PpdlImage *out, const uint8_t *data, size_t len, PpdlBackground background, PpdlError *err);
/* by libjpeg-turbo: grey and colour, sequential and progressive, 8 bits */
PpdlStatus	ppdl_jpeg_read(PpdlImage *out, const uint8_t *data, size_t len, PpdlError *err);
/* P2, P5 (grey), P3 and P6 (colour), white up to 65535 */
PpdlStatus	ppdl_netpbm_read(PpdlImage *out, const uint8_t *data, size_t len, PpdlError *err);

#endif
