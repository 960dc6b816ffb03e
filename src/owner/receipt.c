/*
 * Tags and MACs (doc/algorithms.md, 10).  For each of the lowest two limbs, prime q, and each of two tags,
 *
 *   t = sum_f alpha_f * b_f + mask(seed, position) + beta(bound text)   mod q
 *
 * with alpha, mask and beta from the owner's master seed, the domain, and the rows' shape.  All three are 128-bit words
 * modulo q: at a distance of 2^-78 from uniform, so that not even the masks of 2^40 rows tell anything.
 */
#include "owner/receipt.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "base/declassify.h"
#include "base/mem.h"
#include "owner/owner_impl.h"
#include "rows/cipher_read.h"
#include "rows/residues.h"

#define KEY_BYTES 32
#define BLOCK 16
#define BLOCKS 256				/* of a stream at a time */
#define SHAPE_BYTES 16

/* HMAC-SHA-256 under one key, again and again */
typedef struct Mac
{
	EVP_MAC_CTX *ctx;
} Mac;

/* what the rows' tags have in common: ring, width, limbs and scale */
typedef struct Shape
{
	const PpdlParams *par;		/* NULL: none yet */
	int			limbs,
				width,
				logk;
	double		scale;
	uint64_t   *alpha;			/* tag by tag k residues each; the order of tags is that of the row */
	Mac			row,			/* keys of batches' masks */
				bound;			/* keys of bound texts' */
} Shape;

struct PpdlReceiptKey
{
	char		name[PPDL_NAME_MAX + 1];
	uint8_t		fingerprint[PPDL_FINGERPRINT_BYTES];
	uint8_t		tags[KEY_BYTES];
	Mac			mac;
	EVP_CIPHER_CTX *aes;
	Shape		shape;
	/* of the batch that rows were tagged of last: masks of all positions, unless masks is NULL */
	uint8_t		seed[PPDL_SEED_BYTES];
	int			logc;
	uint64_t   *masks;
	size_t		masks_bytes;
	/* the bound text of the last row, and what it adds */
	uint8_t    *bound;
	size_t		bound_len;
	int			has_beta;
	uint64_t	beta[PPDL_MAX_TAGS];
	uint64_t   *residues;		/* k */
};

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

static PpdlStatus
no_crypto(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute a tag");
}

/* ------------------------------------------------------------------ keys and streams */

static int
mac_open(Mac *m, const uint8_t key[KEY_BYTES])
{
	EVP_MAC    *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *) "SHA256", 0),
		OSSL_PARAM_construct_end()
	};
	int			ok;

	EVP_MAC_CTX_free(m->ctx);
	m->ctx = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	ok = m->ctx != NULL && EVP_MAC_init(m->ctx, key, KEY_BYTES, params) == 1;
	EVP_MAC_free(hmac);
	return ok;
}

/* one more message under the same key */
static int
mac_begin(Mac *m)
{
	return EVP_MAC_init(m->ctx, NULL, 0, NULL) == 1;
}

static int
mac_add(Mac *m, const void *data, size_t len)
{
	return EVP_MAC_update(m->ctx, data, len) == 1;
}

static int
mac_add_u32(Mac *m, uint32_t v)
{
	const uint8_t bytes[4] = {(uint8_t) v, (uint8_t) (v >> 8), (uint8_t) (v >> 16), (uint8_t) (v >> 24)};

	return mac_add(m, bytes, sizeof(bytes));
}

static int
mac_end(Mac *m, uint8_t out[KEY_BYTES])
{
	size_t		len;

	return EVP_MAC_final(m->ctx, out, &len, KEY_BYTES) == 1 && len == KEY_BYTES;
}

/* the stream of a key from its start: words of 128 bits, word i modulo the prime of tag i % tags */
static PpdlStatus
stream(PpdlReceiptKey *k, const uint8_t key[KEY_BYTES], uint64_t *out, size_t n, PpdlError *err)
{
	static const uint8_t zero[BLOCKS * BLOCK];
	const int	tags = k->shape.limbs * PPDL_TAGS_A_LIMB;
	uint8_t		block[BLOCKS * BLOCK];
	int			ok = EVP_EncryptInit_ex(k->aes, NULL, NULL, key, zero) == 1,
				len;

	for (size_t i = 0; i < n && ok; i += BLOCKS)
	{
		const size_t now = n - i < BLOCKS ? n - i : BLOCKS;

		ok = EVP_EncryptUpdate(k->aes, block, &len, zero, (int) (now * BLOCK)) == 1;
		for (size_t j = 0; j < now && ok; j++)
		{
			unsigned __int128 word;

			memcpy(&word, block + j * BLOCK, BLOCK);
			out[i + j] = ppdl_mod_from_u128(&k->shape.par->ring->mod[(i + j) % (size_t) tags / PPDL_TAGS_A_LIMB], word);
		}
	}
	OPENSSL_cleanse(block, sizeof(block));
	return ok ? PPDL_OK : no_crypto(err);
}

