/*
 * Reading and writing ppdl_models, and the models a backend remembers.
 *
 * A remembered model is found by all that is stored of it (name, version, and a SHA-256 of the specification and
 * the weights), never by the place of its row: places are taken again after VACUUM FULL, TRUNCATE and the like.
 */
#include "pg/model.h"

#include <openssl/evp.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "net/train.h"
#include "pg/locks.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#define KEEP_MODELS 8			/* that nobody uses at the moment */

typedef struct PpdlModelEntry
{
	PpdlModel	model;
	int			pins;
	uint64		used;			/* clock of its last use */
	struct PpdlModelEntry *next;
} PpdlModelEntry;

static PpdlModelEntry *entries = NULL;
static uint64 use_clock = 0;

static void
free_entry(PpdlModelEntry *e)
{
	ppdl_predictors_destroy(e->model.predictors);
	ppdl_net_destroy(e->model.net);
	free(e);
}

/* forgets the longest unused ones beyond KEEP_MODELS */
static void
trim_entries(void)
{
	for (;;)
	{
		PpdlModelEntry **oldest = NULL;
		int			idle = 0;

		for (PpdlModelEntry **p = &entries; *p != NULL; p = &(*p)->next)
		{
			if ((*p)->pins > 0)
				continue;
			idle++;
			if (oldest == NULL || (*p)->used < (*oldest)->used)
				oldest = p;
		}
		if (idle <= KEEP_MODELS)
			return;
		else
		{
			PpdlModelEntry *e = *oldest;

			*oldest = e->next;
			free_entry(e);
		}
	}
}

static void
unpin(void *arg)
{
	PpdlModelEntry *e = arg;

	e->pins--;
	if (e->pins == 0)
		trim_entries();
}

static PpdlModel *
pin(PpdlModelEntry *e, MemoryContext context)
{
	e->used = ++use_clock;
	e->pins++;
	ppdl_guard(context, unpin, e);
	return &e->model;
}

static void
unknown_model(const char *ref, const char *name, int version)
{
	if (version == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("model \"%s\" does not exist", name),
				 errhint("Make it with ppdl_create_model(); the table ppdl_models lists those that exist.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" does not exist", ref),
			 errhint("The table ppdl_models lists the models and versions that exist; "
					 "a name without version means the default version.")));
}

/* catalogues of 0.1.0 know no default version: there a name means the latest */
static bool
has_defaults(void)
{
	return get_attnum(ppdl_relation("ppdl_models"), "is_default") != InvalidAttrNumber;
}

