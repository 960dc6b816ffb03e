#include "ring/stream.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

PpdlStatus
ppdl_stream_open(PpdlStream **out, const uint8_t seed[PPDL_SEED_BYTES], PpdlXofDomain domain,
				 uint16_t index, uint64_t q, PpdlError *err)
{
	uint8_t		iv[16] = {(uint8_t) domain, (uint8_t) index, (uint8_t) (index >> 8)};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	*out = NULL;
	PPDL_ASSERT(q >> 56 == 0);
	for (int i = 0; i < 7; i++)
		iv[3 + i] = (uint8_t) (q >> 8 * i);
	if (ctx == NULL || EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, seed, iv) != 1)
	{
		EVP_CIPHER_CTX_free(ctx);
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not start AES-256-CTR");
	}
	*out = ctx;
	return PPDL_OK;
}

void
ppdl_stream_close(PpdlStream *s)
{
	EVP_CIPHER_CTX_free(s);		/* cleanses the key schedule */
}

PpdlStatus
ppdl_stream_read(PpdlStream *s, void *out, size_t len, PpdlError *err)
{
	uint8_t    *p = out;

	memset(p, 0, len);
	while (len > 0)
	{
		int			part = len < (1 << 30) ? (int) len : 1 << 30,
					done;

		if (EVP_EncryptUpdate(s, p, &done, p, part) != 1 || done != part)
			return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL failed in AES-256-CTR");
		p += part;
		len -= (size_t) part;
	}
	return PPDL_OK;
}
