/*
 * States of aggregates whose rows are brought to slots (lwe_gram, sum_where): expanded objects (agg_state.h).  Full
 * rows are gathered and packed as ppdl_predict_agg does it (pack_state.h), and batches that are complete go into the
 * aggregate's sums as soon as there are enough for all threads; what travels are these sums, merged, and the rows that
 * wait.  Compact rows, and rows of two columns, are gathered for the deep ring.
 */
#ifndef PPDL_PG_SLOT_STATE_H
#define PPDL_PG_SLOT_STATE_H

#include "pg/agg_state.h"

#include "ckks/boot.h"
#include "predict/packed_slots.h"
#include "rows/row_set.h"

typedef struct PpdlSlotState PpdlSlotState;

/* An aggregate.  Functions that return a status are called with a state that has a shape. */
typedef struct PpdlSlotKind
{
	PpdlAggKind agg;			/* made with PPDL_SLOT_AGG_KIND */
	const char *name;			/* of the SQL function */
	/* for messages: "second moments", "of these rows"; what takes the deep ring; what does without it, after a hint */
	const char *what,
			   *deep_rows,
			   *deep_hint;
	uint32		magic;			/* of flat forms */
	/* frees what is malloc'ed beside the members below; NULL: nothing */
	void		(*destroy) (PpdlSlotState *state);
	/* shape, width_y and what load_head read are set: the rest that the first row decides */
	PpdlStatus	(*prepare) (PpdlSlotState *state, PpdlError *err);
	/* of the flat form, what the aggregate has beside shape and rows; NULL: nothing */
	PpdlStatus	(*save_head) (const PpdlSlotState *state, PpdlWriter *w, PpdlError *err);
	PpdlStatus	(*load_head) (PpdlSlotState *state, PpdlReader *r, PpdlError *err);
	/* what two states must have in common; NULL: nothing else.  into may have no shape: it takes it from `from` */
	PpdlStatus	(*join_head) (PpdlSlotState *into, const PpdlSlotState *from, PpdlError *err);
	/* row ring */
	/* before the first rows are added, and what else this takes: PPDL_ERR_CANCELED */
	PpdlStatus	(*form) (const PpdlSlotState *state, double packed_scale, PpdlPackedSlotsForm *out, PpdlError *err);
	/* sums, of so many bytes, in the pool of ev, which may be another than the state's */
	size_t		sums_size;
	void		(*init) (const PpdlSlotState *state, void *sums);
	void		(*release) (void *sums, PpdlEval *ev);
	/* rows, and what ppdl_packed_slots_run makes of them */
	PpdlStatus	(*add) (const PpdlSlotState *state, void *sums, PpdlEval *ev, const PpdlPacked *packed,
						const PpdlCt *slots, PpdlError *err);
	PpdlStatus	(*join) (void *into, PpdlEval *ev, const void *from, PpdlError *err);
	PpdlStatus	(*merge) (void *sums, PpdlEval *ev, PpdlError *err);
	PpdlStatus	(*save) (const void *sums, PpdlWriter *w, PpdlError *err);
	PpdlStatus	(*load) (void *sums, PpdlEval *ev, PpdlReader *r, PpdlError *err);
	double		(*rows) (const void *sums);
	/* the result: of sums that are merged; of all rows of state->deep, of a halfboot in ev's ring */
	PpdlStatus	(*write) (const PpdlSlotState *state, const void *sums, PpdlWriter *w, PpdlError *err);
	PpdlStatus	(*write_deep) (const PpdlSlotState *state, PpdlEval *ev, const PpdlHalfBoot *hb, PpdlProgress progress,
							   void *arg, PpdlWriter *w, PpdlError *err);
} PpdlSlotKind;

struct PpdlSlotState
{
	PpdlAggState agg;
	uint32		next;			/* rows so far, without those that were NULL; ordinal of the next */
	/* from here on nothing before the first such row */
	PpdlCipher	shape;			/* what every row must be like; limbs: how many are collected, 0: deep ring */
	int			width_y;		/* of the second column, 0: there is none */
	/* row ring */
	PpdlEval   *ev;
	const PpdlPackedSlots *slots;
	PpdlCollector *col;
	void	   *sums;
	/* deep ring */
	PpdlTrainSet *deep;
};

/* the members of an aggregate's kind that are the same for all */
#define PPDL_SLOT_AGG_KIND(type, contents, size) \
	{type, contents, size, ppdl_slot_state_destroy, ppdl_slot_state_save, ppdl_slot_state_load, ppdl_slot_state_merge, \
	 ppdl_slot_state_memory}
extern void ppdl_slot_state_destroy(PpdlAggState *agg);
extern size_t ppdl_slot_state_memory(const PpdlAggState *agg);
extern PpdlStatus ppdl_slot_state_save(PpdlAggState *agg, PpdlWriter *w, PpdlError *err);
extern PpdlStatus ppdl_slot_state_load(PpdlAggState *agg, const uint8_t *buf, size_t len, PpdlError *err);
extern PpdlStatus ppdl_slot_state_merge(PpdlAggState *into, PpdlAggState *from, PpdlError *err);

extern bool ppdl_slot_state_has_begun(const PpdlSlotState *state);
/* the first row decides: limbs that are collected of rows like x, 0: for the deep ring, with y or NULL */
extern void ppdl_slot_state_begin(PpdlSlotState *state, const PpdlCipher *x, const PpdlCipher *y, int limbs);
/* a row, not NULL, with its second column or NULL; raises for what does not belong together */
extern void ppdl_slot_state_add(PpdlSlotState *state, const PpdlCipher *x, const PpdlCipher *y,
								FunctionCallInfo fcinfo);
/* of all rows; NULL when there are none */
extern struct varlena *ppdl_slot_state_result(PpdlSlotState *state, FunctionCallInfo fcinfo);

#endif
