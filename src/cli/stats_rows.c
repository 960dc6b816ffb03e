#include "cli/stats_rows.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "cli/rows_encoding.h"
#include "cli/stats_verify.h"
#include "cli/words_impl.h"
#include "rows/encoding.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ SQL */

/* FUNCTION(COLUMN, COLUMN) of the extension; the second may be NULL */
static void
put_aggregate(PpdlDb *db, PpdlWriter *w, const char *function, const char *a, const char *b)
{
	ppdl_write_text(w, ", ");
	ppdl_write_text(w, db->schema);
	ppdl_write_text(w, ".");
	ppdl_write_text(w, function);
	ppdl_write_text(w, "(");
	ppdl_put_identifier(db, w, a);
	if (b)
	{
		ppdl_write_text(w, ", ");
		ppdl_put_identifier(db, w, b);
	}
	ppdl_write_text(w, ")");
}

/* FROM table WHERE column IS NOT NULL [AND label IS NOT NULL] [AND (what the user wants)] */
static PpdlStatus
put_source(PpdlDb *db, PpdlWriter *w, const PpdlStatsQuery *q, PpdlError *err)
{
	ppdl_write_text(w, " FROM ");
	PPDL_TRY(ppdl_put_table(db, w, q->table, err));
	ppdl_write_text(w, " WHERE ");
	ppdl_put_identifier(db, w, q->features);
	ppdl_write_text(w, " IS NOT NULL");
	if (q->with_label)
	{
		ppdl_write_text(w, " AND ");
		ppdl_put_identifier(db, w, q->label);
		ppdl_write_text(w, " IS NOT NULL");
	}
	if (q->where)
	{
		ppdl_write_text(w, " AND (");
		ppdl_write_text(w, q->where);
		ppdl_write_text(w, strstr(q->where, "--") ? "\n)" : ")");	/* a comment ends with its line */
	}
	return PPDL_OK;
}

static void
put_order(PpdlWriter *w, int groups)
{
	char		number[16];

	for (int i = 1; i <= groups; i++)
	{
		snprintf(number, sizeof number, "%s%d", i > 1 ? ", " : "", i);
		ppdl_write_text(w, number);
	}
}

/*
 * group columns, count(*), sum(features) [, count(label), sum(label)] [, lwe_gram(features [, label])]
 * [, lwe_receipt(features, bound columns) [, lwe_receipt(label, bound columns)]]
 */
static PpdlStatus
put_query(PpdlDb *db, PpdlWriter *w, const PpdlStatsQuery *q, PpdlError *err)
{
	const int	groups = q->group_by->count;

	ppdl_write_text(w, "SELECT ");
	for (int i = 0; i < groups; i++)
	{
		ppdl_put_identifier(db, w, q->group_by->item[i]);
		ppdl_write_text(w, ", ");
	}
	ppdl_write_text(w, "count(*)");
	put_aggregate(db, w, "sum", q->features, NULL);
	if (q->label)
	{
		ppdl_write_text(w, ", count(");
		ppdl_put_identifier(db, w, q->label);
		ppdl_write_text(w, ")");
		put_aggregate(db, w, "sum", q->label, NULL);
	}
	if (q->gram)
		put_aggregate(db, w, "lwe_gram", q->features, q->with_label ? q->label : NULL);
	if (q->receipts)
		ppdl_stats_put_receipt(db, w, q, q->features);
	if (q->receipts && q->label)
		ppdl_stats_put_receipt(db, w, q, q->label);
	PPDL_TRY(put_source(db, w, q, err));
	if (groups > 0)
	{
		ppdl_write_text(w, " GROUP BY ");
		put_order(w, groups);
		ppdl_write_text(w, " ORDER BY ");
		put_order(w, groups);
	}
	ppdl_write_u8(w, 0);
	return w->bad ? no_memory(err) : PPDL_OK;
}

