/*
 * A stored network over RSA rows: its first layer is quantised and computed on
 * ciphertexts by the server (rsa/layer.h, rsa/prediction.h); activations and
 * further layers travel with the result and are computed by the owner.
 *
 * The rest of a network, as it travels: 4 bytes length of the specification,
 * the specification (the JSON of net/net.h), then weights and biases of the layers
 * after the first as doubles, in the order of ppdl_net_get_weights.
 */
#ifndef PPDL_NET_RSA_NET_H
#define PPDL_NET_RSA_NET_H

#include "net/net.h"
#include "rsa/prediction.h"

/*
 * The first layer with integer weights, for inputs on the given grids (net->inputs of them); input_scale is folded in.
 */
PpdlStatus	ppdl_rsa_net_layer(PpdlRsaLayer **out, const PpdlNet *net, const PpdlRsaGrid *grid, int weight_bits,
							   PpdlError *err);
/* appends the rest of the network */
PpdlStatus	ppdl_rsa_net_rest(const PpdlNet *net, PpdlWriter *out, PpdlError *err);

/* An empty prediction for this network. */
PpdlStatus	ppdl_rsa_net_prediction(PpdlRsaPrediction **out, const PpdlRsaPublic *pub, const PpdlNet *net,
									const PpdlRsaLayer *layer, PpdlError *err);

/*
 * What the network says of rows: rows × outputs values, row-major, NaN for rows without values; freed with free(value).
 */
typedef struct PpdlRsaOutputs
{
	int			rows,
				outputs;
	double	   *value;
	double		error;			/* standard deviation of each value */
} PpdlRsaOutputs;

/*
 * The owner's side: decrypts a prediction and finishes the network.  Exact but for the quantisation, or an
 * error.  threads and poll (see rsa/prediction.h) may be NULL.
 */
PpdlStatus	ppdl_rsa_net_decrypt(PpdlRsaOutputs *out, const PpdlRsaKey *key, const PpdlRsaView *view,
								 PpdlThreads *threads, PpdlRsaPoll poll, void *arg, PpdlError *err);

/* The same network with its quantised first layer, in the clear: x[inputs] to y[outputs]. */
PpdlStatus	ppdl_rsa_net_predict(const PpdlNet *net, const PpdlRsaLayer *layer, const double *x, double *y,
								 PpdlError *err);

#endif
