#include "image/decode.h"

#include <string.h>
#include <strings.h>

#include "image/readers.h"

/* formats that people have and this does not read */
static const struct
{
	size_t		offset;
	const char *bytes;
	const char *name;
	const char *hint;
}			foreign[] =
{
	{128, "DICM", "a DICOM file", "Export it first, for example: dcm2pnm +on2 +Wi 1 scan.dcm scan.png"},
	{0, "II*", "a TIFF file", "Convert it to PNG first."},
	{0, "MM", "a TIFF file", "Convert it to PNG first."},
	{0, "BM", "a BMP file", "Convert it to PNG first."},
	{0, "GIF8", "a GIF file", "Convert it to PNG first."},
	{0, "RIFF", "a WebP file", "Convert it to PNG first."},
	{4, "jP  ", "a JPEG 2000 file", "Convert it to PNG first."},
	{0, "P1\n", "a PBM bitmap", "Convert it to PGM first."},
	{0, "P4\n", "a PBM bitmap", "Convert it to PGM first."},
	{0, "P7\n", "a PAM file", "Convert it to PGM or PNG first."},
};

static int
has(const uint8_t *data, size_t len, size_t offset, const char *bytes)
{
	size_t		n = strlen(bytes);

	return len >= offset + n && memcmp(data + offset, bytes, n) == 0;
}

PpdlImageFormat
ppdl_image_format(const uint8_t *data, size_t len)
{
	if (has(data, len, 0, "\x89PNG"))
		return PPDL_IMAGE_PNG;
	if (has(data, len, 0, "\xff\xd8"))
		return PPDL_IMAGE_JPEG;
	if (len >= 3 && data[0] == 'P' && memchr("2356", data[1], 4) && memchr(" \t\r\n#", data[2], 5))
		return PPDL_IMAGE_NETPBM;
	return PPDL_IMAGE_UNKNOWN;
}

PpdlImageFormat
ppdl_image_format_of_name(const char *name)
{
	static const struct
	{
		const char *extension;
		PpdlImageFormat format;
	}			known[] = {
		{".png", PPDL_IMAGE_PNG}, {".jpg", PPDL_IMAGE_JPEG}, {".jpeg", PPDL_IMAGE_JPEG}, {".pgm", PPDL_IMAGE_NETPBM},
		{".ppm", PPDL_IMAGE_NETPBM}, {".pnm", PPDL_IMAGE_NETPBM}
	};
	const char *dot = strrchr(name, '.');

	for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
		if (strcasecmp(dot, known[i].extension) == 0)
			return known[i].format;
	return PPDL_IMAGE_UNKNOWN;
}

const char *
ppdl_image_format_name(PpdlImageFormat format)
{
	return format == PPDL_IMAGE_PNG ? "PNG" : format == PPDL_IMAGE_JPEG ? "JPEG" :
		format == PPDL_IMAGE_NETPBM ? "PGM or PPM" : "unknown";
}

static PpdlStatus
refuse(const uint8_t *data, size_t len, PpdlError *err)
{
	if (len == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the file is empty");
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++)
		if (has(data, len, foreign[i].offset, foreign[i].bytes))
		{
			ppdl_error(err, PPDL_ERR_FORMAT, "is %s, which is not read", foreign[i].name);
			return ppdl_error_hint(err, PPDL_ERR_FORMAT, "%s", foreign[i].hint);
		}
	return ppdl_error(err, PPDL_ERR_FORMAT, "is no PNG, JPEG, PGM or PPM file");
}

PpdlStatus
ppdl_image_decode(PpdlImage *out, const uint8_t *data, size_t len, PpdlBackground background, PpdlError *err)
{
	PpdlStatus	status;

	memset(out, 0, sizeof *out);
	switch (ppdl_image_format(data, len))
	{
		case PPDL_IMAGE_PNG:
			status = ppdl_png_read(out, data, len, background, err);
			break;
		case PPDL_IMAGE_JPEG:
			status = ppdl_jpeg_read(out, data, len, err);
			break;
		case PPDL_IMAGE_NETPBM:
			status = ppdl_netpbm_read(out, data, len, err);
			break;
		default:
			return refuse(data, len, err);
	}
	if (status != PPDL_OK)
		ppdl_image_free(out);
	return status;
}
