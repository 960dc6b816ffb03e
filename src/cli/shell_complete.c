#include "cli/shell_complete.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/bytes.h"

#define AT_MOST 20000			/* names asked for: Tab must not bring a catalogue of a million columns */

static const char *const keywords[] = {
	"ABORT", "ALTER", "ANALYZE", "AND", "AS", "ASC", "BEGIN", "BETWEEN", "BY", "CASE", "COMMENT", "COMMIT", "COPY",
	"CREATE", "CROSS JOIN", "DELETE", "DESC", "DISTINCT", "DROP", "ELSE", "END", "EXCEPT", "EXISTS", "EXPLAIN",
	"EXTENSION", "FALSE", "FILTER", "FROM", "FULL JOIN", "FUNCTION", "GRANT", "GROUP BY", "HAVING", "IN", "INDEX",
	"INNER JOIN", "INSERT INTO", "INTERSECT", "IS", "JOIN", "LATERAL", "LEFT JOIN", "LIKE", "LIMIT", "NOT", "NULL",
	"NULLS LAST", "OFFSET", "ON", "OR", "ORDER BY", "OVER", "PARTITION BY", "RESET", "RETURNING", "REVOKE",
	"RIGHT JOIN", "ROLLBACK", "SAVEPOINT", "SCHEMA", "SELECT", "SET", "SHOW", "TABLE", "THEN", "TO", "TRUE",
	"TRUNCATE", "UNION", "UNION ALL", "UPDATE", "USING", "VACUUM", "VALUES", "VIEW", "WHEN", "WHERE", "WINDOW", "WITH",
	NULL
};

static const char *const commands[] = {"\\d", "\\dt", "\\x", "\\format", "\\expand", "\\pset", "\\timing", "\\o", "\\i",
"\\g", "\\gx", "\\r", "\\q", "\\?", NULL};

/* words after which a table is expected */
static const char *const before_tables[] = {"from", "join", "into", "update", "table", "only", "analyze", "vacuum",
	"truncate", "view", NULL};

typedef struct Name
{
	char		kind;			/* r relation, c column, f function, s schema */
	char	   *text,			/* as SQL writes it */
			   *of;				/* a column's relation */
} Name;

static PpdlDb *database;
static Name *names;
static int	nnames,
			known;				/* names are those of the database */
static PpdlWriter before;		/* of the statement */
static const char *line_at_hand;

static void
forget_names(void)
{
	for (int i = 0; i < nnames; i++)
	{
		free(names[i].text);
		free(names[i].of);
	}
	free(names);
	names = NULL;
	nnames = known = 0;
}

void
ppdl_complete_begin(PpdlDb *db)
{
	database = db;
	ppdl_writer_init(&before);
}

void
ppdl_complete_end(void)
{
	forget_names();
	ppdl_writer_free(&before);
}

void
ppdl_complete_statement(const char *sql)
{
	static const char *const changes[] = {"create", "drop", "alter", "set", "rename", "rollback", NULL};

	for (int i = 0; changes[i]; i++)
		if (strcasestr(sql, changes[i]))
			forget_names();
}

void
ppdl_complete_before(const char *text, size_t len)
{
	before.len = 0;
	if (len)
		ppdl_write_bytes(&before, text, len);
}

static void
ask_for_names(void)
{
	static const char *const sql =
		"SELECT * FROM (SELECT 'r', quote_ident(relname), NULL FROM pg_class c WHERE relkind IN ('r', 'v', 'm', 'f', 'p')"
		" AND pg_table_is_visible(oid) AND relname !~ '[[:cntrl:]]'"
		" UNION ALL SELECT 's', quote_ident(nspname) || '.', NULL FROM pg_namespace"
		" WHERE nspname !~ '^pg_|^information_schema$|[[:cntrl:]]'"
		" UNION ALL SELECT 'r', quote_ident(nspname) || '.' || quote_ident(relname), NULL FROM pg_class c"
		" JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'v', 'm', 'f', 'p')"
		" AND nspname !~ '^pg_|^information_schema$|[[:cntrl:]]' AND relname !~ '[[:cntrl:]]'"
		" UNION ALL SELECT 'c', quote_ident(attname), quote_ident(relname) FROM pg_attribute JOIN pg_class c"
		" ON c.oid = attrelid JOIN pg_namespace n ON n.oid = relnamespace WHERE attnum > 0 AND NOT attisdropped"
		" AND relkind IN ('r', 'v', 'm', 'f', 'p') AND nspname !~ '^pg_|^information_schema$'"
		" AND pg_table_is_visible(c.oid) AND attname !~ '[[:cntrl:]]'"
		" UNION ALL SELECT DISTINCT 'f', quote_ident(proname) || '(', NULL FROM pg_proc p"
		" JOIN pg_namespace n ON n.oid = pronamespace WHERE proname ~ '^(lwe|ppdl|rsa)_' AND prokind IN ('f', 'a')"
		" AND prorettype <> 'cstring'::regtype AND has_function_privilege(p.oid, 'execute')"
		" UNION ALL SELECT 'f', f || '(', NULL FROM unnest('{count,sum,avg,min,max,array_agg,coalesce}'::text[]) f) names"
		" ORDER BY 1, 2 LIMIT 20000";
	PGresult   *res;
	PpdlError	err;

	known = 1;
	if (PQtransactionStatus(database->conn) != PQTRANS_IDLE && PQtransactionStatus(database->conn) != PQTRANS_INTRANS)
	{
		known = 0;
		return;
	}
	if (ppdl_db_run(database, &res, &err, sql, 0, NULL) != PPDL_OK)
		return;
	names = calloc((size_t) PQntuples(res) + 1, sizeof *names);
	for (int i = 0; names && i < PQntuples(res) && i < AT_MOST; i++)
		names[nnames++] = (Name) {PQgetvalue(res, i, 0)[0], strdup(PQgetvalue(res, i, 1)),
			PQgetisnull(res, i, 2) ? NULL : strdup(PQgetvalue(res, i, 2))};
	PQclear(res);
}

