/* The forward pass of dense layers in the clear: the one that predictions, RSA's further layers and training share. */
#ifndef PPDL_NET_FORWARD_H
#define PPDL_NET_FORWARD_H

#include "net/net.h"

/*
 * One layer, which has weights: z[u] = w*in + bias and a[u] = activation of z[u], u < layer->units; in: layer->inputs
 * values.  The interval of an approximation is not enforced.  z may be a.
 */
void		ppdl_layer_forward(const PpdlLayer *layer, const double *in, double *z, double *a);

/*
 * Layers first .. the last one, of a network with weights.  in: inputs of layer `first`, which may be net->nlayers;
 * out: outputs.
 */
void		ppdl_net_forward(const PpdlNet *net, int first, const double *in, double *out);

#endif
