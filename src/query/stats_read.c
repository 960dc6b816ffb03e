#include "query/stats_read.h"

#include <math.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/text.h"
#include "query/value.h"

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

/* ------------------------------------------------------------------ values */

/* so many rows, each of which has a value of that width */
static PpdlStatus
check_shape(const PpdlValues *v, const char *what, int rows, int width, PpdlError *err)
{
	if (v->width != width)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %d values, where the feature file has %d", what, v->width, width);
	if (v->nrows != (uint32_t) rows || v->held != v->nrows)
		return ppdl_error(err, PPDL_ERR_FORMAT, "%s: %u rows, %u of them with values, where %d are expected", what,
						  v->nrows, v->held, rows);
	return PPDL_OK;
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
	const PpdlStatsReader *r;
	const PpdlStatsQuery *q;
	const PpdlStatsColumns *c;
	const PpdlText *field;
	PpdlText	sum;			/* of the features, once it is proved */
} Fields;

static PpdlStatus
open_text(const Fields *f, const PpdlText *t, PpdlValues *out, PpdlError *err)
{
	if (t->s == NULL)
		return ppdl_error(err, PPDL_ERR_FORMAT, "NULL where a value of lwe_cipher is expected");
	PPDL_TRY(ppdl_value_check_encoding(t->s, t->len, f->c->features->encoding, err));
	return f->r->open(f->r->arg, t->s, t->len, out, err);
}

/* a sum in a field, or what its receipt proves it to be */
static PpdlStatus
take_sum(const Fields *f, int column, int field, PpdlText *sum, char **said, PpdlError *err)
{
	const PpdlStatsQuery *q = f->q;
	const int	receipts = q->group_by->count + (q->label ? 4 : 2) + (q->gram ? 1 : 0);
	const PpdlStatsSum fields = {column, field - 1, field, receipts + column};
	PpdlStatsProved proved = {{NULL}};

	*sum = f->field[field];
	if (f->r->prove == NULL)
		return PPDL_OK;
	PPDL_TRY(f->r->prove(f->r->arg, f->field, &fields, &proved, err));
	*sum = proved.sum;
	*said = proved.said;
	return PPDL_OK;
}

static double
count_in(const Fields *f, int field)
{
	return f->field[field].s ? strtod(f->field[field].s, NULL) : 0;
}

static PpdlStatus
read_features(const Fields *f, PpdlMoments *m, PpdlError *err)
{
	PpdlValues	v;
	PpdlStatus	status;

	PPDL_TRY(open_text(f, &f->sum, &v, err));
	status = check_shape(&v, "features", 1, f->c->features->inputs, err);
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
read_labels(const Fields *f, int field, PpdlStatsRows *g, PpdlError *err)
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
	PPDL_TRY(open_text(f, &sum, &v, err));
	status = check_shape(&v, "label", 1, f->c->features->outputs, err);
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
	const int	width = f->c->features->inputs + (f->q->with_label ? f->c->features->outputs : 0);
	PpdlValues	v;
	PpdlStatus	status;

	PPDL_TRY(open_text(f, &f->field[field], &v, err));
	status = check_shape(&v, "second moments", width, width, err);
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
		const char *value = f->field[g->keys].s;

		if (value && (g->key[g->keys] = strdup(value)) == NULL)
			w.bad = 1;
		ppdl_write_text(&w, g->keys ? ", " : "");
		ppdl_write_text(&w, by->item[g->keys]);
		ppdl_write_text(&w, value ? " = " : " is NULL");
		ppdl_write_text(&w, value ? value : "");
	}
	ppdl_write_u8(&w, 0);
	g->name = w.bad ? NULL : strdup((const char *) w.buf);
	ppdl_writer_free(&w);
	return g->name ? PPDL_OK : no_memory(err);
}

static PpdlStatus
read_group(const Fields *f, PpdlStatsRows *g, PpdlError *err)
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

	if (status == PPDL_OK || g->name == NULL || err == NULL)
		return status;
	snprintf(text, sizeof text, "%.*s: %.*s", PPDL_CUT(g->name, 60), PPDL_CUT(err->message, 250));
	memcpy(err->message, text, sizeof text);
	return status;
}

int
ppdl_stats_fields(const PpdlStatsQuery *q)
{
	const int	sums = q->label ? 2 : 1;

	return q->group_by->count + 2 * sums + (q->gram ? 1 : 0) + (q->receipts ? sums : 0);
}

static PpdlStatus
check_fields(size_t count, int want, PpdlError *err)
{
	return count == (size_t) want ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_ARGUMENT, "%zu fields of a statement that returns %d", count, want);
}

/* a group whose sum has been taken */
static PpdlStatus
add_group(PpdlStatsAnswer *a, const Fields *f, PpdlStatsRows *g, PpdlError *err)
{
	PpdlStatsRows *more = realloc(a->group, ((size_t) a->groups + 1) * sizeof *more);

	if (more == NULL)
		return no_memory(err);
	a->group = more;
	PPDL_TRY(in_group(g, read_group(f, g, err), err));
	a->group[a->groups++] = *g;
	*g = (PpdlStatsRows) {0};
	return PPDL_OK;
}

