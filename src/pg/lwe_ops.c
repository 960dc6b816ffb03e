/*
 * Operators of lwe_cipher: + - (unary) - * float8.  There are none that compare.
 */
#include "pg/cipher_datum.h"

#include <math.h>

#include "rows/combine.h"

PG_FUNCTION_INFO_V1(lwe_add);
PG_FUNCTION_INFO_V1(lwe_sub);
PG_FUNCTION_INFO_V1(lwe_neg);
PG_FUNCTION_INFO_V1(lwe_mul);
PG_FUNCTION_INFO_V1(lwe_mul_commuted);

static Datum
combine(struct varlena *x, double wx, struct varlena *y, double wy)
{
	PpdlCipher	a,
				b;
	PpdlWriter	w;
	PpdlError	err;

	ppdl_cipher_from_datum(&a, x);
	if (y != NULL)
		ppdl_cipher_from_datum(&b, y);
	ppdl_writer_init(&w);
	return PointerGetDatum(ppdl_cipher_result(ppdl_cipher_combine(&w, &a, wx, y != NULL ? &b : NULL, wy, &err),
											  &w, &err));
}

static Datum
multiply(struct varlena *x, double factor)
{
	if (!isfinite(factor))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("an lwe_cipher cannot be multiplied by NaN or infinity")));
	return combine(x, factor, NULL, 0);
}

Datum
lwe_add(PG_FUNCTION_ARGS)
{
	return combine(PG_GETARG_CIPHER_PP(0), 1, PG_GETARG_CIPHER_PP(1), 1);
}

Datum
lwe_sub(PG_FUNCTION_ARGS)
{
	return combine(PG_GETARG_CIPHER_PP(0), 1, PG_GETARG_CIPHER_PP(1), -1);
}

Datum
lwe_neg(PG_FUNCTION_ARGS)
{
	return combine(PG_GETARG_CIPHER_PP(0), -1, NULL, 0);
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
