#include "owner/manifest_keys.h"

#include <stdlib.h>
#include <string.h>

#include "owner/owner_impl.h"

static PpdlStatus
no_holder(const PpdlManifest *m, PpdlError *err)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, ppdl_manifest_fingerprint(m));
	return ppdl_error(err, PPDL_ERR_KEY, "a manifest of rows under key %s, which is not here", hex);
}

PpdlStatus
ppdl_manifest_keys_open(PpdlManifestKeys *k, const PpdlManifests *m, PpdlOwner *o, PpdlError *err)
{
	*k = (PpdlManifestKeys) {.of = m};
	k->key = calloc((size_t) m->count + 1, sizeof(k->key[0]));
	if (k->key == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < m->count; i++)
	{
		const PpdlOwner *holder = ppdl_owner_find(o, ppdl_manifest_fingerprint(m->manifest[i]));

		PPDL_TRY(holder == NULL ? no_holder(m->manifest[i], err) :
				 ppdl_manifest_keys(k->key[i], m->manifest[i], holder, err));
	}
	return PPDL_OK;
}

void
ppdl_manifest_keys_close(PpdlManifestKeys *k)
{
	for (int i = 0; k->key != NULL && i < k->of->count; i++)
		ppdl_manifest_keys_free(k->key[i]);
	free(k->key);
	*k = (PpdlManifestKeys) {0};
}

static PpdlStatus
no_manifest(const PpdlCipher *c, PpdlError *err)
{
	char		hex[17];

	ppdl_fingerprint_hex(hex, c->fingerprint);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "the rows under key %s have receipts, which take a manifest to be made anew",
			   hex);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Give the manifest that \"ppdl encrypt --receipts\" wrote; each key "
						   "has its own.");
}

PpdlStatus
ppdl_manifest_keys_identify(const PpdlManifestKeys *k, const PpdlCipher *c, const void *slice, size_t len,
							PpdlManifestPlace *place, PpdlError *err)
{
	place->which = k->of == NULL ? -1 : ppdl_manifests_of(k->of, c->fingerprint);
	if (place->which < 0)
		return no_manifest(c, err);
	return ppdl_manifest_identify(k->of->manifest[place->which], k->key[place->which], c, slice, len, &place->number,
								  &place->column, err);
}
