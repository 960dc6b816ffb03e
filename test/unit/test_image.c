/* Decoding pictures: each format and depth, what is refused, and files that are cut short, damaged or make false claims. */
#include <stdarg.h>
#include <stddef.h>

#include "image_fixture.h"

#include <cmocka.h>

#include "image/decode.h"
#include "net/prng.h"

static PpdlError err;

static PpdlStatus
decode(PpdlImage *im, const void *data, size_t len, PpdlBackground background)
{
	/* on the heap, so that a sanitizer sees what is read beyond the end */
	uint8_t    *copy = malloc(len > 0 ? len : 1);
	PpdlStatus	status;

	memcpy(copy, data, len);
	memset(&err, 0, sizeof err);
	status = ppdl_image_decode(im, copy, len, background, &err);
	free(copy);
	if (status != PPDL_OK)
	{
		assert_null(im->grey);
		assert_true(err.message[0] != 0);
		assert_int_equal(err.code, status);
	}
	return status;
}

static void
must_decode(PpdlImage *im, const void *data, size_t len)
{
	if (decode(im, data, len, PPDL_BACKGROUND_NONE) != PPDL_OK)
		fail_msg("%s", err.message);
}

static void
must_be(const char *name, const void *data, size_t len, int width, int height, int maxval, const uint16_t *grey)
{
	PpdlImage	im;

	must_decode(&im, data, len);
	assert_int_equal(im.width, width);
	assert_int_equal(im.height, height);
	assert_int_equal(im.maxval, maxval);
	for (int i = 0; i < width * height; i++)
		if (im.grey[i] != grey[i])
			fail_msg("%s: pixel %d is %d, not %d", name, i, im.grey[i], grey[i]);
	ppdl_image_free(&im);
}

static void
refused(const char *name, const void *data, size_t len, const char *why)
{
	PpdlImage	im;
	PpdlStatus	status = decode(&im, data, len, PPDL_BACKGROUND_NONE);

	if (status != PPDL_ERR_FORMAT || strstr(err.message, why) == NULL)
		fail_msg("%s: status %d, \"%s\" where \"%s\" is expected", name, status, err.message, why);
}

#define REFUSED(text, why) refused(text, text, sizeof(text) - 1, why)

static void
test_netpbm(void **state)
{
	static const uint16_t grey[6] = {0, 1, 2, 253, 254, 255},
				deep[2] = {256, 4095},
				colours[3] = {76, 150, 29};
	static const char text[] = "P2 # a comment\n3\t2\n#another\n255\n0 1 2\n253 254 255",
				plain[] = "P5\n3 2 255\n\000\001\002\375\376\377",
				wide[] = "P5 2 1 4095\n\001\000\017\377\n",
				rgb[] = "P6\n3 1\n255\n\377\0\0\0\377\0\0\0\377",
				rgb_text[] = "P3\n3 1\n255\n255 0 0  0 255 0  0 0 255\n";

	(void) state;
	must_be("P2", text, sizeof text - 1, 3, 2, 255, grey);
	must_be("P5", plain, sizeof plain - 1, 3, 2, 255, grey);
	must_be("P5, 12 bits", wide, sizeof wide - 1, 2, 1, 4095, deep);
	must_be("P6", rgb, sizeof rgb - 1, 3, 1, 255, colours);
	must_be("P3", rgb_text, sizeof rgb_text - 1, 3, 1, 255, colours);
}

static void
test_netpbm_refused(void **state)
{
	(void) state;
	REFUSED("P5\n3 2 255\n12345", "cut short");
	REFUSED("P5\n3 2 255", "cut short");
	REFUSED("P5\n3 2 255\n1234567", "1 bytes follow");
	REFUSED("P5\n0 2 255\n", "empty");
	REFUSED("P5\n3 -2 255\n123456", "height is no number");
	REFUSED("P5\nx 2 255\n123456", "width is no number");
	REFUSED("P5\n3 2 0\n123456", "white is 0");
	REFUSED("P5\n1 1 65536\n12", "white is 65536");
	REFUSED("P5\n1 1 255x1", "does not end with white space");
	REFUSED("P5\n1 1 9\n\012", "a sample is 10, and white is 9");
	REFUSED("P2\n2 1 9\n9 10", "a sample is 10, and white is 9");
	REFUSED("P2\n2 1 9\n9 x", "sample is no number");
	REFUSED("P5\n100000 100000 255\n1", "100000 x 100000 pixels is too large");
	REFUSED("P5\n16000 16000 255\n1", "cut short");
	REFUSED("P5\n99999999999999999999 1 255\n1", "width is too large");
}

