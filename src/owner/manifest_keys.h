/*
 * Manifests of an owner and its writers with the keys of their receipts: which row of which a value is.
 */
#ifndef PPDL_OWNER_MANIFEST_KEYS_H
#define PPDL_OWNER_MANIFEST_KEYS_H

#include "owner/manifests.h"

/* zeroed: of no manifests */
typedef struct PpdlManifestKeys
{
	const PpdlManifests *of;
	PpdlReceiptKey *(*key)[PPDL_MANIFEST_COLUMNS];	/* of each of them */
} PpdlManifestKeys;

/* m, which must outlive k: of keys that o holds, or PPDL_ERR_KEY; k is released with close, also after an error */
PpdlStatus	ppdl_manifest_keys_open(PpdlManifestKeys *k, const PpdlManifests *m, PpdlOwner *o, PpdlError *err);
void		ppdl_manifest_keys_close(PpdlManifestKeys *k);

/* a row of one of the manifests, and a column */
typedef struct PpdlManifestPlace
{
	int			which;			/* number of the manifest */
	uint32_t	number;
	int			column;
} PpdlManifestPlace;

/*
 * As ppdl_manifest_identify, in the manifest of the key that the slice is under.  PPDL_ERR_ARGUMENT when there is none.
 */
PpdlStatus	ppdl_manifest_keys_identify(const PpdlManifestKeys *k, const PpdlCipher *c, const void *slice, size_t len,
										PpdlManifestPlace *place, PpdlError *err);

static inline PpdlRowNote
ppdl_manifest_keys_note(const PpdlManifestKeys *k, const PpdlManifestPlace *place)
{
	return ppdl_manifest_row(k->of->manifest[place->which], place->number).note;
}

#endif
