/*
 * Manifests in files.
 */
#ifndef PPDL_CLI_MANIFEST_FILE_H
#define PPDL_CLI_MANIFEST_FILE_H

#include "owner/manifest.h"
#include "cli/outfile.h"

/* errors name the file */
PpdlStatus	ppdl_manifest_load(PpdlManifest **out, const char *path, const PpdlOwner *o, PpdlError *err);
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
