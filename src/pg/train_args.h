/* What the aggregates that train share, on plain and on encrypted rows. */
#ifndef PPDL_PG_TRAIN_ARGS_H
#define PPDL_PG_TRAIN_ARGS_H

#include "pg/ppdl.h"

/* argument 4 of a transition function, jsonb, as text (palloc'ed); NULL when there is none */
extern char *ppdl_train_options_text(FunctionCallInfo fcinfo);
/* the error of an aggregate that got no row at all, not even one with NULLs */
extern void ppdl_train_without_rows(void) PPDL_NORETURN;

#endif
