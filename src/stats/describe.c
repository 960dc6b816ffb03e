#include "stats/describe.h"

#include <math.h>
#include <stdlib.h>

#include "stats/moments_impl.h"

#define SURE PPDL_MOMENTS_SURE
#define NONSENSE PPDL_MOMENTS_NONSENSE

/* ------------------------------------------------------------------ one column */

/* of a linear function, over the n rows that know it; in the encoding's units */
static PpdlEstimate
mean_of(PpdlSum sum, PpdlSum n)
{
	PpdlEstimate mean = {.doubt = PPDL_SURE};

	if (isnan(sum.value) || isnan(n.value))
		return ppdl_doubtful(PPDL_DOUBT_UNASKED);
	if (n.value <= SURE * n.error)
		return ppdl_doubtful(n.error > 0 ? PPDL_DOUBT_LOST : PPDL_DOUBT_NO_ROWS);
	mean.value = sum.value / n.value;
	mean.error = hypot(sum.error, mean.value * n.error) / n.value;
	/* values lie in -1 .. 1 */
	return mean.error > 1 ? ppdl_doubtful(PPDL_DOUBT_LOST) : mean;
}

/* what lies outside of lo..hi is put to the end, or impossible */
static void
cut(PpdlEstimate *e, double lo, double hi)
{
	double		inside = fmin(fmax(e->value, lo), hi);

	if (isnan(e->value) || inside == e->value)
		return;
	if (fabs(e->value - inside) > NONSENSE * e->error + 1e-9 * (hi - lo))
		*e = ppdl_doubtful(PPDL_DOUBT_IMPOSSIBLE);
	else
		*e = (PpdlEstimate) {inside, e->error, PPDL_DOUBT_CUT};
}

/* of squares, a sum and a number of rows; divisor n - 1, in the encoding's units */
static PpdlEstimate
variance_of(PpdlSum square, PpdlSum sum, PpdlSum n)
{
	PpdlEstimate mean = mean_of(sum, n),
				v = {.doubt = PPDL_SURE};

	if (isnan(mean.value))
		return mean;
	if (n.value < 1.5)
		return ppdl_doubtful(PPDL_DOUBT_FEW_ROWS);
	if (isnan(square.value))
		return ppdl_doubtful(PPDL_DOUBT_UNASKED);
	v.value = (square.value - mean.value * sum.value) / (n.value - 1);
	v.error = hypot(square.error, hypot(2 * mean.value * sum.error, mean.value * mean.value * n.error)) /
		(n.value - 1);
	if (v.value < -NONSENSE * v.error)
		return ppdl_doubtful(PPDL_DOUBT_IMPOSSIBLE);
	/* all of it may be the error */
	return v.value <= SURE * v.error ? ppdl_doubtful(PPDL_DOUBT_CONSTANT) : v;
}

static PpdlEstimate
root_of(PpdlEstimate v)
{
	double		root = sqrt(v.value);

	return isnan(v.value) ? v : (PpdlEstimate) {root, v.error / (2 * root), v.doubt};
}

static PpdlEstimate
scaled(PpdlEstimate e, double offset, double scale)
{
	return (PpdlEstimate) {offset + scale * e.value, fabs(scale) * e.error, e.doubt};
}

static void
describe_one(PpdlDescription *d, const PpdlMoments *m, PpdlTerm t)
{
	const PpdlVariable *v = &m->variable[t.variable];
	int			is_level = ppdl_term_is_level(m, t);
	PpdlLinear	f = ppdl_linear_term(m, t),
				known = ppdl_linear_known(m, t.variable);
	PpdlSum		n = ppdl_linear_sum(m, &known),
				sum = ppdl_linear_sum(m, &f);
	double		scale = ppdl_term_scale(m, t);

	*d = (PpdlDescription) {.term = t,.lo = is_level ? 0 : v->lo,.hi = is_level ? 1 : v->hi};
	d->n = ppdl_count_estimate(n);
	d->missing = m->n > 0 ? scaled(d->n, 1, -1 / m->n) : ppdl_doubtful(PPDL_DOUBT_NO_ROWS);
	cut(&d->missing, 0, 1);
	d->mean = mean_of(sum, n);
	cut(&d->mean, is_level ? 0 : -1, 1);
	d->mean = scaled(d->mean, ppdl_term_offset(m, t), scale);
	d->deviation = scaled(root_of(variance_of(ppdl_linear_product(m, &f, &f), sum, n)), 0, fabs(scale));
}

void
ppdl_describe(PpdlDescription *out, const PpdlMoments *m, const PpdlTerm *term, int count)
{
	for (int i = 0; i < count; i++)
		describe_one(&out[i], m, term[i]);
}

/* ------------------------------------------------------------------ two columns */

typedef struct Pair
{
	PpdlSum		n,				/* rows that know both */
				sum[2],			/* of each, over those */
				product;
	PpdlLinear	f[2],
				known[2];
} Pair;

