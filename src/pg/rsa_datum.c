#include "pg/rsa_datum.h"

#include "pg/cipher_datum.h"
#include "pg/keys.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#define PART_PUBLIC "public"

typedef struct KeyEntry
{
	uint8_t		fingerprint[PPDL_RSA_FINGERPRINT_BYTES];	/* hash key; must be first */
	PpdlRsaPublic *pub;
} KeyEntry;

static HTAB *known_keys = NULL;

void
ppdl_rsa_from_datum(PpdlRsaView *view, struct varlena *value)
{
	PpdlError	err;

	PPDL_PG(ppdl_rsa_view(view, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &err));
}

static const PpdlRsaPublic *
remember(PpdlRsaPublic *pub)
{
	KeyEntry   *entry;
	bool		found;

	if (known_keys == NULL)
	{
		HASHCTL		ctl = {.keysize = PPDL_RSA_FINGERPRINT_BYTES, .entrysize = sizeof(KeyEntry),
						   .hcxt = TopMemoryContext};

		known_keys = hash_create("ppdl RSA public keys", 8, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	entry = hash_search(known_keys, pub->fingerprint, HASH_ENTER, &found);
	entry->pub = pub;
	return pub;
}

static void
free_public(void *pub)
{
	ppdl_rsa_public_free(pub);
}

static const PpdlRsaPublic *
load(const uint8_t *fingerprint)
{
	bytea	   *pem = ppdl_key_part(fingerprint, PART_PUBLIC);
	PpdlRsaPublic *pub;
	const PpdlRsaPublic *known;
	PpdlGuard  *guard;
	PpdlError	err;

	PPDL_PG(ppdl_rsa_public_from_pem(&pub, VARDATA_ANY(pem), VARSIZE_ANY_EXHDR(pem), &err));
	guard = ppdl_guard(CurrentMemoryContext, free_public, pub);
	pfree(pem);
	if (memcmp(pub->fingerprint, fingerprint, PPDL_RSA_FINGERPRINT_BYTES) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("ppdl_key_parts holds key %s under another key's fingerprint", pub->key_id)));
	known = remember(pub);
	guard->arg = NULL;
	return known;
}

const PpdlRsaPublic *
ppdl_rsa_public_if_known(const uint8_t *fingerprint)
{
	KeyEntry   *entry = known_keys != NULL ? hash_search(known_keys, fingerprint, HASH_FIND, NULL) : NULL;
	PpdlKeyPartInfo info;

	if (entry != NULL)
		return entry->pub;
	/* input functions also run where no table can be read */
	if (!ActiveSnapshotSet() || !ppdl_key_part_info(fingerprint, PART_PUBLIC, &info) || !info.complete)
		return NULL;
	return load(fingerprint);
}

const PpdlRsaPublic *
ppdl_rsa_public(const uint8_t *fingerprint)
{
	const PpdlRsaPublic *pub = ppdl_rsa_public_if_known(fingerprint);
	char		id[PPDL_RSA_KEY_ID_LEN + 1];

	if (pub == NULL)
	{
		ppdl_rsa_key_id(id, fingerprint);
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("RSA key %s is not on this server", id),
				 errhint("Its owner publishes it with \"ppdl publish\".")));
	}
	return pub;
}

const PpdlRsaPublic *
ppdl_rsa_public_named(text *name_or_id)
{
	uint8_t		fingerprint[PPDL_RSA_FINGERPRINT_BYTES];
	char	   *name = text_to_cstring(name_or_id);

	ppdl_key_lookup(name, "rsa", fingerprint);
	pfree(name);
	return ppdl_rsa_public(fingerprint);
}

PpdlRsaView *
ppdl_rsa_from_array(ArrayType *array, int *n, const char *what)
{
	Datum	   *datum;
	bool	   *isnull;
	PpdlRsaView *views;
	int16		typlen;
	bool		typbyval;
	char		typalign;

	if (ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be an array of one dimension, not of %d", what, ARR_NDIM(array))));
	get_typlenbyvalalign(ARR_ELEMTYPE(array), &typlen, &typbyval, &typalign);
	deconstruct_array(array, ARR_ELEMTYPE(array), typlen, typbyval, typalign, &datum, &isnull, n);
	views = palloc(sizeof(PpdlRsaView) * (Size) Max(*n, 1));
	for (int i = 0; i < *n; i++)
	{
		if (isnull[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("%s must not contain NULL", what),
					 errdetail("Element %d is NULL.", i + 1)));
		ppdl_rsa_from_datum(&views[i], (struct varlena *) PG_DETOAST_DATUM_PACKED(datum[i]));
	}
	return views;
}
