/*
 * Input, output, typmod and accessors of lwe_cipher.
 */
#include "pg/cipher_datum.h"

#include "catalog/pg_type.h"
#include "libpq/pqformat.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "rows/batch.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/partner.h"

PG_FUNCTION_INFO_V1(lwe_cipher_in);
PG_FUNCTION_INFO_V1(lwe_cipher_out);
PG_FUNCTION_INFO_V1(lwe_cipher_recv);
PG_FUNCTION_INFO_V1(lwe_cipher_send);
PG_FUNCTION_INFO_V1(lwe_cipher_typmod_in);
PG_FUNCTION_INFO_V1(lwe_cipher_typmod_out);
PG_FUNCTION_INFO_V1(lwe_cipher_enforce_typmod);
PG_FUNCTION_INFO_V1(lwe_key_id);
PG_FUNCTION_INFO_V1(lwe_kind);
PG_FUNCTION_INFO_V1(lwe_level);
PG_FUNCTION_INFO_V1(lwe_ring);
PG_FUNCTION_INFO_V1(lwe_width);
PG_FUNCTION_INFO_V1(lwe_scale);
PG_FUNCTION_INFO_V1(lwe_error);
PG_FUNCTION_INFO_V1(lwe_rows);
PG_FUNCTION_INFO_V1(lwe_batch);
PG_FUNCTION_INFO_V1(lwe_encoding);
PG_FUNCTION_INFO_V1(lwe_show);

#define MAX_WIDTH 16384			/* N of the row ring */

static void
check_input(const struct varlena *value, int32 typmod, int sqlstate)
{
	PpdlError	err;
	PpdlCipher	c;

	if (ppdl_cipher_validate(VARDATA(value), VARSIZE(value) - VARHDRSZ, &err) != PPDL_OK)
		ppdl_report_input(sqlstate, "lwe_cipher", &err);
	if (typmod != -1)
	{
		PPDL_PG(ppdl_cipher_parse(&c, VARDATA(value), VARSIZE(value) - VARHDRSZ, &err));
		ppdl_check_typmod(&c, typmod);
	}
}

Datum
lwe_cipher_in(PG_FUNCTION_ARGS)
{
	struct varlena *value = ppdl_base64_decode(PG_GETARG_CSTRING(0), "lwe_cipher");

	check_input(value, PG_GETARG_INT32(2), ERRCODE_INVALID_TEXT_REPRESENTATION);
	PG_RETURN_POINTER(value);
}

Datum
lwe_cipher_recv(PG_FUNCTION_ARGS)
{
	struct varlena *value = ppdl_receive_bytes((StringInfo) PG_GETARG_POINTER(0));

	check_input(value, PG_GETARG_INT32(2), ERRCODE_INVALID_BINARY_REPRESENTATION);
	PG_RETURN_POINTER(value);
}

Datum
lwe_cipher_out(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_GETARG_CIPHER_PP(0);

	PG_RETURN_CSTRING(ppdl_base64_encode(VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value)));
}

Datum
lwe_cipher_send(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(PG_GETARG_BYTEA_P_COPY(0));
}

Datum
lwe_cipher_typmod_in(PG_FUNCTION_ARGS)
{
	int			n;
	int32	   *modifier = ArrayGetIntegerTypmods(PG_GETARG_ARRAYTYPE_P(0), &n);

	if (n != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("type modifier of lwe_cipher is one number, the values a row has")));
	if (modifier[0] < 1 || modifier[0] > MAX_WIDTH)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("width of lwe_cipher must be between 1 and %d, not %d", MAX_WIDTH, modifier[0])));
	PG_RETURN_INT32(modifier[0]);
}

Datum
lwe_cipher_typmod_out(PG_FUNCTION_ARGS)
{
	int32		typmod = PG_GETARG_INT32(0);

	PG_RETURN_CSTRING(typmod < 0 ? pstrdup("") : psprintf("(%d)", typmod));
}

/* The leading bytes of a value, without fetching the rest from its TOAST table. */
typedef struct Header
{
	PpdlCipher	c;				/* as far as ppdl_cipher_peek fills it, and: */
	double		noise;			/* all but slices */
	uint8_t		layout;			/* packed, and c.logk */
	uint32_t	nrows;
	uint32_t	parts;			/* 1 unless a sum has several */
	int			tagged;			/* slices: with tags and a MAC */
} Header;

#define PREFIX 48

static void
read_header(Header *h, Datum value)
{
	struct varlena *prefix = PG_DETOAST_DATUM_SLICE(value, 0, PREFIX);
	PpdlReader	r = ppdl_reader(VARDATA_ANY(prefix), VARSIZE_ANY_EXHDR(prefix));
	PpdlError	err;

	if (ppdl_reader_left(&r) < PREFIX)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("lwe_cipher value is cut short")));
	PPDL_PG(ppdl_cipher_peek(&h->c, VARDATA_ANY(prefix), &err));
	ppdl_read_bytes(&r, PPDL_CIPHER_HEADER);
	h->noise = PPDL_SIGMA;
	h->layout = PPDL_LAYOUT_COEFFS;
	h->nrows = h->parts = 1;
	h->tagged = h->c.kind == PPDL_KIND_SLICE && (r.p[0] & PPDL_SLICE_TAGGED) != 0;
	if (h->c.kind != PPDL_KIND_SLICE)
	{
		h->noise = ppdl_read_f64(&r);
		ppdl_read_f64(&r);		/* bound */
	}
	if (h->c.kind == PPDL_KIND_PACKED)
	{
		h->layout = ppdl_read_u8(&r);
		h->c.logk = ppdl_read_u8(&r);
		ppdl_read_bytes(&r, 2);
		h->nrows = ppdl_read_u32(&r);
	}
	if (h->c.kind == PPDL_KIND_PARTS)
	{
		ppdl_read_bytes(&r, 4);
		h->parts = ppdl_read_u32(&r);
	}
}

