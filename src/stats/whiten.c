#include "stats/whiten.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/eigen.h"
#include "stats/linalg.h"

/* what check() lets pass: more than is ever learned, for a person's own map, and roundings of ten digits */
#define MOST 1e6
#define LEAST 1e-6
#define ORTHOGONAL 1e-6

static PpdlStatus
no_memory(PpdlError *err)
{
	return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a map of the inputs");
}

static PpdlStatus
check_size(int inputs, PpdlError *err)
{
	if (inputs >= 1 && inputs <= PPDL_WHITEN_MAX_INPUTS)
		return PPDL_OK;
	return ppdl_error(err, PPDL_ERR_RANGE, "a map takes 1 to %d inputs, not %d", PPDL_WHITEN_MAX_INPUTS, inputs);
}

PpdlStatus
ppdl_scatter_create(PpdlScatter *m, int inputs, PpdlError *err)
{
	*m = (PpdlScatter) {.inputs = inputs};
	PPDL_TRY(check_size(inputs, err));
	m->sum = calloc((size_t) inputs * (inputs + 1), sizeof(double));
	if (m->sum == NULL)
		return no_memory(err);
	m->product = m->sum + inputs;
	return PPDL_OK;
}

void
ppdl_scatter_free(PpdlScatter *m)
{
	free(m->sum);
	m->sum = m->product = NULL;
}

void
ppdl_scatter_add(PpdlScatter *m, const double *x)
{
	for (int i = 0; i < m->inputs; i++)
	{
		double	   *row = m->product + (size_t) i * m->inputs;

		if (x[i] == 0)			/* as most inputs are of one-hot columns */
			continue;
		m->sum[i] += x[i];
		for (int j = i; j < m->inputs; j++)
			row[j] += x[i] * x[j];
	}
	m->rows++;
}

PpdlStatus
ppdl_whitening_create(PpdlWhitening **out, int inputs, int components, PpdlError *err)
{
	PpdlWhitening *w;

	*out = NULL;
	PPDL_TRY(check_size(inputs, err));
	if (components < 1 || components > inputs)
		return ppdl_error(err, PPDL_ERR_RANGE, "a map of %d inputs has 1 to %d rows, not %d", inputs, inputs,
						  components);
	w = calloc(1, sizeof *w);
	if (w == NULL)
		return no_memory(err);
	w->inputs = inputs;
	w->components = components;
	w->width = components + 1;
	w->clip = PPDL_WHITEN_CLIP;
	w->mean = calloc((size_t) inputs * (components + 2), sizeof(double));
	if (w->mean == NULL)
	{
		free(w);
		return no_memory(err);
	}
	w->scale = w->mean + inputs;
	w->matrix = w->scale + inputs;
	*out = w;
	return PPDL_OK;
}

void
ppdl_whitening_destroy(PpdlWhitening *w)
{
	if (w == NULL)
		return;
	free(w->mean);
	free(w);
}

/* 1/sqrt(variance), and the covariance of inputs so scaled */
static void
correlation(const PpdlScatter *m, double *c, double *scale)
{
	const int	n = m->inputs;

	for (int i = 0; i < n; i++)
	{
		for (int j = i; j < n; j++)
			c[(size_t) i * n + j] =
				m->product[(size_t) i * n + j] / m->rows - m->sum[i] / m->rows * (m->sum[j] / m->rows);
		scale[i] = 1 / sqrt(fmax(c[(size_t) i * n + i], 0) + PPDL_WHITEN_VARIANCE);
	}
	for (int i = 0; i < n; i++)
		for (int j = i; j < n; j++)
			c[(size_t) j * n + i] = c[(size_t) i * n + j] *= scale[i] * scale[j];
}

static double
ten_digits(double v)
{
	char		text[32];

	snprintf(text, sizeof text, "%.10g", v);
	return strtod(text, NULL);
}

/* entries that are rounding beside the others of their row are 0 */
static void
fill(PpdlWhitening *w, const PpdlScatter *m, const double *scale, const double *value, const double *vector)
{
	const int	n = m->inputs;
	const double ridge = PPDL_WHITEN_RIDGE + PPDL_WHITEN_RIDGE_BY_ROWS * (double) w->components / m->rows;

	for (int i = 0; i < n; i++)
	{
		w->mean[i] = ten_digits(m->sum[i] / m->rows);
		w->scale[i] = ten_digits(scale[i]);
	}
	for (int r = 0; r < w->components; r++)
		for (int i = 0; i < n; i++)
		{
			double		v = vector[(size_t) r * n + i];

			w->matrix[(size_t) r * n + i] = fabs(v) < 1e-12 ? 0 : ten_digits(v / sqrt(value[r] + ridge));
		}
}

