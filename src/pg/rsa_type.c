/* Input, output and accessors of rsa_cipher. */
#include "pg/cipher_datum.h"
#include "pg/rsa_datum.h"

#include "libpq/pqformat.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(rsa_cipher_in);
PG_FUNCTION_INFO_V1(rsa_cipher_out);
PG_FUNCTION_INFO_V1(rsa_cipher_recv);
PG_FUNCTION_INFO_V1(rsa_cipher_send);
PG_FUNCTION_INFO_V1(rsa_key_id);
PG_FUNCTION_INFO_V1(rsa_kind);
PG_FUNCTION_INFO_V1(rsa_encoding);
PG_FUNCTION_INFO_V1(rsa_parts);
PG_FUNCTION_INFO_V1(rsa_bound);
PG_FUNCTION_INFO_V1(rsa_randomised);
PG_FUNCTION_INFO_V1(rsa_show);

/* Everything that the bytes alone say, and c < n where the key is here. */
static void
check_input(const struct varlena *value, int sqlstate)
{
	PpdlRsaView view;
	const PpdlRsaPublic *pub;
	PpdlError	err;

	if (ppdl_rsa_view(&view, VARDATA(value), VARSIZE(value) - VARHDRSZ, &err) != PPDL_OK)
		ppdl_report_input(sqlstate, "rsa_cipher", &err);
	pub = ppdl_rsa_public_if_known(view.fingerprint);
	if (pub != NULL && ppdl_rsa_view_check(&view, pub, &err) != PPDL_OK)
		ppdl_report_input(sqlstate, "rsa_cipher", &err);
}

Datum
rsa_cipher_in(PG_FUNCTION_ARGS)
{
	struct varlena *value = ppdl_base64_decode(PG_GETARG_CSTRING(0), "rsa_cipher");

	check_input(value, ERRCODE_INVALID_TEXT_REPRESENTATION);
	PG_RETURN_POINTER(value);
}

Datum
rsa_cipher_recv(PG_FUNCTION_ARGS)
{
	struct varlena *value = ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0));

	check_input(value, ERRCODE_INVALID_BINARY_REPRESENTATION);
	PG_RETURN_POINTER(value);
}

Datum
rsa_cipher_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_VARLENA_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

Datum
rsa_cipher_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}

/* the header, without fetching the rest of a value from its TOAST table */
static void
read_header(PpdlRsaView *view, Datum value)
{
	struct varlena *prefix = PG_DETOAST_DATUM_SLICE(value, 0, PPDL_RSA_HEADER_BYTES);
	PpdlError	err;

	PPDL_PG(ppdl_rsa_view_header(view, VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix), &err));
}

Datum
rsa_key_id(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;
	char		id[PPDL_RSA_KEY_ID_LEN + 1];

	read_header(&view, PG_GETARG_DATUM(0));
	ppdl_rsa_key_id(id, view.fingerprint);
	PG_RETURN_TEXT_P(cstring_to_text(id));
}

Datum
rsa_kind(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;

	read_header(&view, PG_GETARG_DATUM(0));
	PG_RETURN_TEXT_P(cstring_to_text(view.kind == PPDL_RSA_VALUE ? "value" : "prediction"));
}

Datum
rsa_encoding(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;

	read_header(&view, PG_GETARG_DATUM(0));
	PG_RETURN_TEXT_P(cstring_to_text(ppdl_rsa_encoding_name(view.encoding)));
}

Datum
rsa_parts(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;

	read_header(&view, PG_GETARG_DATUM(0));
	PG_RETURN_INT32((int32) view.parts);
}

Datum
rsa_randomised(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;

	read_header(&view, PG_GETARG_DATUM(0));
	PG_RETURN_BOOL((view.flags & PPDL_RSA_RANDOMISED) != 0);
}

/* rsa_cipher<value, key 0123456789abcdef, exponent, 1 part> */
Datum
rsa_show(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;
	char		id[PPDL_RSA_KEY_ID_LEN + 1];

	read_header(&view, PG_GETARG_DATUM(0));
	ppdl_rsa_key_id(id, view.fingerprint);
	PG_RETURN_TEXT_P(cstring_to_text(psprintf("rsa_cipher<%s, key %s, %s, %d part%s>",
											  view.kind == PPDL_RSA_VALUE ? "value" : "prediction", id,
											  ppdl_rsa_encoding_name(view.encoding), (int) view.parts,
											  view.parts == 1 ? "" : "s")));
}

Datum
rsa_bound(PG_FUNCTION_ARGS)
{
	PpdlRsaView view;

	ppdl_rsa_from_datum(&view, PG_GETARG_VARLENA_PP(0));
	if (view.kind != PPDL_RSA_VALUE)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rsa_cipher is a prediction, which has no single bound")));
	PG_RETURN_FLOAT8(ppdl_rsa_view_bound(&view) / (double) PPDL_RSA_BOUND_BITS(1));
}
