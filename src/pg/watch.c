#include "pg/watch.h"

void
ppdl_watch_start(PpdlWatch *w, double first)
{
	w->told = first - 1;
	INSTR_TIME_SET_CURRENT(w->start);
}

double
ppdl_watch_elapsed(const PpdlWatch *w)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, w->start);
	return INSTR_TIME_GET_DOUBLE(now);
}

bool
ppdl_watch_due(PpdlWatch *w)
{
	const double t = ppdl_watch_elapsed(w);

	if (t < w->told + 1)
		return false;
	w->told = t;
	return true;
}

double
ppdl_watch_left(PpdlWatch *w, uint64 done, uint64 total)
{
	if (done == 0 || done >= total || !ppdl_watch_due(w))
		return -1;
	return w->told / (double) done * (double) (total - done);
}

void
ppdl_watch_tell_rows(PpdlWatch *w, const char *aggregate, uint64 done, uint64 rows)
{
	const double left = ppdl_watch_left(w, done, rows);

	if (left >= 0)
		ereport(NOTICE,
				(errcode(PPDL_ERRCODE_PROGRESS),
				 errmsg("%s: %llu of %llu rows of incomplete batches, %.0f s left", aggregate,
						(unsigned long long) done, (unsigned long long) rows, left)));
}
