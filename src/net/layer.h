/*
 * What differs between kinds of layer: how many weights there are, and which unit sees which inputs.
 *
 * Images lie channel by channel, each row by row: value ((c*height + y)*width + x) of an image of channels x height x
 * width.  A unit of conv2d or pool sees a window of kernel x kernel places whose corner is stride times its own place;
 * windows lie wholly inside the image.  A filter of conv2d has one weight for each place of the window in each channel
 * of its input, (c*kernel + y)*kernel + x, and one bias; its units are a channel of the output.  A pool's unit is the
 * mean of a window of its own channel: no weights, no bias.
 */
#ifndef PPDL_NET_LAYER_H
#define PPDL_NET_LAYER_H

#include <stddef.h>

#include "net/net.h"

/* weights; biases, one a unit or a filter; a pool has neither */
int			ppdl_layer_weight_count(const PpdlLayer *layer);
int			ppdl_layer_bias_count(const PpdlLayer *layer);
/* inputs that a unit sees: weight_count / bias_count, if it has weights */
int			ppdl_layer_fan_in(const PpdlLayer *layer);

/*
 * Conv2d or pool on an image of layer->in, kernel and stride set, channels that it gives out: sets out, inputs and
 * units; PPDL_ERR_ARGUMENT with `where` before it when the window does not fit or the units are too many.
 */
PpdlStatus	ppdl_layer_set_shape(PpdlLayer *layer, int channels, const char *where, PpdlError *err);

/* the same layer as a dense one, which has weights: w units*inputs, row-major, bias units */
void		ppdl_layer_map(const PpdlLayer *layer, double *w, double *bias);

/*
 * A layer that has weights: z[u] = w*in + bias and a[u] = activation of z[u], u < units; in: inputs of them.  The
 * interval of an approximation is not enforced.  z may be a.
 */
void		ppdl_layer_forward(const PpdlLayer *layer, const double *in, double *z, double *a);
/* in[i] = sum_u w[u][i] * delta[u], i < inputs */
void		ppdl_layer_backward(const PpdlLayer *layer, const double *delta, double *in);
/* adds delta[u] * in[i] to the weight between them, and delta[u] to its bias; bias may be NULL */
void		ppdl_layer_gradient(const PpdlLayer *layer, const double *in, const double *delta, double *w, double *bias);

/* "32 units", or "conv2d, 4 filters of 4 x 4, stride 2: 4 x 7 x 7 units" */
void		ppdl_layer_describe(const PpdlLayer *layer, char *buf, size_t size);
/* where weight i of a layer is ("unit 2, input 3"), biases after weights */
void		ppdl_layer_locate(const PpdlLayer *layer, int i, char *buf, size_t size);

#endif