/* ctx: the digest of all that a domain is */
static PpdlStatus
domain_digest(uint8_t out[32], const PpdlReceiptDomain *d, PpdlError *err)
{
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	ppdl_write_text(&w, "ppdl/receipt/1");
	for (int i = -2; i < d->nbound; i++)
	{
		const char *s = i == -2 ? d->name : i == -1 ? d->column : d->bound[i];

		ppdl_write_u32(&w, (uint32_t) strlen(s));
		ppdl_write_text(&w, s);
	}
	status = w.bad ? no_memory(err) : ppdl_sha256(out, w.buf, w.len, err);
	ppdl_writer_free(&w);
	return status;
}

static PpdlStatus
derive_keys(PpdlReceiptKey *k, const PpdlOwner *o, const PpdlReceiptDomain *d, PpdlError *err)
{
	uint8_t		ctx[32],
				key[KEY_BYTES];
	int			ok;

	PPDL_TRY(domain_digest(ctx, d, err));
	PPDL_TRY(ppdl_derive(k->tags, o->master, "ppdl receipt tags 1", ctx, err));
	PPDL_TRY(ppdl_derive(key, o->master, "ppdl receipt mac 1", ctx, err));
	ok = mac_open(&k->mac, key);
	OPENSSL_cleanse(key, sizeof(key));
	return ok ? PPDL_OK : no_crypto(err);
}

PpdlStatus
ppdl_receipt_key_create(PpdlReceiptKey **out, const PpdlOwner *o, const PpdlReceiptDomain *d, PpdlError *err)
{
	PpdlReceiptKey *k;
	PpdlStatus	status;

	*out = NULL;
	if (d->name == NULL || d->name[0] == 0 || d->column == NULL || d->column[0] == 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "receipts need the name of a table and of a column");
	if (d->nbound < 0 || d->nbound > PPDL_MAX_BOUND_VALUES)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d columns are bound to rows; %d at most are possible", d->nbound,
						  PPDL_MAX_BOUND_VALUES);
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		return no_memory(err);
	memcpy(k->name, o->name, sizeof(k->name));
	memcpy(k->fingerprint, o->fingerprint, PPDL_FINGERPRINT_BYTES);
	k->aes = EVP_CIPHER_CTX_new();
	status = k->aes != NULL && EVP_EncryptInit_ex(k->aes, EVP_aes_256_ctr(), NULL, NULL, NULL) == 1 ?
		derive_keys(k, o, d, err) : no_crypto(err);
	if (status == PPDL_OK)
		*out = k;
	else
		ppdl_receipt_key_destroy(k);
	return status;
}

PpdlStatus
ppdl_receipt_key_of(PpdlReceiptKey **out, PpdlOwner *o, const uint8_t fingerprint[PPDL_FINGERPRINT_BYTES],
					const PpdlReceiptDomain *d, PpdlError *err)
{
	const PpdlOwner *holder = ppdl_owner_find(o, fingerprint);
	char		id[17];

	*out = NULL;
	if (holder != NULL)
		return ppdl_receipt_key_create(out, holder, d, err);
	ppdl_fingerprint_hex(id, fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "rows under key %s, which key \"%s\" does not read", id, o->name);
}

static void
forget_batch(PpdlReceiptKey *k)
{
	ppdl_free_secret(k->masks, k->masks_bytes);
	k->masks = NULL;
}

static void
forget_bound(PpdlReceiptKey *k)
{
	free(k->bound);
	k->bound = NULL;
	k->has_beta = 0;
	OPENSSL_cleanse(k->beta, sizeof(k->beta));
}

static size_t
alpha_bytes(const Shape *s)
{
	return sizeof(uint64_t) * (size_t) s->limbs * PPDL_TAGS_A_LIMB << s->logk;
}

