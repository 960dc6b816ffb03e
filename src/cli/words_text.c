#include "cli/words_text.h"

#include <string.h>

#define NAME_SIZE 64			/* of a name, for messages; of longer ones the end */
#define BLANKS " \t|:=-"		/* around names */

void
ppdl_words_text_init(PpdlWordsText *t, PpdlWords *words)
{
	memset(t, 0, sizeof *t);
	t->words = words;
	ppdl_writer_init_secret(&t->before);
	ppdl_writer_init_secret(&t->title);
}

void
ppdl_words_text_free(PpdlWordsText *t)
{
	ppdl_writer_free(&t->before);
	ppdl_writer_free(&t->title);
}

/* ------------------------------------------------------------------ names */

static size_t
count_bars(const char *s, size_t len)
{
	size_t		n = 0;

	for (size_t i = 0; i < len; i++)
		n += s[i] == '|';
	return n;
}

/* the text without what is around names, as much of its end as there is room for */
static void
take_name(char name[NAME_SIZE], const char *s, size_t len)
{
	while (len > 0 && strchr(BLANKS, s[len - 1]))
		len--;
	while (len > 0 && strchr(BLANKS, *s))
	{
		s++;
		len--;
	}
	/* no part of a character of UTF-8 */
	while (len > 0 && (len >= NAME_SIZE || (*s & 0xC0) == 0x80))
	{
		s++;
		len--;
	}
	memcpy(name, s, len);
	name[len] = 0;
}

/* between bars */
static void
take_cell(char name[NAME_SIZE], const PpdlWriter *line, size_t cell)
{
	const char *s = (const char *) line->buf,
			   *end = s + line->len;
	const char *bar;

	for (; cell > 0; cell--)
		s = (const char *) memchr(s, '|', (size_t) (end - s)) + 1;
	bar = memchr(s, '|', (size_t) (end - s));
	take_name(name, s, (size_t) ((bar ? bar : end) - s));
}

/* of the ciphertext at s[at] */
static void
find_name(const PpdlWordsText *t, const char *s, size_t at, char name[NAME_SIZE])
{
	const size_t cell = count_bars(s, at);

	name[0] = 0;
	if (t->title.len > 0 && count_bars((const char *) t->title.buf, t->title.len) >= cell)
		take_cell(name, &t->title, cell);
	if (name[0] == 0)
		take_name(name, s, at);
	if (name[0] == 0)
		take_name(name, (const char *) t->before.buf, t->before.len);
}

/* the line below the names of a table */
static int
is_rule(const char *s, size_t len)
{
	size_t		dashes = 0;

	for (size_t i = 0; i < len; i++)
		if (s[i] == '-')
			dashes++;
		else if (s[i] != '+')
			return 0;
	return dashes > 0;
}

/* a line without ciphertexts: names, perhaps, of what follows */
static void
remember(PpdlWordsText *t, const char *s, size_t len)
{
	if (is_rule(s, len))
	{
		/* above the names there may be a rule, too */
		if (t->before.len > 0)
		{
			t->title.len = 0;
			ppdl_write_bytes(&t->title, t->before.buf, t->before.len);
		}
		return;
	}
	if (len == 0)
		t->title.len = 0;
	t->before.len = 0;
	ppdl_write_bytes(&t->before, s, len);
	/* unaligned output has no rule */
	if (t->lines == 1 && memchr(s, '|', len))
		ppdl_write_bytes(&t->title, s, len);
}

/* ------------------------------------------------------------------ values */

typedef struct Line
{
	PpdlWordsText *t;
	int			values;
} Line;

static PpdlStatus
put_words(PpdlWords *words, const PpdlText *field, const PpdlValues *values, PpdlWriter *w, PpdlError *err)
{
	double		rows;

	PPDL_TRY(ppdl_words_rows(words, 0, field, 1, &rows, err));
	return ppdl_words_put(words, 0, values, PPDL_ALL_ROWS, rows, w, err);
}

static PpdlStatus
put(void *arg, const char *s, size_t at, size_t len, PpdlWriter *w, PpdlError *err)
{
	Line	   *line = arg;
	PpdlWords  *words = line->t->words;
	const PpdlText field = {(char *) s + at, len};	/* read only */
	char		name[NAME_SIZE];
	const char *const names[] = {name};
	PpdlRevealed value;
	PpdlStatus	status = PPDL_OK;

	line->values++;
	find_name(line->t, s, at, name);
	PPDL_TRY(ppdl_words_begin(words, 1, names, err));
	PPDL_TRY(ppdl_words_look(words, &field, 1, err));
	PPDL_TRY(ppdl_words_settle(words, err));
	PPDL_TRY(ppdl_reveal(words->reveal, field.s, len, &value, err));
	if (ppdl_words_has(words, 0) && value.number == NULL)
		status = put_words(words, &field, &value.values, w, err);
	else
		ppdl_revealed_put(&value, w);
	ppdl_revealed_free(&value);
	return status;
}

PpdlStatus
ppdl_words_line(PpdlWordsText *t, const char *s, size_t len, PpdlWriter *w, PpdlError *err)
{
	Line		line = {.t = t};

	t->lines++;
	PPDL_TRY(ppdl_reveal_each(s, len, put, &line, w, err));
	if (line.values == 0)
		remember(t, s, len);
	return t->before.bad || t->title.bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}
