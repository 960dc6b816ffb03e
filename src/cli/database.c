#include "cli/database.h"

#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/name_encodings.h"
#include "cli/progress.h"

/* SQLSTATE of notices of progress: PPDL_ERRCODE_PROGRESS of src/pg/ppdl.h */
#define PROGRESS "00P01"

static PGcancel *volatile cancel;
static volatile sig_atomic_t interrupted;

static void
on_interrupt(int sig)
{
	char		why[256];
	PGcancel   *c = cancel;

	interrupted = sig;
	if (c)
		PQcancel(c, why, sizeof why);
}

void
ppdl_db_cancel_on_interrupt(PpdlDb *db)
{
	struct sigaction act = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
	PGcancel   *before = cancel;

	cancel = db ? PQgetCancel(db->conn) : NULL;
	PQfreeCancel(before);
	sigaction(SIGINT, &act, NULL);
}

void
ppdl_db_cancel_on_termination(void)
{
	struct sigaction act = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};

	sigaction(SIGTERM, &act, NULL);
	sigaction(SIGHUP, &act, NULL);
}

int
ppdl_db_interrupted(void)
{
	return interrupted;
}

void
ppdl_db_forget_interrupt(void)
{
	interrupted = 0;
}

void
ppdl_db_ignore_interrupt(void)
{
	PGcancel   *c = cancel;

	signal(SIGINT, SIG_DFL);
	cancel = NULL;
	PQfreeCancel(c);
}

/* text without the newlines and the "ERROR:  " that libpq puts around it */
static void
tidy(char *out, size_t size, const char *text)
{
	size_t		n;

	snprintf(out, size, "%s", text);
	for (n = strlen(out); n > 0 && isspace((unsigned char) out[n - 1]); n--)
		out[n - 1] = 0;
}

PpdlStatus
ppdl_db_error(PpdlDb *db, const PGresult *res, PpdlError *err)
{
	const char *message = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
	const char *detail = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL) : NULL;
	const char *hint = res ? PQresultErrorField(res, PG_DIAG_MESSAGE_HINT) : NULL;
	const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
	char		text[300];

	if (message == NULL)
	{
		tidy(text, sizeof text, res && PQresultErrorMessage(res)[0] ? PQresultErrorMessage(res) :
			 PQerrorMessage(db->conn));
		return ppdl_server_error(err, "%s", text);
	}
	tidy(text, sizeof text, message);
	ppdl_server_error(err, "server: %s (SQLSTATE %s)", text, state ? state : "?");
	if (detail)
		ppdl_error_detail(err, PPDL_ERR_IO, "%s", detail);
	if (hint)
		ppdl_error_hint(err, PPDL_ERR_IO, "%s", hint);
	if (err)
		ppdl_name_encodings(err, db->near);
	return PPDL_ERR_IO;
}

static void
on_notice(void *arg, const PGresult *res)
{
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY);
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	(void) arg;
	if (message && state && strcmp(state, PROGRESS) == 0 && ppdl_progress_text(message))
		return;
	ppdl_note("server: %s: %s", severity ? severity : "NOTICE", message ? message : "");
}

PpdlStatus
ppdl_db_open(PpdlDb *db, const char *dsn, PpdlError *err)
{
	const char *const keys[] = {"dbname", "fallback_application_name", "client_encoding", NULL};
	const char *const values[] = {dsn, "ppdl", "UTF8", NULL};
	char		text[300];

	memset(db, 0, sizeof *db);
	db->conn = PQconnectdbParams(keys, values, 1);
	if (db->conn && PQstatus(db->conn) == CONNECTION_OK)
	{
		PQsetNoticeReceiver(db->conn, on_notice, NULL);
		return PPDL_OK;
	}
	tidy(text, sizeof text, db->conn ? PQerrorMessage(db->conn) : "out of memory");
	ppdl_db_close(db);
	ppdl_server_error(err, "%s", text);
	if (dsn == NULL)
		ppdl_error_hint(err, PPDL_ERR_IO,
						"Say which database with --dsn, e.g. --dsn \"host=db.example dbname=clinic\", "
						"or set PGHOST, PGDATABASE.");
	return PPDL_ERR_IO;
}

