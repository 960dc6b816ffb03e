/* Statistics of encrypted rows: what is asked, the statement, its rows, what they come to. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/encoding.h"
#include "lib/verifier.h"
#include "query/stats_prove.h"
#include "query/stats_result.h"
#include "query/stats_sql.h"

#define OPTIONS_LEAST 96
#define SOURCE_LEAST 56
#define DEFAULT_LEVEL 0.95

struct ppdl_stats
{
	PpdlStatsColumns columns;
	PpdlStatsPlan plan;
	PpdlStatsQuery query;		/* its texts: */
	char	   *table,
			   *features,
			   *label,
			   *where;
	PpdlList	group_by;
	PpdlStatsAnswer answer;
	char	   *schema,
			   *first,			/* statements */
			   *second;			/* NULL: not asked yet */
	int			group;			/* that the next row of the second is of */
	ppdl_verifier *verifier;	/* of sums; NULL: they are believed */
	PpdlList	bound;			/* columns of the table, of the query */
	int			begun,			/* a row was given */
				refused;		/* ... and did not pass */
	PpdlWriter	json;
};

/* ------------------------------------------------------------------ what is asked */

static void
free_ask(PpdlStatsAsk *ask)
{
	ppdl_list_free(&ask->columns);
	ppdl_list_free(&ask->regress);
	ppdl_list_free(&ask->on);
	ppdl_list_free(&ask->crosstab);
	ppdl_list_free(&ask->histogram);
}

static PpdlStatus
take_ask(PpdlStatsAsk *ask, const ppdl_stats_options *o, PpdlError *err)
{
	*ask = (PpdlStatsAsk) {.describe = o->describe, .means = o->means, .correlation = o->correlation,
						   .components = o->components, .all = o->all, .ridge = o->ridge,
						   .level = o->level == 0 ? DEFAULT_LEVEL : o->level};
	PPDL_TRY(ppdl_lib_take_list(&ask->columns, o->columns, err));
	PPDL_TRY(ppdl_lib_take_list(&ask->regress, o->regress, err));
	PPDL_TRY(ppdl_lib_take_list(&ask->on, o->on, err));
	PPDL_TRY(ppdl_lib_take_list(&ask->crosstab, o->crosstab, err));
	return ppdl_lib_take_list(&ask->histogram, o->histogram, err);
}

static PpdlStatus
check_flag(int32_t flag, const char *name, PpdlError *err)
{
	return flag == 0 || flag == 1 ? PPDL_OK :
		ppdl_error(err, PPDL_ERR_ARGUMENT, "options->%s is %d, neither 0 nor 1", name, flag);
}

static PpdlStatus
check_options(const ppdl_stats_options *o, const PpdlStatsAsk *ask, PpdlError *err)
{
	PPDL_TRY(check_flag(o->describe, "describe", err));
	PPDL_TRY(check_flag(o->means, "means", err));
	PPDL_TRY(check_flag(o->correlation, "correlation", err));
	PPDL_TRY(check_flag(o->components, "components", err));
	PPDL_TRY(check_flag(o->all, "all", err));
	if (o->reserved != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->reserved is not 0");
	if (!(o->ridge >= 0 && isfinite(o->ridge)))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->ridge is %g; 0 or more is expected", o->ridge);
	if (!(ask->level > 0 && ask->level < 1))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->level is %g, not between 0 and 1", o->level);
	if (ask->means && (ask->describe || ask->all))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->means and describe exclude each other");
	if (ask->crosstab.count % 2 != 0)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->crosstab has %d columns: two make a table",
						  ask->crosstab.count);
	if (ask->regress.count == 0 && (ask->on.count > 0 || ask->ridge > 0))
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->on and ridge are of a regression: regress is empty");
	return PPDL_OK;
}

/* ------------------------------------------------------------------ where the rows are */

