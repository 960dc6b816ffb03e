/* What becomes of the rows of batches that are not complete. */
#include "rows/in_place.h"

PpdlStatus
ppdl_collector_plan(PpdlCollector *col, PpdlError *err)
{
	if (col->planned)
		return PPDL_OK;
	for (int h = 0; h < PPDL_MAX_HEIGHT; h++)
		col->blocks[h].count = 0;
	ppdl_collector_close(col);
	for (PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
	{
		PPDL_TRY(ppdl_poll(col->poll, err));
		PPDL_TRY(ppdl_collector_sort(b, err));
	}
	PPDL_TRY(ppdl_plan_in_place(col, err));
	for (PpdlRowBatch *b = col->waiting.first; b != NULL; b = b->next)
	{
		PPDL_TRY(ppdl_poll(col->poll, err));
		PPDL_TRY(ppdl_plan_blocks(col, b, err));
	}
	col->planned = 1;
	return PPDL_OK;
}
