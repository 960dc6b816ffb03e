#include "pg/watch.h"

#define FIRST 5.0				/* seconds before progress is told */

void
ppdl_watch_start(PpdlWatch *w)
{
	w->told = 0;
	INSTR_TIME_SET_CURRENT(w->start);
}

double
ppdl_watch_left(PpdlWatch *w, uint64 done, uint64 total)
{
	instr_time	now;
	double		t;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, w->start);
	t = INSTR_TIME_GET_DOUBLE(now);
	if (t < FIRST || t < w->told + 1 || done == 0 || done >= total)
		return -1;
	w->told = t;
	return t / (double) done * (double) (total - done);
}
