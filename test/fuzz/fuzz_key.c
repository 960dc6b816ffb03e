/* Keys as they are stored and published: key parts, public files, key files of both schemes. */
#include "rows.h"

#include <sys/mman.h>
#include <unistd.h>

#include <openssl/sha.h>

#include "ckks/wire.h"
#include "owner/public_file.h"
#include "rsa/file.h"

#define DIGEST_BYTES 16

/* the input with the digest that its bytes should have, so that more than digests is looked at; malloc'ed */
static uint8_t *
with_digest(const uint8_t *data, size_t len)
{
	uint8_t		hash[SHA256_DIGEST_LENGTH],
			   *copy = malloc(len + 1);

	must(copy != NULL);
	memcpy(copy, data, len);
	if (len >= DIGEST_BYTES)
	{
		SHA256(copy, len - DIGEST_BYTES, hash);
		memcpy(copy + len - DIGEST_BYTES, hash, DIGEST_BYTES);
	}
	return copy;
}

static void
public_key(const uint8_t *data, size_t len)
{
	uint8_t    *copy = with_digest(data, len);
	PpdlReader	r = ppdl_reader(copy, len);
	PpdlPublicKey *pk;
	PpdlWriter	w;

	if (ppdl_wire_get_public_key(&r, &pk, ERR) == PPDL_OK)
	{
		ppdl_writer_init(&w);
		OK(ppdl_wire_put_public_key(&w, pk, ERR));
		must(w.len == (size_t) (r.p - copy) && memcmp(w.buf, copy, w.len) == 0);
		ppdl_writer_free(&w);
		ppdl_public_key_destroy(pk);
	}
	free(copy);
}

static void
public_key_seed(const PpdlParams *par)
{
	PpdlPublicKey *pk;
	PpdlWriter	w;

	OK(ppdl_public_key_create(&pk, ring_secret(par), fixed_rng(), ERR));
	ppdl_writer_init(&w);
	OK(ppdl_wire_put_public_key(&w, pk, ERR));
	put_writer_seed(&w);
	ppdl_public_key_destroy(pk);
}

static void
public_key_seeds(void)
{
	public_key_seed(row_ring());
	public_key_seed(compact_ring());
}

static void
switch_key(const uint8_t *data, size_t len)
{
	uint8_t    *copy = with_digest(data, len);
	PpdlReader	r = ppdl_reader(copy, len);
	PpdlSwitchKeyInfo info;
	PpdlSwitchKey *key;
	PpdlStatus	peek = ppdl_wire_peek_switch_key(r, &info, ERR);

	if (ppdl_wire_get_switch_key(&r, &key, NULL, ERR) == PPDL_OK)
	{
		must(peek == PPDL_OK && info.id == key->id && info.limbs == key->limbs && info.np == key->np &&
			 info.ndigits == key->ndigits);
		ppdl_switch_key_destroy(key);
	}
	free(copy);
}

