/* The side table of ppdl rekey: made, found again, and filled with rows under the new key. */
#include "cli/rekey_impl.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "cli/cli.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/sink.h"

#define FEW_BYTES (256 << 10)	/* an answer below this: more blocks next time */
#define MANY_BYTES (8 << 20)	/* above: fewer */
#define MOST_BLOCKS 4096
#define FIRST_BLOCKS 16
#define LAST_BLOCK 4294967295u
#define FEW_ROWS 1000			/* so many may come under the lock */
#define MOST_PASSES 5

/* a pass over the table */
typedef struct PpdlRekeyFill
{
	PpdlRekeyer *rekeyer;
	PpdlRekeyTable *t;
	PpdlSink	sink;
	int			copying;		/* the connection is in COPY into the side table */
	uint32_t	blocks,			/* to ask for next time */
				most_blocks;
} Fill;

/* key of an advisory lock */
#define TURN "hashtext('ppdl rekey'), %s::oid::int8::bit(32)::int4"

/* one of us at a time */
static PpdlStatus
take_turn(PpdlRekeyTable *t, PpdlError *err)
{
	PGresult   *res;
	int			ours;

	PPDL_TRY(ppdl_rekey_run(t, &res, 0,
							ppdl_rekey_text("SELECT pg_try_advisory_lock(" TURN ")",
									   t->oid), err));
	ours = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
	PQclear(res);
	if (ours)
		return PPDL_OK;
	ppdl_note("another ppdl rekey of this table is at work, or its server process has not ended yet: waiting for it");
	return ppdl_rekey_run(t, NULL, 0,
						  ppdl_rekey_text("SELECT pg_advisory_lock(" TURN ")",
									 t->oid), err);
}

static PpdlStatus
create_side(PpdlRekeyTable *t, PpdlError *err)
{
	char	   *columns = ppdl_rekey_each(t, "c%n %s.lwe_cipher", ", "),
			   *comment = PQescapeLiteral(t->db->conn, t->comment, strlen(t->comment));
	PpdlStatus	status;

	if (columns == NULL || comment == NULL)
		status = ppdl_rekey_no_memory(err);
	else
		status = ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("BEGIN"), err);
	if (status == PPDL_OK)
		status = ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("CREATE TABLE %s (key bytea NOT NULL, %s)", t->side,
															columns), err);
	if (status == PPDL_OK)
		status = ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("CREATE INDEX ON %s (key)", t->side), err);
	if (status == PPDL_OK)
		status = ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("COMMENT ON TABLE %s IS %s", t->side, comment), err);
	if (status == PPDL_OK)
		status = ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("COMMIT"), err);
	free(columns);
	PQfreemem(comment);
	return status;
}

static PpdlStatus
open_side(PpdlRekeyTable *t, PpdlError *err)
{
	int			there;

	PPDL_TRY(take_turn(t, err));
	PPDL_TRY(ppdl_rekey_find_side(t, &there, err));
	if (!there)
		return create_side(t, err);
	PPDL_TRY(ppdl_rekey_forget_partial(t, err));
	PPDL_TRY(ppdl_rekey_number(t, &t->ready, ppdl_rekey_text("SELECT count(*) FROM %s", t->side), err));
	ppdl_note("going on with %llu rows that an interrupted run left in %s", (unsigned long long) t->ready, t->side);
	return PPDL_OK;
}

PpdlStatus
ppdl_rekey_check_interrupt(PpdlError *err)
{
	return ppdl_db_interrupted() ? ppdl_error(err, PPDL_ERR_CANCELED, "interrupted") : PPDL_OK;
}

static PpdlStatus
begin_copy(Fill *f, PpdlError *err)
{
	PpdlRekeyTable *t = f->t;
	char	   *sql = ppdl_rekey_text("COPY %s FROM STDIN", t->side);
	PGresult   *res = sql ? PQexec(t->db->conn, sql) : NULL;
	PpdlStatus	status = PPDL_OK;

	free(sql);
	if (PQresultStatus(res) != PGRES_COPY_IN)
		status = ppdl_db_error(t->db, res, err);
	PQclear(res);
	f->copying = status == PPDL_OK;
	return status;
}

