#include "cli/reveal.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "cli/database.h"
#include "cli/pemfile.h"
#include "cli/progress.h"
#include "cli/secret.h"
#include "rows/cipher_read.h"
#include "rows/group_size.h"
#include "table/numeral.h"

/* ------------------------------------------------------------------ keys */

/* room for one more key; NULL: out of memory */
static void *
one_more(void *array, int count)
{
	return realloc(array, ((size_t) count + 1) * sizeof(void *));
}

static PpdlStatus
twice(const char *path, PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_ARGUMENT, "\"%s\" holds a key that was given before", path);
}

static PpdlStatus
open_lwe(PpdlReveal *r, const char *path, const char *passphrase_file, PpdlError *err)
{
	PpdlOwner **more = one_more(r->owner, r->owners);

	if (more == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r->owner = more;
	PPDL_TRY(ppdl_key_open(&r->owner[r->owners], path, passphrase_file, err));
	r->owners++;
	for (int i = 0; i < r->owners - 1; i++)
		if (memcmp(ppdl_owner_fingerprint(r->owner[i]), ppdl_owner_fingerprint(r->owner[r->owners - 1]),
				   PPDL_FINGERPRINT_BYTES) == 0)
			return twice(path, err);
	return PPDL_OK;
}

static PpdlStatus
open_rsa(PpdlReveal *r, const char *path, const char *passphrase_file, PpdlError *err)
{
	PpdlRsaKey **more = one_more(r->rsa, r->rsas);

	if (more == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r->rsa = more;
	PPDL_TRY(ppdl_rsa_key_open(&r->rsa[r->rsas], path, passphrase_file, err));
	r->rsas++;
	for (int i = 0; i < r->rsas - 1; i++)
		if (memcmp(ppdl_rsa_key_public(r->rsa[i])->fingerprint, ppdl_rsa_key_public(r->rsa[r->rsas - 1])->fingerprint,
				   sizeof ppdl_rsa_key_public(r->rsa[i])->fingerprint) == 0)
			return twice(path, err);
	return PPDL_OK;
}

PpdlStatus
ppdl_reveal_open(PpdlReveal *r, const PpdlList *keys, const char *passphrase_file, PpdlError *err)
{
	long		n = sysconf(_SC_NPROCESSORS_ONLN);
	PpdlPemKind kind;

	r->count_column = -1;
	for (int i = 0; i < keys->count; i++)
	{
		PPDL_TRY(ppdl_pem_kind(keys->item[i], &kind, err));
		PPDL_TRY((kind == PPDL_PEM_NONE ? open_lwe : open_rsa) (r, keys->item[i], passphrase_file, err));
	}
	if (r->rsas == 0)
		return PPDL_OK;
	return ppdl_threads_create(&r->threads, n < 1 ? 1 : n > 256 ? 256 : (int) n, err);
}

static int
interrupted(void *arg)
{
	(void) arg;
	return ppdl_db_interrupted();
}

PpdlStatus
ppdl_reveal_verifier(PpdlVerifier **out, const PpdlVerifyArgs *a, const PpdlReveal *r, PpdlError *err)
{
	const PpdlVerifyKeys keys = {r->owner, r->owners, &r->writers, {interrupted, NULL}};

	return ppdl_verifier_open(out, a, &keys, err);
}

void
ppdl_reveal_close(PpdlReveal *r)
{
	ppdl_threads_destroy(r->threads);
	for (int i = 0; i < r->rsas; i++)
		ppdl_rsa_key_free(r->rsa[i]);
	for (int i = 0; i < r->owners; i++)
		ppdl_owner_destroy(r->owner[i]);
	ppdl_writer_parts_free(&r->writers);
	free(r->rsa);
	free(r->owner);
	r->threads = NULL;
	r->rsa = NULL;
	r->owner = NULL;
	r->rsas = r->owners = 0;
}

PpdlStatus
ppdl_reveal_finish(const PpdlReveal *r, PpdlError *err)
{
	if (r->few > 0)
		ppdl_note("%llu of %llu ciphertexts %s for fewer than %ld rows, and %s not decrypted; --min-count says how "
				  "many they have to be", (unsigned long long) r->few, (unsigned long long) r->values,
				  r->few == 1 ? "stands" : "stand", r->min_count, r->few == 1 ? "is" : "are");
	if (r->foreign == 0)
		return PPDL_OK;
	if (r->foreign == r->values)
	{
		*err = r->first_foreign;
		return err->code;
	}
	ppdl_note("%llu of %llu ciphertexts are of keys that were not given, and left as they are; the first: %s",
			  (unsigned long long) r->foreign, (unsigned long long) r->values, r->first_foreign.message);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ too few rows */

#define COUNT "count"			/* what PostgreSQL calls count(*) */

void
ppdl_reveal_columns(PpdlReveal *r, int count, const char *const *names)
{
	r->count_column = -1;
	for (int i = 0; i < count && r->count_column < 0; i++)
		if (strcmp(names[i], COUNT) == 0)
			r->count_column = i;
}

void
ppdl_reveal_count(PpdlReveal *r, const PpdlText *fields, size_t count)
{
	const PpdlText *f = r->count_column >= 0 && (size_t) r->count_column < count ? &fields[r->count_column] : NULL;
	double		rows;

	r->counted = f != NULL && f->s != NULL && ppdl_parse_number(f->s, &rows) == 1 && rows >= 1 ? rows : 0;
}

static int
is_few(const PpdlReveal *r, const uint8_t *head, size_t n)
{
	/* sizes are whole numbers, but for rounding */
	return r->min_count > 1 && ppdl_group_size(head, n, r->counted) < (double) r->min_count - 1e-3;
}

int
ppdl_reveal_is_few(const PpdlReveal *r, const char *s, size_t len)
{
	const size_t most = PPDL_GROUP_HEAD / 3 * 4;
	uint8_t    *head;
	size_t		n;
	int			few;

	if (r->min_count <= 1 || ppdl_value_starts_rsa(s, len) ||
		ppdl_base64_read(s, len < most ? len & ~(size_t) 3 : most, &head, &n, NULL) != PPDL_OK)
		return 0;
	few = is_few(r, head, n);
	free(head);
	return few;
}

char *
ppdl_reveal_few_text(PpdlReveal *r)
{
	char	   *text;

	r->few++;
	return asprintf(&text, "(fewer than %ld rows)", r->min_count) < 0 ? NULL : text;
}

/* ------------------------------------------------------------------ values */

void
ppdl_revealed_free(PpdlRevealed *v)
{
	if (v->number)
	{
		OPENSSL_cleanse(v->number, strlen(v->number));
		free(v->number);
	}
	else if (v->values.v)
		ppdl_values_free(&v->values);
	memset(v, 0, sizeof *v);
}

static int
show_progress(void *arg, uint32_t done, uint32_t rows)
{
	(void) arg;
	ppdl_progress(NULL, done, rows, "decrypting");
	return ppdl_db_interrupted();
}

/* the text for a value of another key; err: says so */
static PpdlStatus
leave(PpdlReveal *r, const char *type, const char *id, PpdlRevealed *out, PpdlError *err)
{
	if (r->foreign++ == 0)
		r->first_foreign = *err;
	if (asprintf(&out->number, "<%s of key %s>", type, id) < 0)
	{
		out->number = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return PPDL_OK;
}

static PpdlStatus
decrypt_prediction(PpdlReveal *r, const PpdlRsaKey *key, const PpdlRsaView *view, PpdlValues *values, PpdlError *err)
{
	PpdlRsaOutputs out;
	PpdlStatus	status = ppdl_rsa_net_decrypt(&out, key, view, r->threads, show_progress, NULL, err);

	ppdl_progress_clear();
	PPDL_TRY(status);
	values->kind = out.rows == 1 ? PPDL_KIND_ROW : PPDL_KIND_PACKED;
	values->nrows = values->held = (uint32_t) out.rows;
	values->width = out.outputs;
	values->v = out.value;
	values->error = out.error;
	return PPDL_OK;
}

/* the key of a value, else what is wrong in err */
static const PpdlRsaKey *
rsa_key_of(const PpdlReveal *r, const PpdlRsaView *view, const char *id, PpdlError *err)
{
	for (int i = 0; i < r->rsas; i++)
		if (ppdl_rsa_view_check_key(view, ppdl_rsa_key_public(r->rsa[i]), err) == PPDL_OK)
			return r->rsa[i];
	if (r->rsas == 0)
	{
		ppdl_error(err, PPDL_ERR_KEY, "an rsa_cipher of key %s, and no RSA key was given", id);
		ppdl_error_hint(err, PPDL_ERR_KEY, "Give it with a --key of its own.");
	}
	return NULL;
}

static PpdlStatus
decrypt_rsa(PpdlReveal *r, const uint8_t *buf, size_t n, PpdlRevealed *out, PpdlError *err)
{
	const PpdlRsaKey *key;
	PpdlRsaView view;
	PpdlRsaPlain plain;
	char		id[PPDL_RSA_KEY_ID_LEN + 1];
	PpdlStatus	status;

	PPDL_TRY(ppdl_rsa_view(&view, buf, n, err));
	ppdl_rsa_key_id(id, view.fingerprint);
	key = rsa_key_of(r, &view, id, err);
	if (key == NULL)
		return leave(r, "rsa_cipher", id, out, err);
	if (view.kind == PPDL_RSA_PREDICTION)
		return decrypt_prediction(r, key, &view, &out->values, err);
	PPDL_TRY(ppdl_rsa_decrypt(key, &view, &plain, err));
	status = ppdl_rsa_plain_text(&plain, &out->number, err);
	ppdl_rsa_plain_free(&plain);
	return status;
}

static PpdlStatus
decrypt_lwe(PpdlReveal *r, const uint8_t *buf, size_t n, PpdlRevealed *out, PpdlError *err)
{
	PpdlCipher	c;
	PpdlOwner  *owner;
	char		id[17];

	if (n < PPDL_CIPHER_HEADER)
		return ppdl_error(err, PPDL_ERR_FORMAT, "a ciphertext is cut short: %zu bytes", n);
	PPDL_TRY(ppdl_cipher_peek(&c, buf, err));
	PPDL_TRY(ppdl_writer_parts_owner(&r->writers, r->owner, r->owners, c.fingerprint, &owner, err));
	if (owner != NULL && is_few(r, buf, n))
	{
		out->few = 1;
		out->number = ppdl_reveal_few_text(r);
		return out->number ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	if (owner != NULL)
		return ppdl_owner_decrypt(owner, &out->values, buf, n, r->share, err);
	ppdl_fingerprint_hex(id, c.fingerprint);
	if (r->owners == 1)
	{
		/* which says what is wrong, naming both keys */
		PpdlStatus	status = ppdl_owner_decrypt(r->owner[0], &out->values, buf, n, r->share, err);

		if (status != PPDL_ERR_KEY)
			return status;
	}
	else
	{
		ppdl_error(err, PPDL_ERR_KEY, r->owners == 0 && r->rsas == 0 ? "an lwe_cipher of key %s, and no key was given" :
				   r->owners == 0 ? "an lwe_cipher of key %s, and only an RSA key was given" :
				   "an lwe_cipher of key %s, which is none of those that were given", id);
		ppdl_error_hint(err, PPDL_ERR_KEY, "Give its key with a --key of its own.");
	}
	return leave(r, "lwe_cipher", id, out, err);
}

PpdlStatus
ppdl_reveal(PpdlReveal *r, const char *s, size_t len, PpdlRevealed *out, PpdlError *err)
{
	uint8_t    *buf;
	size_t		n;
	PpdlStatus	status;

	memset(out, 0, sizeof *out);
	PPDL_TRY(ppdl_base64_read(s, len, &buf, &n, err));
	status = ppdl_value_starts_rsa(s, len) ? decrypt_rsa(r, buf, n, out, err) : decrypt_lwe(r, buf, n, out, err);
	free(buf);
	r->values++;
	return status;
}

PpdlStatus
ppdl_reveal_values(PpdlReveal *r, const char *s, size_t len, PpdlValues *out, PpdlError *err)
{
	const uint64_t foreign = r->foreign;
	PpdlRevealed v;

	*out = (PpdlValues) {0};
	if (!ppdl_value_starts(s, len))
		return ppdl_error(err, PPDL_ERR_FORMAT, "a ciphertext is expected");
	PPDL_TRY(ppdl_reveal(r, s, len, &v, err));
	if (v.number != NULL)
	{
		const int	few = v.few;

		ppdl_revealed_free(&v);
		if (few)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "a value that stands for fewer than %ld rows", r->min_count);
		if (r->foreign != foreign)
			return ppdl_error(err, PPDL_ERR_KEY, "%s", r->first_foreign.message);
		return ppdl_error(err, PPDL_ERR_FORMAT, "an encrypted number, where values of rows are expected");
	}
	*out = v.values;
	return PPDL_OK;
}

static void
put_number(PpdlWriter *w, double v, double error)
{
	char		text[64];

	if (isnan(v))
		ppdl_write_bytes(w, "NULL", 4);
	else
	{
		ppdl_format_value(text, sizeof text, v, error);
		ppdl_write_bytes(w, text, strlen(text));
	}
}

void
ppdl_reveal_row(const PpdlValues *values, uint32_t i, PpdlWriter *w)
{
	const double *v = ppdl_values_row(values, i);

	if (v == NULL || values->width == 1 || isnan(v[0]))
	{
		put_number(w, v == NULL ? NAN : v[0], values->error);
		return;
	}
	for (int j = 0; j < values->width; j++)
	{
		ppdl_write_u8(w, j ? ',' : '{');
		put_number(w, v[j], values->error);
	}
	ppdl_write_u8(w, '}');
}

void
ppdl_revealed_put(const PpdlRevealed *v, PpdlWriter *w)
{
	const PpdlValues *values = &v->values;

	if (v->number)
	{
		ppdl_write_bytes(w, v->number, strlen(v->number));
		return;
	}
	/* one row is written as a row, packed or not: predictions of single rows are */
	if (values->nrows == 1)
	{
		ppdl_reveal_row(values, 0, w);
		return;
	}
	ppdl_write_u8(w, '{');
	for (uint32_t i = 0; i < values->nrows; i++)
	{
		if (i)
			ppdl_write_u8(w, ',');
		ppdl_reveal_row(values, i, w);
	}
	ppdl_write_u8(w, '}');
}

PpdlStatus
ppdl_reveal_each(const char *s, size_t len, PpdlRevealPut put, void *arg, PpdlWriter *w, PpdlError *err)
{
	size_t		i = 0;

	while (i < len)
	{
		size_t		j = i;

		while (j < len && ppdl_value_character(s[j]))
			j++;
		if (j > i && ppdl_value_starts(s + i, j - i))
			PPDL_TRY(put(arg, s, i, j - i, w, err));
		else
			ppdl_write_bytes(w, s + i, j - i);
		while (j < len && !ppdl_value_character(s[j]))
			ppdl_write_u8(w, (uint8_t) s[j++]);
		i = j;
	}
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

static PpdlStatus
put_numbers(void *arg, const char *s, size_t at, size_t len, PpdlWriter *w, PpdlError *err)
{
	PpdlRevealed value;

	PPDL_TRY(ppdl_reveal(arg, s + at, len, &value, err));
	ppdl_revealed_put(&value, w);
	ppdl_revealed_free(&value);
	return PPDL_OK;
}

PpdlStatus
ppdl_reveal_text(PpdlReveal *r, const char *s, size_t len, PpdlWriter *w, PpdlError *err)
{
	return ppdl_reveal_each(s, len, put_numbers, r, w, err);
}
