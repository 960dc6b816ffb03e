/*
 * Manifests in files.
 */
#ifndef PPDL_CLI_MANIFEST_FILE_H
#define PPDL_CLI_MANIFEST_FILE_H

#include "cli/outfile.h"
#include "cli/writer_parts.h"
#include "owner/manifests.h"

/* errors name the file */
PpdlStatus	ppdl_manifest_load(PpdlManifest **out, const char *path, const PpdlOwner *o, PpdlError *err);
/* adds those of the files, of `owners` keys and of their writers; errors name the file */
PpdlStatus	ppdl_manifests_load(PpdlManifests *s, const PpdlList *files, const PpdlWriterParts *writers,
								PpdlOwner **key, int owners, PpdlError *err);
/*
 * The manifest to go on with: the file, if it is there, which must be of the table and bound columns of d
 * (PPDL_ERR_ARGUMENT; said_by: what says so), else a new one.
 */
PpdlStatus	ppdl_manifest_continue(PpdlManifest **out, const char *path, const PpdlOwner *o, const PpdlReceiptDomain *d,
								   const char *said_by, PpdlError *err);
/* under a temporary name, mode 0600, until ppdl_out_commit */
PpdlStatus	ppdl_manifest_put(const PpdlManifest *m, const char *path, const PpdlOwner *o, PpdlOutFile *out,
							  PpdlError *err);

#endif
