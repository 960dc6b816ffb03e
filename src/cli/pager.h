/*
 * Output that is gathered and then shown: as it is, or by $PAGER (less) where it does not fit on the terminal.
 */
#ifndef PPDL_CLI_PAGER_H
#define PPDL_CLI_PAGER_H

#include <stdio.h>

#include "base/bytes.h"

typedef struct PpdlPaged
{
	PpdlWriter	text;
	FILE	   *f;				/* to write to; NULL: out of memory */
} PpdlPaged;

void		ppdl_paged_begin(PpdlPaged *p);
/* shows and wipes what was written; page: with the pager, if it is long */
void		ppdl_paged_end(PpdlPaged *p, int page);

#endif