static Pair
pair_of(const PpdlMoments *m, PpdlTerm a, PpdlTerm b)
{
	Pair		p = {.f = {ppdl_linear_term(m, a), ppdl_linear_term(m, b)},
	.known = {ppdl_linear_known(m, a.variable), ppdl_linear_known(m, b.variable)}};

	p.n = ppdl_linear_product(m, &p.known[0], &p.known[1]);
	p.sum[0] = ppdl_linear_product(m, &p.f[0], &p.known[1]);
	p.sum[1] = ppdl_linear_product(m, &p.f[1], &p.known[0]);
	p.product = ppdl_linear_product(m, &p.f[0], &p.f[1]);
	return p;
}

static PpdlEstimate
covariance_of(const Pair *p)
{
	PpdlEstimate a = mean_of(p->sum[0], p->n),
				b = mean_of(p->sum[1], p->n),
				c = {.doubt = PPDL_SURE};

	if (isnan(a.value) || isnan(b.value))
		return isnan(a.value) ? a : b;
	if (p->n.value < 1.5)
		return ppdl_doubtful(PPDL_DOUBT_FEW_ROWS);
	if (isnan(p->product.value))
		return ppdl_doubtful(PPDL_DOUBT_UNASKED);
	c.value = (p->product.value - a.value * p->sum[1].value) / (p->n.value - 1);
	c.error = hypot(hypot(p->product.error, a.value * b.value * p->n.error),
					hypot(a.value * p->sum[1].error, b.value * p->sum[0].error)) / (p->n.value - 1);
	return c;
}

/* of one of the two: of a level over the rows that know both, of a number over all that know it */
static PpdlEstimate
variance_in(const PpdlMoments *m, const Pair *p, int which, PpdlTerm t)
{
	PpdlSum		sum,
				n,
				square = ppdl_linear_product(m, &p->f[which], &p->f[which]);

	/* an indicator is its own square, over whichever rows */
	if (ppdl_term_is_level(m, t))
		return variance_of(p->sum[which], p->sum[which], p->n);
	sum = ppdl_linear_sum(m, &p->f[which]);
	n = ppdl_linear_sum(m, &p->known[which]);
	return variance_of(square, sum, n);
}

static PpdlEstimate
correlation_of(const PpdlMoments *m, const Pair *p, PpdlEstimate c, PpdlTerm a, PpdlTerm b)
{
	PpdlEstimate va = variance_in(m, p, 0, a),
				vb = variance_in(m, p, 1, b),
				r = {.doubt = PPDL_SURE};
	double		root;
	int			is_of_others;

	if (isnan(c.value) || isnan(va.value) || isnan(vb.value))
		return isnan(c.value) ? c : isnan(va.value) ? va : vb;
	root = sqrt(va.value * vb.value);
	r.value = c.value / root;
	r.error = hypot(c.error / root, r.value / 2 * hypot(va.error / va.value, vb.error / vb.value));
	if (r.error > 1)
		return ppdl_doubtful(PPDL_DOUBT_LOST);
	/* standard deviations of other rows can have it beyond 1 without any error */
	is_of_others = ppdl_linear_sum(m, &p->known[0]).value > p->n.value + 0.5 ||
		ppdl_linear_sum(m, &p->known[1]).value > p->n.value + 0.5;
	if (is_of_others && fabs(r.value) > 1)
		return (PpdlEstimate) {copysign(1, r.value), r.error, PPDL_DOUBT_CUT};
	cut(&r, -1, 1);
	return r;
}

static void
correlate_two(PpdlCorrelation *out, const PpdlMoments *m, int i, int j)
{
	PpdlTerm	a = out->term[i],
				b = out->term[j];
	Pair		p = pair_of(m, a, b);
	PpdlEstimate c = covariance_of(&p),
				r = correlation_of(m, &p, c, a, b);
	size_t		at = (size_t) i * (size_t) out->count + (size_t) j,
				mirrored = (size_t) j * (size_t) out->count + (size_t) i;

	if (i == j && !isnan(r.value))
		r = (PpdlEstimate) {1, 0, PPDL_SURE};
	if (i == j && isnan(r.value))
		c = r;
	out->n[at] = out->n[mirrored] = ppdl_count_estimate(p.n);
	out->covariance[at] = out->covariance[mirrored] = scaled(c, 0, ppdl_term_scale(m, a) * ppdl_term_scale(m, b));
	out->correlation[at] = out->correlation[mirrored] = r;
}

PpdlStatus
ppdl_correlate(PpdlCorrelation *out, const PpdlMoments *m, const PpdlTerm *term, int count, PpdlError *err)
{
	size_t		n = (size_t) count * (size_t) count + 1;

	*out = (PpdlCorrelation) {.count = count,.term = term,.moments = m};
	out->n = calloc(n, sizeof *out->n);
	out->covariance = calloc(n, sizeof *out->covariance);
	out->correlation = calloc(n, sizeof *out->correlation);
	if (out->n == NULL || out->covariance == NULL || out->correlation == NULL)
	{
		ppdl_correlation_free(out);
		return ppdl_error(err, PPDL_ERR_NOMEM, "out of memory for correlations of %d columns", count);
	}
	for (int i = 0; i < count; i++)
		for (int j = 0; j <= i; j++)
			correlate_two(out, m, i, j);
	return PPDL_OK;
}

void
ppdl_correlation_free(PpdlCorrelation *c)
{
	free(c->n);
	free(c->covariance);
	free(c->correlation);
	*c = (PpdlCorrelation) {0};
}
