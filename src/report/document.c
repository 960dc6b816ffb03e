#include "report/document.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/html.h"

/* ------------------------------------------------------------------ text */

/* Markdown: a line without anything that has a meaning there, or in the HTML that Markdown may hold */
static void
put_markdown(PpdlWriter *w, const char *s)
{
	for (; *s; s++)
	{
		if (*s == '<' || *s == '>' || *s == '&')
			ppdl_write_format(w, "&#%d;", *s);
		else if (strchr("\\`*_[]|#~$", *s))
			ppdl_write_format(w, "\\%c", *s);
		else
			ppdl_write_u8(w, (uint8_t) *s < ' ' || *s == 127 ? ' ' : (uint8_t) *s);
	}
}

static void
put(PpdlDocument *d, const char *s)
{
	if (d->markup == PPDL_HTML)
		ppdl_html_text(d->w, s);
	else
		put_markdown(d->w, s);
}

static void
put_markup(PpdlDocument *d, const char *html, const char *markdown)
{
	ppdl_write_text(d->w, d->markup == PPDL_HTML ? html : markdown);
}

static void __attribute__((format(printf, 2, 0)))
put_formatted(PpdlDocument *d, const char *fmt, va_list ap)
{
	char	   *text;

	if (vasprintf(&text, fmt, ap) < 0)
	{
		d->w->bad = 1;
		return;
	}
	put(d, text);
	free(text);
}

void
ppdl_document_begin(PpdlDocument *d, const char *title)
{
	if (d->markup == PPDL_HTML)
		ppdl_html_begin(d->w, title);
	put_markup(d, "<h1>", "# ");
	put(d, title);
	put_markup(d, "</h1>\n", "\n\n");
}

void
ppdl_document_end(PpdlDocument *d)
{
	if (d->markup == PPDL_HTML)
		ppdl_html_end(d->w);
}

void
ppdl_document_heading(PpdlDocument *d, int level, const char *text)
{
	put_markup(d, level == 2 ? "<h2>" : "<h3>", level == 2 ? "## " : "### ");
	put(d, text);
	put_markup(d, level == 2 ? "</h2>\n" : "</h3>\n", "\n\n");
}

void
ppdl_document_paragraph(PpdlDocument *d, const char *fmt,...)
{
	va_list		ap;

	put_markup(d, "<p>", "");
	va_start(ap, fmt);
	put_formatted(d, fmt, ap);
	va_end(ap);
	put_markup(d, "</p>\n", "\n\n");
}

void
ppdl_document_code(PpdlDocument *d, const char *text)
{
	/* an indented block, in which nothing is escaped; lines begin in it, too */
	put_markup(d, "<pre><code>", "    ");
	for (const char *s = text; d->markup == PPDL_MARKDOWN && *s; s++)
		ppdl_write_text(d->w, *s == '\n' ? "\n    " : (char[]) {*s, 0});
	if (d->markup == PPDL_HTML)
		put(d, text);
	put_markup(d, "</code></pre>\n", "\n\n");
}

void
ppdl_document_list_begin(PpdlDocument *d)
{
	put_markup(d, "<ul>\n", "");
}

void
ppdl_document_item(PpdlDocument *d, const char *fmt,...)
{
	va_list		ap;

	put_markup(d, "<li>", "- ");
	va_start(ap, fmt);
	put_formatted(d, fmt, ap);
	va_end(ap);
	put_markup(d, "</li>\n", "\n");
}

void
ppdl_document_list_end(PpdlDocument *d)
{
	put_markup(d, "</ul>\n", "\n");
}

void
ppdl_document_charts_begin(PpdlDocument *d)
{
	put_markup(d, "<div class=\"charts\">\n", "");
}

/* where a figure goes: into the page, or nowhere; then its end */
static PpdlWriter *
begin_figure(PpdlDocument *d, PpdlWriter *unseen, const char *html)
{
	ppdl_writer_init(unseen);
	put_markup(d, html, "");
	return d->markup == PPDL_HTML ? d->w : unseen;
}

static PpdlStatus
end_figure(PpdlDocument *d, PpdlWriter *unseen, PpdlStatus status)
{
	ppdl_writer_free(unseen);
	if (status == PPDL_OK)
		put_markup(d, "</figure>\n", "");
	return status;
}

PpdlStatus
ppdl_document_chart(PpdlDocument *d, const PpdlChart *chart, PpdlError *err)
{
	PpdlWriter	unseen,
			   *w = begin_figure(d, &unseen, "<figure>\n");

	return end_figure(d, &unseen, ppdl_svg_chart(w, chart, err));
}

