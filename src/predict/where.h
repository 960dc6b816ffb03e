/*
 * Sums over the rows that meet a condition (algorithms.md, 6.8): from rows in slots, the encrypted number of these rows
 * and the sums of their values.
 *
 * Conditions may ask for values of both columns of a row, sums are of one.  Rows lie `stride` slots apart; value f of a
 * row of k values is the real (f < k/2) or imaginary part of its slot bitrev(f mod k/2).  A value that the condition
 * asks for is rotated to the last slot of the row before its own, so that the whole condition is worked out there; what
 * the other slots hold meanwhile is bounded and of no use.  From there it comes to all slots of that row by rotations
 * that have keys.  The values, a row earlier too, are multiplied with it one slot of each row at a time; only where a
 * level is left, the condition is masked instead, and one product is enough.  Products are added up as they are, of
 * degree 2 in the secret, until all rows are in or the state travels.
 *
 * where_check.c and where_plan.c have what comes before the first row, where.c the sums, where_lifted.c rows of the
 * deep ring, where_result.c what sums come to.
 */
#ifndef PPDL_PREDICT_WHERE_H
#define PPDL_PREDICT_WHERE_H

#include "ckks/periodic.h"
#include "predict/compare.h"
#include "predict/condition.h"
#include "predict/lifting.h"
#include "predict/packed_slots.h"

/* limbs of conditions when they are multiplied with values, and of sums until there is a result */
#define PPDL_WHERE_LIMBS 3
/* of values before those of one slot are chosen */
#define PPDL_WHERE_VALUE_LIMBS (PPDL_WHERE_LIMBS + 1)
#define PPDL_WHERE_MAX_WIDTH 256
/* of numbers whose comparison is composed */
#define PPDL_WHERE_FINE_LIMBS (PPDL_BOOT_FULL_LIMBS + PPDL_COMPARE_FIRST_LEVELS)
#define PPDL_WHERE_COLUMNS 2
/* more than any modulus here holds the sum of */
#define PPDL_WHERE_MAX_ROWS ((double) (1 << 29))

/* levels that conditions have in the ring (the row ring, or one that rows are lifted to) */
int			ppdl_where_levels(const PpdlParams *par);
/* whether comparisons of numbers are composed (ckks/compare.h) */
typedef enum PpdlWhereHow
{
	PPDL_WHERE_AS_NEEDED,		/* those that ask for it by a distance; all where it is too deep otherwise */
	PPDL_WHERE_SINGLE,			/* none */
	PPDL_WHERE_COMPOSED			/* those that ask for it; all, as far as can be, where none does */
} PpdlWhereHow;

/*
 * Puts the condition's products in order for that ring, and gives comparisons of numbers as many levels as these leave.
 * PPDL_ERR_LEVEL with both figures, and a hint, when it takes more levels than there are, or comparisons of numbers,
 * which the row ring has not.
 */
PpdlStatus	ppdl_where_check_how(PpdlCondition *cond, const PpdlParams *par, PpdlWhereHow how, PpdlError *err);
/* ... PPDL_WHERE_AS_NEEDED */
PpdlStatus	ppdl_where_check(PpdlCondition *cond, const PpdlParams *par, PpdlError *err);
/* the blur around a threshold of a leaf that compares, in a condition that was checked: as ppdl_compare_blur */
void		ppdl_where_blur(const PpdlCondition *cond, const PpdlConditionLeaf *leaf, double t, double *below,
							double *above);
/* is the blur of all its thresholds within the distance that was asked for?  0: none was */
int			ppdl_where_tells(const PpdlCondition *cond, const PpdlConditionLeaf *leaf);
/* full bootstraps that a ciphertext of rows takes */
static inline int
ppdl_where_bootstraps(const PpdlCondition *cond)
{
	return (cond->refreshed + 1) / 2;
}

/* limbs that the values of a condition need, levels and all */
int			ppdl_where_limbs(const PpdlCondition *cond);

/*
 * Rows of so many values a second that one core with AVX-512 adds up, complete batches, about: from what make bench
 * measured (where_bit, where_bits; in the deep ring where_compact, where_number).  cond: put in order for that ring,
 * and no deeper.
 */
double		ppdl_where_rows_per_s(const PpdlCondition *cond, const PpdlParams *par, int width);

/*
 * Levels of a comparison in a condition that was checked: one more than the condition counts, as numbers come with one
 * limb more than bits
 */
static inline int
ppdl_where_comparison_levels(const PpdlCondition *cond)
{
	return cond->number_levels + 1;
}

typedef struct PpdlWhereColumn
{
	int			width,			/* of a row */
				half;			/* slots that a row's values take */
} PpdlWhereColumn;

/* A condition prepared for rows of one ring and width: once it is encoded immutable, shared between threads. */
typedef struct PpdlWhere
{
	const PpdlParams *par;
	const PpdlCondition *cond;	/* the caller's, checked for this ring; outlives this */
	PpdlWhereColumn on,			/* what the condition asks for: its values, and those of the next behind them */
				values;			/* what is summed; the same column, or one beside it */
	int			columns;		/* 2: one beside it */
	int			stride;
	int			limbs;			/* that `part` of rows has */
	double		scale,			/* of the rows' slots */
				deviation;		/* of a row's condition, what rows that are alike have in common */
	/* encoded: one or the other, NULL before */
	PpdlPeriodicPt *mask;		/* [values.half]: ones at that slot of each row */
	PpdlLinTrans *spread;		/* the last slot of each row to all its slots; where a level is left for it */
} PpdlWhere;

