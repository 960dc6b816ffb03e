#include "stats/components.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/text.h"
#include "stats/eigen.h"
#include "stats/linalg.h"
#include "stats/moments_impl.h"

static const PpdlEstimate *
entry(const PpdlComponents *out, const PpdlCorrelation *c, const int *place, int i, int j)
{
	size_t		at = (size_t) place[i] * (size_t) c->count + (size_t) place[j];

	return out->is_correlation ? &c->correlation[at] : &c->covariance[at];
}

/* terms that vary; place: of each in the correlation */
static void
choose(PpdlComponents *out, const PpdlCorrelation *c, int *place)
{
	for (int i = 0; i < c->count; i++)
		if (isnan(c->correlation[(size_t) i * (size_t) c->count + (size_t) i].value))
			out->omit[out->omitted++] = c->term[i];
		else
		{
			place[out->count] = i;
			out->term[out->count++] = c->term[i];
		}
}

static PpdlStatus
check_any(const PpdlComponents *out, PpdlError *err)
{
	return out->count > 0 ? PPDL_OK : ppdl_error(err, PPDL_ERR_RANGE, "no column varies in these "
												 "rows, or all vary less than the error of encryption lets see");
}

static PpdlStatus
not_known(const PpdlComponents *out, const PpdlCorrelation *c, int i, int j, PpdlDoubt doubt, PpdlError *err)
{
	char		name[2][PPDL_TERM_NAME];

	ppdl_term_name(c->moments, out->term[i], name[0], sizeof name[0]);
	ppdl_term_name(c->moments, out->term[j], name[1], sizeof name[1]);
	return ppdl_error(err, doubt == PPDL_DOUBT_UNASKED ? PPDL_ERR_PRECISION : PPDL_ERR_RANGE,
					  "the %s of \"%.*s\" and \"%.*s\" is not known in the rows that have both: %s",
					  out->is_correlation ? "correlation" : "covariance",
					  PPDL_CUT(name[0], 80), PPDL_CUT(name[1], 80), ppdl_doubt_word(doubt));
}

static PpdlStatus
copy(double *a, const PpdlComponents *out, const PpdlCorrelation *c, const int *place, PpdlError *err)
{
	for (int i = 0; i < out->count; i++)
		for (int j = 0; j < out->count; j++)
		{
			const PpdlEstimate *e = entry(out, c, place, i, j);

			if (isnan(e->value))
				return not_known(out, c, i, j, e->doubt, err);
			a[(size_t) i * (size_t) out->count + (size_t) j] = e->value;
		}
	return PPDL_OK;
}

/* of the eigenvalue, to first order: v' dA v */
static double
value_error(const PpdlComponents *out, const PpdlCorrelation *c, const int *place, int r)
{
	const double *v = out->vector + (size_t) r * (size_t) out->count;
	double		error = 0;

	for (int i = 0; i < out->count; i++)
		for (int j = 0; j <= i; j++)
			error = hypot(error, (i == j ? 1 : 2) * v[i] * v[j] * entry(out, c, place, i, j)->error);
	return error;
}

static void
judge(PpdlComponents *out, const PpdlCorrelation *c, const int *place, const double *value)
{
	double		trace = 0;

	for (int r = 0; r < out->count; r++)
		trace += value[r];
	for (int r = 0; r < out->count; r++)
	{
		double		error = hypot(value_error(out, c, place, r), 8 * DBL_EPSILON * out->count * value[0]);

		/* nothing of it is sure, or missing values made it negative */
		if (value[r] <= PPDL_MOMENTS_SURE * error)
			out->value[r] = (PpdlEstimate) {0, error, PPDL_DOUBT_CUT};
		else
		{
			out->value[r] = (PpdlEstimate) {value[r], error, PPDL_SURE};
			out->reliable++;
		}
		out->share[r] = (PpdlEstimate) {out->value[r].value / trace, error / trace, out->value[r].doubt};
	}
}

static PpdlStatus
decompose(PpdlComponents *out, const PpdlCorrelation *c, const PpdlPoll *poll, PpdlError *err)
{
	size_t		n = (size_t) c->count;
	double	   *a = NULL,
			   *value = NULL;
	int		   *place = calloc(n + 1, sizeof *place);
	PpdlStatus	status;

	if (place == NULL)
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory");
	choose(out, c, place);
	PPDL_GOTO(done, check_any(out, err));
	PPDL_GOTO(done, ppdl_matrix_alloc(&a, (size_t) out->count, (size_t) out->count, err));
	PPDL_GOTO(done, ppdl_matrix_alloc(&value, (size_t) out->count, 1, err));
	PPDL_GOTO(done, copy(a, out, c, place, err));
	PPDL_GOTO(done, ppdl_eigen_decompose(a, out->count, value, out->vector, poll, err));
	judge(out, c, place, value);
done:
	free(a);
	free(value);
	free(place);
	return status;
}

PpdlStatus
ppdl_components(PpdlComponents *out, const PpdlCorrelation *c, int is_correlation, const PpdlPoll *poll,
				PpdlError *err)
{
	size_t		n = (size_t) c->count;
	PpdlStatus	status;

	*out = (PpdlComponents) {.is_correlation = is_correlation};
	out->term = calloc(n + 1, sizeof *out->term);
	out->omit = calloc(n + 1, sizeof *out->omit);
	out->value = calloc(n + 1, sizeof *out->value);
	out->share = calloc(n + 1, sizeof *out->share);
	out->vector = calloc(n * n + 1, sizeof *out->vector);
	if (out->term && out->omit && out->value && out->share && out->vector)
		status = decompose(out, c, poll, err);
	else
		status = ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for principal components");
	if (status != PPDL_OK)
		ppdl_components_free(out);
	return status;
}

void
ppdl_components_free(PpdlComponents *c)
{
	free(c->term);
	free(c->omit);
	free(c->value);
	free(c->share);
	free(c->vector);
	*c = (PpdlComponents) {0};
}