static void
forget_shape(PpdlReceiptKey *k)
{
	Shape	   *s = &k->shape;

	forget_batch(k);
	forget_bound(k);
	if (s->par != NULL)
		ppdl_free_secret(s->alpha, alpha_bytes(s));
	ppdl_free_aligned(k->residues);
	k->residues = NULL;
	EVP_MAC_CTX_free(s->row.ctx);
	EVP_MAC_CTX_free(s->bound.ctx);
	memset(s, 0, sizeof(*s));
}

void
ppdl_receipt_key_destroy(PpdlReceiptKey *k)
{
	if (k == NULL)
		return;
	forget_shape(k);
	EVP_MAC_CTX_free(k->mac.ctx);
	EVP_CIPHER_CTX_free(k->aes);
	OPENSSL_cleanse(k, sizeof(*k));
	free(k);
}

const uint8_t *
ppdl_receipt_key_fingerprint(const PpdlReceiptKey *k)
{
	return k->fingerprint;
}

/* ------------------------------------------------------------------ shapes, masks, bound texts */

/* the key of what `use` says, for the shape */
static int
shape_key(const PpdlReceiptKey *k, const char *use, uint8_t out[KEY_BYTES])
{
	const Shape *s = &k->shape;
	uint8_t		text[SHAPE_BYTES] = {s->par->id, (uint8_t) s->limbs, (uint8_t) s->width, (uint8_t) (s->width >> 8),
		(uint8_t) s->logk};
	Mac			m = {0};
	int			ok;

	memcpy(text + 8, &s->scale, sizeof(s->scale));
	ok = mac_open(&m, k->tags) && mac_add(&m, use, strlen(use) + 1) && mac_add(&m, text, sizeof(text)) &&
		mac_end(&m, out);
	EVP_MAC_CTX_free(m.ctx);
	return ok;
}

static PpdlStatus
fill_shape(PpdlReceiptKey *k, PpdlError *err)
{
	Shape	   *s = &k->shape;
	const size_t n = (size_t) 1 << s->logk,
				tags = (size_t) s->limbs * PPDL_TAGS_A_LIMB;
	uint8_t		key[KEY_BYTES];
	uint64_t   *words = ppdl_alloc_aligned(alpha_bytes(s));
	PpdlStatus	status;

	s->alpha = ppdl_alloc_aligned(alpha_bytes(s));
	k->residues = ppdl_alloc_aligned((n < 8 ? 8 : n) * sizeof(uint64_t));
	status = words == NULL || s->alpha == NULL || k->residues == NULL ? no_memory(err) :
		shape_key(k, "alpha", key) ? stream(k, key, words, tags * n, err) : no_crypto(err);
	for (size_t i = 0; i < tags * n && status == PPDL_OK; i++)
		s->alpha[i % tags * n + i / tags] = words[i];
	ppdl_free_secret(words, alpha_bytes(s));
	if (status == PPDL_OK &&
		!(shape_key(k, "row", key) && mac_open(&s->row, key) && shape_key(k, "bound", key) && mac_open(&s->bound, key)))
		status = no_crypto(err);
	OPENSSL_cleanse(key, sizeof(key));
	return status;
}

static PpdlStatus
take_shape(PpdlReceiptKey *k, const PpdlParams *par, int limbs, int width, int logk, double scale, PpdlError *err)
{
	Shape	   *s = &k->shape;
	PpdlStatus	status;

	if (s->par == par && s->limbs == limbs && s->width == width && s->scale == scale)
		return PPDL_OK;
	forget_shape(k);
	s->par = par;
	s->limbs = limbs;
	s->width = width;
	s->logk = logk;
	s->scale = scale;
	status = fill_shape(k, err);
	if (status != PPDL_OK)
		forget_shape(k);
	return status;
}

/* masks of the first n positions of a batch, a row's tags one behind the other */
static PpdlStatus
batch_masks(PpdlReceiptKey *k, const uint8_t *seed, int logc, uint32_t n, uint64_t *out, PpdlError *err)
{
	Mac		   *m = &k->shape.row;
	uint8_t		key[KEY_BYTES];
	PpdlStatus	status;

	if (!mac_begin(m) || !mac_add(m, seed, PPDL_SEED_BYTES) || !mac_add_u32(m, (uint32_t) logc) || !mac_end(m, key))
		return no_crypto(err);
	status = stream(k, key, out, (size_t) n * (size_t) k->shape.limbs * PPDL_TAGS_A_LIMB, err);
	OPENSSL_cleanse(key, sizeof(key));
	return status;
}