static PpdlStatus
take_source(ppdl_stats *s, const ppdl_stats_source *from, const ppdl_stats_options *o, PpdlError *err)
{
	PPDL_TRY(ppdl_lib_need(from->schema, "source->schema", err));
	PPDL_TRY(ppdl_lib_need(from->table, "source->table", err));
	PPDL_TRY(ppdl_lib_need(from->features, "source->features", err));
	PPDL_TRY(ppdl_lib_copy(&s->schema, from->schema, err));
	PPDL_TRY(ppdl_lib_copy(&s->table, from->table, err));
	PPDL_TRY(ppdl_lib_copy(&s->features, from->features, err));
	PPDL_TRY(ppdl_lib_copy(&s->label, from->label, err));
	PPDL_TRY(ppdl_lib_copy(&s->where, from->where, err));
	PPDL_TRY(ppdl_lib_take_list(&s->group_by, from->group_by, err));
	s->query = (PpdlStatsQuery) {.table = s->table, .sql_table = s->table, .where = s->where,
								 .features = s->features, .label = s->label, .group_by = &s->group_by};
	return ppdl_lib_take_min_count(&s->query.min_count, o->min_count, "options->min_count", err);
}

/* the first statement, in place of the one that there is; after an error that one stays */
static PpdlStatus
write_statement(ppdl_stats *s, const PpdlStatsQuery *q, PpdlError *err)
{
	char	   *sent = NULL,
			   *shown = NULL;
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_stats_sql(&w, q, s->schema, err);
	if (status == PPDL_OK)
		status = ppdl_lib_copy(&sent, (const char *) w.buf, err);
	if (status == PPDL_OK)
		status = ppdl_lib_copy(&shown, (const char *) w.buf, err);
	ppdl_writer_free(&w);
	if (status != PPDL_OK)
	{
		free(sent);
		return status;
	}
	free(s->first);
	free(s->answer.sql);
	s->first = sent;
	s->answer.sql = shown;
	s->query = *q;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the handle */

static PpdlStatus
set_up(ppdl_stats *s, const ppdl_encoding *encoding, const ppdl_stats_source *source, const ppdl_stats_options *o,
	   const PpdlStatsAsk *ask, PpdlError *err)
{
	PPDL_TRY(check_options(o, ask, err));
	PPDL_TRY(take_source(s, source, o, err));
	if (s->label != NULL && encoding->fs->label == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "source->label is \"%.*s\", and the encoding has no label",
						  PPDL_CUT(s->label, 60));
	PPDL_TRY(ppdl_stats_columns(&s->columns, encoding->fs, s->label != NULL, err));
	PPDL_TRY(ppdl_stats_plan(&s->plan, ask, &s->columns, err));
	s->query.gram = s->plan.gram;
	s->query.with_label = s->plan.with_label;
	s->query.known = s->plan.known;
	s->query.knowns = s->plan.responses;
	return write_statement(s, &s->query, err);
}

int32_t
ppdl_stats_new(ppdl_stats **out, const ppdl_encoding *encoding, const ppdl_stats_source *source,
			   const ppdl_stats_options *options, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_stats_options o;
	ppdl_stats_source from;
	PpdlStatsAsk ask;
	ppdl_stats *s;
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	PPDL_NEED(out, err);
	*out = NULL;
	PPDL_NEED(encoding, err);
	PPDL_TRY(ppdl_lib_take(&from, sizeof from, SOURCE_LEAST, source, "source", err));
	PPDL_TRY(ppdl_lib_take(&o, sizeof o, OPTIONS_LEAST, options, "options", err));
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return ppdl_lib_nomem(err);
	ppdl_writer_init_secret(&s->json);
	status = take_ask(&ask, &o, err);
	if (status == PPDL_OK)
		status = set_up(s, encoding, &from, &o, &ask, err);
	free_ask(&ask);
	if (status == PPDL_OK)
		*out = s;
	else
		ppdl_stats_free(s);
	return status;
}

void
ppdl_stats_free(ppdl_stats *s)
{
	if (s == NULL)
		return;
	ppdl_stats_answer_free(&s->answer);
	ppdl_stats_plan_free(&s->plan);
	ppdl_stats_columns_free(&s->columns);
	ppdl_list_free(&s->group_by);
	ppdl_list_free(&s->bound);
	ppdl_verifier_free(s->verifier);
	ppdl_writer_free(&s->json);
	free(s->schema);
	free(s->first);
	free(s->second);
	free(s->table);
	free(s->features);
	free(s->label);
	free(s->where);
	free(s);
}

const char *
ppdl_stats_statement(const ppdl_stats *s)
{
	return s == NULL ? NULL : s->second ? s->second : s->first;
}

/* ------------------------------------------------------------------ receipts */

/* the statement with receipts, of these bound columns; takes neither */
static PpdlStatus
ask_receipts(ppdl_stats *s, const ppdl_verifier *v, PpdlList *bound, PpdlError *err)
{
	PpdlStatsQuery q = s->query;

	if (v->column != NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "options->column is \"%.*s\": both are checked, and none is named",
						  PPDL_CUT(v->column, 60));
	if (bound->count != v->args.bind.count)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%d columns are given, and options->bind has %d", bound->count,
						  v->args.bind.count);
	/* by their names groups are found in receipts */
	for (int i = 0; i < bound->count; i++)
		if (strcasecmp(bound->item[i], v->args.bind.item[i]) != 0)
			return ppdl_error(err, PPDL_ERR_ARGUMENT, "column \"%.*s\" is not called \"%.*s\", as options->bind "
							  "has it", PPDL_CUT(bound->item[i], 60), PPDL_CUT(v->args.bind.item[i], 60));
	q.receipts = 1;
	q.bound = bound->item;
	q.nbound = bound->count;
	return write_statement(s, &q, err);
}