/* one statement, as it is, in a transaction that reads only */
static PpdlStatus
run_query(PpdlDb *db, const char *sql, PGresult **res, PpdlError *err)
{
	PpdlStatus	status = PPDL_OK;

	*res = NULL;
	PPDL_TRY(ppdl_db_run(db, NULL, err, "BEGIN READ ONLY", 0, NULL));
	ppdl_db_cancel_on_interrupt(db);
	*res = PQexecParams(db->conn, sql, 0, NULL, NULL, NULL, NULL, 0);
	ppdl_db_ignore_interrupt();
	ppdl_progress_clear();
	if (PQresultStatus(*res) != PGRES_TUPLES_OK)
	{
		status = ppdl_db_error(db, *res, err);
		PQclear(*res);
		*res = NULL;
	}
	PQclear(PQexec(db->conn, "ROLLBACK"));
	return status;
}

/* ------------------------------------------------------------------ what is there */

/* the columns of lwe_cipher that the table has, for a message */
static PpdlStatus
no_column(PpdlDb *db, const char *table, const char *column, PpdlError *err)
{
	const char *params[] = {table};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT coalesce(string_agg(quote_ident(attname), ', ' ORDER BY attnum), '') FROM pg_attribute"
						 " WHERE attrelid = $1::regclass AND NOT attisdropped AND attnum > 0"
						 " AND atttypid = '%s.lwe_cipher'::regtype", 1, params));
	ppdl_server_error(err, "table %s has no column \"%s\" of type lwe_cipher", table, column);
	if (PQgetvalue(res, 0, 0)[0])
		ppdl_error_hint(err, PPDL_ERR_IO, "It has %s: name those of features with --column, of the label with --label.",
						PQgetvalue(res, 0, 0));
	PQclear(res);
	return PPDL_ERR_IO;
}

/* is there such an encrypted column? table: as SQL writes it */
static PpdlStatus
has_column(PpdlDb *db, const char *table, const char *column, int *has, PpdlError *err)
{
	const char *params[] = {table, column};
	PGresult   *res;

	PPDL_TRY(ppdl_db_run(db, &res, err,
						 "SELECT FROM pg_attribute WHERE attrelid = $1::regclass AND attname = $2 AND NOT attisdropped"
						 " AND attnum > 0 AND atttypid = '%s.lwe_cipher'::regtype", 2, params));
	*has = PQntuples(res) == 1;
	PQclear(res);
	return PPDL_OK;
}

static PpdlStatus
look(PpdlDb *db, const PpdlStatsQuery *q, const char *table, uint64_t *encoding, PpdlError *err)
{
	PpdlStatus	status;
	int			has;

	PPDL_TRY(has_column(db, table, q->features, &has, err));
	if (!has)
		return no_column(db, table, q->features, err);
	ppdl_db_cancel_on_interrupt(db);
	status = ppdl_rows_encoding(db, table, q->features, encoding, err);
	ppdl_db_ignore_interrupt();
	return status;
}

PpdlStatus
ppdl_stats_look(PpdlDb *db, PpdlStatsQuery *q, uint64_t *encoding, PpdlError *err)
{
	PpdlWriter	table;
	PpdlStatus	status;
	int			has = 1;

	*encoding = 0;
	ppdl_writer_init(&table);
	status = ppdl_put_table(db, &table, q->table, err);
	ppdl_write_u8(&table, 0);
	if (status == PPDL_OK)
		status = table.bad ? no_memory(err) : look(db, q, (const char *) table.buf, encoding, err);
	if (status == PPDL_OK && q->label)
		status = has_column(db, (const char *) table.buf, q->label, &has, err);
	if (status == PPDL_OK && !has && q->label_is_asked)
		status = no_column(db, (const char *) table.buf, q->label, err);
	if (!has)
		q->label = NULL;
	ppdl_writer_free(&table);
	return status;
}

/* ------------------------------------------------------------------ values */

/* not ppdl_reveal_values: that these are of the encoding is checked before they are decrypted */
static PpdlStatus
open_text(PpdlReveal *r, const char *text, size_t len, const PpdlFeatures *fs, PpdlValues *out, PpdlError *err)
{
	char		id[2][PPDL_ENCODING_SIZE];
	PpdlWordsHead head;
	int			readable;

	PPDL_TRY(ppdl_words_head(&head, text, len, &readable, err));
	if (readable && head.encoding != 0 && fs->encoding != 0 && head.encoding != fs->encoding)
	{
		ppdl_encoding_print(id[0], head.encoding);
		ppdl_encoding_print(id[1], fs->encoding);
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "the rows have encoding %s, the feature file %s", id[0], id[1]);
	}
	return ppdl_reveal_values(r, text, len, out, err);
}

