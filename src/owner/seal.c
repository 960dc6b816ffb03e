/*
 * A writer's master seed, sealed to its owner (algorithms.md, 2.6): a key encapsulation after Fujisaki and Okamoto 1999
 * (in the form of Hofheinz, Hoevelmanns and Kiltz 2017, explicit rejection) over the public-key encryption of the
 * compact ring, and AES-256-GCM under the key that it gives.
 *
 *    0 "PPDLWTR1"   8 u8[8] the owner's fingerprint   16 u8[8] the writer's   24 char[64] the writer's name
 *   88 a row (rows/cipher.h) of 256 values, +1 or -1, at scale 2^40: the bits of a message m, from the lowest of byte
 *      0 on
 *      then u8[48]: AES-256-GCM of the seed, nonce zero, with everything before as associated data
 *
 * m, the randomness of the row, and the key of AES-GCM are derived by HKDF, m from the writer's seed, the others from
 * m.
 * The owner decrypts m, encrypts it again and compares: what was altered is refused before anything depends on it, so
 * that nobody learns of the secret from how altered bytes are taken.  That secret serves nothing else: a row made of
 * these bytes decrypts to noise under the keys of rows.
 */
#include "owner/seal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/declassify.h"
#include "ckks/encrypt.h"
#include "ckks/wire.h"
#include "rows/cipher_read.h"
#include "rows/lift.h"
#include "rows/row.h"

#define MAGIC "PPDLWTR1"
#define HEAD_BYTES 88
#define MESSAGE_BYTES 32
#define MESSAGE_BITS (8 * MESSAGE_BYTES)
#define SCALE_BITS 40
#define TAG_BYTES 16
#define SEALED_BYTES (PPDL_MASTER_BYTES + TAG_BYTES)

static size_t
row_bytes(const PpdlParams *par)
{
	return ppdl_row_size(par, 1, ppdl_log2_width(MESSAGE_BITS));
}

/* ------------------------------------------------------------------ head */

PpdlStatus
ppdl_writer_head(PpdlWriterHead *head, const void *part, size_t len, PpdlError *err)
{
	const uint8_t *p = part;
	const PpdlParams *par;

	PPDL_TRY(ppdl_params_get(PPDL_RING_COMPACT, &par, err));
	if (len != HEAD_BYTES + row_bytes(par) + SEALED_BYTES || memcmp(p, MAGIC, 8) != 0 || p[HEAD_BYTES - 1] != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged: not a writer's sealed seed");
	memcpy(head->owner, p + 8, 8);
	memcpy(head->writer, p + 16, 8);
	memcpy(head->name, p + 24, 64);
	if (ppdl_check_owner_name(head->name, NULL) != PPDL_OK)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged: a writer's sealed seed with a malformed name");
	return PPDL_OK;
}

static void
put_head(PpdlWriter *w, const PpdlOwner *writer, const PpdlRecipient *to)
{
	char		name[64] = {0};

	strcpy(name, writer->name);
	ppdl_write_bytes(w, MAGIC, 8);
	ppdl_write_bytes(w, to->fingerprint, 8);
	ppdl_write_bytes(w, writer->fingerprint, 8);
	ppdl_write_bytes(w, name, sizeof(name));
}

/* ------------------------------------------------------------------ the encapsulated message */

/* the row that m gives under that public key: a function of these alone */
static PpdlStatus
encrypt_message(PpdlWriter *w, const uint8_t m[MESSAGE_BYTES], const PpdlPublicKey *pk, const uint8_t pk_hash[32],
				const uint8_t fingerprint[8], PpdlError *err)
{
	double		x[MESSAGE_BITS];
	uint8_t		coins[32];
	PpdlRng    *rng = NULL;
	PpdlStatus	status;

	for (int i = 0; i < MESSAGE_BITS; i++)
		x[i] = 2 * (double) (m[i / 8] >> i % 8 & 1) - 1;
	PPDL_GOTO(done, ppdl_derive(coins, m, "ppdl writer coins 1", pk_hash, err));
	PPDL_GOTO(done, ppdl_rng_create_seeded(&rng, coins, 0, err));
	status = ppdl_row_encrypt_public(w, x, MESSAGE_BITS, 1, SCALE_BITS,
									 &(PpdlRowKey) {.pk = pk, .fingerprint = fingerprint, .rng = rng}, err);
done:
	ppdl_rng_destroy(rng);
	OPENSSL_cleanse(coins, sizeof(coins));
	OPENSSL_cleanse(x, sizeof(x));
	return status;
}

/* the signs of the coefficients; whatever the row holds, the same is done */
static PpdlStatus
read_signs(uint8_t m[MESSAGE_BYTES], const PpdlCipher *c, const PpdlSecret *sk, PpdlError *err)
{
	const size_t bytes = c->par->n * sizeof(double),
				stride = c->par->n / MESSAGE_BITS;
	double	   *phase = malloc(bytes);
	PpdlPool   *pool = ppdl_pool_create();
	PpdlStatus	status;
	PpdlEval	ev;
	PpdlCt		ct = {0};

	if (phase == NULL || pool == NULL)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto no_eval;
	}
	PPDL_GOTO(no_eval, ppdl_eval_init(&ev, c->par, pool, NULL, err));
	PPDL_GOTO(done, ppdl_lift_vector(&ev, &ct, c, 1, err));
	PPDL_GOTO(done, ppdl_decrypt_coeffs(&ev, &ct, sk, phase, err));
	memset(m, 0, MESSAGE_BYTES);
	for (int i = 0; i < MESSAGE_BITS; i++)
		m[i / 8] |= (uint8_t) (!signbit(phase[(size_t) i * stride]) << i % 8);
done:
	ppdl_ct_release(&ev, &ct);
	ppdl_eval_fini(&ev);
no_eval:
	ppdl_pool_destroy(pool);
	if (phase != NULL)
		OPENSSL_cleanse(phase, bytes);
	free(phase);
	return status;
}

