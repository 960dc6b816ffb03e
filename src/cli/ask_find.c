#include "cli/ask_find.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/arraytext.h"
#include "query/ask_text.h"
#include "cli/rows_encoding.h"
#include "cli/words_impl.h"
#include "rows/encoding.h"
#include "table/features_named.h"

#define TABLES 64				/* that are looked at */

typedef struct Search
{
	PpdlAskFinder *finder;
	const char *column,			/* its own name, folded as the server does */
			   *sql;
	size_t		at;
	int			tables;			/* that have the column */
	uint64_t	encoding;		/* of their rows; 0: there are none, or they name none */
	char	   *table;			/* where it was seen, as SQL has it */
	PpdlError  *err;
} Search;

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
}

__attribute__((format(printf, 3, 4)))
static PpdlStatus
fail(const Search *s, const char *hint, const char *fmt,...)
{
	const PpdlAskText t = {.sql = s->sql, .err = s->err};
	char		what[300];
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	ppdl_ask_error(&t, s->at, "%s", what);
	return ppdl_error_hint(s->err, PPDL_ERR_ARGUMENT, "%s", hint);
}

/* ------------------------------------------------------------------ tables that the text names */

/* a quote without end, within dollar quotes perhaps, is one of the signs that are no names */
static void
take_name(PpdlAskText *t)
{
	if (ppdl_ask_next(t) == PPDL_OK)
		return;
	t->token = PPDL_ASK_OTHER;
	t->text[0] = 0;
	t->end = t->at + 1;
}

/* names in the text, and pairs of them with a point between, as an array of the server's */
static PpdlStatus
list_names(const char *sql, PpdlWriter *out, PpdlError *err)
{
	PpdlAskText t = {.sql = sql, .err = err};
	size_t		begin = 0;
	int			parts = 0;

	ppdl_write_text(out, "{");
	do
	{
		const int	more = parts > 0 && ppdl_ask_is(&t, ".");

		take_name(&t);
		if (t.token != PPDL_ASK_WORD && t.token != PPDL_ASK_NAME)
		{
			parts = parts == 1 && ppdl_ask_is(&t, ".");
			continue;
		}
		if (!more)
			begin = t.at;
		ppdl_write_text(out, out->len > 1 ? "," : "");
		ppdl_array_put_text(out, sql + begin, t.end - begin);
		parts = more ? 0 : 1;
	} while (t.token != PPDL_ASK_END);
	ppdl_write_text(out, "}");
	ppdl_write_u8(out, 0);
	return out->bad ? no_memory(err) : PPDL_OK;
}

/* those of the names that are tables with such an encrypted column */
static PpdlStatus
find_tables(const Search *s, PGresult **res)
{
	PpdlWriter	names;
	PpdlStatus	status;

	ppdl_writer_init(&names);
	status = list_names(s->sql, &names, s->err);
	if (status == PPDL_OK)
		status = ppdl_db_run(s->finder->db, res, s->err,
							 "SELECT DISTINCT a.attrelid::regclass::text FROM unnest($1::text[]) name"
							 " JOIN pg_attribute a ON a.attrelid = to_regclass(name)"
							 " WHERE a.attname = $2 AND a.atttypid = '%s.lwe_cipher'::regtype AND NOT a.attisdropped"
							 " ORDER BY 1", 2, (const char *[]) {(char *) names.buf, s->column});
	ppdl_writer_free(&names);
	return status;
}

static PpdlStatus
mixed(const Search *s, uint64_t other, const char *table)
{
	char		id[2][PPDL_ENCODING_SIZE];

	ppdl_encoding_print(id[0], s->encoding);
	ppdl_encoding_print(id[1], other);
	return fail(s, "Name the feature file of the rows that are meant: --features FILE.",
				"\"%.*s\" of %.*s is of the encoding %s, of %.*s of %s",
				PPDL_CUT(s->column, 60), PPDL_CUT(s->table, 60), id[0], PPDL_CUT(table, 60), id[1]);
}

