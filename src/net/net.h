/*
 * Networks: layers with polynomial activations, in the clear: dense ones, and before them convolution and pooling.
 *
 * JSON (model specification):
 *   {"inputs": 16, "input_scale": 1 | [..],
 *    "layers": [{"units": 32, "activation": "quadratic"},
 *               {"units": 1, "activation": "identity"}]}
 * activation: "identity", "square" (z^2), "quadratic" (z + z^2/2), {"poly": [c0, c1, ..]},
 * or {"name": "relu"|"sigmoid"|"tanh"|"silu", "degree": 1..15, "interval": [lo, hi]}: a
 * Chebyshev approximation of that degree on that interval.  "poly" etc. may also be written as
 * "activation": "poly", "coefficients": [...]  and  "activation": "relu", "degree": .., "interval": ..
 * A layer on images is {"conv2d": {"filters": 4, "kernel": 4, "stride": 2}, "activation": ..}, stride 1 by default, or
 * {"pool": "average", "size": 2, "stride": 2, "activation": ..}, stride as the size by default (see net/layer.h).
 * "shape": [height, width] or [channels, height, width] beside "inputs" says what image the inputs are; without it they
 * are a square of one channel.
 * "bias": false (true by default) beside "inputs" leaves the biases out.
 * "encoding": "3fa2b1c4d5e6" beside "inputs" names the encoding of the rows that it is for (rows/encoding.h).
 * input_scale: what each input is multiplied by before the first layer (inputs themselves stay within [-1,1]).
 */
#ifndef PPDL_NET_NET_H
#define PPDL_NET_NET_H

#include <stdint.h>

#include "base/error.h"

#define PPDL_MAX_LAYERS 16
#define PPDL_MAX_UNITS 4096
#define PPDL_MAX_ACT_DEGREE 15

/*
 * What training keeps: labels are within 1, so outputs beyond the one and weights beyond the other mean that it has
 * diverged.  Encrypted models promise no larger outputs; decryption says where they are larger all the same.
 */
#define PPDL_OUTPUT_RANGE 8
#define PPDL_WEIGHT_RANGE 1024

typedef struct PpdlActivation
{
	char		name[16];		/* as written: identity, square, quadratic, poly, relu, ... */
	int			degree;			/* 0 < degree <= PPDL_MAX_ACT_DEGREE; identity has degree 1, coef {0,1} */
	double		lo,
				hi;				/* interval of an approximation, 0, 0 for exact polynomials */
	double		coef[PPDL_MAX_ACT_DEGREE + 1];	/* monomial coefficients */
	double		cheb[PPDL_MAX_ACT_DEGREE + 1];	/* Chebyshev coefficients on [lo,hi] for approximations */
	double		max_error;		/* of an approximation on its interval, measured */
} PpdlActivation;

typedef enum PpdlLayerKind
{
	PPDL_LAYER_DENSE,
	PPDL_LAYER_CONV2D,
	PPDL_LAYER_POOL
} PpdlLayerKind;

typedef struct PpdlShape
{
	int			channels,		/* 0: no image */
				height,
				width;
} PpdlShape;

typedef struct PpdlLayer
{
	PpdlLayerKind kind;
	int			inputs,
				units;
	PpdlShape	in,				/* of conv2d and pool; out.channels: filters */
				out;
	int			kernel,			/* edge of a window */
				stride;
	PpdlActivation act;
	/* counts are in net/layer.h; a dense layer has units * inputs weights, row-major, and a bias a unit */
	double	   *w;				/* NULL while untrained */
	double	   *bias;
} PpdlLayer;

typedef struct PpdlNet
{
	int			inputs;
	PpdlShape	shape;			/* of the inputs, where the first layer is for images */
	double	   *input_scale;	/* inputs */
	int			bias;			/* 0: biases are 0 and stay so in training */
	uint64_t	encoding;		/* of the rows that it is for, 0: not known */
	int			nlayers;
	PpdlLayer	layer[PPDL_MAX_LAYERS];
} PpdlNet;

/*
 * A network without weights, the caller's to destroy.  PPDL_ERR_FORMAT / PPDL_ERR_ARGUMENT say where in the JSON;
 * unknown members are errors.  (net_json.c)
 */
PpdlStatus	ppdl_net_parse(PpdlNet **out, const char *json, PpdlError *err);
void		ppdl_net_destroy(PpdlNet *net);	/* NULL is allowed */
/* malloc'ed canonical JSON of the specification (without weights) */
PpdlStatus	ppdl_net_json(const PpdlNet *net, char **out, PpdlError *err);
int			ppdl_net_outputs(const PpdlNet *net);

/* a copy, the caller's to destroy, with the weights if there are any; and one without */
PpdlStatus	ppdl_net_clone(PpdlNet **out, const PpdlNet *net, PpdlError *err);
PpdlStatus	ppdl_net_clone_untrained(PpdlNet **out, const PpdlNet *net, PpdlError *err);
/* are both of one specification, whatever their weights and the encoding of their rows? */
int			ppdl_net_is_same(const PpdlNet *a, const PpdlNet *b);

/* weights as one flat vector: layer by layer, w (row-major; filters x channels x kernel x kernel) then bias */
int			ppdl_net_weight_count(const PpdlNet *net);
/* finite, right count, biases 0 in a network without */
PpdlStatus	ppdl_net_set_weights(PpdlNet *net, const double *w, int count, PpdlError *err);
void		ppdl_net_get_weights(const PpdlNet *net, double *w);

/* PPDL_ERR_ARGUMENT while there are no weights */
PpdlStatus	ppdl_net_check_trained(const PpdlNet *net, PpdlError *err);

/* PPDL_ERR_RANGE when a weight leaves +-PPDL_WEIGHT_RANGE: says which, and what to do about training that diverges */
PpdlStatus	ppdl_net_check_range(const PpdlNet *net, PpdlError *err);

/* the largest Euclidean length of the weights of a unit (or filter), its bias among them */
double		ppdl_net_longest_weights(const PpdlNet *net);

/* x: inputs values; out: outputs values, finite, else PPDL_ERR_RANGE */
PpdlStatus	ppdl_net_predict(const PpdlNet *net, const double *x, double *out, PpdlError *err);
/* PPDL_ERR_RANGE unless all are finite */
PpdlStatus	ppdl_net_check_outputs(const PpdlNet *net, const double *out, PpdlError *err);

#endif
