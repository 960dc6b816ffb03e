/*
 * Processor time of a run, and the memory of the server process that works for it, where that is on this machine.
 * NaN: unknown.
 */
#ifndef PPDL_CLI_STUDY_CLOCK_H
#define PPDL_CLI_STUDY_CLOCK_H

#include "cli/database.h"

double		ppdl_cpu_seconds(void); /* of this process, all its threads */

/* process of the connection's server when it runs here, else 0 */
int			ppdl_backend_here(const PpdlDb *db);
double		ppdl_backend_cpu_seconds(int pid);
double		ppdl_backend_peak_bytes(int pid);	/* resident, mapped keys included */

#endif
