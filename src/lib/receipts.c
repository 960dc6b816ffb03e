/* Receipts: of rows that are encrypted, with their manifest; and sums that are checked before they are decrypted. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "lib/encryptor.h"
#include "lib/verifier.h"
#include "query/row_receipts.h"

#define RECEIPTS_LEAST 32
#define VERIFY_LEAST 48

/* ------------------------------------------------------------------ rows */

struct ppdl_receipts
{
	ppdl_encryptor *encryptor;
	PpdlRowReceipts *rows;
	PpdlList	bound;
	char	   *manifest;		/* file, or NULL */
};

static PpdlStatus
open_rows(ppdl_receipts *r, const ppdl_receipts_options *o, PpdlError *err)
{
	PPDL_TRY(ppdl_lib_take_list(&r->bound, o->bind, err));
	PPDL_TRY(ppdl_lib_copy(&r->manifest, o->manifest, err));
	return ppdl_row_receipts_open(&r->rows, &(PpdlRowReceiptsOptions) {
								  .owner = r->encryptor->key->owner, .batch = &r->encryptor->batch, .table = o->table,
								  .bound = (const char *const *) r->bound.item, .nbound = r->bound.count,
								  .manifest = r->manifest, .said_by = "these rows"}, err);
}

int32_t
ppdl_receipts_new(ppdl_receipts **out, ppdl_encryptor *encryptor, const ppdl_receipts_options *options, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_receipts_options o;
	ppdl_receipts *r;
	PpdlStatus	status;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(encryptor, err);
	PPDL_TRY(ppdl_lib_take(&o, sizeof o, RECEIPTS_LEAST, options, "options", err));
	PPDL_TRY(ppdl_lib_need(o.table, "options->table", err));
	r = calloc(1, sizeof *r);
	if (r == NULL)
		return ppdl_lib_nomem(err);
	r->encryptor = encryptor;
	status = open_rows(r, &o, err);
	if (status == PPDL_OK)
		*out = r;
	else
		ppdl_receipts_free(r);
	return status;
}

void
ppdl_receipts_free(ppdl_receipts *r)
{
	if (r == NULL)
		return;
	ppdl_row_receipts_close(r->rows);
	ppdl_list_free(&r->bound);
	free(r->manifest);
	free(r);
}

uint64_t
ppdl_receipts_bytes(const ppdl_receipts *r)
{
	return r == NULL ? 0 : ppdl_row_receipts_bytes(r->rows);
}

/* one cell of the row at hand */
static PpdlStatus
tag(ppdl_receipts *r, int column, size_t row, const uint8_t *cells, uint8_t *tagged, PpdlError *err)
{
	const size_t len = r->encryptor->batch.slice[column],
				more = len + ppdl_row_receipts_bytes(r->rows);
	const uint8_t *cell = cells + row * len;

	PPDL_TRY(ppdl_row_receipts_put(r->rows, column, &cell, err));
	memcpy(tagged + row * more, cell, more);
	return PPDL_OK;
}

int32_t
ppdl_receipts_tag(ppdl_receipts *r, const char *const *ids, const char *const *bound, size_t rows,
				  const uint8_t *features, const uint8_t *labels, const uint8_t *has_label, uint8_t *tagged_features,
				  uint8_t *tagged_labels, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	size_t		nbound;

	PPDL_TRY(ppdl_lib_need(r, "receipts", err));
	nbound = (size_t) r->bound.count;
	if ((labels != NULL) != (r->encryptor->batch.shape.outputs > 0) || (labels != NULL) != (tagged_labels != NULL))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "labels and tagged_labels are given for rows that have some, alone");
	if (rows == 0)
		return PPDL_OK;
	PPDL_NEED(ids, err);
	PPDL_NEED(features, err);
	PPDL_NEED(tagged_features, err);
	if (nbound > 0)
		PPDL_NEED(bound, err);
	for (size_t i = 0; i < rows; i++)
	{
		if (ids[i] == NULL)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "ids: row %zu has none", i + 1);
		PPDL_TRY(ppdl_row_receipts_begin(r->rows, ids[i], nbound > 0 ? bound + i * nbound : NULL, err));
		PPDL_TRY(tag(r, 0, i, features, tagged_features, err));
		if (labels != NULL && (has_label == NULL || has_label[i]))
			PPDL_TRY(tag(r, 1, i, labels, tagged_labels, err));
	}
	return PPDL_OK;
}

/* a new file, of mode 0600, whose name ends in what *path's last six X become */
static PpdlStatus
write_file(const PpdlWriter *w, char *path, PpdlError *err)
{
	const int	fd = mkostemp(path, O_CLOEXEC);

	return fd < 0 ? ppdl_os_error(err, "create", path) : ppdl_write_new(fd, path, w, err);
}