static PpdlStatus
take_batch(PpdlReceiptKey *k, const uint8_t *seed, int logc, PpdlError *err)
{
	PpdlStatus	status;

	if (k->masks != NULL && k->logc == logc && memcmp(k->seed, seed, PPDL_SEED_BYTES) == 0)
		return PPDL_OK;
	forget_batch(k);
	k->masks_bytes = sizeof(uint64_t) * (size_t) k->shape.limbs * PPDL_TAGS_A_LIMB << logc;
	k->masks = ppdl_alloc_aligned(k->masks_bytes);
	if (k->masks == NULL)
		return no_memory(err);
	memcpy(k->seed, seed, PPDL_SEED_BYTES);
	k->logc = logc;
	status = batch_masks(k, seed, logc, UINT32_C(1) << logc, k->masks, err);
	if (status != PPDL_OK)
		forget_batch(k);
	return status;
}

/* k->beta = what a bound text adds to the tags of a row */
static PpdlStatus
take_bound(PpdlReceiptKey *k, const void *text, size_t len, PpdlError *err)
{
	Mac		   *m = &k->shape.bound;
	uint8_t		key[KEY_BYTES];
	PpdlStatus	status;

	if (k->has_beta && k->bound_len == len && (len == 0 || memcmp(k->bound, text, len) == 0))
		return PPDL_OK;
	forget_bound(k);
	k->bound = malloc(len + 1);
	if (k->bound == NULL)
		return no_memory(err);
	if (len > 0)
		memcpy(k->bound, text, len);
	k->bound_len = len;
	if (!mac_begin(m) || (len > 0 && !mac_add(m, text, len)) || !mac_end(m, key))
		return no_crypto(err);
	status = stream(k, key, k->beta, (size_t) k->shape.limbs * PPDL_TAGS_A_LIMB, err);
	OPENSSL_cleanse(key, sizeof(key));
	k->has_beta = status == PPDL_OK;
	return status;
}

/* sum_f alpha_f * b_f of one tag */
static uint64_t
inner(const PpdlReceiptKey *k, int tag, const uint64_t *b)
{
	const PpdlModulus *m = &k->shape.par->ring->mod[tag / PPDL_TAGS_A_LIMB];
	const uint64_t *alpha = k->shape.alpha + ((size_t) tag << k->shape.logk);
	uint64_t	sum = 0;

	for (size_t f = 0; f < (size_t) 1 << k->shape.logk; f++)
		sum = ppdl_mod_add(m, sum, ppdl_mod_mul(m, alpha[f], b[f]));
	return sum;
}

/* ------------------------------------------------------------------ rows */

static PpdlStatus
check_key(const PpdlReceiptKey *k, const uint8_t *fingerprint, PpdlError *err)
{
	char		theirs[17],
				mine[17];

	if (memcmp(fingerprint, k->fingerprint, PPDL_FINGERPRINT_BYTES) == 0)
		return PPDL_OK;
	ppdl_fingerprint_hex(theirs, fingerprint);
	ppdl_fingerprint_hex(mine, k->fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "rows are encrypted under key %s, not under key \"%s\" (%s)", theirs, k->name,
					  mine);
}

/* the MAC of a row: header, residues, tags; bound text; id */
static PpdlStatus
row_mac(PpdlReceiptKey *k, const uint8_t *row, size_t len, const PpdlRowNote *note, uint8_t out[KEY_BYTES],
		PpdlError *err)
{
	Mac		   *m = &k->mac;
	int			ok = mac_begin(m) && mac_add_u32(m, (uint32_t) len) && mac_add(m, row, len) &&
		mac_add_u32(m, (uint32_t) note->bound_len) && mac_add(m, note->bound, note->bound_len) &&
		mac_add(m, note->id, note->id_len) && mac_end(m, out);

	return ok ? PPDL_OK : no_crypto(err);
}

