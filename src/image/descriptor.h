/*
 * 64 numbers that describe a picture.  doc/images.md has their formulas, ranges and sources.
 */
#ifndef PPDL_IMAGE_DESCRIPTOR_H
#define PPDL_IMAGE_DESCRIPTOR_H

#include "image/image.h"

#define PPDL_DESCRIPTOR_SIZE 64
/* the square they are taken from: as large as the picture has it, between these */
#define PPDL_DESCRIPTOR_MIN_SIDE 32
#define PPDL_DESCRIPTOR_MAX_SIDE 128

/* "grey_mean", ...; 0 <= i < PPDL_DESCRIPTOR_SIZE */
const char *ppdl_descriptor_name(int i);
/* PPDL_ERR_FORMAT when the picture is too small; what is below 10^-9 is 0 */
PpdlStatus	ppdl_descriptor(double *out, const PpdlImage *im, PpdlError *err);

#endif
