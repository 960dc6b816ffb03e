/* The state of sum_where, type lwe_where_state (slot_state.h). */
#ifndef PPDL_PG_WHERE_STATE_H
#define PPDL_PG_WHERE_STATE_H

#include "pg/slot_state.h"

/* the state in argument 0, to be changed; a new one when it is NULL */
extern PpdlSlotState *ppdl_where_state_argument(FunctionCallInfo fcinfo);
/* the state in argument 0, for ppdl_slot_state_result */
extern PpdlSlotState *ppdl_where_state_final(FunctionCallInfo fcinfo);
/*
 * a row, not NULL: its values, the condition, and the column that it is about, NULL: the same; raises for what does not
 * belong together
 */
extern void ppdl_where_state_add(PpdlSlotState *state, const PpdlCipher *values, const text *condition,
								 const PpdlCipher *on, FunctionCallInfo fcinfo);

#endif