PpdlStatus
ppdl_document_map(PpdlDocument *d, const PpdlMap *map, PpdlError *err)
{
	PpdlWriter	unseen,
			   *w = begin_figure(d, &unseen, "<figure class=\"wide\">\n");

	return end_figure(d, &unseen, ppdl_svg_map(w, map, err));
}

void
ppdl_document_charts_end(PpdlDocument *d)
{
	put_markup(d, "</div>\n", "");
}

/* ------------------------------------------------------------------ tables */

void
ppdl_grid_begin(PpdlGrid *g, const char *caption, const PpdlColumn *kind, int columns)
{
	*g = (PpdlGrid) {.caption = caption,.kind = kind,.columns = columns};
	ppdl_writer_init(&g->text);
	ppdl_writer_init(&g->at);
}

void
ppdl_grid_cell(PpdlGrid *g, const char *fmt,...)
{
	va_list		ap;
	char	   *text;

	ppdl_write_u64(&g->at, g->text.len);
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) < 0)
		g->text.bad = 1;
	else
	{
		ppdl_write_bytes(&g->text, text, strlen(text) + 1);
		free(text);
	}
	va_end(ap);
}

static const char *
cell(const PpdlGrid *g, long row, int column)
{
	PpdlReader	r = ppdl_reader(g->at.buf + ((size_t) row * g->columns + column) * 8, 8);

	return (const char *) g->text.buf + ppdl_read_u64(&r);
}

static int
is_empty_column(const PpdlGrid *g, long rows, int column)
{
	for (long i = 1; i < rows; i++)
		if (*cell(g, i, column))
			return 0;
	return 1;
}

static void
put_cell(PpdlDocument *d, const PpdlGrid *g, long row, int column)
{
	static const char *const open[2][3] = {
		{"<th scope=\"row\" class=\"left\"><span>", "<td>", "<td class=\"long\">"},
		{"<th scope=\"col\" class=\"left\"><span>", "<th scope=\"col\"><span>",
		"<th scope=\"col\" class=\"left\"><span>"}
	};
	PpdlColumn	kind = g->kind[column];

	put_markup(d, open[row == 0][kind], " ");
	put(d, cell(g, row, column));
	put_markup(d, row == 0 || kind == PPDL_COLUMN_NAME ? "</span></th>" : "</td>", " |");
}

static void
put_row(PpdlDocument *d, const PpdlGrid *g, const char *is_empty, long row)
{
	put_markup(d, "<tr>", "|");
	for (int i = 0; i < g->columns; i++)
		if (!is_empty[i])
			put_cell(d, g, row, i);
	put_markup(d, "</tr>\n", "\n");
}

/* the caption is outside what scrolls */
static void
begin_table(PpdlDocument *d, const PpdlGrid *g)
{
	put_markup(d, "<p class=\"caption\">", "");
	put(d, g->caption);
	put_markup(d, "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", "\n\n");
	if (d->markup == PPDL_HTML)
		put(d, g->caption);
	put_markup(d, "\"><table>\n<thead>\n", "");
}

static void
put_table(PpdlDocument *d, const PpdlGrid *g, long rows)
{
	char	   *is_empty = calloc((size_t) g->columns, 1);

	if (is_empty == NULL)
	{
		d->w->bad = 1;
		return;
	}
	for (int i = 0; i < g->columns; i++)
		is_empty[i] = (char) is_empty_column(g, rows, i);
	begin_table(d, g);
	put_row(d, g, is_empty, 0);
	put_markup(d, "</thead>\n<tbody>\n", "|");
	for (int i = 0; d->markup == PPDL_MARKDOWN && i < g->columns; i++)
		if (!is_empty[i])
			ppdl_write_text(d->w, g->kind[i] == PPDL_COLUMN_NUMBER ? "---:|" : ":---|");
	put_markup(d, "", "\n");
	for (long i = 1; i < rows; i++)
		put_row(d, g, is_empty, i);
	put_markup(d, "</tbody>\n</table></div>\n", "\n");
	free(is_empty);
}

void
ppdl_document_grid(PpdlDocument *d, PpdlGrid *g)
{
	long		cells = (long) (g->at.len / 8);

	if (g->at.bad || g->text.bad)
		d->w->bad = 1;
	else
	{
		PPDL_ASSERT(cells % g->columns == 0);
		if (cells / g->columns > 1)
			put_table(d, g, cells / g->columns);
	}
	ppdl_writer_free(&g->text);
	ppdl_writer_free(&g->at);
}
