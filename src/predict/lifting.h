/*
 * Collected rows in the slots of the deep ring: bridge, half-bootstrap, and the
 * masks that clear what is no row.
 */
#ifndef PPDL_PREDICT_LIFTING_H
#define PPDL_PREDICT_LIFTING_H

#include "base/complex.h"
#include "base/poll.h"
#include "ckks/boot.h"
#include "rows/bridge.h"
#include "rows/row_set.h"

/* limbs of lifted rows after a mask */
#define PPDL_LIFTED_LIMBS (PPDL_BOOT_S2C_LIMBS - 2)

/*
 * Rows that were lifted together, in groups of a batch of the row ring or of PPDL_MAX_BRIDGE_PARTS batches of the
 * compact ring: `capacity` rows each, present or not.  part[0] holds the values f < k/2, part[1] the others, as real
 * slots at PPDL_BOOT_S2C_LIMBS limbs: those of row i of group q in slot q*slots/4 + i*k/2 + bitrev(f mod k/2).  Labels
 * of group q lie likewise in quarter q + 2.  Absent rows are bounded garbage.
 */
typedef struct PpdlLifted
{
	int			count;			/* groups, PPDL_BRIDGE_POLYS at most, half as many with labels */
	size_t		capacity;
	/* of each row of a group: the caller's number, PPDL_NO_PLACE where there is none */
	const uint32_t *ordinal[PPDL_BRIDGE_POLYS];
	PpdlCt		part[2];
} PpdlLifted;

/* rows of a group for batches of 2^logk values a row */
static inline size_t
ppdl_lift_capacity(const PpdlParams *deep, int logk)
{
	return deep->n / PPDL_BRIDGE_POLYS >> logk;
}

/* may take parts over, setting their buffers to NULL */
typedef PpdlStatus (*PpdlLiftedSink) (void *arg, PpdlLifted *lifted, PpdlError *err);

/*
 * Lifts all batches of ts, as many together as there is room for, and gives them to sink.  progress, NULL or told of
 * batches, before each time.
 */
PpdlStatus	ppdl_lift_all(PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlTrainSet *ts, PpdlLiftedSink sink,
						  void *sink_arg, PpdlProgress progress, void *progress_arg, PpdlError *err);

/*
 * A value x comes out of EvalMod as x - x^5*theta^4/30, theta = 2*pi/2^8, the same in all rows (algorithms.md, 5.4): at
 * most this much less
 */
#define PPDL_LIFTED_BIAS 1.21e-8

/* What is taken of a column of lifted rows (lifted_column.c). */
typedef struct PpdlLiftedColumn
{
	int			labels;			/* 1: of the labels, taken to the slots of their features */
	int			stride;			/* slots from row to row, k/2 of the features */
	const char *slot;			/* [stride]: which of a row's slots; NULL: all */
	int			re,				/* 1: part[0] */
				im;				/* 1: part[1], as imaginary parts beside part[0], or alone as real ones */
	/* 1: masked and scaled at once, one level instead of two, at which holes cost 4 bits */
	int			at_once;
	int			limbs;			/* of the result, at most PPDL_LIFTED_LIMBS, and one more at once */
	double		scale;
} PpdlLiftedColumn;

/*
 * *out: those slots of rows that are there, zeros elsewhere.  Key for labels: the rotation by slots/2.  in is only
 * read.
 */
PpdlStatus	ppdl_lifted_take(PpdlEval *ev, PpdlCt *out, const PpdlLifted *in, const PpdlLiftedColumn *column,
							 PpdlError *err);
/* how many rows are there; present (or NULL): which, [capacity * count] */
int			ppdl_lifted_rows(const PpdlLifted *in, char *present);

/*
 * ct times z (all slots), 0 where there is no row, encoded at the scale of the prime that ppdl_lifted_match divides by;
 * the caller sets the bound.  To be settled, at `limbs` limbs and `scale`: two levels, as masking and scaling in one
 * would cost the holes 4 bits.
 */
PpdlStatus	ppdl_lifted_mask(PpdlEval *ev, PpdlCt *ct, const double complex *z, PpdlError *err);
PpdlStatus	ppdl_lifted_match(PpdlEval *ev, PpdlCt *ct, int limbs, double scale, PpdlError *err);

#endif
