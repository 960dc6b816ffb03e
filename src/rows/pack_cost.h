/* Private to the floor: what packing costs, in key switches of a merge, as measured (make bench, bench_predict). */
#ifndef PPDL_ROWS_PACK_COST_H
#define PPDL_ROWS_PACK_COST_H

/* levels of the tree that a window spans, see pack_window.c */
#define PPDL_MAX_WINDOW 5

/* a key switch of a basis, whose decompositions are shared */
#define PPDL_BASIS_COST 0.76
/* a subset W, in a window whose rows are of one class, each further class, and where they are too many */
#define PPDL_CLASS_COST 0.024
#define PPDL_POLYNOMIAL_COST 0.1
/* a window, whatever is in it */
#define PPDL_WINDOW_COST 0.3

/*
 * rows that are packed where they lie: a batch, its products with the multipliers of a giant step, such a step
 * (ckks/keep.h)
 */
#define PPDL_IN_PLACE_BATCH_COST 8.5
#define PPDL_IN_PLACE_PRODUCTS_COST 0.34
#define PPDL_IN_PLACE_STEP_COST 1.2

/*
 * what follows on a packed ciphertext, at least: a prediction in the row ring.  Free places waste their share of it; in
 * the deep ring, a fourth of a half-bootstrap, it is some 14 times as much, which the collector does not know.
 */
#define PPDL_USE_COST 33

#endif
