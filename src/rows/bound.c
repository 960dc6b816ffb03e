#include "rows/bound.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "base/mem.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ texts */

PpdlStatus
ppdl_bound_write(PpdlWriter *w, const char *const *value, const size_t *len, int n, PpdlError *err)
{
	const size_t start = w->len;
	size_t		total = 0;

	if (n > PPDL_MAX_BOUND_VALUES)
		return ppdl_error(err, PPDL_ERR_RANGE, "%d bound values; %d at most are possible", n, PPDL_MAX_BOUND_VALUES);
	for (int i = 0; i < n; i++)
	{
		total += value[i] == NULL ? 1 : 5 + len[i];
		if (total > PPDL_MAX_BOUND_BYTES)
			return ppdl_error(err, PPDL_ERR_RANGE, "bound values of %zu bytes together; %d at most are possible", total,
							  PPDL_MAX_BOUND_BYTES);
	}
	for (int i = 0; i < n; i++)
	{
		ppdl_write_u8(w, value[i] != NULL);
		if (value[i] == NULL)
			continue;
		ppdl_write_u32(w, (uint32_t) len[i]);
		ppdl_write_bytes(w, value[i], len[i]);
	}
	PPDL_ASSERT(w->bad || w->len == start + total);
	(void) start;
	return w->bad ? no_memory(err) : PPDL_OK;
}

int
ppdl_bound_same(const PpdlBoundValue *a, const PpdlBoundValue *b)
{
	if (a->text == NULL || b->text == NULL)
		return a->text == b->text;
	return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

PpdlStatus
ppdl_bound_read(PpdlBoundValue value[PPDL_MAX_BOUND_VALUES], int *n, const void *text, size_t len, PpdlError *err)
{
	PpdlReader	r = ppdl_reader(text, len);

	for (*n = 0; ppdl_reader_left(&r) > 0 && !r.bad; ++*n)
	{
		unsigned	present = ppdl_read_u8(&r);
		PpdlBoundValue v = {NULL, 0};

		if (present == 1)
		{
			v.len = ppdl_read_u32(&r);
			v.text = (const char *) ppdl_read_bytes(&r, v.len);
		}
		if (present > 1 || *n == PPDL_MAX_BOUND_VALUES)
			break;
		value[*n] = v;
	}
	if (r.bad || ppdl_reader_left(&r) > 0 || len > PPDL_MAX_BOUND_BYTES)
		return ppdl_error(err, PPDL_ERR_FORMAT, "not a text of bound values");
	return PPDL_OK;
}

/* ------------------------------------------------------------------ tables */

void
ppdl_bound_table_free(PpdlBoundTable *t)
{
	for (uint32_t i = 0; i < t->index.used; i++)
		free(t->text[i].text);
	free(t->text);
	ppdl_seed_table_free(&t->index);
	memset(t, 0, sizeof(*t));
}

size_t
ppdl_bound_table_memory(const PpdlBoundTable *t)
{
	return ppdl_seed_table_memory(&t->index) + t->cap * sizeof(t->text[0]) + t->bytes;
}

static PpdlStatus
add(PpdlBoundTable *t, const void *text, size_t len, const uint8_t *digest, PpdlError *err)
{
	PpdlBoundText b = {.len = len};
	PpdlStatus	status;

	PPDL_TRY(ppdl_grow((void **) &t->text, sizeof(t->text[0]), t->index.used, &t->cap, err));
	b.text = malloc(len + 1);
	if (b.text == NULL)
		return no_memory(err);
	if (len > 0)
		memcpy(b.text, text, len);
	t->text[t->index.used] = b;
	status = ppdl_seed_add(&t->index, digest, 0, 0, err);
	if (status == PPDL_OK)
		t->bytes += len + 1;
	else
		free(b.text);
	return status;
}

PpdlStatus
ppdl_bound_number(PpdlBoundTable *t, const void *text, size_t len, uint32_t *number, PpdlError *err)
{
	uint8_t		digest[SHA256_DIGEST_LENGTH];
	const PpdlBoundText *last = &t->text[t->last];

	*number = t->last;
	if (t->index.used > 0 && last->len == len && (len == 0 || memcmp(last->text, text, len) == 0))
		return PPDL_OK;
	if (EVP_Digest(len == 0 ? "" : text, len, digest, NULL, EVP_sha256(), NULL) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL could not compute SHA-256");
	*number = ppdl_seed_find(&t->index, digest, 0, 0);
	if (*number == PPDL_NO_BATCH)
	{
		*number = t->index.used;
		PPDL_TRY(add(t, text, len, digest, err));
	}
	t->last = *number;
	return PPDL_OK;
}