void
ppdl_db_close(PpdlDb *db)
{
	if (db->conn)
		PQfinish(db->conn);
	free(db->schema);
	memset(db, 0, sizeof *db);
}

static char *
with_schema(const PpdlDb *db, const char *sql)
{
	const char *schema = db->schema ? db->schema : "";
	size_t		n = 1;
	char	   *out,
			   *to;

	for (const char *p = sql; *p; p++)
		n += p[0] == '%' && p[1] == 's' ? strlen(schema) : 1;
	out = to = malloc(n);
	for (const char *p = sql; out && *p; p++)
	{
		if (p[0] == '%' && p[1] == 's')
		{
			to = stpcpy(to, schema);
			p++;
		}
		else
			*to++ = *p;
	}
	if (out)
		*to = 0;
	return out;
}

PpdlStatus
ppdl_db_run(PpdlDb *db, PGresult **res, PpdlError *err, const char *sql, int nparams, const char *const *params)
{
	char	   *text = with_schema(db, sql);
	PGresult   *r;
	PpdlStatus	status = PPDL_OK;

	if (res)
		*res = NULL;
	if (text == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	r = PQexecParams(db->conn, text, nparams, NULL, params, NULL, NULL, 0);
	ppdl_progress_clear();
	free(text);
	if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK)
		status = ppdl_db_error(db, r, err);
	if (status == PPDL_OK && res)
		*res = r;
	else
		PQclear(r);
	return status;
}

PpdlStatus
ppdl_db_extension(PpdlDb *db, PpdlError *err)
{
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT pg_catalog.quote_ident(n.nspname), t.oid, t.typarray, r.oid, r.typarray"
						 " FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace"
						 " JOIN pg_type t ON t.typnamespace = n.oid AND t.typname = 'lwe_cipher'"
						 " JOIN pg_type r ON r.typnamespace = n.oid AND r.typname = 'rsa_cipher'"
						 " WHERE e.extname = 'ppdl'", 0, NULL));
	if (PQntuples(res) != 1)
	{
		PQclear(res);
		ppdl_server_error(err, "the extension ppdl is not installed in database \"%s\"", PQdb(db->conn));
		return ppdl_error_hint(err, PPDL_ERR_IO, "Run there: CREATE EXTENSION ppdl;");
	}
	db->schema = strdup(PQgetvalue(res, 0, 0));
	db->lwe = (Oid) strtoul(PQgetvalue(res, 0, 1), NULL, 10);
	db->lwe_array = (Oid) strtoul(PQgetvalue(res, 0, 2), NULL, 10);
	db->rsa = (Oid) strtoul(PQgetvalue(res, 0, 3), NULL, 10);
	db->rsa_array = (Oid) strtoul(PQgetvalue(res, 0, 4), NULL, 10);
	PQclear(res);
	return db->schema ? PPDL_OK : ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

PpdlStatus
ppdl_db_version(PpdlDb *db, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT extversion FROM pg_extension WHERE extname = 'ppdl'", 0, NULL));
	if (PQntuples(res) == 1 && strcmp(PQgetvalue(res, 0, 0), "0.1.0") == 0)
	{
		ppdl_server_error(err, "the extension ppdl in database \"%s\" is still of version 0.1.0", PQdb(db->conn));
		status = ppdl_error_hint(err, PPDL_ERR_IO, "Run there: ALTER EXTENSION ppdl UPDATE;");
	}
	PQclear(res);
	return status;
}

const char *
ppdl_db_place(const PpdlDb *db, char place[PPDL_PLACE])
{
	const char *host = PQhost(db->conn),
			   *port = PQport(db->conn);

	snprintf(place, PPDL_PLACE, "%s:%s/%s", host ? host : "", port ? port : "", PQdb(db->conn));
	return place;
}
