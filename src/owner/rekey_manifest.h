/*
 * The manifest of rows that were encrypted anew (owner/rekey.h): what each old row was, says its key's manifest; that
 * its new row is that, the new row's MAC, whoever brought the two together.
 */
#ifndef PPDL_OWNER_REKEY_MANIFEST_H
#define PPDL_OWNER_REKEY_MANIFEST_H

#include "owner/rekey.h"

typedef struct PpdlRekeyManifest PpdlRekeyManifest;

/*
 * into, of `to` and the domains of `old`, one manifest at least of keys that `from` holds, gets the rows; all stay the
 * caller's and must outlive it
 */
PpdlStatus	ppdl_rekey_manifest_create(PpdlRekeyManifest **out, PpdlOwner *from, PpdlOwner *to,
									   const PpdlManifests *old, PpdlManifest *into, PpdlError *err);
void		ppdl_rekey_manifest_destroy(PpdlRekeyManifest *k);
/*
 * A row of n columns before and after; columns without a receipt are passed over.  PPDL_ERR_KEY when the old row is not
 * one live row of its key's manifest, comes twice, has the id of a row under another key, or the new one is not it.
 */
PpdlStatus	ppdl_rekey_manifest_add(PpdlRekeyManifest *k, const PpdlRekeyValue *before, const PpdlRekeyValue *after,
									int n, PpdlError *err);
/* live rows of the old manifests that have not come with all their columns, *id: that of the first, not terminated */
uint64_t	ppdl_rekey_manifest_missing(const PpdlRekeyManifest *k, const char **id, size_t *len);

#endif
