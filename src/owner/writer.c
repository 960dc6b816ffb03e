#include "owner/writer.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "ckks/wire.h"
#include "owner/owner_impl.h"
#include "owner/seal.h"

/* ------------------------------------------------------------------ recipients */

static const PpdlPublicPart *
find_part(const PpdlPublicFile *f, const char *name)
{
	for (int i = 0; i < ppdl_public_file_count(f); i++)
		if (strcmp(ppdl_public_file_part(f, i)->name, name) == 0)
			return ppdl_public_file_part(f, i);
	return NULL;
}

static const PpdlPublicPart *
find_key(const PpdlPublicFile *f, uint8_t ring, uint32_t id)
{
	char		name[64];

	ppdl_key_part_name(name, ring, id);
	return find_part(f, name);
}

static PpdlStatus
read_public_key(PpdlPublicKey **out, const PpdlPublicPart *part, uint8_t ring, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(part->data, part->len);

	PPDL_TRY(ppdl_public_part_check(part, err));
	PPDL_TRY(ppdl_wire_get_public_key(&r, out, err));
	if ((*out)->par->id != ring || ppdl_reader_left(&r) > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "part \"%s\" of the public key file is damaged", part->name);
	return PPDL_OK;
}

static PpdlStatus
read_special(PpdlPublicSpecial **out, const PpdlPublicPart *part, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(part->data, part->len);

	PPDL_TRY(ppdl_public_part_check(part, err));
	PPDL_TRY(ppdl_wire_get_public_special(&r, out, err));
	if ((*out)->par->id != PPDL_RING_ROW || ppdl_reader_left(&r) > 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "part \"%s\" of the public key file is damaged", part->name);
	return PPDL_OK;
}

static PpdlStatus
unfit(const PpdlPublicFile *f, int is_writer, PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_KEY,
			   is_writer ? "\"%s\" is itself a writer's key, and has no writers" :
			   "the public file of key \"%s\" was made before there were writers", ppdl_public_file_name(f));
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   is_writer ? "Make the writer's key for the owner that it writes for." :
						   "Its owner makes another: ppdl keygen --key FILE.key --for sum --out PREFIX");
}

PpdlStatus
ppdl_recipient_read(PpdlRecipient *out, const PpdlPublicFile *f, PpdlError *err)
{
	const PpdlPublicPart *special = find_key(f, PPDL_RING_ROW, PPDL_KEY_PUBLIC_SPECIAL),
			   *encapsulation = find_key(f, PPDL_RING_COMPACT, PPDL_KEY_ENCAPSULATION);

	memset(out, 0, sizeof(*out));
	if (special == NULL || encapsulation == NULL)
		return unfit(f, find_part(f, PPDL_PART_WRITER) != NULL, err);
	strcpy(out->name, ppdl_public_file_name(f));
	memcpy(out->fingerprint, ppdl_public_file_fingerprint(f), sizeof(out->fingerprint));
	PPDL_TRY(read_public_key(&out->row, ppdl_public_file_part(f, 0), PPDL_RING_ROW, err));
	PPDL_TRY(read_special(&out->special, special, err));
	PPDL_TRY(read_public_key(&out->encapsulation, encapsulation, PPDL_RING_COMPACT, err));
	memcpy(out->encapsulation_hash, encapsulation->sha256, sizeof(out->encapsulation_hash));
	return PPDL_OK;
}

PpdlStatus
ppdl_recipient_read_file(PpdlRecipient *out, const char *path, PpdlError *err)
{
	PpdlPublicFile *f;
	PpdlStatus	status;

	memset(out, 0, sizeof(*out));
	PPDL_TRY(ppdl_name_file(path, ppdl_public_file_open(&f, path, err), err));
	status = ppdl_name_file(path, ppdl_recipient_read(out, f, err), err);
	ppdl_public_file_close(f);
	return status;
}

void
ppdl_recipient_free(PpdlRecipient *r)
{
	ppdl_public_key_destroy(r->row);
	ppdl_public_special_destroy(r->special);
	ppdl_public_key_destroy(r->encapsulation);
	memset(r, 0, sizeof(*r));
}

/* ------------------------------------------------------------------ parts */