static PpdlStatus
put_tags(PpdlReceiptKey *k, uint8_t *out, const PpdlCipher *c, PpdlError *err)
{
	const int	tags = ppdl_tagged_limbs(c->limbs) * PPDL_TAGS_A_LIMB;
	const uint8_t *src = c->residues;

	for (int t = 0; t < tags; t++)
	{
		const PpdlModulus *m = &c->par->ring->mod[t / PPDL_TAGS_A_LIMB];
		uint64_t	tag;

		if (t % PPDL_TAGS_A_LIMB == 0)
		{
			PPDL_TRY(ppdl_residues_get(m, k->residues, src, (size_t) 1 << c->logk, err));
			src += ppdl_packed_size((size_t) 1 << c->logk, m->bits);
		}
		tag = ppdl_mod_add(m, inner(k, t, k->residues), k->masks[(size_t) c->pos * (size_t) tags + (size_t) t]);
		tag = ppdl_mod_add(m, tag, k->beta[t]);
		memcpy(out + (size_t) t * sizeof(tag), &tag, sizeof(tag));
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_tag_row(PpdlReceiptKey *k, uint8_t *out, const uint8_t *slice, size_t len, const PpdlRowNote *note,
					 PpdlError *err)
{
	uint8_t		mac[KEY_BYTES];
	size_t		tags;
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse_in(&c, k->shape.par, slice, len, err));
	if (c.kind != PPDL_KIND_SLICE || c.tags != NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "only rows of a batch, and such without tags, are tagged");
	PPDL_TRY(check_key(k, c.fingerprint, err));
	PPDL_TRY(take_shape(k, c.par, ppdl_tagged_limbs(c.limbs), c.width, c.logk, c.scale, err));
	PPDL_TRY(take_batch(k, c.seed, c.logc, err));
	PPDL_TRY(take_bound(k, note->bound, note->bound_len, err));
	tags = ppdl_tag_bytes(c.limbs) - PPDL_MAC_BYTES;
	memcpy(out, slice, len);
	out[PPDL_CIPHER_HEADER] |= PPDL_SLICE_TAGGED;
	PPDL_TRY(put_tags(k, out + len, &c, err));
	PPDL_TRY(row_mac(k, out, len + tags, note, mac, err));
	memcpy(out + len + tags, mac, PPDL_MAC_BYTES);
	return PPDL_OK;
}

PpdlStatus
ppdl_receipt_check_row(PpdlReceiptKey *k, const void *row, size_t len, const PpdlRowNote *note, PpdlError *err)
{
	uint8_t		mac[KEY_BYTES];
	int			differ;
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse_in(&c, k->shape.par, row, len, err));
	PPDL_TRY(check_key(k, c.fingerprint, err));
	if (c.kind != PPDL_KIND_SLICE || c.tags == NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "a value without a MAC, where a row that was encrypted with a receipt is "
						  "expected");
	PPDL_TRY(row_mac(k, row, len - PPDL_MAC_BYTES, note, mac, err));
	differ = CRYPTO_memcmp(mac, ppdl_mac(&c), PPDL_MAC_BYTES);
	/* the answer */
	ppdl_declassify(&differ, sizeof(differ));
	if (!differ)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_KEY, "a row is not as it was encrypted: its MAC does not fit");
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "It was altered, belongs to another row, column or table, or its bound columns were.");
}

/* ------------------------------------------------------------------ sums */

static PpdlStatus
forged(const PpdlReceipt *r, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_KEY,
			   "the receipt does not fit: its %llu rows, as they were encrypted, come to another sum",
			   (unsigned long long) r->rows);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "A row was altered, left out or counted in another group, or the receipt is of another "
						   "table or column, or names other bound columns. Check rows one by one with ppdl verify.");
}

/* sum[t] += masks of a batch's rows; masks: room for those of its positions */
static PpdlStatus
add_batch(PpdlReceiptKey *k, const PpdlReceiptBatch *b, uint64_t *masks, uint64_t *sum, PpdlError *err)
{
	const int	tags = k->shape.limbs * PPDL_TAGS_A_LIMB;
	const uint32_t n = ppdl_receipt_end(b);

	PPDL_TRY(batch_masks(k, b->seed, b->logc, n, masks, err));
	for (uint32_t pos = 0; pos < n; pos++)
	{
		const uint64_t in = -(uint64_t) ppdl_receipt_has(b, pos);

		for (int t = 0; t < tags; t++)
			sum[t] = ppdl_mod_add(&k->shape.par->ring->mod[t / PPDL_TAGS_A_LIMB], sum[t],
								  masks[(size_t) pos * (size_t) tags + (size_t) t] & in);
	}
	return PPDL_OK;
}

