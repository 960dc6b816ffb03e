#include "cli/manifest_file.h"

#include "table/infile.h"

PpdlStatus
ppdl_manifest_load(PpdlManifest **out, const char *path, const PpdlOwner *o, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = ppdl_read_whole(path, &w, err);
	if (status == PPDL_OK)
		status = ppdl_name_file(path, ppdl_manifest_read(out, o, w.buf, w.len, err), err);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_manifest_put(const PpdlManifest *m, const char *path, const PpdlOwner *o, PpdlOutFile *out, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_manifest_write(m, o, &w, err);
	if (status == PPDL_OK)
		status = ppdl_out_open(out, path, 0600, err);
	if (status == PPDL_OK && fwrite(w.buf, 1, w.len, out->f) != w.len)
		status = ppdl_os_error(err, "write", path);
	ppdl_writer_free(&w);
	return status;
}
