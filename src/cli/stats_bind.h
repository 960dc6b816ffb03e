/* Bound columns in the query of `ppdl stats --verify`. */
#ifndef PPDL_CLI_STATS_BIND_H
#define PPDL_CLI_STATS_BIND_H

#include "cli/database.h"
#include "query/stats_answer.h"

/*
 * Finds the table's columns of these names for q->bound: the same name, or else the same but for case.  PPDL_ERR_IO for
 * one that is not there.
 */
PpdlStatus	ppdl_stats_bind(PpdlDb *db, PpdlStatsQuery *q, const PpdlList *names, PpdlError *err);
void		ppdl_stats_bind_free(PpdlStatsQuery *q);

#endif