static PpdlStatus
look_at_table(Search *s, const char *table)
{
	uint64_t	encoding;

	PPDL_TRY(ppdl_rows_encoding(s->finder->db, table, s->column, &encoding, s->err));
	if (encoding != 0 && s->encoding != 0 && encoding != s->encoding)
		return mixed(s, encoding, table);
	if (encoding == 0 || s->encoding != 0)
		return PPDL_OK;
	s->encoding = encoding;
	s->table = strdup(table);
	return s->table ? PPDL_OK : no_memory(s->err);
}

static PpdlStatus
look_at_tables(Search *s)
{
	PGresult   *res;
	PpdlStatus	status;

	PPDL_TRY(find_tables(s, &res));
	status = PPDL_OK;
	s->tables = PQntuples(res) < TABLES ? PQntuples(res) : TABLES;
	for (int i = 0; i < s->tables && status == PPDL_OK; i++)
		status = look_at_table(s, PQgetvalue(res, i, 0));
	PQclear(res);
	return status;
}

/* ------------------------------------------------------------------ their file */

static PpdlStatus
file_of(const Search *s, const PpdlFeatures **fs)
{
	PpdlWords  *w = s->finder->words;
	char		path[4096],
				id[PPDL_ENCODING_SIZE];

	for (int i = 0; i < w->files; i++)
		if (w->file[i].features->encoding == s->encoding)
		{
			*fs = w->file[i].features;
			return PPDL_OK;
		}
	if (ppdl_features_named(path, sizeof path, (const char *const *) w->keys->item, w->keys->count, s->encoding))
	{
		PPDL_TRY(ppdl_words_add_file(w, path, 0, s->err));
		*fs = w->file[w->files - 1].features;
		ppdl_words_note(w, "conditions are in the words of \"%s\", the feature file of the rows", path);
		return PPDL_OK;
	}
	ppdl_encoding_print(id, s->encoding);
	return fail(s, "Name it: --features FILE.", "the rows are of the encoding %s, which is that of no feature file "
				"here", id);
}

/* the last part of a name, folded: *out is malloc'ed */
static PpdlStatus
own_name(const char *column, char **out, PpdlError *err)
{
	PpdlAskText t = {.sql = column, .err = err},
				last = t;

	do
	{
		last = t;
		PPDL_TRY(ppdl_ask_next(&t));
	} while (t.token != PPDL_ASK_END);
	*out = strdup(last.text);
	for (char *c = *out; c && last.token == PPDL_ASK_WORD && *c; c++)
		*c = (char) tolower((unsigned char) *c);
	return *out ? PPDL_OK : no_memory(err);
}

static PpdlStatus
search(Search *s, const PpdlFeatures **fs)
{
	static const char other[] = "Name another encrypted column, {count from COLUMN where ...}, or the feature file, "
		"--features FILE.";

	PPDL_TRY(look_at_tables(s));
	if (s->tables == 0)
		return fail(s, other, "no table of this statement has an encrypted column \"%.*s\"", PPDL_CUT(s->column, 60));
	if (s->encoding == 0)
		return fail(s, "Name it: --features FILE.", "no row of \"%.*s\" says which feature file it is of",
					PPDL_CUT(s->column, 60));
	return file_of(s, fs);
}

PpdlStatus
ppdl_ask_find(void *arg, const char *column, const char *sql, size_t at, const PpdlFeatures **fs, PpdlError *err)
{
	Search		s = {.finder = arg, .sql = sql, .at = at, .err = err};
	const PpdlWords *w = s.finder->words;
	int			given = 0;
	char	   *name = NULL;
	PpdlStatus	status;

	for (int i = 0; i < w->files; i++)
		if (w->file[i].given)
		{
			given++;
			*fs = w->file[i].features;
		}
	if (given == 1)
		return PPDL_OK;
	status = own_name(column, &name, err);
	s.column = name;
	if (status == PPDL_OK)
		status = search(&s, fs);
	free(s.table);
	free(name);
	return status;
}
