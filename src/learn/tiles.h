/*
 * From collected rows to tiles: batches are lifted to slots by the bridge and the half-bootstrap, then cut into
 * ciphertexts of the layout of layout.h, those of each mini-batch minibatch apart.  Holes are masked before anything is
 * squared.
 */
#ifndef PPDL_LEARN_TILES_H
#define PPDL_LEARN_TILES_H

#include "learn/step.h"
#include "predict/lifting.h"

typedef struct PpdlTileSet
{
	PpdlSlotLayout lay;
	int			minibatches;		/* mini-batches */
	int			count;			/* tiles in all */
	int			cap;
	PpdlTile   *tile;
	int		   *minibatch_of;		/* of each tile */
} PpdlTileSet;

/*
 * What tiles are made of.  Features alone (ts->width_y = 0: prediction, minibatches = 1) or with labels.  A row's
 * minibatch is its place in its batch modulo `minibatches` (ppdl_train_minibatch).  Inputs are multiplied by
 * net->input_scale / lay->input_divisor.
 */
typedef struct PpdlTileSource
{
	PpdlEval   *ev;				/* deep ring */
	const PpdlHalfBoot *hb;
	const PpdlSlotLayout *lay;
	const PpdlNet *net;
	const PpdlTrainSet *ts;
	int			minibatches;
	PpdlProgress progress;	/* or NULL */
	void	   *progress_arg;
} PpdlTileSource;

/* owns the tile, after a failure, too */
typedef PpdlStatus (*PpdlTileSink) (void *arg, PpdlTile *tile, int minibatch, PpdlError *err);

/*
 * Gives each tile to sink as soon as it is full, those that are not at the end.  Tiles come at PPDL_LIFTED_LIMBS limbs,
 * scale PPDL_SGD_SCALE, bound 1, NTT domain.
 */
PpdlStatus	ppdl_tiles_cut(const PpdlTileSource *source, PpdlTileSink sink, void *arg, PpdlError *err);
/* keeps them; the layout is copied */
PpdlStatus	ppdl_tiles_create(PpdlTileSet **out, const PpdlTileSource *source, PpdlError *err);
void		ppdl_tiles_destroy(PpdlTileSet *set, PpdlEval *ev);

#endif
