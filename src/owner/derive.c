#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "owner/owner_impl.h"

/* RFC 5869, SHA-256, no salt */
static int
hkdf(uint8_t out[PPDL_MASTER_BYTES], const uint8_t master[PPDL_MASTER_BYTES], uint8_t *info, size_t len)
{
	EVP_KDF    *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *) "SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *) (uintptr_t) master, PPDL_MASTER_BYTES),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, len),
		OSSL_PARAM_construct_end()
	};
	int			ok = ctx != NULL && EVP_KDF_derive(ctx, out, PPDL_MASTER_BYTES, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok;
}

PpdlStatus
ppdl_derive(uint8_t out[PPDL_MASTER_BYTES], const uint8_t master[PPDL_MASTER_BYTES], const char *label,
			const uint8_t context[32],
			PpdlError *err)
{
	uint8_t		info[96];
	size_t		len = strlen(label) + 1;
	int			ok;

	PPDL_ASSERT(len + 32 <= sizeof(info));
	memcpy(info, label, len);
	if (context != NULL)
		memcpy(info + len, context, 32);
	ok = hkdf(out, master, info, len + (context != NULL ? 32 : 0));
	OPENSSL_cleanse(info, sizeof(info));
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not derive a key with HKDF");
}
