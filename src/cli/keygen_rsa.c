#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/keygen.h"
#include "cli/pemfile.h"
#include "cli/secret.h"

static PpdlStatus
new_key(const PpdlKeygen *k, PpdlRsaKey **key, PpdlError *err)
{
	char	   *passphrase;
	PpdlStatus	status;

	PPDL_TRY(ppdl_passphrase_new(&passphrase, k->passphrase_file, k->secret_path, k->allow_weak, err));
	if (k->bits > 4096)
		ppdl_note("looking for two primes of %d bits takes up to a few minutes", k->bits / 2);
	status = ppdl_rsa_generate(key, k->bits, NULL, err);
	if (status == PPDL_OK)
		status = ppdl_rsa_key_save(*key, k->secret_path, passphrase, err);
	ppdl_passphrase_free(passphrase);
	return status;
}

PpdlStatus
ppdl_keygen_rsa(const PpdlKeygen *k, PpdlError *err)
{
	PpdlRsaKey *key = NULL;
	const PpdlRsaPublic *pub;
	PpdlStatus	status;

	if (k->existing)
		PPDL_GOTO(done, ppdl_rsa_key_open(&key, k->existing, k->passphrase_file, err));
	else
		PPDL_GOTO(done, new_key(k, &key, err));
	pub = ppdl_rsa_key_public(key);
	status = ppdl_rsa_public_save(pub, k->public_path, err);
	if (status != PPDL_OK && k->existing == NULL)
		unlink(k->secret_path);
	if (status != PPDL_OK)
		goto done;
	printf("fingerprint: %s\nmodulus:     %d bits\n", pub->key_id, pub->bits);
	if (k->existing == NULL)
		printf("secret key:  %s\n", k->secret_path);
	printf("public key:  %s\n", k->public_path);
done:
	ppdl_rsa_key_free(key);
	return status;
}
