/*
 * Training in the clear: mini-batch gradient descent with Nesterov momentum, the very schedule that the encrypted
 * trainer follows (algorithms.md, 7.1): v' = w - lr*g, w = v' + m*(v' - v), g the mean gradient of the loss (loss.h)
 * over the mini-batch.
 */
#ifndef PPDL_NET_TRAIN_H
#define PPDL_NET_TRAIN_H

#include "base/poll.h"
#include "net/loss.h"
#include "net/net.h"

/*
 * JSON: {"steps": 15 | "epochs": 2, "batch": 256, "learning_rate": 0.2, "momentum": 0.8, "init_scale": 0.2,
 *        "seed": 1, "shuffle": true, "schedule": "constant" | "cosine", "loss": "squared" | "logistic"}; these figures
 *        are the defaults (steps, not epochs; constant, squared)
 */
typedef enum PpdlSchedule
{
	PPDL_SCHEDULE_CONSTANT,
	PPDL_SCHEDULE_COSINE		/* half a wave from the learning rate at the first step down to 0 after the last */
} PpdlSchedule;

typedef struct PpdlTrainOptions
{
	int			steps;			/* 0: epochs decides */
	double		epochs;
	int			batch;
	double		learning_rate,
				momentum,
				init_scale;		/* s1: first-layer weights ~ N(0, s1^2/fan-in) */
	uint64_t	seed;
	int			shuffle;		/* order of the mini-batches from the seed; else as they come */
	PpdlSchedule schedule;
	PpdlLoss	loss;
} PpdlTrainOptions;

/* NULL or "" gives the defaults; unknown members are errors */
PpdlStatus	ppdl_train_options_parse(PpdlTrainOptions *opt, const char *json, PpdlError *err);
PpdlStatus	ppdl_train_options_json(const PpdlTrainOptions *opt, char **out, PpdlError *err);

/*
 * First weights from the seed alone (the encrypted trainer uses the same): first layer N(0, s1^2/fan-in)
 * (the first with weights; a unit of conv2d has channels*kernel^2 inputs), middle layers N(0, 1/fan-in), last layer, if
 * it is dense, +-1/sqrt(h) alternating (output j: the sign is the parity of
 * i AND (j+1), so that outputs start out different), biases 0.  A bias is trained like a
 * weight whose input is the constant 1 (not at all when net->bias is 0).
 */
PpdlStatus	ppdl_net_init(PpdlNet *net, const PpdlTrainOptions *opt, PpdlError *err);

/*
 * Mini-batches are residue classes: with M of them, M a power of two, row t (as rows come) belongs to mini-batch
 * t mod M, so that rows sorted by anything are spread evenly, and encrypted rows, whose places in a batch are fixed,
 * fall into the same mini-batches.  M is the largest power of two, at most PPDL_MAX_MINIBATCHES, for which a mini-batch
 * has `batch` rows or more.
 */
#define PPDL_MAX_MINIBATCHES 32
int			ppdl_train_minibatches(const PpdlTrainOptions *opt, uint64_t rows);
/* steps that the options mean for so many rows: steps, or ceil(epochs * M), at least 1 */
int			ppdl_train_steps(const PpdlTrainOptions *opt, uint64_t rows);
/* learning rate of step t of so many */
double		ppdl_train_rate(const PpdlTrainOptions *opt, int step, int steps);
/* number of the mini-batch of step t: all in turn, in an order from the seed if opt->shuffle */
int			ppdl_train_minibatch(const PpdlTrainOptions *opt, uint64_t rows, int step);
/* rows of step t: writes their indices, at most ceil(rows/M) of them */
void		ppdl_train_batch(const PpdlTrainOptions *opt, int rows, int step, int *index, int *count);

/* rows index[0] .. index[count-1] of x and y, and the loss that is to be made small on them */
typedef struct PpdlMiniBatch
{
	const double *x,
			   *y;
	const int  *index;
	int			count;
	PpdlLoss	loss;
} PpdlMiniBatch;

/* Mean gradient of the loss over a mini-batch, as one flat vector like the weights, and the mean loss. */
PpdlStatus	ppdl_net_gradient(const PpdlNet *net, const PpdlMiniBatch *b, double *gradient, double *mean_loss,
							  PpdlError *err);

/* what a run calls */
typedef struct PpdlTrainWatch
{
	PpdlPoll	poll;			/* after each row of a mini-batch */
	PpdlProgress progress;		/* steps, before each */
	void	   *arg;			/* of progress */
	double	   *loss;			/* set to that of the mini-batch before progress is called, or NULL */
} PpdlTrainWatch;

/*
 * x: rows*inputs, y: rows*outputs; labels in [-1,1].  Starts from the network's weights, or from ppdl_net_init
 * when it has none.  PPDL_ERR_ARGUMENT when the loss does not go with the outputs.  PPDL_ERR_RANGE when training
 * diverges: a weight leaves +-PPDL_WEIGHT_RANGE, or the squared loss of a mini-batch, that after the last step
 * included, is larger than outputs within PPDL_OUTPUT_RANGE can have and than it was at first; the network is then not
 * to be used.  watch may be NULL.
 */
PpdlStatus	ppdl_net_train(PpdlNet *net, const double *x, const double *y, int rows, const PpdlTrainOptions *opt,
						   const PpdlTrainWatch *watch, PpdlError *err);

#endif
