#include "cli/copytext.h"

#include <stdlib.h>
#include <string.h>

#include "base/hex.h"

void
ppdl_copy_put(PpdlWriter *w, const char *s, size_t len)
{
	static const char special[] = "\b\f\n\r\t\v\\";
	static const char escape[] = "bfnrtv\\";

	if (s == NULL)
	{
		ppdl_write_bytes(w, "\\N", 2);
		return;
	}
	while (len > 0)
	{
		size_t		plain = 0;
		const char *at;

		while (plain < len && (s[plain] == 0 || strchr(special, s[plain]) == NULL))
			plain++;
		ppdl_write_bytes(w, s, plain);
		s += plain;
		len -= plain;
		if (len == 0)
			break;
		at = strchr(special, *s);
		ppdl_write_u8(w, '\\');
		ppdl_write_u8(w, (uint8_t) escape[at - special]);
		s++;
		len--;
	}
}

void
ppdl_texts_free(PpdlTexts *t)
{
	free(t->text);
	memset(t, 0, sizeof *t);
}

static int
push(PpdlTexts *t, char *s, size_t len)
{
	if (t->count == t->cap)
	{
		size_t		cap = t->cap ? 2 * t->cap : 16;
		PpdlText   *p = realloc(t->text, cap * sizeof *p);

		if (p == NULL)
			return 0;
		t->text = p;
		t->cap = cap;
	}
	t->text[t->count].s = s;
	t->text[t->count].len = len;
	t->count++;
	return 1;
}

static int
octal(char c)
{
	return c >= '0' && c <= '7';
}

/* undoes COPY's escapes in place; the new length */
static size_t
unescape(char *s, size_t len)
{
	static const char escape[] = "bfnrtv";
	static const char special[] = "\b\f\n\r\t\v";
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
	{
		const char *at;

		if (s[i] != '\\' || i + 1 == len)
		{
			s[n++] = s[i];
			continue;
		}
		i++;
		at = s[i] ? strchr(escape, s[i]) : NULL;
		if (at)
			s[n++] = special[at - escape];
		else if (octal(s[i]))
		{
			int			v = s[i] - '0';

			for (int k = 0; k < 2 && i + 1 < len && octal(s[i + 1]); k++)
				v = 8 * v + (s[++i] - '0');
			s[n++] = (char) v;
		}
		else if (s[i] == 'x' && i + 1 < len && ppdl_hex_digit(s[i + 1]) >= 0)
		{
			int			v = ppdl_hex_digit(s[++i]);

			if (i + 1 < len && ppdl_hex_digit(s[i + 1]) >= 0)
				v = 16 * v + ppdl_hex_digit(s[++i]);
			s[n++] = (char) v;
		}
		else
			s[n++] = s[i];
	}
	s[n] = 0;
	return n;
}

int
ppdl_copy_split(PpdlTexts *t, char *line, size_t len)
{
	char	   *end = line + len;

	t->count = 0;
	for (;;)
	{
		char	   *tab = memchr(line, '\t', (size_t) (end - line));
		char	   *stop = tab ? tab : end;
		size_t		n = (size_t) (stop - line);
		int			null = n == 2 && memcmp(line, "\\N", 2) == 0;

		*stop = 0;
		if (!push(t, null ? NULL : line, null ? 0 : unescape(line, n)))
			return 0;
		if (tab == NULL)
			return 1;
		line = tab + 1;
	}
}

int
ppdl_array_split(PpdlTexts *t, char *s, size_t len)
{
	size_t		i = 1;

	t->count = 0;
	if (len < 2 || s[0] != '{' || s[len - 1] != '}')
		return 0;
	if (len == 2)
		return 1;
	while (i < len)
	{
		char	   *start = s + i;
		size_t		n = 0;
		int			quoted = s[i] == '"';

		if (quoted)
		{
			for (i++; i < len && s[i] != '"'; i++)
			{
				if (s[i] == '\\')
					i++;
				start[n++] = s[i];
			}
			i++;
		}
		else
			for (; i < len && s[i] != ',' && s[i] != '}'; i++)
			{
				if (s[i] == '{' || s[i] == '"' || s[i] == '\\')
					return 0;
				n++;
			}
		if (i >= len || (s[i] != ',' && s[i] != '}') || (n == 0 && !quoted))
			return 0;
		if (s[i] == '}' && i + 1 != len)
			return 0;
		s[i++] = 0;
		start[n] = 0;
		if (!quoted && n == 4 && memcmp(start, "NULL", 4) == 0)
			start = NULL;
		if (!push(t, start, start ? n : 0))
			return -1;
	}
	return 1;
}