static void
test_foreign(void **state)
{
	char		dicom[200] = {0};

	(void) state;
	memcpy(dicom + 128, "DICM", 4);
	refused("DICOM", dicom, sizeof dicom, "a DICOM file");
	assert_non_null(strstr(err.hint, "Export"));
	REFUSED("", "empty");
	REFUSED("II*\0aaaa", "a TIFF file");
	REFUSED("BM______", "a BMP file");
	REFUSED("GIF89a", "a GIF file");
	REFUSED("P4\n8 1\n\1", "a PBM bitmap");
	REFUSED("id,label\n1,2\n", "is no PNG, JPEG, PGM or PPM file");
	REFUSED("P", "is no PNG");
	REFUSED("\x89PNG", "cut short");
	REFUSED("\xff\xd8", "cut short");
}

/* samples of any width, some bytes that repeat nowhere */
static void
fill(uint8_t *raw, size_t n, uint64_t seed)
{
	PpdlPrng	r;

	ppdl_prng_init(&r, seed, 0);
	for (size_t i = 0; i < n; i++)
		raw[i] = (uint8_t) ppdl_prng_next(&r);
}

static uint16_t
luminance(double r, double g, double b)
{
	return (uint16_t) (0.299 * r + 0.587 * g + 0.114 * b + 0.5);
}

static void
png_must_be(const char *name, int type, int depth, const uint8_t *raw, int maxval, const uint16_t *grey)
{
	PpdlWriter	w;

	for (int interlaced = 0; interlaced < 2; interlaced++)
	{
		fixture_png(&w, 13, 11, type, depth, interlaced, raw);
		must_be(name, w.buf, w.len, 13, 11, maxval, grey);
		ppdl_writer_free(&w);
	}
}

static void
test_png(void **state)
{
	enum
	{
		N = 13 * 11
	};
	uint8_t		raw[8 * N];
	uint16_t	grey[N];
	PpdlWriter	w;

	(void) state;
	fill(raw, sizeof raw, 1);
	for (int i = 0; i < N; i++)
		grey[i] = raw[i];
	png_must_be("grey", PNG_COLOR_TYPE_GRAY, 8, raw, 255, grey);
	for (int i = 0; i < N; i++)
		grey[i] = (uint16_t) (raw[2 * i] << 8 | raw[2 * i + 1]);
	png_must_be("grey, 16 bits", PNG_COLOR_TYPE_GRAY, 16, raw, 65535, grey);
	for (int i = 0; i < N; i++)
		grey[i] = luminance(raw[3 * i], raw[3 * i + 1], raw[3 * i + 2]);
	png_must_be("colours", PNG_COLOR_TYPE_RGB, 8, raw, 255, grey);
	for (int i = 0; i < N; i++)
		grey[i] = luminance(raw[6 * i] << 8 | raw[6 * i + 1], raw[6 * i + 2] << 8 | raw[6 * i + 3],
							raw[6 * i + 4] << 8 | raw[6 * i + 5]);
	png_must_be("colours, 16 bits", PNG_COLOR_TYPE_RGB, 16, raw, 65535, grey);
	for (int i = 0; i < N; i++)
		grey[i] = raw[i / 13 * 2 + i % 13 / 8] >> (7 - i % 13 % 8) & 1 ? 255 : 0;
	png_must_be("one bit", PNG_COLOR_TYPE_GRAY, 1, raw, 255, grey);
	for (int i = 0; i < N; i++)
		grey[i] = grey[i] ? luminance(200, 100, 50) : luminance(10, 20, 30);
	png_must_be("palette", PNG_COLOR_TYPE_PALETTE, 1, raw, 255, grey);
	for (int i = 0; i < N; i++)
	{
		grey[i] = luminance(raw[4 * i], raw[4 * i + 1], raw[4 * i + 2]);
		raw[4 * i + 3] = 255;
	}
	png_must_be("opaque", PNG_COLOR_TYPE_RGB_ALPHA, 8, raw, 255, grey);
	raw[4 * 7 + 3] = 254;
	fixture_png(&w, 13, 11, PNG_COLOR_TYPE_RGB_ALPHA, 8, 0, raw);
	refused("nearly opaque", w.buf, w.len, "1 of its 143 pixels are transparent");
	ppdl_writer_free(&w);
}