static PpdlStatus
end_copy(Fill *f, PpdlError *err)
{
	PpdlStatus	status;

	if (!f->copying)
		return PPDL_OK;
	f->copying = 0;
	status = ppdl_sink_flush(&f->sink, err);
	if (status != PPDL_OK)
		return ppdl_load_failure(f->t->db, status, err);
	return ppdl_load_end(f->t->db, err);
}

/* PpdlRekeyPut */
static PpdlStatus
put_row(void *arg, const uint8_t *tag, const PpdlRekeyValue *value, PpdlError *err)
{
	Fill	   *f = arg;
	char		key[2 + 2 * PPDL_REKEY_TAG + 1] = "\\x";

	if (!f->copying)
		PPDL_TRY(begin_copy(f, err));
	ppdl_hex_write(key + 2, tag, PPDL_REKEY_TAG);
	ppdl_sink_text(&f->sink, key, sizeof key - 1);
	for (int c = 0; c < f->t->columns.count; c++)
		if (value[c].data)
			ppdl_sink_base64(&f->sink, value[c].data, value[c].len);
		else
			ppdl_sink_text(&f->sink, NULL, 0);
	return ppdl_sink_end_row(&f->sink, err);
}

/*
 * rows that are not in the side table yet, of blocks from .. to - 1: digest, then the values under the old keys.  A
 * look into the index a row: a join, which it must not become, would read the whole side table for each piece.
 */
static char *
chunk_query(PpdlRekeyTable *t, uint32_t from, uint32_t to)
{
	char	   *values = ppdl_rekey_each(t, "CASE WHEN %s.lwe_key_id(%x) IN (%k) THEN %s.lwe_cipher_send(%x) END",
										 ", "),
			   *sql = NULL;

	if (values)
		sql = ppdl_rekey_text("SELECT d.* FROM (SELECT sha256(%s) AS key, %s FROM %s t WHERE t.ctid >= '(%u,0)' AND"
							  " t.ctid < '(%u,0)' AND (%s) OFFSET 0) d"
							  " WHERE (SELECT s.key FROM %s s WHERE s.key = d.key LIMIT 1) IS NULL", t->digest, values,
							  t->name, from, to, t->needs, t->side);
	free(values);
	return sql;
}

static PpdlStatus
take_row(Fill *f, const PGresult *res, int r, size_t *bytes, PpdlError *err)
{
	PpdlRekeyValue value[PPDL_REKEY_COLUMNS];

	if (PQgetlength(res, r, 0) != PPDL_REKEY_TAG)
		return ppdl_server_error(err, "the server's digest of a row has %d bytes", PQgetlength(res, r, 0));
	for (int c = 0; c < f->t->columns.count; c++)
	{
		value[c] = (PpdlRekeyValue) {NULL, 0};
		if (!PQgetisnull(res, r, 1 + c))
			value[c] = (PpdlRekeyValue) {(const uint8_t *) PQgetvalue(res, r, 1 + c),
				(size_t) PQgetlength(res, r, 1 + c)};
		*bytes += value[c].len;
	}
	f->t->taken++;
	return ppdl_rekeyer_add(f->rekeyer, (const uint8_t *) PQgetvalue(res, r, 0), value, err);
}

static PpdlStatus
take_rows(Fill *f, const PGresult *res, size_t *bytes, PpdlError *err)
{
	for (int r = 0; r < PQntuples(res); r++)
	{
		PPDL_TRY(take_row(f, res, r, bytes, err));
		if (r % 256 == 0)
		{
			PPDL_TRY(ppdl_rekey_check_interrupt(err));
			ppdl_progress(NULL, f->t->ready + f->t->taken, f->t->rows, "encrypting anew");
		}
	}
	return PPDL_OK;
}

/* what is in whole batches is sent and, outside of a transaction, committed */
static PpdlStatus
take_chunk(Fill *f, uint32_t from, uint32_t to, PpdlError *err)
{
	size_t		bytes = 0;
	PpdlStatus	status;
	PGresult   *res;

	PPDL_TRY(ppdl_rekey_check_interrupt(err));
	PPDL_TRY(ppdl_rekey_run(f->t, &res, 1, chunk_query(f->t, from, to), err));
	status = take_rows(f, res, &bytes, err);
	PQclear(res);
	if (status != PPDL_OK && f->copying)
	{
		f->copying = 0;
		return ppdl_load_failure(f->t->db, status, err);
	}
	PPDL_TRY(status);
	PPDL_TRY(end_copy(f, err));
	if (bytes < FEW_BYTES && f->blocks < f->most_blocks)
		f->blocks *= 2;
	if (bytes > MANY_BYTES && f->blocks > 1)
		f->blocks /= 2;
	return PPDL_OK;
}

