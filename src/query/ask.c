#include "query/ask.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hex.h"
#include "base/text.h"
#include "query/sqltext.h"
#include "query/ask_parse.h"

#define BEGINS "ppdl:"			/* a mark: this, 16 hexadecimal digits of chance, a colon; then the item and a colon */

typedef struct Rewriter
{
	PpdlAsk  *w;
	const char *sql,
			   *schema;
	PpdlAskFind find;
	void	   *arg;
	PpdlError  *err;
	size_t		copied;			/* of sql, into w->sql */
	size_t		statement;		/* where it begins */
} Rewriter;

/* ------------------------------------------------------------------ what stands around braces */

/* results of other statements are not shown: what would become of the answers? */
static PpdlStatus
check_statement(const Rewriter *r, size_t at)
{
	static const char *const shown[] = {"select", "with", "values", "table", "explain", "(", NULL};
	PpdlAskText t = {.sql = r->sql, .end = r->statement, .err = r->err};

	PPDL_TRY(ppdl_ask_next(&t));
	for (int i = 0; shown[i]; i++)
		if (ppdl_ask_is(&t, shown[i]))
			return PPDL_OK;
	return ppdl_ask_error(&t, at, "what stands in braces is answered where a result is shown: in SELECT and WITH");
}

/* does the expression that ends before t need a name? */
static PpdlStatus
needs_name(PpdlAskText *t, int *needs)
{
	static const char *const behind[] = {"from", "where", "group", "having", "window", "order", "limit", "offset",
										 "fetch", "for", "into", "union", "intersect", "except", ",", ";", NULL};

	*needs = t->token == PPDL_ASK_END;
	for (int i = 0; behind[i]; i++)
		*needs |= ppdl_ask_is(t, behind[i]);
	if (*needs || t->token == PPDL_ASK_WORD || t->token == PPDL_ASK_NAME || ppdl_ask_is(t, ")"))
		return PPDL_OK;
	return ppdl_ask_error(t, t->at, "what stands in braces is encrypted on the server, which cannot go on with it");
}

/* ------------------------------------------------------------------ what stands in braces */

static PpdlStatus
parse_what(PpdlAskText *t, const PpdlFeatures *fs, PpdlAskItem *item)
{
	const int	count = ppdl_ask_is(t, "count");

	item->ask = count ? PPDL_ASK_COUNT : ppdl_ask_is(t, "sum") ? PPDL_ASK_SUM : PPDL_ASK_AVG;
	if (!count && !ppdl_ask_is(t, "sum") && !ppdl_ask_is(t, "avg"))
		return ppdl_ask_error(t, t->at, "count, sum(COLUMN) or avg(COLUMN) is expected");
	PPDL_TRY(ppdl_ask_next(t));
	if (count && !ppdl_ask_is(t, "("))
		return PPDL_OK;
	PPDL_TRY(ppdl_ask_take(t, "("));
	if (count && ppdl_ask_is(t, "*"))
		PPDL_TRY(ppdl_ask_next(t));
	else if (fs == NULL)
		while (t->token != PPDL_ASK_END && !ppdl_ask_is(t, ")") && !ppdl_ask_is(t, "}"))
			PPDL_TRY(ppdl_ask_next(t));
	else
		PPDL_TRY(ppdl_ask_column(t, fs, &item->f));
	return ppdl_ask_take(t, ")");
}

static PpdlStatus
check_what(const PpdlAskText *t, const PpdlAskItem *item, size_t at)
{
	const PpdlFeature *f = item->f;

	if (item->ask == PPDL_ASK_COUNT || (f->kind == PPDL_FEATURE_NUMERIC &&
										  !(item->ask == PPDL_ASK_SUM && f->scale != PPDL_SCALE_LINEAR)))
		return PPDL_OK;
	if (f->kind == PPDL_FEATURE_NUMERIC)
		return ppdl_ask_error(t, at, "\"%.*s\" is encrypted by its logarithm, whose sum says nothing of the sum of "
								"numbers", PPDL_CUT(f->column, 60));
	ppdl_ask_error(t, at, "\"%.*s\" is encrypted as %s, which have no sum", PPDL_CUT(f->column, 60),
					 f->kind == PPDL_FEATURE_BANDS ? "bands" : "categories");
	return ppdl_error_hint(t->err, PPDL_ERR_ARGUMENT, "Count one of them: {count where \"%.*s\" = ...}.",
						   PPDL_CUT(f->column, 60));
}

/* the encrypted column, as it stands in the SQL text; t behind it */
static PpdlStatus
parse_column(PpdlAskText *t, char *column, size_t size)
{
	const size_t begin = t->at;
	size_t		end;

	for (;;)
	{
		if (t->token != PPDL_ASK_WORD && t->token != PPDL_ASK_NAME)
			return ppdl_ask_error(t, t->at, "the name of an encrypted column is expected");
		end = t->end;
		PPDL_TRY(ppdl_ask_next(t));
		if (!ppdl_ask_is(t, "."))
			break;
		PPDL_TRY(ppdl_ask_next(t));
	}
	if (end - begin >= size)
		return ppdl_ask_error(t, begin, "the name of the column is too long");
	memcpy(column, t->sql + begin, end - begin);
	column[end - begin] = 0;
	return PPDL_OK;
}

