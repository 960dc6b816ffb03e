/* Picture files in memory, written by the libraries themselves, for tests and fuzzing. */
#ifndef PPDL_TEST_IMAGE_FIXTURE_H
#define PPDL_TEST_IMAGE_FIXTURE_H

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>
#include <turbojpeg.h>

#include "base/bytes.h"

static inline void
fixture_png_write(png_structp png, png_bytep data, png_size_t len)
{
	ppdl_write_bytes(png_get_io_ptr(png), data, len);
}

static inline void
fixture_png_flush(png_structp png)
{
	(void) png;
}

/* raw: rows as PNG has them, samples of 16 bits with the high byte first; palettes have two colours */
static inline void
fixture_png(PpdlWriter *w, int width, int height, int type, int depth, int interlaced, const uint8_t *raw)
{
	static const png_color palette[2] = {{10, 20, 30}, {200, 100, 50}};
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop	info = png_create_info_struct(png);
	size_t		bytes;

	ppdl_writer_init(w);
	if (setjmp(png_jmpbuf(png)))
		abort();
	png_set_write_fn(png, w, fixture_png_write, fixture_png_flush);
	png_set_IHDR(png, info, (png_uint_32) width, (png_uint_32) height, depth, type,
				 interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
				 PNG_FILTER_TYPE_DEFAULT);
	if (type == PNG_COLOR_TYPE_PALETTE)
		png_set_PLTE(png, info, palette, 2);
	png_write_info(png, info);
	bytes = png_get_rowbytes(png, info);
	for (int pass = 0, passes = png_set_interlace_handling(png); pass < passes; pass++)
		for (int y = 0; y < height; y++)
			png_write_row(png, raw + (size_t) y * bytes);
	png_write_end(png, info);
	png_destroy_write_struct(&png, &info);
}

/* pixels: of the TurboJPEG format TJPF_* */
static inline void
fixture_jpeg(PpdlWriter *w, int width, int height, int format, int subsampling, int flags, const uint8_t *pixels)
{
	tjhandle	handle = tjInitCompress();
	unsigned char *jpeg = NULL;
	unsigned long len = 0;

	ppdl_writer_init(w);
	if (tjCompress2(handle, pixels, width, 0, height, format, &jpeg, &len, subsampling, 95, flags) != 0)
		abort();
	ppdl_write_bytes(w, jpeg, len);
	tjFree(jpeg);
	tjDestroy(handle);
}

#endif
