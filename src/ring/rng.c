#include "ring/random.h"

#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "ring/stream.h"

struct PpdlRng
{
	PpdlStream *stream;
};

PpdlStatus
ppdl_rng_create_seeded(PpdlRng **out, const uint8_t seed[PPDL_SEED_BYTES], uint16_t index, PpdlError *err)
{
	PpdlRng    *rng = calloc(1, sizeof(*rng));
	PpdlStatus	status;

	*out = NULL;
	if (rng == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_stream_open(&rng->stream, seed, PPDL_XOF_SECRET, index, 0, err);
	if (status != PPDL_OK)
	{
		free(rng);
		return status;
	}
	*out = rng;
	return PPDL_OK;
}

PpdlStatus
ppdl_rng_create(PpdlRng **out, PpdlError *err)
{
	uint8_t		seed[PPDL_SEED_BYTES];
	PpdlStatus	status;

	*out = NULL;
	if (RAND_priv_bytes(seed, sizeof(seed)) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL has no randomness to give");
	status = ppdl_rng_create_seeded(out, seed, 0, err);
	OPENSSL_cleanse(seed, sizeof(seed));
	return status;
}

void
ppdl_rng_destroy(PpdlRng *rng)
{
	if (rng == NULL)
		return;
	ppdl_stream_close(rng->stream);
	free(rng);
}

PpdlStatus
ppdl_rng_bytes(PpdlRng *rng, void *out, size_t len, PpdlError *err)
{
	return ppdl_stream_read(rng->stream, out, len, err);
}
