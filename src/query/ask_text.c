#include "query/ask_text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "query/sqltext.h"

PpdlStatus
ppdl_ask_error(const PpdlAskText *t, size_t at, const char *fmt,...)
{
	char		text[300],
				place[200];
	va_list		ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	ppdl_error(t->err, PPDL_ERR_ARGUMENT, "%s", text);
	ppdl_sql_place(place, sizeof place, t->sql, at);
	return ppdl_error_detail(t->err, PPDL_ERR_ARGUMENT, "%s", place);
}

/* behind the comment that begins at s[i], which may hold others */
static size_t
skip_comment(const char *s, size_t i)
{
	int			within = 0;

	for (; s[i]; i++)
		if (s[i] == '/' && s[i + 1] == '*')
		{
			within++;
			i++;
		}
		else if (s[i] == '*' && s[i + 1] == '/')
		{
			i++;
			if (--within == 0)
				return i + 1;
		}
	return i;
}

/* blanks and comments */
static size_t
skip(const char *s, size_t i)
{
	for (;;)
	{
		i += strspn(s + i, " \t\r\n\f\v");
		if (s[i] == '-' && s[i + 1] == '-')
			i += strcspn(s + i, "\n");
		else if (s[i] == '/' && s[i + 1] == '*')
			i = skip_comment(s, i);
		else
			return i;
	}
}

/* a quote that is doubled is one of the text */
static PpdlStatus
take_quoted(PpdlAskText *t, char quote)
{
	size_t		n = 0,
				i = t->at + 1;

	for (;; i++)
	{
		if (t->sql[i] == 0)
			return ppdl_ask_error(t, t->at, "a quote without end");
		if (t->sql[i] == quote && t->sql[++i] != quote)
			break;
		if (n + 1 == sizeof t->text)
			return ppdl_ask_error(t, t->at, "more than %d bytes in quotes", PPDL_ASK_LONGEST - 1);
		t->text[n++] = t->sql[i];
	}
	t->text[n] = 0;
	t->end = i;
	return PPDL_OK;
}

/* length of the number at s, 0: there is none */
static size_t
number_length(const char *s)
{
	size_t		n = strspn(s, "0123456789"),
				digits = n,
				e;

	if (s[n] == '.')
	{
		digits += strspn(s + n + 1, "0123456789");
		n = digits + 1;
	}
	if (digits == 0)
		return 0;
	e = s[n] == 'e' || s[n] == 'E' ? n + 1 : 0;
	if (e && (s[e] == '+' || s[e] == '-'))
		e++;
	return e && isdigit((unsigned char) s[e]) ? e + strspn(s + e, "0123456789") : n;
}

static PpdlStatus
take_bytes(PpdlAskText *t, PpdlAskToken token, size_t n)
{
	if (n >= sizeof t->text)
		return ppdl_ask_error(t, t->at, "more than %d bytes in a word", PPDL_ASK_LONGEST - 1);
	t->token = token;
	memcpy(t->text, t->sql + t->at, n);
	t->text[n] = 0;
	t->end = t->at + n;
	return PPDL_OK;
}

static PpdlStatus
take_sign(PpdlAskText *t, const char *s)
{
	const int	two = (s[0] == '<' && (s[1] == '=' || s[1] == '>')) || (s[0] == '>' && s[1] == '=') ||
		(s[0] == '!' && s[1] == '=');

	PPDL_TRY(take_bytes(t, two || strchr("<=>", s[0]) ? PPDL_ASK_OPERATOR : PPDL_ASK_OTHER, 1 + (size_t) two));
	if (s[0] == '!' && two)
		strcpy(t->text, "<>");
	return PPDL_OK;
}

PpdlStatus
ppdl_ask_next(PpdlAskText *t)
{
	const char *s;
	size_t		n;

	t->at = t->end = skip(t->sql, t->end);
	s = t->sql + t->at;
	t->text[0] = 0;
	t->token = PPDL_ASK_END;
	if (s[0] == 0)
		return PPDL_OK;
	if (s[0] == '"' || s[0] == '\'')
	{
		t->token = s[0] == '"' ? PPDL_ASK_NAME : PPDL_ASK_STRING;
		return take_quoted(t, s[0]);
	}
	if ((n = number_length(s)) > 0)
		return take_bytes(t, PPDL_ASK_NUMBER, n);
	n = ppdl_sql_word(s, SIZE_MAX);
	return n > 0 ? take_bytes(t, PPDL_ASK_WORD, n) : take_sign(t, s);
}

int
ppdl_ask_is(const PpdlAskText *t, const char *what)
{
	return t->token == PPDL_ASK_WORD ? strcasecmp(t->text, what) == 0 :
		(t->token == PPDL_ASK_OPERATOR || t->token == PPDL_ASK_OTHER) && strcmp(t->text, what) == 0;
}

PpdlStatus
ppdl_ask_take(PpdlAskText *t, const char *what)
{
	char		word[20];

	if (ppdl_ask_is(t, what))
		return ppdl_ask_next(t);
	snprintf(word, sizeof word, "%s", what);
	for (char *c = word; *c; c++)
		*c = (char) toupper((unsigned char) *c);
	return ppdl_ask_error(t, t->at, "%s is expected", word);
}
