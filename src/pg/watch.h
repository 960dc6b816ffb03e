/* How long work has taken, and when those who wait for it are to be told: after five seconds, then once a second. */
#ifndef PPDL_PG_WATCH_H
#define PPDL_PG_WATCH_H

#include "pg/ppdl.h"

#include "portability/instr_time.h"

typedef struct PpdlWatch
{
	instr_time	start;
	double		told;			/* seconds after the start */
} PpdlWatch;

extern void ppdl_watch_start(PpdlWatch *w);
/* the seconds that are left when `done` of `total` are done and it is time to say so, else -1 */
extern double ppdl_watch_left(PpdlWatch *w, uint64 done, uint64 total);

#endif
