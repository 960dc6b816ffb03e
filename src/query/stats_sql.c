#include "query/stats_sql.h"

#include <stdio.h>
#include <string.h>

#include "query/sqltext.h"

/* FUNCTION(COLUMN, COLUMN) of the extension; the second may be NULL */
static void
put_aggregate(PpdlWriter *w, const char *schema, const char *function, const char *a, const char *b)
{
	ppdl_write_text(w, ", ");
	ppdl_write_text(w, schema);
	ppdl_write_text(w, ".");
	ppdl_write_text(w, function);
	ppdl_write_text(w, "(");
	ppdl_sql_put_name(w, a);
	if (b)
	{
		ppdl_write_text(w, ", ");
		ppdl_sql_put_name(w, b);
	}
	ppdl_write_text(w, ")");
}

/* FROM table WHERE column IS NOT NULL [AND label IS NOT NULL] [AND (what the user wants)] */
static void
put_source(PpdlWriter *w, const PpdlStatsQuery *q)
{
	ppdl_write_text(w, " FROM ");
	ppdl_write_text(w, q->sql_table);
	ppdl_write_text(w, " WHERE ");
	ppdl_sql_put_name(w, q->features);
	ppdl_write_text(w, " IS NOT NULL");
	if (q->with_label)
	{
		ppdl_write_text(w, " AND ");
		ppdl_sql_put_name(w, q->label);
		ppdl_write_text(w, " IS NOT NULL");
	}
	if (q->where)
	{
		ppdl_write_text(w, " AND (");
		ppdl_write_text(w, q->where);
		ppdl_write_text(w, strstr(q->where, "--") ? "\n)" : ")");	/* a comment ends with its line */
	}
}

static void
put_order(PpdlWriter *w, int groups)
{
	char		number[16];

	for (int i = 1; i <= groups; i++)
	{
		snprintf(number, sizeof number, "%s%d", i > 1 ? ", " : "", i);
		ppdl_write_text(w, number);
	}
}

/* ", lwe_receipt(column, bound columns)" */
static void
put_receipt(PpdlWriter *w, const PpdlStatsQuery *q, const char *schema, const char *column)
{
	ppdl_write_text(w, ", ");
	ppdl_write_text(w, schema);
	ppdl_write_text(w, ".lwe_receipt(");
	ppdl_sql_put_name(w, column);
	for (int i = 0; i < q->nbound; i++)
	{
		ppdl_write_text(w, ", ");
		ppdl_sql_put_name(w, q->bound[i]);
		ppdl_write_text(w, "::pg_catalog.text");
	}
	ppdl_write_text(w, ")");
}

static void
put_head(PpdlWriter *w, const PpdlStatsQuery *q)
{
	ppdl_write_text(w, "SELECT ");
	for (int i = 0; i < q->group_by->count; i++)
	{
		ppdl_sql_put_name(w, q->group_by->item[i]);
		ppdl_write_text(w, ", ");
	}
	ppdl_write_text(w, "count(*)");
}

static PpdlStatus
put_tail(PpdlWriter *w, const PpdlStatsQuery *q, PpdlError *err)
{
	const int	groups = q->group_by->count;

	put_source(w, q);
	if (groups > 0)
	{
		ppdl_write_text(w, " GROUP BY ");
		put_order(w, groups);
		ppdl_write_text(w, " ORDER BY ");
		put_order(w, groups);
	}
	ppdl_write_u8(w, 0);
	return w->bad ? ppdl_error(err, PPDL_ERR_NOMEM, "out of memory") : PPDL_OK;
}

PpdlStatus
ppdl_stats_sql(PpdlWriter *w, const PpdlStatsQuery *q, const char *schema, PpdlError *err)
{
	put_head(w, q);
	put_aggregate(w, schema, "sum", q->features, NULL);
	if (q->label)
	{
		ppdl_write_text(w, ", count(");
		ppdl_sql_put_name(w, q->label);
		ppdl_write_text(w, ")");
		put_aggregate(w, schema, "sum", q->label, NULL);
	}
	if (q->gram)
		put_aggregate(w, schema, "lwe_gram", q->features, q->with_label ? q->label : NULL);
	if (q->receipts)
		put_receipt(w, q, schema, q->features);
	if (q->receipts && q->label)
		put_receipt(w, q, schema, q->label);
	return put_tail(w, q, err);
}

PpdlStatus
ppdl_stats_known_sql(PpdlWriter *w, const PpdlStatsQuery *q, const PpdlStatsColumns *c, const char *schema,
					 PpdlError *err)
{
	char		condition[40];

	put_head(w, q);
	for (int i = 0; i < q->knowns; i++)
	{
		if (q->known[i] < 0)
			continue;
		ppdl_write_text(w, ", ");
		ppdl_write_text(w, schema);
		ppdl_write_text(w, ".sum_where(");
		ppdl_sql_put_name(w, q->features);
		snprintf(condition, sizeof condition, ", 'x[%d] = 0')", c->value[q->known[i]] + 1);
		ppdl_write_text(w, condition);
	}
	return put_tail(w, q, err);
}