int32_t
ppdl_stats_verify(ppdl_stats *s, ppdl_key *key, const ppdl_verifier_options *options, const char *const *columns,
				  ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	ppdl_verifier *v;
	PpdlList	bound = {0};
	PpdlStatus	status;

	PPDL_TRY(ppdl_lib_need(s, "stats", err));
	if (s->begun || s->verifier != NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "%s: ppdl_stats_verify is called once, before the first row",
						  s->begun ? "rows have come" : "receipts are asked for already");
	PPDL_TRY((PpdlStatus) ppdl_verifier_new(&v, key, options, e));
	status = ppdl_lib_take_list(&bound, columns != NULL ? columns : (const char *const *) v->args.bind.item, err);
	if (status == PPDL_OK)
		status = ask_receipts(s, v, &bound, err);
	if (status != PPDL_OK)
	{
		ppdl_list_free(&bound);
		ppdl_verifier_free(v);
		return status;
	}
	s->verifier = v;
	s->bound = bound;
	return PPDL_OK;
}

/* ------------------------------------------------------------------ the statement's rows */

typedef struct Opener
{
	const ppdl_stats *stats;
	ppdl_key   *key;
	uint32_t	flags;
} Opener;

static PpdlStatus
open_value(void *arg, const char *text, size_t len, PpdlValues *out, PpdlError *err)
{
	const Opener *o = arg;

	return ppdl_lib_decrypt_text(o->key, out, text, len, o->flags, err);
}

static PpdlStatus
prove(void *arg, const PpdlText *field, const PpdlStatsSum *f, PpdlStatsProved *out, PpdlError *err)
{
	const ppdl_stats *s = ((const Opener *) arg)->stats;

	return ppdl_stats_prove(s->verifier->verifier, &s->group_by, field, f, out, err);
}

static PpdlStatus
add_row(ppdl_stats *s, Opener *o, const char *const *fields, size_t count, PpdlError *err)
{
	const PpdlStatsReader reader = {&s->query, &s->columns, open_value, s->verifier ? prove : NULL, o};
	PpdlText   *field;
	PpdlStatus	status;

	PPDL_TRY(ppdl_lib_take_fields(&field, fields, count, err));
	s->begun = 1;
	status = s->second ? ppdl_stats_read_known(&s->answer, &s->group, &reader, field, count, err) :
		ppdl_stats_read(&s->answer, &reader, field, count, err);
	s->refused |= status != PPDL_OK;
	free(field);
	return status;
}

