/*
 * PNG by libpng.  Its simplified interface converts 16 bits by a gamma that X-rays do not have, so this is the full
 * one, whose errors jump: from within libpng to decode(), and nowhere else.
 */
#include <setjmp.h>
#include <stdlib.h>

#include <png.h>

#include "base/bytes.h"
#include "image/readers.h"

typedef struct Input
{
	PpdlReader	bytes;
	PpdlBackground background;
	PpdlImage  *out;
	PpdlError  *err;
	PpdlStatus	status;			/* of what is not libpng's error */
	char		message[160];	/* of libpng */
	png_structp png;
	png_infop	info;
	uint8_t    *raw;			/* a row, or all of an interlaced picture */
	int			channels,
				bits;
	long		transparent;	/* pixels that are, if only in part */
} Input;

static void
on_error(png_structp png, png_const_charp message)
{
	Input	   *in = png_get_error_ptr(png);

	snprintf(in->message, sizeof in->message, "%s", message);
	png_longjmp(png, 1);
}

static void
on_warning(png_structp png, png_const_charp message)
{
	(void) png;
	(void) message;
}

static void
on_read(png_structp png, png_bytep to, png_size_t len)
{
	Input	   *in = png_get_io_ptr(png);
	const uint8_t *from = ppdl_read_bytes(&in->bytes, len);

	if (from == NULL)
		png_error(png, "the file ends too early");
	memcpy(to, from, len);
}

static inline uint32_t
sample(const Input *in, const uint8_t *p, int i)
{
	return in->bits == 16 ? (uint32_t) p[2 * i] << 8 | p[2 * i + 1] : p[i];
}

static uint16_t
blend(uint32_t grey, uint32_t alpha, uint32_t white, PpdlBackground background)
{
	uint64_t	behind = background == PPDL_BACKGROUND_WHITE ? white : 0;

	return (uint16_t) (((uint64_t) grey * alpha + behind * (white - alpha) + white / 2) / white);
}

static void
take_row(Input *in, const uint8_t *raw, int y)
{
	uint16_t   *to = in->out->grey + (long) y * in->out->width;
	uint32_t	white = (uint32_t) in->out->maxval;
	int			bytes = in->channels * in->bits / 8;

	for (int x = 0; x < in->out->width; x++, raw += bytes)
	{
		uint32_t	v = sample(in, raw, 0);

		if (in->channels >= 3)
			v = ppdl_luminance(v, sample(in, raw, 1), sample(in, raw, 2));
		if (in->channels % 2 == 0)
		{
			uint32_t	alpha = sample(in, raw, in->channels - 1);

			in->transparent += alpha < white;
			v = blend(v, alpha, white, in->background);
		}
		to[x] = (uint16_t) v;
	}
}

/* the picture's size is checked before libpng takes memory for rows */
static void
read_header(Input *in)
{
	png_structp png = in->png;

	png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
	png_set_chunk_malloc_max(png, 8 << 20);
	png_set_chunk_cache_max(png, 128);
	png_set_read_fn(png, in, on_read);
	png_read_info(png, in->info);
	in->bits = png_get_bit_depth(png, in->info) == 16 ? 16 : 8;
	in->status = ppdl_image_create(in->out, (long) png_get_image_width(png, in->info),
								   (long) png_get_image_height(png, in->info), (1L << in->bits) - 1, in->err);
}

/* samples as they are stored, but 8 bits at least, and no palettes */
static void
set_transforms(Input *in)
{
	png_structp png = in->png;
	int			kind = png_get_color_type(png, in->info);

	if (kind == PNG_COLOR_TYPE_PALETTE)
		png_set_palette_to_rgb(png);
	if (kind == PNG_COLOR_TYPE_GRAY)
		png_set_expand_gray_1_2_4_to_8(png);
	if (png_get_valid(png, in->info, PNG_INFO_tRNS))
		png_set_tRNS_to_alpha(png);
}

static void
read_rows(Input *in, int passes)
{
	size_t		bytes = png_get_rowbytes(in->png, in->info);
	int			height = in->out->height;

	for (int pass = 0; pass < passes; pass++)
		for (int y = 0; y < height; y++)
		{
			uint8_t    *row = in->raw + (passes > 1 ? bytes * (size_t) y : 0);

			png_read_row(in->png, row, NULL);
			if (pass == passes - 1)
				take_row(in, row, y);
		}
	png_read_end(in->png, NULL);
}

/* 0 when libpng has jumped */
static int
decode(Input *in)
{
	int			passes;

	if (setjmp(png_jmpbuf(in->png)))
		return 0;
	read_header(in);
	if (in->status != PPDL_OK)
		return 1;
	set_transforms(in);
	passes = png_set_interlace_handling(in->png);
	png_read_update_info(in->png, in->info);
	in->channels = png_get_channels(in->png, in->info);
	in->raw = malloc(png_get_rowbytes(in->png, in->info) * (passes > 1 ? (size_t) in->out->height : 1));
	if (in->raw == NULL)
		in->status = ppdl_error(in->err, PPDL_ERR_NOMEM, "out of memory for %d x %d pixels", in->out->width,
								in->out->height);
	else
		read_rows(in, passes);
	return 1;
}

static PpdlStatus
check_transparency(const Input *in)
{
	long		pixels = (long) in->out->width * in->out->height;

	if (in->transparent == 0 || in->background != PPDL_BACKGROUND_NONE)
		return PPDL_OK;
	ppdl_error(in->err, PPDL_ERR_FORMAT, "%ld of its %ld pixels are transparent: what lies behind them is not known",
			   in->transparent, pixels);
	return ppdl_error_hint(in->err, PPDL_ERR_FORMAT, "Say --background black or white, or flatten the picture.");
}

PpdlStatus
ppdl_png_read(PpdlImage *out, const uint8_t *data, size_t len, PpdlBackground background, PpdlError *err)
{
	Input		in = {.bytes = ppdl_reader(data, len), .background = background, .out = out, .err = err};
	int			done = 0;

	in.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &in, on_error, on_warning);
	in.info = in.png ? png_create_info_struct(in.png) : NULL;
	if (in.info)
		done = decode(&in);
	else
		in.status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for libpng");
	free(in.raw);
	png_destroy_read_struct(&in.png, &in.info, NULL);
	if (in.status != PPDL_OK)
		return in.status;
	if (!done)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the PNG data are cut short or damaged: %s", in.message);
	return check_transparency(&in);
}