static void
switch_key_seeds(void)
{
	PpdlSwitchKey *key;
	PpdlWriter	w;

	OK(ppdl_eval_key_create(&key, 3, ring_secret(row_ring()), 1, fixed_rng(), NULL, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_wire_put_switch_key(&w, key, ERR));
	put_writer_seed(&w);
	ppdl_switch_key_destroy(key);
}

/* a file in memory with these bytes; its name in path */
static int
memory_file(char path[64], const uint8_t *data, size_t len)
{
	int			fd = memfd_create("fuzz", 0);

	must(fd >= 0 && write(fd, data, len) == (ssize_t) len);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

/* the hash that a public file's directory should have, put where it belongs */
static void
hash_directory(uint8_t *buf, size_t len)
{
	uint32_t	version,
				parts;
	uint64_t	end;

	if (len < PPDL_PUBLIC_HEAD)
		return;
	memcpy(&version, buf + 8, 4);
	memcpy(&parts, buf + 88, 4);
	end = ppdl_public_directory_end(version, parts);
	if (end + SHA256_DIGEST_LENGTH <= len)
		SHA256(buf, end, buf + end);
}

static void
public_file(const uint8_t *data, size_t len)
{
	char		path[64];
	uint8_t    *copy = with_digest(data, len);
	PpdlPublicFile *f;
	int			fd;

	if (len > 0)
		memcpy(copy, data, len);
	hash_directory(copy, len);
	fd = memory_file(path, copy, len);
	free(copy);

	if (ppdl_public_file_open(&f, path, ERR) == PPDL_OK)
	{
		for (int i = 0; i < ppdl_public_file_count(f); i++)
			ppdl_public_part_check(ppdl_public_file_part(f, i), ERR);
		ppdl_public_file_close(f);
	}
	close(fd);
}

/* a public file whose two parts are cut to a hundred bytes */
static void
public_file_seeds(void)
{
	enum
	{
		PART = 100, SPACE = 128, ENTRY = 184
	};
	static const uint8_t master[PPDL_MASTER_BYTES] = {1};
	const uint64_t entry = PPDL_PUBLIC_HEAD + PPDL_VERIFY_KEY_BYTES + 72,
				short_length = PART;
	char		path[] = "/tmp/ppdl-fuzz-XXXXXX";
	uint8_t		buf[4096];
	uint64_t	offset,
				second;
	PpdlOwner  *o;
	FILE	   *f;
	int			fd = mkstemp(path);

	must(fd >= 0 && close(fd) == 0 && unlink(path) == 0);
	OK(ppdl_owner_from_master(&o, "fuzz", master, ERR));
	OK(ppdl_owner_write_public(o, path, PPDL_USE_SUM, NULL, NULL, NULL, ERR));
	f = fopen(path, "rb");
	must(f != NULL && fread(buf, 1, sizeof(buf), f) == sizeof(buf));
	fclose(f);
	unlink(path);
	memcpy(&offset, buf + entry, 8);
	must(offset + PART <= sizeof(buf));
	second = offset + SPACE;
	memset(buf + offset + PART, 0, SPACE - PART);
	memcpy(buf + entry + 8, &short_length, 8);
	SHA256(buf + offset, PART, buf + entry + 16);
	memcpy(buf + entry + ENTRY, &second, 8);
	memcpy(buf + entry + ENTRY + 8, &short_length, 8);
	SHA256(buf + second, PART, buf + entry + ENTRY + 16);
	put_seed(buf, second + PART);
	ppdl_owner_destroy(o);
}

/* whoever writes a key file may ask for costly scrypt; that takes its time, by design */
static int
is_costly(const char *text)
{
	const char *n = strstr(text, "\"n\"");

	return n == NULL || strspn(n + 3, " :0") + strcspn(n + 3 + strspn(n + 3, " :0"), ",} ") > 8;
}

static void
key_file(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len);
	PpdlOwner  *o;

	if (!is_costly(text) && ppdl_owner_read(&o, text, len, "fuzz", ERR) == PPDL_OK)
		ppdl_owner_destroy(o);
	free(text);
}

static void
key_file_seeds(void)
{
	static const uint8_t master[PPDL_MASTER_BYTES] = {1};
	static const PpdlScrypt cost = {2, 1, 1};
	PpdlOwner  *o;
	PpdlWriter	w;

	OK(ppdl_owner_from_master(&o, "fuzz", master, ERR));
	ppdl_writer_init(&w);
	OK(ppdl_key_file_write(o, "fuzz", &cost, &w, ERR));
	put_writer_seed(&w);
	ppdl_owner_destroy(o);
}

static void
rsa_public_pem(const uint8_t *data, size_t len)
{
	PpdlRsaPublic *pub;

	if (ppdl_rsa_public_from_pem(&pub, data, len, ERR) == PPDL_OK)
		ppdl_rsa_public_free(pub);
}

static void
rsa_public_der(const uint8_t *data, size_t len)
{
	PpdlRsaPublic *pub;

	if (ppdl_rsa_public_from_der(&pub, data, len, ERR) != PPDL_OK)
		return;
	must(pub->bits >= PPDL_RSA_MIN_BITS && pub->bits <= PPDL_RSA_MAX_BITS);
	ppdl_rsa_public_free(pub);
}

static void
rsa_public_seeds(void)
{
	PpdlRsaPublic *pub;
	PpdlWriter	w;

	OK(ppdl_rsa_public_load(&pub, "test/data/rsa-test.pub", ERR));
	ppdl_writer_init(&w);
	if (strcmp(fuzz_case[seed_case].name, "rsa-pem") == 0)
		OK(ppdl_rsa_public_to_pem(pub, &w, ERR));
	else
		ppdl_write_bytes(&w, pub->der, pub->der_len);
	put_writer_seed(&w);
	ppdl_rsa_public_free(pub);
}

static void
part_name(const uint8_t *data, size_t len)
{
	char	   *text = text_of(data, len);
	uint8_t		ring,
				fp[PPDL_FINGERPRINT_BYTES];
	uint32_t	id;
	char		again[64];

	if (ppdl_key_part_parse(text, &ring, &id))
	{
		ppdl_key_part_name(again, ring, id);
		must(strcmp(again, text) == 0);
	}
	if (ppdl_fingerprint_parse(fp, text))
	{
		char		hex[17];

		ppdl_fingerprint_hex(hex, fp);
		must(strlen(text) == 16);
	}
	free(text);
}

static void
part_name_seeds(void)
{
	put_text_seed("row/galois/8193");
	put_text_seed("deep/relin");
	put_text_seed("deep/to_sparse");
	put_text_seed("deep/bridge_compact");
	put_text_seed("compact/public");
	put_text_seed("0123456789abcdef");
}

static const FuzzCase fuzz_case[] = {
	{"public", public_key, public_key_seeds},
	{"switch", switch_key, switch_key_seeds},
	{"file", public_file, public_file_seeds},
	{"keyfile", key_file, key_file_seeds},
	{"rsa-pem", rsa_public_pem, rsa_public_seeds},
	{"rsa-der", rsa_public_der, rsa_public_seeds},
	{"part", part_name, part_name_seeds},
	{NULL}
};