/* the tuple of a model version (0: the default one, else the latest) with the columns that are asked for; inside SPI */
static HeapTuple
find_row(const char *columns, const char *ref)
{
	char		name[PPDL_MODEL_NAME];
	int			version;
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2];
	char	   *sql;

	ppdl_model_parse_ref(ref, name, &version);
	sql = psprintf("SELECT %s FROM %s.ppdl_models WHERE name OPERATOR(pg_catalog.=) $1"
				   " AND ($2 OPERATOR(pg_catalog.=) 0 OR version OPERATOR(pg_catalog.=) $2)"
				   " ORDER BY %sversion DESC LIMIT 1", columns, ppdl_schema_name(),
				   has_defaults() ? "is_default DESC, " : "");
	values[0] = CStringGetTextDatum(name);
	values[1] = Int32GetDatum(version);
	if (SPI_execute_with_args(sql, 2, types, values, NULL, true, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read ppdl_models");
	if (SPI_processed == 0)
		unknown_model(ref, name, version);
	return SPI_tuptable->vals[0];
}

static Datum
column(HeapTuple row, int i, bool *isnull)
{
	return SPI_getbinval(row, SPI_tuptable->tupdesc, i, isnull);
}

/* a row of ppdl_models; what it points to lives as long as SPI's connection */
typedef struct StoredModel
{
	const char *name,
			   *spec,
			   *key_id;			/* NULL: none */
	int			version;
	ArrayType  *weights;		/* NULL: none in the clear */
	bool		encrypted;
	struct varlena *cipher;		/* encrypted weights; NULL: none */
	uint8_t		digest[32];
} StoredModel;

static void
add_to_digest(EVP_MD_CTX *ctx, bool *ok, const void *data, size_t len)
{
	uint64		length = data != NULL ? len : UINT64_MAX;

	*ok = *ok && EVP_DigestUpdate(ctx, &length, sizeof(length)) == 1 && (data == NULL ||
																		 EVP_DigestUpdate(ctx, data, len) == 1);
}

static void
digest_model(StoredModel *m)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool		ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	add_to_digest(ctx, &ok, m->name, strlen(m->name));
	add_to_digest(ctx, &ok, &m->version, sizeof(m->version));
	add_to_digest(ctx, &ok, m->spec, strlen(m->spec));
	add_to_digest(ctx, &ok, m->weights, m->weights != NULL ? VARSIZE(m->weights) : 0);
	add_to_digest(ctx, &ok, m->key_id, m->key_id != NULL ? strlen(m->key_id) : 0);
	add_to_digest(ctx, &ok, &m->encrypted, sizeof(m->encrypted));
	add_to_digest(ctx, &ok, m->cipher, m->cipher != NULL ? VARSIZE(m->cipher) : 0);
	ok = ok && EVP_DigestFinal_ex(ctx, m->digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		elog(ERROR, "could not compute SHA-256");
}

/* inside SPI */
static void
read_stored(StoredModel *m, const char *ref)
{
	HeapTuple	row = find_row("name, version, spec::pg_catalog.text, weights, key_id,"
							   " cipher IS NOT NULL, cipher[1]", ref);
	bool		isnull;
	Datum		d;

	m->name = TextDatumGetCString(column(row, 1, &isnull));
	m->version = DatumGetInt32(column(row, 2, &isnull));
	m->spec = TextDatumGetCString(column(row, 3, &isnull));
	d = column(row, 4, &isnull);
	m->weights = isnull ? NULL : DatumGetArrayTypeP(d);
	d = column(row, 5, &isnull);
	m->key_id = isnull ? NULL : TextDatumGetCString(d);
	m->encrypted = DatumGetBool(column(row, 6, &isnull));
	d = column(row, 7, &isnull);
	m->cipher = isnull ? NULL : PG_DETOAST_DATUM(d);
	digest_model(m);
}

/* 0.1.0 took biases for networks with "bias": false, and used them */
static void
forbidden_bias(const StoredModel *m, const PpdlError *err)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("model \"%s\" version %d: %s", m->name, m->version, err->message),
			 errdetail("ppdl 0.1.0 stored such models, used their biases in the clear and dropped them "
					   "from encrypted models."),
			 errhint("To keep the biases: UPDATE ppdl_models SET spec = spec - 'bias' "
					 "WHERE name = '%s' AND version = %d. Else set them to 0 in its weights.", m->name, m->version)));
}

static void
set_weights(const StoredModel *m, PpdlNet *net)
{
	int			count = ppdl_net_weight_count(net);
	PpdlError	err;
	PpdlStatus	status = ppdl_net_set_weights(net, ppdl_float8_vector(m->weights, count, "weights"), count, &err);

	if (status == PPDL_ERR_ARGUMENT && !net->bias)
		forbidden_bias(m, &err);
	PPDL_PG(status);
}

static void
make_model(PpdlModel *model, const StoredModel *m)
{
	PpdlError	err;

	strlcpy(model->name, m->name, sizeof(model->name));
	model->version = m->version;
	PPDL_PG(ppdl_net_parse(&model->net, m->spec, &err));
	if (m->weights != NULL)
		set_weights(m, model->net);
	if (m->key_id != NULL)
		strlcpy(model->key_id, m->key_id, sizeof(model->key_id));
	model->encrypted = m->encrypted;
}

static void
destroy_entry(void *arg)
{
	free_entry(arg);
}

