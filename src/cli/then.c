#include "cli/then.h"

#include <ctype.h>
#include <errno.h>
#include <malloc.h>
#include <math.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "query/sqltext.h"
#include "table/features.h"

#define STEPS_BETWEEN_LOOKS 10000	/* of SQLite's machine, between two looks at Ctrl-C */

/* SQLite's affinity comes from these names: BLOB in them leaves values as they are */
static const char *const declared[] = {"TEXT", "BLOB NUMBERS", "BLOB BOOL", "BLOB JSON"};	/* as PpdlCellKind */

struct PpdlThen
{
	sqlite3    *db;
	sqlite3_stmt *insert;
	const char *sql;
	int			ncolumns;
	PpdlCellKind *kind;
	int			open;			/* a result is being taken */
};

/* ------------------------------------------------------------------ memory that is wiped */

static void *
take(int n)
{
	return malloc((size_t) n);
}

static void
wipe(void *p)
{
	if (p)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

static void *
resize(void *p, int n)
{
	const size_t had = malloc_usable_size(p);
	void	   *q = malloc((size_t) n);

	if (q == NULL)
		return NULL;
	memcpy(q, p, had < (size_t) n ? had : (size_t) n);
	wipe(p);
	return q;
}

static int
size_of(void *p)
{
	return p ? (int) malloc_usable_size(p) : 0;
}

static int
round_up(int n)
{
	return (n + 7) & ~7;
}

static int
begin_memory(void *arg)
{
	(void) arg;
	return SQLITE_OK;
}

static void
end_memory(void *arg)
{
	(void) arg;
}

/* ------------------------------------------------------------------ errors */

static PpdlStatus
no_select(PpdlError *err)
{
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--then: only a SELECT from the table result is allowed");
	return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "It opens no files, attaches nothing and changes nothing.");
}

static PpdlStatus
sqlite_error(const PpdlThen *t, const char *what, PpdlError *err)
{
	const int	code = sqlite3_errcode(t->db),
				at = sqlite3_error_offset(t->db);

	if (code == SQLITE_NOMEM)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	if (code == SQLITE_INTERRUPT)
		return ppdl_error(err, PPDL_ERR_CANCELED, "--then: interrupted");
	if (code == SQLITE_AUTH)
		return no_select(err);
	ppdl_error(err, PPDL_ERR_ARGUMENT, "--then: %s%s", what, sqlite3_errmsg(t->db));
	if (at >= 0 && (size_t) at < strlen(t->sql))
		ppdl_error_detail(err, PPDL_ERR_ARGUMENT, "at: %.*s", PPDL_CUT(t->sql + at, 60));
	return PPDL_ERR_ARGUMENT;
}

/* ------------------------------------------------------------------ the database */

/* SELECTs that read the table and JSON and nothing else, by functions that compute and nothing else */
static int
authorize(void *arg, int action, const char *a, const char *b, const char *database, const char *trigger)
{
	(void) arg;
	(void) a;
	(void) database;
	(void) trigger;
	if (action == SQLITE_FUNCTION)
		return b && (strcasecmp(b, "load_extension") == 0 || strcasecmp(b, "fts3_tokenizer") == 0) ?
			SQLITE_DENY : SQLITE_OK;
	return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_RECURSIVE ? SQLITE_OK : SQLITE_DENY;
}