/* what the tags of a part come to, without its masks */
static PpdlStatus
expected(PpdlReceiptKey *k, const PpdlReceiptPart *p, uint64_t *sum, PpdlError *err)
{
	const int	tags = k->shape.limbs * PPDL_TAGS_A_LIMB;

	for (int t = 0; t < tags; t++)
		sum[t] = inner(k, t, p->b[t / PPDL_TAGS_A_LIMB]);
	for (uint32_t i = 0; i < ppdl_receipt_bounds(p); i++)
	{
		const PpdlBoundText *b = &p->bound.text[i];

		PPDL_TRY(take_bound(k, b->text, b->len, err));
		for (int t = 0; t < tags; t++)
		{
			const PpdlModulus *m = &k->shape.par->ring->mod[t / PPDL_TAGS_A_LIMB];

			sum[t] = ppdl_mod_add(m, sum[t], ppdl_mod_mul(m, k->beta[t], ppdl_mod_from_u64(m, b->rows)));
		}
	}
	return PPDL_OK;
}

/* sum: of each part PPDL_MAX_TAGS; masks: room for those of a batch */
static PpdlStatus
check_parts(PpdlReceiptKey *k, const PpdlReceipt *r, const PpdlReceiptSection *s, uint64_t *sum, uint64_t *masks,
			PpdlError *err)
{
	const size_t bytes = sizeof(uint64_t) * (size_t) k->shape.limbs * PPDL_TAGS_A_LIMB;
	int			differ = 0;

	for (uint32_t i = 0; i < s->nparts; i++)
		PPDL_TRY(expected(k, &s->part[i], sum + (size_t) i * PPDL_MAX_TAGS, err));
	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
	{
		if (i % 1024 == 0)
			PPDL_TRY(ppdl_poll(r->poll, err));
		PPDL_TRY(add_batch(k, &s->batch[i], masks, sum + (size_t) s->batch[i].part * PPDL_MAX_TAGS, err));
	}
	for (uint32_t i = 0; i < s->nparts; i++)
		differ |= CRYPTO_memcmp(sum + (size_t) i * PPDL_MAX_TAGS, s->part[i].tag, bytes);
	ppdl_declassify(&differ, sizeof(differ));
	return differ ? forged(r, err) : PPDL_OK;
}

PpdlStatus
ppdl_receipt_check(PpdlReceiptKey *k, PpdlReceipt *r, const PpdlReceiptSection *s, PpdlError *err)
{
	const size_t sums = (size_t) s->nparts * PPDL_MAX_TAGS * sizeof(uint64_t);
	size_t		masks = 0;
	uint64_t   *sum,
			   *mask;
	PpdlStatus	status;

	PPDL_TRY(check_key(k, s->fingerprint, err));
	PPDL_TRY(take_shape(k, s->par, s->limbs, s->width, s->logk, s->scale, err));
	ppdl_receipt_reduce(r);
	for (uint32_t i = 0; i < ppdl_receipt_batches(s); i++)
		if (sizeof(uint64_t) * PPDL_MAX_TAGS << s->batch[i].logc > masks)
			masks = sizeof(uint64_t) * PPDL_MAX_TAGS << s->batch[i].logc;
	sum = ppdl_alloc_aligned(sums);
	mask = ppdl_alloc_aligned(masks);
	status = sum == NULL || mask == NULL ? no_memory(err) : check_parts(k, r, s, sum, mask, err);
	ppdl_free_secret(sum, sums);
	ppdl_free_secret(mask, masks);
	return status;
}

/* ------------------------------------------------------------------ results */

/* b[l] += the coefficients of a row, as many limbs as it has */
static PpdlStatus
add_coefficients(const PpdlCipher *c, int limbs, uint64_t *b, uint64_t *scratch, PpdlError *err)
{
	const size_t n = (size_t) 1 << c->logk;
	const uint8_t *src = c->residues;

	for (int l = 0; l < limbs; l++)
	{
		const PpdlModulus *m = &c->par->ring->mod[l];

		PPDL_TRY(ppdl_residues_get(m, scratch, src, n, err));
		for (size_t f = 0; f < n; f++)
			b[(size_t) l * n + f] = ppdl_mod_add(m, b[(size_t) l * n + f], scratch[f]);
		src += ppdl_packed_size(n, m->bits) + ppdl_packed_size(c->par->n, m->bits);
	}
	return PPDL_OK;
}

