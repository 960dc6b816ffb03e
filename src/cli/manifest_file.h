/*
 * Manifests in files.
 */
#ifndef PPDL_CLI_MANIFEST_FILE_H
#define PPDL_CLI_MANIFEST_FILE_H

#include "cli/outfile.h"
#include "query/manifest_load.h"

/* under a temporary name, mode 0600, until ppdl_out_commit */
PpdlStatus	ppdl_manifest_put(const PpdlManifest *m, const char *path, const PpdlOwner *o, PpdlOutFile *out,
							  PpdlError *err);

#endif