/* The typmod cast. Reads the header only: the value itself may stay toasted. */
Datum
lwe_cipher_enforce_typmod(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	ppdl_check_typmod(&h.c, PG_GETARG_INT32(1));
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

Datum
lwe_key_id(PG_FUNCTION_ARGS)
{
	Header		h;
	char		hex[17];

	read_header(&h, PG_GETARG_DATUM(0));
	ppdl_fingerprint_hex(hex, h.c.fingerprint);
	PG_RETURN_TEXT_P(cstring_to_text(hex));
}

static const char *
kind_name(const Header *h)
{
	static const char *const names[] = {"slice", "row", "packed", "parts"};

	return names[h->c.kind - PPDL_KIND_SLICE];
}

Datum
lwe_kind(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	PG_RETURN_TEXT_P(cstring_to_text(kind_name(&h)));
}

/* lwe_cipher<slice, key 0123456789abcdef, 16 values, full> */
Datum
lwe_show(PG_FUNCTION_ARGS)
{
	Header		h;
	char		hex[17];
	StringInfoData text;

	read_header(&h, PG_GETARG_DATUM(0));
	ppdl_fingerprint_hex(hex, h.c.fingerprint);
	initStringInfo(&text);
	appendStringInfo(&text, "lwe_cipher<%s, key %s, ", kind_name(&h), hex);
	if (h.c.kind == PPDL_KIND_PACKED)
		appendStringInfo(&text, "%u row%s of ", h.nrows, h.nrows == 1 ? "" : "s");
	if (h.c.kind == PPDL_KIND_PARTS)
		appendStringInfo(&text, "%u rows that add up, ", h.parts);
	appendStringInfo(&text, "%d value%s, ", h.c.width, h.c.width == 1 ? "" : "s");
	if (h.c.kind == PPDL_KIND_SLICE && (h.c.limbs == 1 || h.c.limbs == h.c.par->nq))
		appendStringInfo(&text, "%s", h.c.limbs == 1 ? "compact" : "full");
	else
		appendStringInfo(&text, "%d limb%s", h.c.limbs, h.c.limbs == 1 ? "" : "s");
	appendStringInfoString(&text, h.tagged ? ", tagged>" : ">");
	PG_RETURN_TEXT_P(cstring_to_text(text.data));
}

Datum
lwe_level(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	PG_RETURN_INT32(h.c.limbs);
}

Datum
lwe_ring(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	PG_RETURN_TEXT_P(cstring_to_text(h.c.par->name));
}

Datum
lwe_width(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	PG_RETURN_INT32(h.c.width);
}

Datum
lwe_scale(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	PG_RETURN_FLOAT8(h.c.scale);
}

Datum
lwe_error(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	h.c.noise = h.noise;
	h.c.layout = (PpdlLayout) h.layout;
	PG_RETURN_FLOAT8(ppdl_cipher_error(&h.c));
}

Datum
lwe_rows(PG_FUNCTION_ARGS)
{
	Header		h;

	read_header(&h, PG_GETARG_DATUM(0));
	PG_RETURN_INT64((int64) h.nrows);
}

/* NULL unless the value is a row of a batch */
Datum
lwe_batch(PG_FUNCTION_ARGS)
{
	Header		h;
	struct varlena *start;
	uint64_t	number;
	PpdlError	err;

	read_header(&h, PG_GETARG_DATUM(0));
	if (h.c.kind != PPDL_KIND_SLICE)
		PG_RETURN_NULL();
	start = PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0, PPDL_SLICE_HEADER);
	if (VARSIZE_ANY_EXHDR(start) < PPDL_SLICE_HEADER)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("lwe_cipher value is cut short")));
	PPDL_PG(ppdl_batch_number(ppdl_slice_seed((const uint8_t *) VARDATA_ANY(start)), &number, &err));
	PG_RETURN_INT64((int64) number);
}

/* NULL when it is not known */
Datum
lwe_encoding(PG_FUNCTION_ARGS)
{
	const struct varlena *head = PG_DETOAST_DATUM_SLICE(PG_GETARG_DATUM(0), 0, PPDL_ENCODING_HEAD);
	char		text[PPDL_ENCODING_SIZE];
	uint64_t	encoding;
	PpdlError	err;

	PPDL_PG(ppdl_encoding_of_head((const uint8_t *) VARDATA_ANY(head), VARSIZE_ANY_EXHDR(head), &encoding, &err));
	if (encoding == 0)
		PG_RETURN_NULL();
	ppdl_encoding_print(text, encoding);
	PG_RETURN_TEXT_P(cstring_to_text(text));
}
