/* Encryption under a stored public key, and the operators of rsa_cipher. */
#include "pg/cipher_datum.h"
#include "pg/rsa_datum.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(rsa_encrypt);
PG_FUNCTION_INFO_V1(rsa_encrypt_features);
PG_FUNCTION_INFO_V1(rsa_mul);
PG_FUNCTION_INFO_V1(rsa_add);
PG_FUNCTION_INFO_V1(rsa_pow);

static char *
numeric_text(Datum value)
{
	return DatumGetCString(DirectFunctionCall1(numeric_out, value));
}

static PpdlStatus
encrypt_count(const PpdlRsaPublic *pub, const char *value, const char *max, bool randomise, PpdlWriter *w,
			  PpdlError *err)
{
	uint32_t	q,
				top = PPDL_RSA_COUNT_MAX;

	PPDL_TRY(ppdl_rsa_parse_count(&q, value, "value", err));
	if (max != NULL)
		PPDL_TRY(ppdl_rsa_parse_count(&top, max, "max_value", err));
	return ppdl_rsa_encrypt_count(pub, q, top, randomise ? PPDL_RSA_RANDOM_BITS : 0, w, err);
}

/* rsa_encrypt(key, value, encoding, max_value, randomise); max_value may be NULL */
Datum
rsa_encrypt(PG_FUNCTION_ARGS)
{
	const PpdlRsaPublic *pub;
	char	   *encoding,
			   *value,
			   *max;
	PpdlStatus	status;
	PpdlWriter	w;
	PpdlError	err;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(4))
		PG_RETURN_NULL();
	pub = ppdl_rsa_public_named(PG_GETARG_TEXT_PP(0));
	value = numeric_text(PG_GETARG_DATUM(1));
	encoding = text_to_cstring(PG_GETARG_TEXT_PP(2));
	max = PG_ARGISNULL(3) ? NULL : numeric_text(PG_GETARG_DATUM(3));
	ppdl_writer_init(&w);
	if (strcmp(encoding, ppdl_rsa_encoding_name(PPDL_RSA_PRODUCT)) == 0)
		status = ppdl_rsa_encrypt_integer(pub, value, max, &w, &err);
	else if (strcmp(encoding, ppdl_rsa_encoding_name(PPDL_RSA_EXPONENT)) == 0)
		status = encrypt_count(pub, value, max, PG_GETARG_BOOL(4), &w, &err);
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown encoding \"%s\"", encoding),
				 errhint("The encodings are \"product\" and \"exponent\".")));
	PG_RETURN_POINTER(ppdl_cipher_result(status, &w, &err));
}

/* rsa_encrypt_features(key, features, input_bits, randomise) */
Datum
rsa_encrypt_features(PG_FUNCTION_ARGS)
{
	const PpdlRsaPublic *pub = ppdl_rsa_public_named(PG_GETARG_TEXT_PP(0));
	ArrayType  *features = PG_GETARG_ARRAYTYPE_P(1);
	int			random_bits = PG_GETARG_BOOL(3) ? PPDL_RSA_RANDOM_BITS : 0;
	Oid			type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	int			n = ArrayGetNItems(ARR_NDIM(features), ARR_DIMS(features));
	const double *x = (const double *) ARR_DATA_PTR(features);
	Datum	   *out = palloc(sizeof(Datum) * (Size) Max(n, 1));
	PpdlRsaGrid grid;
	PpdlWriter	w;
	PpdlStatus	status;
	PpdlError	err;

	if (ARR_NDIM(features) > 1 || array_contains_nulls(features))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("features must be an array of one dimension without NULL")));
	PPDL_PG(ppdl_rsa_input_grid(&grid, PG_GETARG_INT32(2), &err));
	for (int i = 0; i < n; i++)
	{
		ppdl_writer_init(&w);
		status = ppdl_rsa_encrypt_on_grid(pub, x[i], &grid, random_bits, &w, &err);
		if (status == PPDL_ERR_RANGE)
			ppdl_error_detail(&err, status, "This is feature %d.", i + 1);
		out[i] = PointerGetDatum(ppdl_cipher_result(status, &w, &err));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(out, n, type, -1, false, TYPALIGN_DOUBLE));
}

static Datum
multiply(struct varlena *a, struct varlena *b, bool sum)
{
	PpdlRsaView va,
				vb;
	PpdlWriter	w;
	PpdlError	err;

	ppdl_rsa_from_datum(&va, a);
	ppdl_rsa_from_datum(&vb, b);
	if (sum && va.encoding != PPDL_RSA_EXPONENT)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("rsa_ciphers in the product encoding cannot be added"),
				 errhint("Encrypt with encoding => 'exponent' for sums.")));
	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_rsa_multiply(ppdl_rsa_public(va.fingerprint), &va, &vb, &w, &err), &w,
										 &err));
}

Datum
rsa_mul(PG_FUNCTION_ARGS)
{
	return multiply(PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1), false);
}

Datum
rsa_add(PG_FUNCTION_ARGS)
{
	return multiply(PG_GETARG_VARLENA_PP(0), PG_GETARG_VARLENA_PP(1), true);
}

Datum
rsa_pow(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;
	PpdlWriter	w;
	PpdlError	err;

	ppdl_rsa_from_datum(&view, PG_GETARG_VARLENA_PP(0));
	ppdl_writer_init(&w);
	PG_RETURN_POINTER(ppdl_cipher_result(ppdl_rsa_power(ppdl_rsa_public(view.fingerprint), &view, PG_GETARG_INT64(1),
														&w, &err),
										 &w, &err));
}
