#include "cli/pemfile.h"

#include <stdlib.h>
#include <string.h>

#include "cli/secret.h"

PpdlStatus
ppdl_rsa_key_open(PpdlRsaKey **out, const char *path, const char *passphrase_file, PpdlError *err)
{
	PpdlPemKind kind;
	char	   *passphrase;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_pem_kind(path, &kind, err));
	if (kind != PPDL_PEM_PRIVATE)
	{
		ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is no encrypted RSA private key", path);
		return ppdl_error_hint(err, PPDL_ERR_KEY, kind == PPDL_PEM_PUBLIC ?
							   "It is a public key: it encrypts, but does not decrypt." :
							   "ppdl keygen --scheme rsa makes one; openssl pkcs8 -topk8 -scrypt "
							   "encrypts one that exists.");
	}
	PPDL_TRY(ppdl_passphrase_get(&passphrase, passphrase_file, path, 0, err));
	status = ppdl_rsa_key_load(out, path, passphrase, err);
	ppdl_passphrase_free(passphrase);
	return status;
}

PpdlStatus
ppdl_rsa_public_open(PpdlRsaPublic **out, const char *path, const char *passphrase_file, PpdlError *err)
{
	PpdlPemKind kind;
	PpdlRsaKey *key;
	const PpdlRsaPublic *pub;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_pem_kind(path, &kind, err));
	if (kind == PPDL_PEM_PUBLIC)
		return ppdl_rsa_public_load(out, path, err);
	PPDL_TRY(ppdl_rsa_key_open(&key, path, passphrase_file, err));
	pub = ppdl_rsa_key_public(key);
	status = ppdl_rsa_public_from_der(out, pub->der, pub->der_len, err);
	ppdl_rsa_key_free(key);
	return status;
}

char *
ppdl_pem_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char	   *name = strdup(slash ? slash + 1 : path);
	size_t		n = name ? strlen(name) : 0;

	if (n > 4 && (strcmp(name + n - 4, ".pub") == 0 || strcmp(name + n - 4, ".key") == 0))
		name[n - 4] = 0;
	return name;
}
