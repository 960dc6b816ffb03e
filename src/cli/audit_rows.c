#include "cli/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "cli/cli.h"
#include "cli/load.h"
#include "cli/progress.h"

#define AT_ONCE 1000			/* rows that are fetched */

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* a column of the table, quoted, malloc'ed; *type (or NULL): its type as SQL writes it, malloc'ed */
static PpdlStatus
find_column(PpdlAuditTable *t, char **out, char **type, const char *column, int encrypted, PpdlError *err)
{
	const char *params[] = {t->name, column};
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(t->db, &res, err,
						 "SELECT quote_ident(attname), format_type(atttypid, NULL), atttypid FROM pg_attribute"
						 " WHERE attrelid = $1::regclass AND attname = $2 AND attnum > 0 AND NOT attisdropped", 2,
						 params));
	if (PQntuples(res) == 0)
		status = ppdl_server_error(err, "table %s has no column \"%s\"", t->name, column);
	else if (encrypted && (Oid) strtoul(PQgetvalue(res, 0, 2), NULL, 10) != t->db->lwe)
		status = ppdl_server_error(err, "column \"%s\" of table %s is %s, and not of type lwe_cipher", column, t->name,
								   PQgetvalue(res, 0, 1));
	else
	{
		*out = strdup(PQgetvalue(res, 0, 0));
		if (type)
			*type = strdup(PQgetvalue(res, 0, 1));
		if (*out == NULL || (type && *type == NULL))
			status = no_memory(err);
	}
	PQclear(res);
	return status;
}

PpdlStatus
ppdl_audit_table_open(PpdlAuditTable *t, PpdlDb *db, const char *table, const char *id, const char *column,
					  PpdlError *err)
{
	*t = (PpdlAuditTable) {.db = db};
	PPDL_TRY(ppdl_load_table_name(db, &t->name, table, err));
	PPDL_TRY(find_column(t, &t->id, &t->id_type, id, 0, err));
	return find_column(t, &t->column, NULL, column, 1, err);
}

void
ppdl_audit_table_close(PpdlAuditTable *t)
{
	free(t->name);
	free(t->id);
	free(t->id_type);
	free(t->column);
	*t = (PpdlAuditTable) {NULL};
}

PpdlStatus
ppdl_audit_predict_sql(char **out, const PpdlAuditTable *t, const char *model, const char *where, PpdlError *err)
{
	char	   *name = PQescapeLiteral(t->db->conn, model, strlen(model));
	int			n = name == NULL ? -1 :
		asprintf(out,
				 "SELECT array_agg(t.%s::text ORDER BY t.%s), %s.ppdl_predict_agg(%s, t.%s ORDER BY t.%s)"
				 " FROM %s t"
				 " WHERE t.%s IS NOT NULL%s%s%s", t->id, t->id, t->db->schema, name, t->column, t->id, t->name, t->column,
				 where ? " AND (" : "", where ? where : "", where ? ")" : "");

	PQfreemem(name);
	if (n < 0)
		*out = NULL;
	return n < 0 ? no_memory(err) : PPDL_OK;
}

/* ------------------------------------------------------------------ the sample */

/* text of an array of the ids of predictions from .. to - 1 of the sample */
static char *
ids_text(const PpdlAuditSample *s, uint32_t from, uint32_t to)
{
	PpdlWriter	w;

	ppdl_writer_init(&w);
	for (uint32_t i = from; i < to; i++)
	{
		ppdl_write_text(&w, i == from ? "{\"" : ",\"");
		for (const char *p = s->predictions->row[s->drawn[i]].id; *p; p++)
		{
			if (*p == '"' || *p == '\\')
				ppdl_write_u8(&w, '\\');
			ppdl_write_u8(&w, (uint8_t) *p);
		}
		ppdl_write_u8(&w, '"');
	}
	ppdl_write_bytes(&w, "}", 2);
	if (w.bad)
		ppdl_writer_free(&w);
	return (char *) w.buf;
}

