#include "ckks/wire.h"

#include <openssl/evp.h>

#include "ckks/cache.h"
#include "ckks/keys_impl.h"
#include "ckks/verify.h"
#include "ring/vec.h"

#define MAGIC UINT32_C(0x4b445050)	/* "PPDK" */
#define VERSION 1
#define DIGEST_BYTES 16			/* of SHA-256: against damage, not against forgery */

typedef enum Kind
{
	KIND_PUBLIC = 1,
	KIND_SWITCH = 2,
	KIND_SWITCH_WHOLE = 3,		/* since 0.2.0, as is the next */
	KIND_PUBLIC_SPECIAL = 4
} Kind;

void
ppdl_wire_put_limbs(PpdlWriter *w, const PpdlParams *par, const uint64_t *p, int lo, int hi)
{
	PPDL_VERIFY_LIMBS(par, p, lo, hi);
	for (int i = lo; i < hi; i++)
	{
		int			bits = par->ring->mod[i].bits;
		uint8_t    *dst = ppdl_write_space(w, ppdl_packed_size(par->n, bits));

		if (dst != NULL)
			ppdl_pack_bits(dst, ppdl_cat(par, p, i - lo), par->n, bits);
	}
}

PpdlStatus
ppdl_wire_get_limbs(PpdlReader *r, const PpdlParams *par, uint64_t *p, int lo, int hi, PpdlError *err)
{
	for (int i = lo; i < hi; i++)
	{
		const PpdlModulus *m = &par->ring->mod[i];
		size_t		size = ppdl_packed_size(par->n, m->bits),
					left = ppdl_reader_left(r);
		const uint8_t *src = ppdl_read_bytes(r, size);
		uint64_t   *limb = ppdl_at(par, p, i - lo);

		if (src == NULL)
			return ppdl_error(err, PPDL_ERR_FORMAT, "truncated: %zu bytes left where a polynomial takes %zu", left,
							  size);
		ppdl_unpack_bits(limb, src, par->n, m->bits);
		if (ppdl_vec_count_unreduced(m, limb, par->n) != 0)
			return ppdl_error(err, PPDL_ERR_FORMAT, "damaged: a residue is not below its modulus %llu",
							  (unsigned long long) m->q);
	}
	return PPDL_OK;
}

void
ppdl_wire_put_ct(PpdlWriter *w, const PpdlCt *ct)
{
	ppdl_write_f64(w, ct->scale);
	ppdl_write_f64(w, ct->noise);
	ppdl_write_f64(w, ct->bound);
	ppdl_wire_put_limbs(w, ct->par, ct->b, 0, ct->limbs);
	ppdl_wire_put_limbs(w, ct->par, ct->a, 0, ct->limbs);
}

PpdlStatus
ppdl_wire_get_ct(PpdlReader *r, PpdlEval *ev, PpdlCt *ct, int limbs, PpdlError *err)
{
	const double scale = ppdl_read_f64(r),
				noise = ppdl_read_f64(r),
				bound = ppdl_read_f64(r);
	PpdlStatus	status;

	ct->b = ct->a = NULL;
	if (r->bad || !(scale >= 1 && scale < 0x1p120))
		return ppdl_error(err, PPDL_ERR_FORMAT, "malformed ciphertext");
	PPDL_TRY(ppdl_check_estimates(scale, noise, bound, PPDL_ERR_FORMAT, err));
	PPDL_TRY(ppdl_ct_alloc(ev, ct, limbs, err));
	ct->scale = scale;
	ct->noise = noise;
	ct->bound = bound;
	PPDL_GOTO(fail, ppdl_wire_get_limbs(r, ev->par, ct->b, 0, limbs, err));
	PPDL_GOTO(fail, ppdl_wire_get_limbs(r, ev->par, ct->a, 0, limbs, err));
	return PPDL_OK;
fail:
	ppdl_ct_release(ev, ct);
	return status;
}

static void
put_header(PpdlWriter *w, Kind kind, uint8_t ring)
{
	ppdl_write_u32(w, MAGIC);
	ppdl_write_u8(w, VERSION);
	ppdl_write_u8(w, (uint8_t) kind);
	ppdl_write_u8(w, ring);
	ppdl_write_u8(w, 0);
}

