#include "query/verify_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 5					/* values of a bound column that are listed */

typedef struct Value
{
	PpdlBoundValue value;
	uint64_t	rows;
} Value;

void
ppdl_verified_free(PpdlVerified *v)
{
	ppdl_writer_free(&v->text);
	ppdl_writer_free(&v->names);
}

static void
put_value(PpdlWriter *w, const PpdlBoundValue *v)
{
	if (v->text == NULL)
		ppdl_write_text(w, "NULL");
	else
		ppdl_write_bytes(w, v->text, v->len);
}

static void
put_number(PpdlWriter *w, uint64_t n)
{
	char		text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long) n);
	ppdl_write_text(w, text);
}

/* adds the values of number `at` of a section with their rows to n others, MOST + 1 at most; how many */
static int
add_values(const PpdlReceiptSection *s, int at, Value value[MOST + 1], int n)
{
	PpdlBoundValue v[PPDL_MAX_BOUND_VALUES];
	int			count;

	for (uint32_t i = 0; i < s->nparts; i++)
		for (uint32_t j = 0; j < ppdl_receipt_bounds(&s->part[i]); j++)
		{
			const PpdlBoundText *b = &s->part[i].bound.text[j];
			int			k = 0;

			if (ppdl_bound_read(v, &count, b->text, b->len, NULL) != PPDL_OK || at >= count)
				continue;
			while (k < n && !ppdl_bound_same(&value[k].value, &v[at]))
				k++;
			if (k == MOST + 1)
				continue;
			if (k == n)
				value[n++] = (Value) {v[at], 0};
			value[k].rows += b->rows;
		}
	return n;
}

static int
values_of(const PpdlReceipt *r, int at, Value value[MOST + 1])
{
	int			n = 0;

	for (uint32_t i = 0; i < r->nsections; i++)
		n = add_values(&r->section[i], at, value, n);
	return n;
}

static uint32_t
count_keys(const PpdlReceipt *r)
{
	uint32_t	keys = 0;

	for (uint32_t i = 0; i < r->nsections; i++)
	{
		uint32_t	j = 0;

		while (memcmp(r->section[j].fingerprint, r->section[i].fingerprint, PPDL_FINGERPRINT_BYTES) != 0)
			j++;
		keys += j == i;
	}
	return keys;
}

/* ", ward = A"; ", sex = f (200), m (212)"; nothing for columns with more values */
static void
put_column(PpdlWriter *w, const char *name, const Value *value, int n)
{
	if (n == 0 || n > MOST)
		return;
	ppdl_write_text(w, ", ");
	ppdl_write_text(w, name);
	ppdl_write_text(w, " = ");
	for (int i = 0; i < n; i++)
	{
		ppdl_write_text(w, i > 0 ? ", " : "");
		put_value(w, &value[i].value);
		if (n == 1)
			continue;
		ppdl_write_text(w, " (");
		put_number(w, value[i].rows);
		ppdl_write_text(w, ")");
	}
}

/* the rows, and of how many there are with what all of them have in common */
static void
put_rows(PpdlVerified *v, const PpdlManifests *m, int column, uint64_t rows, const PpdlBoundClaim *claim, int claims)
{
	const uint64_t all = m->count > 0 ? ppdl_manifests_count(m, column, claim, claims) : rows;

	v->missing = all > rows ? all - rows : 0;
	ppdl_write_text(&v->text, PPDL_VERIFIED);
	if (m->count > 0 && v->missing == 0)
		ppdl_write_text(&v->text, "all ");
	put_number(&v->text, rows);
	if (v->missing > 0)
	{
		ppdl_write_text(&v->text, " of ");
		put_number(&v->text, all);
	}
	ppdl_write_text(&v->text, all == 1 ? " row" : " rows");
}

PpdlStatus
ppdl_verified_count(PpdlVerified *v, const PpdlReceiptDomain *d, const PpdlReceipt *r, const PpdlManifests *m,
					int column, PpdlError *err)
{
	PpdlBoundClaim claim[PPDL_MAX_BOUND_VALUES];
	Value		value[MOST + 1];
	int			claims = 0;

	for (int i = 0; i < d->nbound; i++)
		if (values_of(r, i, value) == 1)
			claim[claims++] = (PpdlBoundClaim) {i, value[0].value};
	put_rows(v, m, column, r->rows, claim, claims);
	if (count_keys(r) > 1)
	{
		ppdl_write_text(&v->text, " of ");
		put_number(&v->text, count_keys(r));
		ppdl_write_text(&v->text, " keys");
	}
	for (int i = 0; i < d->nbound; i++)
		put_column(&v->text, d->bound[i], value, values_of(r, i, value));
	ppdl_write_u8(&v->text, 0);
	return v->text.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

void
ppdl_verified_name(PpdlVerified *v, const char *column, const char *what)
{
	ppdl_write_text(&v->names, v->names.len > 0 ? ", " : "");
	if (column != NULL)
	{
		ppdl_write_text(&v->names, column);
		ppdl_write_text(&v->names, ": ");
	}
	ppdl_write_text(&v->names, what);
}

PpdlStatus
ppdl_verified_text(const PpdlVerified *v, PpdlText *to, PpdlError *err)
{
	int			len = v->names.bad ? -1 : v->names.len == 0 ? asprintf(&to->s, "%s", (const char *) v->text.buf) :
		asprintf(&to->s, "%s (%.*s)", (const char *) v->text.buf, (int) v->names.len, (const char *) v->names.buf);

	if (len < 0)
	{
		to->s = NULL;
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	to->len = (size_t) len;
	return PPDL_OK;
}
