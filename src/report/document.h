/*
 * Headings, paragraphs, tables and charts, as an HTML page or as Markdown (without the charts), from one and the same
 * description.
 */
#ifndef PPDL_REPORT_DOCUMENT_H
#define PPDL_REPORT_DOCUMENT_H

#include "report/svg.h"
#include "report/svg_map.h"

typedef enum PpdlMarkup
{
	PPDL_HTML,
	PPDL_MARKDOWN
} PpdlMarkup;

typedef struct PpdlDocument
{
	PpdlWriter *w;				/* where it is appended; w->bad when out of memory */
	PpdlMarkup	markup;
} PpdlDocument;

/* the page's own title is its first heading */
void		ppdl_document_begin(PpdlDocument *d, const char *title);
void		ppdl_document_end(PpdlDocument *d);
void		ppdl_document_heading(PpdlDocument *d, int level, const char *text);	/* level 2 or 3 */
/* Texts are plain: all that means something in the markup is escaped. */
void		ppdl_document_paragraph(PpdlDocument *d, const char *fmt,...) __attribute__((format(printf, 2, 3)));
void		ppdl_document_code(PpdlDocument *d, const char *text);
/* between these, items */
void		ppdl_document_list_begin(PpdlDocument *d);
void		ppdl_document_item(PpdlDocument *d, const char *fmt,...) __attribute__((format(printf, 2, 3)));
void		ppdl_document_list_end(PpdlDocument *d);
/* between these, charts and maps; PPDL_ERR_ARGUMENT as ppdl_svg_chart, also for Markdown, which shows none */
void		ppdl_document_charts_begin(PpdlDocument *d);
PpdlStatus	ppdl_document_chart(PpdlDocument *d, const PpdlChart *chart, PpdlError *err);
PpdlStatus	ppdl_document_map(PpdlDocument *d, const PpdlMap *map, PpdlError *err);
void		ppdl_document_charts_end(PpdlDocument *d);

/* ------------------------------------------------------------------ tables */

typedef enum PpdlColumn
{
	PPDL_COLUMN_NAME,			/* of the row */
	PPDL_COLUMN_NUMBER,
	PPDL_COLUMN_TEXT			/* may be long */
} PpdlColumn;

/* cells, row by row.  Columns that are empty from top to bottom are not shown. */
typedef struct PpdlGrid
{
	const char *caption;
	const PpdlColumn *kind;		/* of each column */
	int			columns;
	PpdlWriter	text,			/* cells, each with a NUL */
				at;				/* where each begins, 8 bytes */
} PpdlGrid;

/* the first row is the head */
void		ppdl_grid_begin(PpdlGrid *g, const char *caption, const PpdlColumn *kind, int columns);
void		ppdl_grid_cell(PpdlGrid *g, const char *fmt,...) __attribute__((format(printf, 2, 3)));
/* appends the table, if it has rows below its head, and empties the grid */
void		ppdl_document_grid(PpdlDocument *d, PpdlGrid *g);

#endif
