/*
 * Is a text well-formed XML?  Written from the specification (XML 1.0, fifth edition), for the parts that pages and
 * charts use: one element with elements, text and character references in it; a document type without a subset.
 */
#ifndef PPDL_TEST_XML_CHECK_H
#define PPDL_TEST_XML_CHECK_H

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum
{
	XML_DEPTH = 100,
	XML_ATTRIBUTES = 40
};

typedef struct XmlText
{
	const char *begin,
			   *s;
	char		why[200];		/* "" as long as nothing is wrong */
	char		open[XML_DEPTH][40];
	int			depth;
} XmlText;

static inline int
xml_wrong(XmlText *x, const char *why)
{
	if (!x->why[0])
		snprintf(x->why, sizeof x->why, "%s at byte %ld: %.40s", why, (long) (x->s - x->begin), x->s);
	return 0;
}

/* goes past a character, if it is there */
static inline int
xml_take(XmlText *x, char c)
{
	if (*x->s != c)
		return 0;
	x->s++;
	return 1;
}

/* characters that XML allows, in UTF-8 of the shortest form */
static inline int
xml_character(XmlText *x)
{
	const uint8_t *u = (const uint8_t *) x->s;
	uint32_t	c = u[0];
	int			more = 0;

	if (c >= 0xF0)
		more = 3;
	else if (c >= 0xE0)
		more = 2;
	else if (c >= 0xC2)
		more = 1;
	else if (c >= 0x80)
		return xml_wrong(x, "no UTF-8");
	c &= more ? 0x3F >> more : 0x7F;
	for (int i = 1; i <= more; i++)
	{
		if ((u[i] & 0xC0) != 0x80)
			return xml_wrong(x, "no UTF-8");
		c = c * 64 + (u[i] & 0x3F);
	}
	if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000) || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF) ||
		c == 0xFFFE || c == 0xFFFF || (c < ' ' && c != '\t' && c != '\n' && c != '\r'))
		return xml_wrong(x, "a character that is not allowed");
	x->s += more + 1;
	return 1;
}

static inline int
xml_reference(XmlText *x)
{
	static const char *const known[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"};
	const char *s = x->s;

	for (int i = 0; i < 5; i++)
		if (strncmp(s, known[i], strlen(known[i])) == 0)
		{
			x->s += strlen(known[i]);
			return 1;
		}
	if (s[1] != '#' || !isdigit((unsigned char) s[2]))
		return xml_wrong(x, "an ampersand that begins no reference");
	for (s += 2; isdigit((unsigned char) *s);)
		s++;
	if (*s != ';')
		return xml_wrong(x, "a reference without an end");
	x->s = s + 1;
	return 1;
}

static inline int
xml_name(XmlText *x, char out[40])
{
	size_t		n = 0;

	while (isalnum((unsigned char) x->s[n]) || (n > 0 && x->s[n] && strchr("-_:.", x->s[n])))
		n++;
	if (n == 0 || n >= 40 || isdigit((unsigned char) x->s[0]))
		return xml_wrong(x, "a name is expected");
	memcpy(out, x->s, n);
	out[n] = '\0';
	x->s += n;
	return 1;
}

static inline int
xml_value(XmlText *x)
{
	if (!xml_take(x, '"'))
		return xml_wrong(x, "a value in quotes is expected");
	while (*x->s != '"')
	{
		if (*x->s == '<' || *x->s == '\0')
			return xml_wrong(x, "a value without an end");
		if (!(*x->s == '&' ? xml_reference(x) : xml_character(x)))
			return 0;
	}
	x->s++;
	return 1;
}

static inline int
xml_attributes(XmlText *x)
{
	char		seen[XML_ATTRIBUTES][40];
	int			n = 0;

	while (isspace((unsigned char) *x->s))
	{
		while (isspace((unsigned char) *x->s))
			x->s++;
		if (*x->s == '>' || *x->s == '/')
			return 1;
		if (n == XML_ATTRIBUTES || !xml_name(x, seen[n]))
			return xml_wrong(x, "too many attributes");
		for (int i = 0; i < n; i++)
			if (strcmp(seen[i], seen[n]) == 0)
				return xml_wrong(x, "an attribute twice");
		n++;
		if (!xml_take(x, '=') || !xml_value(x))
			return xml_wrong(x, "an attribute without a value");
	}
	return 1;
}

static inline int
xml_tag(XmlText *x)
{
	int			is_end = x->s[1] == '/';
	char		name[40];

	x->s += 1 + is_end;
	if (!xml_name(x, name))
		return 0;
	if (is_end)
	{
		if (x->depth == 0 || strcmp(x->open[--x->depth], name) != 0 || !xml_take(x, '>'))
			return xml_wrong(x, "an end without its beginning");
		return 1;
	}
	if (!xml_attributes(x))
		return 0;
	if (x->s[0] == '/' && x->s[1] == '>')
	{
		x->s += 2;
		return 1;
	}
	if (!xml_take(x, '>') || x->depth == XML_DEPTH)
		return xml_wrong(x, "a tag without an end");
	strcpy(x->open[x->depth++], name);
	return 1;
}

/* what is wrong with it, or NULL */
static inline const char *
xml_check(const char *text)
{
	static XmlText x;
	int			elements = 0;

	memset(&x, 0, sizeof x);
	x.begin = x.s = text;
	if (strncmp(x.s, "<!DOCTYPE html>", 15) == 0)
		x.s += 15;
	while (*x.s && !x.why[0])
	{
		if (x.depth == 0 && *x.s == '<' && elements++)
			xml_wrong(&x, "a second element");
		else if (x.depth == 0 && *x.s != '<' && !isspace((unsigned char) *x.s))
			xml_wrong(&x, "text outside the element");
		else if (*x.s == '<')
			xml_tag(&x);
		else if (*x.s == '&')
			xml_reference(&x);
		else
			xml_character(&x);
	}
	if (!x.why[0] && (x.depth || elements != 1))
		xml_wrong(&x, "an element without an end");
	return x.why[0] ? x.why : NULL;
}

/* how often part is in text */
static inline int
count_of(const char *text, const char *part)
{
	int			n = 0;

	for (const char *s = text; (s = strstr(s, part)) != NULL; s += strlen(part))
		n++;
	return n;
}

#endif
