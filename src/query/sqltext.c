#include "query/sqltext.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int
is_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || (c & 0x80);
}

size_t
ppdl_sql_word(const char *s, size_t len)
{
	size_t		n = 0;

	while (n < len && (is_word(s[n]) || (n > 0 && s[n] == '$')))
		n++;
	return n;
}

static int
is(const char *s, size_t len, const char *word)
{
	return len == strlen(word) && strncasecmp(s, word, len) == 0;
}

/* in the body of CREATE FUNCTION ... BEGIN ATOMIC ... END a semicolon ends nothing (as in psql) */
static void
take_word(PpdlSqlScan *scan, const char *s, size_t len)
{
	static const char *const known[] = {"create", "function", "procedure", "or", "replace"};
	const char *b = scan->begins;

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (scan->words < 4 && is(s, len, known[i]))
			scan->begins[scan->words] = (char) tolower((unsigned char) s[0]);
	scan->words++;
	if (b[0] != 'c' || !(b[1] == 'f' || b[1] == 'p' || (b[1] == 'o' && b[2] == 'r' && (b[3] == 'f' || b[3] == 'p'))))
		return;
	if (is(s, len, "begin"))
		scan->blocks++;
	else if (is(s, len, "case") && scan->blocks > 0)
		scan->blocks++;
	else if (is(s, len, "end") && scan->blocks > 0)
		scan->blocks--;
}

/* $tag$ at s: its length, 0 if there is none */
static size_t
dollar_tag(const char *s, size_t len)
{
	size_t		n = 1;

	if (len > 1 && isdigit((unsigned char) s[1]))
		return 0;
	while (n < len && is_word(s[n]))
		n++;
	return n < len && s[n] == '$' && n < sizeof ((PpdlSqlScan *) 0)->tag ? n + 1 : 0;
}

/* the end of what the scan is in, or len */
static size_t
skip_inside(PpdlSqlScan *scan, const char *s, size_t len, size_t i)
{
	for (; i < len; i++)
	{
		const char	c = s[i],
					next = i + 1 < len ? s[i + 1] : 0;

		if (scan->in == '-' && c == '\n')
			scan->in = 0;
		else if (scan->in == '*' && c == '*' && next == '/')
		{
			i++;
			if (--scan->comments == 0)
				scan->in = 0;
		}
		else if (scan->in == '*' && c == '/' && next == '*')
		{
			i++;
			scan->comments++;
		}
		else if (scan->in == '$' && len - i >= (size_t) scan->tag_len &&
				 memcmp(s + i, scan->tag, (size_t) scan->tag_len) == 0)
		{
			i += (size_t) scan->tag_len - 1;
			scan->in = 0;
		}
		else if (scan->in == 'e' && c == '\\' && next)
			i++;
		else if ((scan->in == '\'' || scan->in == 'e') && c == '\'')
			scan->in = 0;		/* a doubled quote begins another string at once */
		else if (scan->in == '"' && c == '"')
			scan->in = 0;
		if (scan->in == 0)
			return i + 1;
	}
	return len;
}

/* what begins at s[i], in plain SQL; how many characters it takes */
static size_t
begin(PpdlSqlScan *scan, const char *s, size_t len, size_t i)
{
	const char	c = s[i],
				next = i + 1 < len ? s[i + 1] : 0;
	size_t		n;

	if (isspace((unsigned char) c))
		return 1;
	if (c == '-' && next == '-')
	{
		scan->in = '-';
		return 2;
	}
	if (c == '/' && next == '*')
	{
		scan->in = '*';
		scan->comments = 1;
		return 2;
	}
	scan->something = 1;
	if (c == '\'' || c == '"')
		scan->in = c;
	else if ((c == 'e' || c == 'E') && next == '\'')
	{
		scan->in = 'e';
		return 2;
	}
	else if (c == '$' && (n = dollar_tag(s + i, len - i)) > 0)
	{
		memcpy(scan->tag, s + i, n);
		scan->tag_len = (int) n;
		scan->in = '$';
		return n;
	}
	else if (c == '(')
		scan->parens++;
	else if (c == ')' && scan->parens > 0)
		scan->parens--;
	else if ((n = ppdl_sql_word(s + i, len - i)) > 0)
	{
		take_word(scan, s + i, n);
		return n;
	}
	return 1;
}

PpdlSqlStop
ppdl_sql_scan(PpdlSqlScan *scan, const char *s, size_t len, size_t *at)
{
	size_t		i = *at;

	while (i < len)
	{
		if (scan->in)
			i = skip_inside(scan, s, len, i);
		else if (s[i] == '\\')
		{
			*at = i;
			return PPDL_SQL_COMMAND;
		}
		else if (s[i] == '{' && scan->braces)
		{
			scan->something = 1;
			*at = i;
			return PPDL_SQL_BRACE;
		}
		else if (s[i] == ';' && scan->parens == 0 && scan->blocks == 0)
		{
			*at = i + 1;
			memset(scan, 0, sizeof *scan);
			return PPDL_SQL_STATEMENT;
		}
		else
			i += begin(scan, s, len, i);
	}
	*at = len;
	return PPDL_SQL_MORE;
}

size_t
ppdl_sql_bytes(const char *s, int characters)
{
	size_t		i = 0;

	while (s[i] && characters > 0)
	{
		for (i++; ((unsigned char) s[i] & 0xC0) == 0x80; i++)
			;
		characters--;
	}
	return i;
}

void
ppdl_sql_put_name(PpdlWriter *w, const char *name)
{
	ppdl_write_u8(w, '"');
	for (; *name; name++)
	{
		if (*name == '"')
			ppdl_write_u8(w, '"');
		ppdl_write_u8(w, (uint8_t) *name);
	}
	ppdl_write_u8(w, '"');
}

void
ppdl_sql_place(char *out, size_t size, const char *sql, size_t at)
{
	size_t		begin = at,
				rest,
				most;
	int			line = 1,
				column = 1;

	while (begin > 0 && sql[begin - 1] != '\n')
		begin--;
	for (size_t i = 0; i < begin; i++)
		line += sql[i] == '\n';
	for (size_t i = begin; i < at; i++)
		column += ((unsigned char) sql[i] & 0xC0) != 0x80;
	rest = strcspn(sql + at, "\n");
	most = ppdl_sql_bytes(sql + at, 60);
	snprintf(out, size, "line %d, column %d: %.*s", line, column, (int) (rest < most ? rest : most), sql + at);
}

int
ppdl_sql_may_total(const char *sql)
{
	static const char *const words[] = {"rollup", "cube", "grouping", "null"};
	const char *end = sql + strlen(sql);

	for (size_t n; sql < end; sql += n > 0 ? n : 1)
	{
		n = ppdl_sql_word(sql, (size_t) (end - sql));
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (n == strlen(words[i]) && strncasecmp(sql, words[i], n) == 0)
				return 1;
	}
	return 0;
}
