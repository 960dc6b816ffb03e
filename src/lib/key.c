/* Keys of both schemes, in files. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "lib/handles.h"
#include "owner/passphrase.h"
#include "rows/cipher_read.h"
#include "rsa/file.h"

#define ROOM (PPDL_MAX_PASSPHRASE + 1)

/* Where the passphrase of a file comes from: bytes, or somebody to ask. */
typedef struct Source
{
	const char *bytes;
	size_t		len;
	ppdl_passphrase_fn ask;
	void	   *arg;
} Source;

static int
interrupted(void *arg)
{
	const ppdl_key *key = arg;

	return key->fn != NULL && key->fn(key->arg) != 0;
}

static ppdl_key *
new_key(void)
{
	ppdl_key   *key = calloc(1, sizeof *key);

	if (key != NULL)
		key->poll = (PpdlPoll) {interrupted, key};
	return key;
}

void
ppdl_key_free(ppdl_key *key)
{
	if (key == NULL)
		return;
	ppdl_owner_destroy(key->owner);
	ppdl_rsa_key_free(key->rsa);
	ppdl_writer_parts_free(&key->writers);
	free(key->name);
	free(key);
}

/* the rest of a key that has its owner */
static PpdlStatus
adopt(ppdl_key *key, PpdlError *err)
{
	ppdl_owner_set_poll(key->owner, &key->poll);
	ppdl_fingerprint_hex(key->fingerprint, ppdl_owner_fingerprint(key->owner));
	if (ppdl_owner_writes_for(key->owner) != NULL)
		ppdl_fingerprint_hex(key->writes_for, ppdl_owner_writes_for(key->owner));
	key->name = strdup(ppdl_owner_name(key->owner));
	return key->name == NULL ? ppdl_lib_nomem(err) : PPDL_OK;
}

/* ------------------------------------------------------------------ passphrases */

static PpdlStatus
check_length(int64_t len, PpdlError *err)
{
	if (len > PPDL_MAX_PASSPHRASE)
		return ppdl_error(err, PPDL_ERR_KEY, "the passphrase is longer than %d bytes", PPDL_MAX_PASSPHRASE);
	return len > 0 ? PPDL_OK : ppdl_error(err, PPDL_ERR_KEY, "an empty passphrase is not accepted");
}

static PpdlStatus
get_passphrase(char *buf, const Source *s, const char *name, PpdlError *err)
{
	int64_t		len = s->len <= PPDL_MAX_PASSPHRASE ? (int64_t) s->len : ROOM;

	if (s->ask != NULL)
		len = s->ask(s->arg, name, buf, PPDL_MAX_PASSPHRASE);
	if (len < 0)
		return ppdl_error(err, PPDL_ERR_CANCELED, "no passphrase was given for \"%s\"", name);
	PPDL_TRY(check_length(len, err));
	if (s->ask == NULL)
		memcpy(buf, s->bytes, (size_t) len);
	buf[len] = 0;
	if (memchr(buf, 0, (size_t) len) != NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "the passphrase holds a zero byte");
	return PPDL_OK;
}

/* a copy that ends with a zero; released with ppdl_lock_free and ROOM, which wipes */
static PpdlStatus
with_passphrase(char **out, const Source *s, const char *name, PpdlError *err)
{
	PpdlStatus	status;

	*out = ppdl_lock_alloc(ROOM);
	if (*out == NULL)
		return ppdl_lib_nomem(err);
	status = get_passphrase(*out, s, name, err);
	if (status != PPDL_OK)
	{
		ppdl_lock_free(*out, ROOM);
		*out = NULL;
	}
	return status;
}

/* ------------------------------------------------------------------ new keys */

static PpdlStatus
generate(ppdl_key *key, const char *name, PpdlError *err)
{
	PPDL_TRY(ppdl_owner_generate(&key->owner, name, err));
	return adopt(key, err);
}

int32_t
ppdl_key_generate(ppdl_key **out, const char *name, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlStatus	status;
	ppdl_key   *key;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(name, err);
	key = new_key();
	if (key == NULL)
		return ppdl_lib_nomem(err);
	status = generate(key, name, err);
	if (status == PPDL_OK)
		*out = key;
	else
		ppdl_key_free(key);
	return status;
}

PpdlStatus
ppdl_lib_need_lwe(const ppdl_key *key, PpdlError *err)
{
	PPDL_NEED(key, err);
	if (key->owner != NULL)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is an RSA key, which only decrypts here", key->name);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "The ppdl tool makes, publishes and encrypts with RSA keys.");
}

