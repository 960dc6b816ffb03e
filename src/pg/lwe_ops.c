/*
 * Operators of lwe_cipher: + - (unary) - * float8.  There are none that compare.
 */
#include "pg/cipher_datum.h"
#include "pg/keys.h"

#include <math.h>

#include "rows/cipher_read.h"
#include "rows/combine.h"
#include "rows/sum_keys.h"

PG_FUNCTION_INFO_V1(lwe_add);
PG_FUNCTION_INFO_V1(lwe_sub);
PG_FUNCTION_INFO_V1(lwe_neg);
PG_FUNCTION_INFO_V1(lwe_mul);
PG_FUNCTION_INFO_V1(lwe_mul_commuted);

/* can the owner's own compact values be brought to the row ring here? */
static bool
has_bridge(const uint8_t owner[8])
{
	PpdlKeyPartInfo info;
	char		part[64];

	ppdl_key_part_name(part, PPDL_RING_ROW, PPDL_KEY_BRIDGE_COMPACT);
	return ppdl_key_part_info(owner, part, &info) && info.complete;
}

/* values of two keys of one owner, or of two rings: both have to be switched, as a writer's always can be */
static bool
differ(const PpdlCipher *a, const PpdlCipher *b)
{
	const bool	same_key = memcmp(a->fingerprint, b->fingerprint, PPDL_FINGERPRINT_BYTES) == 0;
	uint8_t		mine[8],
				theirs[8];

	if (a->kind == PPDL_KIND_PACKED || b->kind == PPDL_KIND_PACKED || (a->par == b->par && same_key))
		return false;
	ppdl_key_owner(a->fingerprint, mine);
	ppdl_key_owner(b->fingerprint, theirs);
	if (memcmp(mine, theirs, sizeof(mine)) != 0)
		return false;
	return !same_key || memcmp(a->fingerprint, mine, sizeof(mine)) != 0 || has_bridge(mine);
}

/* *c, parsed from value, as what lies in w under the owner's key in the row ring */
static PpdlStatus
bring_home(PpdlEval *ev, PpdlCipher *c, struct varlena *value, PpdlWriter *w, PpdlError *err)
{
	ppdl_write_bytes(w, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value));
	if (w->bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PPDL_TRY(ppdl_key_bring_home(ppdl_pg_writer_of, NULL, ev, w, err));
	return ppdl_cipher_parse(c, w->buf, w->len, err);
}

/* ev: NULL, or both are brought home first, into home[2] */
static PpdlStatus
add_values(PpdlWriter *w, PpdlEval *ev, PpdlWriter *home, PpdlCipher c[2], struct varlena *const value[2], double wy,
		   PpdlError *err)
{
	for (int i = 0; i < 2 && ev != NULL; i++)
		PPDL_TRY(bring_home(ev, &c[i], value[i], &home[i], err));
	return ppdl_cipher_combine(w, &c[0], 1, &c[1], wy, err);
}

static Datum
add(FunctionCallInfo fcinfo, double wy)
{
	struct varlena *const value[2] = {PG_GETARG_CIPHER_PP(0), PG_GETARG_CIPHER_PP(1)};
	PpdlWriter	home[2],
				w;
	PpdlStatus	status;
	PpdlCipher	c[2];
	PpdlEval   *ev;
	PpdlError	err;

	for (int i = 0; i < 2; i++)
	{
		ppdl_cipher_from_datum(&c[i], value[i]);
		ppdl_writer_init(&home[i]);
	}
	ev = differ(&c[0], &c[1]) ? ppdl_switch_eval(fcinfo) : NULL;
	ppdl_writer_init(&w);
	status = add_values(&w, ev, home, c, value, wy, &err);
	for (int i = 0; i < 2; i++)
		ppdl_writer_free(&home[i]);
	PG_RETURN_POINTER(ppdl_cipher_result(status, &w, &err));
}

static Datum
scale(struct varlena *x, double factor)
{
	PpdlCipher	c;
	PpdlWriter	w;
	PpdlError	err;

	ppdl_cipher_from_datum(&c, x);
	ppdl_writer_init(&w);
	return PointerGetDatum(ppdl_cipher_result(ppdl_cipher_combine(&w, &c, factor, NULL, 0, &err), &w, &err));
}

static Datum
multiply(struct varlena *x, double factor)
{
	if (!isfinite(factor))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("an lwe_cipher cannot be multiplied by NaN or infinity")));
	return scale(x, factor);
}

Datum
lwe_add(PG_FUNCTION_ARGS)
{
	return add(fcinfo, 1);
}

Datum
lwe_sub(PG_FUNCTION_ARGS)
{
	return add(fcinfo, -1);
}

Datum
lwe_neg(PG_FUNCTION_ARGS)
{
	return scale(PG_GETARG_CIPHER_PP(0), -1);
}

Datum
lwe_mul(PG_FUNCTION_ARGS)
{
	return multiply(PG_GETARG_CIPHER_PP(0), PG_GETARG_FLOAT8(1));
}

Datum
lwe_mul_commuted(PG_FUNCTION_ARGS)
{
	return multiply(PG_GETARG_CIPHER_PP(1), PG_GETARG_FLOAT8(0));
}