static PpdlStatus
open_value(PpdlReveal *r, const PGresult *res, int row, int field, const PpdlFeatures *fs, PpdlValues *out,
		   PpdlError *err)
{
	return open_text(r, PQgetvalue(res, row, field), (size_t) PQgetlength(res, row, field), fs, out, err);
}

static PpdlStatus
check_width(const PpdlValues *v, const char *what, int want, PpdlError *err)
{
	if (v->width == want)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %d values, where the feature file has %d", what, v->width, want);
}

static void
set_product(PpdlMoments *m, int i, int j, double v)
{
	m->gram[(size_t) i * (size_t) m->width + (size_t) j] = v;
	m->gram[(size_t) j * (size_t) m->width + (size_t) i] = v;
}

/* products that are values of the row, or known to be nothing */
static void
products_of_sums(PpdlMoments *m, const PpdlStatsColumns *c, const double *sum)
{
	for (int i = 0; i < c->from_row; i++)
		for (int j = i; j < c->from_row; j++)
		{
			const int	p = ppdl_features_product(c->features, c->value[i], c->value[j]);

			if (p != PPDL_PRODUCT_NONE)
				set_product(m, i, j, p == PPDL_PRODUCT_ZERO ? 0 : sum[p]);
		}
}

/* which row of the server's matrix a value of the moments is; -1: none */
static int
gram_row(const PpdlStatsColumns *c, const PpdlValues *gram, int i)
{
	if (i < c->from_row)
		return c->value[i];
	if (c->label < 0 || i == c->label_missing || gram->width == c->features->inputs)
		return -1;
	return c->features->inputs + i - c->label_first;
}

static void
products_of_gram(PpdlMoments *m, const PpdlStatsColumns *c, const PpdlValues *gram)
{
	for (int i = 0; i < m->width; i++)
		for (int j = i; j < m->width; j++)
		{
			const int	a = gram_row(c, gram, i),
						b = gram_row(c, gram, j);

			if (a >= 0 && b >= 0)
				set_product(m, i, j, ppdl_values_row(gram, (uint32_t) a)[b]);
		}
}

/* one that is missing has no other value */
static void
set_label_missing(PpdlMoments *m, const PpdlStatsColumns *c, double labels)
{
	m->sum[c->label_missing] = m->n - labels;
	set_product(m, c->label_missing, c->label_missing, m->n - labels);
	for (int i = c->label_first; i < c->label_missing; i++)
		set_product(m, i, c->label_missing, 0);
	for (int i = 0; i < c->label_first && labels == m->n; i++)
		set_product(m, i, c->label_missing, 0);
}

/* ------------------------------------------------------------------ a group */

typedef struct Fields
{
	PpdlReveal *r;
	const PpdlStatsQuery *q;
	const PpdlStatsColumns *c;
	const PGresult *res;
	int			row;
	PpdlVerifier *verifier;		/* or NULL */
	PpdlText	sum;			/* of the features at hand, once it is proved */
	uint64_t	proved;			/* rows, in all */
} Fields;

static double
count_in(const Fields *f, int field)
{
	return strtod(PQgetvalue(f->res, f->row, field), NULL);
}

/* a sum in a field, or what its receipt proves it to be */
static PpdlStatus
take_sum(Fields *f, int column, int field, PpdlText *sum, char **said, PpdlError *err)
{
	const int	receipts = f->q->group_by->count + (f->q->label ? 4 : 2) + (f->q->gram ? 1 : 0);
	const PpdlStatsSum fields = {column, field - 1, field, receipts + column};

	*sum = (PpdlText) {PQgetvalue(f->res, f->row, field), (size_t) PQgetlength(f->res, f->row, field)};
	return f->verifier == NULL ? PPDL_OK :
		ppdl_stats_verify(f->verifier, f->q->group_by, f->res, f->row, &fields, sum, said, err);
}

