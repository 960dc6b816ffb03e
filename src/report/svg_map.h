/*
 * A map of correlations as SVG: a square for each two columns, its colour their sign and its strength their size, with
 * the number in it where there is room.
 */
#ifndef PPDL_REPORT_SVG_MAP_H
#define PPDL_REPORT_SVG_MAP_H

#include "base/error.h"
#include "report/text.h"

enum
{
	PPDL_MAP_MOST = 60			/* columns; more would be no map */
};

typedef struct PpdlMap
{
	const char *id,				/* as PpdlChart's */
			   *title,
			   *description;
	int			n;
	const char *const *name;	/* n */
	const double *value;		/* n * n, -1 .. 1; NaN: none */
} PpdlMap;

/*
 * Appends an <svg> element, well-formed XML.  PPDL_ERR_ARGUMENT: a number beyond -1 .. 1, too many columns;
 * PPDL_ERR_NOMEM.
 */
PpdlStatus	ppdl_svg_map(PpdlWriter *w, const PpdlMap *map, PpdlError *err);

#endif
