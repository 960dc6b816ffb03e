#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/file.h"
#include "base/hex.h"
#include "owner/owner_impl.h"

#define FORMAT "ppdl-owner-key"
#define WRITER_FORMAT "ppdl-writer-key"	/* whose header names the owner, too */
#define VERSION 1
#define SALT_BYTES 32
#define NONCE_BYTES 12
#define TAG_BYTES 16
#define SEALED_BYTES (PPDL_MASTER_BYTES + TAG_BYTES)
#define BASE64_BYTES (SEALED_BYTES / 3 * 4)
#define MAX_FILE 4096
/* most that a key file may ask for, p times over included: opening it cannot be interrupted */
#define SCRYPT_MEMORY (UINT64_C(2) << 30)

_Static_assert(SEALED_BYTES % 3 == 0, "base64 without padding");

typedef struct Header
{
	char		name[PPDL_NAME_MAX + 1];
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	int			is_writer;
	uint8_t		writes_for[PPDL_FINGERPRINT_BYTES];
	PpdlScrypt	cost;
	uint8_t		salt[SALT_BYTES],
				nonce[NONCE_BYTES];
} Header;

/* ------------------------------------------------------------------ sealing */

static PpdlStatus
derive_key(uint8_t key[32], const char *passphrase, const Header *h, PpdlError *err)
{
	if (EVP_PBE_scrypt(passphrase, strlen(passphrase), h->salt, sizeof(h->salt), h->cost.n, h->cost.r, h->cost.p,
					   SCRYPT_MEMORY + (1 << 20), key, 32) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "scrypt failed; it takes %llu MB of memory",
						  (unsigned long long) (128 * h->cost.n * h->cost.r >> 20));
	return PPDL_OK;
}

static int
gcm_seal(EVP_CIPHER_CTX *ctx, const uint8_t key[32], const Header *h, const char *aad, int aad_len,
		 const uint8_t *in, uint8_t out[SEALED_BYTES])
{
	int			len;

	return EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, h->nonce) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &len, (const uint8_t *) aad, aad_len) == 1 &&
		EVP_EncryptUpdate(ctx, out, &len, in, PPDL_MASTER_BYTES) == 1 &&
		EVP_EncryptFinal_ex(ctx, out + PPDL_MASTER_BYTES, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + PPDL_MASTER_BYTES) == 1;
}

static int
gcm_open(EVP_CIPHER_CTX *ctx, const uint8_t key[32], const Header *h, const char *aad, int aad_len,
		 uint8_t sealed[SEALED_BYTES], uint8_t *out)
{
	int			len;

	return EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, h->nonce) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &len, (const uint8_t *) aad, aad_len) == 1 &&
		EVP_DecryptUpdate(ctx, out, &len, sealed, PPDL_MASTER_BYTES) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES, sealed + PPDL_MASTER_BYTES) == 1 &&
		EVP_DecryptFinal_ex(ctx, out + PPDL_MASTER_BYTES, &len) == 1;
}

/* ------------------------------------------------------------------ header */

static int
unhex(uint8_t *out, size_t len, const char *in)
{
	return strlen(in) == 2 * len && ppdl_hex_read(out, in, len);
}

/* one line of JSON, malloc'ed */
static char *
header_text(const Header *h)
{
	char		fingerprint[17],
				owner[17],
				salt[2 * SALT_BYTES + 1],
				nonce[2 * NONCE_BYTES + 1];
	char	   *text;
	json_t	   *j;

	ppdl_fingerprint_hex(fingerprint, h->fingerprint);
	ppdl_fingerprint_hex(owner, h->writes_for);
	ppdl_hex_write(salt, h->salt, SALT_BYTES);
	ppdl_hex_write(nonce, h->nonce, NONCE_BYTES);
	j = json_pack("{ss si ss ss ss* ss sI si si ss ss ss}", "format", h->is_writer ? WRITER_FORMAT : FORMAT,
				  "version", VERSION, "name", h->name, "fingerprint", fingerprint,
				  "owner", h->is_writer ? owner : NULL, "kdf", "scrypt", "n", (json_int_t) h->cost.n,
				  "r", (int) h->cost.r, "p", (int) h->cost.p, "salt", salt, "cipher", "aes-256-gcm", "nonce", nonce);
	text = j == NULL ? NULL : json_dumps(j, JSON_COMPACT);
	json_decref(j);
	return text;
}