PpdlStatus
ppdl_then_create(PpdlThen **out, const char *sql, PpdlError *err)
{
	/* virtual tables that are in use before the authorizer is asked stay; it would refuse what declares them */
	static const char settings[] = "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
		" SELECT 1 FROM json_each('[]'), json_tree('[]')";
	static const sqlite3_mem_methods wiping = {take, wipe, resize, size_of, round_up, begin_memory, end_memory, NULL};
	PpdlThen   *t = calloc(1, sizeof *t);

	*out = NULL;
	if (t == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	t->sql = sql;
	/* before the library's first use; later it is refused, and stays as it is */
	sqlite3_config(SQLITE_CONFIG_MALLOC, &wiping);
	if (sqlite3_open_v2(":memory:", &t->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_PRIVATECACHE,
						NULL) != SQLITE_OK ||
		sqlite3_exec(t->db, settings, NULL, NULL, NULL) != SQLITE_OK)
	{
		const PpdlStatus status = sqlite_error(t, "", err);

		ppdl_then_destroy(t);
		return status;
	}
	sqlite3_limit(t->db, SQLITE_LIMIT_ATTACHED, 0);
	*out = t;
	return PPDL_OK;
}

void
ppdl_then_destroy(PpdlThen *t)
{
	if (t == NULL)
		return;
	sqlite3_finalize(t->insert);
	sqlite3_close(t->db);
	free(t->kind);
	free(t);
}

/* is the name one of those, for SQLite? */
static int
is_among(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (names[i] && strcasecmp(names[i], name) == 0)
			return 1;
	return 0;
}

/* column i's name, or that with "_2", "_3", ...: none that was chosen before or is another's; malloc'ed */
static char *
choose_name(const char *const *names, int n, char **chosen, int i)
{
	char	   *name = strdup(names[i]);

	if (!is_among((const char *const *) chosen, i, names[i]))
		return name;
	for (int k = 2; name && (is_among((const char *const *) chosen, i, name) || is_among(names, n, name)); k++)
	{
		free(name);
		if (asprintf(&name, "%s_%d", names[i], k) < 0)
			name = NULL;
	}
	return name;
}

static void
put_create(PpdlWriter *w, int n, const char *const *names, const PpdlCellKind *kinds)
{
	char	  **chosen = calloc((size_t) n + 1, sizeof *chosen);

	w->bad |= chosen == NULL;
	ppdl_write_text(w, "CREATE TABLE result (");
	for (int i = 0; chosen && i < n; i++)
	{
		chosen[i] = choose_name(names, n, chosen, i);
		w->bad |= chosen[i] == NULL;
		ppdl_write_text(w, i ? ", " : "");
		ppdl_sql_put_name(w, chosen[i] ? chosen[i] : "");
		ppdl_write_u8(w, ' ');
		ppdl_write_text(w, declared[kinds[i]]);
	}
	for (int i = 0; chosen && i < n; i++)
		free(chosen[i]);
	free(chosen);
	ppdl_write_text(w, n > 0 ? ")" : "\"no column\")");
	ppdl_write_u8(w, 0);
}

static void
put_insert(PpdlWriter *w, int n)
{
	ppdl_write_text(w, n > 0 ? "INSERT INTO result VALUES (?" : "INSERT INTO result VALUES (NULL");
	for (int i = 1; i < n; i++)
		ppdl_write_text(w, ", ?");
	ppdl_write_text(w, ")");
	ppdl_write_u8(w, 0);
}

static PpdlStatus
make_table(PpdlThen *t, const char *const *names, PpdlError *err)
{
	PpdlWriter	create,
				insert;
	PpdlStatus	status = PPDL_OK;

	ppdl_writer_init(&create);
	ppdl_writer_init(&insert);
	put_create(&create, t->ncolumns, names, t->kind);
	put_insert(&insert, t->ncolumns);
	if (create.bad || insert.bad)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	else if (sqlite3_exec(t->db, "DROP TABLE IF EXISTS result; BEGIN", NULL, NULL, NULL) != SQLITE_OK ||
			 sqlite3_exec(t->db, (const char *) create.buf, NULL, NULL, NULL) != SQLITE_OK ||
			 sqlite3_prepare_v2(t->db, (const char *) insert.buf, -1, &t->insert, NULL) != SQLITE_OK)
		status = sqlite_error(t, "the result does not become a table: ", err);
	ppdl_writer_free(&create);
	ppdl_writer_free(&insert);
	return status;
}

PpdlStatus
ppdl_then_begin(PpdlThen *t, int ncolumns, const char *const *names, const PpdlCellKind *kinds, PpdlError *err)
{
	sqlite3_set_authorizer(t->db, NULL, NULL);
	if (t->open)				/* the one before was given up */
		sqlite3_exec(t->db, "ROLLBACK", NULL, NULL, NULL);
	sqlite3_finalize(t->insert);
	t->insert = NULL;
	free(t->kind);
	t->kind = calloc((size_t) ncolumns + 1, sizeof *t->kind);
	t->ncolumns = ncolumns;
	if (t->kind == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	memcpy(t->kind, kinds, (size_t) ncolumns * sizeof *kinds);
	t->open = 1;
	return make_table(t, names, err);
}

/* ------------------------------------------------------------------ values in */

/* {1,{2,NULL}} -> [1,[2,null]], for texts of nothing but numbers, NULL, braces and commas; 0: it is something else */
static int
put_json(PpdlWriter *w, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '{')
			ppdl_write_u8(w, '[');
		else if (s[i] == '}')
			ppdl_write_u8(w, ']');
		else if (len - i >= 4 && memcmp(s + i, "NULL", 4) == 0)
		{
			ppdl_write_text(w, "null");
			i += 3;
		}
		else if (isdigit((unsigned char) s[i]) || strchr(",.+-eE", s[i]))
			ppdl_write_u8(w, (uint8_t) s[i]);
		else
			return 0;
	}
	return 1;
}