static void
put_name(PpdlWriter *w, const PpdlAskItem *item)
{
	static const char *const ask[] = {"count", "sum", "avg"};
	char		name[120];

	ppdl_write_text(w, " AS ");
	if (item->f == NULL)
		ppdl_write_text(w, ask[item->ask]);
	else
	{
		snprintf(name, sizeof name, "%s(%.*s)", ask[item->ask], PPDL_CUT(item->f->column, 100));
		ppdl_sql_put_name(w, name);
	}
}

/* encrypted columns, as the SQL text has them */
typedef struct Columns
{
	char		features[300],
				label[300];
} Columns;

/* label, of the table that the features are of */
static void
name_label(Columns *c)
{
	size_t		n = 0;
	int			quoted = 0;

	for (size_t i = 0; c->features[i]; i++)
	{
		quoted ^= c->features[i] == '"';
		if (c->features[i] == '.' && !quoted)
			n = i + 1;
	}
	memcpy(c->label, c->features, n);
	strcpy(c->label + n, "label");
}

static PpdlStatus
parse_columns(PpdlAskText *t, Columns *c)
{
	PPDL_TRY(parse_column(t, c->features, sizeof c->features - sizeof "label"));
	name_label(c);
	if (!ppdl_ask_is(t, ","))
		return PPDL_OK;
	PPDL_TRY(ppdl_ask_next(t));
	return parse_column(t, c->label, sizeof c->label);
}

/*
 * to_json(MARK || coalesce(sum_where(COLUMN, 'CONDITION'[, COLUMN])::text, '')): marked where there are no rows, too. 
 * JSON, since the server refuses to sort or to compare that, as it cannot sort by what is encrypted.
 */
static void
put_call(Rewriter *r, const Columns *c, PpdlAskForm form, const PpdlWriter *condition)
{
	PpdlWriter *w = &r->w->sql;
	char		number[20];

	snprintf(number, sizeof number, "%d:", r->w->items);
	ppdl_write_text(w, "pg_catalog.to_json('");
	ppdl_write_text(w, r->w->mark);
	ppdl_write_text(w, number);
	ppdl_write_text(w, "' || coalesce(");
	if (r->schema)
	{
		ppdl_write_text(w, r->schema);
		ppdl_write_text(w, ".");
	}
	ppdl_write_text(w, "sum_where(");
	ppdl_write_text(w, form == PPDL_ASK_OF_LABEL ? c->label : c->features);
	ppdl_write_text(w, ", '");
	ppdl_write_bytes(w, condition->buf, condition->len);
	ppdl_write_text(w, "'");
	if (form != PPDL_ASK_FEATURES)
	{
		ppdl_write_text(w, ", ");
		ppdl_write_text(w, form == PPDL_ASK_OF_LABEL ? c->features : c->label);
	}
	ppdl_write_text(w, ")::text, ''))");
}

static PpdlStatus
parse_braces(Rewriter *r, PpdlAskText *t, PpdlAskItem *item, Columns *columns, PpdlAskForm *form,
			 PpdlWriter *condition)
{
	PpdlAskText what;
	size_t		at;

	PPDL_TRY(ppdl_ask_next(t));
	what = *t;
	PPDL_TRY(parse_what(t, NULL, item));
	strcpy(columns->features, "features");
	name_label(columns);
	at = item->begin;
	if (ppdl_ask_is(t, "from"))
	{
		PPDL_TRY(ppdl_ask_next(t));
		at = t->at;
		PPDL_TRY(parse_columns(t, columns));
	}
	PPDL_TRY(ppdl_ask_take(t, "where"));
	PPDL_TRY(r->find(r->arg, columns->features, r->sql, at, &item->fs, r->err));
	/* once more, now that its columns are known */
	at = what.at;
	PPDL_TRY(parse_what(&what, item->fs, item));
	PPDL_TRY(check_what(&what, item, at));
	PPDL_TRY(ppdl_ask_parse(t, item->fs, item->f, form, condition, &r->w->notes));
	if (!ppdl_ask_is(t, "}"))
		return ppdl_ask_error(t, t->at, "AND, OR or the closing brace is expected");
	item->end = t->end;
	return ppdl_ask_next(t);
}

