#include "cli/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/bytes.h"
#include "base/text.h"
#include "cli/arraytext.h"
#include "cli/cli.h"
#include "cli/progress.h"

#define AT_ONCE 1000			/* rows that are fetched */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_audit_predict_sql(char **out, const PpdlTableRows *t, const char *model, const char *where, PpdlError *err)
{
	const char *column = t->column[0];
	char	   *name = PQescapeLiteral(t->db->conn, model, strlen(model));
	int			n = name == NULL ? -1 :
		asprintf(out, "SELECT pg_catalog.array_agg(t.%s::text ORDER BY t.%s),"
				 " %s.ppdl_predict_agg(%s, t.%s ORDER BY t.%s)"
				 " FROM %s t WHERE t.%s IS NOT NULL%s%s%s", t->id, t->id, t->db->schema, name, column, t->id, t->name,
				 column, where ? " AND (" : "", where ? where : "", where ? ")" : "");

	PQfreemem(name);
	if (n < 0)
		*out = NULL;
	return n < 0 ? no_memory(err) : PPDL_OK;
}

/* ------------------------------------------------------------------ one row */

/* a part of the sample under way */
typedef struct Fetch
{
	PpdlAuditSample *s;
	uint32_t	from,			/* of the sample's rows */
				to;
	uint8_t    *times;			/* each came: 0, 1, 2 for more */
} Fetch;

static void
wrong(PpdlAuditSample *s, const char *id, const char *why)
{
	s->sum.wrong++;
	s->wrong(s->arg, id, why);
}

static int
is_the_servers_doing(PpdlStatus status)
{
	return status == PPDL_ERR_KEY || status == PPDL_ERR_FORMAT || status == PPDL_ERR_VERSION ||
		status == PPDL_ERR_SCALE || status == PPDL_ERR_PRECISION || status == PPDL_ERR_RANGE;
}

static PpdlStatus
decrypt_and_compare(PpdlAuditSample *s, const PpdlPredicted *p, const PpdlTableRow *row, char why[256], PpdlError *err)
{
	PpdlStatus	status;
	PpdlValues	x;

	PPDL_TRY(ppdl_owner_decrypt(s->owner, &x, row->value[0].data, row->value[0].len, 0, err));
	status = ppdl_audit_compare(&s->sum, s->net, p, &x, why, err);
	ppdl_values_free(&x);
	return status;
}

/* a row that the owner cannot read, or that is none for the model, is the server's doing */
static PpdlStatus
compare(PpdlAuditSample *s, const PpdlPredicted *p, const PpdlTableRow *row, PpdlError *err)
{
	char		why[256] = "";
	PpdlError	local = {0};
	PpdlStatus	status = PPDL_OK;

	if (row->value[0].data == NULL && p->value != NULL)
		snprintf(why, sizeof why, "it has a prediction, and no features");
	else if (row->value[0].data != NULL && p->value == NULL)
		snprintf(why, sizeof why, "it has features, and no prediction");
	else if (p->value != NULL)
		status = decrypt_and_compare(s, p, row, why, &local);
	if (status != PPDL_OK && !is_the_servers_doing(status))
	{
		if (err)
			*err = local;
		return status;
	}
	if (status != PPDL_OK)
		snprintf(why, sizeof why, "%.*s", PPDL_CUT(local.message, 250));
	if (why[0])
		wrong(s, p->id, why);
	return PPDL_OK;
}

