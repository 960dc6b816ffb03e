#include "rows/gram_layout.h"

#include <math.h>

#include "base/complex.h"

static void
set_halves(PpdlGramLayout *lay)
{
	const int	logk_y = lay->width_y > 0 ? ppdl_log2_width(lay->width_y) : 0;

	lay->logk = ppdl_log2_width(lay->width_x);
	lay->half_x = 1 << (lay->logk - 1);
	lay->half_y = lay->width_y == 0 ? 0 : logk_y == 0 ? 1 : 1 << (logk_y - 1);
}

PpdlStatus
ppdl_gram_layout(PpdlGramLayout *lay, int width_x, int width_y, PpdlError *err)
{
	if (width_x < PPDL_GRAM_MIN_WIDTH || width_x > PPDL_GRAM_MAX_WIDTH)
	{
		ppdl_error(err, PPDL_ERR_ARGUMENT, "lwe_gram takes rows of %d to %d values, these have %d", PPDL_GRAM_MIN_WIDTH,
				   PPDL_GRAM_MAX_WIDTH, width_x);
		return ppdl_error_hint(err, PPDL_ERR_ARGUMENT, "%s",
							   width_x < PPDL_GRAM_MIN_WIDTH ?
							   "Encrypt a single value together with another one, a constant 0, say." :
							   "Encrypt the columns whose products are asked for as rows of their own.");
	}
	if (width_y < 0 || width_y > width_x)
		return ppdl_error(err, PPDL_ERR_ARGUMENT, "lwe_gram takes labels of no more values than features: %d and %d",
						  width_y, width_x);
	*lay = (PpdlGramLayout) {.width_x = width_x, .width_y = width_y};
	set_halves(lay);
	return PPDL_OK;
}

uint32_t
ppdl_gram_place(const PpdlGramLayout *lay, int i)
{
	return (uint32_t) (i < lay->width_x ? i : (1 << lay->logk) + i - lay->width_x);
}

int
ppdl_gram_terms(const PpdlGramLayout *lay)
{
	if (lay->width_y == 0)
		return 2 * lay->half_x;
	return 2 * lay->half_x + 2 * (lay->half_x + lay->half_y - 1) + 2 * lay->half_y;
}

int
ppdl_gram_log_terms(const PpdlGramLayout *lay)
{
	return ppdl_log2_width(ppdl_gram_terms(lay));
}

int
ppdl_gram_term(const PpdlGramLayout *lay, PpdlGramPair pair, int shift, int conj)
{
	int			first = 0;

	if (pair != PPDL_GRAM_XX)
		first = 2 * lay->half_x + (pair == PPDL_GRAM_YX ? 2 * (lay->half_y - 1) : 2 * (lay->half_x + lay->half_y - 1));
	return first + 2 * shift + conj;
}

/* one ciphertext, and the rows of the matrix at the places that the header of this file says */
PpdlStatus
ppdl_gram_layout_of(PpdlGramLayout *lay, const PpdlCipher *c, PpdlError *err)
{
	int			width_x = 0,
				good;

	for (uint32_t i = 0; i < c->nrows; i++)
		width_x += ppdl_cipher_place(c, i) < 1u << c->logk;
	good = c->nchunks == 1 && c->nrows == (uint32_t) c->width && c->par->np > 0 &&
		ppdl_gram_layout(lay, width_x, c->width - width_x, NULL) == PPDL_OK && lay->logk == c->logk &&
		lay->logk + ppdl_gram_log_terms(lay) <= c->par->logn;
	for (uint32_t i = 0; i < c->nrows && good; i++)
		good = ppdl_cipher_place(c, i) == ppdl_gram_place(lay, (int) i);
	return good ? PPDL_OK : ppdl_error(err, PPDL_ERR_FORMAT, "second moments that are no square matrix of %d rows",
									   c->width);
}

/* ---- the matrix ---- */

typedef struct Matrix
{
	const PpdlGramLayout *lay;
	const PpdlParams *par;
	const double *phase;
	double		scale;
	double	   *out;
	PpdlGramStray *stray;
	double complex *root;		/* exp(i*pi*j/k), 2k of them */
} Matrix;

