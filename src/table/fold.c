#include "table/fold.h"

#include <stddef.h>
#include <string.h>

const char *const ppdl_na_words[10] = {"NA", "N/A", "#N/A", "#NV", "NaN", "NULL", "k. A.", "k.A.", "?", NULL};
const char *const ppdl_na_number_words[] = {"-", "--", "\xE2\x80\x93", ".", NULL};

static const char *const positive[] = {
	"1", "+1", "+", "yes", "y", "true", "t", "positive", "pos", "case", "cases", "ill", "sick", "disease", "diseased",
	"affected", "malignant", "present", "event", "dead", "died", "deceased", "abnormal", "ja", "j", "wahr", "positiv",
	"fall", "krank", "erkrankt", "betroffen", "b\xC3\xB6sartig", "maligne", "tot", "verstorben", "vorhanden", "oui",
	"vrai", "positif", "malade", "cas", "s\xC3\xAD", "si", "s\xC3\xAC", "positivo", "caso", "tak", NULL
};
static const char *const negative[] = {
	"0", "-1", "-", "no", "n", "false", "f", "negative", "neg", "control", "controls", "healthy", "unaffected",
	"benign", "absent", "no event", "alive", "normal", "none", "nein", "falsch", "negativ", "kontrolle", "gesund",
	"gutartig", "benigne", "lebend", "lebt", "nicht vorhanden", "non", "faux", "n\xC3\xA9gatif", "sain",
	"t\xC3\xA9moin", "negativo", "sano", "nie", NULL
};
/* before the other class: "notckd", "no disease", "kein Bruch" */
static const char *const negation[] = {"not", "no", "non", "kein", "keine", "nicht", "un", NULL};

/* the next character of a folded text, 0 at its end: a byte of UTF-8 */
typedef struct Folded
{
	const unsigned char *p;
	unsigned char before;		/* as it was; 0 to begin with */
} Folded;

static int
blank_length(const unsigned char *p)
{
	if (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n')
		return 1;
	return p[0] == 0xC2 && p[1] == 0xA0 ? 2 : 0;
}

static unsigned char
next(Folded *f)
{
	int			blanks = 0;
	unsigned char before = f->before,
				c;

	for (int n; (n = blank_length(f->p)) > 0; f->p += n)
		blanks = 1;
	if (*f->p == 0)
		return 0;
	if (blanks && before)
	{
		f->before = ' ';		/* where p stands comes next */
		return ' ';
	}
	f->before = c = *f->p++;
	if (c >= 'A' && c <= 'Z')
		return (unsigned char) (c + 32);
	/* behind C3: the capitals of Latin-1, but for the multiplication sign */
	if (c >= 0x80 && c <= 0x9E && c != 0x97 && before == 0xC3)
		return (unsigned char) (c + 32);
	return c;
}

int
ppdl_fold_compare(const char *a, const char *b)
{
	Folded		x = {(const unsigned char *) a, 0},
				y = {(const unsigned char *) b, 0};

	for (;;)
	{
		int			c = next(&x),
					d = next(&y);

		if (c != d || c == 0)
			return c - d;
	}
}

int
ppdl_blank(const char *s)
{
	return ppdl_fold_compare(s, "") == 0;
}

int
ppdl_word_listed(char *const *list, const char *s)
{
	for (; list && *list; list++)
		if (ppdl_fold_compare(*list, s) == 0)
			return 1;
	return 0;
}

/* word, then blanks, hyphens or underscores, then the other class */
static int
negates(const char *s, const char *other)
{
	char		word[16];

	for (size_t i = 0; negation[i]; i++)
	{
		size_t		n = strlen(negation[i]);

		if (strlen(s) <= n || n >= sizeof word)
			continue;
		memcpy(word, s, n);
		word[n] = 0;
		if (ppdl_fold_compare(word, negation[i]) == 0 &&
			ppdl_fold_compare(s + n + strspn(s + n, " -_"), other) == 0)
			return 1;
	}
	return 0;
}

static int
sign_of(const char *s, const char *other)
{
	if (ppdl_word_listed((char *const *) negative, s) || negates(s, other))
		return -1;
	return ppdl_word_listed((char *const *) positive, s);
}

int
ppdl_positive_word(const char *a, const char *b)
{
	int			x = sign_of(a, b),
				y = sign_of(b, a);

	return x == y ? 0 : x < y ? 1 : -1;
}
