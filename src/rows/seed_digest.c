#include "rows/seed_digest.h"

#include <string.h>

#include <openssl/evp.h>

PpdlStatus
ppdl_seed_digest(uint8_t *out, size_t len, const char *domain, const uint8_t *data, size_t data_len, PpdlError *err)
{
	uint8_t		buf[64],
				md[EVP_MAX_MD_SIZE];
	const size_t n = strlen(domain);

	PPDL_ASSERT(n + data_len <= sizeof(buf));
	memcpy(buf, domain, n);
	memcpy(buf + n, data, data_len);
	if (EVP_Digest(buf, n + data_len, md, NULL, EVP_sha256(), NULL) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute SHA-256");
	memcpy(out, md, len);
	return PPDL_OK;
}