/* a digest of all that a switching key to an owner is made of, but its randomness */
static PpdlStatus
inputs_of(uint8_t out[32], const PpdlKeyNeed *need, const PpdlSecret *from, const PpdlRecipient *to, PpdlError *err)
{
	const PpdlParams *par = from->par;
	const int32_t numbers[] = {par->id, par->logn, par->nq, par->np, par->ndigits, need->limbs, need->np,
							   (int32_t) need->id};
	const size_t limb = par->n * sizeof(uint64_t);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int			ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		EVP_DigestUpdate(ctx, numbers, sizeof(numbers)) == 1 &&
		EVP_DigestUpdate(ctx, from->coeff, par->n) == 1 &&
		EVP_DigestUpdate(ctx, to->row->seed, PPDL_SEED_BYTES) == 1 &&
		EVP_DigestUpdate(ctx, to->row->b, (size_t) par->nq * limb) == 1 &&
		EVP_DigestUpdate(ctx, to->special->b, (size_t) par->np * limb) == 1 && EVP_DigestFinal_ex(ctx, out, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return ok ? PPDL_OK : ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute SHA-256");
}

static PpdlStatus
put_switch_key(PpdlOwner *writer, const PpdlRecipient *to, const PpdlKeyNeed *need, const PpdlSecret *from,
			   PpdlThreads *threads, PpdlWriter *w, PpdlError *err)
{
	const PpdlSwitchKeyForm form = {need->id, need->limbs, need->np};
	uint8_t		inputs[32];
	PpdlSwitchKey *key;
	PpdlStatus	status;
	PpdlRng    *rng = NULL;

	PPDL_GOTO(done, inputs_of(inputs, need, from, to, err));
	PPDL_GOTO(done, ppdl_owner_key_rng(&rng, writer, "ppdl switching key to owner 1", inputs, err));
	PPDL_GOTO(done, ppdl_switch_key_create_public(&key, &form, from, to->row, to->special, rng, threads, err));
	status = ppdl_wire_put_switch_key(w, key, err);
	ppdl_switch_key_destroy(key);
done:
	ppdl_rng_destroy(rng);
	OPENSSL_cleanse(inputs, sizeof(inputs));
	return status;
}

PpdlStatus
ppdl_writer_part(PpdlOwner *writer, const PpdlRecipient *to, const PpdlKeyNeed *need, PpdlThreads *threads,
				 PpdlWriter *w, PpdlError *err)
{
	const int	compact = need->id == PPDL_KEY_TO_OWNER_COMPACT;
	PpdlSecret *stretched = NULL;
	const PpdlSecret *from;
	PpdlStatus	status;

	if (need->id == PPDL_KEY_WRITER)
		return ppdl_seed_seal(writer, to, w, err);
	PPDL_TRY(ppdl_owner_secret(writer, compact ? PPDL_RING_COMPACT : PPDL_RING_ROW, &from, err));
	if (compact)
		PPDL_TRY(ppdl_secret_stretch(&stretched, from, to->row->par, err));
	status = put_switch_key(writer, to, need, compact ? stretched : from, threads, w, err);
	ppdl_secret_destroy(stretched);
	return status;
}

/* ------------------------------------------------------------------ for the owner */

PpdlStatus
ppdl_public_file_writer(const PpdlPublicFile *f, PpdlWriterHead *head, const PpdlPublicPart **part, PpdlError *err)
{
	*part = find_part(f, PPDL_PART_WRITER);
	if (*part == NULL)
		return PPDL_OK;
	PPDL_TRY(ppdl_public_part_check(*part, err));
	PPDL_TRY(ppdl_writer_head(head, (*part)->data, (*part)->len, err));
	if (memcmp(head->writer, ppdl_public_file_fingerprint(f), 8) != 0)
		return ppdl_error(err, PPDL_ERR_FORMAT, "damaged public key file: the sealed seed is that of another writer");
	return PPDL_OK;
}

PpdlStatus
ppdl_owner_add_writer(PpdlOwner *o, const void *part, size_t len, PpdlError *err)
{
	PpdlWriterHead head;
	PpdlOwner  *owner,
			   *writer,
			  **grown;

	PPDL_TRY(ppdl_writer_head(&head, part, len, err));
	if (ppdl_owner_find(o, head.writer) != NULL)
		return PPDL_OK;
	owner = ppdl_owner_find(o, head.owner);
	PPDL_TRY(ppdl_seed_open(&writer, owner != NULL ? owner : o, part, len, err));
	grown = realloc(owner->writer, (size_t) (owner->writers + 1) * sizeof(grown[0]));
	if (grown == NULL)
	{
		ppdl_owner_destroy(writer);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	owner->writer = grown;
	owner->writer[owner->writers++] = writer;
	return PPDL_OK;
}
