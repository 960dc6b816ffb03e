/* Values: what they are, and what they decrypt to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "lib/handles.h"
#include "net/rsa_net.h"
#include "rows/cipher_read.h"
#include "rows/encoding.h"
#include "rows/group_size.h"
#include "rsa/rsa.h"

/* how base64 text of either type begins; what the binary forms begin with is no base64 of these */
#define TEXT_LWE "UEw"			/* 50 4C, whatever the version */
#define TEXT_RSA "UFJTQ"		/* "PRSA" */
#define INFO_LEAST 64
#define PLAIN_LEAST 64

#define SAME(a, b) _Static_assert((int) (a) == (int) (b), "public kinds are those of the wire form")

SAME(PPDL_VALUE_CELL, PPDL_KIND_SLICE);
SAME(PPDL_VALUE_ROW, PPDL_KIND_ROW);
SAME(PPDL_VALUE_PACKED, PPDL_KIND_PACKED);
SAME(PPDL_VALUE_PARTS, PPDL_KIND_PARTS);

struct ppdl_plain
{
	PpdlValues	values;
	char	   *exact;			/* or NULL */
};

/* ------------------------------------------------------------------ bytes or text */

/* A value's bytes: the caller's, or a copy of what the text says. */
typedef struct Bytes
{
	const uint8_t *data;
	size_t		len;
	uint8_t    *copy;
	int			rsa;
} Bytes;

static int
begins(const void *data, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(data, with, strlen(with)) == 0;
}

static PpdlStatus
get_bytes(Bytes *b, const void *data, size_t len, PpdlError *err)
{
	*b = (Bytes) {.data = data, .len = len};
	PPDL_NEED(data, err);
	if (begins(data, len, TEXT_LWE) || begins(data, len, TEXT_RSA))
	{
		PPDL_TRY(ppdl_base64_read(data, len, &b->copy, &b->len, err));
		b->data = b->copy;
	}
	b->rsa = begins(b->data, b->len, PPDL_RSA_MAGIC);
	if (b->rsa || begins(b->data, b->len, "PL"))
		return PPDL_OK;
	free(b->copy);
	ppdl_error(err, PPDL_ERR_FORMAT, "this is no encrypted value");
	return ppdl_error_hint(err, PPDL_ERR_FORMAT,
						   "A lwe_cipher or rsa_cipher is expected, in its binary form or as base64 text.");
}

/* ------------------------------------------------------------------ what it is */

static PpdlStatus
describe_lwe(ppdl_value_info *info, const Bytes *b, PpdlError *err)
{
	PpdlCipher	c;

	PPDL_TRY(ppdl_cipher_parse(&c, b->data, b->len, err));
	info->scheme = PPDL_LWE;
	info->kind = (int32_t) c.kind;
	info->compact = c.par->id == PPDL_RING_COMPACT;
	info->width = c.width;
	info->rows = c.kind == PPDL_KIND_PACKED ? c.nrows : 1;
	info->bound = c.bound;
	ppdl_fingerprint_hex(info->fingerprint, c.fingerprint);
	return ppdl_cipher_encoding(&c, &info->encoding, err);
}

static PpdlStatus
describe_rsa(ppdl_value_info *info, const Bytes *b, PpdlError *err)
{
	PpdlRsaPredictionView prediction;
	PpdlRsaView view;

	PPDL_TRY(ppdl_rsa_view(&view, b->data, b->len, err));
	info->scheme = PPDL_RSA;
	info->kind = PPDL_VALUE_RSA;
	info->width = 1;
	info->rows = 1;
	ppdl_rsa_key_id(info->fingerprint, view.fingerprint);
	if (view.kind != PPDL_RSA_PREDICTION)
		return PPDL_OK;
	PPDL_TRY(ppdl_rsa_prediction_view(&prediction, &view, err));
	info->kind = PPDL_VALUE_RSA_PREDICTION;
	info->width = 0;
	info->rows = prediction.rows;
	return PPDL_OK;
}

int32_t
ppdl_value_describe(const void *data, size_t len, ppdl_value_info *info, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_value_info mine = {0};
	PpdlStatus	status;
	Bytes		b;

	PPDL_TRY(get_bytes(&b, data, len, err));
	status = (b.rsa ? describe_rsa : describe_lwe) (&mine, &b, err);
	free(b.copy);
	PPDL_TRY(status);
	return ppdl_lib_give(info, &mine, sizeof mine, INFO_LEAST, "info", err);
}