/* whole: for switching keys, of either kind; NULL for others */
static PpdlStatus
get_header(PpdlReader *r, Kind kind, const PpdlParams **par, int *whole, PpdlError *err)
{
	uint32_t	magic = ppdl_read_u32(r);
	uint8_t		version = ppdl_read_u8(r),
				got_kind = ppdl_read_u8(r),
				ring = ppdl_read_u8(r),
				reserved = ppdl_read_u8(r);

	if (r->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "truncated key: shorter than its header");
	if (magic != MAGIC)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not a ppdl key");
	if (version != VERSION)
		return ppdl_error(err, PPDL_ERR_VERSION, "key format version %d is not known, only %d", version, VERSION);
	if (whole != NULL)
		*whole = got_kind == KIND_SWITCH_WHOLE;
	if (got_kind != kind && !(whole != NULL && *whole))
		return ppdl_error(err, PPDL_ERR_FORMAT, "key is of kind %d where kind %d is wanted", got_kind, (int) kind);
	if (reserved != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged key: reserved byte is %d", reserved);
	return ppdl_params_get(ring, par, err);
}

static PpdlStatus
digest(const uint8_t *p, size_t len, uint8_t out[EVP_MAX_MD_SIZE], PpdlError *err)
{
	if (EVP_Digest(p, len, out, NULL, EVP_sha256(), NULL) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "SHA-256 failed");
	return PPDL_OK;
}

/* ends a key with the digest of its bytes from `start` on */
static PpdlStatus
put_digest(PpdlWriter *w, size_t start, PpdlError *err)
{
	uint8_t		md[EVP_MAX_MD_SIZE];

	if (!w->bad)
		PPDL_TRY(digest(w->buf + start, w->len - start, md, err));
	ppdl_write_bytes(w, md, DIGEST_BYTES);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory while writing a key") : PPDL_OK;
}

static PpdlStatus
get_digest(PpdlReader *r, const uint8_t *start, PpdlError *err)
{
	const uint8_t *end = r->p,
			   *stored = ppdl_read_bytes(r, DIGEST_BYTES);
	uint8_t		md[EVP_MAX_MD_SIZE];

	if (stored == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "truncated key: its digest is missing");
	PPDL_TRY(digest(start, (size_t) (end - start), md, err));
	if (memcmp(md, stored, DIGEST_BYTES) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged key: its digest does not match");
	return PPDL_OK;
}

PpdlStatus
ppdl_wire_put_public_key(PpdlWriter *w, const PpdlPublicKey *pk, PpdlError *err)
{
	const size_t start = w->len;

	put_header(w, KIND_PUBLIC, pk->par->id);
	ppdl_write_bytes(w, pk->seed, sizeof(pk->seed));
	ppdl_wire_put_limbs(w, pk->par, pk->b, 0, pk->par->nq);
	return put_digest(w, start, err);
}

static PpdlStatus
get_seed(PpdlReader *r, uint8_t *seed, PpdlError *err)
{
	const uint8_t *src = ppdl_read_bytes(r, PPDL_SEED_BYTES);

	if (src == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "truncated key: shorter than its seed");
	memcpy(seed, src, PPDL_SEED_BYTES);
	return PPDL_OK;
}

PpdlStatus
ppdl_wire_put_public_special(PpdlWriter *w, const PpdlPublicSpecial *ps, PpdlError *err)
{
	const size_t start = w->len;

	put_header(w, KIND_PUBLIC_SPECIAL, ps->par->id);
	ppdl_write_bytes(w, ps->seed, sizeof(ps->seed));
	ppdl_wire_put_limbs(w, ps->par, ps->b, ps->par->nq, ps->par->nq + ps->par->np);
	return put_digest(w, start, err);
}

PpdlStatus
ppdl_wire_get_public_special(PpdlReader *r, PpdlPublicSpecial **out, PpdlError *err)
{
	const uint8_t *start = r->p;
	const PpdlParams *par;
	PpdlPublicSpecial *ps;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(get_header(r, KIND_PUBLIC_SPECIAL, &par, NULL, err));
	if (par->np == 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged key: ring %s has no special primes", par->name);
	PPDL_TRY(ppdl_public_special_alloc(&ps, par, err));
	PPDL_GOTO(fail, get_seed(r, ps->seed, err));
	PPDL_GOTO(fail, ppdl_wire_get_limbs(r, par, ps->b, par->nq, par->nq + par->np, err));
	PPDL_GOTO(fail, get_digest(r, start, err));
	*out = ps;
	return PPDL_OK;
fail:
	ppdl_public_special_destroy(ps);
	return status;
}

PpdlStatus
ppdl_wire_get_public_key(PpdlReader *r, PpdlPublicKey **out, PpdlError *err)
{
	const uint8_t *start = r->p;
	const PpdlParams *par;
	PpdlPublicKey *pk;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(get_header(r, KIND_PUBLIC, &par, NULL, err));
	PPDL_TRY(ppdl_public_key_alloc(&pk, par, err));
	PPDL_GOTO(fail, get_seed(r, pk->seed, err));
	PPDL_GOTO(fail, ppdl_wire_get_limbs(r, par, pk->b, 0, par->nq, err));
	PPDL_GOTO(fail, get_digest(r, start, err));
	for (int i = 0; i < par->nq; i++)
		PPDL_GOTO(fail, ppdl_xof_uniform(&par->ring->mod[i], ppdl_at(par, pk->a, i), par->n, pk->seed, PPDL_XOF_KEY_A,
										 0, err));
	*out = pk;
	return PPDL_OK;
fail:
	ppdl_public_key_destroy(pk);
	return status;
}

static PpdlStatus
put_half(PpdlWriter *w, const PpdlSwitchKey *key, uint8_t *half, PpdlError *err)
{
	const PpdlParams *par = key->par;
	uint64_t   *limb = ppdl_alloc_aligned(par->n * sizeof(uint64_t));

	if (limb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int task = 0; task < key->ndigits * (key->limbs + key->np); task++)
	{
		int			prime = ppdl_qp_index(par, key->limbs, task % (key->limbs + key->np));

		ppdl_vec_unpack(limb, ppdl_key_limb(key, half, task), par->n);
		ppdl_wire_put_limbs(w, par, limb, prime, prime + 1);
	}
	ppdl_free_aligned(limb);
	return PPDL_OK;
}

PpdlStatus
ppdl_wire_put_switch_key(PpdlWriter *w, const PpdlSwitchKey *key, PpdlError *err)
{
	const PpdlParams *par = key->par;
	const size_t start = w->len;

	put_header(w, key->whole ? KIND_SWITCH_WHOLE : KIND_SWITCH, par->id);
	ppdl_write_u32(w, key->id);
	ppdl_write_u8(w, (uint8_t) key->limbs);
	ppdl_write_u8(w, (uint8_t) key->np);
	ppdl_write_u8(w, (uint8_t) key->ndigits);
	ppdl_write_u8(w, 0);
	if (!key->whole)
		ppdl_write_bytes(w, key->seed, sizeof(key->seed));
	PPDL_TRY(put_half(w, key, key->b, err));
	if (key->whole)
		PPDL_TRY(put_half(w, key, key->a, err));
	return put_digest(w, start, err);
}

static PpdlStatus
get_switch_header(PpdlReader *r, const PpdlParams **par, PpdlSwitchKeyInfo *info, PpdlError *err)
{
	uint8_t		reserved;

	PPDL_TRY(get_header(r, KIND_SWITCH, par, &info->whole, err));
	info->ring = (*par)->id;
	info->id = ppdl_read_u32(r);
	info->limbs = ppdl_read_u8(r);
	info->np = ppdl_read_u8(r);
	info->ndigits = ppdl_read_u8(r);
	reserved = ppdl_read_u8(r);
	if (r->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "truncated key: shorter than its header");
	PPDL_TRY(ppdl_switch_key_check(*par, info->id, info->limbs, info->np, PPDL_ERR_FORMAT, err));
	if (info->ndigits != ppdl_switch_key_digits(*par, info->id, info->limbs) || reserved != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged key: switching key %u of %d limbs with %d digits", info->id,
						  info->limbs, info->ndigits);
	return PPDL_OK;
}

PpdlStatus
ppdl_wire_peek_switch_key(PpdlReader r, PpdlSwitchKeyInfo *info, PpdlError *err)
{
	const PpdlParams *par;

	return get_switch_header(&r, &par, info, err);
}

/* a key's limbs under way; the digest is one more task, the first: hashing takes longest */
typedef struct Reading
{
	PpdlSwitchKey *key;
	const uint8_t *start,		/* of the key */
			   *limbs;
	const uint8_t *digest;
	int			failed;			/* a limb (atomic) */
	PpdlError	error,			/* of it */
				digest_error;
} Reading;

/* the bytes of limbs 0 .. count - 1, counted as tasks of ppdl_key_limb, those of a whole key's a behind those of b */
static size_t
limb_bytes(const PpdlSwitchKey *key, int count)
{
	const int	total = key->limbs + key->np;
	size_t		bytes = 0;

	for (int t = 0; t < count; t++)
		bytes += ppdl_packed_size(key->par->n,
								  key->par->ring->mod[ppdl_qp_index(key->par, key->limbs, t % total)].bits);
	return bytes;
}

static PpdlStatus
read_limb(const Reading *rd, int task, PpdlError *err)
{
	const PpdlSwitchKey *key = rd->key;
	const int	each = key->ndigits * (key->limbs + key->np),
				prime = ppdl_qp_index(key->par, key->limbs, task % (key->limbs + key->np));
	const size_t bytes = ppdl_packed_size(key->par->n, key->par->ring->mod[prime].bits);
	PpdlReader	r = ppdl_reader(rd->limbs + limb_bytes(key, task), bytes);
	uint64_t   *limb = ppdl_alloc_aligned(key->par->n * sizeof(uint64_t));
	PpdlStatus	status;

	if (limb == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	status = ppdl_wire_get_limbs(&r, key->par, limb, prime, prime + 1, err);
	if (status == PPDL_OK)
		ppdl_pack_bits(ppdl_key_limb(key, task < each ? key->b : key->a, task % each), limb, key->par->n,
					   PPDL_MAX_PRIME_BITS);
	ppdl_free_aligned(limb);
	return status;
}

static void
task_read(void *arg, int task)
{
	Reading    *rd = arg;
	PpdlReader	digest = ppdl_reader(rd->digest, DIGEST_BYTES);
	PpdlError	err;

	if (task == 0)
		get_digest(&digest, rd->start, &rd->digest_error);
	else if (!__atomic_load_n(&rd->failed, __ATOMIC_RELAXED) && read_limb(rd, task - 1, &err) != PPDL_OK &&
			 __atomic_exchange_n(&rd->failed, 1, __ATOMIC_RELAXED) == 0)
		rd->error = err;
}

static PpdlStatus
read_limbs(PpdlSwitchKey *key, PpdlReader *r, const uint8_t *start, PpdlThreads *threads, PpdlError *err)
{
	const int	count = key->ndigits * (key->limbs + key->np) * (key->whole ? 2 : 1);
	Reading		rd = {.key = key, .start = start};
	const PpdlError *found;

	rd.limbs = ppdl_read_bytes(r, limb_bytes(key, count));
	rd.digest = ppdl_read_bytes(r, DIGEST_BYTES);
	if (r->bad)
		return ppdl_error(err, PPDL_ERR_FORMAT, "truncated key");
	ppdl_parallel_for(threads, 1 + count, task_read, &rd);
	found = rd.failed ? &rd.error : &rd.digest_error;
	if (found->code != PPDL_OK && err != NULL)
		*err = *found;
	return found->code;
}

PpdlStatus
ppdl_wire_get_switch_key(PpdlReader *r, PpdlSwitchKey **out, PpdlThreads *threads, PpdlError *err)
{
	const uint8_t *start = r->p;
	const PpdlParams *par;
	PpdlSwitchKeyInfo info;
	PpdlSwitchKey *key;
	PpdlStatus	status;

	*out = NULL;
	PPDL_TRY(get_switch_header(r, &par, &info, err));
	PPDL_TRY(ppdl_switch_key_alloc(&key, par, info.id, info.limbs, info.np, err));
	key->whole = info.whole;
	if (!key->whole)
		PPDL_GOTO(fail, get_seed(r, key->seed, err));
	PPDL_GOTO(fail, read_limbs(key, r, start, threads, err));
	if (!key->whole)
		PPDL_GOTO(fail, ppdl_switch_key_expand(key, threads, err));
	*out = key;
	return PPDL_OK;
fail:
	ppdl_switch_key_destroy(key);
	return status;
}
