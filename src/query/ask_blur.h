/*
 * What a condition's comparisons of numbers cannot tell apart, with the levels that the server's plan leaves them.
 */
#ifndef PPDL_QUERY_ASK_BLUR_H
#define PPDL_QUERY_ASK_BLUR_H

#include "query/ask_leaf.h"

/*
 * Appends to w, which is empty, the condition for sum_where that m's tree is from `root` on; at: where it stood.
 * Comparisons that would count rows of the next value in part ask for the distance to it, which the server meets by
 * comparing twice.  Appends to notes (NULL: none) a line for each of these, and for each in which some row counts in
 * part even so.  PPDL_ERR_ARGUMENT for conditions that all rows meet, or none, and for those that no ring has levels
 * for, with both figures.
 */
PpdlStatus	ppdl_ask_blur(PpdlAskMaker *m, int root, size_t at, PpdlWriter *w, PpdlWriter *notes);

#endif