int32_t
ppdl_key_save(const ppdl_key *key, const char *path, const char *passphrase, size_t len, uint32_t flags, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	const Source source = {.bytes = passphrase, .len = len};
	PpdlStatus	status = PPDL_OK;
	char	   *copy;

	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(path, err);
	PPDL_NEED(passphrase, err);
	PPDL_TRY(ppdl_lib_check_flags(flags, PPDL_ALLOW_WEAK_PASSPHRASE, err));
	PPDL_TRY(with_passphrase(&copy, &source, path, err));
	if ((flags & PPDL_ALLOW_WEAK_PASSPHRASE) == 0)
		status = ppdl_passphrase_check(copy, err);
	if (status == PPDL_OK)
		status = ppdl_owner_save(key->owner, path, copy, err);
	ppdl_lock_free(copy, ROOM);
	return status;
}

/* an owner's (to is NULL) or a writer's */
static PpdlStatus
write_public(ppdl_key *key, const PpdlRecipient *to, const char *path, PpdlError *err)
{
	PpdlStatus	status;
	int			fd;

	/* the place is taken first: what is written is then moved to it */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		return ppdl_os_error(err, "create", path);
	close(fd);
	status = to == NULL ? ppdl_owner_write_public(key->owner, path, PPDL_USE_SUM, NULL, NULL, NULL, err) :
		ppdl_writer_write_public(key->owner, to, path, PPDL_USE_SUM, NULL, NULL, NULL, err);
	if (status != PPDL_OK)
		unlink(path);
	return status;
}

int32_t
ppdl_key_save_public(ppdl_key *key, const char *path, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(path, err);
	if (key->writes_for[0] == 0)
		return write_public(key, NULL, path, err);
	ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is the key of a writer for the owner of key %s", key->name, key->writes_for);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Its public file is made with that owner's: ppdl_key_save_writer.");
}

/* ------------------------------------------------------------------ writers */

int32_t
ppdl_key_generate_writer(ppdl_key **out, const char *name, const char *owner_public, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlRecipient to = {.name = ""};
	ppdl_key   *key;
	PpdlStatus	status;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(name, err);
	PPDL_NEED(owner_public, err);
	status = ppdl_recipient_read_file(&to, owner_public, err);
	key = status == PPDL_OK ? new_key() : NULL;
	if (status == PPDL_OK)
		status = key == NULL ? ppdl_lib_nomem(err) :
			ppdl_owner_generate_writer(&key->owner, name, to.fingerprint, err);
	if (status == PPDL_OK)
		status = adopt(key, err);
	ppdl_recipient_free(&to);
	if (status == PPDL_OK)
		*out = key;
	else
		ppdl_key_free(key);
	return status;
}

int32_t
ppdl_key_save_writer(ppdl_key *key, const char *owner_public, const char *path, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlRecipient to = {.name = ""};
	char		of[17];
	PpdlStatus	status;

	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(owner_public, err);
	PPDL_NEED(path, err);
	if (key->writes_for[0] == 0)
		return ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is an owner's key, not a writer's", key->name);
	status = ppdl_recipient_read_file(&to, owner_public, err);
	ppdl_fingerprint_hex(of, to.fingerprint);
	if (status == PPDL_OK && strcmp(of, key->writes_for) != 0)
		status = ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is the public file of key %s, and \"%s\" writes for %s",
							owner_public, of, key->name, key->writes_for);
	if (status == PPDL_OK)
		status = write_public(key, &to, path, err);
	ppdl_recipient_free(&to);
	return status;
}

const char *
ppdl_key_writes_for(const ppdl_key *key)
{
	return key == NULL ? "" : key->writes_for;
}

int32_t
ppdl_key_add_writer(ppdl_key *key, const void *part, size_t len, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(part, err);
	return ppdl_writer_parts_add(&key->writers, part, len, err);
}

int32_t
ppdl_key_add_writer_file(ppdl_key *key, const char *path, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(path, err);
	return ppdl_name_file(path, ppdl_writer_parts_add_file(&key->writers, path, err), err);
}

int32_t
ppdl_key_reads(const ppdl_key *key, const char *fingerprint)
{
	uint8_t		of[PPDL_FINGERPRINT_BYTES];

	if (key == NULL || fingerprint == NULL)
		return 0;
	if (strcmp(key->fingerprint, fingerprint) == 0)
		return 1;
	return key->owner != NULL && ppdl_fingerprint_parse(of, fingerprint) &&
		ppdl_writer_parts_lead(&key->writers, of, ppdl_owner_fingerprint(key->owner));
}

PpdlStatus
ppdl_lib_decrypt(ppdl_key *key, PpdlValues *out, const uint8_t *bytes, size_t len, uint32_t flags, PpdlError *err)
{
	PpdlOwner  *owner;
	PpdlCipher	c;

	/* its seed is opened when the first value of a writer comes */
	if (key->writers.count > 0 && len >= PPDL_CIPHER_HEADER && ppdl_cipher_peek(&c, bytes, NULL) == PPDL_OK)
		PPDL_TRY(ppdl_writer_parts_owner(&key->writers, &key->owner, 1, c.fingerprint, &owner, err));
	return ppdl_owner_decrypt(key->owner, out, bytes, len, (flags & PPDL_SHARE) != 0, err);
}

