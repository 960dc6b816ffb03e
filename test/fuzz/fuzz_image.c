/* Pictures: their files, and what is made of those that can be read. */
#include "fuzz.h"

#include <math.h>

#include "../unit/image_fixture.h"
#include "image/decode.h"
#include "image/descriptor.h"
#include "image/stretch.h"

/* more pixels than that are not described: they take long, and little is in them */
#define DESCRIBED (1 << 14)

static void
describe(const PpdlImage *im)
{
	double		v[PPDL_DESCRIPTOR_SIZE];
	uint8_t		pixel[32 * 32];

	if (ppdl_image_pixels(pixel, im, 32, ERR) != PPDL_OK)
		return;
	must(ppdl_descriptor(v, im, ERR) == PPDL_OK);
	for (int i = 0; i < PPDL_DESCRIPTOR_SIZE; i++)
		must(isfinite(v[i]));
}

static void
decode(const uint8_t *data, size_t len)
{
	PpdlImage	im;

	for (int background = PPDL_BACKGROUND_NONE; background <= PPDL_BACKGROUND_WHITE; background++)
	{
		if (ppdl_image_decode(&im, data, len, (PpdlBackground) background, ERR) != PPDL_OK)
		{
			must(im.grey == NULL);
			if (strstr(fuzz_error.message, "transparent") == NULL)
				return;
			continue;
		}
		must(im.width > 0 && im.height > 0 && im.maxval > 0);
		if ((long) im.width * im.height <= DESCRIBED)
		{
			for (long i = 0; i < (long) im.width * im.height; i++)
				must(im.grey[i] <= im.maxval);
			describe(&im);
		}
		ppdl_image_free(&im);
		if (background == PPDL_BACKGROUND_NONE)
			return;
	}
}

static const uint8_t *
samples(void)
{
	static uint8_t raw[40 * 36 * 8];

	for (size_t i = 0; i < sizeof raw; i++)
		raw[i] = (uint8_t) (i * i / 7 + i);
	return raw;
}

static void
png_seeds(void)
{
	static const int kind[][2] = {{PNG_COLOR_TYPE_GRAY, 8}, {PNG_COLOR_TYPE_GRAY, 16}, {PNG_COLOR_TYPE_RGB, 8},
	{PNG_COLOR_TYPE_PALETTE, 1}, {PNG_COLOR_TYPE_GRAY_ALPHA, 16}, {PNG_COLOR_TYPE_RGB_ALPHA, 8}};
	PpdlWriter	w;

	for (int i = 0; i < 6; i++)
	{
		fixture_png(&w, 40, 36, kind[i][0], kind[i][1], i % 2, samples());
		put_writer_seed(&w);
	}
}

static void
jpeg_seeds(void)
{
	PpdlWriter	w;

	fixture_jpeg(&w, 40, 36, TJPF_GRAY, TJSAMP_GRAY, 0, samples());
	put_writer_seed(&w);
	fixture_jpeg(&w, 40, 36, TJPF_RGB, TJSAMP_420, 0, samples());
	put_writer_seed(&w);
	fixture_jpeg(&w, 40, 36, TJPF_RGB, TJSAMP_444, TJFLAG_PROGRESSIVE, samples());
	put_writer_seed(&w);
	fixture_jpeg(&w, 40, 36, TJPF_CMYK, TJSAMP_444, 0, samples());
	put_writer_seed(&w);
}

static void
netpbm_seeds(void)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	ppdl_write_bytes(&w, "P5\n40 36\n255\n", 13);
	ppdl_write_bytes(&w, samples(), 40 * 36);
	put_writer_seed(&w);
	put_text_seed("P2 # grey\n3 2 255\n0 1 2 3 4 5\n");
	put_text_seed("P3\n1 1\n65535\n65535 0 1\n");
	put_text_seed("P6 1 1 300 ababab");
}

static const FuzzCase fuzz_case[] = {
	{"png", decode, png_seeds},
	{"jpeg", decode, jpeg_seeds},
	{"netpbm", decode, netpbm_seeds},
	{NULL}
};
