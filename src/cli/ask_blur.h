/*
 * What a condition's comparisons of numbers cannot tell apart, with the levels that the server's plan leaves them.
 */
#ifndef PPDL_CLI_ASK_BLUR_H
#define PPDL_CLI_ASK_BLUR_H

#include "cli/ask_leaf.h"

/*
 * condition: the text for sum_where that m's tree became; at: where it stood.  Appends to notes (NULL: none) a line for
 * each comparison in which some row counts in part.  PPDL_ERR_ARGUMENT for conditions that all rows meet, or none, and
 * for those that no ring has levels for, with both figures.
 */
PpdlStatus	ppdl_ask_blur(const PpdlAskMaker *m, size_t at, const PpdlWriter *condition, PpdlWriter *notes);

#endif