static PpdlStatus
add_item(PpdlAsk *w, const PpdlAskItem *item, PpdlError *err)
{
	PpdlAskItem *more = realloc(w->item, (size_t) (w->items + 1) * sizeof *more);

	if (more == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	w->item = more;
	more[w->items++] = *item;
	return PPDL_OK;
}

/* the braces that open at sql[*at], which moves behind them */
static PpdlStatus
replace(Rewriter *r, size_t *at)
{
	PpdlAsk  *w = r->w;
	PpdlAskText t = {.sql = r->sql, .end = *at + 1, .err = r->err};
	PpdlAskItem item = {.begin = *at};
	PpdlWriter	condition;
	Columns		columns;
	PpdlAskForm form;
	int			needs = 0;
	PpdlStatus	status;

	PPDL_TRY(check_statement(r, *at));
	ppdl_writer_init(&condition);
	status = parse_braces(r, &t, &item, &columns, &form, &condition);
	if (status == PPDL_OK)
		status = needs_name(&t, &needs);
	if (status == PPDL_OK)
	{
		ppdl_write_bytes(&w->sql, r->sql + r->copied, item.begin - r->copied);
		item.made = w->sql.len;
		put_call(r, &columns, form, &condition);
		if (needs)
			put_name(&w->sql, &item);
		item.made_end = w->sql.len;
		r->copied = *at = item.end;
		status = add_item(w, &item, r->err);
	}
	ppdl_writer_free(&condition);
	return status;
}

/* ------------------------------------------------------------------ the whole */

static PpdlStatus
draw_mark(PpdlAsk *w, PpdlError *err)
{
	uint8_t		chance[8];
	const size_t n = strlen(BEGINS);

	if (RAND_bytes(chance, sizeof chance) != 1)
		return ppdl_error(err, PPDL_ERR_CRYPTO, "OpenSSL has no random numbers");
	strcpy(w->mark, BEGINS);
	ppdl_hex_write(w->mark + n, chance, sizeof chance);
	strcat(w->mark, ":");
	return PPDL_OK;
}

static PpdlStatus
rewrite(Rewriter *r)
{
	const size_t len = strlen(r->sql);
	PpdlSqlScan scan = {.braces = 1};
	size_t		at = 0;

	while (at < len)
		switch (ppdl_sql_scan(&scan, r->sql, len, &at))
		{
			case PPDL_SQL_STATEMENT:
				r->statement = at;
				scan.braces = 1;
				break;
			case PPDL_SQL_COMMAND:
				at++;			/* the server will say that it is none of SQL */
				break;
			case PPDL_SQL_BRACE:
				PPDL_TRY(replace(r, &at));
				break;
			case PPDL_SQL_MORE:
				break;
		}
	if (r->w->items == 0)
		return PPDL_OK;
	ppdl_write_bytes(&r->w->sql, r->sql + r->copied, len - r->copied + 1);
	return r->w->sql.bad || r->w->notes.bad ? ppdl_error(r->err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_ask_rewrite(PpdlAsk *w, const char *sql, const char *schema, PpdlAskFind find, void *arg, PpdlError *err)
{
	Rewriter	r = {.w = w, .sql = sql, .schema = schema, .find = find, .arg = arg, .err = err};

	memset(w, 0, sizeof *w);
	w->original = sql;
	ppdl_writer_init(&w->sql);
	ppdl_writer_init(&w->notes);
	PPDL_TRY(draw_mark(w, err));
	return rewrite(&r);
}

void
ppdl_ask_free(PpdlAsk *w)
{
	ppdl_writer_free(&w->sql);
	ppdl_writer_free(&w->notes);
	free(w->item);
	memset(w, 0, sizeof *w);
}

size_t
ppdl_ask_origin(const PpdlAsk *w, size_t at)
{
	size_t		made = 0,
				origin = 0;

	for (const PpdlAskItem *i = w->item; i < w->item + w->items && i->made <= at; i++)
	{
		if (at < i->made_end)
			return i->begin;
		made = i->made_end;
		origin = i->end;
	}
	return origin + (at - made);
}

int
ppdl_ask_item(const PpdlAsk *w, const char *s, size_t len, size_t *value)
{
	const size_t mark = strlen(w->mark);
	const char *end;
	long		item;

	if (w->items == 0 || s == NULL || len < mark + 2 || s[0] != '"' || s[len - 1] != '"' ||
		memcmp(s + 1, w->mark, mark) != 0)
		return -1;
	item = 0;
	for (end = s + 1 + mark; end < s + len && *end >= '0' && *end <= '9' && item < w->items; end++)
		item = 10 * item + (*end - '0');
	if (end == s + len || *end != ':' || item >= w->items)
		return -1;
	*value = (size_t) (end + 1 - s);
	return (int) item;
}

/* its sums are not shown in place of the answer */
PpdlStatus
ppdl_ask_alone(const PpdlAsk *w, const char *s, size_t len, size_t from, PpdlError *err)
{
	if (w->items == 0 || s == NULL || memmem(s + from, len - from, w->mark, strlen(w->mark)) == NULL)
		return PPDL_OK;
	ppdl_error(err, PPDL_ERR_ARGUMENT, "an answer to a question in braces is a part of another value, where it cannot "
			   "be decrypted");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "Select it alone, and go on with what comes out.");
}
