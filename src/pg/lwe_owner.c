/*
 * Encryption under a stored public key, and the functions of owner mode: key
 * generation, encryption and decryption with a secret key.
 */
#include "pg/cipher_datum.h"
#include "pg/keys.h"
#include "owner/passphrase.h"
#include "pg/owner_session.h"

#include <math.h>

#include <openssl/crypto.h>

#include "catalog/pg_type.h"
#include "ckks/wire.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "owner/owner.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"
#include "rows/cipher_read.h"
#include "rows/row.h"

PG_FUNCTION_INFO_V1(lwe_encrypt_public);
PG_FUNCTION_INFO_V1(lwe_encrypt_secret);
PG_FUNCTION_INFO_V1(lwe_encrypt_rows);
PG_FUNCTION_INFO_V1(lwe_keygen);
PG_FUNCTION_INFO_V1(lwe_decrypt);

#define SCALE_BITS 30
#define PARAMS "CKKS, rows in N = 2^14, bootstrapping in N = 2^16, 128 bits"

/* The numbers of an array of the given dimension; rows is 1 for one dimension. */
static const double *
array_values(ArrayType *array, int ndim, int *rows, int *width)
{
	if (ARR_NDIM(array) != ndim)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("expected an array of %d dimension(s), not %d", ndim, ARR_NDIM(array))));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("values to encrypt must not be null")));
	*rows = ndim == 2 ? ARR_DIMS(array)[0] : 1;
	*width = ARR_DIMS(array)[ndim - 1];
	return (const double *) ARR_DATA_PTR(array);
}

/* ---- public key ---- */

typedef struct PublicCache
{
	char	   *name;
	uint64		generation;		/* of the keys, when it was read */
	uint8_t		fp[8];
	PpdlPublicKey *pk,
			   *compact;		/* of the compact ring; both are NULL until first needed */
	bool		lacks_compact;
	PpdlRng    *rng;
} PublicCache;

static void
destroy_public(void *arg)
{
	PublicCache *cache = arg;

	ppdl_public_key_destroy(cache->pk);
	ppdl_public_key_destroy(cache->compact);
	if (cache->rng != NULL)
		ppdl_rng_destroy(cache->rng);
	cache->pk = cache->compact = NULL;
	cache->rng = NULL;
}

/* The public key a query encrypts under, kept for the next row. */
static PublicCache *
public_key(FmgrInfo *flinfo, const char *name)
{
	PublicCache *cache = flinfo->fn_extra;
	PpdlError	err;

	if (cache != NULL && cache->rng != NULL && strcmp(cache->name, name) == 0 &&
		cache->generation == ppdl_key_generation())
		return cache;
	if (cache == NULL)
	{
		cache = MemoryContextAllocZero(flinfo->fn_mcxt, sizeof(PublicCache));
		ppdl_guard(flinfo->fn_mcxt, destroy_public, cache);
		flinfo->fn_extra = cache;
	}
	destroy_public(cache);
	cache->generation = ppdl_key_generation();
	ppdl_key_lookup(name, "lwe", cache->fp);
	cache->lacks_compact = false;
	cache->name = MemoryContextStrdup(flinfo->fn_mcxt, name);
	PPDL_PG(ppdl_rng_create(&cache->rng, &err));
	return cache;
}

static PpdlPublicKey *
load_public(const uint8_t fp[8], const char *name, uint8_t ring)
{
	bytea	   *part = ppdl_key_part(fp, name);
	PpdlReader	r = ppdl_reader(VARDATA_ANY(part), VARSIZE_ANY_EXHDR(part));
	PpdlPublicKey *pk;
	PpdlError	err;

	PPDL_PG(ppdl_wire_get_public_key(&r, &pk, &err));
	pfree(part);
	if (pk->par->id != ring)
	{
		ppdl_public_key_destroy(pk);
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("part \"%s\" is the public key of another ring", name)));
	}
	return pk;
}

/*
 * The public key of the compact ring; NULL for keys that have none, or none that their owner has signed: the
 * fingerprint does not vouch for it.
 */
static PpdlPublicKey *
compact_key(PublicCache *cache)
{
	PpdlKeyRow	row;
	PpdlKeyPartInfo info;
	char		part[64];

	if (cache->compact != NULL || cache->lacks_compact)
		return cache->compact;
	ppdl_key_part_name(part, PPDL_RING_COMPACT, PPDL_KEY_PUBLIC);
	if (ppdl_key_row(cache->fp, &row) && row.is_bound && ppdl_key_part_info(cache->fp, part, &info) && info.complete)
		cache->compact = load_public(cache->fp, part, PPDL_RING_COMPACT);
	cache->lacks_compact = cache->compact == NULL;
	return cache->compact;
}

/* the key for a row of that width: in the compact ring, where the row is to be compact and both allow it */
static PpdlPublicKey *
key_for(PublicCache *cache, int width, bool compact)
{
	PpdlPublicKey *pk = compact ? compact_key(cache) : NULL;

	if (pk != NULL && (size_t) width <= pk->par->n)
		return pk;
	if (cache->pk == NULL)
		cache->pk = load_public(cache->fp, PPDL_PART_PUBLIC, PPDL_RING_ROW);
	return cache->pk;
}

