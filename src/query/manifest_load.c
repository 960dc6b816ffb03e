#include "query/manifest_load.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/undo.h"
#include "table/infile.h"

/* all manifests that are written together, or none */
static PpdlStatus
read_file(const char *path, PpdlWriter *w, PpdlError *err)
{
	char	   *other;
	PpdlStatus	status;

	PPDL_TRY(ppdl_undo_settle_to_read(path, &other, err));
	status = ppdl_read_whole(other != NULL ? other : path, w, err);
	free(other);
	return status;
}

PpdlStatus
ppdl_manifest_load(PpdlManifest **out, const char *path, const PpdlOwner *o, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	*out = NULL;
	ppdl_writer_init(&w);
	status = read_file(path, &w, err);
	if (status == PPDL_OK)
		status = ppdl_name_file(path, ppdl_manifest_read(out, o, w.buf, w.len, err), err);
	ppdl_writer_free(&w);
	return status;
}

/* a file in memory, of one of the keys or of one of their writers */
static PpdlStatus
add_manifest(PpdlManifests *s, const PpdlWriter *file, const PpdlWriterParts *writers, PpdlOwner **key, int owners,
			 PpdlError *err)
{
	const uint8_t *fingerprint = ppdl_manifest_peek(file->buf, file->len);
	PpdlOwner  *owner = NULL;
	PpdlManifest *m;

	if (owners == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "it needs the key that the rows were encrypted with");
	if (fingerprint != NULL)
		PPDL_TRY(ppdl_writer_parts_owner(writers, key, owners, fingerprint, &owner, err));
	PPDL_TRY(ppdl_manifest_read(&m, owner != NULL ? owner : key[0], file->buf, file->len, err));
	return ppdl_manifests_add(s, m, err);
}

PpdlStatus
ppdl_manifests_load(PpdlManifests *s, const PpdlList *files, const PpdlWriterParts *writers, PpdlOwner **key,
					int owners, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	for (int i = 0; i < files->count && status == PPDL_OK; i++)
	{
		PpdlWriter	w;

		ppdl_writer_init(&w);
		status = read_file(files->item[i], &w, err);
		if (status == PPDL_OK)
			status = ppdl_name_file(files->item[i], add_manifest(s, &w, writers, key, owners, err), err);
		ppdl_writer_free(&w);
	}
	return status;
}

PpdlStatus
ppdl_manifest_continue(PpdlManifest **out, const char *path, const PpdlOwner *o, const PpdlReceiptDomain *d,
					   const char *said_by, PpdlError *err)
{
	PpdlReceiptDomain there;

	PPDL_TRY(ppdl_undo_settle(path, err));
	if (access(path, F_OK) != 0)
		return ppdl_manifest_create(out, o, d->name, d->bound, d->nbound, err);
	PPDL_TRY(ppdl_manifest_load(out, path, o, err));
	if (ppdl_manifest_is_of(*out, d))
		return PPDL_OK;
	there = ppdl_manifest_domain(*out, 0);
	ppdl_error(err, PPDL_ERR_ARGUMENT,
			   "%s: the manifest of table \"%s\" with %d bound columns%s%s, which are not those of %s", path,
			   there.name, there.nbound, there.nbound > 0 ? ", the first of them " : "",
			   there.nbound > 0 ? there.bound[0] : "", said_by);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "All rows of a table have the same, in the same order.");
}