static void
test_transparent(void **state)
{
	static const uint8_t raw[] = {100, 0, 100, 51, 100, 255, 0, 128};
	static const uint16_t black[] = {0, 20, 100, 0},
				white[] = {255, 224, 100, 127};
	PpdlWriter	w;
	PpdlImage	im;

	(void) state;
	fixture_png(&w, 4, 1, PNG_COLOR_TYPE_GRAY_ALPHA, 8, 0, raw);
	refused("transparent", w.buf, w.len, "3 of its 4 pixels are transparent");
	for (int i = 0; i < 2; i++)
	{
		assert_int_equal(decode(&im, w.buf, w.len, i ? PPDL_BACKGROUND_WHITE : PPDL_BACKGROUND_BLACK), PPDL_OK);
		assert_memory_equal(im.grey, i ? white : black, sizeof black);
		ppdl_image_free(&im);
	}
	ppdl_writer_free(&w);
}

static void
test_jpeg(void **state)
{
	enum
	{
		SIDE = 48
	};
	static const int flags[] = {0, TJFLAG_PROGRESSIVE};
	uint8_t		grey[SIDE * SIDE],
				rgb[3 * SIDE * SIDE];
	PpdlWriter	w;
	PpdlImage	im;

	(void) state;
	for (int i = 0; i < SIDE * SIDE; i++)
	{
		grey[i] = (uint8_t) (2 * (i % SIDE) + 3 * (i / SIDE));
		rgb[3 * i] = grey[i];
		rgb[3 * i + 1] = (uint8_t) (255 - grey[i]);
		rgb[3 * i + 2] = 40;
	}
	for (int i = 0; i < 4; i++)
	{
		if (i % 2)
			fixture_jpeg(&w, SIDE, SIDE, TJPF_RGB, TJSAMP_444, flags[i / 2], rgb);
		else
			fixture_jpeg(&w, SIDE, SIDE, TJPF_GRAY, TJSAMP_GRAY, flags[i / 2], grey);
		must_decode(&im, w.buf, w.len);
		assert_int_equal(im.maxval, 255);
		for (int j = 0; j < SIDE * SIDE; j++)
		{
			int			expected = i % 2 ? luminance(rgb[3 * j], rgb[3 * j + 1], rgb[3 * j + 2]) : grey[j];

			assert_in_range(im.grey[j] + 5, expected, expected + 10);
		}
		ppdl_image_free(&im);
		ppdl_writer_free(&w);
	}
	fixture_jpeg(&w, 8, 8, TJPF_CMYK, TJSAMP_444, 0, rgb);
	refused("CMYK", w.buf, w.len, "print (CMYK)");
	ppdl_writer_free(&w);
}

/* a small file of each kind */
static void
make_file(PpdlWriter *w, int kind)
{
	uint8_t		raw[16 * 12 * 3];

	fill(raw, sizeof raw, 2);
	switch (kind)
	{
		case 0:
		case 1:
			fixture_png(w, 16, 12, PNG_COLOR_TYPE_GRAY, 8, kind == 1, raw);
			return;
		case 2:
			fixture_png(w, 16, 12, PNG_COLOR_TYPE_RGB, 8, 0, raw);
			return;
		case 3:
			fixture_png(w, 16, 12, PNG_COLOR_TYPE_PALETTE, 1, 0, raw);
			return;
		case 4:
			fixture_jpeg(w, 16, 12, TJPF_GRAY, TJSAMP_GRAY, 0, raw);
			return;
		case 5:
			fixture_jpeg(w, 16, 12, TJPF_RGB, TJSAMP_420, TJFLAG_PROGRESSIVE, raw);
			return;
		case 6:
		case 7:
			ppdl_writer_init(w);
			ppdl_write_bytes(w, kind == 6 ? "P5 16 12 255\n" : "P6 16 12 255\n", 13);
			ppdl_write_bytes(w, raw, 16 * 12 * (kind == 6 ? 1 : 3));
			return;
		default:
			ppdl_writer_init(w);
			ppdl_write_bytes(w, "P2 4 2 255\n1 2 3 4 5 6 7 8", 26);
	}
}

#define KINDS 9