/* which value the real or imaginary part of a slot holds; -1: none */
static int
value_at(const PpdlGramLayout *lay, int label, int slot, int imaginary)
{
	const int	half = label ? lay->half_y : lay->half_x,
				f = (int) ppdl_bitrev((uint32_t) slot, ppdl_log2_width(half)) + (imaginary ? half : 0);

	if (!label)
		return f < lay->width_x ? f : -1;
	return f < lay->width_y ? lay->width_x + f : -1;
}

static void
put(Matrix *m, int i, int j, double v)
{
	const int	size = ppdl_gram_size(m->lay);

	if (i >= 0 && j >= 0)
	{
		m->out[i * size + j] = v;
		m->out[j * size + i] = v;
		return;
	}
	if (m->stray != NULL)
	{
		m->stray->squares += v * v;
		m->stray->count++;
	}
}

/* the sum over all rows for one slot of a term */
static double complex
slot_sum(const Matrix *m, int term, int slot)
{
	const int	k = 1 << m->lay->logk,
				log_terms = ppdl_gram_log_terms(m->lay);
	const size_t stride = m->par->n >> m->lay->logk,
				first = ppdl_bitrev((uint32_t) term, log_terms) * (stride >> log_terms);
	double complex sum = 0;
	unsigned	power = 1;

	for (int r = 0; r < slot; r++)
		power = power * 5 % (unsigned) (2 * k);
	for (int j = 0; j < k; j++)
		sum += m->phase[(size_t) j * stride + first] * m->root[(unsigned) j * power % (unsigned) (2 * k)];
	return sum * ((double) stride / m->scale);
}

/* z = a + i*b and w = c + i*e: from sums of z*w and z*conj(w) those of a*c, b*c, a*e, b*e */
static void
put_pair(Matrix *m, PpdlGramPair pair, int shift)
{
	const int	left = pair != PPDL_GRAM_XX,
				right = pair == PPDL_GRAM_YY,
				nleft = left ? m->lay->half_y : m->lay->half_x,
				nright = right ? m->lay->half_y : m->lay->half_x,
				term = ppdl_gram_term(m->lay, pair, shift, 0);

	for (int r = 0; r < nleft; r++)
	{
		const int	s = r + shift;
		double complex plain,
					conj;

		if (s < 0 || s >= nright)
			continue;
		plain = slot_sum(m, term, r);
		conj = slot_sum(m, term + 1, r);
		put(m, value_at(m->lay, left, r, 0), value_at(m->lay, right, s, 0), creal(conj + plain) / 2);
		put(m, value_at(m->lay, left, r, 1), value_at(m->lay, right, s, 1), creal(conj - plain) / 2);
		put(m, value_at(m->lay, left, r, 1), value_at(m->lay, right, s, 0), cimag(plain + conj) / 2);
		put(m, value_at(m->lay, left, r, 0), value_at(m->lay, right, s, 1), cimag(plain - conj) / 2);
	}
}

PpdlStatus
ppdl_gram_matrix(double *out, const PpdlGramLayout *lay, const PpdlParams *par, const double *phase, double scale,
				 PpdlGramStray *stray, PpdlError *err)
{
	const int	k = 1 << lay->logk;
	double complex root[2 * PPDL_GRAM_MAX_WIDTH];
	Matrix		m = {lay, par, phase, scale, out, stray, root};

	if (lay->logk + ppdl_gram_log_terms(lay) > par->logn)
		return ppdl_error(err, PPDL_ERR_FORMAT, "ring %s does not hold the second moments of %d and %d values",
						  par->name, lay->width_x, lay->width_y);
	for (int j = 0; j < 2 * k; j++)
		root[j] = CMPLX(cos(M_PI * j / k), sin(M_PI * j / k));
	for (int shift = 0; shift < lay->half_x; shift++)
		put_pair(&m, PPDL_GRAM_XX, shift);
	for (int shift = 1 - lay->half_y; lay->width_y > 0 && shift < lay->half_x; shift++)
		put_pair(&m, PPDL_GRAM_YX, shift);
	for (int shift = 0; shift < lay->half_y; shift++)
		put_pair(&m, PPDL_GRAM_YY, shift);
	return PPDL_OK;
}
