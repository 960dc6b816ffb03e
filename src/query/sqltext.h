/*
 * SQL text: where statements end, read piece by piece as somebody types it; words, names and places.
 */
#ifndef PPDL_QUERY_SQLTEXT_H
#define PPDL_QUERY_SQLTEXT_H

#include <stddef.h>

#include "base/bytes.h"

typedef enum PpdlSqlStop
{
	PPDL_SQL_MORE,				/* the text ended within a statement, or before one */
	PPDL_SQL_STATEMENT,			/* a semicolon ended a statement; the place is behind it */
	PPDL_SQL_COMMAND,			/* a backslash outside of quotes; the place is that of the backslash */
	PPDL_SQL_BRACE				/* an opening brace outside of quotes, if asked for; the place is its own */
} PpdlSqlStop;

typedef struct PpdlSqlScan
{
	char		in;				/* ' e (E'...') " $ * (comment) - (comment to the end of the line); 0: plain SQL */
	int			braces;			/* stop at them: asked for, anew for each statement */
	int			comments,		/* nested */
				parens,
				blocks,			/* BEGIN ATOMIC and CASE in the body of a routine */
				words;			/* of the statement so far, that matter for these */
	char		begins[4];		/* first letters of these words: create, function, procedure, or, replace */
	int			tag_len;
	char		tag[66];		/* of a dollar quote, with both dollars */
	int			something;		/* the statement has more than blanks and comments */
} PpdlSqlScan;

/* Goes on at s[*at], which moves.  A new scan is zeros; after a statement it is as new. */
PpdlSqlStop ppdl_sql_scan(PpdlSqlScan *scan, const char *s, size_t len, size_t *at);

/* "line 2, column 7: FROM x", of the byte sql[at] and what follows it in its line */
void		ppdl_sql_place(char *out, size_t size, const char *sql, size_t at);
/* bytes of the word that s begins with, at most len: letters, digits, _ and, not in front, $; 0: none */
size_t		ppdl_sql_word(const char *s, size_t len);
/* whether some word of a text, comments included, could make NULL in a column of groups a total: ROLLUP, NULL itself */
int			ppdl_sql_may_total(const char *sql);
/* appends a name in double quotes */
void		ppdl_sql_put_name(PpdlWriter *w, const char *name);
/* bytes of so many characters of UTF-8, to the end of s at most */
size_t		ppdl_sql_bytes(const char *s, int characters);

#endif
