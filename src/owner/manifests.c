#include "owner/manifests.h"

#include <stdlib.h>
#include <string.h>

static PpdlStatus
check_fits(const PpdlManifests *s, const PpdlManifest *m, PpdlError *err)
{
	const PpdlReceiptDomain d = ppdl_manifest_domain(m, 0);
	PpdlReceiptDomain there;
	char		id[17];

	if (s->count == 0)
		return PPDL_OK;
	if (ppdl_manifests_of(s, ppdl_manifest_fingerprint(m)) >= 0)
	{
		ppdl_fingerprint_hex(id, ppdl_manifest_fingerprint(m));
		ppdl_error(err, PPDL_ERR_ARGUMENT, "a second manifest of rows under key %s", id);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Each key has one: give the newest.");
	}
	if (ppdl_manifest_is_of(s->manifest[0], &d))
		return PPDL_OK;
	there = ppdl_manifest_domain(s->manifest[0], 0);
	ppdl_error(err, PPDL_ERR_ARGUMENT,
			   "manifests of table \"%s\" with %d bound columns%s%s, and of table \"%s\" with %d%s%s", there.name,
			   there.nbound, there.nbound > 0 ? " from " : "", there.nbound > 0 ? there.bound[0] : "", d.name, d.nbound,
			   d.nbound > 0 ? " from " : "", d.nbound > 0 ? d.bound[0] : "");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "All rows of a table have the same, in the same order.");
}

PpdlStatus
ppdl_manifests_add(PpdlManifests *s, PpdlManifest *m, PpdlError *err)
{
	PpdlStatus	status = check_fits(s, m, err);
	PpdlManifest **more;

	if (status == PPDL_OK)
	{
		more = realloc(s->manifest, (size_t) (s->count + 1) * sizeof(PpdlManifest *));
		if (more != NULL)
		{
			s->manifest = more;
			s->manifest[s->count++] = m;
			return PPDL_OK;
		}
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	ppdl_manifest_destroy(m);
	return status;
}

void
ppdl_manifests_free(PpdlManifests *s)
{
	for (int i = 0; i < s->count; i++)
		ppdl_manifest_destroy(s->manifest[i]);
	free(s->manifest);
	*s = (PpdlManifests) {NULL};
}

int
ppdl_manifests_of(const PpdlManifests *s, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES])
{
	for (int i = 0; i < s->count; i++)
		if (memcmp(ppdl_manifest_fingerprint(s->manifest[i]), fingerprint, PPDL_FINGERPRINT_BYTES) == 0)
			return i;
	return -1;
}

uint64_t
ppdl_manifests_live(const PpdlManifests *s)
{
	uint64_t	live = 0;

	for (int i = 0; i < s->count; i++)
		live += ppdl_manifest_live(s->manifest[i]);
	return live;
}

uint64_t
ppdl_manifests_count(const PpdlManifests *s, int column, const PpdlBoundClaim *claim, int n)
{
	uint64_t	rows = 0;

	for (int i = 0; i < s->count; i++)
		rows += ppdl_manifest_count(s->manifest[i], column, claim, n);
	return rows;
}

int
ppdl_manifests_have_id(const PpdlManifests *s, const char *id, size_t len)
{
	for (int i = 0; i < s->count; i++)
		if (ppdl_manifest_find_id(s->manifest[i], id, len) != UINT32_MAX)
			return 1;
	return 0;
}