static PpdlStatus
read_features(const Fields *f, PpdlMoments *m, PpdlError *err)
{
	PpdlValues	v;
	PpdlStatus	status;

	PPDL_TRY(open_text(f->r, f->sum.s, f->sum.len, f->c->features, &v, err));
	status = check_width(&v, "features", f->c->features->inputs, err);
	if (status == PPDL_OK)
	{
		const double *sum = ppdl_values_row(&v, 0);

		for (int i = 0; i < f->c->from_row; i++)
			m->sum[i] = sum[f->c->value[i]];
		m->sum_error = v.error;
		if (!f->q->gram)
		{
			m->error = v.error;
			products_of_sums(m, f->c, sum);
		}
	}
	ppdl_values_free(&v);
	return status;
}

/* too few of them are as good as none */
static PpdlStatus
read_labels(Fields *f, int field, PpdlStatsRows *g, PpdlError *err)
{
	PpdlMoments *m = &g->moments;
	const double labels = count_in(f, field);
	PpdlText	sum;
	PpdlValues	v;
	PpdlStatus	status;

	PPDL_TRY(take_sum(f, 1, field + 1, &sum, &g->verified_labels, err));
	if (labels < 1 || labels < (double) f->q->min_count)
	{
		set_label_missing(m, f->c, 0);
		g->few_labels = labels > 0;
		return PPDL_OK;
	}
	PPDL_TRY(open_text(f->r, sum.s, sum.len, f->c->features, &v, err));
	status = check_width(&v, "label", f->c->features->outputs, err);
	if (status == PPDL_OK)
	{
		memcpy(m->sum + f->c->label_first, v.v, (size_t) v.width * sizeof *v.v);
		m->sum_error = fmax(m->sum_error, v.error);
		set_label_missing(m, f->c, labels);
	}
	ppdl_values_free(&v);
	return status;
}

static PpdlStatus
read_gram(const Fields *f, int field, PpdlMoments *m, PpdlError *err)
{
	PpdlValues	v;
	PpdlStatus	status;

	PPDL_TRY(open_value(f->r, f->res, f->row, field, f->c->features, &v, err));
	status = check_width(&v, "second moments", f->c->features->inputs +
						 (f->q->with_label ? f->c->features->outputs : 0), err);
	if (status == PPDL_OK)
	{
		m->error = v.error;
		products_of_gram(m, f->c, &v);
	}
	ppdl_values_free(&v);
	return status;
}

static PpdlStatus
name_group(const Fields *f, PpdlStatsRows *g, PpdlError *err)
{
	const PpdlList *by = f->q->group_by;
	PpdlWriter	w;

	if (by->count == 0)
		return PPDL_OK;
	g->key = calloc((size_t) by->count, sizeof *g->key);
	if (g->key == NULL)
		return no_memory(err);
	ppdl_writer_init(&w);
	for (; g->keys < by->count; g->keys++)
	{
		const int	null = PQgetisnull(f->res, f->row, g->keys);
		const char *value = PQgetvalue(f->res, f->row, g->keys);

		if (!null && (g->key[g->keys] = strdup(value)) == NULL)
			w.bad = 1;
		ppdl_write_text(&w, g->keys ? ", " : "");
		ppdl_write_text(&w, by->item[g->keys]);
		ppdl_write_text(&w, null ? " is NULL" : " = ");
		ppdl_write_text(&w, null ? "" : value);
	}
	ppdl_write_u8(&w, 0);
	g->name = w.bad ? NULL : strdup((const char *) w.buf);
	ppdl_writer_free(&w);
	return g->name ? PPDL_OK : no_memory(err);
}

static PpdlStatus
read_group(Fields *f, PpdlStatsRows *g, PpdlError *err)
{
	const int	first = f->q->group_by->count;
	PpdlMoments *m = &g->moments;

	PPDL_TRY(ppdl_moments_alloc(m, f->c->width, err));
	m->n = count_in(f, first);
	m->variables = f->c->count;
	m->variable = f->c->variable;
	PPDL_TRY(read_features(f, m, err));
	if (f->c->label >= 0)
		PPDL_TRY(read_labels(f, first + 2, g, err));
	if (f->q->gram)
		PPDL_TRY(read_gram(f, first + (f->q->label ? 4 : 2), m, err));
	return ppdl_moments_check(m, err);
}

