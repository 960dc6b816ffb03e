/*
 * Training in the clear: mini-batch gradient descent with Nesterov momentum on the
 * squared error, the very schedule that the encrypted trainer follows (crypto: training
 * recipe): v' = w - lr*g, w = v' + m*(v' - v), g the mean gradient of (o - y)^2 / 2 over the mini-batch.
 */
#ifndef PPDL_NN_TRAIN_H
#define PPDL_NN_TRAIN_H

#include "nn/net.h"

/* JSON: {"steps": 15 | "epochs": 2, "batch": 256, "learning_rate": 0.3, "momentum": 0.8, "init_scale": 0.1, "seed": 1, "shuffle": true} */
typedef struct PpdlTrainOptions
{
	int			steps;			/* 0: epochs decides */
	double		epochs;
	int			batch;
	double		learning_rate,
				momentum,
				init_scale;		/* s1: first-layer weights ~ N(0, s1^2/d) */
	uint64_t	seed;
	int			shuffle;		/* order of rows from the seed; else as they come */
} PpdlTrainOptions;

PpdlStatus	ppdl_train_options_parse(PpdlTrainOptions *opt, const char *json, PpdlError *err);	/* NULL or "" gives the defaults; unknown members are errors */
PpdlStatus	ppdl_train_options_json(const PpdlTrainOptions *opt, char **out, PpdlError *err);

/*
 * First weights from the seed alone (the encrypted trainer uses the same): first layer N(0, s1^2/d),
 * middle layers N(0, 1/fan-in), last layer +-1/sqrt(h) alternating, biases 0.  A bias is trained like a
 * weight whose input is the constant 1.
 */
PpdlStatus	ppdl_net_init(PpdlNet *net, const PpdlTrainOptions *opt, PpdlError *err);

/* rows of step t: indices into 0..rows-1; batch of them (fewer when rows < batch); from the seed; cycles through the whole set before it repeats */
void		ppdl_train_batch(const PpdlTrainOptions *opt, int rows, int step, int *index, int *count);

/* x: rows*inputs, y: rows*outputs; labels in [-1,1].  poll returns non-zero to cancel; progress may be NULL. */
PpdlStatus	ppdl_net_train(PpdlNet *net, const double *x, const double *y, int rows, const PpdlTrainOptions *opt,
						   int (*poll) (void *arg), void (*progress) (void *arg, int step, int steps, double loss), void *arg,
						   PpdlError *err);

#endif
