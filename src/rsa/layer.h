/*
 * A dense layer with small integer weights, for inputs in exponent encoding.
 * With z_u = bias_u + sum_i W[u][i]·x_i and x_i = step_i·(q_i + offset_i), weights
 * become W[u][i]·step_i ~ scale_u·k[u][i], |k| <= 2^(weight_bits-1) − 1, and
 *
 *	z_u ~ scale_u·(P_u − N_u + shift_u) + bias_u
 *
 * where P and N are the sums of |k|·q over positive and negative k, and shift_u
 * = sum_i k[u][i]·offset_i.  P and N are what products of ciphertexts can add up.
 */
#ifndef PPDL_RSA_LAYER_H
#define PPDL_RSA_LAYER_H

#include "rsa/cipher.h"

#define PPDL_RSA_MIN_WEIGHT_BITS 2	/* −1, 0, 1 */
#define PPDL_RSA_MAX_WEIGHT_BITS 8	/* −127 … 127 */
#define PPDL_RSA_MAX_INPUTS 4096
#define PPDL_RSA_MAX_UNITS 4096

/* What is needed to read one unit's pre-activation from P and N. */
typedef struct PpdlRsaUnit
{
	double		scale;
	double		bias;
	int64_t		shift;
	uint32_t	positive_max;	/* bounds of P and N */
	uint32_t	negative_max;
} PpdlRsaUnit;

typedef struct PpdlRsaLayer
{
	int			inputs,
				units;
	int			weight_bits;
	PpdlRsaGrid *grid;			/* inputs */
	int16_t    *weight;			/* units × inputs, row-major */
	PpdlRsaUnit *unit;			/* units */
} PpdlRsaLayer;

/*
 * Quantises units × inputs weights (row-major) and units biases for inputs on
 * the given grids.  Each unit's scale is the one, of a fixed set refined by
 * least squares, with the smallest squared error of z over inputs spread across
 * their grids: deterministic.
 */
PpdlStatus	ppdl_rsa_layer_create(PpdlRsaLayer **out, int inputs, int units, const double *weight,
								  const double *bias, const PpdlRsaGrid *grid, int weight_bits,
								  PpdlError *err);
void		ppdl_rsa_layer_free(PpdlRsaLayer *layer);	/* NULL is allowed */

static inline double
ppdl_rsa_unit_value(const PpdlRsaUnit *unit, uint32_t positive, uint32_t negative)
{
	return unit->scale * (double) ((int64_t) positive - (int64_t) negative + unit->shift) + unit->bias;
}

/*
 * The layer in the clear: z[units] of x[inputs], rounded to the grids as
 * encryption does.  Bit for bit what decrypting the encrypted layer gives.
 */
PpdlStatus	ppdl_rsa_layer_apply(const PpdlRsaLayer *layer, const double *x, double *z, PpdlError *err);

#endif