/* puts which group it is before the message */
static PpdlStatus
in_group(const PpdlStatsRows *g, PpdlStatus status, PpdlError *err)
{
	char		text[sizeof err->message];

	if (status == PPDL_OK || g->name == NULL)
		return status;
	snprintf(text, sizeof text, "%.60s: %.250s", g->name, err->message);
	memcpy(err->message, text, sizeof text);
	return status;
}

/* before it has moments */
static void
forget_group(PpdlStatsRows *g)
{
	for (int i = 0; i < g->keys; i++)
		free(g->key[i]);
	free(g->key);
	free(g->name);
	free(g->verified);
	memset(g, 0, sizeof *g);
}

/* --all-rows: a group that the server leaves out altogether has no receipt that would say so */
static PpdlStatus
check_all_groups(const Fields *f, PpdlError *err)
{
	uint64_t	due;

	if (f->verifier == NULL || f->q->where)
		return PPDL_OK;
	ppdl_verifier_column(f->verifier, 0);
	due = ppdl_verifier_due(f->verifier);
	if (f->proved >= due)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_KEY, "%llu rows of the manifest are in no group of the answer",
					  (unsigned long long) (due - f->proved));
}

static PpdlStatus
read_groups(PpdlStatsAnswer *a, Fields *f, PpdlError *err)
{
	const int	count = f->q->group_by->count;

	a->group = calloc((size_t) PQntuples(f->res) + 1, sizeof *a->group);
	if (a->group == NULL)
		return no_memory(err);
	for (f->row = 0; f->row < PQntuples(f->res); f->row++)
	{
		const double n = count_in(f, count);
		PpdlStatsRows *g = &a->group[a->groups++];

		PPDL_TRY(name_group(f, g, err));
		PPDL_TRY(in_group(g, take_sum(f, 0, count + 1, &f->sum, &g->verified, err), err));
		f->proved += f->verifier ? ppdl_verifier_rows(f->verifier) : 0;
		if (n == 0 || n < (double) f->q->min_count)
		{
			a->withheld += n > 0;
			a->withheld_rows += n;
			forget_group(g);
			a->groups--;
			continue;
		}
		if (ppdl_db_interrupted())
			return ppdl_error(err, PPDL_ERR_CANCELED, "interrupted");
		PPDL_TRY(in_group(g, read_group(f, g, err), err));
	}
	a->empty = a->groups == 0 && a->withheld == 0;
	return check_all_groups(f, err);
}

PpdlStatus
ppdl_stats_check(PpdlDb *db, const PpdlStatsQuery *q, PpdlError *err)
{
	PpdlWriter	w;
	PGresult   *res = NULL;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	ppdl_write_text(&w, "EXPLAIN ");
	status = put_query(db, &w, q, err);
	if (status == PPDL_OK)
		status = run_query(db, (const char *) w.buf, &res, err);
	PQclear(res);
	ppdl_writer_free(&w);
	return status;
}

PpdlStatus
ppdl_stats_rows(PpdlStatsAnswer *a, PpdlDb *db, PpdlReveal *r, PpdlVerifier *v, const PpdlStatsQuery *q,
				const PpdlStatsColumns *c, PpdlError *err)
{
	Fields		f = {.r = r, .q = q, .c = c, .verifier = v};
	PpdlWriter	w;
	PGresult   *res = NULL;
	PpdlStatus	status;

	memset(a, 0, sizeof *a);
	ppdl_writer_init(&w);
	PPDL_GOTO(done, put_query(db, &w, q, err));
	a->sql = strdup((const char *) w.buf);
	if (a->sql == NULL)
		PPDL_GOTO(done, no_memory(err));
	PPDL_GOTO(done, run_query(db, a->sql, &res, err));
	f.res = res;
	status = read_groups(a, &f, err);
done:
	PQclear(res);
	ppdl_writer_free(&w);
	return status;
}