static PpdlStatus
decrypt_message(uint8_t m[MESSAGE_BYTES], const uint8_t *row, size_t len, const PpdlOwner *o, PpdlError *err)
{
	PpdlSecret *sk;
	PpdlStatus	status;
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse(&c, row, len, err));
	if (c.par->id != PPDL_RING_COMPACT || c.kind != PPDL_KIND_ROW || c.limbs != 1 || c.width != MESSAGE_BITS ||
		!(c.bound <= 1) || c.scale != ldexp(1, SCALE_BITS))
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged: not the row of a sealed seed");
	PPDL_TRY(ppdl_owner_encapsulation_secret(o, &sk, err));
	status = read_signs(m, &c, sk, err);
	ppdl_secret_destroy(sk);
	return status;
}

/* m, if the row is the one that it gives */
static PpdlStatus
decapsulate(uint8_t m[MESSAGE_BYTES], const uint8_t *row, size_t len, const PpdlOwner *o, PpdlError *err)
{
	PpdlPublicKey *pk = NULL;
	PpdlWriter	wire,
				again;
	uint8_t		hash[32];
	PpdlStatus	status;
	int			same;

	ppdl_writer_init(&wire);
	ppdl_writer_init(&again);
	PPDL_GOTO(done, decrypt_message(m, row, len, o, err));
	PPDL_GOTO(done, ppdl_owner_encapsulation_key(o, &pk, err));
	PPDL_GOTO(done, ppdl_wire_put_public_key(&wire, pk, err));
	PPDL_GOTO(done, ppdl_sha256(hash, wire.buf, wire.len, err));
	PPDL_GOTO(done, encrypt_message(&again, m, pk, hash, o->fingerprint, err));
	same = again.len == len && CRYPTO_memcmp(again.buf, row, len) == 0;
	ppdl_declassify(&same, sizeof(same));
	if (!same)
		status = ppdl_error(err, PPDL_ERR_KEY, "a sealed seed does not encrypt to itself");
done:
	ppdl_public_key_destroy(pk);
	if (again.buf != NULL)
		OPENSSL_cleanse(again.buf, again.len);
	ppdl_writer_free(&again);
	ppdl_writer_free(&wire);
	return status;
}

/* ------------------------------------------------------------------ the seed */

/* a key that m gives with that row */
static PpdlStatus
seal_key(uint8_t key[32], const uint8_t m[MESSAGE_BYTES], const uint8_t *row, size_t len, PpdlError *err)
{
	uint8_t		hash[32];

	PPDL_TRY(ppdl_sha256(hash, row, len, err));
	return ppdl_derive(key, m, "ppdl writer seal 1", hash, err);
}

static const uint8_t no_nonce[12];

static int
gcm_seal(uint8_t out[SEALED_BYTES], const uint8_t key[32], const uint8_t *aad, size_t aad_len, const uint8_t *seed)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int			len,
				ok = ctx != NULL && EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, no_nonce) == 1 &&
		EVP_EncryptUpdate(ctx, NULL, &len, aad, (int) aad_len) == 1 &&
		EVP_EncryptUpdate(ctx, out, &len, seed, PPDL_MASTER_BYTES) == 1 &&
		EVP_EncryptFinal_ex(ctx, out + PPDL_MASTER_BYTES, &len) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, out + PPDL_MASTER_BYTES) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

