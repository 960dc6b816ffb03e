#include "rows/group_size.h"

#include <math.h>

#include "rows/cipher_read.h"

#define DEFAULT_SCALE 0x1p30	/* of ppdl_batch_encrypt and lwe_encrypt */
#define NEAR 1e-6				/* relative: headers hold rounded numbers */

typedef struct Total
{
	double		scale,
				bound,
				noise,
				weights;		/* bound*scale: of n rows of weight 1, n times the scale of a row */
} Total;

static int
is_near(double a, double b)
{
	return fabs(a - b) <= NEAR * fabs(b);
}

/* may weights be n times the scale of a row? */
static int
fits(const Total *t, double n)
{
	int			bits;
	const double mantissa = frexp(t->weights / n, &bits);

	if (mantissa > 0.75)
		return is_near(mantissa, 1) && bits >= PPDL_SCALE_BITS_MIN && bits <= PPDL_SCALE_BITS_MAX;
	return is_near(mantissa, 0.5) && bits - 1 >= PPDL_SCALE_BITS_MIN && bits - 1 <= PPDL_SCALE_BITS_MAX;
}

/* one row under the public key: a row of its owner's, like a slice */
static int
is_public_row(const Total *t, const PpdlParams *par)
{
	return t->bound == 1 && fits(t, 1) && is_near(t->noise, PPDL_SIGMA * sqrt(1 + 4.0 * (double) par->n / 3));
}

static double
size_of(const Total *t, double counted)
{
	const double most = t->noise * t->noise / (PPDL_SIGMA * PPDL_SIGMA),
				limit = most * (1 + NEAR),
				usual = nearbyint(t->weights / DEFAULT_SCALE);

	if (counted >= 1 && counted <= limit && fits(t, counted))
		return counted;
	/* a sum */
	if (t->bound <= limit && is_near(t->bound, nearbyint(t->bound)) && fits(t, t->bound) &&
		(t->scale == DEFAULT_SCALE || is_near(t->bound, most)))
		return nearbyint(t->bound);
	/* an average, unless it is one of rows of another scale */
	if (usual >= 1 && usual <= limit && is_near(t->weights / DEFAULT_SCALE, usual) &&
		(most <= usual * usual * (1 + NEAR) || !fits(t, most)))
		return fmax(usual, t->bound);
	return most;
}

double
ppdl_group_size(const uint8_t *head, size_t n, double counted)
{
	PpdlReader	r;
	PpdlCipher	c;
	Total		t;

	if (n < PPDL_GROUP_HEAD || ppdl_cipher_peek(&c, head, NULL) != PPDL_OK || c.kind == PPDL_KIND_SLICE)
		return INFINITY;
	r = ppdl_reader(head + PPDL_CIPHER_HEADER, PPDL_GROUP_HEAD - PPDL_CIPHER_HEADER);
	t.scale = c.scale;
	t.noise = ppdl_read_f64(&r);
	t.bound = ppdl_read_f64(&r);
	t.weights = t.bound * t.scale;
	if (!isfinite(t.noise) || !isfinite(t.weights) || t.weights <= 0)
		return INFINITY;
	if (c.kind == PPDL_KIND_PACKED)
		return ppdl_read_u8(&r) == PPDL_LAYOUT_GRAM ? t.bound : INFINITY;
	return is_public_row(&t, c.par) ? INFINITY : size_of(&t, counted);
}
