#include "cli/manifest_file.h"

PpdlStatus
ppdl_manifest_put(const PpdlManifest *m, const char *path, const PpdlOwner *o, PpdlOutFile *out, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_manifest_write(m, o, &w, err);
	if (status == PPDL_OK)
		status = ppdl_out_open(out, path, 0600, err);
	if (status == PPDL_OK)
		status = ppdl_out_put(out, &w, err);
	ppdl_writer_free(&w);
	return status;
}
