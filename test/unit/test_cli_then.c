/*
 * Queries on decrypted results (then.c), and where statements of SQL text end (sqltext.c).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "query/sqltext.h"
#include "cli/then.h"

/* ------------------------------------------------------------------ --then */

static const char *const names[] = {"id", "ID", "value", "list", "yes", "text", "doc", "id_2"};
static const PpdlCellKind kinds[] = {PPDL_CELL_NUMBERS, PPDL_CELL_TEXT, PPDL_CELL_NUMBERS, PPDL_CELL_NUMBERS,
PPDL_CELL_BOOL, PPDL_CELL_TEXT, PPDL_CELL_JSON, PPDL_CELL_NUMBERS};

#define N 8

typedef struct Seen
{
	char		text[500];		/* names, kinds, values: "a:1 b:0|1,x|" */
	int			stop;
} Seen;

static PpdlStatus
see_columns(void *arg, int n, const char *const *name, const PpdlCellKind *kind, PpdlError *err)
{
	Seen	   *s = arg;

	(void) err;
	for (int i = 0; i < n; i++)
		sprintf(s->text + strlen(s->text), "%s%s:%d", i ? " " : "", name[i], kind[i]);
	return PPDL_OK;
}

static PpdlStatus
see_record(void *arg, const PpdlText *field, PpdlError *err)
{
	Seen	   *s = arg;

	(void) err;
	strcat(s->text, "|");
	for (int i = 0; field[i].s || field[i].len == 0; i++)
	{
		if (i == s->stop)
			break;
		sprintf(s->text + strlen(s->text), "%s%s", i ? ";" : "", field[i].s ? field[i].s : "NULL");
		assert_int_equal(field[i].s ? strlen(field[i].s) : 0, field[i].len);
	}
	return PPDL_OK;
}

static void
add(PpdlThen *t, const char *const *value)
{
	PpdlText	field[N];
	PpdlError	err;

	for (int i = 0; i < N; i++)
		field[i] = (PpdlText) {(char *) value[i], value[i] ? strlen(value[i]) : 0};
	assert_int_equal(ppdl_then_record(t, field, &err), PPDL_OK);
}

/* what sql makes of the same two rows; columns is the number of its columns */
static PpdlStatus
then(const char *sql, int columns, Seen *seen, PpdlError *err)
{
	static const char *const first[N] = {"1", "x", "0.5", "{1,{2,NULL}}", "t", "007", "{\"a\": 1}", "12345678901234567890"};
	static const char *const second[N] = {"-2", NULL, "<lwe_cipher of key 1>", NULL, "f", "it's", NULL, "3"};
	const PpdlThenAnswer answer = {see_columns, see_record, NULL, seen};
	PpdlThen   *t;
	PpdlStatus	status;

	*seen = (Seen) {.stop = columns};
	*err = (PpdlError) {0};
	assert_int_equal(ppdl_then_create(&t, sql, err), PPDL_OK);
	/* a result that was given up does not disturb the next; nor does one that was answered */
	for (int i = 0; i < 3; i++)
	{
		*seen = (Seen) {.stop = columns};
		assert_int_equal(ppdl_then_begin(t, N, names, kinds, err), PPDL_OK);
		add(t, first);
		if (i == 0)
			continue;
		add(t, second);
		status = ppdl_then_run(t, &answer, err);
	}
	ppdl_then_destroy(t);
	return status;
}

static void
answers(const char *sql, int columns, const char *expected)
{
	Seen		seen;
	PpdlError	err;

	if (then(sql, columns, &seen, &err) != PPDL_OK)
		fail_msg("%s: %s", sql, err.message);
	assert_string_equal(seen.text, expected);
}

static void
test_answers(void **state)
{
	(void) state;
	answers("SELECT * FROM result -- all", N,
			"id:1 ID_3:0 value:1 list:1 yes:2 text:0 doc:3 id_2:1"
			"|1;x;0.5;{1,{2,NULL}};t;007;{\"a\": 1};12345678901234567890|-2;NULL;<lwe_cipher of key 1>;NULL;f;it's;NULL;3");
	answers("SELECT typeof(id) a, typeof(value) b, typeof(list) c, typeof(yes) d, typeof(text) e, typeof(id_2) f "
			"FROM result LIMIT 1;", 6, "a:0 b:0 c:0 d:0 e:0 f:0|integer;real;text;integer;text;text");
	answers("SELECT sum(id) s, avg(value) v, list->>0 l FROM result WHERE yes", 3, "s:1 v:1 l:1|1;0.5;1");
	answers("SELECT id FROM result ORDER BY id", 1, "id:1|-2|1");
	answers("SELECT id FROM result WHERE id > 7", 1, "id:1");
	answers("WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT sum(n) n FROM r", 1, "n:1|6");
	answers("SELECT key k, e.value v FROM result, json_each(list) e", 2, "k:1 v:1|0;1|1;{2,NULL}");
	answers("SELECT max(fullkey) k FROM result, json_tree(list)", 1, "k:0|$[1][1]");
	/* NULL comes first in order, and says nothing; what is a number in JSON is seen in each */
	answers("SELECT nullif(0.5 + id, 1.5) v FROM result ORDER BY 1", 1, "v:1|NULL|-1.5");
	answers("SELECT 1e999 a, 0.1 + 0.2 b", 2, "a:1 b:1|Infinity;0.30000000000000004");
	answers("SELECT avg(id) + 100.5 a, 20.0 b, -1200.0 c, 1e300 d FROM result", 4, "a:1 b:1 c:1 d:1|100;20;-1200;1e+300");
}