static PpdlModelEntry *
new_entry(const StoredModel *m)
{
	PpdlModelEntry *e = calloc(1, sizeof(PpdlModelEntry));
	PpdlGuard  *guard;

	if (e == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	guard = ppdl_guard(CurrentMemoryContext, destroy_entry, e);
	e->model.entry = e;
	memcpy(e->model.digest, m->digest, sizeof(e->model.digest));
	make_model(&e->model, m);
	guard->arg = NULL;			/* now the list's */
	e->next = entries;
	entries = e;
	return e;
}

static PpdlModelEntry *
find_entry(const StoredModel *m)
{
	PpdlModelEntry *e;

	for (e = entries; e != NULL; e = e->next)
		if (strcmp(e->model.name, m->name) == 0 && e->model.version == m->version &&
			memcmp(e->model.digest, m->digest, sizeof(m->digest)) == 0)
			break;
	return e;
}

PpdlModel *
ppdl_model_open(const char *ref, MemoryContext context)
{
	StoredModel stored;
	PpdlModelEntry *e;
	PpdlModel  *model;
	const char *checksum = strchr(ref, '#');

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	read_stored(&stored, checksum != NULL ? pnstrdup(ref, checksum - ref) : ref);
	e = find_entry(&stored);
	model = pin(e != NULL ? e : new_entry(&stored), context);
	SPI_finish();
	trim_entries();
	if (checksum != NULL)
		ppdl_model_check_pin(model, ref);
	return model;
}

/*
 * Who saw what: equal views show the same rows of a table.  (With both ends equal, transactions that run can only have
 * become fewer.)
 */
typedef struct View
{
	Oid			user;
	TransactionId xmin,
				xmax;
	uint32		running;		/* transactions; on a standby they are counted as subtransactions */
	int32		subtransactions;
	CommandId	command;
} View;

static View
view_of(Snapshot s)
{
	return (View) {GetUserId(), s->xmin, s->xmax, s->xcnt, s->subxcnt, s->curcid};
}

static bool
same_view(const View *a, const View *b)
{
	return a->user == b->user && a->xmin == b->xmin && a->xmax == b->xmax && a->running == b->running &&
		a->subtransactions == b->subtransactions && a->command == b->command;
}

/* What a function call remembers: the model, and the view that it was found in. */
typedef struct ModelArgument
{
	PpdlModel  *model;
	text	   *ref;
	View		view;
	MemoryContext context;		/* the pin's */
} ModelArgument;

PpdlModel *
ppdl_model_argument(FunctionCallInfo fcinfo, int arg)
{
	ModelArgument *m = fcinfo->flinfo->fn_extra;
	text	   *ref = PG_GETARG_TEXT_PP(arg);
	View		view = view_of(GetActiveSnapshot());
	MemoryContext parent = fcinfo->flinfo->fn_mcxt;
	MemoryContext old;
	PpdlModel  *model;
	char	   *name;

	if (m != NULL && m->model != NULL && same_view(&m->view, &view) &&
		VARSIZE_ANY_EXHDR(ref) == VARSIZE_ANY_EXHDR(m->ref) &&
		memcmp(VARDATA_ANY(ref), VARDATA_ANY(m->ref), VARSIZE_ANY_EXHDR(ref)) == 0)
		return m->model;
	if (m == NULL)
	{
		m = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(parent, sizeof(ModelArgument));
		m->context = AllocSetContextCreate(parent, "ppdl model argument", ALLOCSET_SMALL_SIZES);
	}
	m->model = NULL;
	MemoryContextReset(m->context);
	old = MemoryContextSwitchTo(m->context);
	m->ref = (text *) pg_detoast_datum_copy((struct varlena *) ref);
	MemoryContextSwitchTo(old);
	name = text_to_cstring(ref);
	model = ppdl_model_open(name, m->context);
	ppdl_model_check_named(model, name);
	m->model = model;
	m->view = view;
	return m->model;
}

static ArrayType *
weights_array(const PpdlNet *net)
{
	int			n = ppdl_net_weight_count(net);
	double	   *w = palloc_extended(sizeof(double) * n, MCXT_ALLOC_HUGE);
	Datum	   *d = palloc_extended(sizeof(Datum) * n, MCXT_ALLOC_HUGE);

	ppdl_net_get_weights(net, w);
	for (int i = 0; i < n; i++)
		d[i] = Float8GetDatum(w[i]);
	return construct_array(d, n, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE);
}

/* what a new version holds; the weights are the network's, unless there are encrypted ones */
typedef struct NewVersion
{
	const char *name;
	bool		first;			/* the model must not exist yet */
	const PpdlNet *net;
	struct varlena *cipher;
	const char *key_id;
	const char *trained;
} NewVersion;

static Oid
cipher_type(void)
{
	return GetSysCacheOid2(TYPENAMENSP, Anum_pg_type_oid, CStringGetDatum("lwe_cipher"),
						   ObjectIdGetDatum(ppdl_schema()));
}

static ArrayType *
one_cipher(struct varlena *cipher)
{
	Datum		d = PointerGetDatum(cipher);

	return construct_array(&d, 1, cipher_type(), -1, false, TYPALIGN_DOUBLE);
}

void
ppdl_model_check_store(const char *command)
{
	AclResult	result;

	PreventCommandIfReadOnly(command);
	result = pg_class_aclcheck(ppdl_relation("ppdl_models"), GetUserId(), ACL_INSERT);
	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_TABLE, "ppdl_models");
}