/*
 * width_values: 0 where those of the one column are summed.  PPDL_ERR_ARGUMENT for widths that do not go with the
 * condition.  *out: the caller's to destroy; NULL after an error
 */
PpdlStatus	ppdl_where_create(PpdlWhere **out, const PpdlParams *par, const PpdlCondition *cond, int width_on,
							  int width_values, PpdlError *err);
/* what additions need, 4 MB at most: before the first; at once when it is there.  poll (or NULL): PPDL_ERR_CANCELED */
PpdlStatus	ppdl_where_encode(PpdlWhere *w, const PpdlPoll *poll, PpdlError *err);
size_t		ppdl_where_bytes(const PpdlWhere *w);	/* of what was encoded */
void		ppdl_where_destroy(PpdlWhere *w);	/* NULL is allowed */
/* row ring: for ppdl_where_add_packed, of packed rows at this scale */
PpdlPackedSlotsForm ppdl_where_slots_form(const PpdlWhere *w, double packed_scale);

/* The sums so far.  Ciphertexts are in the pool of one evaluator, the caller's. */
typedef struct PpdlWhereSums
{
	double		rows;
	double		bias;			/* of a sum: what errors come to that are not 0 in the mean */
	PpdlCt3		pending;		/* products since the last merge; none: d is NULL */
	PpdlCt		sums,			/* the products before; none: b is NULL */
				count;			/* conditions; none: b is NULL */
} PpdlWhereSums;

void		ppdl_where_init(PpdlWhereSums *s);
void		ppdl_where_release(PpdlWhereSums *s, PpdlEval *ev);

/* some rows in slots */
typedef struct PpdlWhereRows
{
	/*
	 * of each column, on and values, for each kind of leaf, as real slots: values f < half, and the others (b NULL
	 * where no leaf asks for one).  Beside these values anything within [-1, 1].  Signs may have half the scale, which
	 * their bits then have twice; numbers have one limb more, and ppdl_compare_scale for ppdl_where_comparison_levels;
	 * those whose comparison is composed PPDL_WHERE_FINE_LIMBS, and that for PPDL_COMPARE_FIRST_LEVELS.
	 */
	PpdlCt		part[PPDL_WHERE_COLUMNS][PPDL_CONDITION_KINDS][2];
	const PpdlCt *values;		/* PPDL_WHERE_VALUE_LIMBS or more, as complex slots, zero where there is no row */
	const PpdlHalfBoot *half;	/* of the ring, for composed comparisons: these two */
	const PpdlFullBoot *full;
	const char *present;		/* [slots / stride]: is there a row? */
	double		rows;			/* how many */
} PpdlWhereRows;

/*
 * Adds rows, all of one scale, w->scale, but as said above.  Keys: relinearisation, rotations of the ring.
 * PPDL_ERR_SCALE unless all additions have the same scale.  After an error s is good for release only; so for all that
 * follows.
 */
PpdlStatus	ppdl_where_add(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlWhereRows *rows,
						   PpdlError *err);
/*
 * packed rows of the row ring, values and condition being of one column; slots: these rows, by ppdl_packed_slots_run of
 * ppdl_where_slots_form; key: the conjugation, too
 */
PpdlStatus	ppdl_where_add_packed(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlPacked *packed,
								  const PpdlCt *slots, PpdlError *err);
/* which column is the labels of the rows' set */
typedef enum PpdlWhereLabels
{
	PPDL_WHERE_NO_LABELS,		/* there is one column */
	PPDL_WHERE_ON_LABELS,
	PPDL_WHERE_VALUES_LABELS
} PpdlWhereLabels;

typedef struct PpdlWhereSet
{
	const PpdlTrainSet *rows;
	PpdlWhereLabels labels;
} PpdlWhereSet;

/* Adds all rows of a set, lifted to the ring of ev, the deep one.  progress: as ppdl_lift_all. */
PpdlStatus	ppdl_where_add_lifted(const PpdlWhere *w, PpdlWhereSums *s, PpdlEval *ev, const PpdlHalfBoot *hb,
								  const PpdlWhereSet *set, PpdlProgress progress, void *arg, PpdlError *err);
/* into += from, whose ciphertexts may be of another evaluator's pool, and stay */
PpdlStatus	ppdl_where_join(PpdlWhereSums *into, PpdlEval *ev, const PpdlWhereSums *from, PpdlError *err);
/* relinearises: the value of s stays */
PpdlStatus	ppdl_where_merge(PpdlWhereSums *s, PpdlEval *ev, PpdlError *err);

/*
 * s has been merged and has rows: one limb, slot 0 the count, slot 1 + f the sum of value f, as real parts; the others
 * hold anything.  noise and bound are set.  PPDL_ERR_RANGE, with figures, for more rows than there is room for.
 */
PpdlStatus	ppdl_where_result(const PpdlWhere *w, const PpdlWhereSums *s, PpdlEval *ev, PpdlCt *out, PpdlError *err);
/* ... as a packed value of slots, one row, of the key and encoding of these rows: appends it to out */
PpdlStatus	ppdl_where_write(const PpdlWhere *w, const PpdlWhereSums *s, PpdlEval *ev, const PpdlCipher *rows,
							 PpdlWriter *out, PpdlError *err);

/* s, merged, as bytes (where_state.c) */
PpdlStatus	ppdl_where_save(const PpdlWhereSums *s, PpdlWriter *w, PpdlError *err);
/* s is empty; PPDL_ERR_FORMAT when the bytes cannot be such a state */
PpdlStatus	ppdl_where_load(PpdlWhereSums *s, PpdlEval *ev, PpdlReader *r, PpdlError *err);

#endif