static int
bind_array(PpdlThen *t, int i, const PpdlText *field)
{
	PpdlWriter	w;
	int			rc;

	ppdl_writer_init_secret(&w);
	if (put_json(&w, field->s, field->len) && !w.bad)
		rc = sqlite3_bind_text(t->insert, i, (const char *) w.buf, (int) w.len, SQLITE_TRANSIENT);
	else
		rc = w.bad ? SQLITE_NOMEM : sqlite3_bind_text(t->insert, i, field->s, (int) field->len, SQLITE_TRANSIENT);
	ppdl_writer_free(&w);
	return rc;
}

static int
bind_number(PpdlThen *t, int i, const PpdlText *field)
{
	char	   *end;
	long long	whole;
	double		real;

	if (field->s[0] == '{')
		return bind_array(t, i, field);
	errno = 0;
	whole = strtoll(field->s, &end, 10);
	if (end > field->s && *end == 0 && errno == 0)
		return sqlite3_bind_int64(t->insert, i, whole);
	if (end > field->s && *end == 0)	/* too large: not a digit is lost */
		return sqlite3_bind_text(t->insert, i, field->s, (int) field->len, SQLITE_TRANSIENT);
	real = strtod(field->s, &end);
	if (end > field->s && *end == 0 && !isnan(real))
		return sqlite3_bind_double(t->insert, i, real);
	return sqlite3_bind_text(t->insert, i, field->s, (int) field->len, SQLITE_TRANSIENT);
}

static int
bind(PpdlThen *t, int i, PpdlCellKind kind, const PpdlText *field)
{
	if (field->s == NULL)
		return sqlite3_bind_null(t->insert, i);
	if (kind == PPDL_CELL_NUMBERS)
		return bind_number(t, i, field);
	if (kind == PPDL_CELL_BOOL && field->len == 1)
		return sqlite3_bind_int(t->insert, i, field->s[0] == 't');
	return sqlite3_bind_text(t->insert, i, field->s, (int) field->len, SQLITE_TRANSIENT);
}

PpdlStatus
ppdl_then_record(PpdlThen *t, const PpdlText *fields, PpdlError *err)
{
	for (int i = 0; i < t->ncolumns; i++)
	{
		const int	rc = bind(t, i + 1, t->kind[i], &fields[i]);

		if (rc != SQLITE_OK)
			return rc == SQLITE_NOMEM ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : sqlite_error(t, "", err);
	}
	if (sqlite3_step(t->insert) != SQLITE_DONE)
		return sqlite_error(t, "", err);
	sqlite3_reset(t->insert);
	sqlite3_clear_bindings(t->insert);
	return PPDL_OK;
}

/* ------------------------------------------------------------------ values out */

/* [1,[2,null]] -> {1,{2,NULL}} */
static void
put_array(PpdlWriter *w, const char *s)
{
	for (; *s; s++)
		if (strncmp(s, "null", 4) == 0)
		{
			ppdl_write_text(w, "NULL");
			s += 3;
		}
		else
			ppdl_write_u8(w, *s == '[' ? '{' : *s == ']' ? '}' : (uint8_t) *s);
}

static PpdlCellKind
kind_of(sqlite3_stmt *q, int i, int has_row)
{
	const char *type = sqlite3_column_decltype(q, i);
	const int	of_value = has_row ? sqlite3_column_type(q, i) : SQLITE_TEXT;

	for (int k = PPDL_CELL_TEXT; type && k <= PPDL_CELL_JSON; k++)
		if (strcmp(type, declared[k]) == 0)
			return (PpdlCellKind) k;
	/* NULL, the first in order, says nothing: texts that follow stay texts among numbers */
	return of_value == SQLITE_TEXT || of_value == SQLITE_BLOB ? PPDL_CELL_TEXT : PPDL_CELL_NUMBERS;
}

static void
put_real(PpdlWriter *w, double v)
{
	if (isinf(v))
		ppdl_write_text(w, v > 0 ? "Infinity" : "-Infinity");
	else
		ppdl_put_number(w, v);
}

static void
put_value(PpdlWriter *w, sqlite3_stmt *q, int i, PpdlCellKind kind)
{
	const int	type = sqlite3_column_type(q, i);
	const char *text;

	if (type == SQLITE_FLOAT)
		put_real(w, sqlite3_column_double(q, i));
	else if (type == SQLITE_INTEGER && kind == PPDL_CELL_BOOL)
		ppdl_write_text(w, sqlite3_column_int(q, i) ? "t" : "f");
	else
	{
		text = (const char *) sqlite3_column_text(q, i);
		w->bad |= text == NULL;
		if (text && kind == PPDL_CELL_NUMBERS && text[0] == '[')
			put_array(w, text);
		else if (text)
			ppdl_write_text(w, text);
	}
	ppdl_write_u8(w, 0);
}

