#include "cli/table.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"

/* a copy in which no character moves the cursor, but for line breaks; NULL: out of memory */
static char *
lines_of(const char *s)
{
	PpdlEscaper e = {0};
	PpdlWriter	w;

	ppdl_writer_init_secret(&w);
	ppdl_escape(&e, &w, s, strlen(s), "\n");
	ppdl_write_u8(&w, 0);
	if (w.bad)
		ppdl_writer_free(&w);
	return (char *) w.buf;
}

static void
free_text(char *s)
{
	if (s == NULL)
		return;
	OPENSSL_cleanse(s, strlen(s));
	free(s);
}

int
ppdl_table_init(PpdlTable *t, int ncolumns)
{
	memset(t, 0, sizeof *t);
	t->ncolumns = ncolumns;
	t->name = calloc((size_t) ncolumns + 1, sizeof *t->name);
	t->right = calloc((size_t) ncolumns + 1, 1);
	return t->name != NULL && t->right != NULL;
}

int
ppdl_table_title(PpdlTable *t, int column, const char *name)
{
	t->name[column] = lines_of(name);
	return t->name[column] != NULL;
}

void
ppdl_table_free(PpdlTable *t)
{
	for (size_t i = 0; i < t->rows * (size_t) t->ncolumns; i++)
		free_text(t->cell[i]);
	for (int i = 0; t->name && i < t->ncolumns; i++)
		free_text(t->name[i]);
	free(t->name);
	free(t->cell);
	free(t->right);
	memset(t, 0, sizeof *t);
}

int
ppdl_table_add(PpdlTable *t, const PpdlText *fields)
{
	size_t		n = (size_t) t->ncolumns;
	char	  **row;

	if (t->rows == t->cap)
	{
		size_t		cap = t->cap ? 2 * t->cap : 64;
		char	  **p = realloc(t->cell, cap * (n + 1) * sizeof *p);

		if (p == NULL)
			return 0;
		t->cell = p;
		t->cap = cap;
	}
	row = t->cell + t->rows * n;
	memset(row, 0, n * sizeof *row);
	t->rows++;
	for (size_t i = 0; i < n; i++)
		if (fields[i].s && (row[i] = lines_of(fields[i].s)) == NULL)
			return 0;
	return 1;
}

/* code points: enough for what databases hold, and independent of the locale */
static int
line_width(const char *s, size_t len)
{
	int			n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char) s[i] & 0xC0) != 0x80;
	return n;
}

int
ppdl_display_width(const char *s)
{
	int			widest = 0;

	for (;;)
	{
		const size_t len = strcspn(s, "\n");
		const int	width = line_width(s, len);

		widest = width > widest ? width : widest;
		if (s[len] == 0)
			return widest;
		s += len + 1;
	}
}

static void
spaces(int n, FILE *f)
{
	for (; n > 0; n--)
		fputc(' ', f);
}

/* the next line of each cell, of which rest is what is left; is anything left behind it? */
static int
print_line(const PpdlTable *t, const char **rest, const int *width, int centred, FILE *f)
{
	int			more = 0;

	for (int i = 0; i < t->ncolumns; i++)
	{
		const size_t len = strcspn(rest[i], "\n");
		const int	goes_on = rest[i][len] != 0,
					room = width[i] - line_width(rest[i], len),
					left = centred ? room / 2 : t->right[i] ? room : 0;

		fputs(i ? "| " : " ", f);
		spaces(left, f);
		fwrite(rest[i], 1, len, f);
		if (goes_on || i + 1 < t->ncolumns)
		{
			spaces(room - left, f);
			fputc(goes_on ? '+' : ' ', f);
		}
		rest[i] += len + (size_t) goes_on;
		more |= goes_on;
	}
	fputc('\n', f);
	return more;
}

static void
print_row(const PpdlTable *t, char **cell, const char **rest, const int *width, int centred, FILE *f)
{
	for (int i = 0; i < t->ncolumns; i++)
		rest[i] = cell[i] ? cell[i] : "";
	while (print_line(t, rest, width, centred, f))
		;
}

int
ppdl_table_print_rows(const PpdlTable *t, FILE *f)
{
	int		   *width = calloc((size_t) t->ncolumns + 1, sizeof *width);
	const char **rest = calloc((size_t) t->ncolumns + 1, sizeof *rest);

	if (width == NULL || rest == NULL)
	{
		free(width);
		free(rest);
		return 0;
	}
	for (int i = 0; i < t->ncolumns; i++)
	{
		width[i] = ppdl_display_width(t->name[i]);
		for (size_t r = 0; r < t->rows; r++)
		{
			const char *s = t->cell[r * (size_t) t->ncolumns + (size_t) i];
			int			w = s ? ppdl_display_width(s) : 0;

			width[i] = w > width[i] ? w : width[i];
		}
	}
	print_row(t, t->name, rest, width, 1, f);
	for (int i = 0; i < t->ncolumns; i++)
	{
		if (i)
			fputc('+', f);
		for (int k = 0; k < width[i] + 2; k++)
			fputc('-', f);
	}
	fputc('\n', f);
	for (size_t r = 0; r < t->rows; r++)
		print_row(t, t->cell + r * (size_t) t->ncolumns, rest, width, 0, f);
	free(width);
	free(rest);
	return 1;
}

void
ppdl_table_print(const PpdlTable *t, FILE *f)
{
	if (ppdl_table_print_rows(t, f))
		fprintf(f, "(%zu row%s)\n\n", t->rows, t->rows == 1 ? "" : "s");
}