/* a first version must be the first, all others must not */
static void
nothing_stored(const NewVersion *v)
{
	if (v->first)
		ereport(ERROR,
				(errcode(ERRCODE_DUPLICATE_OBJECT),
				 errmsg("model \"%s\" already exists", v->name),
				 errhint("ppdl_train() adds versions to a model; ppdl_drop_model() removes it.")));
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("model \"%s\" was dropped while it was being trained", v->name)));
}

/* a version with weights is the default one if there is none yet */
#define FIRST_TRAINED ", ($3 IS NOT NULL OR $6 IS NOT NULL) AND NOT coalesce(pg_catalog.bool_or(is_default), false)"

/* tells which version a name means after one was added that is not the first; inside SPI */
static void
tell_default(const NewVersion *v, int version)
{
	Oid			type = TEXTOID;
	Datum		name = CStringGetTextDatum(v->name);
	bool		isnull;
	int			means;

	if (SPI_execute_with_args(psprintf("SELECT version FROM %s.ppdl_models "
									   "WHERE name OPERATOR(pg_catalog.=) $1 AND is_default", ppdl_schema_name()),
							  1, &type, &name, NULL, false, 1) != SPI_OK_SELECT)
		elog(ERROR, "could not read ppdl_models");
	if (SPI_processed == 0)
		return;
	means = DatumGetInt32(column(SPI_tuptable->vals[0], 1, &isnull));
	if (means == version)
		ereport(NOTICE,
				(errmsg("\"%s\" means \"%s@%d\" from now on", v->name, v->name, version),
				 errdetail("There was no default version before.")));
	else
		ereport(NOTICE,
				(errmsg("\"%s\" still means \"%s@%d\"", v->name, v->name, means),
				 errhint("SELECT ppdl_set_default_model('%s@%d') makes the new version the default one.", v->name,
						 version)));
}

static int
insert_version(const NewVersion *v, Oid *types, Datum *values, const char *nulls)
{
	const bool	defaults = has_defaults();
	int			version;
	bool		isnull;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute_with_args(psprintf("INSERT INTO %1$s.ppdl_models (name, version, spec, weights, "
									   "trained, cipher, key_id%2$s) "
									   "SELECT $1, coalesce(pg_catalog.max(version), 0) OPERATOR(pg_catalog.+) 1, "
									   "$2::pg_catalog.jsonb, $3, $4::pg_catalog.jsonb, $6, $7%3$s "
									   "FROM %1$s.ppdl_models WHERE name OPERATOR(pg_catalog.=) $1 "
									   "HAVING (pg_catalog.count(*) OPERATOR(pg_catalog.=) 0) "
									   "OPERATOR(pg_catalog.=) $5 RETURNING version",
									   ppdl_schema_name(), defaults ? ", is_default" : "",
									   defaults ? FIRST_TRAINED : ""),
							  7, types, values, nulls, false, 1) != SPI_OK_INSERT_RETURNING)
		elog(ERROR, "could not write ppdl_models");
	if (SPI_processed == 0)
		nothing_stored(v);
	version = DatumGetInt32(column(SPI_tuptable->vals[0], 1, &isnull));
	if (defaults && !v->first)
		tell_default(v, version);
	SPI_finish();
	return version;
}

