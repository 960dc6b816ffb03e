#include "pg/cipher_datum.h"

#include <ctype.h>

#include "common/base64.h"
#include "libpq/pqformat.h"
#include "rows/cipher_read.h"

void
ppdl_cipher_from_datum(PpdlCipher *c, struct varlena *value)
{
	PpdlError	err;

	PPDL_PG(ppdl_cipher_parse(c, VARDATA_ANY(value), VARSIZE_ANY_EXHDR(value), &err));
}

struct varlena *
ppdl_cipher_to_datum(PpdlWriter *w)
{
	struct varlena *value = NULL;
	bool		too_long = w->len > MaxAllocSize - VARHDRSZ;

	if (!w->bad && !too_long)
		value = palloc_extended(w->len + VARHDRSZ, MCXT_ALLOC_NO_OOM);
	if (value != NULL)
	{
		SET_VARSIZE(value, w->len + VARHDRSZ);
		memcpy(VARDATA(value), w->buf, w->len);
	}
	ppdl_writer_free(w);
	if (too_long)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("encrypted result is larger than 1 GB"),
				 errhint("Aggregate fewer rows at a time.")));
	if (value == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	return value;
}

struct varlena *
ppdl_cipher_result(PpdlStatus status, PpdlWriter *w, const PpdlError *err)
{
	if (status != PPDL_OK)
	{
		ppdl_writer_free(w);
		ppdl_report(err);
	}
	return ppdl_cipher_to_datum(w);
}

void
ppdl_check_typmod(const PpdlCipher *c, int32 typmod)
{
	if (typmod != -1 && c->width != typmod)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected an lwe_cipher of width %d, not %d", typmod, c->width)));
}

/* a copy without white space */
static char *
squeeze(const char *text)
{
	char	   *copy = palloc(strlen(text) + 1),
			   *to = copy;

	for (; *text; text++)
		if (!isspace((unsigned char) *text))
			*to++ = *text;
	*to = '\0';
	return copy;
}

struct varlena *
ppdl_base64_decode(const char *text, const char *type)
{
	size_t		textlen;
	int			len;
	struct varlena *value;

	if (strpbrk(text, " \t\r\n") != NULL)
		text = squeeze(text);
	textlen = strlen(text);
	len = pg_b64_dec_len((int) textlen);
	value = palloc((Size) len + VARHDRSZ);
	len = pg_b64_decode(text, (int) textlen, (void *) VARDATA(value), len);	/* char * before 18, uint8 * from then on */
	if (len < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s", type),
				 errdetail("The value is not base64.")));
	SET_VARSIZE(value, len + VARHDRSZ);
	return value;
}

char *
ppdl_base64_encode(const void *bytes, size_t len)
{
	Size		textlen;
	char	   *text;
	int			n;

	if (len > MaxAllocSize / 4 * 3 - 8)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("value is too long for its text form"),
				 errhint("Use the binary format.")));
	textlen = (Size) pg_b64_enc_len((int) len);
	text = palloc(textlen + 1);
	n = pg_b64_encode(bytes, (int) len, text, (int) textlen);
	if (n < 0)
		elog(ERROR, "could not encode base64");
	text[n] = '\0';
	return text;
}

struct varlena *
ppdl_receive_bytes(StringInfo message)
{
	int			len = message->len - message->cursor;
	struct varlena *value = palloc((Size) len + VARHDRSZ);

	SET_VARSIZE(value, len + VARHDRSZ);
	pq_copymsgbytes(message, VARDATA(value), len);
	return value;
}

void
ppdl_report_input(int sqlstate, const char *type, PpdlError *err)
{
	PpdlError	named = *err;

	if (err->code != PPDL_ERR_FORMAT && err->code != PPDL_ERR_VERSION)
		ppdl_report(err);
	snprintf(named.message, sizeof(named.message),
			 sqlstate == ERRCODE_INVALID_TEXT_REPRESENTATION ?
			 "invalid input for type %s" : "invalid binary input for type %s", type);
	snprintf(named.detail, sizeof(named.detail), "%s%s%s", err->message, err->detail[0] ? "; " : "", err->detail);
	ppdl_report_as(sqlstate, &named);
}
