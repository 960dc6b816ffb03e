/* JPEG by the TurboJPEG interface of libjpeg-turbo, which returns its errors. */
#include <stdlib.h>

#include <turbojpeg.h>

#include "image/readers.h"

static PpdlStatus
library_error(tjhandle handle, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_FORMAT, "the JPEG data are cut short or damaged: %s", tjGetErrorStr2(handle));
}

static PpdlStatus
read_with(tjhandle handle, PpdlImage *out, const uint8_t *data, size_t len, uint8_t **samples, PpdlError *err)
{
	int			width = 0,
				height = 0,
				subsampling,
				space = 0;

	if (tjDecompressHeader3(handle, data, len, &width, &height, &subsampling, &space) != 0)
		return library_error(handle, err);
	/* tables alone are sound JPEG */
	if (width < 1 || height < 1)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the JPEG data are cut short or damaged: no picture in them");
	if (space == TJCS_CMYK || space == TJCS_YCCK)
	{
		ppdl_error(err, PPDL_ERR_FORMAT, "the JPEG file has the colours of print (CMYK)");
		return ppdl_error_hint(err, PPDL_ERR_FORMAT, "Convert it to grey or RGB first.");
	}
	PPDL_TRY(ppdl_image_create(out, width, height, 255, err));
	*samples = malloc((size_t) width * (size_t) height);
	if (*samples == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d x %d pixels", width, height);
	/* the accurate transform has the same bits on every processor */
	if (tjDecompress2(handle, data, len, *samples, width, width, height, TJPF_GRAY,
					  TJFLAG_ACCURATEDCT | TJFLAG_STOPONWARNING | TJFLAG_LIMITSCANS) != 0)
		return library_error(handle, err);
	for (long i = 0; i < (long) width * height; i++)
		out->grey[i] = (*samples)[i];
	return PPDL_OK;
}

PpdlStatus
ppdl_jpeg_read(PpdlImage *out, const uint8_t *data, size_t len, PpdlError *err)
{
	tjhandle	handle = tjInitDecompress();
	uint8_t    *samples = NULL;
	PpdlStatus	status;

	if (handle == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "libjpeg-turbo cannot start: %s", tjGetErrorStr2(NULL));
	status = read_with(handle, out, data, len, &samples, err);
	free(samples);
	tjDestroy(handle);
	return status;
}