/* its labels are checked, too */
static PpdlStatus
withhold_group(PpdlStatsAnswer *a, const Fields *f, double n, PpdlStatsRows *g, PpdlError *err)
{
	PpdlText	labels;

	a->withheld++;
	a->withheld_rows += n;
	return f->q->label ? take_sum(f, 1, f->q->group_by->count + 3, &labels, &g->verified_labels, err) : PPDL_OK;
}

/* g: zeros, and afterwards what is not the answer's */
static PpdlStatus
read_row(PpdlStatsAnswer *a, Fields *f, PpdlStatsRows *g, PpdlError *err)
{
	const int	first = f->q->group_by->count;
	const double n = count_in(f, first);

	PPDL_TRY(name_group(f, g, err));
	PPDL_TRY(in_group(g, take_sum(f, 0, first + 1, &f->sum, &g->verified, err), err));
	if (n > 0 && n >= (double) f->q->min_count)
		return add_group(a, f, g, err);
	return n > 0 ? in_group(g, withhold_group(a, f, n, g, err), err) : PPDL_OK;
}

PpdlStatus
ppdl_stats_read(PpdlStatsAnswer *a, const PpdlStatsReader *r, const PpdlText *field, size_t count, PpdlError *err)
{
	Fields		f = {.r = r, .q = r->query, .c = r->columns, .field = field};
	PpdlStatsRows g = {0};
	PpdlStatus	status;

	PPDL_TRY(check_fields(count, ppdl_stats_fields(r->query), err));
	status = read_row(a, &f, &g, err);
	ppdl_stats_rows_free(&g);
	return status;
}

/* ------------------------------------------------------------------ rows in which a value is known */

/* rows of the group in which the value is missing */
static double
missing_in(const PpdlMoments *m, int value)
{
	return nearbyint(m->sum[value]);
}

int
ppdl_stats_needs_known(const PpdlStatsAnswer *a, const PpdlStatsQuery *q)
{
	for (int i = 0; i < a->groups; i++)
		for (int k = 0; k < q->knowns; k++)
			if (q->known[k] >= 0 && missing_in(&a->group[i].moments, q->known[k]) > 0)
				return 1;
	return 0;
}

int
ppdl_stats_known_fields(const PpdlStatsQuery *q)
{
	int			fields = q->group_by->count + 1;

	for (int k = 0; k < q->knowns; k++)
		fields += q->known[k] >= 0;
	return fields;
}

static PpdlStatus
set_known(PpdlMoments *m, const PpdlStatsColumns *c, const double *sum, double rows, double error, PpdlError *err)
{
	PPDL_TRY(ppdl_moments_alloc(m, c->width, err));
	m->n = rows;
	m->variables = c->count;
	m->variable = c->variable;
	m->sum_error = m->error = error;
	for (int i = 0; i < c->from_row; i++)
		m->sum[i] = sum[c->value[i]];
	products_of_sums(m, c, sum);
	if (c->label >= 0)
		set_label_missing(m, c, 0);
	return ppdl_moments_check(m, err);
}

/* of the rows that the group's sums say that there are */
static PpdlStatus
read_known(const Fields *f, int field, double rows, PpdlMoments *m, PpdlError *err)
{
	PpdlValues	v;
	PpdlStatus	status;

	PPDL_TRY(open_text(f, &f->field[field], &v, err));
	status = check_shape(&v, "moments of some rows", 1, 1 + f->c->features->inputs, err);
	if (status == PPDL_OK)
	{
		const double *sum = ppdl_values_row(&v, 0);

		if (fabs(sum[0] - rows) > 0.5 + 8 * v.error)
			status = ppdl_error(err, PPDL_ERR_RANGE, "%.1f rows, where %.0f are expected", sum[0], rows);
		else
			status = set_known(m, f->c, sum + 1, rows, v.error, err);
	}
	ppdl_values_free(&v);
	return status;
}

static PpdlStatus
read_all_known(const Fields *f, PpdlStatsRows *g, PpdlError *err)
{
	int			field = f->q->group_by->count + 1;

	g->known = calloc((size_t) f->q->knowns + 1, sizeof *g->known);
	if (g->known == NULL)
		return no_memory(err);
	g->knowns = f->q->knowns;
	for (int k = 0; k < g->knowns; k++)
	{
		double		rows;

		if (f->q->known[k] < 0)
			continue;
		rows = g->moments.n - missing_in(&g->moments, f->q->known[k]);
		if (rows < g->moments.n && rows >= 1 && rows >= (double) f->q->min_count)
			PPDL_TRY(in_group(g, read_known(f, field, rows, &g->known[k], err), err));
		field++;
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_stats_read_known(PpdlStatsAnswer *a, int *group, const PpdlStatsReader *r, const PpdlText *field, size_t count,
					  PpdlError *err)
{
	const Fields f = {.r = r, .q = r->query, .c = r->columns, .field = field};
	const int	first = r->query->group_by->count;

	PPDL_TRY(check_fields(count, ppdl_stats_known_fields(r->query), err));
	/* groups that were withheld are none of the answer's */
	if (*group == a->groups || count_in(&f, first) < (double) r->query->min_count || count_in(&f, first) < 1)
		return PPDL_OK;
	if (count_in(&f, first) != a->group[*group].moments.n)
		return ppdl_error(err, PPDL_ERR_FORMAT, "the server's groups are not those that it had before");
	return read_all_known(&f, &a->group[(*group)++], err);
}