static PpdlStatus
damaged(const char *what, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_KEY, "not a key file, or a damaged one: %s", what);
}

static PpdlStatus
carriage_returns(PpdlError *err)
{
	damaged("its lines end in CR LF, not in LF", err);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "A mail program or an editor has changed them. To get the file back: "
						   "tr -d '\\r' < changed.key > whole.key");
}

static PpdlStatus
read_fields(Header *h, json_t *j, PpdlError *err)
{
	const char *format,
			   *name,
			   *fingerprint,
			   *owner = NULL,
			   *kdf,
			   *salt,
			   *cipher,
			   *nonce;
	json_int_t	n;
	int			version,
				r,
				p;

	if (json_unpack(j, "{ss si}", "format", &format, "version", &version) != 0 ||
		(strcmp(format, FORMAT) != 0 && strcmp(format, WRITER_FORMAT) != 0))
		return damaged("its first line does not say that it is one", err);
	if (version != VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION, "key file of format version %d; this program reads version %d",
						  version, VERSION);
	h->is_writer = strcmp(format, WRITER_FORMAT) == 0;
	if (json_unpack(j, "{ss si ss ss s?s ss sI si si ss ss ss !}", "format", &format, "version", &version,
					"name", &name, "fingerprint", &fingerprint, "owner", &owner, "kdf", &kdf, "n", &n, "r", &r, "p", &p,
					"salt", &salt, "cipher", &cipher, "nonce", &nonce) != 0)
		return damaged("its first line lacks something or has too much", err);
	if (ppdl_check_owner_name(name, NULL) != PPDL_OK || !unhex(h->fingerprint, PPDL_FINGERPRINT_BYTES, fingerprint))
		return damaged("name or fingerprint is malformed", err);
	if ((owner != NULL) != h->is_writer || (owner != NULL && !unhex(h->writes_for, PPDL_FINGERPRINT_BYTES, owner)))
		return damaged("a writer's key names its owner, and no other key does", err);
	if (strcmp(kdf, "scrypt") != 0 || strcmp(cipher, "aes-256-gcm") != 0 ||
		!unhex(h->salt, SALT_BYTES, salt) || !unhex(h->nonce, NONCE_BYTES, nonce))
		return damaged("encryption parameters are malformed", err);
	if (n < 2 || (n & (n - 1)) != 0 || r < 1 || r > 64 || p < 1 || p > 64 ||
		(uint64_t) n > SCRYPT_MEMORY / (128 * (uint64_t) r * (uint64_t) p))
		return damaged("scrypt parameters out of range", err);
	h->cost = (PpdlScrypt) {(uint64_t) n, (uint32_t) r, (uint32_t) p};
	strcpy(h->name, name);
	return PPDL_OK;
}

/* the first line of text; *len: its length */
static PpdlStatus
read_header(Header *h, const char *text, size_t total, int *len, PpdlError *err)
{
	const char *end = memchr(text, '\n', total);
	json_error_t why;
	PpdlStatus	status;
	json_t	   *j;

	if (end == NULL)
		return damaged("it has no first line", err);
	if (end > text && end[-1] == '\r')
		return carriage_returns(err);
	*len = (int) (end - text);
	j = json_loadb(text, (size_t) *len, JSON_REJECT_DUPLICATES, &why);
	if (j == NULL && why.text[0] == '\0')
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (j == NULL)
		return damaged("its first line is not JSON", err);
	status = read_fields(h, j, err);
	json_decref(j);
	return status;
}

/* ------------------------------------------------------------------ text */

