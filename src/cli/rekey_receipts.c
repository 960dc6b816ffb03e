/* The manifest of rows under the new key: from what is about to take the place of what. */
#include "cli/rekey_impl.h"

#include <stdlib.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/progress.h"
#include "owner/rekey_manifest.h"

#define AT_ONCE "2000"			/* rows that are fetched */

static char *
cursor_text(PpdlRekeyTable *t)
{
	char	   *before = ppdl_rekey_each(t, "CASE WHEN %s.lwe_key_id(%x) IN (%k) THEN %s.lwe_cipher_send(%x) END",
										 ", "),
			   *after = ppdl_rekey_each(t, "%s.lwe_cipher_send(s.c%n)", ", "),
			   *sql = NULL;

	if (before && after)
		sql = ppdl_rekey_text("DECLARE ppdl_rekeyed NO SCROLL CURSOR FOR SELECT %s, %s FROM %s t JOIN %s s"
							  " ON s.key = sha256(%s) WHERE %s", before, after, t->name, t->side, t->digest, t->needs);
	free(before);
	free(after);
	return sql;
}

static PpdlRekeyValue
value_of(const PGresult *res, int r, int column)
{
	if (PQgetisnull(res, r, column))
		return (PpdlRekeyValue) {NULL, 0};
	return (PpdlRekeyValue) {(const uint8_t *) PQgetvalue(res, r, column), (size_t) PQgetlength(res, r, column)};
}

static PpdlStatus
note_row(PpdlRekeyTable *t, PpdlRekeyManifest *k, const PGresult *res, int r, PpdlError *err)
{
	const int	n = t->columns.count;
	PpdlRekeyValue before[PPDL_REKEY_COLUMNS],
				after[PPDL_REKEY_COLUMNS];

	for (int c = 0; c < n; c++)
	{
		before[c] = value_of(res, r, c);
		after[c] = value_of(res, r, n + c);
	}
	return ppdl_rekey_manifest_add(k, before, after, n, err);
}

static PpdlStatus
note_rows(PpdlRekeyTable *t, PpdlRekeyManifest *k, PpdlError *err)
{
	uint64_t	done = 0;
	int			rows = 1;

	PPDL_TRY(ppdl_rekey_run(t, NULL, 0, cursor_text(t), err));
	while (rows > 0)
	{
		PpdlStatus	status = PPDL_OK;
		PGresult   *res;

		PPDL_TRY(ppdl_rekey_check_interrupt(err));
		PPDL_TRY(ppdl_rekey_run(t, &res, 1, ppdl_rekey_text("FETCH " AT_ONCE " FROM ppdl_rekeyed"), err));
		rows = PQntuples(res);
		for (int r = 0; r < rows && status == PPDL_OK; r++)
			status = note_row(t, k, res, r, err);
		PQclear(res);
		PPDL_TRY(status);
		done += (uint64_t) rows;
		ppdl_progress(NULL, done, t->ready + t->taken, "checking receipts");
	}
	return ppdl_rekey_run(t, NULL, 0, ppdl_rekey_text("CLOSE ppdl_rekeyed"), err);
}

static PpdlStatus
check_missing(const PpdlRekeyTable *t, const PpdlRekeyManifest *k, PpdlError *err)
{
	const char *id;
	size_t		len;
	const uint64_t missing = ppdl_rekey_manifest_missing(k, &id, &len);

	if (missing == 0)
		return PPDL_OK;
	if (t->allow_missing)
	{
		ppdl_note("%llu rows of the manifests are not in the table, and not in the new manifest",
				  (unsigned long long) missing);
		return PPDL_OK;
	}
	ppdl_error(err, PPDL_ERR_KEY, "%llu rows of the manifests are not in the table, or not with all their values, the "
			   "first of them \"%.*s\"", (unsigned long long) missing,
			   (int) (len <= 80 ? len : ppdl_text_whole(id, 80)), id);
	return ppdl_error_hint(err, PPDL_ERR_KEY,
						   "Nothing was changed. \"ppdl verify\" names them; where you deleted them, "
						   "--allow-missing leaves them out of the new manifest.");
}

PpdlStatus
ppdl_rekey_note_receipts(PpdlRekeyTable *t, PpdlError *err)
{
	PpdlRekeyManifest *k;
	PpdlStatus	status;

	PPDL_TRY(ppdl_rekey_manifest_create(&k, t->from, t->to, t->manifests, t->new_manifest, err));
	status = note_rows(t, k, err);
	if (status == PPDL_OK)
		status = check_missing(t, k, err);
	ppdl_rekey_manifest_destroy(k);
	return status;
}