/* ------------------------------------------------------------------ what is offered */

static int
is_name(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '"' || (c & 0x80);
}

/* is the name in the text, as a word? */
static int
mentions(const char *text, size_t len, const char *name)
{
	const size_t n = strlen(name);

	for (size_t i = 0; i + n <= len; i++)
		if (strncasecmp(text + i, name, n) == 0 && (i == 0 || !is_name(text[i - 1])) &&
			(i + n == len || !is_name(text[i + n])))
			return 1;
	return 0;
}

/* is there a relation in the statement whose columns are to be preferred? */
static int
is_in_statement(const char *relation)
{
	return relation && (mentions((const char *) before.buf, before.len, relation) ||
						mentions(line_at_hand, strlen(line_at_hand), relation));
}

static int
begins_with(const char *word, const char *text)
{
	/* "Gender" is what Gen means, too */
	return strncasecmp(word, text, strlen(text)) == 0 ||
		(word[0] == '"' && text[0] != '"' && strncasecmp(word + 1, text, strlen(text)) == 0);
}

static char *
copy_in_case_of(const char *keyword, const char *text)
{
	char	   *copy = strdup(keyword);

	if (copy && islower((unsigned char) text[0]))
		for (char *c = copy; *c; c++)
			*c = (char) tolower((unsigned char) *c);
	return copy;
}

static char *
offer_from(const char *const *list, const char *text, int *at)
{
	while (list[*at])
	{
		const char *word = list[(*at)++];

		if (strncasecmp(word, text, strlen(text)) == 0)
			return copy_in_case_of(word, text);
	}
	return NULL;
}

/* the next name of one of the kinds; columns only of relations in the statement, if it has any */
static char *
offer_name(const char *kinds, const char *text, int *at)
{
	static int	chosen;

	if (*at == 0)
	{
		chosen = 0;
		for (int i = 0; i < nnames; i++)
			chosen |= names[i].kind == 'c' && is_in_statement(names[i].of);
	}
	while (*at < nnames)
	{
		const Name *n = &names[(*at)++];
		int			again = 0;

		if (n->text == NULL || strchr(kinds, n->kind) == NULL || !begins_with(n->text, text))
			continue;
		/* schema.table is for those who have begun so */
		if (n->kind == 'r' && strchr(n->text, '.') && strchr(text, '.') == NULL)
			continue;
		if (n->kind == 'c' && chosen && !is_in_statement(n->of))
			continue;
		for (const Name *m = n; m-- > names && m->kind == n->kind && m->text && strcmp(m->text, n->text) == 0 && !again;)
			again = n->kind != 'c' || !chosen || is_in_statement(m->of);
		if (!again)
			return strdup(n->text);
	}
	return NULL;
}

static char *
offer_relations(const char *text, int state)
{
	static int	at;

	if (state == 0)
		at = 0;
	return offer_name("rs", text, &at);
}

/* p.fea: p stands, whatever it is */
static char *
offer_qualified(const char *text, int *at)
{
	const size_t before_dot = (size_t) (strrchr(text, '.') + 1 - text);
	char	   *name = offer_name("c", text + before_dot, at),
			   *whole = NULL;

	if (name && asprintf(&whole, "%.*s%s", (int) before_dot, text, name) < 0)
		whole = NULL;
	free(name);
	return whole;
}

static char *
offer_words(const char *text, int state)
{
	static int	at_word,
				at_name;
	char	   *found = NULL;

	if (state == 0)
		at_word = at_name = 0;
	if (strrchr(text, '.'))
	{
		static int	at_relation;

		if (state == 0)
			at_relation = 0;
		found = offer_name("r", text, &at_relation);
		return found ? found : offer_qualified(text, &at_name);
	}
	if (text[0])
		found = offer_from(keywords, text, &at_word);
	return found ? found : offer_name("cfrs", text, &at_name);
}

static char *
offer_commands(const char *text, int state)
{
	static int	at;

	if (state == 0)
		at = 0;
	return offer_from(commands, text, &at);
}

/* does the word that ends at line[end) stand among the words? */
static int
follows(const char *line, int end, const char *const *words)
{
	int			begin;

	while (end > 0 && isspace((unsigned char) line[end - 1]))
		end--;
	begin = end;
	while (begin > 0 && is_name(line[begin - 1]))
		begin--;
	for (int i = 0; words[i]; i++)
		if ((size_t) (end - begin) == strlen(words[i]) && strncasecmp(line + begin, words[i], strlen(words[i])) == 0)
			return 1;
	return 0;
}

PpdlOffer
ppdl_complete_choose(const char *line, int start)
{
	const char *command = line + strspn(line, " \t");

	line_at_hand = line;
	if (start == (int) (command - line) && line[start] == '\\')
		return offer_commands;
	if (command[0] == '\\' && (command[1] == 'i' || command[1] == 'o') && isspace((unsigned char) command[2]))
		return NULL;
	if (!known)
		ask_for_names();
	return command[0] == '\\' || follows(line, start, before_tables) ? offer_relations : offer_words;
}
