#include "cli/study_server.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "cli/arraytext.h"
#include "cli/cli.h"
#include "cli/clock.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/sink.h"
#include "cli/study_clock.h"

#define SQL 600

/* ------------------------------------------------------------------ the schema */

static PpdlStatus
read_versions(PpdlStudyServer *s, PpdlDb *db, PpdlError *err)
{
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err, "SELECT extversion, current_setting('server_version') FROM pg_extension "
						 "WHERE extname = 'ppdl'", 0, NULL));
	snprintf(s->ppdl, sizeof s->ppdl, "%s", PQgetvalue(res, 0, 0));
	snprintf(s->postgresql, sizeof s->postgresql, "%s", PQgetvalue(res, 0, 1));
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
choose_name(PpdlStudyServer *s, PpdlError *err)
{
	static const char prefix[] = "ppdl_study_";
	uint8_t		random[4];

	if (RAND_bytes(random, sizeof random) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "no random numbers");
	strcpy(s->schema, prefix);
	ppdl_hex_write(s->schema + strlen(prefix), random, sizeof random);
	return PPDL_OK;
}

static PpdlStatus
run_on_schema(PpdlStudyServer *s, PpdlDb *db, const char *format, PpdlError *err)
{
	char		sql[SQL];

	snprintf(sql, sizeof sql, format, s->schema);
	return ppdl_db_run(db, NULL, err, sql, 0, NULL);
}

static PpdlStatus
make_schema(PpdlStudyServer *s, PpdlDb *db, PpdlError *err)
{
	PpdlStatus	status;

	PPDL_TRY(choose_name(s, err));
	status = run_on_schema(s, db, "CREATE SCHEMA %s", err);
	if (status != PPDL_OK)
	{
		s->schema[0] = 0;
		return status;
	}
	return run_on_schema(s, db, "COMMENT ON SCHEMA %s IS 'rows of a running ppdl study; it is dropped when that ends'",
						 err);
}

static PpdlStatus
connect(PpdlStudyServer *s, PpdlDb *db, PpdlError *err)
{
	PPDL_TRY(ppdl_db_open(db, s->dsn, err));
	PPDL_TRY(ppdl_db_extension(db, err));
	return ppdl_db_version(db, err);
}

PpdlStatus
ppdl_study_server_open(PpdlStudyServer *s, PpdlError *err)
{
	PpdlDb		db = {0};
	PpdlStatus	status = connect(s, &db, err);

	if (status == PPDL_OK)
		status = read_versions(s, &db, err);
	if (status == PPDL_OK)
		status = make_schema(s, &db, err);
	ppdl_db_close(&db);
	return status;
}

/* also the checkpoint of a training that was cut short */
static PpdlStatus
drop_model(PpdlStudyServer *s, PpdlDb *db, PpdlError *err)
{
	const char *params[] = {s->schema};

	return ppdl_db_run(db, NULL, err, "SELECT %s.ppdl_drop_model($1) FROM %s.ppdl_models WHERE name = $1 LIMIT 1", 1,
					   params);
}

PpdlStatus
ppdl_study_server_close(PpdlStudyServer *s, PpdlError *err)
{
	PpdlDb		db = {0};
	PpdlStatus	status;

	if (s->schema[0] == 0)
		return PPDL_OK;
	status = connect(s, &db, err);
	if (status == PPDL_OK)
		status = drop_model(s, &db, err);
	if (status == PPDL_OK)
		status = run_on_schema(s, &db, "SET client_min_messages = warning", err);
	if (status == PPDL_OK)
		status = run_on_schema(s, &db, "DROP SCHEMA IF EXISTS %s CASCADE", err);
	ppdl_db_close(&db);
	if (status == PPDL_OK)
		s->schema[0] = 0;
	return status;
}

/* ------------------------------------------------------------------ the connection of a run */

