/*
 * Manifests from files.
 */
#ifndef PPDL_QUERY_MANIFEST_LOAD_H
#define PPDL_QUERY_MANIFEST_LOAD_H

#include "base/list.h"
#include "owner/manifests.h"
#include "owner/writer_parts.h"

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

#endif