PpdlStatus
ppdl_whitening_learn(PpdlWhitening **out, const PpdlScatter *m, int most, const PpdlPoll *poll, PpdlError *err)
{
	const size_t n = (size_t) m->inputs;
	double	   *c = calloc(2 * n * (n + 1), sizeof(double)),
			   *vector = c + n * n,
			   *value = vector + n * n,
			   *scale = value + n;
	int			kept = 0;
	PpdlStatus	status;

	*out = NULL;
	if (c == NULL)
		return no_memory(err);
	if (m->rows > 0)
		correlation(m, c, scale);
	PPDL_GOTO(done, ppdl_eigen_decompose(c, m->inputs, value, vector, poll, err));
	while (kept < m->inputs && kept < most && value[kept] > PPDL_WHITEN_LEAST)
		kept++;
	if (kept == 0)
		status = ppdl_error(err, PPDL_ERR_RANGE, "no input varies over %ld rows: there is nothing to map", m->rows);
	else
		status = ppdl_whitening_create(out, m->inputs, kept, err);
	if (status == PPDL_OK)
		fill(*out, m, scale, value, vector);
done:
	free(c);
	return status;
}

static PpdlStatus
check_rows(const PpdlWhitening *w, double *length, PpdlError *err)
{
	for (int r = 0; r < w->components; r++)
	{
		const double *row = w->matrix + (size_t) r * w->inputs;

		length[r] = sqrt(ppdl_dot(row, row, w->inputs));
		if (!(length[r] >= LEAST && length[r] <= MOST))
			return ppdl_error(err, PPDL_ERR_RANGE, "rows[%d] has length %g, it must be %g to %g", r, length[r],
							  LEAST, MOST);
		for (int q = 0; q < r; q++)
			if (!(fabs(ppdl_dot(row, w->matrix + (size_t) q * w->inputs, w->inputs)) <=
				  ORTHOGONAL * length[r] * length[q]))
				return ppdl_error(err, PPDL_ERR_RANGE, "rows[%d] and rows[%d] are not orthogonal", q, r);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_whitening_check(const PpdlWhitening *w, PpdlError *err)
{
	double	   *length;
	PpdlStatus	status;

	if (!(w->clip >= 1 && w->clip <= 1024))
		return ppdl_error(err, PPDL_ERR_RANGE, "clip is %g, it must be 1 to 1024", w->clip);
	if (w->width <= w->components || w->width > w->inputs + 1)
		return ppdl_error(err, PPDL_ERR_RANGE, "width is %d, it must be %d to %d", w->width, w->components + 1,
						  w->inputs + 1);
	for (int i = 0; i < w->inputs; i++)
		if (!(fabs(w->mean[i]) <= 1))
			return ppdl_error(err, PPDL_ERR_RANGE, "mean[%d] is %g, it must lie in [-1, 1]", i, w->mean[i]);
		else if (!(w->scale[i] >= LEAST && w->scale[i] <= MOST))
			return ppdl_error(err, PPDL_ERR_RANGE, "scale[%d] is %g, it must be %g to %g", i, w->scale[i], LEAST, MOST);
	length = malloc(sizeof(double) * w->components);
	if (length == NULL)
		return no_memory(err);
	status = check_rows(w, length, err);
	free(length);
	return status;
}

int
ppdl_whitening_apply(const PpdlWhitening *w, const double *x, double *z)
{
	int			clipped = 0;

	for (int r = 0; r < w->components; r++)
	{
		const double *row = w->matrix + (size_t) r * w->inputs;
		double		s = 0;

		for (int i = 0; i < w->inputs; i++)
			s += row[i] * (w->scale[i] * (x[i] - w->mean[i]));
		clipped += fabs(s) > w->clip;
		z[r] = fmin(fmax(s / w->clip, -1), 1);
	}
	memset(z + w->components, 0, sizeof(double) * (w->width - w->components));
	z[w->components] = 1 / w->clip;
	return clipped;
}

void
ppdl_whitening_invert(const PpdlWhitening *w, const double *z, double rows, double *x)
{
	memset(x, 0, sizeof(double) * w->inputs);
	for (int r = 0; r < w->components; r++)
	{
		const double *row = w->matrix + (size_t) r * w->inputs,
					f = z[r] * w->clip / ppdl_dot(row, row, w->inputs);

		for (int i = 0; i < w->inputs; i++)
			x[i] += f * row[i];
	}
	for (int i = 0; i < w->inputs; i++)
		x[i] = rows * w->mean[i] + x[i] / w->scale[i];
}