/* features in a column that was not asked for would be left without their labels */
static PpdlStatus
refuse_loose(PpdlRekeyTable *t, uint64_t loose, PpdlError *err)
{
	PPDL_TRY(ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("DROP TABLE %s", t->side), err));
	ppdl_error(err, PPDL_ERR_ARGUMENT,
			   "%llu labels lie beside features in another column, which stay under the old key",
			   (unsigned long long) loose);
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Nothing was changed. Name both columns with --column, or none, "
						   "which means all.");
}

/* blocks of the largest partition, and how many to read at most: with what lies in TOAST a block may be large */
static PpdlStatus
measure(Fill *f, uint64_t *blocks, PpdlError *err)
{
	PGresult   *res;
	double		density,
				most;

	PPDL_TRY(ppdl_rekey_run(f->t, &res, 0,
							ppdl_rekey_text("WITH RECURSIVE part(oid) AS (SELECT %s::oid UNION SELECT inhrelid"
											" FROM pg_inherits JOIN part ON inhparent = part.oid)"
											" SELECT max(pg_catalog.pg_relation_size(oid)) /"
											" current_setting('block_size')::int,"
											" sum(pg_catalog.pg_table_size(oid))::float8 *"
											" current_setting('block_size')::float8 /"
											" greatest(sum(pg_catalog.pg_relation_size(oid))::float8, 1)"
											" FROM part", f->t->oid), err));
	*blocks = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
	density = strtod(PQgetvalue(res, 0, 1), NULL);
	PQclear(res);
	most = density > 0 ? 2 * MANY_BYTES / density : MOST_BLOCKS;
	f->most_blocks = most > MOST_BLOCKS ? MOST_BLOCKS : most < 1 ? 1 : (uint32_t) most;
	f->blocks = f->most_blocks < FIRST_BLOCKS ? f->most_blocks : FIRST_BLOCKS;
	return PPDL_OK;
}

/* all rows of the table that the side table lacks; *found: how many there were */
PpdlStatus
ppdl_rekey_pass(PpdlRekeyTable *t, uint64_t *found, PpdlError *err)
{
	const uint64_t before = t->taken;
	Fill	   *f = t->fill;
	uint64_t	blocks;

	PPDL_TRY(measure(f, &blocks, err));
	for (uint64_t at = 0; at < blocks;)
	{
		const uint64_t next = at + f->blocks;

		PPDL_TRY(take_chunk(f, (uint32_t) at, next < LAST_BLOCK ? (uint32_t) next : LAST_BLOCK, err));
		if (t->others && ppdl_rekeyer_loose(f->rekeyer))
			return refuse_loose(t, ppdl_rekeyer_loose(f->rekeyer), err);
		at = next;
	}
	PPDL_TRY(ppdl_rekeyer_flush(f->rekeyer, err));
	PPDL_TRY(end_copy(f, err));
	*found = t->taken - before;
	return PPDL_OK;
}

PpdlStatus
ppdl_rekey_table_fill(PpdlRekeyTable *t, PpdlError *err)
{
	uint64_t	found = FEW_ROWS;

	PPDL_TRY(open_side(t, err));
	t->fill = calloc(1, sizeof *t->fill);
	if (t->fill == NULL)
		return ppdl_rekey_no_memory(err);
	t->fill->t = t;
	ppdl_sink_table(&t->fill->sink, t->db->conn);
	PPDL_TRY(ppdl_rekeyer_create(&t->fill->rekeyer, t->from, t->to, t->columns.count, put_row, t->fill, err));
	if (t->manifests)
		PPDL_TRY(ppdl_rekeyer_manifests(t->fill->rekeyer, t->manifests, err));
	for (int i = 0; i < MOST_PASSES && found >= FEW_ROWS; i++)
		PPDL_TRY(ppdl_rekey_pass(t, &found, err));
	return ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("ANALYZE %s", t->side), err);
}

void
ppdl_rekey_fill_free(struct PpdlRekeyFill *f)
{
	if (f == NULL)
		return;
	ppdl_rekeyer_destroy(f->rekeyer);
	ppdl_sink_free(&f->sink);
	free(f);
}