Datum
lwe_encrypt_public(PG_FUNCTION_ARGS)
{
	PublicCache *cache = public_key(fcinfo->flinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)));
	int			rows,
				width;
	const double *x = array_values(PG_GETARG_ARRAYTYPE_P(1), 1, &rows, &width);
	bool		compact = PG_GETARG_BOOL(2);
	PpdlPublicKey *pk = key_for(cache, width, compact);
	int			limbs = compact ? 1 : pk->par->nq;
	PpdlRowKey	key = {pk, cache->fp, cache->rng};
	PpdlWriter	w;
	PpdlError	err;

	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_row_encrypt_public(&w, x, width, limbs, SCALE_BITS, &key, &err), &w,
										 &err));
}

/* ---- secret key ---- */

typedef struct Encryption
{
	const PpdlParams *par;
	PpdlBatchOptions opt;
	size_t		slice;			/* bytes of one */
} Encryption;

static void
plan_encryption(Encryption *e, int rows, int width, bool compact, int scale_bits)
{
	PpdlError	err;
	int			logk = ppdl_log2_width(width);

	PPDL_PG(ppdl_rows_params(&e->par, compact, width, &err));
	if (logk > e->par->logn)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("a row of %d values is too wide: the limit is %zu", width, e->par->n)));
	e->opt = (PpdlBatchOptions) {.limbs = compact ? 1 : e->par->nq,.scale_bits = scale_bits,.ring = e->par->id};
	while (e->opt.logc < e->par->logn - logk && (1 << e->opt.logc) < rows)
		e->opt.logc++;
	e->slice = ppdl_slice_size(e->par, e->opt.limbs, logk);
}

Datum
lwe_encrypt_secret(PG_FUNCTION_ARGS)
{
	Encryption	e;
	int			rows,
				width;
	const double *x;
	struct varlena *value;
	PpdlOwner  *owner;
	PpdlError	err;

	ppdl_require_owner_mode("lwe_encrypt");
	owner = ppdl_owner_session(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(2));
	x = array_values(PG_GETARG_ARRAYTYPE_P(1), 1, &rows, &width);
	plan_encryption(&e, 1, width, PG_GETARG_BOOL(3), SCALE_BITS);
	value = palloc(e.slice + VARHDRSZ);
	SET_VARSIZE(value, e.slice + VARHDRSZ);
	PPDL_PG(ppdl_owner_encrypt(owner, (uint8_t *) VARDATA(value), x, 1, width, &e.opt, &err));
	PG_RETURN_POINTER(value);
}

/* The rows of a batch that starts at x, as datums. */
static void
put_batch(ReturnSetInfo *rsinfo, PpdlOwner *owner, const Encryption *e, const double *x, int rows, int width)
{
	uint8_t    *slices = palloc(e->slice * (size_t) rows);
	struct varlena *value = palloc(e->slice + VARHDRSZ);
	bool		isnull = false;
	PpdlError	err;

	PPDL_PG(ppdl_owner_encrypt(owner, slices, x, rows, width, &e->opt, &err));
	SET_VARSIZE(value, e->slice + VARHDRSZ);
	for (int i = 0; i < rows; i++)
	{
		Datum		d = PointerGetDatum(value);

		memcpy(VARDATA(value), slices + e->slice * (size_t) i, e->slice);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, &d, &isnull);
	}
	pfree(value);
	pfree(slices);
}

Datum
lwe_encrypt_rows(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Encryption	e;
	int			rows,
				width,
				batch;
	const double *x;
	PpdlOwner  *owner;

	ppdl_require_owner_mode("lwe_encrypt_rows");
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	if (ARR_NDIM(array) == 0)
		return (Datum) 0;
	owner = ppdl_owner_session(PG_GETARG_TEXT_PP(0), PG_GETARG_TEXT_PP(2));
	x = array_values(array, 2, &rows, &width);
	plan_encryption(&e, rows, width, PG_GETARG_BOOL(3), PG_GETARG_INT32(4));
	batch = 1 << e.opt.logc;
	for (int i = 0; i < rows; i += batch)
	{
		CHECK_FOR_INTERRUPTS();
		put_batch(rsinfo, owner, &e, x + (size_t) i * width, Min(batch, rows - i), width);
	}
	return (Datum) 0;
}

typedef struct KeyGeneration
{
	PpdlOwner  *owner;
	PpdlWriter	part;			/* public bytes */
	PpdlWriter	file;			/* the secret key's text */
} KeyGeneration;

static void
destroy_generation(void *arg)
{
	KeyGeneration *g = arg;

	if (g->owner != NULL)
		ppdl_owner_destroy(g->owner);
	ppdl_writer_free(&g->part);
	if (g->file.buf != NULL)
		OPENSSL_cleanse(g->file.buf, g->file.cap);
	ppdl_writer_free(&g->file);
}