static int
store(const NewVersion *v)
{
	Oid			types[7] = {TEXTOID, TEXTOID, FLOAT8ARRAYOID, TEXTOID, BOOLOID, InvalidOid, TEXTOID};
	Datum		values[7] = {0};
	char		nulls[8] = "  nn nn";
	char	   *json;
	PpdlError	err;

	/* one writer of a name at a time: the next version is read and taken under this lock */
	ppdl_lock_name(PPDL_LOCK_VERSIONS, v->name);
	PPDL_PG(ppdl_net_json(v->net, &json, &err));
	values[0] = CStringGetTextDatum(v->name);
	values[1] = CStringGetTextDatum(ppdl_take_text(json));
	types[5] = get_array_type(cipher_type());
	if (v->cipher != NULL)
	{
		values[5] = PointerGetDatum(one_cipher(v->cipher));
		values[6] = CStringGetTextDatum(v->key_id);
		nulls[5] = nulls[6] = ' ';
	}
	else if (ppdl_net_check_trained(v->net, NULL) == PPDL_OK)
	{
		values[2] = PointerGetDatum(weights_array(v->net));
		nulls[2] = ' ';
	}
	if (v->trained != NULL)
	{
		values[3] = CStringGetTextDatum(v->trained);
		nulls[3] = ' ';
	}
	values[4] = BoolGetDatum(v->first);
	return insert_version(v, types, values, nulls);
}

static int
set_default(const char *name, int version)
{
	static const char *const step[] = {
		"UPDATE %s.ppdl_models SET is_default = false WHERE name OPERATOR(pg_catalog.=) $1 AND is_default"
			" AND version OPERATOR(pg_catalog.<>) $2",
		"UPDATE %s.ppdl_models SET is_default = true WHERE name OPERATOR(pg_catalog.=) $1"
			" AND version OPERATOR(pg_catalog.=) $2 AND (weights IS NOT NULL OR cipher IS NOT NULL)"
	};
	Oid			types[2] = {TEXTOID, INT4OID};
	Datum		values[2] = {CStringGetTextDatum(name), Int32GetDatum(version)};
	int			found;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	for (int i = 0; i < lengthof(step); i++)
		if (SPI_execute_with_args(psprintf(step[i], ppdl_schema_name()), 2, types, values, NULL, false,
								  0) != SPI_OK_UPDATE)
			elog(ERROR, "could not update ppdl_models");
	found = (int) SPI_processed;
	SPI_finish();
	return found;
}

void
ppdl_model_set_default(const char *name, int version)
{
	ppdl_lock_name(PPDL_LOCK_VERSIONS, name);
	if (set_default(name, version) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no model \"%s@%d\" with weights", name, version),
				 errhint("The view ppdl_model_info lists models, their versions, and which of them have weights.")));
}

int
ppdl_model_store(const char *name, bool first, const PpdlNet *net, const char *trained)
{
	return store(&(NewVersion) {.name = name, .first = first, .net = net, .trained = trained});
}

int
ppdl_model_store_encrypted(const char *name, const PpdlNet *net, struct varlena *weights, const char *key_id,
						   const char *trained)
{
	return store(&(NewVersion) {.name = name, .net = net, .cipher = weights, .key_id = key_id, .trained = trained});
}

struct varlena *
ppdl_model_encrypted_weights(const PpdlModel *model)
{
	MemoryContext context = CurrentMemoryContext,
				old;
	char		ref[PPDL_MODEL_REF];
	struct varlena *weights;
	bool		isnull;
	Datum		d;

	ppdl_model_format_ref(model, ref);
	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	d = column(find_row("cipher[1]", ref), 1, &isnull);
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("model \"%s\" has no encrypted weights", ref)));
	old = MemoryContextSwitchTo(context);
	weights = pg_detoast_datum_copy((struct varlena *) DatumGetPointer(d));
	MemoryContextSwitchTo(old);
	SPI_finish();
	return weights;
}

static void
destroy_net(void *arg)
{
	ppdl_net_destroy(arg);
}

PpdlNet *
ppdl_model_untrained(const PpdlModel *model, MemoryContext context)
{
	PpdlNet    *net;
	PpdlError	err;

	PPDL_PG(ppdl_net_clone_untrained(&net, model->net, &err));
	ppdl_guard(context, destroy_net, net);
	return net;
}

const double *
ppdl_float8_vector(ArrayType *array, int want, const char *what)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s must be a one-dimensional array, not one of %d dimensions", what, ARR_NDIM(array))));
	if (n != want)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d values, the model takes %d", what, n, want)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("%s must not contain NULL", what)));
	return (const double *) ARR_DATA_PTR(array);
}