/* place in the part of the sample, or -1 */
static int64_t
find_drawn(const Fetch *f, const PpdlPredicted *p)
{
	const uint32_t number = (uint32_t) (p - f->s->predictions->row);
	uint32_t	lo = f->from,
				hi = f->to;

	while (lo < hi)
	{
		const uint32_t mid = lo + (hi - lo) / 2;

		if (f->s->drawn[mid] < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < f->to && f->s->drawn[lo] == number ? (int64_t) (lo - f->from) : -1;
}

/* PpdlTakeTableRow */
static PpdlStatus
take_row(void *arg, const PpdlTableRow *row, PpdlError *err)
{
	Fetch	   *f = arg;
	char	   *id = strndup(row->note.id, row->note.id_len);
	const PpdlPredicted *p = id ? ppdl_predictions_find(f->s->predictions, id) : NULL;
	const int64_t at = p ? find_drawn(f, p) : -1;
	int			faults = 0;

	if (id == NULL)
		return no_memory(err);
	free(id);
	/* a row that was not asked for */
	if (at < 0)
		return PPDL_OK;
	if (f->times[at] < 2)
		f->times[at]++;
	if (f->times[at] > 1)
		return PPDL_OK;
	if (f->s->check)
		PPDL_TRY(ppdl_table_check_row(f->s->check, row, &faults, err));
	/* what the server altered is not decrypted */
	if (faults > 0)
	{
		f->s->sum.wrong++;
		return PPDL_OK;
	}
	return compare(f->s, p, row, err);
}

/* ------------------------------------------------------------------ the sample */

/* text of an array of the ids */
static char *
ids_text(const Fetch *f)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	for (uint32_t i = f->from; i < f->to; i++)
	{
		const char *id = f->s->predictions->row[f->s->drawn[i]].id;

		ppdl_write_u8(&w, i == f->from ? '{' : ',');
		ppdl_array_put_text(&w, id, strlen(id));
	}
	ppdl_write_bytes(&w, "}", 2);
	if (w.bad)
		ppdl_writer_free(&w);
	return (char *) w.buf;
}

static void
count_times(Fetch *f)
{
	for (uint32_t i = f->from; i < f->to; i++)
	{
		const char *id = f->s->predictions->row[f->s->drawn[i]].id;

		if (f->times[i - f->from] == 0)
			wrong(f->s, id, "it has a prediction, and is not in the table");
		else if (f->times[i - f->from] > 1)
			wrong(f->s, id, "it is in the table more than once");
	}
}

PpdlStatus
ppdl_audit_rows(PpdlAuditSample *s, PpdlTableRows *t, PpdlError *err)
{
	for (uint32_t at = 0; at < s->ndrawn; at += AT_ONCE)
	{
		uint8_t		times[AT_ONCE] = {0};
		Fetch		f = {s, at, s->ndrawn - at > AT_ONCE ? at + AT_ONCE : s->ndrawn, times};
		char	   *ids = ids_text(&f);
		PpdlStatus	status = ids ? ppdl_table_rows_some(t, ids, take_row, &f, err) : no_memory(err);

		free(ids);
		PPDL_TRY(status);
		count_times(&f);
		ppdl_progress(NULL, f.to, s->ndrawn, "rows");
	}
	return PPDL_OK;
}

/* ------------------------------------------------------------------ all rows */

static void
tell(PpdlAuditSample *s, const char *id, const char *why, uint32_t most, uint64_t *count)
{
	if (++*count <= most)
		s->wrong(s->arg, id, why);
}

static PpdlStatus
find_unpredicted(PpdlAuditSample *s, const PpdlManifest *m, uint32_t most, uint64_t *count, PpdlError *err)
{
	uint8_t    *has = ppdl_bits_create(ppdl_manifest_rows(m));

	if (has == NULL)
		return no_memory(err);
	ppdl_manifest_mark(m, 0, has);
	for (uint32_t i = 0; i < ppdl_manifest_rows(m); i++)
	{
		const PpdlManifestRow row = ppdl_manifest_row(m, i);
		char	   *id;

		if (!row.live || !ppdl_bits_have(has, i))
			continue;
		id = strndup(row.note.id, row.note.id_len);
		if (id == NULL)
		{
			free(has);
			return no_memory(err);
		}
		if (ppdl_predictions_find(s->predictions, id) == NULL)
			tell(s, id, "it has no prediction", most, count);
		free(id);
	}
	free(has);
	return PPDL_OK;
}

PpdlStatus
ppdl_audit_coverage(PpdlAuditSample *s, const PpdlManifests *m, int all, uint32_t most, uint64_t *count, PpdlError *err)
{
	*count = 0;
	for (uint32_t i = 0; i < s->predictions->rows; i++)
	{
		const char *id = s->predictions->row[i].id;

		if (!ppdl_manifests_have_id(m, id, strlen(id)))
			tell(s, id, "it has a prediction, and is not in the manifest", most, count);
	}
	for (int i = 0; all && i < m->count; i++)
		PPDL_TRY(find_unpredicted(s, m->manifest[i], most, count, err));
	return PPDL_OK;
}
