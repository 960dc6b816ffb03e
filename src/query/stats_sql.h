/* The statement that asks a server for sums and products of encrypted rows. */
#ifndef PPDL_QUERY_STATS_SQL_H
#define PPDL_QUERY_STATS_SQL_H

#include "query/stats_answer.h"

/*
 * Appends, with a zero: SELECT the columns of group_by, count(*), sum(features) [, count(label), sum(label)]
 * [, lwe_gram(features [, label])] [, lwe_receipt(features, bound columns) [, lwe_receipt(label, bound columns)]], a
 * row a group.  schema: of the extension, as SQL writes it.
 */
PpdlStatus	ppdl_stats_sql(PpdlWriter *w, const PpdlStatsQuery *q, const char *schema, PpdlError *err);

/*
 * Appends, with a zero, what asks for the rows in which values that the query names in `known` are 0, in the same
 * groups: SELECT the columns of group_by, count(*), sum_where(features, 'x[i] = 0') for each of the values.
 */
PpdlStatus	ppdl_stats_known_sql(PpdlWriter *w, const PpdlStatsQuery *q, const PpdlStatsColumns *c, const char *schema,
								 PpdlError *err);

#endif
