#include "table/numeral.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 128				/* of what is not in the plain form */

int
ppdl_parse_number(const char *s, double *v)
{
	const char *p;
	char	   *end;

	while (*s == ' ' || *s == '\t')
		s++;
	*v = strtod(s, &end);
	while (*end == ' ' || *end == '\t')
		end++;
	if (end == s || *end)
		return 0;
	if (!isfinite(*v))
		return -1;
	/* strtod also reads hexadecimal numbers */
	for (p = s; *p; p++)
		if (*p == 'x' || *p == 'X')
			return 0;
	return 1;
}

/* without blanks around it; no-break and narrow spaces become spaces, a minus sign a hyphen.  0: too long */
static size_t
plain_text(char out[LONGEST], const char *s)
{
	static const struct
	{
		const char *from;
		char		to;
	}			sign[] = {{"\xC2\xA0", ' '}, {"\xE2\x80\xAF", ' '}, {"\xE2\x88\x92", '-'}, {"\t", ' '}};
	size_t		n = 0;

	while (*s && n < LONGEST - 1)
	{
		size_t		skip = 1;

		out[n] = *s;
		for (size_t i = 0; i < sizeof sign / sizeof *sign; i++)
			if (strncmp(s, sign[i].from, strlen(sign[i].from)) == 0)
			{
				out[n] = sign[i].to;
				skip = strlen(sign[i].from);
			}
		s += skip;
		n += n > 0 || out[0] != ' ';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = 0;
	return *s ? 0 : n;
}

/* digits with separators between groups of three; returns where they end, or NULL; *to grows by the digits */
static const char *
whole_part(const char *s, char thousands, char **to)
{
	int			run = 0,
				groups = 0;

	for (;; s++)
	{
		if (isdigit((unsigned char) *s))
		{
			*(*to)++ = *s;
			run++;
			continue;
		}
		if (thousands == 0 || *s != thousands)
			break;
		if (run == 0 || run > 3 || (groups > 0 && run != 3))
			return NULL;
		groups++;
		run = 0;
	}
	return groups > 0 && run != 3 ? NULL : s;
}

/* as strtod reads it, into out, which is as long as text; 0 when it has another form */
static int
plain_number(const PpdlNumerals *n, const char *s, char *out)
{
	const char	decimal = n->decimal ? n->decimal : '.';
	char	   *to = out;
	int			digits;

	if (*s == '+' || *s == '-')
		*to++ = *s++;
	digits = (int) (to - out);
	s = whole_part(s, n->thousands, &to);
	if (s == NULL)
		return 0;
	digits = (int) (to - out) - digits;
	if (*s == decimal)
	{
		*to++ = '.';
		for (s++; isdigit((unsigned char) *s); digits++)
			*to++ = *s++;
	}
	if (digits == 0)
		return 0;
	if (*s == 'e' || *s == 'E')
	{
		*to++ = *s++;
		if (*s == '+' || *s == '-')
			*to++ = *s++;
		if (!isdigit((unsigned char) *s))
			return 0;
		while (isdigit((unsigned char) *s))
			*to++ = *s++;
	}
	*to = 0;
	return *s == 0;
}

int
ppdl_numeral_parse(const PpdlNumerals *n, const char *s, double *v)
{
	char		text[LONGEST],
				number[LONGEST];
	size_t		len;
	int			plain = n->thousands == 0 && !n->percent && (n->decimal == 0 || n->decimal == '.');

	*v = 0;
	if (plain)
		for (const unsigned char *p = (const unsigned char *) s; *p && plain; p++)
			plain = *p < 0x80;
	if (plain)
		return ppdl_parse_number(s, v);
	len = plain_text(text, s);
	if (n->percent)
	{
		if (len == 0 || text[len - 1] != '%')
			return 0;
		text[--len] = 0;
		while (len > 0 && text[len - 1] == ' ')
			text[--len] = 0;
	}
	if (len == 0)
		return 0;
	if (!plain_number(n, text, number))
		return ppdl_parse_number(text, v) < 0 ? -1 : 0;
	return ppdl_parse_number(number, v);
}

int
ppdl_leading_zero(const char *s)
{
	const char *digit = s + strspn(s, " \t+-");

	return digit[0] == '0' && isdigit((unsigned char) digit[1]);
}

int
ppdl_numeral_sure(const PpdlNumerals *n, const char *s)
{
	const char *mark = strchr(s, n->decimal ? n->decimal : '.');
	size_t		before,
				after;

	if (mark == NULL)
		return 0;
	s += strspn(s, " \t+-");
	before = strspn(s, "0123456789");
	after = strspn(mark + 1, "0123456789");
	return after != 3 || before == 0 || before > 3 || *s == '0';
}
