/*
 * Text and numbers for people, appended to a PpdlWriter (base/bytes.h): w->bad when out of memory.
 */
#ifndef PPDL_REPORT_TEXT_H
#define PPDL_REPORT_TEXT_H

#include "base/bytes.h"

/* how a number is shown */
typedef enum PpdlQuantity
{
	PPDL_QUANTITY_NUMBER,		/* three significant digits: 0.957 */
	PPDL_QUANTITY_PERCENT,		/* a share: 0.912 is 91.2 % */
	PPDL_QUANTITY_COUNT,		/* 2,000; means have one decimal */
	PPDL_QUANTITY_SECONDS,		/* 35.0 ms, 1.61 s, 12.4 min */
	PPDL_QUANTITY_BYTES,		/* 165 B, 12.9 kB, 1.03 GB: powers of 1000 */
	PPDL_QUANTITY_ERROR			/* 0, or a power of two: 2^-20.9 */
} PpdlQuantity;

enum
{
	PPDL_SHOWN = 64				/* bytes that are enough for any number below */
};

void		ppdl_write_format(PpdlWriter *w, const char *fmt,...) __attribute__((format(printf, 2, 3)));

/* "" for NaN.  U+2212 is the minus sign. */
void		ppdl_show(char out[PPDL_SHOWN], PpdlQuantity q, double v);
/* mean ± spread in one unit; without the spread where that is NaN */
void		ppdl_show_mean(char out[PPDL_SHOWN], PpdlQuantity q, double mean, double spread);
/*
 * Five significant digits, fewer where the error says less: the last is the error's first.  All digits of whole
 * numbers; error 0: none.
 */
void		ppdl_show_measured(char out[PPDL_SHOWN], double v, double error);
/* a difference of shares in points (hundredths), signed: +0.3 */
void		ppdl_show_points(char out[PPDL_SHOWN], double mean, double spread);
/* the name of a mark on an axis, as short as can be: 100 kB, 0.5, 80 % */
void		ppdl_show_tick(char out[PPDL_SHOWN], PpdlQuantity q, double v);
/* as few digits as give back the same number; "" for NaN */
void		ppdl_show_exact(char out[PPDL_SHOWN], double v);

#endif
