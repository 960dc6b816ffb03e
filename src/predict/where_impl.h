/* Private to where*.c. */
#ifndef PPDL_PREDICT_WHERE_IMPL_H
#define PPDL_PREDICT_WHERE_IMPL_H

#include "predict/where.h"

/* values lose so much of their scale before they are multiplied: that is room for rows */
#define PPDL_WHERE_VALUE_BITS 4

static inline int
ppdl_where_in_row_ring(const PpdlParams *par)
{
	return par->id == PPDL_RING_ROW;
}

/* what a rescale from so many limbs divides by */
static inline double
ppdl_where_prime(const PpdlParams *par, int limbs)
{
	return (double) par->ring->mod[limbs - 1].q;
}

/* of values, where a condition asks for as many levels as there are */
int			ppdl_where_most_limbs(const PpdlParams *par);

/* half of a row's slots in which value f of a column lies, and which */
int			ppdl_where_part(const PpdlWhereColumn *column, int f);
int			ppdl_where_slot(const PpdlWhereColumn *column, int f);

/* where the value of a leaf lies: column 0 is `on`, 1 the values */
typedef struct PpdlWherePlace
{
	int			column,
				part,
				slot;
} PpdlWherePlace;

PpdlWherePlace ppdl_where_place(const PpdlWhere *w, const PpdlConditionLeaf *leaf);

/* as ppdl_encode_slots; pt->p is the caller's to free, after an error too, as no evaluator outlives it */
PpdlStatus	ppdl_where_plain(const PpdlParams *par, PpdlPt *pt, const double complex *z, size_t count, double scale,
							 int limbs, PpdlError *err);
/* of linear maps with the keys that there are */
PpdlLinTransForm ppdl_where_transform(const PpdlWhere *w, int limbs, double scale);

/*
 * the condition in the last slot of the row before: w->limbs less its levels, PPDL_WHERE_LIMBS or one more
 * (where_condition.c)
 */
PpdlStatus	ppdl_where_evaluate(const PpdlWhere *w, PpdlEval *ev, PpdlCt *out, const PpdlWhereRows *rows,
								PpdlError *err);

/* scale of rows in slots and of what comparisons leave, in the deep ring */
#define PPDL_WHERE_DEEP_SCALE 0x1p40

#endif
