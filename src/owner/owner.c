#include "owner/owner_impl.h"

#include <math.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/declassify.h"
#include "base/text.h"
#include "ckks/boot.h"
#include "ckks/wire.h"
#include "rows/cipher_read.h"

/*
 * Streams of the master seed (ppdl_rng_create_seeded): a ring's id for its secret, and this for the public key. Stored
 * files depend on them.
 */
#define STREAM_PUBLIC_KEY 0x100
#define STREAM_SPARSE 0x200
#define STREAM_ENCAPSULATION 0x300	/* secret to which writers seal their seeds, */
#define STREAM_ENCAPSULATION_KEY 0x400	/* and its public key */

PpdlStatus
ppdl_sha256(uint8_t out[32], const void *data, size_t len, PpdlError *err)
{
	if (EVP_Q_digest(NULL, "SHA256", NULL, data, len, out, NULL) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute SHA-256");
	return PPDL_OK;
}

PpdlStatus
ppdl_check_owner_name(const char *name, PpdlError *err)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t		len = strlen(name);

	if (len < 1 || len > PPDL_NAME_MAX || strspn(name, allowed) != len)
		return ppdl_error(err, PPDL_ERR_ARGUMENT,
						  "\"%.*s\" is not a key name: 1 to %d of the characters A-Z a-z 0-9 _ . -", PPDL_CUT(name, 80),
						  PPDL_NAME_MAX);
	return PPDL_OK;
}

/* also of a key that is new: a name that looks like a fingerprint would be taken for one */
static PpdlStatus
check_new_name(const char *name, PpdlError *err)
{
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];

	PPDL_TRY(ppdl_check_owner_name(name, err));
	if (!ppdl_fingerprint_parse(fingerprint, name))
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\" is no name for a key: it would be taken for a fingerprint", name);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Choose a name that is not 16 hexadecimal digits.");
}

static PpdlStatus
make_secret(PpdlSecret **out, const uint8_t master[PPDL_MASTER_BYTES], uint8_t ring, PpdlError *err)
{
	const PpdlParams *par;
	PpdlStatus	status;
	PpdlRng    *rng;

	PPDL_TRY(ppdl_params_get(ring, &par, err));
	PPDL_TRY(ppdl_rng_create_seeded(&rng, master, ring, err));
	status = ppdl_secret_create(out, par, rng, err);
	ppdl_rng_destroy(rng);
	return status;
}

/* a function of the master seed */
static PpdlStatus
put_public_key(const PpdlOwner *o, const PpdlSecret *sk, PpdlWriter *w, PpdlError *err)
{
	PpdlPublicKey *pk;
	PpdlStatus	status;
	PpdlRng    *rng;

	PPDL_TRY(ppdl_rng_create_seeded(&rng, o->master, STREAM_PUBLIC_KEY | sk->par->id, err));
	status = ppdl_public_key_create(&pk, sk, rng, err);
	ppdl_rng_destroy(rng);
	PPDL_TRY(status);
	status = ppdl_wire_put_public_key(w, pk, err);
	ppdl_public_key_destroy(pk);
	PPDL_TRY(status);
	/* it is what the secret gives away, by design */
	ppdl_declassify(w->buf, w->len);
	return PPDL_OK;
}

/* the public key of the row ring, and the fingerprint that it gives the owner's key */
static PpdlStatus
make_public_key(PpdlOwner *o, PpdlError *err)
{
	uint8_t		hash[32];

	PPDL_TRY(put_public_key(o, o->ring[PPDL_RING_ROW], &o->public_key, err));
	PPDL_TRY(ppdl_sha256(hash, o->public_key.buf, o->public_key.len, err));
	memcpy(o->fingerprint, hash, PPDL_FINGERPRINT_BYTES);
	return PPDL_OK;
}

