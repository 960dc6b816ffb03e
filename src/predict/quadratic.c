/* A degree-2 activation between two affine layers as a difference of sums of squares. */
#include "predict/plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "predict/eigen.h"
#include "ring/ring.h"

/* inputs of a form, and n^3 of all decompositions together: seconds; larger ones are taken unit by unit */
#define MAX_EIGEN_INPUTS 256
#define MAX_EIGEN_WORK 0x1p27

/* one output: squares of affine forms, rows of n + 1 numbers (the constant last), by sign */
typedef struct Forms
{
	int			count[2];		/* plus, minus */
	double	   *row[2];
} Forms;

void
ppdl_quadratic_free(PpdlQuadratic *q)
{
	ppdl_affine_free(&q->plus);
	ppdl_affine_free(&q->minus);
	free(q->constant);
	q->constant = NULL;
}

/* unit's row of n + 1 numbers: weights, bias + shift, times f */
static void
unit_form(double *out, const PpdlAffine *before, int unit, double shift, double f)
{
	int			n = before->inputs;

	for (int i = 0; i < n; i++)
		out[i] = f * before->w[(size_t) unit * n + i];
	out[n] = f * (before->bias[unit] + shift);
}

static void
add_form(Forms *forms, int n, const double *row, double sign)
{
	int			s = sign < 0;

	memcpy(forms->row[s] + (size_t) forms->count[s]++ * (n + 1), row, sizeof(double) * (n + 1));
}

/* sum_u weight_u * unit_u^2, a square a unit */
static void
forms_by_unit(Forms *forms, const PpdlAffine *before, const double *weight, double shift, double *row)
{
	for (int u = 0; u < before->units; u++)
	{
		if (weight[u] == 0)
			continue;
		unit_form(row, before, u, shift, sqrt(fabs(weight[u])));
		add_form(forms, before->inputs, row, weight[u]);
	}
}

/* the same form from its eigenvectors: sum_r value_r * (vector_r, (v, 1))^2 */
static PpdlStatus
forms_by_eigenvector(Forms *forms, const PpdlAffine *before, const double *weight, double shift, double *row,
					 const PpdlPoll *poll,
					 PpdlError *err)
{
	int			n = before->inputs + 1;
	double	   *matrix = calloc((size_t) n * n, sizeof(double)),
			   *vector = malloc(sizeof(double) * n * n),
			   *value = malloc(sizeof(double) * n);
	double		largest = 0;
	PpdlStatus	status = PPDL_OK;

	if (matrix == NULL || vector == NULL || value == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a quadratic form of %d inputs", n);
	for (int u = 0; u < before->units && status == PPDL_OK; u++)
	{
		status = ppdl_poll(poll, err);
		unit_form(row, before, u, shift, 1);
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n && row[i] != 0; j++)
				matrix[(size_t) i * n + j] += weight[u] * row[i] * row[j];
	}
	if (status == PPDL_OK)
		status = ppdl_eigen_symmetric(matrix, n, value, vector, poll, err);
	for (int r = 0; r < n && status == PPDL_OK; r++)
		largest = fmax(largest, fabs(value[r]));
	for (int r = 0; r < n && status == PPDL_OK; r++)
	{
		double		f = sqrt(fabs(value[r]));

		if (fabs(value[r]) <= 1e-13 * largest)
			continue;
		for (int i = 0; i < n; i++)
			row[i] = f * vector[(size_t) r * n + i];
		add_form(forms, n - 1, row, value[r]);
	}
	free(matrix);
	free(vector);
	free(value);
	return status;
}

static void
copy_forms(PpdlAffine *to, const Forms *forms, int s, int first, int n)
{
	for (int r = 0; r < forms->count[s]; r++)
	{
		const double *row = forms->row[s] + (size_t) r * (n + 1);

		memcpy(to->w + (size_t) (first + r) * n, row, sizeof(double) * n);
		to->bias[first + r] = row[n];
	}
}

static PpdlStatus
collect(PpdlQuadratic *q, Forms *forms, int n, PpdlError *err)
{
	q->pairs = 1;
	for (int j = 0; j < q->outputs; j++)
		for (int s = 0; s < 2; s++)
			q->pairs = forms[j].count[s] > q->pairs ? forms[j].count[s] : q->pairs;
	PPDL_TRY(ppdl_affine_create(&q->plus, n, q->outputs * q->pairs, err));
	PPDL_TRY(ppdl_affine_create(&q->minus, n, q->outputs * q->pairs, err));
	for (int j = 0; j < q->outputs; j++)
	{
		copy_forms(&q->plus, &forms[j], 0, j * q->pairs, n);
		copy_forms(&q->minus, &forms[j], 1, j * q->pairs, n);
	}
	return PPDL_OK;
}

/* squares by sign of output j with one a unit */
static void
count_units(int count[2], const double c[3], const PpdlAffine *after, int j)
{
	count[0] = count[1] = 0;
	for (int u = 0; u < after->inputs; u++)
	{
		double		weight = after->w[(size_t) j * after->inputs + u] * c[2];

		if (weight != 0)
			count[weight < 0]++;
	}
}

int
ppdl_quadratic_pairs(const double c[3], const PpdlAffine *after)
{
	int			pairs = 1;

	for (int j = 0; j < after->units; j++)
	{
		int			count[2];

		count_units(count, c, after, j);
		for (int s = 0; s < 2; s++)
			pairs = count[s] > pairs ? count[s] : pairs;
	}
	return pairs;
}

