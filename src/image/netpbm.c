/* PGM and PPM as netpbm's pgm(5) and ppm(5) describe them, one picture a file. */
#include <ctype.h>

#include "base/bytes.h"
#include "image/readers.h"

typedef struct Input
{
	PpdlReader	bytes;
	int			text,			/* samples are decimal numbers */
				channels;
} Input;

static PpdlStatus
ends_early(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "the file is cut short");
}

/* white space and comments, which go from # to the end of the line */
static void
skip_space(PpdlReader *r)
{
	for (; r->p < r->end && (isspace(*r->p) || *r->p == '#'); r->p++)
		if (*r->p == '#')
			while (r->p + 1 < r->end && *r->p != '\n' && *r->p != '\r')
				r->p++;
}

static PpdlStatus
read_number(PpdlReader *r, const char *what, long *out, PpdlError *err)
{
	long		v = 0;

	skip_space(r);
	if (r->p == r->end)
		return ends_early(err);
	if (!isdigit(*r->p))
		return ppdl_error(err, PPDL_ERR_FORMAT, "the %s is no number", what);
	for (; r->p < r->end && isdigit(*r->p); r->p++)
	{
		v = v * 10 + (*r->p - '0');
		if (v > 1000000000)
			return ppdl_error(err, PPDL_ERR_FORMAT, "the %s is too large", what);
	}
	*out = v;
	return PPDL_OK;
}

static PpdlStatus
read_header(Input *in, PpdlImage *out, PpdlError *err)
{
	PpdlReader *r = &in->bytes;
	long		width,
				height,
				white,
				smallest;
	int			kind;

	ppdl_read_u8(r);
	kind = ppdl_read_u8(r) - '0';
	in->text = kind < 4;
	in->channels = kind % 3 == 0 ? 3 : 1;
	PPDL_TRY(read_number(r, "width", &width, err));
	PPDL_TRY(read_number(r, "height", &height, err));
	PPDL_TRY(read_number(r, "value of white", &white, err));
	if (r->p == r->end)
		return ends_early(err);
	if (!isspace(*r->p++))
		return ppdl_error(err, PPDL_ERR_FORMAT, "the header does not end with white space");
	/* before memory is taken for what the header claims; a number takes two characters, but for the last */
	if (width <= PPDL_IMAGE_MAX_SIDE && height <= PPDL_IMAGE_MAX_SIDE)
	{
		smallest = width * height * in->channels * (in->text || white > 255 ? 2 : 1) - in->text;
		if ((long) ppdl_reader_left(r) < smallest)
		{
			ends_early(err);
			return ppdl_error_detail(err, PPDL_ERR_FORMAT,
									 "%ld x %ld pixels take %ld bytes at least; after the header there are %zu.",
									 width, height, smallest, ppdl_reader_left(r));
		}
	}
	return ppdl_image_create(out, width, height, white, err);
}

static PpdlStatus
read_sample(Input *in, int white, uint32_t *out, PpdlError *err)
{
	PpdlReader *r = &in->bytes;
	long		v;

	if (in->text)
		PPDL_TRY(read_number(r, "sample", &v, err));
	else if (white > 255)
	{
		v = ppdl_read_u8(r) << 8;
		v |= ppdl_read_u8(r);
	}
	else
		v = ppdl_read_u8(r);
	if (v > white)
		return ppdl_error(err, PPDL_ERR_FORMAT, "a sample is %ld, and white is %d", v, white);
	*out = (uint32_t) v;
	return PPDL_OK;
}

PpdlStatus
ppdl_netpbm_read(PpdlImage *out, const uint8_t *data, size_t len, PpdlError *err)
{
	Input		in = {.bytes = ppdl_reader(data, len)};
	uint32_t	v[3];
	long		pixels;

	PPDL_TRY(read_header(&in, out, err));
	pixels = (long) out->width * out->height;
	for (long i = 0; i < pixels; i++)
	{
		for (int c = 0; c < in.channels; c++)
			PPDL_TRY(read_sample(&in, out->maxval, &v[c], err));
		out->grey[i] = in.channels == 1 ? (uint16_t) v[0] : ppdl_luminance(v[0], v[1], v[2]);
	}
	if (in.bytes.bad)
		return ends_early(err);
	while (in.bytes.p < in.bytes.end && isspace(*in.bytes.p))
		in.bytes.p++;
	if (in.bytes.p < in.bytes.end)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%zu bytes follow the picture", ppdl_reader_left(&in.bytes));
	return PPDL_OK;
}
