/*
 * What charts and maps have in common: private to svg*.c.
 */
#ifndef PPDL_REPORT_SVG_PARTS_H
#define PPDL_REPORT_SVG_PARTS_H

#include "report/text.h"

#define PPDL_SVG_CHARACTER 6.1	/* mean width of one at the size of labels */
#define PPDL_SVG_TOP 32.0		/* below the title */

typedef struct PpdlSvgHead
{
	const char *id,
			   *title,
			   *description,	/* or NULL */
			   *note;			/* behind it */
	double		width,
				height,
				max_width;		/* to be shown at, px; 0: any */
} PpdlSvgHead;

/* opens the element, says what it is, and puts the title above */
void		ppdl_svg_begin(PpdlWriter *w, const PpdlSvgHead *head);
/* anchor: start, middle, end; at most `most` characters */
void		ppdl_svg_label(PpdlWriter *w, double x, double y, const char *anchor, const char *text, long most);

#endif
