#include "rows/partner.h"

#include <string.h>

#include "rows/seed_digest.h"

#define FRESH 12				/* bytes */
#define NAMED 24				/* with the partner's digest */

static PpdlStatus
name_partner(uint8_t out[NAMED - FRESH], const uint8_t *features, PpdlError *err)
{
	return ppdl_seed_digest(out, NAMED - FRESH, "ppdl/partner/1", features, PPDL_SEED_BYTES, err);
}

static PpdlStatus
mark(uint8_t out[PPDL_SEED_BYTES - NAMED], const uint8_t *label, PpdlError *err)
{
	return ppdl_seed_digest(out, PPDL_SEED_BYTES - NAMED, "ppdl/beside/1", label, NAMED, err);
}

PpdlStatus
ppdl_partner_seed(uint8_t label[PPDL_SEED_BYTES], const uint8_t features[PPDL_SEED_BYTES], PpdlRng *rng, PpdlError *err)
{
	uint8_t		seed[PPDL_SEED_BYTES];

	PPDL_TRY(ppdl_rng_bytes(rng, seed, FRESH, err));
	PPDL_TRY(name_partner(seed + FRESH, features, err));
	PPDL_TRY(mark(seed + NAMED, seed, err));
	memcpy(label, seed, sizeof(seed));
	return PPDL_OK;
}

PpdlStatus
ppdl_partner_named(const uint8_t seed[PPDL_SEED_BYTES], int *named, PpdlError *err)
{
	uint8_t		want[PPDL_SEED_BYTES - NAMED];

	PPDL_TRY(mark(want, seed, err));
	*named = memcmp(want, seed + NAMED, sizeof(want)) == 0;
	return PPDL_OK;
}

PpdlStatus
ppdl_partner_check(const uint8_t features[PPDL_SEED_BYTES], const uint8_t label[PPDL_SEED_BYTES], PpdlError *err)
{
	uint8_t		want[NAMED - FRESH];
	int			named;

	PPDL_TRY(ppdl_partner_named(label, &named, err));
	if (!named)
		return PPDL_OK;
	PPDL_TRY(name_partner(want, features, err));
	return memcmp(want, label + FRESH, NAMED - FRESH) == 0 ? PPDL_OK : ppdl_partner_mismatch(err);
}

PpdlStatus
ppdl_batch_number(const uint8_t seed[PPDL_SEED_BYTES], uint64_t *number, PpdlError *err)
{
	uint8_t		name[NAMED - FRESH];
	int			named;

	PPDL_TRY(ppdl_partner_named(seed, &named, err));
	if (named)
		memcpy(name, seed + FRESH, sizeof(name));
	else
		PPDL_TRY(name_partner(name, seed, err));
	memcpy(number, name, sizeof(*number));
	*number &= INT64_MAX;
	return PPDL_OK;
}

PpdlStatus
ppdl_partner_mismatch(PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "features and label of a row were not encrypted side by side");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT,
						   "Encrypt both columns in one run of ppdl encrypt, and keep each label in the "
						   "row of its features.");
}