static int
gcm_open(uint8_t seed[PPDL_MASTER_BYTES + TAG_BYTES], const uint8_t key[32], const uint8_t *aad, size_t aad_len)
{
	const uint8_t *sealed = aad + aad_len;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int			len,
				ok = ctx != NULL && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, no_nonce) == 1 &&
		EVP_DecryptUpdate(ctx, NULL, &len, aad, (int) aad_len) == 1 &&
		EVP_DecryptUpdate(ctx, seed, &len, sealed, PPDL_MASTER_BYTES) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_BYTES,
							(void *) (uintptr_t) (sealed + PPDL_MASTER_BYTES)) == 1 &&
		EVP_DecryptFinal_ex(ctx, seed + PPDL_MASTER_BYTES, &len) == 1;

	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

PpdlStatus
ppdl_seed_seal(const PpdlOwner *writer, const PpdlRecipient *to, PpdlWriter *w, PpdlError *err)
{
	uint8_t		m[MESSAGE_BYTES] = {0},
				key[32] = {0},
				sealed[SEALED_BYTES];
	PpdlWriter	part;
	PpdlStatus	status;

	ppdl_writer_init(&part);
	put_head(&part, writer, to);
	PPDL_GOTO(done, ppdl_derive(m, writer->master, "ppdl writer message 1", to->encapsulation_hash, err));
	PPDL_GOTO(done, encrypt_message(&part, m, to->encapsulation, to->encapsulation_hash, to->fingerprint, err));
	if (part.bad)
	{
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
		goto done;
	}
	ppdl_declassify(part.buf, part.len);
	PPDL_GOTO(done, seal_key(key, m, part.buf + HEAD_BYTES, part.len - HEAD_BYTES, err));
	if (!gcm_seal(sealed, key, part.buf, part.len, writer->master))
	{
		status = ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not encrypt with AES-256-GCM");
		goto done;
	}
	ppdl_write_bytes(w, part.buf, part.len);
	ppdl_write_bytes(w, sealed, sizeof(sealed));
	if (w->bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
done:
	ppdl_writer_free(&part);
	OPENSSL_cleanse(m, sizeof(m));
	OPENSSL_cleanse(key, sizeof(key));
	return status;
}

static PpdlStatus
refuse(const PpdlWriterHead *head, const PpdlOwner *o, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_KEY, "the sealed seed of writer \"%s\" was altered, or sealed to another key than \"%s\"",
			   head->name, o->name);
	return ppdl_error_hint(err, PPDL_ERR_KEY, "Take the public file that the writer's key was made with.");
}

static PpdlStatus
open_seed(PpdlOwner **out, const PpdlOwner *o, const PpdlWriterHead *head, const uint8_t *p, size_t len, PpdlError *err)
{
	const uint8_t *row = p + HEAD_BYTES;
	const size_t row_len = len - HEAD_BYTES - SEALED_BYTES;
	uint8_t		m[MESSAGE_BYTES] = {0},
				key[32] = {0},
				seed[PPDL_MASTER_BYTES + TAG_BYTES] = {0};
	PpdlError	why;
	PpdlStatus	status = decapsulate(m, row, row_len, o, &why);

	if (status == PPDL_ERR_KEY || status == PPDL_ERR_FORMAT)
		status = refuse(head, o, err);
	else if (status != PPDL_OK && err != NULL)
		*err = why;
	if (status != PPDL_OK)
		goto done;
	PPDL_GOTO(done, seal_key(key, m, row, row_len, err));
	if (!gcm_open(seed, key, p, len - SEALED_BYTES))
	{
		status = refuse(head, o, err);
		goto done;
	}
	PPDL_GOTO(done, ppdl_owner_from_master(out, head->name, seed, err));
	(*out)->is_writer = 1;
	memcpy((*out)->writes_for, head->owner, 8);
	if (memcmp((*out)->fingerprint, head->writer, 8) != 0)
	{
		ppdl_owner_destroy(*out);
		*out = NULL;
		status = ppdl_error(err, PPDL_ERR_KEY, "the sealed seed of writer \"%s\" is that of another key", head->name);
	}
done:
	OPENSSL_cleanse(m, sizeof(m));
	OPENSSL_cleanse(key, sizeof(key));
	OPENSSL_cleanse(seed, sizeof(seed));
	return status;
}

PpdlStatus
ppdl_seed_open(PpdlOwner **out, const PpdlOwner *o, const void *part, size_t len, PpdlError *err)
{
	PpdlWriterHead head;

	*out = NULL;
	PPDL_TRY(ppdl_writer_head(&head, part, len, err));
	if (memcmp(head.owner, o->fingerprint, 8) != 0)
	{
		char		owner[17],
					mine[17];

		ppdl_fingerprint_hex(owner, head.owner);
		ppdl_fingerprint_hex(mine, o->fingerprint);
		return ppdl_error(err, PPDL_ERR_KEY, "\"%s\" writes for the owner of key %s, not of \"%s\" (%s)", head.name,
						  owner, o->name, mine);
	}
	return open_seed(out, o, &head, part, len, err);
}
