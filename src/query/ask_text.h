/*
 * Words of what stands in braces in SQL text: {count where Age > 65 and "Body Weight" < 50}.
 */
#ifndef PPDL_QUERY_ASK_TEXT_H
#define PPDL_QUERY_ASK_TEXT_H

#include <stddef.h>

#include "base/error.h"

#define PPDL_ASK_LONGEST 400	/* bytes of a name or a text */

typedef enum PpdlAskToken
{
	PPDL_ASK_END,				/* of the SQL text */
	PPDL_ASK_WORD,			/* a name or keyword without quotes */
	PPDL_ASK_NAME,			/* in double quotes */
	PPDL_ASK_STRING,
	PPDL_ASK_NUMBER,
	PPDL_ASK_OPERATOR,		/* < <= = <> >= > as `text`; != is <> */
	PPDL_ASK_OTHER			/* one character: ( ) , . * - } and what has no meaning */
} PpdlAskToken;

typedef struct PpdlAskText
{
	const char *sql;			/* ends with a zero */
	size_t		at,				/* of the token */
				end;			/* behind it */
	PpdlAskToken token;
	char		text[PPDL_ASK_LONGEST];	/* without quotes */
	PpdlError  *err;
} PpdlAskText;

/* the token at t->end, or behind blanks and comments there; PPDL_ERR_ARGUMENT for quotes without end and long names */
PpdlStatus	ppdl_ask_next(PpdlAskText *t);
/* is it this keyword (in lower case), or this character or operator? */
int			ppdl_ask_is(const PpdlAskText *t, const char *what);
/* goes on behind it, or says that it was expected */
PpdlStatus	ppdl_ask_take(PpdlAskText *t, const char *what);
/* PPDL_ERR_ARGUMENT with the place in the detail */
PpdlStatus	ppdl_ask_error(const PpdlAskText *t, size_t at, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));

#endif
