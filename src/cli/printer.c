#include "cli/printer.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/terminal.h"

/* NULL: out of memory, which is noted */
__attribute__((format(printf, 2, 0)))
static char *
text_of(PpdlPrinter *p, const char *fmt, va_list ap)
{
	char	   *text;

	if (vasprintf(&text, fmt, ap) >= 0)
		return text;
	p->bad = 1;
	return NULL;
}

void
ppdl_print(PpdlPrinter *p, const char *fmt,...)
{
	PpdlEscaper e = {0};
	PpdlWriter	w;
	char	   *text;
	va_list		ap;

	va_start(ap, fmt);
	text = text_of(p, fmt, ap);
	va_end(ap);
	if (text == NULL)
		return;
	ppdl_writer_init_secret(&w);
	ppdl_escape(&e, &w, text, strlen(text), "\n");
	p->bad |= w.bad;
	if (!w.bad)
		fwrite(w.buf, 1, w.len, p->f);
	ppdl_writer_free(&w);
	ppdl_free_secret(text, strlen(text));
}

void
ppdl_print_begin(PpdlPrinter *p, int columns, int left)
{
	p->at = 0;
	p->cell = calloc((size_t) columns, sizeof *p->cell);
	if (!ppdl_table_init(&p->table, columns) || p->cell == NULL)
		p->bad = 1;
	for (int i = left; !p->bad && i < columns; i++)
		p->table.right[i] = 1;
}

void
ppdl_print_title(PpdlPrinter *p, const char *name)
{
	if (p->bad)
		return;
	p->bad = !ppdl_table_title(&p->table, p->at, name);
	if (++p->at == p->table.ncolumns)
		p->at = 0;
}

static void
forget_cells(PpdlPrinter *p)
{
	for (; p->cell && p->at > 0; p->at--)
		ppdl_free_secret(p->cell[p->at - 1].s, p->cell[p->at - 1].len);
}

/* the last of a row adds it */
void
ppdl_print_cell(PpdlPrinter *p, const char *fmt,...)
{
	char	   *text;
	va_list		ap;

	if (p->bad)
		return;
	va_start(ap, fmt);
	text = text_of(p, fmt, ap);
	va_end(ap);
	if (text == NULL)
		return;
	p->cell[p->at++] = (PpdlText) {text, strlen(text)};
	if (p->at < p->table.ncolumns)
		return;
	p->bad = !ppdl_table_add(&p->table, p->cell);
	forget_cells(p);
}

void
ppdl_print_end(PpdlPrinter *p)
{
	p->bad = p->bad || !ppdl_table_print_rows(&p->table, p->f);
	forget_cells(p);
	free(p->cell);
	p->cell = NULL;
	ppdl_table_free(&p->table);
}