int32_t
ppdl_value_group_size(const void *data, size_t len, double counted, double *rows, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	Bytes		b;

	PPDL_NEED(rows, err);
	*rows = INFINITY;
	PPDL_TRY(get_bytes(&b, data, len, err));
	if (!b.rsa)
		*rows = ppdl_group_size(b.data, b.len, counted);
	free(b.copy);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ decryption */

void
ppdl_plain_free(ppdl_plain *plain)
{
	if (plain == NULL)
		return;
	if (plain->values.v != NULL)
		ppdl_values_free(&plain->values);
	if (plain->exact != NULL)
	{
		OPENSSL_cleanse(plain->exact, strlen(plain->exact));
		free(plain->exact);
	}
	free(plain);
}

static PpdlStatus
decrypt_number(ppdl_plain *plain, const PpdlRsaKey *key, const PpdlRsaView *view, PpdlError *err)
{
	PpdlRsaPlain number;
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	PPDL_TRY(ppdl_rsa_decrypt(key, view, &number, err));
	status = ppdl_rsa_plain_text(&number, &plain->exact, err);
	ppdl_rsa_plain_free(&number);
	PPDL_TRY(status);
	plain->values.v = malloc(sizeof(double));
	if (plain->values.v == NULL)
		return ppdl_lib_nomem(err);
	plain->values.v[0] = strtod(plain->exact, NULL);
	plain->values.nrows = plain->values.held = 1;
	plain->values.width = 1;
	return PPDL_OK;
}

static int
poll_rows(void *arg, uint32_t done, uint32_t rows)
{
	const ppdl_key *key = arg;

	return key->fn != NULL && key->fn(key->arg) != 0;
}

/* rows without values, which are NaN, get no place */
static PpdlStatus
leave_out(PpdlValues *v, PpdlError *err)
{
	const size_t width = (size_t) v->width;

	v->at = malloc((size_t) v->nrows * sizeof *v->at);
	if (v->at == NULL)
		return ppdl_lib_nomem(err);
	v->held = 0;
	for (uint32_t r = 0; r < v->nrows; r++)
	{
		const double *row = v->v + (size_t) r * width;

		v->at[r] = isnan(row[0]) ? PPDL_NO_PLACE : v->held++;
		if (v->at[r] != PPDL_NO_PLACE)
			memmove(v->v + v->at[r] * width, row, width * sizeof *row);
	}
	/* what ppdl_values_free does not wipe */
	OPENSSL_cleanse(v->v + v->held * width, (v->nrows - v->held) * width * sizeof *v->v);
	return PPDL_OK;
}

static PpdlStatus
decrypt_prediction(ppdl_plain *plain, ppdl_key *key, const PpdlRsaView *view, PpdlError *err)
{
	PpdlValues *v = &plain->values;
	PpdlRsaOutputs out;

	PPDL_TRY(ppdl_rsa_net_decrypt(&out, key->rsa, view, NULL, poll_rows, key, err));
	v->v = out.value;
	v->nrows = v->held = (uint32_t) out.rows;
	v->width = out.outputs;
	v->error = out.error;
	return leave_out(v, err);
}

static PpdlStatus
decrypt_rsa(ppdl_plain *plain, ppdl_key *key, const Bytes *b, PpdlError *err)
{
	PpdlRsaView view;
	char		id[PPDL_RSA_KEY_ID_LEN + 1];

	PPDL_TRY(ppdl_rsa_view(&view, b->data, b->len, err));
	ppdl_rsa_key_id(id, view.fingerprint);
	if (key->rsa == NULL)
		return ppdl_error(err, PPDL_ERR_KEY, "an rsa_cipher of key %s, and \"%s\" (%s) is a key of lwe_cipher", id,
						  key->name, key->fingerprint);
	PPDL_TRY(ppdl_rsa_view_check_key(&view, ppdl_rsa_key_public(key->rsa), err));
	if (view.kind == PPDL_RSA_PREDICTION)
		return decrypt_prediction(plain, key, &view, err);
	return decrypt_number(plain, key->rsa, &view, err);
}

static PpdlStatus
decrypt_lwe(ppdl_plain *plain, ppdl_key *key, const Bytes *b, uint32_t flags, PpdlError *err)
{
	PpdlCipher	c;
	char		id[17];

	if (key->owner != NULL)
		return ppdl_lib_decrypt(key, &plain->values, b->data, b->len, flags, err);
	PPDL_TRY(ppdl_cipher_parse(&c, b->data, b->len, err));
	ppdl_fingerprint_hex(id, c.fingerprint);
	return ppdl_error(err, PPDL_ERR_KEY, "a lwe_cipher of key %s, and \"%s\" (%s) is an RSA key", id, key->name,
					  key->fingerprint);
}

int32_t
ppdl_decrypt(ppdl_plain **out, ppdl_key *key, const void *data, size_t len, uint32_t flags, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_plain *plain;
	PpdlStatus	status;
	Bytes		b;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(key, err);
	PPDL_TRY(ppdl_lib_check_flags(flags, PPDL_SHARE, err));
	PPDL_TRY(get_bytes(&b, data, len, err));
	plain = calloc(1, sizeof *plain);
	if (plain == NULL)
		status = ppdl_lib_nomem(err);
	else
		status = b.rsa ? decrypt_rsa(plain, key, &b, err) : decrypt_lwe(plain, key, &b, flags, err);
	free(b.copy);
	if (status == PPDL_OK)
		*out = plain;
	else
		ppdl_plain_free(plain);
	return status;
}

int32_t
ppdl_plain_describe(const ppdl_plain *plain, ppdl_plain_info *info, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_plain_info mine = {0};

	PPDL_NEED(plain, err);
	mine.rows = plain->values.nrows;
	mine.held = plain->values.held;
	mine.width = (uint64_t) plain->values.width;
	mine.error = plain->values.error;
	mine.values = plain->values.v;
	mine.places = plain->values.at;
	mine.exact = plain->exact;
	return ppdl_lib_give(info, &mine, sizeof mine, PLAIN_LEAST, "info", err);
}

/* ------------------------------------------------------------------ text */

void
ppdl_digits(char text[64], double value, double error)
{
	PPDL_PLAIN_NUMBERS();

	ppdl_format_value(text, 64, value, error);
}

void
ppdl_base64(const uint8_t *data, size_t len, char *text)
{
	const size_t at_once = 3u << 22;	/* EVP counts in ints */

	text[0] = 0;
	while (len > 0)
	{
		size_t		n = len < at_once ? len : at_once;

		EVP_EncodeBlock((uint8_t *) text, data, (int) n);
		data += n;
		len -= n;
		text += ppdl_base64_length(n);
	}
}