static PpdlStatus
fetch(PpdlAuditTable *t, PGresult **res, const char *ids, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	char	   *sql;

	if (ids == NULL || asprintf(&sql, "SELECT t.%s::text, %s.lwe_cipher_send(t.%s) FROM %s t"
								" WHERE t.%s = ANY ($1::text[]::%s[])", t->id, t->db->schema, t->column, t->name, t->id,
								t->id_type) < 0)
		return no_memory(err);
	*res = PQexecParams(t->db->conn, sql, 1, NULL, &ids, NULL, NULL, 1);
	free(sql);
	if (PQresultStatus(*res) != PGRES_TUPLES_OK)
		status = ppdl_db_error(t->db, *res, err);
	return status;
}

/* a row that the owner cannot read, or that is none for the model, is the server's doing */
static PpdlStatus
compare(PpdlAuditSample *s, const PpdlPredicted *p, const void *row, size_t len, char why[256], PpdlError *err)
{
	PpdlStatus	status;
	PpdlValues	x;

	if (p->value == NULL)
	{
		s->sum.checked++;
		s->sum.wrong++;
		snprintf(why, 256, "has features, and no prediction");
		return PPDL_OK;
	}
	PPDL_TRY(ppdl_owner_decrypt(s->owner, &x, row, len, 0, err));
	status = ppdl_audit_compare(&s->sum, s->net, p, &x, why, err);
	ppdl_values_free(&x);
	return status;
}

static int
is_the_servers_doing(PpdlStatus status)
{
	return status == PPDL_ERR_KEY || status == PPDL_ERR_FORMAT || status == PPDL_ERR_VERSION ||
		status == PPDL_ERR_SCALE || status == PPDL_ERR_PRECISION || status == PPDL_ERR_RANGE;
}

static PpdlStatus
check_row(PpdlAuditSample *s, const PpdlPredicted *p, const PGresult *res, int r, PpdlError *err)
{
	char		why[256] = "";
	PpdlError	local = {0};
	PpdlStatus	status = PPDL_OK;

	if (!PQgetisnull(res, r, 1))
		status = compare(s, p, PQgetvalue(res, r, 1), (size_t) PQgetlength(res, r, 1), why, &local);
	else if (p->value != NULL)
	{
		s->sum.wrong++;
		snprintf(why, sizeof why, "has a prediction, and no features");
	}
	if (status != PPDL_OK && !is_the_servers_doing(status))
	{
		if (err)
			*err = local;
		return status;
	}
	if (status != PPDL_OK)
	{
		s->sum.wrong++;
		snprintf(why, sizeof why, "%.250s", local.message);
	}
	if (why[0])
		s->wrong(s->arg, p->id, why);
	return PPDL_OK;
}

/* the row of this prediction must be there, once */
static PpdlStatus
check_prediction(PpdlAuditSample *s, const PpdlPredicted *p, const PGresult *res, PpdlError *err)
{
	int			found = -1,
				times = 0;

	for (int r = 0; r < PQntuples(res); r++)
		if (strcmp(PQgetvalue(res, r, 0), p->id) == 0)
		{
			found = r;
			times++;
		}
	if (times == 1)
		return check_row(s, p, res, found, err);
	s->sum.wrong++;
	s->wrong(s->arg, p->id, times == 0 ? "has a prediction, and is not in the table" :
			 "is in the table more than once");
	return PPDL_OK;
}

PpdlStatus
ppdl_audit_rows(PpdlAuditSample *s, PpdlAuditTable *t, PpdlError *err)
{
	for (uint32_t at = 0; at < s->ndrawn; at += AT_ONCE)
	{
		const uint32_t end = s->ndrawn - at > AT_ONCE ? at + AT_ONCE : s->ndrawn;
		char	   *ids = ids_text(s, at, end);
		PGresult   *res = NULL;
		PpdlStatus	status = fetch(t, &res, ids, err);

		free(ids);
		for (uint32_t i = at; i < end && status == PPDL_OK; i++)
		{
			ppdl_progress(NULL, i, s->ndrawn, "rows");
			status = ppdl_db_interrupted() ? ppdl_error(err, PPDL_ERR_CANCELED, "interrupted") :
				check_prediction(s, &s->predictions->row[s->drawn[i]], res, err);
		}
		PQclear(res);
		PPDL_TRY(status);
	}
	return PPDL_OK;
}