int
ppdl_quadratic_few_is_cheap(int inputs, int outputs)
{
	double		n = inputs + 1;

	return inputs <= MAX_EIGEN_INPUTS && n * n * n * outputs <= MAX_EIGEN_WORK;
}

static PpdlStatus
alloc_forms(Forms *f, int n, const int count[2], PpdlError *err)
{
	for (int s = 0; s < 2; s++)
	{
		f->row[s] = malloc(sizeof(double) * ((size_t) count[s] + 1) * ((size_t) n + 1));
		if (f->row[s] == NULL)
			return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for %d quadratic forms of %d inputs", count[s], n);
	}
	return PPDL_OK;
}

PpdlStatus
ppdl_quadratic_create(PpdlQuadratic *q, const PpdlAffine *before, const double c[3],
					  const PpdlAffine *after, int few, const PpdlPoll *poll, PpdlError *err)
{
	int			n = before->inputs,
				h = before->units;
	double		shift = c[1] / (2 * c[2]);
	Forms	   *forms = calloc(after->units, sizeof(Forms));
	double	   *row = malloc(sizeof(double) * (n + 1)),
			   *weight = malloc(sizeof(double) * h);
	PpdlStatus	status = PPDL_OK;

	memset(q, 0, sizeof(*q));
	q->outputs = after->units;
	q->constant = malloc(sizeof(double) * q->outputs);
	if (forms == NULL || row == NULL || weight == NULL || q->constant == NULL)
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	for (int j = 0; j < q->outputs && status == PPDL_OK; j++)
	{
		Forms	   *f = &forms[j];
		int			count[2] = {n + 1, n + 1};

		/* c2*z^2 + c1*z + c0 = c2*(z + shift)^2 + c0 - c2*shift^2 */
		q->constant[j] = after->bias[j];
		for (int u = 0; u < h; u++)
		{
			double		w = after->w[(size_t) j * h + u];

			weight[u] = w * c[2];
			q->constant[j] += w * (c[0] - c[2] * shift * shift);
		}
		if (!few)
			count_units(count, c, after, j);
		status = ppdl_poll(poll, err);
		if (status == PPDL_OK)
			status = alloc_forms(f, n, count, err);
		if (status == PPDL_OK && few)
			status = forms_by_eigenvector(f, before, weight, shift, row, poll, err);
		else if (status == PPDL_OK)
			forms_by_unit(f, before, weight, shift, row);
	}
	if (status == PPDL_OK)
		status = collect(q, forms, n, err);
	for (int j = 0; forms != NULL && j < q->outputs; j++)
	{
		free(forms[j].row[0]);
		free(forms[j].row[1]);
	}
	free(forms);
	free(row);
	free(weight);
	if (status != PPDL_OK)
		ppdl_quadratic_free(q);
	return status;
}

/* adds w*(c2*z^2 + c1*z + c0), z the unit's affine form: to q (n*n), l (n) and the constant */
static void
add_unit(double *q, double *l, double *constant, const PpdlAffine *before, int unit, const double c[3], double w)
{
	int			n = before->inputs;
	const double *row = before->w + (size_t) unit * n;
	double		b = before->bias[unit];

	for (int i = 0; i < n; i++)
	{
		for (int k = 0; k < n && row[i] != 0; k++)
			q[(size_t) i * n + k] += w * c[2] * row[i] * row[k];
		l[i] += w * (2 * c[2] * b + c[1]) * row[i];
	}
	*constant += w * ((c[2] * b + c[1]) * b + c[0]);
}

PpdlStatus
ppdl_quadratic_product(PpdlQuadratic *q, const PpdlAffine *before, const double c[3],
					   const PpdlAffine *after, int slots, const PpdlPoll *poll, PpdlError *err)
{
	int			n = before->inputs,
				bits = 0;
	double	   *matrix = calloc((size_t) n * n + n, sizeof(double)),
			   *linear = matrix + (size_t) n * n;

	memset(q, 0, sizeof(*q));
	q->product = q->outputs = 1;
	q->pairs = slots;
	q->constant = malloc(sizeof(double));
	if (matrix == NULL || q->constant == NULL ||
		ppdl_affine_create(&q->plus, n, slots, err) != PPDL_OK || ppdl_affine_create(&q->minus, n, slots,
																					 err) != PPDL_OK)
	{
		free(matrix);
		ppdl_quadratic_free(q);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for a quadratic form of %d inputs", n);
	}
	q->constant[0] = after->bias[0];
	for (int u = 0; u < before->units; u++)
	{
		PpdlStatus	status = ppdl_poll(poll, err);

		if (status != PPDL_OK)
		{
			free(matrix);
			ppdl_quadratic_free(q);
			return status;
		}
		add_unit(matrix, linear, q->constant, before, u, c, after->w[u]);
	}
	while (1 << bits < slots)
		bits++;
	for (int f = 0; f < 2 * slots && f < n; f++)
	{
		int			r = (int) ppdl_bitrev(f % slots, bits);
		PpdlAffine *to = f < slots ? &q->plus : &q->minus;
		double		sign = f < slots ? 1 : -1;

		for (int i = 0; i < n; i++)
			to->w[(size_t) r * n + i] = sign * matrix[(size_t) f * n + i];
		to->bias[r] = sign * linear[f];
	}
	free(matrix);
	return PPDL_OK;
}

int
ppdl_quadratic_stride(int outputs)
{
	int			stride = 1;

	while (stride < outputs)
		stride *= 2;
	return stride;
}
