/*
 * Manifests of one table, one a key: an owner and its writers each keep their own (owner/manifest.h).  A row is looked
 * for in the manifest of the key that it is under.
 */
#ifndef PPDL_OWNER_MANIFESTS_H
#define PPDL_OWNER_MANIFESTS_H

#include "owner/manifest.h"

/* zeroed: none */
typedef struct PpdlManifests
{
	PpdlManifest **manifest;	/* in the order in which they came */
	int			count;
} PpdlManifests;

/*
 * Takes m, also after an error.  PPDL_ERR_ARGUMENT for a second of the same key, and for one of another table or other
 * bound columns than the first.
 */
PpdlStatus	ppdl_manifests_add(PpdlManifests *s, PpdlManifest *m, PpdlError *err);
void		ppdl_manifests_free(PpdlManifests *s);

/* number of that of a key; -1: there is none */
int			ppdl_manifests_of(const PpdlManifests *s, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES]);
/* of all of them together: see owner/manifest.h */
uint64_t	ppdl_manifests_live(const PpdlManifests *s);
uint64_t	ppdl_manifests_count(const PpdlManifests *s, int column, const PpdlBoundClaim *claim, int n);
/* whether a row of this id lives in one of them */
int			ppdl_manifests_have_id(const PpdlManifests *s, const char *id, size_t len);

#endif
