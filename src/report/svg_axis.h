/*
 * From numbers to places along an axis: private to svg*.c.
 */
#ifndef PPDL_REPORT_SVG_AXIS_H
#define PPDL_REPORT_SVG_AXIS_H

#include "report/svg.h"

enum
{
	PPDL_SCALE_TICKS = 12
};

typedef struct PpdlScale
{
	double		lo,				/* numbers at the ends; lo < hi, both positive where logarithmic */
				hi,
				from,			/* places of the ends */
				to;
	int			is_log,
				nticks;
	double		tick[PPDL_SCALE_TICKS];	/* numbers to mark */
} PpdlScale;

/* for numbers from lo to hi (lo > hi: there are none), at most about so many ticks; places are set by the caller */
PpdlScale	ppdl_scale(const PpdlAxis *axis, double lo, double hi, int ticks);
/* what lies outside is put at the end */
double		ppdl_scale_place(const PpdlScale *s, double v);

#endif