PpdlStatus
ppdl_owner_from_master(PpdlOwner **out, const char *name, const uint8_t master[PPDL_MASTER_BYTES], PpdlError *err)
{
	PpdlOwner  *o;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(ppdl_check_owner_name(name, err));
	o = ppdl_lock_alloc(sizeof(*o));
	if (o == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	strcpy(o->name, name);
	memcpy(o->master, master, PPDL_MASTER_BYTES);
	ppdl_writer_init(&o->public_key);
	PPDL_GOTO(fail, ppdl_rng_create(&o->rng, err));
	PPDL_GOTO(fail, make_secret(&o->ring[PPDL_RING_ROW], master, PPDL_RING_ROW, err));
	PPDL_GOTO(fail, make_public_key(o, err));
	PPDL_GOTO(fail, ppdl_derive_verify_key(o->verify_key, master, err));
	*out = o;
	return PPDL_OK;
fail:
	ppdl_owner_destroy(o);
	return status;
}

PpdlStatus
ppdl_owner_generate(PpdlOwner **out, const char *name, PpdlError *err)
{
	uint8_t		master[PPDL_MASTER_BYTES];
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(check_new_name(name, err));
	if (RAND_priv_bytes(master, sizeof(master)) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL has no randomness to give");
	status = ppdl_owner_from_master(out, name, master, err);
	OPENSSL_cleanse(master, sizeof(master));
	return status;
}

PpdlStatus
ppdl_owner_generate_writer(PpdlOwner **out, const char *name, const uint8_t of[8], PpdlError *err)
{
	PPDL_TRY(ppdl_owner_generate(out, name, err));
	(*out)->is_writer = 1;
	memcpy((*out)->writes_for, of, PPDL_FINGERPRINT_BYTES);
	return PPDL_OK;
}

const uint8_t *
ppdl_owner_writes_for(const PpdlOwner *o)
{
	return o->is_writer ? o->writes_for : NULL;
}

void
ppdl_owner_destroy(PpdlOwner *o)
{
	if (o == NULL)
		return;
	for (int ring = 0; ring <= PPDL_RING_COMPACT; ring++)
	{
		ppdl_slice_reader_destroy(o->reader[ring]);
		ppdl_secret_destroy(o->ring[ring]);
		ppdl_secret_destroy(o->bridge[ring]);
	}
	ppdl_secret_destroy(o->sparse);
	for (int i = 0; i < o->writers; i++)
		ppdl_owner_destroy(o->writer[i]);
	free(o->writer);
	ppdl_rng_destroy(o->rng);
	ppdl_writer_free(&o->public_key);
	ppdl_lock_free(o, sizeof(*o));
}

const char *
ppdl_owner_name(const PpdlOwner *o)
{
	return o->name;
}

const uint8_t *
ppdl_owner_fingerprint(const PpdlOwner *o)
{
	return o->fingerprint;
}

const uint8_t *
ppdl_owner_verify_key(const PpdlOwner *o)
{
	return o->verify_key;
}

PpdlStatus
ppdl_owner_secret(PpdlOwner *o, uint8_t ring, const PpdlSecret **sk, PpdlError *err)
{
	if (ring < PPDL_RING_ROW || ring > PPDL_RING_COMPACT)
		return ppdl_error(err, PPDL_ERR_VERSION, "unknown ring number %d", ring);
	if (o->ring[ring] == NULL)
		PPDL_TRY(make_secret(&o->ring[ring], o->master, ring, err));
	*sk = o->ring[ring];
	return PPDL_OK;
}

PpdlStatus
ppdl_owner_public_key(PpdlOwner *o, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_bytes(w, o->public_key.buf, o->public_key.len);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
make_sparse_secret(PpdlOwner *o, PpdlError *err)
{
	const PpdlParams *par;
	PpdlStatus	status;
	PpdlRng    *rng;

	if (o->sparse != NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_params_get(PPDL_RING_DEEP, &par, err));
	PPDL_TRY(ppdl_rng_create_seeded(&rng, o->master, STREAM_SPARSE | PPDL_RING_DEEP, err));
	status = ppdl_secret_create_sparse(&o->sparse, par, PPDL_BOOT_SPARSE_H, rng, err);
	ppdl_rng_destroy(rng);
	return status;
}

PpdlStatus
ppdl_secret_stretch(PpdlSecret **out, const PpdlSecret *rows, const PpdlParams *par, PpdlError *err)
{
	PpdlStatus	status;
	int8_t	   *coeff = calloc(par->n, 1);

	*out = NULL;
	if (coeff == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (size_t i = 0; i < rows->par->n; i++)
		coeff[par->n / rows->par->n * i] = rows->coeff[i];
	status = ppdl_secret_create_from(out, par, coeff, err);
	ppdl_free_secret(coeff, par->n);
	return status;
}

/* the secret of a ring of rows in the deep ring */
static PpdlStatus
make_bridge_secret(PpdlOwner *o, uint8_t ring, PpdlError *err)
{
	const PpdlSecret *rows;
	const PpdlParams *par;

	if (o->bridge[ring] != NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_owner_secret(o, ring, &rows, err));
	PPDL_TRY(ppdl_params_get(PPDL_RING_DEEP, &par, err));
	return ppdl_secret_stretch(&o->bridge[ring], rows, par, err);
}

/* ------------------------------------------------------------------ for writers */

PpdlStatus
ppdl_owner_encapsulation_secret(const PpdlOwner *o, PpdlSecret **out, PpdlError *err)
{
	const PpdlParams *par;
	PpdlStatus	status;
	PpdlRng    *rng;

	*out = NULL;
	PPDL_TRY(ppdl_params_get(PPDL_RING_COMPACT, &par, err));
	PPDL_TRY(ppdl_rng_create_seeded(&rng, o->master, STREAM_ENCAPSULATION | PPDL_RING_COMPACT, err));
	status = ppdl_secret_create(out, par, rng, err);
	ppdl_rng_destroy(rng);
	return status;
}

PpdlStatus
ppdl_owner_encapsulation_key(const PpdlOwner *o, PpdlPublicKey **out, PpdlError *err)
{
	PpdlSecret *sk;
	PpdlStatus	status;
	PpdlRng    *rng = NULL;

	*out = NULL;
	PPDL_TRY(ppdl_owner_encapsulation_secret(o, &sk, err));
	PPDL_GOTO(done, ppdl_rng_create_seeded(&rng, o->master, STREAM_ENCAPSULATION_KEY | PPDL_RING_COMPACT, err));
	status = ppdl_public_key_create(out, sk, rng, err);
done:
	ppdl_rng_destroy(rng);
	ppdl_secret_destroy(sk);
	return status;
}

static PpdlStatus
put_encapsulation_key(const PpdlOwner *o, PpdlWriter *w, PpdlError *err)
{
	const size_t start = w->len;
	PpdlPublicKey *pk;
	PpdlStatus	status;

	PPDL_TRY(ppdl_owner_encapsulation_key(o, &pk, err));
	status = ppdl_wire_put_public_key(w, pk, err);
	ppdl_public_key_destroy(pk);
	PPDL_TRY(status);
	ppdl_declassify(w->buf + start, w->len - start);
	return PPDL_OK;
}

/* the public key of the row ring modulo the special primes, from the same stream as the rest of it */
static PpdlStatus
put_public_special(const PpdlOwner *o, PpdlWriter *w, PpdlError *err)
{
	const PpdlSecret *sk = o->ring[PPDL_RING_ROW];
	const size_t start = w->len;
	PpdlPublicSpecial *ps;
	PpdlStatus	status;
	PpdlRng    *rng;

	PPDL_TRY(ppdl_rng_create_seeded(&rng, o->master, STREAM_PUBLIC_KEY | sk->par->id, err));
	status = ppdl_public_special_create(&ps, sk, rng, err);
	ppdl_rng_destroy(rng);
	PPDL_TRY(status);
	status = ppdl_wire_put_public_special(w, ps, err);
	ppdl_public_special_destroy(ps);
	PPDL_TRY(status);
	ppdl_declassify(w->buf + start, w->len - start);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ evaluation keys */

/* the secrets that a switching key of bootstrapping leads from and to */
static PpdlStatus
bootstrap_secrets(PpdlOwner *o, uint32_t id, const PpdlSecret **from, const PpdlSecret **to, PpdlError *err)
{
	const PpdlSecret *deep;

	PPDL_TRY(ppdl_owner_secret(o, PPDL_RING_DEEP, &deep, err));
	PPDL_TRY(make_sparse_secret(o, err));
	*from = *to = o->sparse;
	if (id == PPDL_KEY_TO_SPARSE)
		*from = deep;
	else if (id == PPDL_KEY_FROM_SPARSE)
		*to = deep;
	else
	{
		uint8_t		ring = id == PPDL_KEY_BRIDGE ? PPDL_RING_ROW : PPDL_RING_COMPACT;

		PPDL_TRY(make_bridge_secret(o, ring, err));
		*from = o->bridge[ring];
	}
	return PPDL_OK;
}

/* a digest of all that a switching key is computed from, but its randomness */
static PpdlStatus
eval_key_inputs(uint8_t out[32], const PpdlKeyNeed *need, const PpdlSecret *from, const PpdlSecret *to, PpdlError *err)
{
	const PpdlParams *par = from->par;
	const int32_t numbers[] = {par->id, par->logn, par->nq, par->np, par->ndigits, need->limbs, need->np,
							   (int32_t) need->id};
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int			ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(ctx, numbers, sizeof(numbers)) == 1 &&
		EVP_DigestUpdate(ctx, par->digit_start, (size_t) (par->ndigits + 1) * sizeof(par->digit_start[0])) == 1;

	for (int i = 0; ok && i < par->nq + par->np; i++)
		ok = EVP_DigestUpdate(ctx, &par->ring->mod[i].q, sizeof(par->ring->mod[i].q)) == 1;
	ok = ok && EVP_DigestUpdate(ctx, from->coeff, par->n) == 1 && EVP_DigestUpdate(ctx, to->coeff, par->n) == 1 &&
		EVP_DigestFinal_ex(ctx, out, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute SHA-256");
}

/*
 * The seed and the errors of a switching key come from a generator of its own (algorithms.md, 2.4), a pseudo-random
 * function of the master seed and of everything that the key is made of: the same key is the same bytes whenever it is
 * made, and whatever differs in another differs in its randomness, too.  Two keys of one secret must never share a seed
 * and an error: change the label with anything else that changes these bytes (the sampler, the order in which it is
 * read).
 */
PpdlStatus
ppdl_owner_key_rng(PpdlRng **rng, const PpdlOwner *o, const char *label, const uint8_t inputs[32], PpdlError *err)
{
	uint8_t		seed[PPDL_SEED_BYTES];
	PpdlStatus	status;

	PPDL_GOTO(done, ppdl_derive(seed, o->master, label, inputs, err));
	status = ppdl_rng_create_seeded(rng, seed, 0, err);
done:
	OPENSSL_cleanse(seed, sizeof(seed));
	return status;
}

static PpdlStatus
eval_key_rng(PpdlRng **rng, const PpdlOwner *o, const PpdlKeyNeed *need, const PpdlSecret *from, const PpdlSecret *to,
			 PpdlError *err)
{
	uint8_t		inputs[32];
	PpdlStatus	status;

	PPDL_GOTO(done, eval_key_inputs(inputs, need, from, to, err));
	status = ppdl_owner_key_rng(rng, o, "ppdl switching key 1", inputs, err);
done:
	OPENSSL_cleanse(inputs, sizeof(inputs));
	return status;
}

/* the secrets that a switching key leads from and to, where it is neither for products nor for rotations */
static PpdlStatus
named_secrets(PpdlOwner *o, const PpdlKeyNeed *need, const PpdlSecret **from, const PpdlSecret **to,
			  PpdlSecret **made, PpdlError *err)
{
	const PpdlSecret *compact;

	if (need->ring == PPDL_RING_DEEP && need->id <= PPDL_KEY_BRIDGE_COMPACT)
		return bootstrap_secrets(o, need->id, from, to, err);
	if (need->ring != PPDL_RING_ROW || need->id != PPDL_KEY_BRIDGE_COMPACT)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "ring %s has no switching key %u", (*to)->par->name, need->id);
	PPDL_TRY(ppdl_owner_secret(o, PPDL_RING_COMPACT, &compact, err));
	PPDL_TRY(ppdl_secret_stretch(made, compact, (*to)->par, err));
	*from = *made;
	return PPDL_OK;
}

static PpdlStatus
make_eval_key(PpdlSwitchKey **key, PpdlOwner *o, const PpdlKeyNeed *need, PpdlThreads *threads, PpdlError *err)
{
	const int	is_named = need->id != PPDL_KEY_RELIN && need->id % 2 == 0;
	const PpdlSwitchKeyForm form = {need->id, need->limbs, need->np};
	PpdlSecret *made = NULL;
	const PpdlSecret *sk,
			   *from,
			   *to;
	PpdlStatus	status;
	PpdlRng    *rng;

	PPDL_TRY(ppdl_owner_secret(o, need->ring, &sk, err));
	from = to = sk;
	if (is_named)
		PPDL_TRY(named_secrets(o, need, &from, &to, &made, err));
	PPDL_GOTO(done, eval_key_rng(&rng, o, need, from, to, err));
	status = is_named ? ppdl_switch_key_create(key, &form, from, to, rng, threads, err) :
		ppdl_eval_key_create(key, need->id, sk, need->limbs, rng, threads, err);
	ppdl_rng_destroy(rng);
done:
	ppdl_secret_destroy(made);
	return status;
}

PpdlStatus
ppdl_owner_eval_key(PpdlOwner *o, const PpdlKeyNeed *need, PpdlThreads *threads, PpdlWriter *w, PpdlError *err)
{
	PpdlSwitchKey *key;
	const PpdlSecret *sk;
	PpdlStatus	status;

	if (need->id == PPDL_KEY_PUBLIC)
	{
		PPDL_TRY(ppdl_owner_secret(o, need->ring, &sk, err));
		return put_public_key(o, sk, w, err);
	}
	if (need->id == PPDL_KEY_PUBLIC_SPECIAL)
		return put_public_special(o, w, err);
	if (need->id == PPDL_KEY_ENCAPSULATION)
		return put_encapsulation_key(o, w, err);
	PPDL_TRY(make_eval_key(&key, o, need, threads, err));
	status = ppdl_wire_put_switch_key(w, key, err);
	ppdl_switch_key_destroy(key);
	return status;
}

/* ------------------------------------------------------------------ rows and results */

PpdlStatus
ppdl_owner_encrypt(PpdlOwner *o, uint8_t *out, const double *x, int rows, int width,
				   const PpdlBatchOptions *opt, PpdlError *err)
{
	PpdlBatchKey key = {.fingerprint = o->fingerprint, .rng = o->rng};

	PPDL_TRY(ppdl_owner_secret(o, opt->ring == 0 ? PPDL_RING_ROW : opt->ring, &key.sk, err));
	return ppdl_batch_encrypt(out, x, rows, width, opt, &key, err);
}

void
ppdl_owner_set_poll(PpdlOwner *o, const PpdlPoll *poll)
{
	o->poll = poll;
}

PpdlOwner *
ppdl_owner_find(PpdlOwner *o, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES])
{
	PpdlOwner  *found = memcmp(fingerprint, o->fingerprint, PPDL_FINGERPRINT_BYTES) == 0 ? o : NULL;

	for (int i = 0; i < o->writers && found == NULL; i++)
		found = ppdl_owner_find(o->writer[i], fingerprint);
	return found;
}

int
ppdl_owner_holds(const PpdlOwner *o, const uint8_t fingerprint[8])
{
	return ppdl_owner_find((PpdlOwner *) (uintptr_t) o, fingerprint) != NULL;
}

static PpdlStatus
find_holder(PpdlOwner *o, PpdlOwner **holder, const PpdlCipher *c, PpdlError *err)
{
	char		theirs[17],
				mine[17];

	*holder = ppdl_owner_find(o, c->fingerprint);
	if (*holder != NULL)
		return PPDL_OK;
	ppdl_fingerprint_hex(theirs, c->fingerprint);
	ppdl_fingerprint_hex(mine, o->fingerprint);
	ppdl_error(err, PPDL_ERR_KEY, "value is encrypted under key %s, not under key \"%s\" (%s)", theirs, o->name, mine);
	if (!o->is_writer)
		return PPDL_ERR_KEY;
	ppdl_fingerprint_hex(mine, o->writes_for);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "A writer reads only its own rows; those of others, and results, are for the owner of key "
						   "%s.", mine);
}

static PpdlStatus
decrypt(PpdlOwner *o, PpdlValues *out, const PpdlCipher *c, PpdlError *err)
{
	const PpdlSecret *sk;

	PPDL_TRY(ppdl_owner_secret(o, c->par->id, &sk, err));
	if (c->kind != PPDL_KIND_SLICE)
		return ppdl_cipher_decrypt_polled(out, c, sk, o->poll, err);
	if (o->reader[c->par->id] == NULL)
		PPDL_TRY(ppdl_slice_reader_create(&o->reader[c->par->id], sk, err));
	return ppdl_slice_reader_decrypt(o->reader[c->par->id], out, c, err);
}

PpdlStatus
ppdl_owner_decrypt(PpdlOwner *o, PpdlValues *out, const void *buf, size_t len, int share, PpdlError *err)
{
	PpdlOwner  *holder;
	PpdlStatus	status;
	PpdlCipher	c;

	memset(out, 0, sizeof(*out));
	PPDL_TRY(ppdl_cipher_parse(&c, buf, len, err));
	PPDL_TRY(find_holder(o, &holder, &c, err));
	holder->poll = o->poll;
	PPDL_TRY(decrypt(holder, out, &c, err));
	/* the noise that a ciphertext states is what a server wrote */
	out->error = fmax(out->error, ppdl_cipher_floor(&c));
	if (!share)
		return PPDL_OK;
	status = ppdl_values_flood(out, c.bound, o->rng, err);
	if (status != PPDL_OK)
		ppdl_values_free(out);
	return status;
}