PpdlStatus
ppdl_key_file_write(const PpdlOwner *o, const char *passphrase, const PpdlScrypt *cost, PpdlWriter *w, PpdlError *err)
{
	Header		h = {.cost = *cost};
	uint8_t		key[32] = {0},
				sealed[SEALED_BYTES];
	char		base64[BASE64_BYTES + 1];
	EVP_CIPHER_CTX *ctx = NULL;
	PpdlStatus	status;
	char	   *text = NULL;

	if (passphrase[0] == '\0')
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "empty passphrase");
	strcpy(h.name, o->name);
	memcpy(h.fingerprint, o->fingerprint, sizeof(h.fingerprint));
	h.is_writer = o->is_writer;
	memcpy(h.writes_for, o->writes_for, sizeof(h.writes_for));
	if (RAND_bytes(h.salt, SALT_BYTES) != 1 || RAND_bytes(h.nonce, NONCE_BYTES) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL has no randomness to give");
	text = header_text(&h);
	ctx = EVP_CIPHER_CTX_new();
	if (text == NULL || ctx == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	PPDL_GOTO(done, derive_key(key, passphrase, &h, err));
	if (!gcm_seal(ctx, key, &h, text, (int) strlen(text), o->master, sealed))
	{
		status = ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not encrypt with AES-256-GCM");
		goto done;
	}
	EVP_EncodeBlock((uint8_t *) base64, sealed, SEALED_BYTES);
	ppdl_write_bytes(w, text, strlen(text));
	ppdl_write_u8(w, '\n');
	ppdl_write_bytes(w, base64, BASE64_BYTES);
	ppdl_write_u8(w, '\n');
	if (w->bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
done:
	OPENSSL_cleanse(key, sizeof(key));
	EVP_CIPHER_CTX_free(ctx);
	free(text);
	return status;
}

PpdlStatus
ppdl_owner_write(const PpdlOwner *o, const char *passphrase, PpdlWriter *w, PpdlError *err)
{
	static const PpdlScrypt cost = {1 << 17, 8, 1};

	return ppdl_key_file_write(o, passphrase, &cost, w, err);
}

/* exactly one line of canonical base64 */
static PpdlStatus
read_body(uint8_t sealed[SEALED_BYTES], const char *body, size_t len, PpdlError *err)
{
	uint8_t		again[BASE64_BYTES + 1];

	if (len == 0)
		return damaged("its second line, the sealed key itself, is missing", err);
	if (len >= 2 && body[len - 2] == '\r' && body[len - 1] == '\n')
		return carriage_returns(err);
	if (len == BASE64_BYTES && memchr(body, '\n', len) == NULL)
	{
		damaged("its last line does not end", err);
		return ppdl_error_hint(err, PPDL_ERR_KEY,
							   "Something is cut off. If it is the newline alone, this puts it back: echo >> FILE");
	}
	if (len != BASE64_BYTES + 1 || body[BASE64_BYTES] != '\n' ||
		EVP_DecodeBlock(sealed, (const uint8_t *) body, BASE64_BYTES) != SEALED_BYTES)
		return damaged("its second line is malformed", err);
	EVP_EncodeBlock(again, sealed, SEALED_BYTES);
	if (memcmp(again, body, BASE64_BYTES) != 0)
		return damaged("its second line is malformed", err);
	return PPDL_OK;
}

static PpdlStatus
open_master(uint8_t master[PPDL_MASTER_BYTES + TAG_BYTES], const Header *h, const char *text, int header_len,
			uint8_t sealed[SEALED_BYTES], const char *passphrase, PpdlError *err)
{
	uint8_t		key[32];
	EVP_CIPHER_CTX *ctx;
	int			ok;

	PPDL_TRY(derive_key(key, passphrase, h, err));
	ctx = EVP_CIPHER_CTX_new();
	ok = ctx != NULL && gcm_open(ctx, key, h, text, header_len, sealed, master);
	EVP_CIPHER_CTX_free(ctx);
	OPENSSL_cleanse(key, sizeof(key));
	if (!ok)
		return ppdl_error(err, PPDL_ERR_KEY, "wrong passphrase for key \"%s\", or a damaged key file", h->name);
	return PPDL_OK;
}

PpdlStatus
ppdl_owner_read(PpdlOwner **out, const char *text, size_t len, const char *passphrase, PpdlError *err)
{
	Header		h = {.is_writer = 0};
	uint8_t		master[PPDL_MASTER_BYTES + TAG_BYTES] = {0},
				sealed[SEALED_BYTES];
	PpdlStatus	status;
	int			header_len;

	*out = NULL;
	if (passphrase[0] == '\0')
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "empty passphrase");
	PPDL_TRY(read_header(&h, text, len, &header_len, err));
	PPDL_TRY(read_body(sealed, text + header_len + 1, len - (size_t) header_len - 1, err));
	PPDL_GOTO(done, open_master(master, &h, text, header_len, sealed, passphrase, err));
	PPDL_GOTO(done, ppdl_owner_from_master(out, h.name, master, err));
	(*out)->is_writer = h.is_writer;
	memcpy((*out)->writes_for, h.writes_for, sizeof(h.writes_for));
	if (memcmp((*out)->fingerprint, h.fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
	{
		ppdl_owner_destroy(*out);
		*out = NULL;
		status = ppdl_error(err, PPDL_ERR_KEY, "key file of \"%s\" does not give the key that its fingerprint names",
							h.name);
	}
done:
	OPENSSL_cleanse(master, sizeof(master));
	return status;
}

/* ------------------------------------------------------------------ files */

static PpdlStatus
io_error(const char *what, const char *path, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_IO, "could not %s \"%s\": %s", what, path, strerror(errno));
}

PpdlStatus
ppdl_owner_save(const PpdlOwner *o, const char *path, const char *passphrase, PpdlError *err)
{
	PpdlStatus	status;
	PpdlWriter	w;
	int			fd;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
	if (fd < 0)
	{
		io_error("create", path, err);
		if (errno == EEXIST)
			ppdl_error_hint(err, PPDL_ERR_IO, "A key file is never overwritten: what it encrypts would be lost.");
		return PPDL_ERR_IO;
	}
	ppdl_writer_init(&w);
	PPDL_GOTO(done, ppdl_owner_write(o, passphrase, &w, err));
	if (ppdl_write_durably(fd, &w) != 0)
		status = io_error("write", path, err);
done:
	if (close(fd) != 0 && status == PPDL_OK)
		status = io_error("write", path, err);
	if (status != PPDL_OK)
		unlink(path);
	ppdl_writer_free(&w);		/* no secrets: the seed is sealed */
	return status;
}

static PpdlStatus
read_file(const char *path, char text[MAX_FILE], size_t *len, PpdlError *err)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t		n;

	if (fd < 0)
		return io_error("open", path, err);
	*len = 0;
	while ((n = read(fd, text + *len, MAX_FILE - *len)) > 0 || (n < 0 && errno == EINTR))
		*len += n > 0 ? (size_t) n : 0;
	if (n < 0)
		io_error("read", path, err);
	close(fd);
	if (n < 0)
		return PPDL_ERR_IO;
	return *len == MAX_FILE ? damaged("it is too long", err) : PPDL_OK;
}

PpdlStatus
ppdl_owner_load(PpdlOwner **out, const char *path, const char *passphrase, PpdlError *err)
{
	char		text[MAX_FILE];
	size_t		len;

	*out = NULL;
	PPDL_TRY(read_file(path, text, &len, err));
	return ppdl_owner_read(out, text, len, passphrase, err);
}

PpdlStatus
ppdl_owner_peek(const char *path, char name[64], char fingerprint[17], PpdlError *err)
{
	char		writes_for[17];

	return ppdl_owner_peek_writer(path, name, fingerprint, writes_for, err);
}

PpdlStatus
ppdl_owner_peek_writer(const char *path, char name[64], char fingerprint[17], char writes_for[17], PpdlError *err)
{
	char		text[MAX_FILE];
	size_t		len;
	uint8_t		sealed[SEALED_BYTES];
	Header		h = {.is_writer = 0};
	int			header_len;

	PPDL_TRY(read_file(path, text, &len, err));
	PPDL_TRY(read_header(&h, text, len, &header_len, err));
	PPDL_TRY(read_body(sealed, text + header_len + 1, len - (size_t) header_len - 1, err));
	strcpy(name, h.name);
	ppdl_fingerprint_hex(fingerprint, h.fingerprint);
	writes_for[0] = '\0';
	if (h.is_writer)
		ppdl_fingerprint_hex(writes_for, h.writes_for);
	return PPDL_OK;
}
