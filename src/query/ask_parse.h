/*
 * What stands in braces behind WHERE, in the words of a feature file, as a condition on the values of a row.
 *
 *	condition := conjunction (OR conjunction)*			conjunction := factor (AND factor)*
 *	factor := NOT factor | "(" condition ")" | comparison
 *	comparison := column operator literal | literal operator column | column [NOT] BETWEEN literal AND literal
 *		| column [NOT] IN "(" literal, ... ")" | column IS [NOT] NULL
 */
#ifndef PPDL_QUERY_ASK_PARSE_H
#define PPDL_QUERY_ASK_PARSE_H

#include "query/ask_text.h"
#include "table/features.h"

/* which call of sum_where a question becomes */
typedef enum PpdlAskForm
{
	PPDL_ASK_FEATURES,			/* sum_where(features, ...) */
	PPDL_ASK_ON_LABEL,			/* sum_where(features, ..., label), with the label's values before the others */
	PPDL_ASK_OF_LABEL			/* sum_where(label, ..., features), with the label's values behind the others */
} PpdlAskForm;

/*
 * t: at the first token behind WHERE, and afterwards at the first that does not belong to the condition.  The condition
 * for sum_where goes into w, which is empty, and to notes (NULL: none) a line for each comparison that cannot tell all
 * rows apart is appended.
 * summed: what sums are of, NULL: nothing.
 * PPDL_ERR_ARGUMENT, with the place in the detail, for syntax, columns and categories that fs does not have, and for
 * conditions that all rows meet, or none.
 */
PpdlStatus	ppdl_ask_parse(PpdlAskText *t, const PpdlFeatures *fs, const PpdlFeature *summed, PpdlAskForm *form,
						   PpdlWriter *w, PpdlWriter *notes);

/* the feature of the column that t names, or the label, which is then behind it; an error names the nearest columns */
PpdlStatus	ppdl_ask_column(PpdlAskText *t, const PpdlFeatures *fs, const PpdlFeature **f);

#endif