static void
on_notice(void *arg, const PGresult *res)
{
	const PpdlStudyServer *s = arg;
	const char *severity = PQresultErrorField(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (severity != NULL && strcmp(severity, "NOTICE") == 0 && s->progress)
		s->progress(s->arg, 0, 0, message ? message : "");
	else
		ppdl_note("server: %s: %s", severity ? severity : "WARNING", message ? message : "");
}

PpdlStatus
ppdl_study_connect(PpdlStudyServer *s, PpdlDb *db, PpdlError *err)
{
	PPDL_TRY(connect(s, db, err));
	PQsetNoticeReceiver(db->conn, on_notice, s);
	ppdl_db_cancel_on_interrupt(db);
	return ppdl_db_run(db, NULL, err, "SET max_parallel_workers_per_gather = 0", 0, NULL);
}

static void
drop_tables(PpdlStudyServer *s, PpdlDb *db)
{
	static const char *const tables[] = {"train", "test"};
	char		sql[SQL];

	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
	{
		snprintf(sql, sizeof sql, "DROP TABLE IF EXISTS %s.%s", s->schema, tables[i]);
		ppdl_db_run(db, NULL, NULL, sql, 0, NULL);
	}
}

void
ppdl_study_disconnect(PpdlStudyServer *s, PpdlDb *db)
{
	PpdlError	why;

	ppdl_db_cancel_on_interrupt(NULL);
	if (db->conn != NULL && PQstatus(db->conn) == CONNECTION_OK)
	{
		PQsetNoticeReceiver(db->conn, on_notice, &(PpdlStudyServer) {0});
		ppdl_db_run(db, NULL, NULL, "SET client_min_messages = warning", 0, NULL);
		drop_model(s, db, &why);
		drop_tables(s, db);
	}
	ppdl_db_close(db);
}

/* ------------------------------------------------------------------ rows */

static PpdlStatus
make_table(PpdlStudyServer *s, PpdlDb *db, const char *table, const char *features, const char *label, PpdlError *err)
{
	char		sql[SQL];

	snprintf(sql, sizeof sql, "CREATE TABLE %s.%s (n int NOT NULL, features %s%s%s)", s->schema, table, features,
			 label ? ", label " : "", label ? label : "");
	return ppdl_db_run(db, NULL, err, sql, 0, NULL);
}

/* rows on their way into a table */
typedef struct Loading
{
	PpdlStudyServer *server;
	PpdlDb	   *db;
	PpdlSink	sink;
	const PpdlStudyRows *rows;
	int			inputs,
				outputs,
				capacity;
	PpdlRowBatch *batch;
	PpdlOwner  *owner;
	PpdlRsaColumns *rsa;
	double	   *seconds;
} Loading;

static PpdlStatus
check_interrupt(PpdlError *err)
{
	return ppdl_db_interrupted() ? ppdl_error(err, PPDL_ERR_CANCELED, "interrupted") : PPDL_OK;
}

static void
put_number(Loading *l, long i)
{
	char		number[24];

	snprintf(number, sizeof number, "%ld", i);
	ppdl_sink_text(&l->sink, number, strlen(number));
}

static PpdlStatus
put_plain(Loading *l, PpdlError *err)
{
	for (long i = 0; i < l->rows->n; i++)
	{
		put_number(l, i);
		ppdl_sink_numbers(&l->sink, l->rows->x + i * l->inputs, l->inputs, 0);
		ppdl_sink_numbers(&l->sink, l->rows->y + i * l->outputs, l->outputs, 1);
		PPDL_TRY(ppdl_sink_end_row(&l->sink, err));
	}
	return PPDL_OK;
}

static PpdlStatus
encrypt(Loading *l, long from, int rows, PpdlError *err)
{
	const double *x = l->rows->x + from * l->inputs,
			   *y = l->rows->y + from * l->outputs;
	double		start = ppdl_wall_seconds();
	PpdlStatus	status = l->rsa ? ppdl_rsa_columns_encrypt(l->rsa, x, NULL, NULL, rows, err) :
		ppdl_row_batch_encrypt(l->batch, l->owner, x, y, rows, err);

	*l->seconds += ppdl_wall_seconds() - start;
	return status;
}

static void
put_encrypted_row(Loading *l, int r)
{
	if (l->rsa)
	{
		ppdl_rsa_columns_put(l->rsa, &l->sink, r);
		return;
	}
	ppdl_sink_base64(&l->sink, ppdl_row_batch_features(l->batch, r), l->batch->slice[0]);
	if (l->batch->shape.outputs > 0)
		ppdl_sink_base64(&l->sink, ppdl_row_batch_label(l->batch, r), l->batch->slice[1]);
}

static PpdlStatus
put_encrypted(Loading *l, PpdlError *err)
{
	for (long from = 0; from < l->rows->n; from += l->capacity)
	{
		int			rows = l->rows->n - from < l->capacity ? (int) (l->rows->n - from) : l->capacity;

		PPDL_TRY(check_interrupt(err));
		PPDL_TRY(encrypt(l, from, rows, err));
		for (int r = 0; r < rows; r++)
		{
			put_number(l, from + r);
			put_encrypted_row(l, r);
			PPDL_TRY(ppdl_sink_end_row(&l->sink, err));
		}
	}
	return PPDL_OK;
}

static PpdlStatus
load(Loading *l, const char *table, PpdlStatus (*put) (Loading *l, PpdlError *err), PpdlError *err)
{
	PpdlList	no_columns = {0};
	char		name[100];
	PpdlStatus	status;

	snprintf(name, sizeof name, "%s.%s", l->server->schema, table);
	PPDL_TRY(ppdl_load_begin(l->db, name, &no_columns, err));
	ppdl_sink_table(&l->sink, l->db->conn);
	status = put(l, err);
	if (status == PPDL_OK)
		status = ppdl_sink_flush(&l->sink, err);
	ppdl_sink_free(&l->sink);
	return status == PPDL_OK ? ppdl_load_end(l->db, err) : ppdl_load_failure(l->db, status, err);
}

PpdlStatus
ppdl_study_put_plain(PpdlStudyServer *s, PpdlDb *db, const char *table, const PpdlStudyRows *rows, int inputs,
					 int outputs, PpdlError *err)
{
	Loading		l = {.server = s, .db = db, .rows = rows, .inputs = inputs, .outputs = outputs};

	PPDL_TRY(make_table(s, db, table, "float8[]", outputs == 1 ? "float8" : "float8[]", err));
	return load(&l, table, put_plain, err);
}

PpdlStatus
ppdl_study_put_lwe(PpdlStudyServer *s, PpdlDb *db, const char *table, const PpdlStudyRows *rows, PpdlRowBatch *b,
				   PpdlOwner *owner, double *seconds, PpdlError *err)
{
	Loading		l = {.server = s, .db = db, .rows = rows, .inputs = b->shape.inputs, .outputs = b->shape.outputs,
					 .capacity = b->capacity, .batch = b, .owner = owner, .seconds = seconds};
	char		features[120],
				label[120];

	snprintf(features, sizeof features, "%s.lwe_cipher(%d)", db->schema, b->shape.inputs);
	snprintf(label, sizeof label, "%s.lwe_cipher(%d)", db->schema, b->shape.outputs);
	PPDL_TRY(make_table(s, db, table, features, b->shape.outputs > 0 ? label : NULL, err));
	return load(&l, table, put_encrypted, err);
}

PpdlStatus
ppdl_study_put_rsa(PpdlStudyServer *s, PpdlDb *db, const char *table, const PpdlStudyRows *rows, int inputs,
				   PpdlRsaColumns *columns, int capacity, double *seconds, PpdlError *err)
{
	Loading		l = {.server = s, .db = db, .rows = rows, .inputs = inputs, .capacity = capacity, .rsa = columns,
					 .seconds = seconds};
	char		features[120];

	snprintf(features, sizeof features, "%s.rsa_cipher[]", db->schema);
	PPDL_TRY(make_table(s, db, table, features, NULL, err));
	return load(&l, table, put_encrypted, err);
}

/* ------------------------------------------------------------------ answers */

/* runs SQL that gives one value; *text: malloc'ed */
static PpdlStatus
one_text(PpdlDb *db, const char *sql, int nparams, const char *const *params, char **text, PpdlError *err)
{
	PGresult   *res;
	PpdlStatus	status = PPDL_OK;

	*text = NULL;
	PPDL_TRY(ppdl_db_run(db, &res, err, sql, nparams, params));
	if (PQntuples(res) != 1 || PQgetisnull(res, 0, 0))
		status = ppdl_server_error(err, "the server gave no answer to: %.*s", PPDL_CUT(sql, 200));
	else if ((*text = strdup(PQgetvalue(res, 0, 0))) == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	PQclear(res);
	return status;
}

static PpdlStatus
one_number(PpdlDb *db, const char *sql, int nparams, const char *const *params, double *out, PpdlError *err)
{
	char	   *text;
	PpdlStatus	status = one_text(db, sql, nparams, params, &text, err);

	if (status == PPDL_OK)
		status = ppdl_array_numbers(text, out, 1, err);
	free(text);
	return status;
}

PpdlStatus
ppdl_study_row_bytes(PpdlStudyServer *s, PpdlDb *db, const char *table, double *bytes, PpdlError *err)
{
	char		sql[SQL];

	snprintf(sql, sizeof sql, "SELECT avg(pg_column_size(features))::float8 FROM %s.%s", s->schema, table);
	return one_number(db, sql, 0, NULL, bytes, err);
}

/* runs SQL that returns the name@version that it made */
static PpdlStatus
make_version(PpdlStudyServer *s, PpdlDb *db, const char *sql, int nparams, const char *const *params, PpdlError *err)
{
	char	   *name;

	PPDL_TRY(one_text(db, sql, nparams, params, &name, err));
	snprintf(s->model, sizeof s->model, "%s", name);
	free(name);
	return PPDL_OK;
}

PpdlStatus
ppdl_study_create_model(PpdlStudyServer *s, PpdlDb *db, const char *spec, const char *weights, PpdlError *err)
{
	const char *params[] = {s->schema, spec, weights};

	return make_version(s, db, "SELECT %s.ppdl_create_model($1, $2::jsonb, $3::float8[])", 3, params, err);
}

PpdlStatus
ppdl_study_train(PpdlStudyServer *s, PpdlDb *db, const char *table, const char *options, PpdlError *err)
{
	const char *params[] = {s->model, options};
	char		sql[SQL];

	snprintf(sql, sizeof sql, "SELECT %%s.ppdl_train($1::text, features, label, $2::jsonb ORDER BY n) FROM %s.%s",
			 s->schema, table);
	return make_version(s, db, sql, 2, params, err);
}

/* one column of the version in ppdl_models */
static PpdlStatus
read_column(PpdlStudyServer *s, PpdlDb *db, const char *column, char **text, PpdlError *err)
{
	const char *params[] = {s->model};
	char		sql[SQL];

	snprintf(sql, sizeof sql, "SELECT %s FROM %%s.ppdl_models WHERE name || '@' || version = $1", column);
	return one_text(db, sql, 1, params, text, err);
}

PpdlStatus
ppdl_study_steps(PpdlStudyServer *s, PpdlDb *db, double *steps, PpdlError *err)
{
	char	   *text;
	PpdlStatus	status = read_column(s, db, "trained->>'steps'", &text, err);

	if (status == PPDL_OK)
		status = ppdl_array_numbers(text, steps, 1, err);
	free(text);
	return status;
}

PpdlStatus
ppdl_study_weights(PpdlStudyServer *s, PpdlDb *db, char **text, PpdlError *err)
{
	return read_column(s, db, "weights", text, err);
}

PpdlStatus
ppdl_study_cipher(PpdlStudyServer *s, PpdlDb *db, char **text, PpdlError *err)
{
	return read_column(s, db, "cipher[1]", text, err);
}

PpdlStatus
ppdl_study_predict(PpdlStudyServer *s, PpdlDb *db, const char *table, int weight_bits, char **text, PpdlError *err)
{
	const char *params[] = {s->model};
	char		bits[24] = "",
				sql[SQL];

	if (weight_bits > 0)
		snprintf(bits, sizeof bits, ", %d", weight_bits);
	snprintf(sql, sizeof sql, "SELECT %%s.ppdl_predict_agg($1::text, features%s ORDER BY n) FROM %s.%s", bits,
			 s->schema, table);
	return one_text(db, sql, 1, params, text, err);
}