/* the same of all of a value's parts */
static PpdlStatus
all_coefficients(const PpdlCipher *c, int limbs, uint64_t *b, uint64_t *scratch, PpdlError *err)
{
	PpdlReader	parts = ppdl_reader(c->residues, c->residue_bytes);
	PpdlCipher	part;

	if (c->kind == PPDL_KIND_ROW)
		return add_coefficients(c, limbs, b, scratch, err);
	for (uint32_t i = 0; i < c->nparts; i++)
	{
		PPDL_TRY(ppdl_cipher_next_part(&part, NULL, &parts, c, err));
		if (part.scale != c->scale)
			return ppdl_error(err, PPDL_ERR_KEY, "a sum in parts of different scales, unlike that of a receipt");
		PPDL_TRY(add_coefficients(&part, limbs, b, scratch, err));
	}
	return PPDL_OK;
}

static int
same_coefficients(const PpdlReceiptSection *s, int limbs, const uint64_t *b)
{
	const size_t n = (size_t) 1 << s->logk;

	for (int l = 0; l < limbs; l++)
		for (size_t f = 0; f < n; f++)
		{
			const PpdlModulus *m = &s->par->ring->mod[l];
			uint64_t	sum = 0;

			for (uint32_t i = 0; i < s->nparts; i++)
				sum = ppdl_mod_add(m, sum, s->part[i].b[l][f]);
			if (sum != b[(size_t) l * n + f])
				return 0;
		}
	return 1;
}

static PpdlStatus
another(PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_KEY, "a value is neither the sum nor the average of the rows of the receipt beside it");
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Either the server returned another sum, or the query takes them over different rows.");
}

PpdlStatus
ppdl_receipt_match(PpdlReceipt *r, const PpdlReceiptSection *s, const PpdlCipher *value, double *divisor,
				   PpdlError *err)
{
	const double rows = (double) ppdl_receipt_section_rows(s);
	const size_t bytes = sizeof(uint64_t) * ((size_t) PPDL_TAG_LIMBS + 1) * (((size_t) 1 << s->logk) + 8);
	int			limbs;
	uint64_t   *b;
	PpdlStatus	status;

	if ((value->kind != PPDL_KIND_ROW && value->kind != PPDL_KIND_PARTS) || value->par != s->par ||
		value->width != s->width || memcmp(value->fingerprint, s->fingerprint, PPDL_FINGERPRINT_BYTES) != 0 ||
		(value->scale != s->scale && value->scale != s->scale * rows))
		return another(err);
	*divisor = value->scale == s->scale ? 1 : rows;
	limbs = value->limbs < s->limbs ? value->limbs : s->limbs;
	b = ppdl_alloc_aligned(bytes);
	if (b == NULL)
		return no_memory(err);
	memset(b, 0, bytes);
	ppdl_receipt_reduce(r);
	status = all_coefficients(value, limbs, b, b + ((size_t) PPDL_TAG_LIMBS << s->logk), err);
	if (status == PPDL_OK && !same_coefficients(s, limbs, b))
		status = another(err);
	ppdl_free_aligned(b);
	return status;
}

uint64_t
ppdl_receipt_section_rows(const PpdlReceiptSection *s)
{
	uint64_t	rows = 0;

	for (uint32_t i = 0; i < s->nparts; i++)
		rows += s->part[i].rows;
	return rows;
}

void
ppdl_receipt_count(const PpdlReceiptSection *s, int at, const PpdlBoundValue *value, uint64_t *rows, uint64_t *other)
{
	PpdlBoundValue v[PPDL_MAX_BOUND_VALUES];
	int			n;

	*rows = *other = 0;
	for (uint32_t i = 0; i < s->nparts; i++)
		for (uint32_t j = 0; j < ppdl_receipt_bounds(&s->part[i]); j++)
		{
			const PpdlBoundText *b = &s->part[i].bound.text[j];
			int			same = ppdl_bound_read(v, &n, b->text, b->len, NULL) == PPDL_OK && at < n &&
				ppdl_bound_same(&v[at], value);

			*(same ? rows : other) += b->rows;
		}
}