static void
test_cut_short(void **state)
{
	PpdlWriter	w;
	PpdlImage	im;

	(void) state;
	for (int kind = 0; kind < KINDS; kind++)
	{
		make_file(&w, kind);
		assert_false(w.bad);
		must_decode(&im, w.buf, w.len);
		ppdl_image_free(&im);
		for (size_t len = 0; len < w.len; len++)
			if (decode(&im, w.buf, len, PPDL_BACKGROUND_NONE) != PPDL_ERR_FORMAT)
				fail_msg("kind %d is taken when cut to %zu of %zu bytes", kind, len, w.len);
		ppdl_writer_free(&w);
	}
}

/* a damaged file is a picture or an error, never anything else */
static void
test_damaged(void **state)
{
	uint64_t	seed = 20261127;
	PpdlPrng	r;
	PpdlWriter	w;
	PpdlImage	im;
	int			taken = 0,
				tried = 0;

	(void) state;
	ppdl_prng_init(&r, seed, 0);
	for (int kind = 0; kind < KINDS; kind++)
	{
		make_file(&w, kind);
		for (int i = 0; i < 300; i++)
		{
			size_t		at = ppdl_prng_below(&r, w.len);
			uint8_t		was = w.buf[at];
			PpdlStatus	status;

			w.buf[at] = (uint8_t) ppdl_prng_next(&r);
			status = decode(&im, w.buf, w.len, PPDL_BACKGROUND_BLACK);
			if (status != PPDL_OK && status != PPDL_ERR_FORMAT)
				fail_msg("seed %llu, kind %d, byte %zu: %s", (unsigned long long) seed, kind, at, err.message);
			for (long p = 0; status == PPDL_OK && p < (long) im.width * im.height; p++)
				assert_true(im.grey[p] <= im.maxval);
			taken += status == PPDL_OK;
			tried++;
			ppdl_image_free(&im);
			w.buf[at] = was;
		}
		ppdl_writer_free(&w);
	}
	assert_in_range(taken, 1, tried - 1);
}

static uint32_t
crc(const uint8_t *p, size_t len)
{
	uint32_t	c = UINT32_MAX;

	for (size_t i = 0; i < len; i++)
	{
		c ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? c >> 1 ^ 0xEDB88320u : c >> 1;
	}
	return ~c;
}

static void
put_big_endian(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t) (v >> (24 - 8 * i));
}

/* a few bytes that claim many pixels */
static void
test_bombs(void **state)
{
	static const uint32_t claim[][2] = {{100000, 100000}, {16384, 16384}, {16385, 1}, {1, 2147483647}, {2147483647, 2147483647}};
	PpdlWriter	w;
	int			found = 0;

	(void) state;
	make_file(&w, 0);
	for (size_t i = 0; i < sizeof claim / sizeof *claim; i++)
	{
		put_big_endian(w.buf + 16, claim[i][0]);
		put_big_endian(w.buf + 20, claim[i][1]);
		put_big_endian(w.buf + 29, crc(w.buf + 12, 17));
		refused("PNG bomb", w.buf, w.len, "too large");
	}
	ppdl_writer_free(&w);
	make_file(&w, 4);
	for (size_t i = 2; i + 9 < w.len && !found; i++)
		if (w.buf[i] == 0xff && w.buf[i + 1] == 0xc0)
		{
			memset(w.buf + i + 5, 0xf0, 4);
			found = 1;
		}
	assert_true(found);
	refused("JPEG bomb", w.buf, w.len, "61680 x 61680 pixels is too large");
	ppdl_writer_free(&w);
}

static void
test_names(void **state)
{
	(void) state;
	assert_int_equal(ppdl_image_format_of_name("a/b.PNG"), PPDL_IMAGE_PNG);
	assert_int_equal(ppdl_image_format_of_name("b.c.jpeg"), PPDL_IMAGE_JPEG);
	assert_int_equal(ppdl_image_format_of_name("x.ppm"), PPDL_IMAGE_NETPBM);
	assert_int_equal(ppdl_image_format_of_name("png"), PPDL_IMAGE_UNKNOWN);
	assert_int_equal(ppdl_image_format_of_name("x.pngx"), PPDL_IMAGE_UNKNOWN);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_netpbm),
		cmocka_unit_test(test_netpbm_refused),
		cmocka_unit_test(test_foreign),
		cmocka_unit_test(test_png),
		cmocka_unit_test(test_transparent),
		cmocka_unit_test(test_jpeg),
		cmocka_unit_test(test_cut_short),
		cmocka_unit_test(test_damaged),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