/* in these words or the others, by the version of SQLite */
static void
refuses_by(const char *sql, const char *expected, const char *other)
{
	Seen		seen;
	PpdlError	err;

	assert_int_equal(then(sql, 1, &seen, &err), PPDL_ERR_ARGUMENT);
	if (strstr(err.message, expected) == NULL && strstr(err.message, other) == NULL)
		fail_msg("%s: %s", sql, err.message);
}

static void
refuses(const char *sql, const char *expected)
{
	refuses_by(sql, expected, expected);
}

static void
test_refusals(void **state)
{
	static const char *const forbidden[] = {"ATTACH 'then.db' AS x", "DELETE FROM result", "DROP TABLE result",
		"CREATE TABLE t (x)", "CREATE TEMP TABLE t (x)", "INSERT INTO result SELECT * FROM result", "PRAGMA database_list",
	"VACUUM INTO 'then.db'", "BEGIN", "REINDEX", "CREATE VIRTUAL TABLE t USING fts5(x)"};

	(void) state;
	for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
		refuses(forbidden[i], "only a SELECT");
	refuses_by("SELECT * FROM pragma_table_info('result')", "not authorized", "only a SELECT");
	refuses("SELECT * FROM dbstat", "dbstat");
	refuses("SELECT load_extension('x')", "not authorized");
	refuses("SELECT 1; SELECT 2", "not several statements");
	refuses("SELECT 1; nonsense", "not several statements");
	refuses("", "SELECT is expected");
	refuses("SELECT nosuch FROM result", "no such column: nosuch");
	refuses("SELEC 1", "syntax error");
	assert_int_not_equal(access("then.db", F_OK), 0);
}

static int
at_once(void)
{
	return 1;
}

static void
test_interrupt(void **state)
{
	const PpdlThenAnswer answer = {see_columns, see_record, at_once, &(Seen) {.stop = 1}};
	PpdlThen   *t;
	PpdlError	err;

	(void) state;
	assert_int_equal(ppdl_then_create(&t, "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT sum(n) FROM r",
									  &err), PPDL_OK);
	assert_int_equal(ppdl_then_begin(t, N, names, kinds, &err), PPDL_OK);
	assert_int_equal(ppdl_then_run(t, &answer, &err), PPDL_ERR_CANCELED);
	ppdl_then_destroy(t);
}

/* ------------------------------------------------------------------ SQL text */

/* where the statements of text end, as one text with a bar behind each, and "\" where a command begins */
static void
cut(char *out, const char *text, int by_line)
{
	PpdlSqlScan scan = {.in = 0};
	size_t		at = 0,
				begin = 0,
				len = strlen(text);

	*out = 0;
	for (size_t known = by_line ? strcspn(text, "\n") : len;;)
	{
		PpdlSqlStop stop = ppdl_sql_scan(&scan, text, known, &at);

		if (stop == PPDL_SQL_MORE && known == len)
			break;
		if (stop == PPDL_SQL_MORE)
			known += text[known] ? 1 + strcspn(text + known + 1, "\n") : 0;
		else if (stop == PPDL_SQL_STATEMENT)
		{
			strncat(out, text + begin, at - begin);
			strcat(out, "|");
			begin = at;
		}
		else
		{
			strcat(out, "\\");
			at++;
		}
	}
	strcat(out, text + begin);
}

static void
test_statements(void **state)
{
	static const char *const same[][2] = {
		{"a;b", "a;|b"},
		{"';'';';b;", "';'';';|b;|"},
		{"E'\\';';\"a;\"\"b\";", "E'\\';';|\"a;\"\"b\";|"},
		{"$$;$$;$a$;$$;$a$;$1;", "$$;$$;|$a$;$$;$a$;|$1;|"},
		{"/* ; /* ; */ ; */;-- ;\n;", "/* ; /* ; */ ; */;|-- ;\n;|"},
		{"(a;b);c", "(a;b);|c"},
		{"'\\';b", "'\\';|b"},
		{"a \\x", "\\a \\x"},
		{"CREATE OR REPLACE FUNCTION f() BEGIN ATOMIC SELECT 1; CASE x END; END; b",
		"CREATE OR REPLACE FUNCTION f() BEGIN ATOMIC SELECT 1; CASE x END; END;| b"},
		{"BEGIN; SELECT 1; END;", "BEGIN;| SELECT 1;| END;|"},
		{"'never closed; \\x", "'never closed; \\x"},
	};
	char		out[500];

	(void) state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++)
	{
		cut(out, same[i][0], 0);
		assert_string_equal(out, same[i][1]);
	}
	/* line by line, as it is typed */
	cut(out, "SELECT '\n;\n' /*\n;*/ , $x$\n;$x$\n;b", 1);
	assert_string_equal(out, "SELECT '\n;\n' /*\n;*/ , $x$\n;$x$\n;|b");
}

static void
test_totals(void **state)
{
	static const char *const may[] = {"GROUP BY ROLLUP(a)", "select null", "cube", "x Grouping sets (a)", "a,NULL,b"};
	static const char *const cannot[] = {"", "SELECT a, sum(b) FROM t GROUP BY a", "nullif(a, b)", "a_rollup"};

	(void) state;
	for (size_t i = 0; i < sizeof may / sizeof *may; i++)
		assert_true(ppdl_sql_may_total(may[i]));
	for (size_t i = 0; i < sizeof cannot / sizeof *cannot; i++)
		assert_false(ppdl_sql_may_total(cannot[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_totals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
