/* How long work has taken, and when those who wait for it are to be told: not at once, then once a second. */
#ifndef PPDL_PG_WATCH_H
#define PPDL_PG_WATCH_H

#include "pg/ppdl.h"

#include "portability/instr_time.h"

/* seconds before progress is told: of training, which takes long, and of queries */
#define PPDL_WATCH_TRAINING 1.0
#define PPDL_WATCH_QUERY 5.0

typedef struct PpdlWatch
{
	instr_time	start;
	double		told;			/* seconds after the start; at first, a second before it is first due */
} PpdlWatch;

extern void ppdl_watch_start(PpdlWatch *w, double first);
/* seconds since the start */
extern double ppdl_watch_elapsed(const PpdlWatch *w);
/* is it time to tell?  If so, not again for a second */
extern bool ppdl_watch_due(PpdlWatch *w);
/* the seconds that are left when `done` of `total` are done and it is time to say so, else -1 */
extern double ppdl_watch_left(PpdlWatch *w, uint64 done, uint64 total);
/* tells, when it is time to, that an aggregate has packed so many of the rows that waited; raises when canceled */
extern void ppdl_watch_tell_rows(PpdlWatch *w, const char *aggregate, uint64 done, uint64 rows);

#endif