int32_t
ppdl_stats_add(ppdl_stats *s, ppdl_key *key, const char *const *fields, size_t count, uint32_t flags, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	Opener		o = {s, key, flags};
	int			want;

	PPDL_TRY(ppdl_lib_need(s, "stats", err));
	PPDL_TRY(ppdl_lib_need_lwe(key, err));
	PPDL_NEED(fields, err);
	PPDL_TRY(ppdl_lib_check_flags(flags, PPDL_SHARE, err));
	want = s->second ? ppdl_stats_known_fields(&s->query) : ppdl_stats_fields(&s->query);
	if (count != (size_t) want)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "count is %zu, of a statement that returns %d columns", count, want);
	return add_row(s, &o, fields, count, err);
}

/* the second statement, and both for whoever reads the result */
static PpdlStatus
write_second(ppdl_stats *s, PpdlError *err)
{
	char	   *both;
	PpdlWriter	w;
	PpdlStatus	status;

	ppdl_writer_init(&w);
	status = ppdl_stats_known_sql(&w, &s->query, &s->columns, s->schema, err);
	if (status == PPDL_OK && asprintf(&both, "%s;\n%s", s->first, (const char *) w.buf) < 0)
		status = ppdl_lib_nomem(err);
	else if (status == PPDL_OK)
	{
		free(s->answer.sql);
		s->answer.sql = both;
		status = ppdl_lib_copy(&s->second, (const char *) w.buf, err);
	}
	ppdl_writer_free(&w);
	return status;
}

int32_t
ppdl_stats_more(ppdl_stats *s, int32_t *more, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PPDL_PLAIN_NUMBERS();

	PPDL_NEED(more, err);
	*more = 0;
	PPDL_TRY(ppdl_lib_need(s, "stats", err));
	/* its sums have no receipts */
	if (s->second != NULL || s->verifier != NULL || !ppdl_stats_needs_known(&s->answer, &s->query))
		return PPDL_OK;
	PPDL_TRY(write_second(s, err));
	*more = 1;
	return PPDL_OK;
}

int32_t
ppdl_stats_no_more(ppdl_stats *s, const char *why, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);

	PPDL_TRY(ppdl_lib_need(s, "stats", err));
	PPDL_NEED(why, err);
	free(s->answer.no_known);
	return ppdl_lib_copy(&s->answer.no_known, why, err);
}

/* ------------------------------------------------------------------ what they come to */

/* receipts of rows that were refused count as having come: nothing is known of the whole */
static PpdlStatus
check_all(const ppdl_stats *s, PpdlError *err)
{
	if (s->verifier == NULL)
		return PPDL_OK;
	if (s->refused)
		return ppdl_error(err, PPDL_ERR_KEY, "a row of the answer was refused, and the others are no answer");
	return ppdl_stats_prove_all(s->verifier->verifier, &s->query, err);
}

static PpdlStatus
compute(ppdl_stats *s, PpdlStatsResult *result, PpdlError *err)
{
	const PpdlStatsPage page = {&s->query, &s->answer, result};

	for (int i = 0; i < s->answer.groups; i++)
		PPDL_TRY(ppdl_stats_compute(&result[i], &s->plan, &s->answer, i, s->query.min_count, err));
	s->json.len = 0;
	PPDL_TRY(ppdl_stats_json(&s->json, &page, err));
	ppdl_write_u8(&s->json, 0);
	return s->json.bad ? ppdl_lib_nomem(err) : PPDL_OK;
}

int32_t
ppdl_stats_result(ppdl_stats *s, const char **json, ppdl_err *e)
{
	PpdlError  *err = ppdl_err_begin(e);
	PpdlStatsResult *result;
	PpdlStatus	status;
	PPDL_PLAIN_NUMBERS();

	PPDL_NEED(json, err);
	*json = NULL;
	PPDL_TRY(ppdl_lib_need(s, "stats", err));
	PPDL_TRY(check_all(s, err));
	result = calloc((size_t) s->answer.groups + 1, sizeof *result);
	if (result == NULL)
		return ppdl_lib_nomem(err);
	status = compute(s, result, err);
	for (int i = 0; i < s->answer.groups; i++)
		ppdl_stats_result_free(&result[i]);
	free(result);
	if (status == PPDL_OK)
		*json = (const char *) s->json.buf;
	return status;
}
