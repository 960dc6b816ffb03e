/* The end of ppdl rekey: new values in place of old ones, in the caller's transaction. */
#include "cli/rekey_impl.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "cli/progress.h"

#define FIRST_TIMEOUT "200ms"
#define LOCK_TIMEOUT "3s"		/* writers that come wait no longer than this for one that does not end */

static int
timed_out(const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

	return state && strcmp(state, "55P03") == 0;
}

/* *locked: 0 when others were in the way for too long */
static PpdlStatus
try_lock(PpdlRekeyTable *t, int *locked, PpdlError *err)
{
	char	   *sql = ppdl_rekey_text("LOCK TABLE %s IN EXCLUSIVE MODE", t->name);
	PpdlStatus	status = PPDL_OK;
	PGresult   *res;

	if (sql == NULL)
		return ppdl_rekey_no_memory(err);
	res = PQexec(t->db->conn, sql);
	free(sql);
	*locked = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (!*locked && !timed_out(res))
		status = ppdl_db_error(t->db, res, err);
	PQclear(res);
	return status;
}

/* writers are kept out, readers are not; who has to wait for us does so for LOCK_TIMEOUT and no more */
static PpdlStatus
lock(PpdlRekeyTable *t, PpdlError *err)
{
	const struct timespec pause = {1, 0};
	int			locked = 0;

	for (int i = 0; !locked; i++)
	{
		PPDL_TRY(ppdl_rekey_check_interrupt(err));
		PPDL_TRY(ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("SET LOCAL lock_timeout = '%s'", i ? LOCK_TIMEOUT :
															FIRST_TIMEOUT), err));
		PPDL_TRY(ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("SAVEPOINT before_lock"), err));
		PPDL_TRY(try_lock(t, &locked, err));
		if (locked)
			break;
		PPDL_TRY(ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("ROLLBACK TO before_lock"), err));
		if (i == 0)
			ppdl_note("waiting for transactions that write to %s to end", t->name);
		nanosleep(&pause, NULL);
	}
	return ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("SET LOCAL lock_timeout = 0"), err);
}

static char *
swap_statement(PpdlRekeyTable *t)
{
	char	   *set = ppdl_rekey_each(t, "%y = coalesce(s.c%n, %x)", ", "),
			   *batch = NULL,
			   *sql = NULL;
	PpdlWriter	w;

	ppdl_writer_init(&w);
	if (t->batch_column)
	{
		ppdl_write_text(&w, ", ");
		ppdl_put_identifier(t->db, &w, t->batch_column);
		ppdl_write_text(&w, " = ");
		ppdl_write_text(&w, t->db->schema);
		ppdl_write_text(&w, ".lwe_batch(coalesce(s.c1, t.");
		ppdl_put_identifier(t->db, &w, t->columns.item[0]);
		ppdl_write_text(&w, "))");
	}
	batch = ppdl_rekey_finish_text(&w);
	if (set && batch)
		sql = ppdl_rekey_text("UPDATE %s t SET %s%s FROM %s s WHERE (%s) AND s.key = sha256(%s)", t->name, set, batch,
							  t->side,
				   t->needs, t->digest);
	free(set);
	free(batch);
	return sql;
}

static PpdlStatus
count_all(PpdlRekeyTable *t, uint64_t *n, PpdlError *err)
{
	return ppdl_rekey_number(t, n, ppdl_rekey_text("SELECT count(*) FROM %s", t->name), err);
}

static PpdlStatus
check_counts(PpdlRekeyTable *t, uint64_t needed, uint64_t all, PpdlError *err)
{
	uint64_t	left,
				all_now;

	PPDL_TRY(ppdl_rekey_count_needed(t, &left, err));
	PPDL_TRY(count_all(t, &all_now, err));
	if (t->swapped == needed && left == 0 && all == all_now)
		return PPDL_OK;
	ppdl_server_error(err, "of %llu rows under the old key %llu were replaced, and %llu are still there; of %llu rows "
					  "of the table there are %llu", (unsigned long long) needed, (unsigned long long) t->swapped,
					  (unsigned long long) left, (unsigned long long) all, (unsigned long long) all_now);
	return ppdl_error_hint(err, PPDL_ERR_IO, "Nothing was changed. A trigger or rule of the table may be in the way.");
}

PpdlStatus
ppdl_rekey_table_swap(PpdlRekeyTable *t, PpdlError *err)
{
	PGresult   *res;
	uint64_t	needed,
				all;

	PPDL_TRY(lock(t, err));
	PPDL_TRY(ppdl_rekey_look_again(t, err));
	PPDL_TRY(ppdl_rekey_pass(t, &t->late, err));
	PPDL_TRY(ppdl_rekey_count_needed(t, &needed, err));
	PPDL_TRY(count_all(t, &all, err));
	/* a row that moved in the table while it was read may have been taken twice */
	PPDL_TRY(ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("DELETE FROM %s a USING %s b WHERE a.key = b.key AND"
														" a.ctid > b.ctid", t->side, t->side), err));
	if (t->manifests)
		PPDL_TRY(ppdl_rekey_note_receipts(t, err));
	ppdl_progress(NULL, 0, 0, "replacing rows:");
	PPDL_TRY(ppdl_rekey_run(t, &res, 0, swap_statement(t), err));
	t->swapped = strtoull(PQcmdTuples(res), NULL, 10);
	PQclear(res);
	PPDL_TRY(check_counts(t, needed, all, err));
	return ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("DROP TABLE %s", t->side), err);
}

void
ppdl_rekey_table_free(PpdlRekeyTable *t)
{
	ppdl_rekey_fill_free(t->fill);
	free(t->name);
	free(t->side);
	free(t->schema);
	ppdl_rekey_free_texts(t);
	ppdl_list_free(&t->columns);
}
