#include "pg/owner_session.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "owner/owner.h"
#include "base/mem.h"
#include "rsa/key.h"
#include "storage/ipc.h"
#include "utils/builtins.h"

bool		ppdl_owner_mode = false;

static PpdlOwner *open_owner = NULL;
static uint8_t open_hash[32];	/* of key and passphrase */
static PpdlRsaKey *open_rsa = NULL;
static uint8_t open_rsa_hash[32];

static void
at_exit(int code, Datum arg)
{
	ppdl_owner_session_forget();
}

/*
 * From here on this backend has secrets, of which memory keeps traces to its end.  (What a library registers when the
 * postmaster loads it, under shared_preload_libraries, backends do not have.)
 */
static void
prepare_for_secrets(void)
{
	static bool done = false;

	if (done)
		return;
	before_shmem_exit(at_exit, (Datum) 0);
	done = true;
	if (!ppdl_forbid_dumps())
		ereport(WARNING,
				(errmsg("cannot forbid core files of this session, which may hold secret keys")));
}

void
ppdl_require_owner_mode(const char *function)
{
	if (!ppdl_owner_mode)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("function %s takes a secret key and is for the owner's own machine", function),
				 errdetail("The setting ppdl.owner_mode is off."),
				 errhint("Encrypt and decrypt with the ppdl tool, which keeps the secret key away from the server.")));
	prepare_for_secrets();
}

static void
forget_owner(void)
{
	if (open_owner != NULL)
		ppdl_owner_destroy(open_owner);
	open_owner = NULL;
	OPENSSL_cleanse(open_hash, sizeof(open_hash));
}

static void
forget_rsa(void)
{
	ppdl_rsa_key_free(open_rsa);
	open_rsa = NULL;
	OPENSSL_cleanse(open_rsa_hash, sizeof(open_rsa_hash));
}

void
ppdl_owner_session_forget(void)
{
	forget_owner();
	forget_rsa();
}

/* SHA-256 of the two hashes: no pair of texts runs into another */
static void
hash_texts(uint8_t out[32], text *a, text *b)
{
	uint8_t		h[64];

	SHA256((const unsigned char *) VARDATA_ANY(a), VARSIZE_ANY_EXHDR(a), h);
	SHA256((const unsigned char *) VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b), h + 32);
	SHA256(h, sizeof(h), out);
	OPENSSL_cleanse(h, sizeof(h));
}

PpdlOwner *
ppdl_owner_session(text *key, text *passphrase)
{
	uint8_t		hash[32];
	char	   *secret;
	PpdlStatus	status;
	PpdlError	err;

	hash_texts(hash, key, passphrase);
	if (open_owner != NULL && CRYPTO_memcmp(hash, open_hash, sizeof(hash)) == 0)
		return open_owner;
	forget_owner();
	secret = text_to_cstring(passphrase);
	status = ppdl_owner_read(&open_owner, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), secret, &err);
	OPENSSL_cleanse(secret, strlen(secret));
	pfree(secret);
	if (status != PPDL_OK)
	{
		open_owner = NULL;
		ppdl_report(&err);
	}
	ppdl_owner_set_poll(open_owner, &ppdl_pg_poll);
	memcpy(open_hash, hash, sizeof(hash));
	return open_owner;
}

PpdlRsaKey *
ppdl_rsa_session(text *key, text *passphrase)
{
	uint8_t		hash[32];
	char	   *secret;
	PpdlStatus	status;
	PpdlError	err;

	hash_texts(hash, key, passphrase);
	if (open_rsa != NULL && CRYPTO_memcmp(hash, open_rsa_hash, sizeof(hash)) == 0)
		return open_rsa;
	forget_rsa();
	secret = text_to_cstring(passphrase);
	status = ppdl_rsa_key_from_pem(&open_rsa, VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key), secret, &err);
	OPENSSL_cleanse(secret, strlen(secret));
	pfree(secret);
	if (status != PPDL_OK)
		ppdl_report(&err);
	memcpy(open_rsa_hash, hash, sizeof(hash));
	return open_rsa;
}