typedef struct Answer
{
	const PpdlThenAnswer *to;
	int			ncolumns;
	PpdlCellKind *kind;
	const char **name;
	size_t	   *at;
	PpdlText   *field;
	PpdlWriter	w;
} Answer;

static PpdlStatus
tell_columns(Answer *a, sqlite3_stmt *q, int has_row, PpdlError *err)
{
	for (int i = 0; i < a->ncolumns; i++)
	{
		a->name[i] = sqlite3_column_name(q, i);
		a->kind[i] = kind_of(q, i, has_row);
		if (a->name[i] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	}
	return a->to->columns(a->to->arg, a->ncolumns, a->name, a->kind, err);
}

static PpdlStatus
tell_record(Answer *a, sqlite3_stmt *q, PpdlError *err)
{
	a->w.len = 0;
	for (int i = 0; i < a->ncolumns; i++)
	{
		a->at[i] = a->w.len;
		if (sqlite3_column_type(q, i) != SQLITE_NULL)
			put_value(&a->w, q, i, a->kind[i]);
	}
	a->at[a->ncolumns] = a->w.len;
	if (a->w.bad)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int i = 0; i < a->ncolumns; i++)
		a->field[i] = a->at[i + 1] == a->at[i] ? (PpdlText) {NULL, 0} :
			(PpdlText) {(char *) a->w.buf + a->at[i], a->at[i + 1] - a->at[i] - 1};
	return a->to->record(a->to->arg, a->field, err);
}

static PpdlStatus
tell_all(PpdlThen *t, Answer *a, sqlite3_stmt *q, PpdlError *err)
{
	int			rc = sqlite3_step(q);

	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return sqlite_error(t, "", err);
	PPDL_TRY(tell_columns(a, q, rc == SQLITE_ROW, err));
	for (; rc == SQLITE_ROW; rc = sqlite3_step(q))
		PPDL_TRY(tell_record(a, q, err));
	return rc == SQLITE_DONE ? PPDL_OK : sqlite_error(t, "", err);
}

static PpdlStatus
tell(PpdlThen *t, const PpdlThenAnswer *answer, sqlite3_stmt *q, PpdlError *err)
{
	Answer		a = {.to = answer, .ncolumns = sqlite3_column_count(q)};
	const size_t n = (size_t) a.ncolumns + 1;
	PpdlStatus	status;

	ppdl_writer_init_secret(&a.w);
	a.kind = calloc(n, sizeof *a.kind);
	a.name = calloc(n, sizeof *a.name);
	a.at = calloc(n, sizeof *a.at);
	a.field = calloc(n, sizeof *a.field);
	status = a.kind && a.name && a.at && a.field ? tell_all(t, &a, q, err) :
		ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	free(a.kind);
	free(a.name);
	free(a.at);
	free(a.field);
	ppdl_writer_free(&a.w);
	return status;
}

static int
look(void *arg)
{
	const PpdlThenAnswer *answer = arg;

	return answer->interrupted && answer->interrupted();
}

/* one statement, and nothing behind it but blanks and comments */
static PpdlStatus
prepare(PpdlThen *t, sqlite3_stmt **q, PpdlError *err)
{
	const char *rest;
	sqlite3_stmt *more = NULL;
	int			rc;

	if (sqlite3_prepare_v2(t->db, t->sql, -1, q, &rest) != SQLITE_OK)
		return sqlite_error(t, "", err);
	if (*q == NULL)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--then: a SELECT is expected");
	/* what needs no authorization, with nothing to work on */
	if (sqlite3_column_count(*q) == 0 || !sqlite3_stmt_readonly(*q))
		return no_select(err);
	rc = sqlite3_prepare_v2(t->db, rest, -1, &more, NULL);
	if (rc == SQLITE_NOMEM)
		return sqlite_error(t, "", err);
	if (rc != SQLITE_OK || more != NULL)
	{
		sqlite3_finalize(more);
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "--then: one SELECT is expected, not several statements");
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_then_run(PpdlThen *t, const PpdlThenAnswer *answer, PpdlError *err)
{
	sqlite3_stmt *q = NULL;
	PpdlStatus	status;

	t->open = 0;
	if (sqlite3_exec(t->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return sqlite_error(t, "", err);
	sqlite3_set_authorizer(t->db, authorize, NULL);
	sqlite3_progress_handler(t->db, STEPS_BETWEEN_LOOKS, look, (void *) answer);
	status = prepare(t, &q, err);
	if (status == PPDL_OK)
		status = tell(t, answer, q, err);
	sqlite3_finalize(q);
	sqlite3_progress_handler(t->db, 0, NULL, NULL);
	return status;
}