/* beside the file, then in its place */
static PpdlStatus
replace_file(const PpdlWriter *w, const char *path, PpdlError *err)
{
	char	   *temporary;
	PpdlStatus	status;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return ppdl_lib_nomem(err);
	status = write_file(w, temporary, err);
	if (status == PPDL_OK && rename(temporary, path) != 0)
	{
		status = ppdl_os_error(err, "write", path);
		unlink(temporary);
	}
	free(temporary);
	return status;
}

int32_t
ppdl_receipts_save(const ppdl_receipts *r, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	const PpdlManifest *m;
	PpdlWriter	w;
	PpdlStatus	status;

	PPDL_TRY(ppdl_lib_need(r, "receipts", err));
	m = ppdl_row_receipts_manifest(r->rows);
	if (m == NULL)
		return PPDL_OK;
	ppdl_writer_init(&w);
	status = ppdl_manifest_write(m, r->encryptor->key->owner, &w, err);
	if (status == PPDL_OK)
		status = w.bad ? ppdl_lib_nomem(err) : replace_file(&w, r->manifest, err);
	ppdl_writer_free(&w);
	return status;
}

/* ------------------------------------------------------------------ sums */

static PpdlStatus
open_verifier(ppdl_verifier *v, const ppdl_verifier_options *o, PpdlError *err)
{
	const PpdlVerifyKeys keys = {&v->key->owner, 1, &v->key->writers, v->key->poll};

	if (o->column != NULL && strcmp(o->column, "features") != 0 && strcmp(o->column, "label") != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->column is \"%.*s\", neither \"features\" nor \"label\"",
						  PPDL_CUT(o->column, 60));
	if (o->all_rows < 0 || o->all_rows > 1 || o->reserved != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->all_rows is %d, or reserved %d", o->all_rows, o->reserved);
	v->args.asked = 1;
	v->args.whole = o->all_rows;
	PPDL_TRY(ppdl_lib_copy(&v->column, o->column, err));
	PPDL_TRY(ppdl_lib_copy(&v->table, o->table, err));
	v->args.column = v->column;
	v->args.table = v->table;
	PPDL_TRY(ppdl_lib_take_list(&v->args.manifests, o->manifests, err));
	PPDL_TRY(ppdl_lib_take_list(&v->args.bind, o->bind, err));
	if (v->args.manifests.count == 0 && (v->table == NULL || o->all_rows))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->manifests is empty, and %s", o->all_rows ?
						  "only they say which rows there are" : "options->table, as receipts name it, NULL");
	if (v->args.manifests.count > 0 && (v->table != NULL || v->args.bind.count > 0))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->manifests say what options->%s says: give one or the other",
						  v->table != NULL ? "table" : "bind");
	return ppdl_verifier_open(&v->verifier, &v->args, &keys, err);
}

int32_t
ppdl_verifier_new(ppdl_verifier **out, ppdl_key *key, const ppdl_verifier_options *options, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_verifier_options o;
	ppdl_verifier *v;
	PpdlStatus	status;

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_TRY(ppdl_lib_take(&o, sizeof o, VERIFY_LEAST, options, "options", err));
	v = calloc(1, sizeof *v);
	if (v == NULL)
		return ppdl_lib_nomem(err);
	v->key = key;
	status = open_verifier(v, &o, err);
	if (status == PPDL_OK)
		*out = v;
	else
		ppdl_verifier_free(v);
	return status;
}

void
ppdl_verifier_free(ppdl_verifier *v)
{
	if (v == NULL)
		return;
	ppdl_verifier_close(v->verifier);
	ppdl_list_free(&v->args.manifests);
	ppdl_list_free(&v->args.bind);
	free(v->column);
	free(v->table);
	free(v);
}

int32_t
ppdl_verifier_query(ppdl_verifier *v, const char *sql, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_TRY(ppdl_lib_need(v, "verifier", err));
	PPDL_NEED(sql, err);
	ppdl_verifier_of_query(v->verifier, sql);
	return PPDL_OK;
}

int32_t
ppdl_verifier_record(ppdl_verifier *v, const char *const *names, const char *const *fields, size_t count,
					 const char **proved, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlText   *field;
	const PpdlText *out;
	PpdlStatus	status;

	PPDL_TRY(ppdl_lib_need(v, "verifier", err));
	PPDL_NEED(names, err);
	PPDL_NEED(fields, err);
	PPDL_NEED(proved, err);
	PPDL_TRY(ppdl_lib_take_fields(&field, fields, count, err));
	status = ppdl_verify_record(v->verifier, names, field, count, &out, err);
	for (size_t i = 0; i < count && status == PPDL_OK; i++)
		proved[i] = out[i].s;
	free(field);
	return status;
}
