/* The forward pass of layers in the clear: the one that predictions, RSA's further layers and training share. */
#ifndef PPDL_NET_FORWARD_H
#define PPDL_NET_FORWARD_H

#include "net/net.h"

/*
 * Layers first .. the last one, of a network with weights.  in: inputs of layer `first`, which may be net->nlayers;
 * out: outputs.
 */
void		ppdl_net_forward(const PpdlNet *net, int first, const double *in, double *out);

#endif
