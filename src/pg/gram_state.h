/* The state of lwe_gram, type lwe_gram_state (slot_state.h). */
#ifndef PPDL_PG_GRAM_STATE_H
#define PPDL_PG_GRAM_STATE_H

#include "pg/slot_state.h"

/* the state in argument 0, to be changed; a new one when it is NULL */
extern PpdlSlotState *ppdl_gram_state_argument(FunctionCallInfo fcinfo);
/* the state in argument 0, for ppdl_slot_state_result */
extern PpdlSlotState *ppdl_gram_state_final(FunctionCallInfo fcinfo);
/* a row, not NULL, with its label or NULL; raises for what does not belong together */
extern void ppdl_gram_state_add(PpdlSlotState *state, const PpdlCipher *x, const PpdlCipher *y,
								FunctionCallInfo fcinfo);

#endif
