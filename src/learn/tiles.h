/*
 * From collected rows to training tiles: batches are lifted to slots by the
 * bridge and the half-bootstrap, then cut into ciphertexts of the layout of
 * layout.h, one mini-batch class after the other (crypto: holes are masked
 * before anything is squared).
 */
#ifndef PPDL_LEARN_TILES_H
#define PPDL_LEARN_TILES_H

#include "ckks/boot.h"
#include "learn/step.h"
#include "rows/row_set.h"

typedef struct PpdlTileSet
{
	PpdlSlotLayout lay;
	int			classes;		/* mini-batches */
	int			count;			/* tiles in all */
	int			cap;
	PpdlTile   *tile;
	int		   *class_of;		/* of each tile */
} PpdlTileSet;

typedef void (*PpdlTilesProgress) (void *arg, int done, int total);

/*
 * Features alone (ts->width_y = 0: prediction, classes = 1) or with labels.  ev: deep ring.  A row's class is its
 * place in its batch modulo `classes` (ppdl_train_class).  Tiles come at PPDL_LIFTED_LIMBS limbs, scale PPDL_SGD_SCALE.
 * Inputs are multiplied by net->input_scale.
 */
PpdlStatus	ppdl_tiles_create(PpdlTileSet **out, PpdlEval *ev, const PpdlHalfBoot *hb, const PpdlSlotLayout *lay, const PpdlNet *net,
							  const PpdlTrainSet *ts, int classes, PpdlTilesProgress progress, void *arg, PpdlError *err);
void		ppdl_tiles_destroy(PpdlTileSet *set, PpdlEval *ev);

#endif