PpdlStatus
ppdl_lib_decrypt_text(ppdl_key *key, PpdlValues *out, const char *text, size_t len, uint32_t flags, PpdlError *err)
{
	uint8_t    *bytes;
	size_t		n;
	PpdlStatus	status;

	PPDL_TRY(ppdl_base64_read(text, len, &bytes, &n, err));
	status = ppdl_lib_decrypt(key, out, bytes, n, flags, err);
	free(bytes);
	return status;
}

/* ------------------------------------------------------------------ key files */

static PpdlStatus
load_lwe(ppdl_key *key, const char *path, const Source *source, PpdlError *err)
{
	char		name[64];
	char	   *passphrase;
	PpdlStatus	status;

	/* nobody is asked about a file that is no key */
	PPDL_TRY(ppdl_name_file(path, ppdl_owner_peek(path, name, key->fingerprint, err), err));
	PPDL_TRY(with_passphrase(&passphrase, source, name, err));
	status = ppdl_name_file(path, ppdl_owner_load(&key->owner, path, passphrase, err), err);
	ppdl_lock_free(passphrase, ROOM);
	PPDL_TRY(status);
	return adopt(key, err);
}

/* the last part of its path, without ".key" */
static char *
file_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	char	   *name = strdup(slash ? slash + 1 : path);
	size_t		n = name ? strlen(name) : 0;

	if (n > 4 && strcmp(name + n - 4, ".key") == 0)
		name[n - 4] = 0;
	return name;
}

static PpdlStatus
load_rsa(ppdl_key *key, const char *path, PpdlPemKind kind, const Source *source, PpdlError *err)
{
	char	   *passphrase;
	PpdlStatus	status;

	if (kind != PPDL_PEM_PRIVATE)
	{
		ppdl_error(err, PPDL_ERR_KEY, "\"%s\" is no encrypted private key", path);
		return ppdl_error_hint(err, PPDL_ERR_KEY, kind == PPDL_PEM_PUBLIC ?
							   "It is a public key, which decrypts nothing." :
							   "openssl pkcs8 -topk8 -scrypt encrypts one that exists.");
	}
	key->name = file_name(path);
	if (key->name == NULL)
		return ppdl_lib_nomem(err);
	PPDL_TRY(with_passphrase(&passphrase, source, key->name, err));
	status = ppdl_name_file(path, ppdl_rsa_key_load(&key->rsa, path, passphrase, err), err);
	ppdl_lock_free(passphrase, ROOM);
	PPDL_TRY(status);
	strcpy(key->fingerprint, ppdl_rsa_key_public(key->rsa)->key_id);
	return PPDL_OK;
}

static PpdlStatus
load(ppdl_key **out, const char *path, const Source *source, PpdlError *err)
{
	PpdlPemKind kind;
	PpdlStatus	status;
	ppdl_key   *key;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(path, err);
	if (source->ask == NULL)
		PPDL_TRY(ppdl_lib_need(source->bytes, "passphrase", err));
	PPDL_TRY(ppdl_pem_kind(path, &kind, err));
	key = new_key();
	if (key == NULL)
		return ppdl_lib_nomem(err);
	status = kind == PPDL_PEM_NONE ? load_lwe(key, path, source, err) : load_rsa(key, path, kind, source, err);
	if (status == PPDL_OK)
		*out = key;
	else
		ppdl_key_free(key);
	return status;
}

int32_t
ppdl_key_load(ppdl_key **out, const char *path, const char *passphrase, size_t len, ppdl_err *e)
{
	const Source source = {.bytes = passphrase, .len = len};

	return load(out, path, &source, ppdl_err_begin(e));
}

int32_t
ppdl_key_load_ask(ppdl_key **out, const char *path, ppdl_passphrase_fn ask, void *arg, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	const Source source = {.ask = ask, .arg = arg};

	PPDL_NEED(out, err);
	*out = NULL;
	if (ask == NULL)
		return ppdl_lib_need(NULL, "ask", err);
	return load(out, path, &source, err);
}

/* ------------------------------------------------------------------ what keys say */

int32_t
ppdl_key_scheme(const ppdl_key *key)
{
	return key == NULL ? 0 : key->owner != NULL ? PPDL_LWE : PPDL_RSA;
}

const char *
ppdl_key_name(const ppdl_key *key)
{
	return key == NULL ? "" : key->name;
}

const char *
ppdl_key_fingerprint(const ppdl_key *key)
{
	return key == NULL ? "" : key->fingerprint;
}

void
ppdl_key_set_poll(ppdl_key *key, ppdl_poll_fn poll, void *arg)
{
	if (key == NULL)
		return;
	key->fn = poll;
	key->arg = arg;
}