static void
publish_part(KeyGeneration *g, const char *name)
{
	ppdl_key_store(ppdl_owner_fingerprint(g->owner), ppdl_owner_name(g->owner), "lwe", PARAMS, name, g->part.buf,
				   g->part.len,
				   g->owner);
	ppdl_writer_free(&g->part);
}

static void
publish_use(KeyGeneration *g, int u)
{
	PpdlKeyNeed needs[PPDL_MAX_KEY_NEEDS];
	const int	n = ppdl_key_needs(u, needs);
	PpdlError	err;

	for (int i = 0; i < n; i++)
	{
		char		part[64];

		CHECK_FOR_INTERRUPTS();
		ppdl_key_part_name(part, needs[i].ring, needs[i].id);
		PPDL_PG(ppdl_owner_eval_key(g->owner, &needs[i], NULL, &g->part, &err));
		publish_part(g, part);
	}
}

Datum
lwe_keygen(PG_FUNCTION_ARGS)
{
	KeyGeneration *g;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0)),
			   *passphrase = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int			use = ppdl_key_use(text_to_cstring(PG_GETARG_TEXT_PP(2)));
	PpdlGuard  *guard;
	PpdlError	err;
	text	   *file;

	ppdl_require_owner_mode("lwe_keygen");
	PPDL_PG(ppdl_passphrase_check(passphrase, &err));
	g = palloc0(sizeof(KeyGeneration));
	guard = ppdl_guard(CurrentMemoryContext, destroy_generation, g);
	PPDL_PG(ppdl_owner_generate(&g->owner, name, &err));
	PPDL_PG(ppdl_owner_public_key(g->owner, &g->part, &err));
	publish_part(g, "public");
	for (int u = 0; u <= use; u++)
		publish_use(g, u);
	PPDL_PG(ppdl_owner_write(g->owner, passphrase, &g->file, &err));
	OPENSSL_cleanse(passphrase, strlen(passphrase));
	file = cstring_to_text_with_len((const char *) g->file.buf, (int) g->file.len);
	ppdl_guard_release(guard);
	PG_RETURN_TEXT_P(file);
}

/* ---- decryption ---- */

static void
free_values(void *arg)
{
	ppdl_values_free(arg);
}

/* A power of ten: decimals that are at least two standard deviations wide. */
static double
digits_factor(double error)
{
	double		digits = floor(-log10(2 * error));

	return pow(10, Max(0, Min(digits, 15)));
}

static ArrayType *
values_array(const PpdlValues *v)
{
	int			dims[2] = {(int) v->nrows, v->width};
	int			lower[2] = {1, 1};
	size_t		n = 0;
	bool		packed = v->kind == PPDL_KIND_PACKED;
	double		factor = digits_factor(v->error);
	Datum	   *elements;
	bool	   *nulls;

	elements = palloc((size_t) v->nrows * v->width * sizeof(Datum));
	nulls = palloc((size_t) v->nrows * v->width * sizeof(bool));
	for (uint32_t i = 0; i < v->nrows; i++)
	{
		const double *row = ppdl_values_row(v, i);

		for (int f = 0; f < v->width; f++, n++)
		{
			nulls[n] = row == NULL;
			elements[n] = Float8GetDatum(row == NULL ? 0 : rint(row[f] * factor) / factor + 0.0);
		}
	}
	return construct_md_array(elements, nulls, packed ? 2 : 1, packed ? dims : dims + 1, lower,
							  FLOAT8OID, sizeof(double), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/* before anything is decrypted: whether the result can be an array */
static void
check_array_size(const struct varlena *value)
{
	PpdlCipher	c;
	PpdlError	err;
	size_t		n;

	PPDL_PG(ppdl_cipher_parse(&c, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &err));
	n = (size_t) (c.kind == PPDL_KIND_PACKED ? c.nrows : 1) * c.width;
	if (n > MaxAllocSize / sizeof(Datum) / 2)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%zu decrypted values are too many for an array", n),
				 errhint("Decrypt with the ppdl tool, or pack fewer rows.")));
}

Datum
lwe_decrypt(PG_FUNCTION_ARGS)
{
	struct varlena *value;
	PpdlOwner  *owner;
	PpdlValues *v;
	PpdlGuard  *guard;
	ArrayType  *result;
	PpdlError	err;

	ppdl_require_owner_mode("lwe_decrypt");
	value = PG_GETARG_CIPHER_PP(0);
	check_array_size(value);
	owner = ppdl_owner_session(PG_GETARG_TEXT_PP(1), PG_GETARG_TEXT_PP(2));
	v = palloc0(sizeof(PpdlValues));
	PPDL_PG(ppdl_owner_decrypt(owner, v, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), 0, &err));
	guard = ppdl_guard(CurrentMemoryContext, free_values, v);
	result = values_array(v);
	ppdl_guard_release(guard);
	PG_RETURN_ARRAYTYPE_P(result);
}
